package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// relinking is the common part of every work that changes what listings are linked to (紐付け). Whatever changes a link, lines of orders follow it by one
// rule:
//
//   - a line that waited for its SKU claims what its order asks for;
//   - a line that still holds units under the old link goes over to the new one whole, with what of it has left already: one line is one kind
//     of goods. Without a new link it waits again, and the old SKU gets its units back;
//   - a line that holds nothing any more keeps the SKU of its time: the books of finished orders are not rewritten;
//   - where the caller keeps claims, lines of the old link stay as they are, whatever they hold.
type relinking struct {
	actor, reason string
	rank          rank
	links         []*relink
	lines         []*movingLine

	// recipes are what bundles come down to from now on; nil reads it.
	recipes map[stock.SKUID][]stock.Part

	location stock.LocationID
	zone     *time.Location
}

// relink is the link of one listing as it was and as it is to be.
type relink struct {
	listing  ListingID // 0: known from orders alone, to be made
	shop     channel.ShopID
	ref      order.Ref
	from, to stock.SKUID // 0: none
	apart    bool        // no rule is to link it again
	ignored  bool        // its code is no stock
	keep     bool        // lines of the old link stay
	by       string      // who; "" is the shop's rule

	code, title  string // of one to be made
	lines, units int64  // that claimed, went over or gave back
}

// movingLine is a line of an order that goes from one SKU to another, or from or to none.
type movingLine struct {
	sale     int64
	number   string
	shop     channel.ShopID
	placed   int64
	line     order.Line
	listing  ListingID
	from, to stock.SKUID
	ignored  bool         // afterwards nothing is to be asked about it
	base     order.Claim  // what was never posted
	claim    order.Claim  // as recorded, then as it will be
	bundled  bool         // it claims parts of a bundle
	had, has []stock.Part // of from and of to, for each that it asks for; nil where it is the SKU itself that is claimed
	link     *relink      // of its listing; of nothing where the line itself is given a SKU
}

// lineOf reads the columns of movingColumns.
func lineOf(rows *sql.Rows) (*movingLine, error) {
	l := &movingLine{}
	var sku sql.NullInt64
	err := rows.Scan(&l.sale, &l.number, &l.shop, &l.placed, &l.line.Key, &l.listing, &sku, &l.line.Ref, &l.line.Code, &l.line.Title, &l.line.Wanted,
		&l.line.Shipped, &l.line.Returned, &l.claim.Held, &l.claim.Shipped, &l.claim.Returned, &l.base.Shipped, &l.base.Returned, &l.bundled)
	l.from = stock.SKUID(sku.Int64)
	return l, err
}

const movingColumns = `SELECT sale_line.sale_id, sale.number, sale.shop_id, sale.placed_at, sale_line.line, sale_line.listing_id, sale_line.sku_id, sale_line.ref, sale_line.code,
	sale_line.title, wanted, wanted_shipped, wanted_returned, held, shipped, returned, base_shipped, base_returned, bundled
	FROM sale_line JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id `

// lockShops keeps the loops of shops from taking orders or listings in until the transaction ends, in whichever process they run.
func (tx *Tx) lockShops(ctx context.Context, shops []channel.ShopID) error {
	shops = slices.Compact(slices.Sorted(slices.Values(shops)))
	err := tx.insertRows(ctx, "lease (tenant_id, shop_id, holder, token, expires_at)", "BIGINT TEXT BIGINT BIGINT", " ON CONFLICT (tenant_id, shop_id) DO NOTHING", len(shops),
		func(args []any, i int) []any { return append(args, int64(shops[i]), "", int64(0), int64(0)) })
	if err != nil {
		return err
	}
	return tx.queryRows(ctx, func(*sql.Rows) error { return nil }, "SELECT shop_id FROM lease WHERE tenant_id = $1 AND shop_id IN (", "BIGINT",
		") ORDER BY shop_id"+tx.db.dialect.forUpdate(), nil, len(shops), func(args []any, i int) []any { return append(args, int64(shops[i])) })
}

// prepare finds the lines that follow the links, and names the balances.
func (r *relinking) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	if len(r.links) == 0 && len(r.lines) == 0 {
		return nil, nil
	}
	var zone string
	err := tx.one(ctx, []any{&r.location, &zone}, `SELECT location_id, (SELECT time_zone FROM tenant WHERE tenant_id = $1)
		FROM location WHERE tenant_id = $1 ORDER BY location_id LIMIT 1`)
	if err == nil {
		r.zone, err = zoneOf(zone)
	}
	if err != nil {
		return nil, err
	}
	if err := r.findWaiting(ctx, tx); err != nil {
		return nil, err
	}
	if err := r.findHolding(ctx, tx); err != nil {
		return nil, err
	}
	if err := tx.ignoreLines(ctx, r.lines); err != nil {
		return nil, err
	}
	if err := r.findParts(ctx, tx); err != nil {
		return nil, err
	}
	var keys []balanceKey
	for _, l := range r.lines {
		if l.from != 0 {
			keys = r.goods(l, l.from, l.had).keys(keys)
		}
		if l.to != 0 {
			keys = r.goods(l, l.to, l.has).keys(keys)
		}
	}
	return keys, nil
}

