package store_test

import (
	"context"
	"errors"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestInbound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A-01", "A-02")
		n := func(v int64) *int64 { return &v }
		text := func(v string) *string { return &v }
		day := stock.DateDay(2026, 12, 24)
		due := &day
		yes, no := true, false
		edit := func(rows ...store.InboundRow) store.InboundAnswer {
			t.Helper()
			answer, err := db.EditInbound(ctx, b.tenant, "owner", rows)
			b.must(err)
			return answer
		}
		lines := func(q store.InboundQuery) string {
			t.Helper()
			page, err := db.ListInbound(ctx, b.tenant, q)
			b.must(err)
			var list string
			for _, l := range page.Lines {
				list += l.Code + " " + l.Document + " "
			}
			return list
		}
		answer := edit(store.InboundRow{SKU: b.id("A-01"), Document: "PO-1", Units: n(10), Due: &due, Note: text("春の分")}, store.InboundRow{SKU: b.id("A-02"), Document: "PO-1", Units: n(3)})
		if !answer.Applied || answer.Rows[0].Before != nil || answer.Rows[0].After.ID == 0 || *answer.Rows[0].After.Due != day || answer.Rows[0].After.Left() != 10 {
			t.Errorf("%+v", answer)
		}
		again := edit(store.InboundRow{SKU: b.id("A-01"), Document: "PO-1", Units: n(12)})
		if again.Rows[0].After.ID != answer.Rows[0].After.ID || again.Rows[0].After.Note != "春の分" || *again.Rows[0].After.Due != day || again.Rows[0].Before.Units != 10 {
			t.Errorf("%+v", again)
		}
		for name, row := range map[string]store.InboundRow{"missing document": {SKU: b.id("A-01"), Units: n(1)}, "missing units": {SKU: b.id("A-01"), Document: "new"},
			"negative units": {SKU: b.id("A-01"), Document: "new", Units: n(-1)}, "large units": {SKU: b.id("A-01"), Document: "new", Units: n(stock.LargestUnits + 1)}} {
			if answer := edit(store.InboundRow{SKU: b.id("A-02"), Document: "good", Units: n(1)}, row); answer.Applied || answer.Rows[1].Refused == nil ||
				answer.Rows[1].Refused.Code+" "+answer.Rows[1].Refused.Field != name {
				t.Errorf("%s: %+v", name, answer.Rows[1].Refused)
			}
		}
		if got := lines(store.InboundQuery{}); got != "A-02 PO-1 A-01 PO-1 " && got != "A-01 PO-1 A-02 PO-1 " {
			t.Errorf("open: %s", got)
		}
		receive := func(key string, rows ...store.ReceiptRow) store.ReceiptAnswer {
			t.Helper()
			answer, err := db.ReceiveInbound(ctx, b.tenant, store.Receipt{Key: key, Cause: stock.ByHand, Actor: "owner", Location: b.location, Rows: rows})
			b.must(err)
			return answer
		}
		some := store.ReceiptRow{SKU: b.id("A-01"), Document: "PO-1", Units: 5}
		for range 2 { // once, however often it is asked for
			r := receive("r1", some)
			if !r.Applied || r.Rows[0].Line.Received != 5 || r.Rows[0].After.OnHand != 5 || r.Rows[0].Line.Left() != 7 || r.Rows[0].Line.Code != "A-01" {
				t.Errorf("%+v", r)
			}
		}
		if _, err := db.ReceiveInbound(ctx, b.tenant, store.Receipt{Key: "r1", Cause: stock.ByHand, Location: b.location, Rows: []store.ReceiptRow{{SKU: b.id("A-01"), Document: "PO-1", Units: 6}}}); !errors.Is(err, store.ErrKeyReused) {
			t.Errorf("%v", err)
		}
		if r := receive("r2", some, store.ReceiptRow{SKU: b.id("A-02"), Document: "PO-9", Units: 1}); r.Applied || r.Rows[1].Refused.Code != "no_line" {
			t.Errorf("%+v", r)
		}
		if r := receive("r3", store.ReceiptRow{SKU: b.id("A-01"), Document: "PO-1", Units: 9}, store.ReceiptRow{SKU: b.id("A-02"), Document: "PO-1", Units: 1, Last: true}); !r.Applied ||
			r.Rows[0].Line.ClosedAt.IsZero() || r.Rows[1].Line.ClosedAt.IsZero() || r.Rows[0].After.OnHand != 14 {
			t.Errorf("%+v", r)
		}
		if r := receive("r4", some); r.Applied || r.Rows[0].Refused.Code != "closed" {
			t.Errorf("%+v", r)
		}
		if got := lines(store.InboundQuery{}); got != "" {
			t.Errorf("open after all has come: %s", got)
		}
		edit(store.InboundRow{SKU: b.id("A-02"), Document: "PO-1", Closed: &no})
		if got := lines(store.InboundQuery{}); got != "A-02 PO-1 " {
			t.Errorf("opened again: %s", got)
		}
		if got := lines(store.InboundQuery{SKU: "A-01", Closed: true}); got != "A-01 PO-1 " {
			t.Errorf("of one SKU: %s", got)
		}
		edit(store.InboundRow{SKU: b.id("A-02"), Document: "PO-1", Closed: &yes})
		page, err := db.ListInbound(ctx, b.tenant, store.InboundQuery{Closed: true, Limit: 1})
		b.must(err)
		next, err := db.ListInbound(ctx, b.tenant, store.InboundQuery{Closed: true, Limit: 1, After: page.Next})
		if err != nil || len(page.Lines) != 1 || len(next.Lines) != 1 || next.Next != "" || next.Lines[0].ID == page.Lines[0].ID {
			t.Errorf("%+v, %+v, %v", page, next, err)
		}
		moves, err := db.ListMovements(ctx, b.tenant, "A-01", "", 10)
		b.must(err)
		if len(moves.Movements) != 2 || moves.Movements[0].Kind != stock.Receipt || moves.Movements[0].Document != "PO-1" || moves.Movements[0].OnHandDelta != 9 {
			t.Errorf("%+v", moves.Movements)
		}
		if r, err := db.Verify(ctx, b.tenant, nil); err != nil || !r.OK() {
			t.Errorf("%v, %v", r.Broken, err)
		}
		other := newBooks(t, db, "b")
		if page, err := db.ListInbound(ctx, other.tenant, store.InboundQuery{Closed: true}); err != nil || len(page.Lines) != 0 {
			t.Errorf("another tenant sees %+v, %v", page, err)
		}
		if _, err := db.EditInbound(ctx, other.tenant, "x", []store.InboundRow{{SKU: b.id("A-01"), Document: "PO-1", Units: n(1)}}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant edits: %v", err)
		}
	})
}
