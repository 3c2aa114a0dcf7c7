package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// intakeWorks are pages of as many shops. What they need is read, and what they change is written, by one statement for all of them.
type intakeWorks []*intakeWork

func (w *intakeWork) with(others works) works {
	ws, _ := others.(intakeWorks)
	return append(ws, w)
}

func (ws intakeWorks) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	for _, w := range ws {
		*w = intakeWork{in: w.in, sales: make(map[string]*saleRow), listings: make(map[order.Ref]*listingSight)}
	}
	byShop := make(map[channel.ShopID]*intakeWork, len(ws))
	leases := make([]Lease, len(ws))
	for i, w := range ws {
		byShop[w.in.Lease.Shop], leases[i] = w, w.in.Lease
	}
	if err := tx.fence(ctx, leases...); err != nil {
		return nil, err
	}
	for _, load := range []func(context.Context, *Tx, map[channel.ShopID]*intakeWork) error{ws.loadShops, ws.loadSales, ws.loadListings, ws.loadIgnored, ws.loadRecipes, ws.loadCompletes} {
		if err := load(ctx, tx, byShop); err != nil {
			return nil, err
		}
	}
	var keys []balanceKey
	for _, w := range ws {
		for _, l := range w.listings {
			if l.sku != 0 {
				keys = goods{sku: l.sku, parts: w.recipes[l.sku], location: w.location}.keys(keys)
			}
		}
		for _, s := range w.sales {
			for line, sku := range s.skus {
				if sku != 0 {
					keys = goods{sku: sku, parts: s.parts[line], location: w.location}.keys(keys)
				}
			}
		}
	}
	return keys, nil
}

func (ws intakeWorks) loadShops(ctx context.Context, tx *Tx, byShop map[channel.ShopID]*intakeWork) error {
	found := 0
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var shop channel.ShopID
		var connected int64
		var location stock.LocationID
		var zone string
		var bundles bool
		if err := rows.Scan(&shop, &connected, &location, &zone, &bundles); err != nil {
			return err
		}
		w := byShop[shop]
		w.connected, w.location, w.bundles = instant(connected), location, bundles
		found++
		var err error
		w.zone, err = zoneOf(zone)
		return err
	}, `SELECT shop_id, connected_at, (SELECT MIN(location_id) FROM location WHERE tenant_id = $1), (SELECT time_zone FROM tenant WHERE tenant_id = $1),
		EXISTS (SELECT 1 FROM bundle_leaf WHERE tenant_id = $1) FROM shop WHERE tenant_id = $1 AND shop_id IN (`, "BIGINT", `)`, nil, len(ws), func(args []any, i int) []any { return append(args, int64(ws[i].in.Lease.Shop)) })
	if err == nil && found < len(ws) {
		return fmt.Errorf("shop of an intake: %w", ErrNotFound)
	}
	return err
}

// shopText is something of a shop that has a name: an order's number, a listing's reference.
type shopText struct {
	shop channel.ShopID
	text string
}

func compareTexts(a, b shopText) int {
	return cmp.Or(cmp.Compare(a.shop, b.shop), strings.Compare(a.text, b.text))
}

