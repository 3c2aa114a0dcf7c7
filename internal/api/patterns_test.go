package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func into[T any](w *world, a answer, status int) (v T) {
	w.t.Helper()
	if a.status != status {
		w.t.Fatalf("%d %s", a.status, a.body)
	}
	w.must(json.Unmarshal(a.body, &v))
	return v
}

// examined is Impact as programs read it.
type examined struct {
	Examined, Changed, Pushes int64
	All                       bool
	Shops                     []ShopImpact
	Examples                  []struct {
		Code     string
		Sellable any
		Listings []struct{ Before, After any }
	}
}

// refused holds an answer against its problem and a part of what it tells.
func (w *world) refused(a answer, k kind, part string) Problem {
	w.t.Helper()
	p := a.problem(w.t)
	if a.status != k.status || p.Type != typePrefix+k.name || !strings.Contains(string(a.body), part) {
		w.t.Errorf("want %s with %q, got %s", k.name, part, a.body)
	}
	return p
}

func (w *world) shopID(name string) int64 {
	w.t.Helper()
	for _, s := range into[Shops](w, w.get("/api/v1/shops"), 200).Items {
		if s.Name == name {
			return s.ID
		}
	}
	w.t.Fatalf("no shop %s", name)
	return 0
}

// A pattern's whole life: made, read by number and name, examined, changed on its version, made the default, assigned, and deleted when nothing follows it.
func TestPatterns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		rakuten, yahoo := w.shopID("楽天本店"), w.shopID("Yahoo店")
		rules := fmt.Sprintf(`[{"from":0,"to":10,"shares":[{"shop":%d,"kind":"percent","n":12.5},{"shop":%d,"kind":"at_most","n":3}],"default":{"kind":"stop"}},
			{"from":11,"to":99,"default":{"kind":"fixed","n":2}},{"from":100,"to":null,"auto":0.05}]`, rakuten, yahoo)
		a := w.ask(http.MethodPost, "/api/v1/patterns", `{"name":"楽天 少なめ","rules":`+rules+`}`)
		made := into[Pattern](w, a, http.StatusCreated)
		path := fmt.Sprintf("/api/v1/patterns/%d", made.ID)
		if a.header.Get("Location") != path || made.Version != 1 || made.Default || made.ChangedBy != "倉庫" {
			t.Errorf("%s %+v", a.header.Get("Location"), made)
		}
		text, err := json.Marshal(made.Rules)
		w.must(err)
		want := fmt.Sprintf(`[{"from":0,"to":10,"shares":[{"shop":%d,"kind":"percent","n":12.5},{"shop":%d,"kind":"at_most","n":3}],"default":{"kind":"stop","n":null}},`+
			`{"from":11,"to":99,"shares":[],"default":{"kind":"fixed","n":2}},{"from":100,"to":null,"shares":[],"auto":0.05}]`, rakuten, yahoo)
		if string(text) != want {
			t.Errorf("rules %s\nwant  %s", text, want)
		}
		for _, p := range []string{path, "/api/v1/patterns/" + url.PathEscape("楽天 少なめ")} {
			if got := w.get(p); string(got.body) != string(a.body) {
				t.Errorf("%s: %s", p, got.body)
			}
		}
		// TS-01 has 7 left: an eighth of it is 0, and at most 3; rehearsing shops get nothing.
		q := fmt.Sprintf(`{"pattern":%d,"codes":["TS-01","TS-01"]}`, made.ID)
		found := into[examined](w, w.ask(http.MethodPost, "/api/v1/patterns/impact", q), 200)
		if found.Examined != 1 || !found.All || found.Changed != 1 || found.Pushes != 2 || len(found.Examples) != 1 || found.Examples[0].Sellable != 7.0 || len(found.Examples[0].Listings) != 3 {
			t.Errorf("%+v", found)
		}
		for _, s := range found.Shops {
			if s.Shop.ID == rakuten && (s.ToZero != 1 || s.Down != 1) || s.Shop.ID == yahoo && (s.ToZero != 0 || s.Down != 1) {
				t.Errorf("%+v", s)
			}
		}
		if n := into[examined](w, w.ask(http.MethodPost, "/api/v1/patterns/impact", fmt.Sprintf(`{"pattern":%d}`, made.ID)), 200).Examined; n != 0 {
			t.Errorf("nothing follows it, %d examined", n)
		}
		body := `{"version":1,"rules":[{"from":0,"to":null,"default":{"kind":"percent","n":50}}]}`
		changed := into[Pattern](w, w.ask(http.MethodPut, path, body), 200)
		if changed.Version != 2 || changed.Name != "楽天 少なめ" || *changed.Rules[0].Default.N != 50 {
			t.Errorf("%+v", changed)
		}
		w.refused(w.ask(http.MethodPut, path, body), patternChanged, "GET it anew")
		if p := into[Patterns](w, w.ask(http.MethodPut, "/api/v1/patterns/default", `{"pattern":"楽天 少なめ"}`), 200); !p.Items[0].Default || p.Plain != 5 {
			t.Errorf("%+v", p)
		}
		if n := into[examined](w, w.ask(http.MethodPost, "/api/v1/patterns/impact", `{"pattern":"楽天 少なめ","rules":[{"from":0,"to":null,"default":{"kind":"same"}}]}`), 200); n.Examined != 5 || n.Changed == 0 {
			t.Errorf("SKUs without a pattern follow the default: %+v", n)
		}
		w.refused(w.ask(http.MethodDelete, path, ""), invalidParameter, "version")
		w.refused(w.ask(http.MethodDelete, path+"?version=1", ""), patternChanged, "GET it anew")
		w.refused(w.ask(http.MethodDelete, path+"?version=2", ""), patternInUse, "the default")
		into[Patterns](w, w.ask(http.MethodPut, "/api/v1/patterns/default", `{"pattern":null}`), 200)
		into[AssignmentsAnswer](w, w.ask(http.MethodPost, "/api/v1/patterns/assignments", fmt.Sprintf(`{"rows":[{"code":"TS-02","pattern":%d}]}`, made.ID)), 200)
		if p := into[Patterns](w, w.get("/api/v1/patterns"), 200); p.Items[0].Default || p.Items[0].SKUs != 1 || p.Plain != 4 {
			t.Errorf("%+v", p)
		}
		w.refused(w.ask(http.MethodDelete, path+"?version=2", ""), patternInUse, "1 SKUs")
		into[AssignmentsAnswer](w, w.ask(http.MethodPost, "/api/v1/patterns/assignments", `{"rows":[{"code":"TS-02","pattern":null}]}`), 200)
		if a := w.ask(http.MethodDelete, path+"?version=2", ""); a.status != http.StatusNoContent {
			t.Errorf("%d %s", a.status, a.body)
		}
		w.refused(w.get(path), unknownPattern, "lists all")
		if w.changed == 0 {
			t.Error("the planner was not woken")
		}
	})
}

