package store_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
	"soroi/internal/text"
)

var linkSeed = flag.Uint64("linkseed", 0, "run the random links with this seed only")

// goods is what the model knows of a listing.
type goods struct {
	listed, apart bool
	sku           string
	code          string
}

// sold is what the model knows of a line.
type sold struct {
	at      shopGoods
	code    string
	wanted  int64
	shipped int64
	sku     string
}

type shopGoods struct {
	shop channel.ShopID
	ref  order.Ref
}

// linkModel is the world of random links: what is linked to what, and what every line is.
type linkModel struct {
	*books
	rng     *rand.Rand
	shops   []channel.ShopID
	skus    []string
	goods   map[shopGoods]*goods
	orders  map[string]order.Snapshot
	shopOf  map[string]channel.ShopID
	lines   map[string]*sold // "number.line"
	ignored map[string]bool
	log     []string
}

const openingUnits = 1000

func newLinkModel(t *testing.T, db *store.DB, seed uint64) *linkModel {
	m := &linkModel{books: newBooks(t, db, fmt.Sprint(seed)), rng: rand.New(rand.NewPCG(seed, 3)), goods: make(map[shopGoods]*goods), orders: make(map[string]order.Snapshot),
		shopOf: make(map[string]channel.ShopID), lines: make(map[string]*sold), ignored: make(map[string]bool)}
	m.skus = []string{"A", "B", "C", "D"}
	m.books.skus(m.skus...)
	for _, s := range m.skus {
		m.set(s, openingUnits)
	}
	m.shops = []channel.ShopID{m.shop("楽天"), m.shop("Yahoo!")}
	return m
}

func pick[T any](m *linkModel, list []T) T { return list[m.rng.IntN(len(list))] }

// code is one that a listing may bear: some are SKUs' own, some are no stock.
func (m *linkModel) code() string { return pick(m, []string{"A", "B", "b", "x", "post", "POST", ""}) }

