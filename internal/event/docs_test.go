package event_test

import (
	"bufio"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
)

// The example of docs/events.md is a call as soroi makes it: its signature fits, and its body is what these events give.
func TestDocs_example(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := event.ParseSecret(regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	_, call, found := strings.Cut(string(text), "```http\n")
	call, _, ended := strings.Cut(call, "```")
	if !found || !ended {
		t.Fatal("there is no example of a call")
	}
	head, body, _ := strings.Cut(strings.TrimSpace(call), "\n\n")
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseInt(req.Header.Get(event.HeaderTimestamp), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := event.Verify(req.Header.Get(event.HeaderID), req.Header.Get(event.HeaderTimestamp), req.Header.Get(event.HeaderSignature), []byte(body), secret, time.Unix(seconds, 0)); err != nil {
		t.Errorf("%v; it would be %s", err, event.Signature(req.Header.Get(event.HeaderID), time.Unix(seconds, 0), []byte(body), secret))
	}
	at := time.Date(2026, 11, 25, 3, 0, 5, 123_456_000, time.UTC)
	want, _, _, err := event.Batch([]event.Event{
		{Position: 4711, Kind: event.StockChanged, At: at, SKU: "TS-BLK-M", Body: event.StockChange{OnHand: 12, Committed: 5, After: event.Figures{Available: 7, Sellable: stock.Units(6)},
			Before: &event.Figures{Available: 9, Sellable: stock.Units(8)}, Shops: []event.ShopTarget{{ShopID: 3, Target: stock.Units(6)}, {ShopID: 4, Target: stock.Units(3)}}}.Body()},
		{Position: 4713, Kind: event.Oversell, At: at.Add(2 * time.Second), SKU: "TS-WHT-M", ShopID: 3, Shop: "楽天本店", Body: event.Body(event.OversellBody{Order: "263122-20261125-0001", Line: "1", Units: 1, Available: -1})},
	}, 4713, nil)
	if err != nil || string(want) != body {
		t.Errorf("%v\n%s\nwant\n%s", err, body, want)
	}
}
