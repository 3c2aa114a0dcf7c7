package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestReading(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		for name, path := range map[string]string{
			"stock":             "/api/v1/stock",
			"stock_search":      "/api/v1/stock?q=%EF%BD%94%E3%82%B7%E3%83%A3%E3%83%84&limit=1",
			"stock_codes":       "/api/v1/stock?code=TS-02&code=DESK&code=nothing",
			"stock_oversold":    "/api/v1/stock?show=oversold",
			"stock_one":         "/api/v1/stock/TS-01",
			"stock_slash":       "/api/v1/stock/" + escaped("KZ/1 001"),
			"stock_changes":     "/api/v1/stock/changes",
			"stock_unknown":     "/api/v1/stock/ts-01",
			"movements":         "/api/v1/stock/TS-02/movements",
			"movements_unknown": "/api/v1/stock/none/movements",
			"movements_none":    "/api/v1/stock/DESK/movements",
			"explain_shop":      "/api/v1/stock/TS-01/explain?shop=" + escaped("楽天本店"),
			"explain_refused":   "/api/v1/stock/TS-01/explain?shop=" + escaped("Yahoo店"),
			"explain_unlisted":  "/api/v1/stock/TS-02/explain?shop=" + escaped("Yahoo店"),
			"explain_no_shop":   "/api/v1/stock/TS-02/explain?shop=Amazon",
			"explain_unknown":   "/api/v1/stock/none/explain",
			"shops":             "/api/v1/shops",
		} {
			golden(t, name, w.get(path))
		}
		all := w.get("/api/v1/stock/TS-01/explain")
		var list struct {
			Items []struct {
				Shop      ShopRef
				Explained bool
			}
		}
		w.must(json.Unmarshal(all.body, &list))
		if len(list.Items) != 3 {
			t.Errorf("%d explanations of three shops", len(list.Items))
		}
		for _, e := range list.Items {
			if !e.Explained {
				t.Errorf("unexplained: %+v", e)
			}
		}
		if strings.Contains(string(w.get("/api/v1/shops").body), "hidden") {
			t.Error("a shop's secret was shown")
		}
	})
}

