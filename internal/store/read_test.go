package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// books is a tenant with SKUs and shops, for tests that read.
type books struct {
	t        testing.TB
	db       *store.DB
	tenant   stock.TenantID
	location stock.LocationID
	leases   map[channel.ShopID]store.Lease
}

func newBooks(t testing.TB, db *store.DB, code string) *books {
	b := &books{t: t, db: db, leases: make(map[channel.ShopID]store.Lease)}
	b.tenant, b.location = storetest.Tenant(t, db, code)
	return b
}

func (b *books) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// skus adds SKUs as "code name".
func (b *books) skus(list ...string) {
	b.t.Helper()
	var rows []store.NewSKU
	for _, s := range list {
		code, name, _ := strings.Cut(s, " ")
		rows = append(rows, store.NewSKU{Code: code, Name: name})
	}
	_, err := b.db.AddSKUs(context.Background(), b.tenant, rows)
	b.must(err)
}

// shop adds a live shop that lists the codes, each under its code as reference.
func (b *books) shop(name string, codes ...string) channel.ShopID {
	b.t.Helper()
	ctx := context.Background()
	s, err := b.db.AddShop(ctx, b.tenant, "plain", name, nil)
	b.must(err)
	b.must(b.db.SetMode(ctx, b.tenant, s.ID, store.Live))
	lease, ok, err := b.db.AcquireLease(ctx, b.tenant, s.ID, "test", time.Hour)
	b.must(err)
	if !ok {
		b.t.Fatal("no lease")
	}
	b.leases[s.ID] = lease
	b.list(s.ID, codes...)
	return s.ID
}

func (b *books) list(shop channel.ShopID, codes ...string) {
	b.t.Helper()
	for part := range slices.Chunk(codes, 1000) {
		var listings []channel.Listing
		for _, c := range part {
			listings = append(listings, channel.Listing{Ref: channel.Ref(c), Codes: []match.Code{{Text: c}}, Title: "出品 " + c})
		}
		_, err := b.db.TakeListings(context.Background(), b.tenant, b.leases[shop], listings)
		b.must(err)
	}
}

func (b *books) id(code string) stock.SKUID {
	b.t.Helper()
	ids, err := b.db.FindSKUs(context.Background(), b.tenant, []string{code})
	b.must(err)
	if ids[code] == 0 {
		b.t.Fatalf("no sku %s", code)
	}
	return ids[code]
}

// set puts units on the shelf.
func (b *books) set(code string, units int64) {
	b.t.Helper()
	answer, err := b.db.ChangeStock(context.Background(), b.tenant, store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "count", Actor: "owner",
		Rows: []stock.Change{{SKU: b.id(code), Location: b.location, Mode: stock.Set, Units: units}}})
	b.must(err)
	if !answer.Applied {
		b.t.Fatalf("%+v", answer)
	}
}

// sale takes an order in; lines are "code×units".
func (b *books) sale(shop channel.ShopID, number string, lines ...string) {
	b.t.Helper()
	b.take(shop, snapshot(number, lines...))
}

func snapshot(number string, lines ...string) order.Snapshot {
	s := order.Snapshot{Number: number, PlacedAt: time.Now().Add(time.Minute).UTC().Truncate(time.Microsecond), State: order.Open, Version: order.Version{AskedAt: time.Now().UTC().Truncate(time.Microsecond)}}
	for i, l := range lines {
		code, units, _ := strings.Cut(l, "×")
		var n int64
		if _, err := fmt.Sscan(units, &n); err != nil {
			panic(err)
		}
		s.Lines = append(s.Lines, order.Line{Key: fmt.Sprint(i + 1), Ref: order.Ref(code), Code: code, Title: code, Wanted: n})
	}
	return s
}

func (b *books) take(shop channel.ShopID, snapshots ...order.Snapshot) {
	b.t.Helper()
	_, err := b.db.TakeIn(context.Background(), b.tenant, store.Intake{Lease: b.leases[shop], Loop: "new", Orders: snapshots, Returns: channel.ReturnsNever})
	b.must(err)
}

