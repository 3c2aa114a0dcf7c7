package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// mostSums bounds the order lines of which one pass keeps the sums: some 100 bytes each.
const mostSums = 400_000

// lineKey is what ties movements to the line of an order. Movements are sorted by SKU and lines by order, so they meet in a table of
// sums; a digest keeps it small.
type lineKey [16]byte

func keyOfLine(shop channel.ShopID, number, line string, sku stock.SKUID) lineKey {
	b := make([]byte, 0, 64)
	b = binary.BigEndian.AppendUint64(b, uint64(shop))
	b = binary.BigEndian.AppendUint64(b, uint64(sku))
	b = binary.BigEndian.AppendUint64(b, uint64(len(number)))
	b = append(append(b, number...), line...)
	sum := sha256.Sum256(b)
	return lineKey(sum[:16])
}

// part is the pass that looks at the line.
func (k lineKey) part(parts int64) int64 {
	return int64(binary.BigEndian.Uint64(k[:8]) % uint64(parts))
}

// claimRow is a line of an order with its claim.
type claimRow struct {
	sale   int64
	number string
	line   string
	shop   channel.ShopID
	sku    stock.SKUID
	claim  order.Claim
	base   order.Claim // what was never posted
	placed time.Time
	parts  []stock.Part // what it claims for each bundle; nil where it claims the SKU itself
	part   *stock.Part  // this row is only about that one of its parts
}

func (r claimRow) key() lineKey { return keyOfLine(r.shop, r.number, r.line, r.sku) }

// posted is what movements must have come to for the line's claim.
func (r claimRow) posted() order.Claim {
	c := order.Claim{Held: r.claim.Held, Shipped: r.claim.Shipped - r.base.Shipped, Returned: r.claim.Returned - r.base.Returned}
	if r.part != nil {
		c.Held, c.Shipped, c.Returned = c.Held*r.part.Units, c.Shipped*r.part.Units, c.Returned*r.part.Units
	}
	return c
}

// ofParts are the rows of what the line claims: itself, or one for each part of a bundle.
func (r claimRow) ofParts() []claimRow {
	if r.parts == nil {
		return []claimRow{r}
	}
	rows := make([]claimRow, len(r.parts))
	for i := range r.parts {
		rows[i] = r
		rows[i].part, rows[i].sku = &r.parts[i], r.parts[i].SKU
	}
	return rows
}

// claimOf is what one movement adds to its line's claim.
func claimOf(m ledgerRow) order.Claim {
	c := order.Claim{Held: m.CommittedDelta}
	if m.Kind == stock.Return {
		c.Returned = m.OnHandDelta
	} else {
		c.Shipped = -m.OnHandDelta
	}
	return c
}

// lines checks that each line's claim is the sum of its movements, and that no movement of an order is without a line. Lines are
// taken in as many passes as the bound on memory asks for, each line in one of them.
func (v *verifier) lines(ctx context.Context) error {
	var first oddRow
	for part := range v.parts {
		left, err := v.sumLines(ctx, part)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			continue
		}
		odd, err := v.firstOdd(ctx, left)
		if err != nil {
			return err
		}
		if odd.before(first) {
			first = odd
		}
	}
	return v.nameOdd(ctx, first)
}

// sumLines gives the lines of one pass whose claims and movements do not come to the same, with the difference.
func (v *verifier) sumLines(ctx context.Context, part int64) (map[lineKey]order.Claim, error) {
	sums := make(map[lineKey]order.Claim)
	add := func(k lineKey, c order.Claim, sign int64) {
		if k.part(v.parts) != part {
			return
		}
		sum := sums[k]
		sum.Held += sign * c.Held
		sum.Shipped += sign * c.Shipped
		sum.Returned += sign * c.Returned
		if sum == (order.Claim{}) {
			delete(sums, k)
			return
		}
		sums[k] = sum
	}
	err := v.eachMovement(ctx, func(m ledgerRow) bool {
		if m.Cause == stock.ByOrder {
			add(keyOfLine(m.shop, m.Document, m.Line, m.SKU), claimOf(m), 1)
		}
		v.step(1)
		return true
	})
	if err != nil {
		return nil, err
	}
	err = v.eachLine(ctx, func(r claimRow) bool {
		for _, of := range r.ofParts() {
			add(of.key(), of.posted(), -1)
		}
		if part == 0 {
			v.report.Lines++
		}
		v.step(1)
		return true
	})
	return sums, err
}

// oddRow is a line whose claim its movements do not explain, or a movement without a line.
type oddRow struct {
	line     *claimRow
	diff     order.Claim // what its movements come to, less its claim
	movement *ledgerRow
}

// before tells whether o is to be named rather than other: lines first, each by its key.
func (o oddRow) before(other oddRow) bool {
	switch {
	case o.line != nil && other.line != nil:
		return cmp.Or(cmp.Compare(o.line.sale, other.line.sale), cmp.Compare(o.line.line, other.line.line)) < 0
	case o.line != nil || other.line != nil:
		return o.line != nil
	case o.movement != nil && other.movement != nil:
		return cmp.Or(compareKeys(o.movement.key(), other.movement.key()), cmp.Compare(o.movement.seq, other.movement.seq)) < 0
	}
	return o.movement != nil
}

