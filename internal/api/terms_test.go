package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// put sends a batch to an address.
func (w *world) put(method, path, key, body string) answer {
	header := map[string]string{"Content-Type": "application/json"}
	if key != "" {
		header["Idempotency-Key"] = key
	}
	return w.do(call{method: method, path: path, token: w.writer, body: body, header: header})
}

func TestTerms(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		_, err := db.AddSKUs(context.Background(), w.tenant, []store.NewSKU{{Product: "HAT", Code: "HAT-1", Name: "帽子"}, {Product: "HAT", Code: "HAT-2", Name: "帽子"}})
		w.must(err)
		set := func(key, body string) answer { return w.put(http.MethodPut, "/api/v1/terms", key, body) }
		body := `{"rows": [{"code": "TS-01", "secured": {"units": 2, "reason": "実店舗"}, "reorder_point": 9}, {"product": "HAT", "secured": {"percent": 10}, "reorder_point": 4},
			{"code": "HAT-1", "supply": "made_to_order", "figure": 5, "daily": true}, {"code": "TS-02", "secured": {"mode": "add", "units": 3}}]}`
		first := set("t1", body)
		golden(t, "terms_set", first)
		if again := set("t1", body); string(again.body) != strings.Replace(string(first.body), `"repeated":false`, `"repeated":true`, 1) {
			t.Errorf("first %s\nagain %s", first.body, again.body)
		}
		if w.changed != 1 {
			t.Errorf("the planner was woken %d times", w.changed)
		}
		golden(t, "terms_list", w.get("/api/v1/terms?code=TS-01&code=TS-02&code=HAT-1&code=HAT-2&code=DESK"))
		golden(t, "terms_cleared", set("", `{"rows": [{"code": "TS-01", "secured": null, "reorder_point": null}]}`))
		w.refused(set("t1", `{"rows": [{"code": "TS-01", "secured": null}]}`), keyReused, "new key")
		for body, want := range map[string]string{
			`{"rows": [{"secured": null}]}`:                                                  `"/rows/0"`,
			`{"rows": [{"code": "TS-01", "product": "HAT"}]}`:                                `"/rows/0"`,
			`{"rows": [{"code": "TS-01", "secured": {}}]}`:                                   `"/rows/0/secured"`,
			`{"rows": [{"code": "TS-01", "secured": {"units": 1, "percent": 1}}]}`:           `"/rows/0/secured"`,
			`{"rows": [{"code": "TS-01", "secured": {"percent": 101}}]}`:                     `"/rows/0/secured/percent"`,
			`{"rows": [{"code": "TS-01", "secured": {"mode": "steal", "units": 1}}]}`:        `"/rows/0/secured/mode"`,
			`{"rows": [{"code": "TS-01", "reorder_point": -1}]}`:                             `"/rows/0/reorder_point"`,
			`{"rows": [{"code": "TS-01", "figure": 3}]}`:                                     `"/rows/0/supply"`,
			`{"rows": [{"code": "TS-01", "supply": "dropped"}]}`:                             `"/rows/0/supply"`,
			`{"rows": [{"code": "TS-01", "secured": {"units": 1, "reason": ` + long + `}}]}`: `"/rows/0/secured/reason"`,
		} {
			w.refused(set("", body), invalidBody, want)
		}
		mixed := `"rows": [{"code": "nothing", "secured": null}, {"product": "nothing", "secured": null}, {"product": "HAT", "supply": "stocked"}, {"code": "TS-02", "secured": {"mode": "subtract", "units": 4}},
			{"code": "TS-02", "reorder_point": 1}]}`
		golden(t, "terms_refused", set("", `{`+mixed))
		golden(t, "terms_partial", set("", `{"partial": true, `+mixed))
		if a := w.do(call{method: http.MethodPut, path: "/api/v1/terms", token: w.reader, body: body, header: map[string]string{"Content-Type": "application/json"}}); a.status != http.StatusForbidden {
			t.Errorf("a token that only reads: %d", a.status)
		}
		for query, want := range map[string]int{"secured=own": 1, "supply=made_to_order": 1, "product=HAT": 2, "archived=only": 0, "secured=own&q=TS": 1, "value=赤": 0} {
			page := into[struct{ Items []struct{ Code string } }](w, w.get("/api/v1/terms?"+query), 200)
			if len(page.Items) != want {
				t.Errorf("%s: %+v", query, page.Items)
			}
		}
	})
}

