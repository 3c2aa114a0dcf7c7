package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// sendFile posts a file, and gives the import's address once it is checked.
func (w *world) sendFile(query, file string) string {
	w.t.Helper()
	a := w.do(call{method: http.MethodPost, path: "/api/v1/imports?" + query, token: w.writer, body: file, header: map[string]string{"Content-Type": "application/octet-stream"}})
	if a.status != http.StatusCreated {
		w.t.Fatalf("%d %s", a.status, a.body)
	}
	to := a.header.Get("Location")
	for w.importAt(to).State == store.ImportChecking {
		if w.t.Context().Err() != nil {
			w.t.Fatal("it is checked for ever")
		}
	}
	return to
}

func (w *world) importAt(to string) Import {
	w.t.Helper()
	var i Import
	a := w.get(to)
	w.must(json.Unmarshal(a.body, &i))
	return i
}

func (w *world) step(to, do string, status int) {
	w.t.Helper()
	if a := w.do(call{method: http.MethodPost, path: to + "/" + do, token: w.writer}); a.status != status {
		w.t.Errorf("%s: %d %s", do, a.status, a.body)
	}
	if status == http.StatusAccepted {
		_, err := w.imports.Finish(w.t.Context(), w.tenant, store.ImportID(w.importAt(to).ID), nil)
		w.must(err)
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.set("TS-01", 10)
		w.set("TS-02", 3)
		onHand := func() [2]int64 {
			var list [2]int64
			for i, code := range []string{"TS-01", "TS-02"} {
				s, err := db.LoadSKU(t.Context(), w.tenant, code)
				w.must(err)
				list[i] = s.Balance.OnHand
			}
			return list
		}
		file := "SKUコード,在庫数,色\r\nTS-01,4,黒\r\nTS-02,2,\r\nTS-99,1,\r\n"
		to := w.sendFile("kind=stock&mode=add&name=zaiko.csv", file)
		i := w.importAt(to)
		if i.State != store.ImportChecked || i.Rows.Usable != 2 || i.Rows.Refused != 1 || i.UnitsBefore != 13 || i.UnitsAfter != 19 || len(i.Receipt) == 0 || onHand() != [2]int64{10, 3} {
			t.Fatalf("checked: %+v, %v", i, onHand())
		}
		var rows ImportRowPage
		w.must(json.Unmarshal(w.get(to+"/rows?show=up&limit=1").body, &rows))
		if len(rows.Items) != 1 || rows.Items[0].After != 14 || rows.NextCursor == nil {
			t.Fatalf("rows: %+v", rows)
		}
		w.must(json.Unmarshal(w.get(to+"/rows?show=up&limit=1&cursor="+*rows.NextCursor).body, &rows))
		if len(rows.Items) != 1 || rows.Items[0].Label != "TS-02" || rows.NextCursor != nil {
			t.Errorf("second page: %+v", rows)
		}
		if a := w.get(to + "/findings"); a.status != http.StatusOK || !strings.Contains(string(a.body), "TS-99") {
			t.Errorf("findings: %s", a.body)
		}
		w.step(to, "undo", http.StatusConflict)
		w.step(to, "apply", http.StatusUnprocessableEntity)
		if onHand() != [2]int64{10, 3} {
			t.Errorf("something was applied without asking: %v", onHand())
		}
		w.step(to, "apply?partial=true", http.StatusAccepted)
		if i = w.importAt(to); i.State != store.ImportApplied || onHand() != [2]int64{14, 5} {
			t.Errorf("applied: %+v, %v", i, onHand())
		}
		again := w.sendFile("kind=stock&mode=add&name=zaiko.csv", file)
		if i := w.importAt(again); len(i.AppliedBefore) != 1 {
			t.Errorf("the same file: %+v", i)
		}
		w.step(again, "discard", http.StatusAccepted)
		w.step(again, "apply?partial=true", http.StatusConflict)
		w.step(to, "cancel", http.StatusConflict)
		w.step(to, "undo", http.StatusAccepted)
		if i = w.importAt(to); i.State != store.ImportUndone || i.Rows.Kept != 0 || onHand() != [2]int64{10, 3} {
			t.Errorf("undone: %+v, %v", i, onHand())
		}
	})
}

func TestImports_refused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for _, c := range []struct {
			query, token, file string
			status             int
		}{
			{"kind=stock&name=a.csv", w.reader, "code,units\nTS-01,3\n", http.StatusForbidden},
			{"kind=everything&name=a.csv", w.writer, "code,units\nTS-01,3\n", http.StatusBadRequest},
			{"kind=stock&name=a.csv", w.writer, "%PDF-1.4 and so on", http.StatusUnprocessableEntity},
		} {
			a := w.do(call{method: http.MethodPost, path: "/api/v1/imports?" + c.query, token: c.token, body: c.file, header: map[string]string{"Content-Type": "application/octet-stream"}})
			if a.status != c.status {
				t.Errorf("%s %q: %d %s", c.query, c.file, a.status, a.body)
			}
		}
		for path, status := range map[string]int{"/api/v1/imports/7": 404, "/api/v1/imports/x/rows": 404, "/api/v1/imports/7/findings": 404} {
			if a := w.get(path); a.status != status {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
		to := w.sendFile("kind=stock&name=wrong.csv", "色,柄\n赤,水玉\n")
		if i := w.importAt(to); i.State != store.ImportRefused || len(i.Problem) < 10 {
			t.Errorf("wrong headers: %+v", i)
		}
		if a := w.get(to + "/rows?cursor=here"); a.status != http.StatusBadRequest {
			t.Errorf("a cursor that is none: %d", a.status)
		}
	})
}
