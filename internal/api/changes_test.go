package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func (w *world) onHand(code string) int64 {
	w.t.Helper()
	var s struct {
		OnHand int64 `json:"on_hand"`
	}
	w.must(json.Unmarshal(w.get("/api/v1/stock/"+escaped(code)).body, &s))
	return s.OnHand
}

func TestChanges(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		golden(t, "changes_applied", w.post(`{"rows": [{"code": "TS-01", "mode": "set", "units": 10, "reason": "棚卸"}, {"code": "KZ/1 001", "mode": "add", "units": 3},
			{"code": "TS-01", "mode": "subtract", "units": 4}, {"code": "TS-02", "mode": "subtract", "units": 2, "allow_negative": true}]}`))
		if w.changed != 1 {
			t.Errorf("the planner was woken %d times", w.changed)
		}
		golden(t, "changes_history", w.get("/api/v1/stock/TS-01/movements"))
		refused := w.post(`{"rows": [{"code": "TS-01", "mode": "add", "units": 1}, {"code": "TS-01", "mode": "subtract", "units": 8}, {"code": "ts-01", "mode": "set", "units": 1}]}`)
		golden(t, "changes_unknown", refused)
		golden(t, "changes_negative", w.post(`{"rows": [{"code": "TS-01", "mode": "add", "units": 1}, {"code": "TS-01", "mode": "subtract", "units": 8}]}`))
		if got := w.onHand("TS-01"); got != 6 || w.changed != 1 {
			t.Errorf("on hand %d after refused batches, woken %d times", got, w.changed)
		}
		golden(t, "changes_partial", w.post(`{"partial": true, "rows": [{"code": "TS-01", "mode": "add", "units": 1}, {"code": "TS-01", "mode": "subtract", "units": 8}, {"code": "ts-01", "mode": "set", "units": 1}]}`))
		golden(t, "changes_partial_none", w.post(`{"partial": true, "rows": [{"code": "nothing", "mode": "add", "units": 1}]}`))
		if got := w.onHand("TS-01"); got != 7 {
			t.Errorf("on hand %d after a partial batch", got)
		}
	})
}

func TestChanges_once(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const body = `{"rows": [{"code": "TS-01", "mode": "add", "units": 5}]}`
		first := w.post(body, "Idempotency-Key", "batch-1")
		again := w.post(body, "Idempotency-Key", "batch-1")
		if first.status != 200 || strings.Replace(string(first.body), `"repeated":false`, `"repeated":true`, 1) != string(again.body) {
			t.Errorf("first %s\nagain %s", first.body, again.body)
		}
		golden(t, "changes_key_reused", w.post(`{"rows": [{"code": "TS-01", "mode": "add", "units": 6}]}`, "Idempotency-Key", "batch-1"))
		// Another token's key is another key.
		_, other, err := db.AddAPIToken(t.Context(), w.tenant, "レジ", true)
		w.must(err)
		mine := w.writer
		w.writer = other
		if a := w.post(body, "Idempotency-Key", "batch-1"); a.status != 200 || strings.Contains(string(a.body), `"repeated":true`) {
			t.Errorf("another token's key: %d %s", a.status, a.body)
		}
		w.writer = mine
		if got := w.onHand("TS-01"); got != 10 || w.changed != 2 {
			t.Errorf("on hand %d, woken %d times", got, w.changed)
		}
		for _, key := range []string{strings.Repeat("x", 201), "鍵", "a\tb"} {
			if p := w.post(body, "Idempotency-Key", key).problem(t); p.Status != 400 || p.Parameter != "Idempotency-Key" {
				t.Errorf("key %.10q: %+v", key, p)
			}
		}
	})
}

// The same key sent many times at once is one change.
func TestChanges_once_at_once(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		api := New(Deps{DB: db, Clock: w.clock(), Log: w.quiet()})
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				if status, body := postTo(api, w.writer, "once", `{"rows": [{"code": "TS-01", "mode": "add", "units": 1}]}`); status != 200 {
					t.Errorf("%d %s", status, body)
				}
			})
		}
		wg.Wait()
		if got := w.onHand("TS-01"); got != 1 {
			t.Errorf("on hand %d", got)
		}
	})
}