// findParts finds what lines claim that are, or become, lines of a bundle: the old recipe is the line's own, the new one is the bundle's of now.
func (r *relinking) findParts(ctx context.Context, tx *Tx) error {
	var sales []int64
	var skus []stock.SKUID
	for _, l := range r.lines {
		if l.bundled {
			sales = append(sales, l.sale)
		}
		if l.to != 0 {
			skus = append(skus, l.to)
		}
	}
	type saleLine struct {
		sale int64
		line string
	}
	had := make(map[saleLine][]stock.Part)
	err := tx.saleParts(ctx, distinct(sales), func(sale int64, line string, p stock.Part) {
		had[saleLine{sale, line}] = append(had[saleLine{sale, line}], p)
	})
	if err != nil {
		return err
	}
	recipes := r.recipes
	if recipes == nil {
		recipes, err = tx.leavesOf(ctx, distinct(skus))
	}
	for _, l := range r.lines {
		l.had, l.has = had[saleLine{l.sale, l.line.Key}], recipes[l.to]
	}
	return err
}

func (r *relinking) goods(l *movingLine, sku stock.SKUID, parts []stock.Part) goods {
	return goods{sku: sku, parts: parts, location: r.location, shop: l.shop, day: stock.DayOf(instant(l.placed), r.zone)}
}

type shopRef struct {
	shop channel.ShopID
	ref  order.Ref
}

// findWaiting finds the lines of newly linked listings that have no SKU.
func (r *relinking) findWaiting(ctx context.Context, tx *Tx) error {
	var refs []string
	byRef := make(map[shopRef]*relink)
	for _, l := range r.links {
		if l.to != 0 {
			byRef[shopRef{l.shop, l.ref}] = l
			refs = append(refs, string(l.ref))
		}
	}
	slices.Sort(refs)
	refs = slices.Compact(refs)
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		line, err := lineOf(rows)
		if link := byRef[shopRef{line.shop, line.line.Ref}]; link != nil {
			line.follow(link)
			r.lines = append(r.lines, line)
		}
		return err
	}, movingColumns+"WHERE sale_line.tenant_id = $1 AND sale_line.sku_id IS NULL AND sale_line.ref IN (", "TEXT", ")",
		nil, len(refs), func(args []any, i int) []any { return append(args, refs[i]) })
}

// findHolding finds the lines that hold units under links that change.
func (r *relinking) findHolding(ctx context.Context, tx *Tx) error {
	type old struct {
		listing ListingID
		sku     stock.SKUID
	}
	byLink := make(map[old]*relink)
	var skus []stock.SKUID
	for _, l := range r.links {
		if l.from != 0 && l.from != l.to && !l.keep {
			byLink[old{l.listing, l.from}] = l
			skus = append(skus, l.from)
		}
	}
	slices.Sort(skus)
	skus = slices.Compact(skus)
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		line, err := lineOf(rows)
		if link := byLink[old{line.listing, line.from}]; link != nil {
			line.follow(link)
			r.lines = append(r.lines, line)
		}
		return err
	}, movingColumns+"WHERE sale_line.tenant_id = $1 AND sale_line.held <> 0 AND sale_line.sku_id IN (", "BIGINT", ")",
		nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
}

// follow makes a line go where its listing goes.
func (l *movingLine) follow(link *relink) { l.link, l.to, l.ignored = link, link.to, link.ignored }

// decide posts what the lines give back and claim anew.
func (r *relinking) decide(l *ledger) error {
	for _, link := range r.links {
		for _, sku := range []stock.SKUID{link.from, link.to} {
			if sku != 0 {
				l.mark(sku, r.rank, l.now)
			}
		}
	}
	slices.SortFunc(r.lines, func(a, b *movingLine) int {
		return cmp.Or(cmp.Compare(a.sale, b.sale), strings.Compare(a.line.Key, b.line.Key))
	})
	for _, line := range r.lines {
		next := line.next()
		if line.from != 0 {
			if err := r.post(l, line, r.goods(line, line.from, line.had), line.claim.Steps(line.base)); err != nil {
				return err
			}
		}
		if line.to != 0 {
			if err := r.post(l, line, r.goods(line, line.to, line.has), line.base.Steps(next)); err != nil {
				return err
			}
		}
		line.count(next)
		line.claim = next
	}
	return nil
}

// next is the claim that the line will have: one that goes over keeps its claim, one that had none gets what its order asks for.
func (l *movingLine) next() order.Claim {
	switch {
	case l.to == 0:
		return l.base
	case l.from == 0:
		return l.line.Wants(l.base)
	}
	return l.claim
}

// count tells the link what the line comes to.
func (l *movingLine) count(next order.Claim) {
	l.link.lines++
	l.link.units += max(l.base.Distance(l.claim), l.base.Distance(next))
}

func (r *relinking) post(l *ledger, line *movingLine, g goods, steps []order.Step) error {
	for _, step := range steps {
		_, _, err := l.postLine(g, step, stock.Movement{Document: line.number, Line: line.line.Key, Actor: r.actor, Reason: r.reason, OccurredAt: l.now})
		if err != nil {
			return fmt.Errorf("order %s line %s: %w", line.number, line.line.Key, err)
		}
	}
	return nil
}