// What is wrong with a pattern is told in words, everything at once, each with its place; nothing is stored.
func TestPatterns_refused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		p := w.refused(w.ask(http.MethodPost, "/api/v1/patterns", `{"name":" a","rules":[{"from":1,"to":5,"default":{"kind":"same"}},{"from":5,"to":8,"shares":[{"shop":999999999999,"kind":"stop"}],"default":{"kind":"stop"}}]}`),
			invalidPattern, "Nothing was changed")
		var told []string
		for _, e := range p.Errors {
			told = append(told, e.Pointer+" "+e.Detail)
		}
		all := strings.Join(told, "\n")
		for _, part := range []string{"/name The name", "/rules/1 Rules 1 and 2 both cover 5.", "/rules No rule says what happens at 9 or more", "/rules/1 Rule 2 mentions shop 999999999999"} {
			if !strings.Contains(all, part) {
				t.Errorf("%q is not told:\n%s", part, all)
			}
		}
		for body, pointer := range map[string]string{
			`{"name":"a"}`:                     "/rules",
			`{"name":"a","rules":[],"skus":1}`: "/rules",
			`{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"percent","n":12.345}}]}`:                               "/rules/0/default/n",
			`{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"percent","n":100.01}}]}`:                               "/rules/0/default/n",
			`{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"percent","n":1e1}}]}`:                                  "/rules/0/default/n",
			`{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"percent"}}]}`:                                          "/rules/0/default/n",
			`{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"fixed"}}]}`:                                            "/rules/0/default/n",
			`{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"same","n":1}}]}`:                                       "/rules/0/default/n",
			`{"name":"a","rules":[{"from":0,"to":null,"default":"same"}]}`:                                                      "/rules/0/default",
			`{"name":"a","rules":[{"from":0,"to":null,"shares":[{"shop":"x","kind":"half","n":1}],"default":{"kind":"stop"}}]}`: "/rules/0/shares/0/shop",
			`{"name":"a","rules":[{"from":0,"to":null}]}`:                                                                       "/rules/0/default",
			`{"name":"a","rules":[{"from":0,"to":null,"auto":0}]}`:                                                              "/rules/0/auto",
			`{"name":"a","rules":[{"from":0,"to":null,"auto":"0.1"}]}`:                                                          "/rules/0/auto",
			`{"name":"a","rules":[{"from":0,"to":null,"auto":50.1}]}`:                                                           "/rules/0/auto",
			`{"name":"a","rules":[{"from":0,"to":null,"auto":0.1,"default":{"kind":"same"}}]}`:                                  "/rules/0/auto",
			`{"name":"a","rules":[{"from":0,"to":null,"auto":0.1,"shares":[{"shop":1,"kind":"same"}]}]}`:                        "/rules/0/auto",
		} {
			a := w.ask(http.MethodPost, "/api/v1/patterns", body)
			w.refused(a, invalidBody, `"pointer":"`+pointer+`"`)
		}
		made := into[Pattern](w, w.ask(http.MethodPost, "/api/v1/patterns", `{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"percent","n":8.33}}]}`), 201)
		w.refused(w.ask(http.MethodPost, "/api/v1/patterns", `{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"same"}}]}`), nameTaken, "another name")
		w.refused(w.ask(http.MethodPut, fmt.Sprintf("/api/v1/patterns/%d", made.ID), `{"rules":[{"from":0,"to":null,"default":{"kind":"same"}}]}`), invalidBody, `"pointer":"/version"`)
		w.refused(w.ask(http.MethodPut, "/api/v1/patterns/b", `{"version":1,"rules":[]}`), unknownPattern, "lists all")
		w.refused(w.ask(http.MethodPut, "/api/v1/patterns/default", `{"pattern":"b"}`), unknownPattern, "lists all")
		w.refused(w.ask(http.MethodPut, "/api/v1/patterns/default", `{"pattern":true}`), invalidBody, "/pattern")
		w.refused(w.ask(http.MethodPost, "/api/v1/patterns/impact", `{}`), invalidBody, "both rules and codes")
		w.refused(w.ask(http.MethodPost, "/api/v1/patterns/impact", `{"pattern":"b"}`), unknownPattern, "lists all")
		w.refused(w.ask(http.MethodPost, "/api/v1/patterns/impact", `{"pattern":"a","codes":["TS-01","none"]}`), invalidBody, `"pointer":"/codes/1"`)
		w.refused(w.ask(http.MethodPost, "/api/v1/patterns/impact", `{"pattern":"a","rules":[{"from":1,"to":5,"default":{"kind":"same"}}]}`), invalidPattern, "6 or more")
		w.refused(w.do(call{method: http.MethodDelete, path: "/api/v1/patterns/a?version=1", token: w.reader}), forbidden, "")
		list := into[Patterns](w, w.get("/api/v1/patterns"), 200)
		if len(list.Items) != 1 || *list.Items[0].Rules[0].Default.N != 8.33 {
			t.Errorf("%+v", list)
		}
	})
}