func (m *linkModel) note(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

// relink is the rule of the store's relinking, told again.
func (m *linkModel) relink(at shopGoods, sku string, keep bool) {
	g := m.goods[at]
	for _, l := range m.lines {
		switch {
		case l.at != at:
		case l.sku == "" && sku != "":
			l.sku = sku
		case l.sku == g.sku && g.sku != "" && l.sku != sku && !keep && l.wanted > l.shipped:
			l.sku = sku
		}
	}
	g.sku = sku
}

// isIgnored tells whether the listing's code is no stock.
func (m *linkModel) isIgnored(g *goods) bool { return m.ignored[text.Fold(g.code)] }

// byRule links what the default rule would.
func (m *linkModel) byRule(at shopGoods) {
	g := m.goods[at]
	if g.listed && g.sku == "" && !g.apart && !m.isIgnored(g) && slices.Contains(m.skus, g.code) {
		m.relink(at, g.code, false)
	}
}

func (m *linkModel) step() {
	m.t.Helper()
	ctx := context.Background()
	shop := pick(m, m.shops)
	switch n := m.rng.IntN(100); {
	case n < 30: // an order
		number := fmt.Sprint("O", len(m.orders))
		s := snapshot(number)
		for i := range 1 + m.rng.IntN(3) {
			l := order.Line{Key: fmt.Sprint(i + 1), Ref: order.Ref(pick(m, []string{"1", "2", "3", "4", ""})), Code: m.code(), Wanted: 1 + m.rng.Int64N(4)}
			s.Lines = append(s.Lines, l)
		}
		m.shopOf[number] = shop
		m.bring(s)
	case n < 50 && len(m.orders) > 0: // an order changes
		number := pick(m, slices.Sorted(maps.Keys(m.orders)))
		s := later(m.orders[number], time.Second, func(lines []order.Line) {
			for i := range lines {
				switch m.rng.IntN(4) {
				case 0:
					lines[i].Shipped = lines[i].Wanted
				case 1:
					lines[i].Shipped += m.rng.Int64N(lines[i].Wanted - lines[i].Shipped + 1)
				case 2:
					lines[i].Wanted += m.rng.Int64N(3)
				case 3:
					lines[i].Wanted = max(lines[i].Shipped, lines[i].Wanted-m.rng.Int64N(3))
				}
			}
		})
		m.bring(s)
	case n < 62: // the shop's list
		var page []channel.Listing
		for _, ref := range []order.Ref{"1", "2", "3", "4"} {
			if m.rng.IntN(2) == 0 {
				continue
			}
			code := m.code()
			l := channel.Listing{Ref: ref}
			if code != "" {
				l.Codes = []match.Code{{Kind: match.SKU, Text: code}}
			}
			page = append(page, l)
		}
		m.note("list %d %+v", shop, page)
		_, err := m.db.TakeListings(ctx, m.tenant, m.leases[shop], page)
		m.must(err)
		for _, l := range page {
			at := shopGoods{shop, l.Ref}
			if m.goods[at] == nil {
				m.goods[at] = &goods{}
			}
			m.goods[at].listed, m.goods[at].code = true, ""
			if len(l.Codes) > 0 {
				m.goods[at].code = l.Codes[0].Text
			}
			m.byRule(at)
		}
	case n < 85: // a person
		var rows []store.LinkRow
		keep := m.rng.IntN(3) == 0
		for _, ref := range []order.Ref{"1", "2", "3", "4"} {
			if m.rng.IntN(3) > 0 {
				continue
			}
			row := store.LinkRow{Shop: shop, Ref: ref, ByRule: m.rng.IntN(2) == 0}
			if m.rng.IntN(3) > 0 {
				row.SKU = m.id(pick(m, m.skus))
			}
			rows = append(rows, row)
		}
		m.note("link %d %+v keep %v", shop, rows, keep)
		answer, err := m.db.Link(ctx, m.tenant, store.LinkRequest{Rows: rows, KeepClaims: keep, Partial: true, Actor: "p"})
		m.must(err)
		for i, row := range rows {
			at := shopGoods{shop, row.Ref}
			code := m.codeOf(row.SKU)
			g := m.goods[at]
			known := g != nil || slices.ContainsFunc(slices.Collect(maps.Values(m.lines)), func(l *sold) bool { return l.at == at && l.sku == "" }) && code != ""
			if known != answer.Rows[i].Applied {
				m.t.Fatalf("row %+v: %+v, known: %v", row, answer.Rows[i], known)
			}
			if !known {
				continue
			}
			if g == nil {
				m.goods[at] = &goods{}
				for _, l := range m.lines {
					if l.at == at && l.sku == "" {
						m.goods[at].code = max(m.goods[at].code, l.code) // whatever the orders call it
					}
				}
			}
			m.relink(at, code, keep)
			m.goods[at].apart = code == "" && !row.ByRule
		}
	case n < 90: // what is no stock
		code := pick(m, []string{"post", "x"})
		remove := m.rng.IntN(2) == 0
		m.note("ignore %s remove %v", code, remove)
		_, err := m.db.IgnoreCodes(ctx, m.tenant, "p", []store.IgnoreRow{{Code: code, Remove: remove}})
		m.must(err)
		m.ignored[code] = !remove
	default: // a pass of the rule
		m.note("match %d", shop)
		for after := order.Ref(""); ; {
			got, err := m.db.MatchListings(ctx, m.tenant, m.leases[shop], after, 2)
			m.must(err)
			if after = got.Next; after == "" {
				break
			}
		}
		for at := range m.goods {
			if at.shop == shop {
				m.byRule(at)
			}
		}
	}
}

func (m *linkModel) codeOf(sku stock.SKUID) string {
	for _, code := range m.skus {
		if m.id(code) == sku {
			return code
		}
	}
	return ""
}

// bring takes a snapshot in.
func (m *linkModel) bring(s order.Snapshot) {
	m.t.Helper()
	shop := m.shopOf[s.Number]
	m.note("take %d %s %+v", shop, s.Number, s.Lines)
	m.orders[s.Number] = s
	m.take(shop, s)
	for _, l := range s.Lines {
		key := s.Number + "." + l.Key
		if m.lines[key] == nil {
			m.lines[key] = &sold{at: shopGoods{shop, l.Ref}, code: l.Code}
		}
		line := m.lines[key]
		line.wanted, line.shipped = l.Wanted, l.Shipped
		if g := m.goods[line.at]; line.sku == "" && g != nil && l.Ref != "" {
			line.sku = g.sku
		}
	}
}

// check compares the books with the model.
func (m *linkModel) check() {
	m.t.Helper()
	m.verify()
	committed, onHand := make(map[string]int64), make(map[string]int64)
	waits := make(map[string]int64)
	for key, l := range m.lines {
		g := m.goods[l.at]
		switch {
		case l.sku != "":
			committed[l.sku] += l.wanted - l.shipped
			onHand[l.sku] -= l.shipped
		case l.wanted > 0 && !m.ignored[text.Fold(l.code)] && (g == nil || l.at.ref == "" || !m.isIgnored(g)):
			waits[key] = l.wanted
		}
	}
	for _, sku := range m.skus {
		m.want(sku, m.balance(sku), fmt.Sprintf("%d/%d", openingUnits+onHand[sku], committed[sku]))
	}
	page, err := m.db.ListWaiting(context.Background(), m.tenant, 0, "", 1000)
	m.must(err)
	got := make(map[string]int64)
	for _, l := range page.Lines {
		got[l.Number+"."+l.Line] = l.Units
	}
	if !maps.Equal(got, waits) {
		m.t.Errorf("waiting: %v\nwant     %v", got, waits)
	}
	// Unlisted is what no listing is linked to.
	linked := make(map[string]bool)
	for _, g := range m.goods {
		linked[g.sku] = true
	}
	var unlisted []string
	for _, sku := range m.skus {
		if !linked[sku] {
			unlisted = append(unlisted, sku)
		}
	}
	m.want("unlisted", codesOf(m.stock(store.StockQuery{Show: store.ShowUnlisted})), fmt.Sprint(unlisted)[1:len(fmt.Sprint(unlisted))-1])
}

// Random orders, links, lists, rules and ignored codes: the claims are the lines' at every step.
func TestLink_random(t *testing.T) {
	t.Parallel()
	seeds := []uint64{1, 2, 3, 4, 5, 6}
	if *linkSeed != 0 {
		seeds = []uint64{*linkSeed}
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, seed := range seeds {
			m := newLinkModel(t, db, seed)
			for range 120 {
				m.step()
				if m.check(); t.Failed() {
					for _, line := range m.log {
						t.Log(line)
					}
					t.Fatalf("seed %d", seed)
				}
			}
		}
	})
}