// firstOdd finds the first row of what a pass left.
func (v *verifier) firstOdd(ctx context.Context, left map[lineKey]order.Claim) (oddRow, error) {
	var odd oddRow
	err := v.eachLine(ctx, func(r claimRow) bool {
		for _, of := range r.ofParts() {
			if diff, there := left[of.key()]; there && odd.line == nil {
				odd = oddRow{line: &of, diff: diff}
			}
		}
		return odd.line == nil
	})
	if err != nil || odd.line != nil {
		return odd, err
	}
	err = v.eachMovement(ctx, func(m ledgerRow) bool {
		if _, there := left[keyOfLine(m.shop, m.Document, m.Line, m.SKU)]; there && m.Cause == stock.ByOrder {
			odd = oddRow{movement: &m}
		}
		return odd.movement == nil
	})
	return odd, err
}

// nameOdd puts an odd row into words.
func (v *verifier) nameOdd(ctx context.Context, odd oddRow) error {
	switch {
	case odd.line != nil:
		shop, err := v.shopName(ctx, odd.line.shop)
		b := &BrokenRow{Table: "sale_line", Key: "shop " + shop + ", order " + odd.line.number + ", line " + odd.line.line}
		claim, says := odd.line.claim, "%d by its movements"
		if odd.line.part != nil {
			code, err := v.code(ctx, "SELECT code FROM sku WHERE tenant_id = $1 AND sku_id = $2", int64(odd.line.sku))
			if err != nil {
				return err
			}
			b.Key += ", part " + code
			claim = odd.line.posted()
		}
		switch diff := odd.diff; {
		case diff.Held != 0:
			b.What, b.Found, b.Expected = "held", fmt.Sprint(claim.Held), fmt.Sprintf(says, claim.Held+diff.Held)
		case diff.Shipped != 0:
			b.What, b.Found, b.Expected = "shipped", fmt.Sprint(claim.Shipped), fmt.Sprintf(says, claim.Shipped+diff.Shipped)
		default:
			b.What, b.Found, b.Expected = "returned", fmt.Sprint(claim.Returned), fmt.Sprintf(says, claim.Returned+diff.Returned)
		}
		v.report.Broken = b
		return err
	case odd.movement != nil:
		m := odd.movement
		shop, err := v.shopName(ctx, m.shop)
		if err != nil {
			return err
		}
		return v.broken(ctx, "movement", m.key(), ", seq "+strconv.FormatInt(m.seq, 10), "its line of an order",
			fmt.Sprintf("missing (shop %s, order %s, line %s)", shop, m.Document, m.Line), "there, with this SKU")
	}
	return nil
}

func (v *verifier) shopName(ctx context.Context, shop channel.ShopID) (string, error) {
	return v.code(ctx, "SELECT name FROM shop WHERE tenant_id = $1 AND shop_id = $2", int64(shop))
}

// eachMovement calls fn for all movements, by SKU, location and number, until it returns false.
func (v *verifier) eachMovement(ctx context.Context, fn func(ledgerRow) bool) error {
	p := &pages[ledgerRow]{read: func(after *ledgerRow) ([]ledgerRow, error) { return v.readMovements(ctx, after) }}
	for {
		m, err := p.peek()
		if err != nil || m == nil {
			return err
		}
		if !fn(*m) {
			return nil
		}
		p.next()
	}
}

// eachLine calls fn for all lines of orders, by order and line, until it returns false.
func (v *verifier) eachLine(ctx context.Context, fn func(claimRow) bool) error {
	p := &pages[claimRow]{read: func(after *claimRow) ([]claimRow, error) { return v.readLines(ctx, after) }}
	for {
		r, err := p.peek()
		if err != nil || r == nil {
			return err
		}
		if !fn(*r) {
			return nil
		}
		p.next()
	}
}

func (v *verifier) readLines(ctx context.Context, after *claimRow) ([]claimRow, error) {
	if after == nil {
		after = &claimRow{sale: -1 << 62}
	}
	list := make([]claimRow, 0, v.page)
	var bundled []int64
	err := v.tx.query(ctx, func(rows *sql.Rows) error {
		var r claimRow
		var sku sql.NullInt64
		var placed int64
		var isBundle bool
		err := rows.Scan(&r.sale, &r.number, &r.line, &r.shop, &sku, &r.claim.Held, &r.claim.Shipped, &r.claim.Returned, &r.base.Shipped, &r.base.Returned, &placed, &isBundle)
		r.sku, r.placed = stock.SKUID(sku.Int64), instant(placed)
		if isBundle {
			r.parts = []stock.Part{} // one without parts claims nothing, and its movements show it
			bundled = append(bundled, r.sale)
		}
		list = append(list, r)
		return err
	}, `SELECT sale_line.sale_id, sale.number, sale_line.line, sale.shop_id, sale_line.sku_id, held, shipped, returned, base_shipped, base_returned, sale.placed_at, bundled FROM sale_line
		JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id
		WHERE sale_line.tenant_id = $1 AND (sale_line.sale_id, sale_line.line) > ($2, $3) ORDER BY sale_line.sale_id, sale_line.line LIMIT $4`,
		after.sale, after.line, v.page)
	if err != nil || len(bundled) == 0 {
		return list, err
	}
	return list, v.tx.saleParts(ctx, distinct(bundled), func(sale int64, line string, p stock.Part) {
		i, there := slices.BinarySearchFunc(list, claimRow{sale: sale, line: line}, func(a, b claimRow) int {
			return cmp.Or(cmp.Compare(a.sale, b.sale), cmp.Compare(a.line, b.line))
		})
		if there && list[i].parts != nil {
			list[i].parts = append(list[i].parts, p)
		}
	})
}