var long = `"` + strings.Repeat("長", 201) + `"`

func TestInbound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		set := func(body string) answer { return w.put(http.MethodPut, "/api/v1/inbound", "", body) }
		receive := func(key, body string) answer { return w.put(http.MethodPost, "/api/v1/inbound/receipts", key, body) }
		const body = `{"rows": [{"code": "TS-01", "document": "PO-1", "units": 30, "due": "2026-12-04", "note": "春の分"}, {"code": "TS-02", "document": "PO-1", "units": 5}]}`
		golden(t, "inbound_set", set(body))
		set(body)
		if page := into[InboundPage](w, w.get("/api/v1/inbound"), 200); len(page.Items) != 2 {
			t.Errorf("%+v", page)
		}
		golden(t, "inbound_changed", set(`{"rows": [{"code": "TS-01", "document": "PO-1", "due": null}, {"code": "TS-02", "document": "PO-1", "closed": true}]}`))
		golden(t, "inbound_received", receive("r1", `{"rows": [{"code": "TS-01", "document": "PO-1", "units": 12}]}`))
		again := into[InboundAnswer](w, receive("r1", `{"rows": [{"code": "TS-01", "document": "PO-1", "units": 12}]}`), 200)
		if !again.Repeated || w.onHand("TS-01") != 12 {
			t.Errorf("%+v, on hand %d", again, w.onHand("TS-01"))
		}
		golden(t, "inbound_list", w.get("/api/v1/inbound?closed=true&code=TS-01"))
		if p := receive("", `{"rows": [{"code": "TS-01", "document": "PO-1", "units": 1}]}`).problem(t); p.Status != 400 || p.Parameter != "Idempotency-Key" {
			t.Errorf("without a key: %+v", p)
		}
		w.refused(receive("r2", `{"rows": [{"code": "TS-01", "document": "PO-1", "units": 1}, {"code": "TS-02", "document": "PO-1", "units": 1}]}`), rowsRefused, "is closed")
		w.refused(receive("r2", `{"rows": [{"code": "nothing", "document": "PO-1", "units": 1}]}`), rowsRefused, "No SKU has the code")
		w.refused(receive("r2", `{"rows": [{"code": "TS-01", "document": "PO-1", "units": 0}]}`), invalidBody, `"/rows/0/units"`)
		w.refused(set(`{"rows": [{"code": "TS-01", "document": "PO-2"}]}`), rowsRefused, "units is missing")
		w.refused(set(`{"rows": [{"code": "TS-01", "document": "PO-2", "units": 1, "due": "tomorrow"}]}`), invalidBody, `"/rows/0/due"`)
		w.refused(set(`{"rows": [{"code": "nothing", "document": "PO-2", "units": 1}]}`), rowsRefused, "No SKU has the code")
	})
}

func TestLow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		ids, err := db.FindSKUs(context.Background(), w.tenant, []string{"TS-01"})
		w.must(err)
		point := stock.PointAt(20)
		_, err = db.EditTerms(context.Background(), w.tenant, store.TermsEdit{Rows: []store.TermsRow{{SKU: ids["TS-01"], Change: stock.TermsChange{Reorder: &point}}}})
		w.must(err)
		w.plan()
		golden(t, "low", w.get("/api/v1/low"))
		golden(t, "low_products", w.get("/api/v1/low?group=product&sort=shortfall&limit=1"))
		golden(t, "low_values", w.get("/api/v1/low?group=option&option=色&show=out"))
		first := into[LowPage](w, w.get("/api/v1/low?limit=1&sort=days_left"), 200)
		if len(first.Items) != 1 || first.NextCursor == nil {
			t.Fatalf("%+v", first)
		}
		if next := into[LowPage](w, w.get("/api/v1/low?sort=days_left&cursor="+*first.NextCursor), 200); len(next.Items) != int(first.SKUs)-1 {
			t.Errorf("%+v", next)
		}
		for query, want := range map[string]string{"group=option": "option", "option=色": "option", "sort=code&group=product": "sort", "show=behind": "show", "sort=price": "sort", "limit=0": "limit", "cursor=x": "cursor", "colour=x": "colour"} {
			if p := w.get("/api/v1/low?" + query).problem(t); p.Status != 400 || p.Parameter != want {
				t.Errorf("%s: %+v", query, p)
			}
		}
	})
}