// plan decides every waiting target: each shop shows everything that is sellable.
func (b *books) plan() {
	b.t.Helper()
	for {
		n, _, err := b.db.Plan(context.Background(), b.tenant, 1000, func(skus []*store.Unplanned) error {
			for _, u := range skus {
				for i := range u.Listings {
					u.Listings[i].NewTarget = u.Terms.Sellable(u.Balance)
				}
			}
			return nil
		})
		b.must(err)
		if n == 0 {
			return
		}
	}
}

// mostPushed is how many listings one push of a test sends.
const mostPushed = 10_000

// push sends what is due in a shop, up to mostPushed, and answers each item with a state.
func (b *books) push(shop channel.ShopID, state channel.State, failure error) {
	b.t.Helper()
	ctx := context.Background()
	due, err := b.db.ListDue(ctx, b.tenant, shop, mostPushed, time.Now().Add(time.Hour))
	b.must(err)
	for part := range slices.Chunk(due, 1000) {
		ids := make([]store.ListingID, len(part))
		for i, d := range part {
			ids[i] = d.ID
		}
		p, err := b.db.BeginPush(ctx, b.tenant, b.leases[shop], ids, true)
		b.must(err)
		outcomes := make([]store.PushOutcome, len(p.Items))
		for i := range outcomes {
			outcomes[i].Outcome = channel.Outcome{State: state, Err: failure}
		}
		b.must(b.db.RecordPush(ctx, b.tenant, b.leases[shop], p, outcomes))
	}
}

func (b *books) stock(q store.StockQuery) store.StockPage {
	b.t.Helper()
	page, err := b.db.ListStock(context.Background(), b.tenant, q)
	b.must(err)
	return page
}

func codesOf(page store.StockPage) string {
	var codes []string
	for _, r := range page.Rows {
		codes = append(codes, r.Code)
	}
	return strings.Join(codes, " ")
}

