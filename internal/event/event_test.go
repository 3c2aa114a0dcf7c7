package event_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"soroi/internal/event"
	"soroi/internal/stock"
)

var noon = time.Date(2026, 11, 25, 3, 0, 0, 120_000, time.UTC)

func TestEvent_JSON(t *testing.T) {
	t.Parallel()
	before := event.Figures{Available: 8, Sellable: stock.Units(6)}
	point := int64(5)
	for name, c := range map[string]struct {
		e    event.Event
		want string
	}{
		"a change": {event.Event{Position: 7, Kind: event.StockChanged, At: noon, SKU: `TS"1`, Body: event.StockChange{OnHand: 10, Committed: 3,
			After: event.Figures{Available: 7, Sellable: stock.Unlimited}, Before: &before, Shops: []event.ShopTarget{{1, stock.Units(5)}, {2, stock.Unlimited}}}.Body()},
			`{"position":7,"type":"stock.changed","timestamp":"2026-11-25T03:00:00.00012Z","data":{"sku":"TS\"1","on_hand":10,"committed":3,"available":7,"sellable":"unlimited",` +
				`"before":{"available":8,"sellable":6},"shops":[{"id":1,"target":5},{"id":2,"target":"unlimited"}]}}`},
		"the first of a SKU": {event.Event{Position: 1, Kind: event.StockChanged, At: noon, SKU: "A", Body: event.StockChange{}.Body()},
			`{"position":1,"type":"stock.changed","timestamp":"2026-11-25T03:00:00.00012Z","data":{"sku":"A","on_hand":0,"committed":0,"available":0,"sellable":0,"before":null,"shops":[]}}`},
		"a level": {event.Event{Position: 8, Kind: event.StockLow, At: noon, SKU: "A", Body: event.Body(event.LevelChange{Level: event.Low, Before: event.Fine, Available: 5, ReorderPoint: &point})},
			`{"position":8,"type":"stock.low","timestamp":"2026-11-25T03:00:00.00012Z","data":{"sku":"A","level":"low","before":"fine","available":5,"reorder_point":5}}`},
		"a shop": {event.Event{Position: 9, Kind: event.SyncRecovered, At: noon, ShopID: 3, Shop: "楽天本店", Body: event.Body(event.Recovery{Since: "x"})},
			`{"position":9,"type":"sync.recovered","timestamp":"2026-11-25T03:00:00.00012Z","data":{"shop":{"id":3,"name":"楽天本店"},"since":"x"}}`},
		"nothing besides": {event.Event{Position: 9, Kind: "x", At: noon, ShopID: 3, Body: "{}"},
			`{"position":9,"type":"x","timestamp":"2026-11-25T03:00:00.00012Z","data":{"shop":{"id":3,"name":""}}}`},
		"nothing at all": {event.Event{Position: 9, Kind: "x", At: noon, Body: "{}"}, `{"position":9,"type":"x","timestamp":"2026-11-25T03:00:00.00012Z","data":{}}`},
	} {
		got, err := json.Marshal(c.e)
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n%s\n%s\n%v", name, got, c.want, err)
		}
	}
	if _, err := json.Marshal(event.Event{Body: "[]"}); err == nil {
		t.Error("a body that is no object was written")
	}
}

func TestParseKinds(t *testing.T) {
	t.Parallel()
	got, err := event.ParseKinds([]string{"oversell", "stock.changed", "oversell"})
	if err != nil || !reflect.DeepEqual(got, []event.Kind{event.StockChanged, event.Oversell}) {
		t.Errorf("%v %v", got, err)
	}
	if got, err := event.ParseKinds(nil); err != nil || got != nil {
		t.Errorf("no choice: %v %v", got, err)
	}
	var unknown *event.UnknownKindError
	if _, err := event.ParseKinds([]string{"oversell", "stock"}); !errors.As(err, &unknown) || unknown.Word != "stock" || !strings.Contains(err.Error(), "stock.changed") {
		t.Errorf("%v", err)
	}
}