// Orders come in through one process while people link in another: no line is lost between the two, and the books are whole.
func TestLink_beside_intake(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, first, second *store.DB) {
		ctx := context.Background()
		b := newBooks(t, first, "a")
		b.skus("A", "B")
		b.set("A", openingUnits)
		b.set("B", openingUnits)
		shop := b.shop("楽天", "x", "y")
		var running sync.WaitGroup
		running.Go(func() {
			for i := range 60 {
				b.take(shop, snapshot(fmt.Sprint("R", i), "x×1", "y×2", "new×1"))
			}
		})
		running.Go(func() {
			rng := rand.New(rand.NewPCG(1, 1))
			skus := []stock.SKUID{0, b.id("A"), b.id("B")}
			for range 40 {
				var rows []store.LinkRow
				for _, ref := range []order.Ref{"x", "y", "new"} {
					rows = append(rows, store.LinkRow{Shop: shop, Ref: ref, SKU: skus[rng.IntN(3)]})
				}
				if _, err := second.Link(ctx, b.tenant, store.LinkRequest{Rows: rows, Partial: true}); err != nil {
					t.Error(err)
				}
			}
		})
		running.Wait()
		b.verify()
		b.link(shop, nil, "x=A", "y=A", "new=B")
		b.verify()
		b.want("A", b.balance("A"), fmt.Sprintf("%d/%d", openingUnits, 60*3))
		b.want("B", b.balance("B"), fmt.Sprintf("%d/%d", openingUnits, 60))
		b.want("waiting", b.waiting(), "")
	})
}
