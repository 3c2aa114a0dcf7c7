package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// counting is a stocktake of some books.
type counting struct {
	*books
	take  store.Stocktake
	keys  int
	clock *handClock
}

func (b *books) count(picked stock.PickedUnits, c *handClock) *counting {
	b.t.Helper()
	s, err := b.db.OpenStocktake(context.Background(), b.tenant, store.NewStocktake{Key: "open " + string(picked), Name: "春の棚卸", Location: b.location, Picked: picked, Actor: "owner"})
	b.must(err)
	return &counting{books: b, take: s, clock: c}
}

func (c *counting) key() string { c.keys++; return fmt.Sprint("k", c.keys) }

// scan says that there are so many of each, as "A-01×3".
func (c *counting) scan(list ...string) []store.ScanResult {
	c.t.Helper()
	var scans []store.NewScan
	for _, text := range list {
		code, units, _ := strings.Cut(text, "×")
		n := store.NewScan{Key: c.key(), SKU: c.id(code), Sets: true}
		if _, err := fmt.Sscan(units, &n.Units); err != nil {
			c.t.Fatal(err)
		}
		scans = append(scans, n)
	}
	results, err := c.db.AddScans(context.Background(), c.tenant, c.take.ID, "hana", scans)
	c.must(err)
	return results
}

// line is what is known of a SKU.
func (c *counting) line(code string) *store.StocktakeLine {
	c.t.Helper()
	page, err := c.db.ListStocktakeLines(context.Background(), c.tenant, c.take, store.LineQuery{SKUs: []stock.SKUID{c.id(code)}})
	c.must(err)
	if len(page.Lines) == 0 {
		return nil
	}
	return &page.Lines[0]
}

func (c *counting) approve(rows ...store.ApprovalRow) store.ApprovalAnswer {
	c.t.Helper()
	answer, err := c.db.Approve(context.Background(), c.tenant, store.Approval{Stocktake: c.take.ID, Key: c.key(), Actor: "owner", Reason: "棚卸", Rows: rows})
	c.must(err)
	return answer
}

func (c *counting) row(code string) store.ApprovalRow { return store.ApprovalRow{SKU: c.id(code)} }

func (b *books) onHand(code string) int64 {
	b.t.Helper()
	s, err := b.db.LoadSKU(context.Background(), b.tenant, code)
	b.must(err)
	return s.Balance.OnHand
}

func (b *books) change(kind stock.MovementKind, code string, units int64) {
	b.t.Helper()
	c := stock.Change{SKU: b.id(code), Location: b.location, Mode: stock.Add, Units: units, AllowNegative: true}
	if units < 0 {
		c.Mode, c.Units = stock.Subtract, -units
	}
	_, err := b.db.ChangeStock(context.Background(), b.tenant, store.ChangeRequest{Cause: stock.ByHand, Kind: kind, Document: "test", Rows: []stock.Change{c}})
	b.must(err)
}

func refusals(a store.ApprovalAnswer) string {
	var list []string
	for _, r := range a.Rows {
		if r.Refused != nil {
			list = append(list, r.Refused.Code)
		} else {
			list = append(list, "-")
		}
	}
	return strings.Join(list, " ")
}