// The example of the convention's own documentation, and what must not pass.
func TestSignature(t *testing.T) {
	t.Parallel()
	const id, timestamp, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`
	sent := time.Unix(1614265330, 0)
	s, err := event.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	if got := event.Signature(id, sent, []byte(body), s); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
	other := event.NewSecret([]byte(strings.Repeat("b", event.SecretBytes)))
	both := event.Signature(id, sent, []byte(body), other, s)
	for name, c := range map[string]struct {
		id, timestamp, signature, body string
		secret                         event.Secret
		now                            time.Time
		fine                           bool
	}{
		"as sent":              {id, timestamp, both, body, s, sent, true},
		"by the other secret":  {id, timestamp, both, body, other, sent, true},
		"within the tolerance": {id, timestamp, both, body, s, sent.Add(event.Tolerance), true},
		"too old":              {id, timestamp, both, body, s, sent.Add(event.Tolerance + time.Second), false},
		"from the future":      {id, timestamp, both, body, s, sent.Add(-event.Tolerance - time.Second), false},
		"another body":         {id, timestamp, both, body + " ", s, sent, false},
		"another id":           {id + "x", timestamp, both, body, s, sent, false},
		"another time":         {id, "1614265331", both, body, s, sent, false},
		"no time":              {id, "", both, body, s, sent, false},
		"no signature":         {id, timestamp, "", body, s, sent, false},
		"another version":      {id, timestamp, strings.ReplaceAll(both, "v1,", "v2,"), body, s, sent, false},
		"another secret":       {id, timestamp, both, body, event.NewSecret([]byte(strings.Repeat("c", event.SecretBytes))), sent, false},
	} {
		if err := event.Verify(c.id, c.timestamp, c.signature, []byte(c.body), c.secret, c.now); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := event.NewSecret([]byte(strings.Repeat("k", event.SecretBytes)))
	again, err := event.ParseSecret(s.Reveal())
	if err != nil || again != s {
		t.Errorf("%v %v", again == s, err)
	}
	for _, wrong := range []string{"", "whsec_", "whsec_AAAA", strings.TrimPrefix(s.Reveal(), "whsec_"), s.Reveal() + "!"} {
		if _, err := event.ParseSecret(wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
	for _, shown := range []string{s.String(), s.GoString()} {
		if strings.Contains(shown, "kkk") || strings.Contains(shown, s.Reveal()[10:]) {
			t.Errorf("the secret shows in %s", shown)
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	var events []event.Event
	for i := range 300 {
		events = append(events, event.Event{Position: int64(10 + 2*i), Kind: event.StockChanged, At: noon.Add(time.Duration(i) * time.Second), SKU: "A",
			Body: event.StockChange{Shops: make([]event.ShopTarget, 12)}.Body()})
	}
	read := func(body []byte) (p struct {
		Type, Timestamp string
		Position        int64
		Missing         *event.Range
		Events          []struct{ Position int64 }
	}) {
		t.Helper()
		if err := json.Unmarshal(body, &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	few, taken, last, err := event.Batch(events[:3], 99, nil)
	p := read(few)
	if err != nil || taken != 3 || last != 99 || p.Type != "events" || p.Position != 99 || p.Timestamp != "2026-11-25T03:00:02.00012Z" || len(p.Events) != 3 || p.Missing != nil {
		t.Errorf("three: %d %+v %v", taken, p, err)
	}
	many, taken, last, err := event.Batch(events, 9999, &event.Range{After: 1, Before: 10})
	p = read(many)
	if err != nil || taken < 50 || taken >= 300 || len(many) > event.LargestBody || last != p.Position || p.Position != events[taken-1].Position || len(p.Events) != taken || p.Missing.Before != 10 {
		t.Errorf("many: %d in %d bytes %+v %v", taken, len(many), p.Missing, err)
	}
	// An attempt that is repeated asks for what the first one took.
	if again, n, _, err := event.Batch(events[:taken], p.Position, &event.Range{After: 1, Before: 10}); err != nil || n != taken || string(again) != string(many) {
		t.Error("the same events gave other bytes")
	}
	huge := event.Event{Position: 5, Kind: event.SyncFailing, Body: event.Body(event.Failure{Error: event.FailureError{Text: strings.Repeat("x", 2*event.LargestBody)}})}
	if _, taken, _, err := event.Batch([]event.Event{huge, events[0]}, 10, nil); err != nil || taken != 1 {
		t.Errorf("one that is too large goes alone: %d %v", taken, err)
	}
	if _, _, _, err := event.Batch(nil, 10, nil); err == nil {
		t.Error("a call without events was made")
	}
	ping, err := event.Ping(4, noon)
	if p := read(ping); err != nil || p.Type != "ping" || p.Position != 4 || p.Events == nil || len(p.Events) != 0 {
		t.Errorf("ping: %s %v", ping, err)
	}
	if id := event.CallID(7, 1, 10, 12); id != "evt_7_1_10_12" {
		t.Error(id)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var total time.Duration
	low, high := time.Hour, time.Duration(0)
	for range 200 {
		d := event.Retry(1, 0, random)
		low, high = min(low, d), max(high, d)
	}
	if low < 4*time.Second || high > 6*time.Second || high-low < time.Second {
		t.Errorf("the first wait is from %v to %v", low, high)
	}
	tries := int64(0)
	for ; total < event.GiveUpAfter; tries++ {
		total += event.Retry(tries+1, 0, random)
	}
	if tries < 15 || tries > 40 {
		t.Errorf("%d attempts in three days", tries)
	}
	if d := event.Retry(1, time.Hour, random); d != time.Hour {
		t.Errorf("asked for an hour: %v", d)
	}
	if d := event.Retry(1, 1000*time.Hour, random); d != 12*time.Hour {
		t.Errorf("asked for weeks: %v", d)
	}
}

func BenchmarkStockChange(b *testing.B) {
	c := event.StockChange{OnHand: 10, Committed: 3, After: event.Figures{Available: 7, Sellable: stock.Units(5)}, Before: &event.Figures{Available: 8, Sellable: stock.Units(6)}}
	for i := range 12 {
		c.Shops = append(c.Shops, event.ShopTarget{ShopID: int64(1000 + i), Target: stock.Units(5)})
	}
	type target struct {
		ID     int64 `json:"id"`
		Target any   `json:"target"`
	}
	type change struct {
		OnHand    int64    `json:"on_hand"`
		Committed int64    `json:"committed"`
		Available int64    `json:"available"`
		Sellable  any      `json:"sellable"`
		Shops     []target `json:"shops"`
	}
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = c.Body()
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v := change{c.OnHand, c.Committed, c.After.Available, int64(5), make([]target, 0, 12)}
			for _, s := range c.Shops {
				n, _ := s.Target.Units()
				v.Shops = append(v.Shops, target{s.ShopID, n})
			}
			_ = event.Body(v)
		}
	})
}
