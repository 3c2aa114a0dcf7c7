package api

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// pastAnswer is Past as a program reads it.
type pastAnswer struct {
	OnHand    int64 `json:"on_hand"`
	Committed int64
	Available int64
	Claims    []PastClaim
	Lines     int64
	Decided   *struct{ Shops []any }
	Steps     []ExplanationStep
}

func TestPast(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		before := time.Now().UTC()
		w.fill() // 10 of TS-01 of which 3 are sold, 1 of TS-02 of which 2 are
		for {
			n, err := db.NumberEvents(t.Context(), w.tenant, 1000)
			w.must(err)
			if n == 0 {
				break
			}
		}
		then := time.Now().UTC()
		w.set("TS-01", 50)
		at := func(moment time.Time) string { return url.QueryEscape(moment.Format(time.RFC3339Nano)) }
		past := into[pastAnswer](w, w.get("/api/v1/stock/TS-01/past?at="+at(then)), 200)
		if past.OnHand != 10 || past.Committed != 3 || past.Available != 7 || past.Lines != 1 || past.Claims[0].Order != "R-1" || past.Claims[0].Units != 3 || past.Decided == nil || len(past.Decided.Shops) != 3 {
			t.Errorf("%+v", past)
		}
		if last := past.Steps[len(past.Steps)-1]; !strings.Contains(last.Words.JA, "掲載目標は 7") {
			t.Errorf("%+v", last)
		}
		if first := into[pastAnswer](w, w.get("/api/v1/stock/TS-01/past?at="+at(before)), 200); first.OnHand != 0 || first.Decided != nil || len(first.Claims) != 0 {
			t.Errorf("%+v", first)
		}
		list := into[PastPage](w, w.get("/api/v1/past?limit=2&at="+at(then)), 200)
		if got := fmt.Sprint(list.Items); list.NextCursor == nil || got != "[{DESK 0 0 0} {KZ/1 001 0 0 0}]" {
			t.Errorf("%s, next %v", got, list.NextCursor)
		}
		if next := into[PastPage](w, w.get("/api/v1/past?limit=2&cursor="+url.QueryEscape("KZ/1 001")+"&at="+at(then)), 200); fmt.Sprint(next.Items) != "[{TS-01 10 3 7} {TS-02 1 2 -1}]" {
			t.Errorf("%+v", next)
		}
		w.refused(w.get("/api/v1/stock/none/past?at="+at(then)), unknownSKU, "none")
		w.refused(w.get("/api/v1/stock/TS-01/past?at=yesterday"), invalidParameter, "2026-11-25T09:30:00+09:00")
	})
}