func (ws intakeWorks) loadSales(ctx context.Context, tx *Tx, byShop map[channel.ShopID]*intakeWork) error {
	var numbers []shopText
	for _, w := range ws {
		for _, s := range w.in.Orders {
			numbers = append(numbers, shopText{w.in.Lease.Shop, s.Number})
		}
	}
	slices.SortFunc(numbers, compareTexts)
	numbers = slices.Compact(numbers)
	byID := make(map[int64]*saleRow)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		s := newSaleRow()
		var shop channel.ShopID
		var number, state string
		var asked, placed int64
		if err := rows.Scan(&s.id, &shop, &number, &s.recorded.Version.Revision, &asked, &state, &placed); err != nil {
			return err
		}
		s.placed = instant(placed)
		s.recorded.Exists, s.recorded.State, s.recorded.Version.AskedAt = true, order.State(state), instant(asked)
		byShop[shop].sales[number], byID[s.id] = s, s
		return nil
	}, `SELECT sale_id, shop_id, number, revision, asked_at, state, placed_at FROM sale WHERE tenant_id = $1 AND (shop_id, number) IN (`, "BIGINT TEXT", `)`,
		nil, len(numbers), func(args []any, i int) []any { return append(args, int64(numbers[i].shop), numbers[i].text) })
	if err != nil || len(byID) == 0 {
		return err
	}
	ids := make([]int64, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	saleID := func(args []any, i int) []any { return append(args, ids[i]) }
	bundled := false
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id int64
		var key string
		var listing int64
		var sku sql.NullInt64
		var l order.RecordedLine
		var base order.Claim
		var awaiting int64
		var ofParts bool
		if err := rows.Scan(&id, &key, &listing, &sku, &l.Line.Ref, &l.Line.Code, &l.Line.Title, &l.Line.Wanted, &l.Line.Shipped, &l.Line.Returned,
			&l.Claim.Held, &l.Claim.Shipped, &l.Claim.Returned, &base.Shipped, &base.Returned, &awaiting, &ofParts); err != nil {
			return err
		}
		bundled = bundled || ofParts
		l.Line.Key = key
		s := byID[id]
		s.recorded.Lines[key], s.skus[key], s.listings[key], s.base[key] = l, stock.SKUID(sku.Int64), ListingID(listing), base
		s.awaiting[key] = awaiting
		return nil
	}, `SELECT sale_id, line, listing_id, sku_id, ref, code, title, wanted, wanted_shipped, wanted_returned, held, shipped, returned, base_shipped, base_returned, awaiting, bundled
		FROM sale_line WHERE tenant_id = $1 AND sale_id IN (`, "BIGINT", `)`, nil, len(ids), saleID)
	if err != nil || !bundled {
		return err
	}
	return tx.saleParts(ctx, ids, func(sale int64, line string, p stock.Part) {
		byID[sale].parts[line] = append(byID[sale].parts[line], p)
	})
}

func (ws intakeWorks) loadListings(ctx context.Context, tx *Tx, byShop map[channel.ShopID]*intakeWork) error {
	var refs []shopText
	for _, w := range ws {
		for _, s := range w.in.Orders {
			for _, l := range s.Lines {
				refs = append(refs, shopText{w.in.Lease.Shop, string(l.Ref)})
			}
		}
		for _, s := range w.sales {
			for _, l := range s.recorded.Lines {
				refs = append(refs, shopText{w.in.Lease.Shop, string(l.Line.Ref)})
			}
		}
	}
	slices.SortFunc(refs, compareTexts)
	refs = slices.Compact(refs)
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var shop channel.ShopID
		var ref string
		var sku sql.NullInt64
		var from, until, rateAt int64
		l := &listingSight{}
		if err := rows.Scan(&l.id, &shop, &ref, &sku, &l.ignored, &from, &until, &l.overwriting, &l.divided, &l.expected, &l.unseen, &l.rate, &rateAt); err != nil {
			return err
		}
		l.sku, l.settledFrom, l.settledUntil, l.rateAt = stock.SKUID(sku.Int64), instant(from), instant(until), instant(rateAt)
		byShop[shop].listings[order.Ref(ref)] = l
		return nil
	}, `SELECT listing_id, shop_id, ref, sku_id, ignored, settled_from, settled_until, in_flight AND sent_absolute, share IS NOT NULL AND sku_id IS NOT NULL, expected, unseen, sold_rate, sold_rate_at FROM listing
		WHERE tenant_id = $1 AND (shop_id, ref) IN (`, "BIGINT TEXT", `)`,
		nil, len(refs), func(args []any, i int) []any { return append(args, int64(refs[i].shop), refs[i].text) })
}