func TestPaging(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for i := range 7 {
			w.set("TS-01", int64(i+1))
		}
		for _, path := range []string{"/api/v1/stock?limit=2", "/api/v1/stock?limit=2&sort=-available", "/api/v1/stock/TS-01/movements?limit=2"} {
			var seen []string
			next := path
			for next != "" {
				var page struct {
					Items      []map[string]any `json:"items"`
					NextCursor *string          `json:"next_cursor"`
				}
				a := w.get(next)
				if a.status != http.StatusOK {
					t.Fatalf("%s: %d %s", next, a.status, a.body)
				}
				w.must(json.Unmarshal(a.body, &page))
				for _, item := range page.Items {
					seen = append(seen, fmt.Sprint(item["code"], item["seq"]))
				}
				next = ""
				if page.NextCursor != nil {
					next = path + "&cursor=" + *page.NextCursor
				}
			}
			unique := slices.Clone(seen)
			slices.Sort(unique)
			if want := map[bool]int{true: 7, false: 5}[strings.Contains(path, "movements")]; len(seen) != want || len(slices.Compact(unique)) != want {
				t.Errorf("%s: %v", path, seen)
			}
		}
	})
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		other, _ := storetest.Tenant(t, db, "b")
		_, foreign, err := db.AddAPIToken(t.Context(), other, "他社", true)
		w.must(err)
		revoked, gone, err := db.AddAPIToken(t.Context(), w.tenant, "古い", true)
		w.must(err)
		w.must(db.RevokeAPIToken(t.Context(), w.tenant, revoked.ID))
		for name, c := range map[string]struct {
			call      call
			status    int
			kind      kind
			parameter string
			says      string
		}{
			"no token":             {call{path: "/api/v1/stock"}, 401, unauthorized, "", "Authorization: Bearer"},
			"another scheme":       {call{path: "/api/v1/stock", header: map[string]string{"Authorization": "Basic eDp5"}}, 401, unauthorized, "", "begin with Bearer"},
			"an unknown token":     {call{path: "/api/v1/stock", token: "soroi_1_abc"}, 401, unauthorized, "", "not valid"},
			"a revoked token":      {call{path: "/api/v1/stock", token: gone}, 401, unauthorized, "", "not valid"},
			"another's goods":      {call{path: "/api/v1/stock/TS-01", token: foreign}, 404, unknownSKU, "", `"TS-01"`},
			"a reader that writes": {call{method: "POST", path: "/api/v1/stock/changes", token: w.reader, body: `{}`}, 403, forbidden, "", "集計"},
			"no such address":      {call{path: "/api/v1/stocks", token: w.reader}, 404, notFound, "", "/api/v1/stocks"},
			"no such version":      {call{path: "/api/v2/stock", token: w.reader}, 404, notFound, "", "openapi.yaml"},
			"another method":       {call{method: "DELETE", path: "/api/v1/stock/TS-01", token: w.writer}, 405, methodNotAllowed, "", "GET"},
			"a wrong limit":        {call{path: "/api/v1/stock?limit=1001", token: w.reader}, 400, invalidParameter, "limit", "1 to 1000"},
			"no limit":             {call{path: "/api/v1/stock?limit=", token: w.reader}, 400, invalidParameter, "limit", "whole number"},
			"an unknown parameter": {call{path: "/api/v1/stock?lmit=10", token: w.reader}, 400, invalidParameter, "lmit", "limit"},
			"a parameter twice":    {call{path: "/api/v1/stock?limit=1&limit=2", token: w.reader}, 400, invalidParameter, "limit", "once"},
			"an unknown order":     {call{path: "/api/v1/stock?sort=name", token: w.reader}, 400, invalidParameter, "sort", "available"},
			"an unknown narrowing": {call{path: "/api/v1/stock?show=everything", token: w.reader}, 400, invalidParameter, "show", "behind"},
			"a made-up cursor":     {call{path: "/api/v1/stock?cursor=x", token: w.reader}, 400, invalidParameter, "cursor", "next_cursor"},
			"a made-up place":      {call{path: "/api/v1/stock/TS-01/movements?cursor=x", token: w.reader}, 400, invalidParameter, "cursor", "next_cursor"},
			"too many codes":       {call{path: "/api/v1/stock?" + strings.Repeat("code=a&", 201), token: w.reader}, 400, invalidParameter, "code", "200"},
			"a zero character":     {call{path: "/api/v1/stock?q=%00", token: w.reader}, 400, invalidParameter, "q", "UTF-8"},
			"a broken character":   {call{path: "/api/v1/stock?code=%ff", token: w.reader}, 400, invalidParameter, "code", "UTF-8"},
			"a broken query":       {call{path: "/api/v1/stock?q=%zz", token: w.reader}, 400, invalidParameter, "", "encoded"},
			"a broken code":        {call{path: "/api/v1/stock/%00", token: w.reader}, 404, unknownSKU, "", "code"},
		} {
			if c.call.method == "" {
				c.call.method = http.MethodGet
			}
			a := w.do(c.call)
			p := a.problem(t)
			if a.status != c.status || p.Type != typePrefix+c.kind.name || p.Parameter != c.parameter || !strings.Contains(p.Detail, c.says) {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
			if a.status == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: no WWW-Authenticate", name)
			}
			if a.status == 405 && a.header.Get("Allow") == "" {
				t.Errorf("%s: no Allow", name)
			}
		}
		if w.changed != 0 || strings.Contains(w.log.String(), w.reader) || strings.Contains(w.log.String(), foreign) {
			t.Error("a token stands in the log, or something was changed")
		}
	})
}

// What went wrong inside stands in the log under the reference, and nothing of it in the answer.
func TestInternalProblem(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	a := &API{deps: Deps{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	recorder := httptest.NewRecorder()
	a.failing(func(*request) error { return errors.New("disk I/O error 522") }).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/api/v1/stock", nil))
	var p Problem
	if err := json.Unmarshal(recorder.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if recorder.Code != 500 || strings.Contains(recorder.Body.String(), "522") || !strings.Contains(log.String(), "disk I/O error 522") || !strings.Contains(log.String(), p.Reference) {
		t.Errorf("%d %s\n%s", recorder.Code, recorder.Body, log.String())
	}
}