func TestStocktake(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	storetest.EachClock(t, clock, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A-01 傘", "A-02 靴", "A-03 帽子", "A-04 皿")
		for _, code := range []string{"A-01", "A-02", "A-03"} {
			b.set(code, 10)
		}
		shop := b.shop("本店", "A-01", "A-02", "A-03")
		c := b.count(stock.OnShelf, clock)
		sums := func() string {
			t.Helper()
			s, err := db.SumStocktake(ctx, b.tenant, c.take)
			b.must(err)
			return fmt.Sprintf("scope %d counted %d asked %d waiting %d approved %d left %d uncounted %d missing %d", s.Scope, s.Counted, s.Asked, s.Waiting, s.Approved, s.Left, s.Uncounted, s.Missing)
		}
		if got := sums(); got != "scope 4 counted 0 asked 0 waiting 0 approved 0 left 0 uncounted 4 missing 3" {
			t.Error(got)
		}
		// The same key opens nothing new.
		if again := b.count(stock.OnShelf, clock); again.take.ID != c.take.ID {
			t.Errorf("opened twice: %+v", again.take)
		}

		clock.advance(time.Second)
		c.scan("A-01×8", "A-02×10")
		clock.advance(time.Second)
		b.sale(shop, "1", "A-01×3") // an order only commits
		if l := c.line("A-01"); l.Expected != 10 || l.Variance != -2 || l.Delta != -2 || l.Count.Units != 8 || l.Actor != "hana" || !l.Sure() {
			t.Errorf("%+v", l)
		}
		b.change(stock.Issue, "A-02", -4) // after the count: its difference stays 0
		if l := c.line("A-02"); l.Variance != 0 || l.Delta != 0 || l.OnHand != 6 {
			t.Errorf("%+v", l)
		}
		if got := sums(); got != "scope 4 counted 2 asked 0 waiting 2 approved 0 left 0 uncounted 2 missing 1" {
			t.Error(got)
		}
		// All or none.
		if a := c.approve(c.row("A-01"), c.row("A-03")); a.Applied || refusals(a) != "- unknown" || b.onHand("A-01") != 10 {
			t.Errorf("%+v", a)
		}
		approval := store.Approval{Stocktake: c.take.ID, Key: "once", Actor: "owner", Reason: "紛失", Rows: []store.ApprovalRow{c.row("A-01"), c.row("A-02")}}
		for i := range 2 {
			a, err := db.Approve(ctx, b.tenant, approval)
			if err != nil || !a.Applied || a.Repeated != (i > 0) || a.Rows[0].Delta != -2 || a.Rows[0].After != 8 || a.Rows[1].Delta != 0 {
				t.Errorf("%+v, %v", a, err)
			}
		}
		approval.Rows = approval.Rows[:1]
		if _, err := db.Approve(ctx, b.tenant, approval); !errors.Is(err, store.ErrKeyReused) {
			t.Errorf("a key for something else: %v", err)
		}
		moves, err := db.ListMovements(ctx, b.tenant, "A-01", "", 10)
		b.must(err)
		if m := moves.Movements[0]; m.Cause != stock.ByStocktake || m.OnHandDelta != -2 || m.Reason != "紛失" || m.Document != "春の棚卸" || m.Kind != stock.Adjustment {
			t.Errorf("%+v", m)
		}
		// Approved lines take no more scans; asking for them again changes nothing.
		if r := c.scan("A-01×1"); r[0].Refused == nil || r[0].Refused.Code != "approved" || r[0].Counted != 8 {
			t.Errorf("%+v", r[0])
		}
		if n, err := db.AskRecount(ctx, b.tenant, c.take.ID, "owner", []stock.SKUID{b.id("A-01")}); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
		// Undone, the line is counted again, and can be approved anew.
		undo, err := db.Approve(ctx, b.tenant, store.Approval{Stocktake: c.take.ID, Key: "undo", Actor: "owner", Undo: true, Rows: []store.ApprovalRow{c.row("A-01")}})
		if err != nil || !undo.Applied || undo.Rows[0].Delta != 2 || b.onHand("A-01") != 10 {
			t.Errorf("%+v, %v", undo, err)
		}
		if l := c.line("A-01"); l.State != store.LineCounted || l.Delta != -2 || !l.Sure() {
			t.Errorf("%+v", l)
		}
		if a := c.approve(c.row("A-01")); !a.Applied || b.onHand("A-01") != 8 {
			t.Errorf("%+v", a)
		}
		// A recount: the first round decides nothing any more, nor do scans of it that arrive late.
		c.scan("A-03×4")
		clock.advance(time.Minute)
		if n, err := db.AskRecount(ctx, b.tenant, c.take.ID, "owner", []stock.SKUID{b.id("A-03"), b.id("A-04")}); err != nil || n != 1 {
			t.Errorf("%d, %v", n, err)
		}
		if a := c.approve(c.row("A-03")); a.Applied || refusals(a) != "not_counted" {
			t.Errorf("%+v", a)
		}
		clock.advance(time.Second)
		_, err = db.AddScans(ctx, b.tenant, c.take.ID, "hana", []store.NewScan{{Key: "late", SKU: b.id("A-03"), Units: 1, Age: 30 * time.Second}})
		b.must(err)
		if l := c.line("A-03"); l.State != store.LineAsked || l.Round != 2 {
			t.Errorf("%+v", l)
		}
		if err := db.CloseStocktake(ctx, b.tenant, c.take.ID, "owner", false, false); code(err) != "uncounted 1" {
			t.Errorf("%v", err)
		}
		c.scan("A-03×9")
		if l := c.line("A-03"); l.State != store.LineCounted || l.Count.Units != 9 || l.Variance != -1 {
			t.Errorf("%+v", l)
		}
		if err := db.CloseStocktake(ctx, b.tenant, c.take.ID, "owner", false, false); code(err) != "differences 1" {
			t.Errorf("%v", err)
		}
		b.must(db.CloseStocktake(ctx, b.tenant, c.take.ID, "owner", true, true))
		c.take, err = db.LoadStocktake(ctx, b.tenant, c.take.ID)
		b.must(err)
		if l := c.line("A-03"); l.State != store.LineLeft || l.Variance != -1 || l.Expected != 10 || b.onHand("A-03") != 10 {
			t.Errorf("%+v", l)
		}
		if l := c.line("A-01"); l.State != store.LineApproved || l.Variance != -2 || l.Expected != 10 || l.Count.Posted != -2 {
			t.Errorf("%+v", l)
		}
		if _, err := db.AddScans(ctx, b.tenant, c.take.ID, "hana", []store.NewScan{{Key: "x", SKU: b.id("A-03"), Units: 1}}); code(err) != "closed 0" {
			t.Errorf("%v", err)
		}
		if _, err := db.Approve(ctx, b.tenant, store.Approval{Stocktake: c.take.ID, Key: "y", Rows: []store.ApprovalRow{c.row("A-03")}}); code(err) != "closed 0" {
			t.Errorf("%v", err)
		}
		if r, err := db.Verify(ctx, b.tenant, nil); err != nil || !r.OK() {
			t.Errorf("%v, %v", r.Broken, err)
		}
		for _, page := range []int{1, 2, 1000} {
			if _, err := db.Exec(ctx, "UPDATE stocktake_line SET posted = posted + 1 WHERE state = 'approved' AND posted <> 0"); err != nil {
				t.Fatal(err)
			}
			r, err := db.VerifyInParts(ctx, b.tenant, 1000, page)
			if want := "stocktake_line sku A-01, location main: posted, over all stocktakes, is -1 and must be -2 by the movements of stocktakes"; err != nil || r.OK() || r.Broken.String() != want {
				t.Errorf("by %d: %v, %v", page, r.Broken, err)
			}
			if _, err := db.Exec(ctx, "UPDATE stocktake_line SET posted = posted - 1 WHERE state = 'approved' AND posted <> 0"); err != nil {
				t.Fatal(err)
			}
			if r, err := db.VerifyInParts(ctx, b.tenant, 1000, page); err != nil || !r.OK() {
				t.Errorf("by %d: %v, %v", page, r.Broken, err)
			}
		}
		other := newBooks(t, db, "b")
		if _, err := db.LoadStocktake(ctx, other.tenant, c.take.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant: %v", err)
		}
		if list, err := db.ListStocktakes(ctx, other.tenant, 0, 10); err != nil || len(list) != 0 {
			t.Errorf("another tenant: %v, %v", list, err)
		}
		if list, err := db.ListStocktakes(ctx, b.tenant, 0, 10); err != nil || len(list) != 1 || list[0].Place == "" || list[0].ClosedBy != "owner" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func code(err error) string {
	var wrong *store.StocktakeError
	if errors.As(err, &wrong) {
		return fmt.Sprint(wrong.Code, " ", wrong.N)
	}
	return fmt.Sprint(err)
}

func TestStocktake_scans(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	storetest.EachClock(t, clock, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.skus("A-01 傘", "A-02 靴")
		b.set("A-01", 5)
		c := b.count(stock.PickedAsked, clock)
		clock.advance(time.Hour)
		one := func(key string, units int64, age time.Duration) store.NewScan {
			return store.NewScan{Key: key, SKU: b.id("A-01"), Units: units, Age: age}
		}
		add := func(scans ...store.NewScan) []store.ScanResult {
			t.Helper()
			results, err := db.AddScans(ctx, b.tenant, c.take.ID, "hana", scans)
			b.must(err)
			return results
		}
		add(one("1", 1, 3*time.Minute), one("2", 1, 2*time.Minute))
		r := add(one("2", 1, 5*time.Minute), one("3", 12, time.Minute), one("3", 12, time.Minute)) // sent again, and twice in one go
		if !r[0].Repeated || r[1].Repeated || !r[2].Repeated || r[2].Counted != 14 {
			t.Errorf("%+v", r)
		}
		if l := c.line("A-01"); l.Count.Units != 14 || l.Scans != 3 || !l.CountedAt.Equal(clock.Now().Add(-time.Minute)) {
			t.Errorf("%+v", l)
		}
		for range 2 {
			if n, err := db.UndoScan(ctx, b.tenant, c.take.ID, "3"); err != nil || n != 2 {
				t.Errorf("%d, %v", n, err)
			}
		}
		if _, err := db.UndoScan(ctx, b.tenant, c.take.ID, "never"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v", err)
		}
		// A figure replaces what was scanned before it, whenever it arrives.
		two := int64(2)
		add(store.NewScan{Key: "set", SKU: b.id("A-01"), Sets: true, Units: 7, Picked: &two, Age: 150 * time.Second})
		if l := c.line("A-01"); l.Count.Units != 8 || l.Count.Picked != 2 {
			t.Errorf("%+v", l)
		}
		for want, bad := range map[string]store.NewScan{"key": one("", 1, 0), "units": one("u", -1, 0), "age": one("a", 1, -time.Second)} {
			if r := add(bad, one("good "+want, 0, 0)); r[0].Refused == nil || r[0].Refused.Code != want || r[1].Refused != nil {
				t.Errorf("%s: %+v", want, r)
			}
		}
		if _, err := db.AddScans(ctx, b.tenant, c.take.ID, "hana", []store.NewScan{{Key: "z", SKU: 1}}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v", err)
		}
		// Units that move between the scans of a line may or may not have been counted.
		b.set("A-02", 5)
		clock.advance(time.Minute)
		add(store.NewScan{Key: "b1", SKU: b.id("A-02"), Units: 2})
		clock.advance(time.Minute)
		b.change(stock.Issue, "A-02", -1)
		clock.advance(time.Minute)
		add(store.NewScan{Key: "b2", SKU: b.id("A-02"), Units: 2})
		if l := c.line("A-02"); l.Between != 1 || l.Sure() || l.Variance != 0 {
			t.Errorf("%+v", l)
		}
		if a := c.approve(c.row("A-02")); a.Applied || refusals(a) != "moved_between" {
			t.Errorf("%+v", a)
		}
		if a := c.approve(store.ApprovalRow{SKU: b.id("A-02"), Anyway: true}); !a.Applied {
			t.Errorf("%+v", a)
		}
		// A line without scans is gone.
		for _, key := range []string{"1", "2", "set", "good key", "good units", "good age"} {
			_, err := db.UndoScan(ctx, b.tenant, c.take.ID, key)
			b.must(err)
		}
		if l := c.line("A-01"); l != nil {
			t.Errorf("%+v", l)
		}
		// What nobody has counted becomes 0 only when somebody says so.
		if last, err := db.CountAbsent(ctx, b.tenant, c.take.ID, "hana", 0); err != nil || last != 0 {
			t.Errorf("%d, %v", last, err)
		}
		if l := c.line("A-01"); l.Count.Units != 0 || l.Variance != -5 || b.onHand("A-01") != 5 {
			t.Errorf("%+v", l)
		}
		_, err := db.UndoScans(ctx, b.tenant, c.take.ID, "", []string{fmt.Sprintf("absent/%d/%d", b.id("A-01"), clock.Now().UnixMicro())})
		b.must(err)
		clock.advance(time.Second)
		_, err = db.CountAbsent(ctx, b.tenant, c.take.ID, "hana", 0)
		b.must(err)
		if l := c.line("A-01"); l == nil || l.Variance != -5 {
			t.Errorf("said once more: %+v", l)
		}
	})
}

func TestStocktake_adjusted(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	storetest.EachClock(t, clock, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("A-01", "A-02", "A-03")
		for _, code := range []string{"A-01", "A-02", "A-03"} {
			b.set(code, 7)
		}
		c := b.count(stock.OnShelf, clock)
		clock.advance(time.Second)
		c.scan("A-01×10", "A-02×10", "A-03×10")
		clock.advance(time.Second)
		b.set("A-01", 10)                     // somebody has seen it, too
		b.change(stock.Adjustment, "A-02", 5) // five came, and were written as an adjustment
		b.change(stock.Adjustment, "A-03", 2) // and back again
		b.change(stock.Adjustment, "A-03", -2)
		if a := c.approve(c.row("A-01"), c.row("A-02"), c.row("A-03")); a.Applied || refusals(a) != "adjusted adjusted -" {
			t.Errorf("%+v", a)
		}
		a := c.approve(store.ApprovalRow{SKU: b.id("A-01"), Says: stock.AdjustedCorrected}, store.ApprovalRow{SKU: b.id("A-02"), Says: stock.AdjustedMoved}, c.row("A-03"))
		if !a.Applied || b.onHand("A-01") != 10 || b.onHand("A-02") != 15 || b.onHand("A-03") != 10 {
			t.Errorf("%+v: %d %d %d", a, b.onHand("A-01"), b.onHand("A-02"), b.onHand("A-03"))
		}
		// What is adjusted after the approval is nobody's business here.
		b.change(stock.Adjustment, "A-03", 3)
		if l := c.line("A-03"); l.Delta != 0 {
			t.Errorf("%+v", l)
		}
	})
}