// loadIgnored looks the codes up of lines that no listing gives a SKU, which are few.
func (ws intakeWorks) loadIgnored(ctx context.Context, tx *Tx, _ map[channel.ShopID]*intakeWork) error {
	var keys []string
	for _, w := range ws {
		for _, s := range w.in.Orders {
			for _, l := range s.Lines {
				if listing := w.listings[l.Ref]; listing == nil || listing.sku == 0 {
					keys = append(keys, text.Fold(l.Code))
				}
			}
		}
		for _, s := range w.sales {
			for _, l := range s.recorded.Lines {
				if s.skus[l.Line.Key] == 0 {
					keys = append(keys, text.Fold(l.Line.Code))
				}
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	ignored, err := tx.ignoredOf(ctx, keys)
	for _, w := range ws {
		w.ignored = ignored
	}
	return err
}

func (ws intakeWorks) record(ctx context.Context, tx *Tx) error {
	for _, write := range []func(context.Context, *Tx) error{ws.writeSales, ws.writeLines, ws.writeListings, ws.writeCompletes, ws.writeChecked} {
		if err := write(ctx, tx); err != nil {
			return err
		}
	}
	rounds := make([]loopRound, len(ws))
	for i, w := range ws {
		rounds[i] = loopRound{w.in.Lease.Shop, w.in.Loop, w.in.Next}
	}
	return tx.loopsSucceeded(ctx, rounds)
}

func (ws intakeWorks) writeSales(ctx context.Context, tx *Tx) error {
	type shopSale struct {
		*saleRow
		shop channel.ShopID
	}
	var touched []shopSale
	fresh := 0
	for _, w := range ws {
		for _, s := range w.touched {
			touched = append(touched, shopSale{s, w.in.Lease.Shop})
			if s.isNew {
				fresh++
			}
		}
	}
	ids, err := tx.newIDs(ctx, fresh)
	if err != nil {
		return err
	}
	for _, s := range touched {
		if s.isNew {
			s.id, ids = ids[0], ids[1:]
		}
	}
	now := micros(tx.now)
	return tx.insertRows(ctx, `sale (tenant_id, sale_id, shop_id, number, placed_at, first_seen_at, taken_at, revision, asked_at, state, test, problems, late_cancel, checked_at)`,
		"BIGINT BIGINT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT TEXT BOOLEAN TEXT BIGINT BIGINT", ` ON CONFLICT (tenant_id, shop_id, number) DO UPDATE SET taken_at = excluded.taken_at, revision = excluded.revision, asked_at = excluded.asked_at,
		state = excluded.state, test = excluded.test, problems = excluded.problems, late_cancel = excluded.late_cancel, checked_at = excluded.checked_at`,
		len(touched), func(args []any, i int) []any {
			s := touched[i]
			return append(args, s.id, int64(s.shop), s.snapshot.Number, micros(s.snapshot.PlacedAt), now, now, s.snapshot.Version.Revision,
				micros(s.snapshot.Version.AskedAt), string(s.snapshot.State), s.snapshot.Test, strings.Join(s.snapshot.Problems, "\n"), s.lateCancel, now)
		})
}

func (ws intakeWorks) writeLines(ctx context.Context, tx *Tx) error {
	type lineRow struct {
		sale *saleRow
		key  string
	}
	var lines []lineRow
	for _, w := range ws {
		for _, s := range w.touched {
			for key := range s.dirty {
				lines = append(lines, lineRow{s, key})
			}
		}
	}
	slices.SortFunc(lines, func(a, b lineRow) int {
		return cmp.Or(cmp.Compare(a.sale.id, b.sale.id), strings.Compare(a.key, b.key))
	})
	err := tx.insertRows(ctx, `sale_line (tenant_id, sale_id, line, listing_id, sku_id, ref, code, title, wanted, wanted_shipped, wanted_returned,
		held, shipped, returned, base_shipped, base_returned, awaiting, bundled)`, "BIGINT TEXT BIGINT BIGINT TEXT TEXT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BOOLEAN",
		` ON CONFLICT (tenant_id, sale_id, line) DO UPDATE SET listing_id = excluded.listing_id, sku_id = excluded.sku_id, wanted = excluded.wanted,
		wanted_shipped = excluded.wanted_shipped, wanted_returned = excluded.wanted_returned, held = excluded.held, shipped = excluded.shipped, returned = excluded.returned,
		awaiting = excluded.awaiting, bundled = excluded.bundled`,
		len(lines), func(args []any, i int) []any {
			s, key := lines[i].sale, lines[i].key
			r := s.recorded.Lines[key]
			return append(args, s.id, key, int64(s.listings[key]), nullable(int64(s.skus[key])), string(r.Line.Ref), r.Line.Code, r.Line.Title,
				r.Line.Wanted, r.Line.Shipped, r.Line.Returned, r.Claim.Held, r.Claim.Shipped, r.Claim.Returned, s.base[key].Shipped, s.base[key].Returned, s.awaiting[key], s.parts[key] != nil)
		})
	if err != nil {
		return err
	}
	var parts []salePart
	for _, l := range lines {
		for _, p := range l.sale.parts[l.key] {
			parts = append(parts, salePart{l.sale.id, l.key, p})
		}
	}
	return tx.writeSaleParts(ctx, parts)
}

func (ws intakeWorks) writeListings(ctx context.Context, tx *Tx) error {
	var changed []*listingSight
	for _, w := range ws {
		for _, l := range w.listings {
			if l.changed {
				changed = append(changed, l)
				if l.unsure {
					w.result.Unsure++
				}
			}
		}
	}
	slices.SortFunc(changed, func(a, b *listingSight) int { return cmp.Compare(a.id, b.id) })
	var plain, others []*listingSight
	for _, l := range changed {
		if l.plain() {
			plain = append(plain, l)
		} else {
			others = append(others, l)
		}
	}
	if err := tx.writeSold(ctx, plain, "expected = CASE WHEN listing.expected = $2 THEN listing.expected ELSE listing.expected + v.column8 - v.column2 END"); err != nil {
		return err
	}
	return tx.writeSold(ctx, others, "expected = CASE WHEN listing.expected = $2 THEN listing.expected ELSE "+soldKnown+" END, unseen = "+soldUnseen)
}

// writeSold writes what orders change of listings; account is what they do to expected and unseen.
func (tx *Tx) writeSold(ctx context.Context, list []*listingSight, account string) error {
	return tx.execRows(ctx, `UPDATE listing SET `+account+`, doubt = listing.doubt + v.column9, crossed_at = $3, claimed = listing.claimed + v.column3,
		unsure = listing.unsure OR v.column4 OR `+soldUnsure+`, sold_rate = v.column5, sold_rate_at = v.column6 FROM (`,
		"BIGINT BIGINT BIGINT BOOLEAN BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT", `) AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1`,
		[]any{stock.Unlimited.Sortable(), micros(tx.now)}, len(list), func(args []any, i int) []any {
			l := list[i]
			rate, at := l.rate, l.rateAt
			if l.soldNow > 0 {
				rate, at = l.newRate(tx.now), tx.now
			}
			return append(args, int64(l.id), l.after, l.claimed, l.unsure, rate, micros(at), l.before, l.returned, l.doubt, micros(l.settledUntil))
		})
}

// loadCompletes finds what is complete with these pages.
func (ws intakeWorks) loadCompletes(ctx context.Context, tx *Tx, byShop map[channel.ShopID]*intakeWork) error {
	var shops []completed
	for _, w := range ws {
		if !w.in.UpTo.IsZero() {
			shops = append(shops, completed{w.in.Lease.Shop, w.in.UpTo})
		}
	}
	list, err := tx.toComplete(ctx, shops)
	if len(list) > 0 {
		ws[0].completes = list // whose work they are does not matter
	}
	return err
}

func (ws intakeWorks) writeCompletes(ctx context.Context, tx *Tx) error {
	return tx.complete(ctx, ws[0].completes)
}

func (ws intakeWorks) writeChecked(ctx context.Context, tx *Tx) error {
	var checked []shopText
	for _, w := range ws {
		for _, number := range w.in.Unchanged {
			checked = append(checked, shopText{w.in.Lease.Shop, number})
		}
	}
	return tx.execRows(ctx, `UPDATE sale SET checked_at = $2 WHERE tenant_id = $1 AND (shop_id, number) IN (`, "BIGINT TEXT", `)`,
		[]any{micros(tx.now)}, len(checked), func(args []any, i int) []any { return append(args, int64(checked[i].shop), checked[i].text) })
}

// nullable is an id, or NULL where there is none.
func nullable(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}