func TestListStock(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("A-01 Tシャツ(黒)", "A-02 Ｔシャツ（白）", "B-01 ぷりんたー", "B_02 100%コットン", "C-01 受注生産の机", "D-01 売っていない")
		ctx := context.Background()
		b.must(db.SetTerms(ctx, b.tenant, b.id("C-01"), stock.Terms{Supply: stock.MadeToOrder, Figure: 3}))
		rakuten := b.shop("楽天", "A-01", "A-02", "B-01", "C-01")
		yahoo := b.shop("Yahoo", "A-01", "B_02")
		b.set("A-01", 10)
		b.set("A-02", 1)
		b.set("B_02", 5)
		b.sale(rakuten, "R1", "A-01×3", "A-02×2")
		b.plan()
		b.push(rakuten, channel.Applied, nil)
		b.push(yahoo, channel.Refused, &channel.Error{Kind: channel.Invalid, Op: "set", Code: "E-9", Message: "too small", NotDone: true})

		page := b.stock(store.StockQuery{})
		if got := codesOf(page); got != "A-01 A-02 B-01 B_02 C-01 D-01" || page.Next != "" || len(page.Shops) != 2 {
			t.Errorf("all: %s, next %q, shops %v", got, page.Next, page.Shops)
		}
		shirt := page.Rows[0]
		if shirt.Balance != (stock.Balance{OnHand: 10, Committed: 3}) || shirt.Sellable() != stock.Units(7) || shirt.MovedAt.IsZero() || len(shirt.Listings) != 2 {
			t.Fatalf("%+v", shirt)
		}
		if l := shirt.Listings[0]; l.Shop != rakuten || l.State != store.StateInLine || *l.Shown != stock.Units(7) || *l.Target != stock.Units(7) || *l.Believed() != stock.Units(7) {
			t.Errorf("in line: %+v", l)
		}
		if l := shirt.Listings[1]; l.Shop != yahoo || l.State != store.StateError || l.ErrorCode != "E-9" || l.ErrorKind != channel.Invalid || l.Shown != nil {
			t.Errorf("refused: %+v", l)
		}
		if desk := page.Rows[4]; desk.Sellable() != stock.Units(3) || !desk.MovedAt.IsZero() {
			t.Errorf("made to order: %+v", desk)
		}
		for name, c := range map[string]struct {
			query store.StockQuery
			want  string
		}{
			"width and case":          {store.StockQuery{Text: "ｔシャツ"}, "A-01 A-02"},
			"kana and bar":            {store.StockQuery{Text: "プリンタ"}, "B-01"},
			"two words":               {store.StockQuery{Text: "シャツ 白"}, "A-02"},
			"code without dash":       {store.StockQuery{Text: "a02"}, "A-02"},
			"percent after a number":  {store.StockQuery{Text: "100%"}, "B_02"},
			"underscore for any":      {store.StockQuery{Text: "b_0"}, "B-01 B_02"},
			"underscore is no joker":  {store.StockQuery{Text: "_01"}, "A-01 B-01 C-01 D-01"},
			"backslash is no word":    {store.StockQuery{Text: `シャツ \ ' %`}, "A-01 A-02"},
			"nothing found":           {store.StockQuery{Text: "存在しない"}, ""},
			"codes":                   {store.StockQuery{Codes: []string{"B-01", "A-01", "a-02", "nope"}}, "A-01 B-01"},
			"no codes":                {store.StockQuery{Codes: []string{}}, ""},
			"behind":                  {store.StockQuery{Show: store.ShowBehind}, "A-01 B_02"},
			"errors":                  {store.StockQuery{Show: store.ShowErrors}, "A-01 B_02"},
			"out":                     {store.StockQuery{Show: store.ShowOut}, "A-02 B-01 D-01"},
			"oversold":                {store.StockQuery{Show: store.ShowOversold}, "A-02"},
			"unlisted":                {store.StockQuery{Show: store.ShowUnlisted}, "D-01"},
			"least available":         {store.StockQuery{Sort: store.SortAvailable}, "A-02 B-01 C-01 D-01 B_02 A-01"},
			"most available":          {store.StockQuery{Sort: store.SortMostAvailable}, "A-01 B_02 B-01 C-01 D-01 A-02"},
			"searched and narrowed":   {store.StockQuery{Text: "シャツ", Show: store.ShowOut}, "A-02"},
			"searched, least at hand": {store.StockQuery{Text: "0", Sort: store.SortAvailable}, "A-02 B-01 C-01 D-01 B_02 A-01"},
		} {
			if got := codesOf(b.stock(c.query)); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
			if n, err := db.CountStock(ctx, b.tenant, c.query); err != nil || n != (store.Count{N: int64(len(strings.Fields(c.want)))}) {
				t.Errorf("%s: counted %+v, %v", name, n, err)
			}
		}
		other := newBooks(t, db, "b")
		if page := other.stock(store.StockQuery{}); len(page.Rows) != 0 || len(page.Shops) != 0 {
			t.Errorf("another tenant sees %+v", page)
		}
	})
}

// Walking a list page by page gives every SKU once, in the order of the whole, whatever the size of the page.
func TestListStock_pages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		var list []string
		for i := range 23 {
			list = append(list, fmt.Sprintf("P-%02d 品", i))
		}
		b.skus(list...)
		for i := range 23 {
			if i%4 > 0 {
				b.set(fmt.Sprintf("P-%02d", i), int64(i%4))
			}
		}
		for _, sort := range []store.StockSort{store.SortCode, store.SortAvailable, store.SortMostAvailable} {
			whole := codesOf(b.stock(store.StockQuery{Sort: sort}))
			for _, size := range []int{1, 5, 22, 23, 24} {
				var walked []string
				q := store.StockQuery{Sort: sort, Limit: size}
				for {
					page := b.stock(q)
					walked = append(walked, strings.Fields(codesOf(page))...)
					if q.After = page.Next; q.After == "" {
						break
					}
				}
				if got := strings.Join(walked, " "); got != whole {
					t.Errorf("%s by %d:\n%s\nwant\n%s", sort, size, got, whole)
				}
			}
		}
		by := b.stock(store.StockQuery{Sort: store.SortAvailable, Limit: 1}).Next
		for _, q := range []store.StockQuery{{After: "nonsense"}, {After: by}, {Sort: store.SortAvailable, After: "bnVsbA"}} {
			if _, err := db.ListStock(context.Background(), b.tenant, q); !errors.Is(err, store.ErrPlace) {
				t.Errorf("place %q of another list: %v", q.After, err)
			}
		}
	})
}