func TestAssignments(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		made := into[Pattern](w, w.ask(http.MethodPost, "/api/v1/patterns", `{"name":"a","rules":[{"from":0,"to":null,"default":{"kind":"same"}}]}`), 201)
		assign := func(key, body string) answer {
			return w.do(call{method: http.MethodPost, path: "/api/v1/patterns/assignments", token: w.writer, body: body, header: map[string]string{"Content-Type": "application/json", "Idempotency-Key": key}})
		}
		body := fmt.Sprintf(`{"rows":[{"code":"TS-01","pattern":%d},{"code":"KZ/1 001","pattern":"a"},{"code":"DESK","pattern":null}]}`, made.ID)
		first := assign("k1", body)
		got := into[AssignmentsAnswer](w, first, 200)
		if got.Applied != 3 || got.Repeated || got.Rows[0].Before != nil || *got.Rows[1].After != (PatternRef{made.ID, "a"}) || got.Rows[2].After != nil || !got.Rows[2].Applied || w.changed != 1 {
			t.Errorf("%s", first.body)
		}
		into[AssignmentsAnswer](w, assign("", `{"rows":[{"code":"TS-01","pattern":null}]}`), 200)
		again := assign("k1", body)
		if string(again.body) != strings.Replace(string(first.body), `"repeated":false`, `"repeated":true`, 1) {
			t.Errorf("first %s\nagain %s", first.body, again.body)
		}
		if n := into[Patterns](w, w.get("/api/v1/patterns"), 200).Items[0].SKUs; n != 1 {
			t.Errorf("a repeated request has assigned again: %d", n)
		}
		w.refused(assign("k1", `{"rows":[{"code":"TS-02","pattern":"a"}]}`), keyReused, "new key")
		w.refused(assign("é", body), invalidParameter, "ASCII")
		w.refused(assign("", `{"rows":[{"code":"TS-02"}]}`), invalidBody, `"/rows/0/pattern"`)
		mixed := `"rows":[{"code":"ts-01","pattern":"a"},{"code":"TS-02","pattern":"b"},{"code":"TS-02","pattern":"a"}]}`
		p := w.refused(assign("k2", `{`+mixed), rowsRefused, "2 of 3 rows")
		if rows, _ := json.Marshal(p.Rows); !strings.Contains(string(rows), rowUnknownPattern) || !strings.Contains(string(rows), rowUnknownSKU) {
			t.Errorf("%s", rows)
		}
		part := into[AssignmentsAnswer](w, assign("k2", `{"partial":true,`+mixed), 200)
		if part.Applied != 1 || part.Rows[0].Refused == nil || part.Rows[1].Refused == nil || !part.Rows[2].Applied {
			t.Errorf("%+v", part)
		}
		if none := into[AssignmentsAnswer](w, assign("k3", `{"partial":true,"rows":[{"code":"x","pattern":"a"}]}`), 200); none.Applied != 0 {
			t.Errorf("%+v", none)
		}
	})
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		rakuten, yahoo := w.shopID("楽天本店"), w.shopID("Yahoo店")
		set := func(key, body string) answer {
			return w.do(call{method: http.MethodPost, path: "/api/v1/exceptions", token: w.writer, body: body, header: map[string]string{"Content-Type": "application/json", "Idempotency-Key": key}})
		}
		body := fmt.Sprintf(`{"rows":[{"code":"TS-01","shop":%d,"most":0},{"code":"TS-01","shop":%d,"most":5}]}`, rakuten, yahoo)
		first := set("e1", body)
		got := into[ExceptionsAnswer](w, first, 200)
		if got.Applied != 2 || got.Rows[0].Before != nil || *got.Rows[0].After != 0 || *got.Rows[1].After != 5 || w.changed != 1 {
			t.Errorf("%s", first.body)
		}
		back := into[ExceptionsAnswer](w, set("", fmt.Sprintf(`{"rows":[{"code":"TS-01","shop":%d,"most":null}]}`, yahoo)), 200)
		if *back.Rows[0].Before != 5 || back.Rows[0].After != nil {
			t.Errorf("%+v", back)
		}
		if again := set("e1", body); string(again.body) != strings.Replace(string(first.body), `"repeated":false`, `"repeated":true`, 1) {
			t.Errorf("first %s\nagain %s", first.body, again.body)
		}
		now := into[ExceptionsAnswer](w, set("", body), 200)
		if *now.Rows[0].Before != 0 || now.Rows[1].Before != nil {
			t.Errorf("the repeated request has set again: %+v", now)
		}
		w.refused(set("e1", fmt.Sprintf(`{"rows":[{"code":"TS-01","shop":%d,"most":1}]}`, rakuten)), keyReused, "new key")
		w.refused(set("", fmt.Sprintf(`{"rows":[{"code":"TS-01","shop":%d,"most":-1}]}`, rakuten)), invalidBody, `"/rows/0/most"`)
		mixed := fmt.Sprintf(`"rows":[{"code":"TS-01","shop":999999999999,"most":1},{"code":"x","shop":%d,"most":1},{"code":"TS-02","shop":%d,"most":1}]}`, rakuten, rakuten)
		w.refused(set("", `{`+mixed), rowsRefused, "No shop has the number 999999999999")
		if part := into[ExceptionsAnswer](w, set("", `{"partial":true,`+mixed), 200); part.Applied != 1 || part.Rows[2].Before != nil || part.Rows[0].Refused.Type != rowUnknownShop {
			t.Errorf("%+v", part)
		}
	})
}