func TestChanges_wrong_bodies(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		row := `{"code": "TS-01", "mode": "set", "units": 1}`
		for name, c := range map[string]struct {
			body   string
			kind   kind
			errors string // pointers and details
		}{
			"empty":               {``, invalidBody, ``},
			"no JSON":             {`{"rows": [`, invalidBody, ``},
			"two values":          {`{"rows": [` + row + `]} {}`, invalidBody, ``},
			"a list":              {`[]`, invalidBody, ` must be an object, not an array.`},
			"null":                {`null`, invalidBody, ` must be an object, not null.`},
			"no rows":             {`{}`, invalidBody, `/rows the field "rows" is missing.`},
			"empty rows":          {`{"rows": []}`, invalidBody, `/rows must have at least one row.`},
			"rows are no list":    {`{"rows": {}}`, invalidBody, `/rows must be an array, not an object.`},
			"a row is no object":  {`{"rows": [` + row + `, 7]}`, invalidBody, `/rows/1 must be an object, not a number.`},
			"an unknown field":    {`{"rows": [` + row + `], "partail": true}`, invalidBody, `/partail the field "partail" is unknown; known are rows, partial.`},
			"an odd name":         {`{"rows": [` + row + `], "a/b~c": 1}`, invalidBody, `/a~1b~0c the field "a/b~c" is unknown; known are rows, partial.`},
			"units as text":       {`{"rows": [{"code": "TS-01", "mode": "set", "units": "1"}]}`, invalidBody, `/rows/0/units must be a whole number, not a string.`},
			"half a unit":         {`{"rows": [{"code": "TS-01", "mode": "set", "units": 0.5}]}`, invalidBody, `/rows/0/units must be a whole number from 0 to 1000000000, not 0.5.`},
			"units below nothing": {`{"rows": [{"code": "TS-01", "mode": "set", "units": -1}]}`, invalidBody, `/rows/0/units must be from 0 to 1000000000, not -1.`},
			"units without end":   {`{"rows": [{"code": "TS-01", "mode": "set", "units": 99999999999999999999}]}`, invalidBody, `/rows/0/units must be a whole number from 0 to 1000000000, not 99999999999999999999.`},
			"an unknown mode":     {`{"rows": [{"code": "TS-01", "mode": "put", "units": 1}]}`, invalidBody, `/rows/0/mode must be one of set, add, subtract, not "put".`},
			"partial as text":     {`{"rows": [` + row + `], "partial": "yes"}`, invalidBody, `/partial must be true or false, not a string.`},
			"no code":             {`{"rows": [{"code": "", "mode": "set", "units": 1}]}`, invalidBody, `/rows/0/code must not be empty.`},
			"a zero character":    {`{"rows": [{"code": "a\u0000", "mode": "set", "units": 1}]}`, invalidBody, `/rows/0/code must not hold the character U+0000.`},
			"a long reason":       {`{"rows": [{"code": "TS-01", "mode": "set", "units": 1, "reason": "` + strings.Repeat("長", 201) + `"}]}`, invalidBody, `/rows/0/reason has 201 characters, and at most 200 are taken.`},
			"all that is wrong at once": {`{"rows": [{"mode": 1, "units": null, "x": 0}, {"code": 5, "mode": "set", "units": 1, "allow_negative": 1}]}`, invalidBody,
				`/rows/0/x the field "x" is unknown; known are code, mode, units, reason, allow_negative. /rows/0/code the field "code" is missing. /rows/0/mode must be a string, not a number. ` +
					`/rows/0/units must be a whole number, not null. /rows/1/code must be a string, not a number. /rows/1/allow_negative must be true or false, not a number.`},
			"too many rows": {`{"rows": [` + strings.Repeat(row+",", 1000) + row + `]}`, invalidBody, `/rows has 1001 rows, and at most 1000 are taken at once.`},
			"too large":     {`{"rows": [{"code": "` + strings.Repeat("x", 1<<20) + `"}]}`, tooLarge, ``},
		} {
			a := w.post(c.body)
			p := a.problem(t)
			var told []string
			for _, e := range p.Errors {
				told = append(told, e.Pointer+" "+e.Detail)
			}
			if p.Type != typePrefix+c.kind.name || a.status != c.kind.status || strings.Join(told, " ") != c.errors {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json5"} {
			if p := w.post(`{"rows": [`+row+`]}`, "Content-Type", kind).problem(t); p.Status != 415 || p.Type != typePrefix+unsupportedType.name {
				t.Errorf("type %q: %+v", kind, p)
			}
		}
		if a := w.post(`{"rows": [`+row+`]}`, "Content-Type", "application/json; charset=utf-8"); a.status != 200 {
			t.Errorf("with a character set: %d", a.status)
		}
		if w.changed != 1 {
			t.Errorf("the planner was woken %d times", w.changed)
		}
	})
}

func TestChanges_thousand_rows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var rows []string
		for i := range 1000 {
			rows = append(rows, fmt.Sprintf(`{"code": "TS-0%d", "mode": "add", "units": 2}`, 1+i%2))
		}
		a := w.post(`{"rows": [` + strings.Join(rows, ",") + `]}`)
		if a.status != 200 || w.onHand("TS-01") != 1000 || w.onHand("TS-02") != 1000 {
			t.Errorf("%d %.200s", a.status, a.body)
		}
	})
}