func TestLoadSKU(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("A-01 シャツ", "A-02 靴")
		shop := b.shop("楽天", "A-01")
		b.set("A-01", 5)
		b.sale(shop, "R1", "A-01×2")
		ctx := context.Background()
		s, err := db.LoadSKU(ctx, b.tenant, "A-01")
		if err != nil || s.Name != "シャツ" || s.Product != "A-01" || s.Balance != (stock.Balance{OnHand: 5, Committed: 2}) || !s.Unplanned ||
			len(s.Locations) != 1 || s.Locations[0].Balance != s.Balance || s.Locations[0].Name == "" || len(s.Listings) != 1 || len(s.Shops) != 1 {
			t.Errorf("%+v, %v", s, err)
		}
		b.plan()
		if s, err := db.LoadSKU(ctx, b.tenant, "A-01"); err != nil || s.Unplanned || s.Listings[0].State != store.StateNeverRead {
			t.Errorf("planned: %+v, %v", s, err)
		}
		if s, err := db.LoadSKU(ctx, b.tenant, "A-02"); err != nil || s.Unplanned || len(s.Locations) != 0 || len(s.Listings) != 0 {
			t.Errorf("a SKU that never moved: %+v, %v", s, err)
		}
		for _, code := range []string{"a-01", "A-01 ", "nope", ""} {
			if _, err := db.LoadSKU(ctx, b.tenant, code); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%q: %v", code, err)
			}
		}
		other := newBooks(t, db, "b")
		if _, err := db.LoadSKU(ctx, other.tenant, "A-01"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant: %v", err)
		}
	})
}

func TestListMovements(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("A-01 シャツ")
		shop := b.shop("楽天", "A-01")
		ctx := context.Background()
		// A second place, with movements between those of the first.
		if _, err := db.Exec(ctx, "INSERT INTO location (tenant_id, location_id, code, name) VALUES ($1, $2, 'shop', '店頭')", int64(b.tenant), int64(b.location)+100000); err != nil {
			t.Fatal(err)
		}
		main, front := b.location, b.location+100000
		for i := range 9 {
			b.location = main
			if i%3 == 2 {
				b.location = front
			}
			b.set("A-01", int64(i+1))
		}
		b.location = main
		b.sale(shop, "R1", "A-01×40")
		whole, err := db.ListMovements(ctx, b.tenant, "A-01", "", 0)
		if err != nil || len(whole.Movements) != 10 || whole.Next != "" {
			t.Fatalf("%+v, %v", whole, err)
		}
		first := whole.Movements[0]
		if first.Kind != stock.Claimed || first.CommittedDelta != 40 || first.After != (stock.Balance{OnHand: 8, Committed: 40}) || first.Oversold != 32 || first.Shop != shop ||
			first.ShopName != "楽天" || first.Document != "R1" || first.Seq != 7 || first.Place == "" {
			t.Errorf("%+v", first)
		}
		seen := map[stock.LocationID]int64{}
		for i, m := range whole.Movements {
			if i > 0 && m.PostedAt.After(whole.Movements[i-1].PostedAt) {
				t.Errorf("movement %d is newer than the one before", i)
			}
			if last := seen[m.Location]; last != 0 && m.Seq != last-1 {
				t.Errorf("number %d follows %d", m.Seq, last)
			}
			seen[m.Location] = m.Seq
		}
		if len(seen) != 2 || seen[main] != 1 || seen[front] != 1 {
			t.Errorf("ended at %v", seen)
		}
		for _, size := range []int{1, 3, 9, 10} {
			var walked []store.PostedMovement
			after := ""
			for {
				page, err := db.ListMovements(ctx, b.tenant, "A-01", after, size)
				b.must(err)
				walked = append(walked, page.Movements...)
				if after = page.Next; after == "" {
					break
				}
			}
			if !slices.Equal(walked, whole.Movements) {
				t.Errorf("by %d: %+v", size, walked)
			}
		}
		if _, err := db.ListMovements(ctx, b.tenant, "nope", "", 0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("unknown: %v", err)
		}
		for _, after := range []string{"x", "bnVsbA", "W10"} {
			if _, err := db.ListMovements(ctx, b.tenant, "A-01", after, 0); !errors.Is(err, store.ErrPlace) {
				t.Errorf("place %q: %v", after, err)
			}
		}
	})
}
