package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestImportMappings(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.set("TS-01", 10)
		put := func(name, body string) answer {
			return w.do(call{method: http.MethodPut, path: "/api/v1/import-mappings/" + escaped(name), token: w.writer, body: body, header: map[string]string{"Content-Type": "application/json"}})
		}
		body := `{"kind": "stock", "mode": "add", "columns": [{"header": "品番", "key": "code"}, {"header": "着数", "key": "units"}], "headers": ["品番", "色", "着数"],
			"constants": [{"key": "reason", "value": "卸から"}]}`
		for range 2 {
			if a := put("卸の入荷", body); a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		for _, c := range []struct{ body, says string }{
			{`{"kind": "stock", "columns": [{"header": "品番", "key": "code"}]}`, "units"},
			{`{"kind": "stock", "columns": [{"header": "品番", "key": "nothing"}]}`, "nothing"},
			{`{"kind": "everything", "columns": [{"header": "a", "key": "code"}]}`, "/kind"},
			{`{"kind": "stock", "mode": "double", "columns": [{"header": "a", "key": "code"}, {"header": "b", "key": "units"}]}`, "double"},
			{`{"kind": "stock", "columns": [{"header": "a", "key": "code"}, {"header": "b", "key": "units"}], "constants": [{"key": "mode", "value": "掛け算"}]}`, "掛け算"},
		} {
			if a := put("x", c.body); a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), c.says) && !strings.Contains(string(a.body), "在庫数") {
				t.Errorf("%s: %d %s", c.body, a.status, a.body)
			}
		}
		if a := put("もう一つ", body); a.status != http.StatusConflict || !strings.Contains(string(a.body), "卸の入荷") {
			t.Errorf("a second one for the same headers: %d %s", a.status, a.body)
		}
		var list MappingList
		w.must(json.Unmarshal(w.get("/api/v1/import-mappings").body, &list))
		if len(list.Items) != 1 || list.Items[0].Name != "卸の入荷" || len(list.Items[0].Headers) != 3 || list.Items[0].Mode != "add" || list.Items[0].Constants[0].Value != "卸から" {
			t.Errorf("%+v", list)
		}

		to := w.sendFile("kind=stock&name=a.csv", "着数,品番,色\n3,TS-01,黒\n") // known by its headers
		if i := w.importAt(to); i.State != store.ImportChecked || i.UnitsAfter != 13 || !strings.Contains(string(i.Receipt), "卸の入荷") {
			t.Errorf("known: %+v", i)
		}
		to = w.sendFile("kind=stock&name=a.csv", "着荷数,品番,色\n3,TS-01,黒\n") // a renamed header: not known
		if i := w.importAt(to); i.State != store.ImportRefused {
			t.Errorf("renamed: %+v", i)
		}
		to = w.sendFile("kind=stock&name=a.csv&mapping="+escaped("卸の入荷"), "着数,品番\n3,TS-01\n") // asked for
		if i := w.importAt(to); i.State != store.ImportChecked || i.UnitsAfter != 13 {
			t.Errorf("asked for: %+v", i)
		}
		to = w.sendFile("kind=stock&name=a.csv&mapping="+escaped("卸の入荷"), "着荷数,品番\n3,TS-01\n")
		if i := w.importAt(to); i.State != store.ImportRefused || !strings.Contains(string(i.Problem), "着荷数") || !strings.Contains(string(i.Problem), "着数") {
			t.Errorf("asked for, with a renamed header: %+v", i)
		}
		for query, status := range map[string]int{"kind=stock&name=a.csv&mapping=none": http.StatusNotFound, "kind=link&name=a.csv&mapping=" + escaped("卸の入荷"): http.StatusBadRequest} {
			a := w.do(call{method: http.MethodPost, path: "/api/v1/imports?" + query, token: w.writer, body: "品番,着数\n", header: map[string]string{"Content-Type": "application/octet-stream"}})
			if a.status != status {
				t.Errorf("%s: %d %s", query, a.status, a.body)
			}
		}
		for _, status := range []int{http.StatusNoContent, http.StatusNotFound} {
			if a := w.do(call{method: http.MethodDelete, path: "/api/v1/import-mappings/" + escaped("卸の入荷"), token: w.writer}); a.status != status {
				t.Errorf("delete: %d %s", a.status, a.body)
			}
		}
	})
}
