package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// A program opens a stocktake, counts, has some counted again, approves and closes.
func TestStocktakes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.set("TS-01", 10)
		w.set("TS-02", 10)
		w.set("DESK", 2)
		do := func(path, key, body string) answer {
			return w.put(http.MethodPost, "/api/v1/stocktakes"+path, key, body)
		}
		const form = `{"name": "春の棚卸", "picked": "asked", "codes": ["TS-01", "TS-02", "DESK"], "blind": true}`
		opened := do("", "open", form)
		golden(t, "stocktake_opened", opened)
		id := into[Stocktake](w, opened, http.StatusCreated).ID
		if again := into[Stocktake](w, do("", "open", form), http.StatusCreated); again.ID != id || opened.header.Get("Location") != fmt.Sprint("/api/v1/stocktakes/", id) {
			t.Errorf("opened twice: %+v", again)
		}
		at := fmt.Sprint("/", id)
		counts := `{"rows": [{"key": "1", "code": "ts-01", "units": 7, "picked": 1}, {"key": "2", "code": "TS-02", "units": 9, "mode": "add"}, {"key": "3", "code": "NOPE", "units": 1}]}`
		golden(t, "stocktake_counts", do(at+"/counts", "", counts))
		if again := into[CountsAnswer](w, do(at+"/counts", "", counts), 200); !again.Rows[0].Repeated || again.Rows[1].Counted != 9 {
			t.Errorf("%+v", again)
		}
		golden(t, "stocktake_lines", w.get("/api/v1/stocktakes"+at+"/lines"))
		golden(t, "stocktake_uncounted", w.get("/api/v1/stocktakes"+at+"/uncounted?missing=true"))
		if page := into[CountLinePage](w, w.get("/api/v1/stocktakes"+at+"/lines?limit=1&sort=code"), 200); len(page.Items) != 1 || page.Items[0].Code != "TS-01" || page.NextCursor == nil {
			t.Errorf("%+v", page)
		}
		if undone := into[CountsAnswer](w, do(at+"/counts/undo", "", `{"rows": [{"key": "2"}]}`), 200); undone.Applied != 1 || undone.Rows[0].Counted != 0 {
			t.Errorf("%+v", undone)
		}
		w.refused(do(at+"/counts/undo", "", `{"rows": [{"key": "never"}]}`), unknownCount, "Nothing")
		golden(t, "stocktake_refused", do(at+"/approvals", "a0", `{"rows": [{"code": "TS-01"}, {"code": "TS-02"}, {"code": "NOPE"}]}`))
		golden(t, "stocktake_not_counted", do(at+"/approvals", "a0", `{"rows": [{"code": "TS-01"}, {"code": "TS-02"}]}`))
		const approve = `{"rows": [{"code": "TS-01", "reason": "紛失"}]}`
		golden(t, "stocktake_approved", do(at+"/approvals", "a1", approve))
		if again := into[ApprovalsAnswer](w, do(at+"/approvals", "a1", approve), 200); !again.Repeated || w.changed != 1 {
			t.Errorf("%+v, planned %d times", again, w.changed)
		}
		w.refused(do(at+"/approvals", "", approve), invalidParameter, "Idempotency-Key")
		w.refused(do(at+"/approvals", "a1", `{"rows": [{"code": "TS-02"}]}`), keyReused, "new key")
		if back := into[ApprovalsAnswer](w, do(at+"/approvals?undo=true", "a2", approve), 200); back.Rows[0].Delta != 2 || back.Rows[0].OnHand != 10 {
			t.Errorf("%+v", back)
		}
		if again := into[Stocktake](w, do(at+"/recounts", "", `{"rows": [{"code": "TS-01"}]}`), 200); again.Recounts != 1 {
			t.Errorf("%+v", again)
		}
		w.refused(do(at+"/close", "", `{}`), stocktakeState, "leave_uncounted")
		if absent := into[Stocktake](w, do(at+"/absent", "", ``), 200); absent.Waiting != 2 || absent.Missing != 0 {
			t.Errorf("%+v", absent)
		}
		w.refused(do(at+"/close", "", `{"leave_uncounted": true}`), stocktakeState, "2 differences")
		closed := into[Stocktake](w, do(at+"/close", "", `{"leave_uncounted": true, "leave_differences": true}`), 200)
		if closed.ClosedAt == nil || closed.Left != 3 {
			t.Errorf("%+v", closed)
		}
		w.refused(do(at+"/counts", "", counts), stocktakeState, "closed")
		if list := into[StocktakePage](w, w.get("/api/v1/stocktakes?limit=1"), 200); len(list.Items) != 1 || list.Items[0].ID != id {
			t.Errorf("%+v", list)
		}
		for path, want := range map[string]kind{"/x": unknownStocktake, "/1": unknownStocktake, at + "/lines?cursor=x": invalidParameter, at + "/lines?show=none": invalidParameter, "?cursor=x": invalidParameter,
			at + "/uncounted?cursor=x": invalidParameter} {
			w.refused(w.get("/api/v1/stocktakes"+path), want, "")
		}
		for body, want := range map[string]string{
			`{"name": "x"}`:                                                  `"/picked"`,
			`{"name": "x", "picked": "somewhere"}`:                           `"/picked"`,
			`{"name": "x", "picked": "taken", "codes": ["NOPE"]}`:            `"/codes/0"`,
			`{"name": "x", "picked": "taken", "codes": []}`:                  `"/codes"`,
			`{"name": "x", "picked": "taken", "codes": ["DESK"], "q": "T"}`:  `"/codes"`,
			`{"name": "x", "picked": "taken", "location": "attic"}`:          `"/location"`,
			`{"name": "` + strings.Repeat("長", 61) + `", "picked": "taken"}`: `"/name"`,
		} {
			w.refused(do("", "bad", body), invalidBody, want)
		}
		for row, want := range map[string]string{
			`{"key": "", "code": "DESK", "units": 1}`:                                        `"/rows/0/key"`,
			`{"key": "k", "code": "DESK", "units": -1}`:                                      `"/rows/0/units"`,
			`{"key": "k", "code": "DESK", "units": 1, "counted_at": "yesterday"}`:            `"/rows/0/counted_at"`,
			`{"key": "k", "code": "DESK", "units": 1, "counted_at": "2999-01-01T00:00:00Z"}`: `"/rows/0/counted_at"`,
			`{"key": "k", "code": "DESK", "units": 1, "mode": "steal"}`:                      `"/rows/0/mode"`,
		} {
			w.refused(do(at+"/counts", "", `{"rows": [`+row+`]}`), invalidBody, want)
		}
	})
}

// Each code of a stocktake's refusals has its sentence, and no other does.
func TestStocktakes_sentences(t *testing.T) {
	t.Parallel()
	codes := store.StocktakeCodes()
	for _, code := range codes {
		if countSentences[code] == "" {
			t.Errorf("%s has no sentence", code)
		}
	}
	for code := range countSentences {
		if !slices.Contains(codes, code) {
			t.Errorf("nobody refuses with %s", code)
		}
	}
}
