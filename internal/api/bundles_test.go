package api

import (
	"net/http"
	"slices"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// bundlePage is BundlePage as a program reads it.
type bundlePage struct {
	Items []struct {
		Code, Name string
		Sets       any
		Scarcest   *string
		Leaves     []struct {
			Units    int64
			Sellable any
		}
	}
	NextCursor *string `json:"next_cursor"`
}

func TestBundles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill() // 10 of TS-01 of which 3 are sold, 1 of TS-02 of which 2 are
		_, err := db.AddSKUs(t.Context(), w.tenant, []store.NewSKU{{Code: "SET", Name: "組"}, {Code: "BIG", Name: "大組"}})
		w.must(err)
		put := func(key, body string) answer {
			header := map[string]string{"Content-Type": "application/json"}
			if key != "" {
				header["Idempotency-Key"] = key
			}
			return w.do(call{method: http.MethodPut, path: "/api/v1/bundles", token: w.writer, body: body, header: header})
		}
		body := `{"rows":[{"code":"SET","parts":[{"code":"TS-01","units":2}]},{"code":"BIG","parts":[{"code":"SET","units":2},{"code":"TS-01","units":1}]}]}`
		made := into[BundlesAnswer](w, put("b1", body), 200)
		if made.Applied != 2 || len(made.Rows[0].Before) != 0 || !slices.Equal(made.Rows[1].After, []BundlePart{{"TS-01", 1}, {"SET", 2}}) && !slices.Equal(made.Rows[1].After, []BundlePart{{"SET", 2}, {"TS-01", 1}}) {
			t.Errorf("%+v", made)
		}
		if again := into[BundlesAnswer](w, put("b1", body), 200); !again.Repeated || again.Applied != 2 {
			t.Errorf("%+v", again)
		}
		list := into[bundlePage](w, w.get("/api/v1/bundles"), 200)
		if len(list.Items) != 2 || list.Items[0].Code != "BIG" || list.Items[0].Sets != 1.0 || *list.Items[0].Scarcest != "TS-01" || list.Items[0].Leaves[0].Units != 5 ||
			list.Items[1].Sets != 3.0 || list.Items[1].Leaves[0].Sellable != 7.0 {
			t.Errorf("%+v", list)
		}
		if only := into[bundlePage](w, w.get("/api/v1/bundles?part=SET"), 200); len(only.Items) != 1 || only.Items[0].Code != "BIG" {
			t.Errorf("%+v", only)
		}
		if first := into[bundlePage](w, w.get("/api/v1/bundles?limit=1"), 200); len(first.Items) != 1 || first.NextCursor == nil {
			t.Errorf("%+v", first)
		} else if second := into[bundlePage](w, w.get("/api/v1/bundles?limit=1&cursor="+*first.NextCursor), 200); second.Items[0].Code != "SET" || second.NextCursor != nil {
			t.Errorf("%+v", second)
		}
		if one := into[bundlePage](w, w.get("/api/v1/bundles?code=SET&code=TS-01"), 200); len(one.Items) != 1 || one.Items[0].Name != "組" {
			t.Errorf("%+v", one)
		}

		w.refused(put("", `{"rows":[{"code":"SET","parts":[{"code":"BIG","units":1}]}]}`), rowsRefused, "SET → BIG → SET")
		w.refused(put("", `{"rows":[{"code":"TS-01","parts":[{"code":"TS-02","units":1}]}]}`), rowsRefused, "units on hand of its own")
		w.refused(put("", `{"rows":[{"code":"nope","parts":[]}]}`), rowsRefused, "nope")
		w.refused(put("", `{"rows":[{"code":"SET","parts":[{"code":"TS-02","units":0}]}]}`), invalidBody, `"/rows/0/parts/0/units"`)
		w.refused(put("", `{"rows":[{"code":"SET","parts":{}}]}`), invalidBody, `"/rows/0/parts"`)
		part := into[BundlesAnswer](w, put("", `{"partial":true,"rows":[{"code":"SET","parts":[{"code":"nope","units":1}]},{"code":"BIG","parts":[]}]}`), 200)
		if part.Applied != 1 || part.Rows[0].Refused.Type != rowUnknownSKU || !part.Rows[1].Applied || len(part.Rows[1].After) != 0 {
			t.Errorf("%+v", part)
		}
		w.refused(w.do(call{method: http.MethodPost, path: "/api/v1/stock/changes", token: w.writer, body: `{"rows":[{"code":"SET","mode":"set","units":3}]}`,
			header: map[string]string{"Content-Type": "application/json"}}), rowsRefused, "is a bundle")
	})
}