// awaiting is how many units the line waits for.
func (l *movingLine) awaiting() int64 {
	if l.to != 0 || l.ignored {
		return 0
	}
	return l.base.Distance(l.line.Wants(l.base))
}

// record writes listings, lines, and which SKUs are listed.
func (r *relinking) record(ctx context.Context, tx *Tx) error {
	if err := r.make(ctx, tx); err != nil {
		return err
	}
	now := micros(tx.now)
	err := tx.execRows(ctx, `UPDATE listing SET sku_id = v.column2, apart = v.column3, ignored = v.column4, linked_by = v.column5, linked_at = $2,
		target = NULL, share = NULL, target_at = 0, due_since = 0, risk = 0, full_pass = FALSE FROM (`, "BIGINT BIGINT BOOLEAN BOOLEAN TEXT",
		") AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1", []any{now}, len(r.links), func(args []any, i int) []any {
			l := r.links[i]
			return append(args, int64(l.listing), nullable(int64(l.to)), l.apart, l.ignored, l.by)
		})
	if err != nil {
		return err
	}
	err = tx.execRows(ctx, `UPDATE sale_line SET sku_id = v.column3, listing_id = v.column4, held = v.column5, shipped = v.column6, returned = v.column7, awaiting = v.column8, bundled = v.column9 FROM (`,
		"BIGINT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BOOLEAN", `) AS v WHERE sale_line.tenant_id = $1 AND sale_line.sale_id = v.column1 AND sale_line.line = v.column2`,
		nil, len(r.lines), func(args []any, i int) []any {
			l := r.lines[i]
			return append(args, l.sale, l.line.Key, nullable(int64(l.to)), int64(l.link.listing), l.claim.Held, l.claim.Shipped, l.claim.Returned, l.awaiting(), l.has != nil)
		})
	if err != nil {
		return err
	}
	if err := r.recordParts(ctx, tx); err != nil {
		return err
	}
	return r.recordListed(ctx, tx)
}

// recordParts replaces what the lines claim for each bundle that they ask for.
func (r *relinking) recordParts(ctx context.Context, tx *Tx) error {
	var gone []*movingLine
	var parts []salePart
	for _, l := range r.lines {
		if l.had != nil {
			gone = append(gone, l)
		}
		for _, p := range l.has {
			parts = append(parts, salePart{l.sale, l.line.Key, p})
		}
	}
	err := tx.execRows(ctx, "DELETE FROM sale_part WHERE tenant_id = $1 AND (sale_id, line) IN (", "BIGINT TEXT", ")", nil, len(gone),
		func(args []any, i int) []any { return append(args, gone[i].sale, gone[i].line.Key) })
	if err != nil {
		return err
	}
	return tx.writeSaleParts(ctx, parts)
}

// make adds the listings that are known from orders alone.
func (r *relinking) make(ctx context.Context, tx *Tx) error {
	var made []*relink
	for _, l := range r.links {
		if l.listing == 0 {
			made = append(made, l)
		}
	}
	ids, err := tx.newIDs(ctx, len(made))
	if err != nil {
		return err
	}
	for i, l := range made {
		l.listing = ListingID(ids[i])
	}
	return tx.insertRows(ctx, "listing (tenant_id, listing_id, shop_id, ref, code, title, codes, code_key, search_key, pulled)", "BIGINT BIGINT TEXT TEXT TEXT TEXT TEXT TEXT BOOLEAN",
		"", len(made), func(args []any, i int) []any {
			l := made[i]
			codes := codesOfLine(l.code)
			return append(args, int64(l.listing), int64(l.shop), string(l.ref), l.code, l.title, match.JoinCodes(codes), text.Fold(l.code), listingKey(codes, l.title), false)
		})
}

// recordListed keeps in step whether any listing is linked to a SKU.
func (r *relinking) recordListed(ctx context.Context, tx *Tx) error {
	var listed, left []stock.SKUID
	for _, l := range r.links {
		if l.to != 0 {
			listed = append(listed, l.to)
		}
		if l.from != 0 && l.from != l.to {
			left = append(left, l.from)
		}
	}
	for _, skus := range []*[]stock.SKUID{&listed, &left} {
		slices.Sort(*skus)
		*skus = slices.Compact(*skus)
	}
	err := tx.execRows(ctx, "UPDATE sku SET listed = TRUE WHERE tenant_id = $1 AND NOT listed AND sku_id IN (", "BIGINT", ")", nil, len(listed),
		func(args []any, i int) []any { return append(args, int64(listed[i])) })
	if err != nil {
		return err
	}
	return tx.execRows(ctx, `UPDATE sku SET listed = FALSE WHERE tenant_id = $1 AND listed
		AND NOT EXISTS (SELECT 1 FROM listing WHERE listing.tenant_id = $1 AND listing.sku_id = sku.sku_id) AND sku_id IN (`, "BIGINT", ")", nil, len(left),
		func(args []any, i int) []any { return append(args, int64(left[i])) })
}