// A bundle lies nowhere: it is not to be counted, and nobody can.
func TestStocktake_bundle(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	storetest.EachClock(t, clock, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("CUP", "BOX", "GIFT")
		b.set("CUP", 5)
		b.bundle("GIFT", "CUP×2", "BOX×1")
		c := b.count(stock.OnShelf, clock)
		if sums, err := db.SumStocktake(context.Background(), b.tenant, c.take); err != nil || sums.Scope != 2 {
			t.Errorf("%+v, %v", sums, err)
		}
		if r := c.scan("GIFT×1", "CUP×4"); r[0].Refused == nil || r[0].Refused.Code != "bundle" || r[1].Counted != 4 {
			t.Errorf("%+v", r)
		}
	})
}

// Lists are sorted and paged by what differs, and narrowed down.
func TestStocktake_lines(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		var codes, counts []string
		for i := range 30 {
			codes = append(codes, fmt.Sprintf("A-%02d", i))
			counts = append(counts, fmt.Sprintf("A-%02d×%d", i, (i*7)%30))
		}
		b.skus(codes...)
		for _, code := range codes {
			b.set(code, 15)
		}
		var costs []store.SKUEdit
		for i, code := range codes {
			cost := int64(i % 4 * 100)
			costs = append(costs, store.SKUEdit{Code: code, Cost: &cost})
		}
		if answer, err := db.EditCatalog(ctx, b.tenant, store.CatalogEdit{SKUs: costs}); err != nil || !answer.Applied || answer.SKUs[3].After.Cost != 300 || !answer.SKUs[3].Changed() {
			t.Errorf("%+v, %v", answer, err)
		}
		below := int64(-1)
		if answer, err := db.EditCatalog(ctx, b.tenant, store.CatalogEdit{SKUs: []store.SKUEdit{{Code: "A-00", Cost: &below}}}); err != nil || answer.Applied {
			t.Errorf("%+v, %v", answer, err)
		}
		c := b.count(stock.OnShelf, nil)
		c.scan(counts...)
		worth := func(l store.StocktakeLine) int64 { return max(l.Value(), -l.Value()) }
		for sort, before := range map[store.LineSort]func(a, b store.StocktakeLine) bool{
			store.LinesBySize: func(a, b store.StocktakeLine) bool {
				return max(a.Variance, -a.Variance) > max(b.Variance, -b.Variance) || a.Variance*a.Variance == b.Variance*b.Variance && a.SKU < b.SKU
			},
			store.LinesByCode: func(a, b store.StocktakeLine) bool { return a.Code < b.Code },
			store.LinesByValue: func(a, b store.StocktakeLine) bool {
				return worth(a) > worth(b) || worth(a) == worth(b) && a.SKU < b.SKU
			},
			store.LinesByID: func(a, b store.StocktakeLine) bool { return a.SKU < b.SKU },
		} {
			var all []store.StocktakeLine
			for after, more := "", true; more; {
				page, err := db.ListStocktakeLines(ctx, b.tenant, c.take, store.LineQuery{Sort: sort, After: after, Limit: 7})
				b.must(err)
				all = append(all, page.Lines...)
				after, more = page.Next, page.Next != ""
			}
			if len(all) != 30 {
				t.Errorf("%q: %d lines", sort, len(all))
			}
			for i := 1; i < len(all); i++ {
				if !before(all[i-1], all[i]) {
					t.Errorf("%q: %+v comes before %+v", sort, all[i-1], all[i])
				}
			}
		}
		show := func(s store.LineShow) int {
			page, err := db.ListStocktakeLines(ctx, b.tenant, c.take, store.LineQuery{Show: s})
			b.must(err)
			return len(page.Lines)
		}
		b.change(stock.Adjustment, "A-00", 1)
		_, err := db.AskRecount(ctx, b.tenant, c.take.ID, "x", []stock.SKUID{b.id("A-02")})
		b.must(err)
		c.approve(c.row("A-03"))
		if o, s, u, q, a := show(store.LinesOpen), show(store.LinesSame), show(store.LinesSure), show(store.LinesAsked), show(store.LinesApproved); o != 27 || s != 1 || u != 27 || q != 1 || a != 1 {
			t.Errorf("open %d, same %d, sure %d, asked %d, approved %d", o, s, u, q, a)
		}
		sums, err := db.SumStocktakeLines(ctx, b.tenant, c.take)
		if err != nil || sums.Open != 27 || sums.Same != 1 || sums.Unsure != 1 || sums.Value == 0 || sums.Up == 0 || sums.Down == 0 {
			t.Errorf("%+v, %v", sums, err)
		}
		if _, err := db.ListStocktakeLines(ctx, b.tenant, c.take, store.LineQuery{After: "no place"}); !errors.Is(err, store.ErrPlace) {
			t.Errorf("%v", err)
		}
		// Of a list of SKUs, only those are to be counted.
		s, err := db.OpenStocktake(ctx, b.tenant, store.NewStocktake{Key: "list", Name: "棚A", Location: b.location, SKUs: []stock.SKUID{b.id("A-01"), b.id("A-02")}, Picked: stock.OnShelf})
		b.must(err)
		if sums, err := db.SumStocktake(ctx, b.tenant, s); err != nil || sums.Scope != 2 || sums.Missing != 2 {
			t.Errorf("%+v, %v", sums, err)
		}
		product, err := db.OpenStocktake(ctx, b.tenant, store.NewStocktake{Key: "product", Name: "棚B", Location: b.location, Scope: store.StockQuery{Product: "A-05"}, Picked: stock.OnShelf, Blind: true})
		b.must(err)
		if list, err := db.ListUncounted(ctx, b.tenant, product, false, 0, 10); err != nil || len(list) != 1 || list[0].Code != "A-05" || list[0].OnHand != 15 || !product.Blind {
			t.Errorf("%+v, %v", list, err)
		}
		// Of a search, its hits.
		words, err := db.OpenStocktake(ctx, b.tenant, store.NewStocktake{Key: "words", Name: "棚C", Location: b.location, Scope: store.StockQuery{Text: "ａ-1"}, Picked: stock.OnShelf})
		b.must(err)
		if sums, err := db.SumStocktake(ctx, b.tenant, words); err != nil || sums.Scope != 10 || sums.Missing != 10 {
			t.Errorf("%+v, %v", sums, err)
		}
		if list, err := db.ListUncounted(ctx, b.tenant, words, true, 0, 4); err != nil || len(list) != 4 || list[0].Code != "A-10" {
			t.Errorf("%+v, %v", list, err)
		}
		for want, bad := range map[string]store.NewStocktake{"name": {Key: "x"}, "picked": {Key: "x", Name: "x"}, "none": {Key: "x", Name: "x", Picked: stock.OnShelf, SKUs: []stock.SKUID{}},
			"location": {Key: "x", Name: "x", Picked: stock.OnShelf}} {
			if _, err := db.OpenStocktake(ctx, b.tenant, bad); code(err) != want+" 0" {
				t.Errorf("%s: %v", want, err)
			}
		}
	})
}
