package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strconv"

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
}

func (r claimRow) key() lineKey { return keyOfLine(r.shop, r.number, r.line, r.sku) }

// posted is what movements must have come to for the line's claim.
func (r claimRow) posted() order.Claim {
	return order.Claim{Held: r.claim.Held, Shipped: r.claim.Shipped - r.base.Shipped, Returned: r.claim.Returned - r.base.Returned}
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
	for part := range v.parts {
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
			return err
		}
		err = v.eachLine(ctx, func(r claimRow) bool {
			add(r.key(), r.posted(), -1)
			if part == 0 {
				v.report.Lines++
			}
			v.step(1)
			return true
		})
		if err != nil {
			return err
		}
		if len(sums) > 0 {
			return v.nameLine(ctx, sums)
		}
	}
	return nil
}

// nameLine finds the first row whose sums did not come to nothing: a line, or a movement without one.
func (v *verifier) nameLine(ctx context.Context, left map[lineKey]order.Claim) error {
	var shop channel.ShopID
	err := v.eachLine(ctx, func(r claimRow) bool {
		diff, there := left[r.key()]
		if !there {
			return true
		}
		shop = r.shop
		b := &BrokenRow{Table: "sale_line", Key: "order " + r.number + ", line " + r.line}
		says := "%d by its movements"
		switch {
		case diff.Held != 0:
			b.What, b.Found, b.Expected = "held", fmt.Sprint(r.claim.Held), fmt.Sprintf(says, r.claim.Held+diff.Held)
		case diff.Shipped != 0:
			b.What, b.Found, b.Expected = "shipped", fmt.Sprint(r.claim.Shipped), fmt.Sprintf(says, r.claim.Shipped+diff.Shipped)
		default:
			b.What, b.Found, b.Expected = "returned", fmt.Sprint(r.claim.Returned), fmt.Sprintf(says, r.claim.Returned+diff.Returned)
		}
		v.report.Broken = b
		return false
	})
	if err != nil {
		return err
	}
	if v.report.Broken != nil {
		name, err := v.shopName(ctx, shop)
		v.report.Broken.Key = "shop " + name + ", " + v.report.Broken.Key
		return err
	}
	var lost *ledgerRow
	err = v.eachMovement(ctx, func(m ledgerRow) bool {
		if _, there := left[keyOfLine(m.shop, m.Document, m.Line, m.SKU)]; there && m.Cause == stock.ByOrder {
			lost = &m
		}
		return lost == nil
	})
	if err != nil || lost == nil {
		return err
	}
	name, err := v.shopName(ctx, lost.shop)
	if err != nil {
		return err
	}
	return v.broken(ctx, "movement", lost.key(), ", seq "+strconv.FormatInt(lost.seq, 10), "its line of an order",
		fmt.Sprintf("missing (shop %s, order %s, line %s)", name, lost.Document, lost.Line), "there, with this SKU")
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
	list := make([]claimRow, 0, verifyPage)
	err := v.tx.query(ctx, func(rows *sql.Rows) error {
		var r claimRow
		var sku sql.NullInt64
		err := rows.Scan(&r.sale, &r.number, &r.line, &r.shop, &sku, &r.claim.Held, &r.claim.Shipped, &r.claim.Returned, &r.base.Shipped, &r.base.Returned)
		r.sku = stock.SKUID(sku.Int64)
		list = append(list, r)
		return err
	}, `SELECT sale_line.sale_id, sale.number, sale_line.line, sale.shop_id, sale_line.sku_id, held, shipped, returned, base_shipped, base_returned FROM sale_line
		JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id
		WHERE sale_line.tenant_id = $1 AND (sale_line.sale_id, sale_line.line) > ($2, $3) ORDER BY sale_line.sale_id, sale_line.line LIMIT $4`,
		after.sale, after.line, verifyPage)
	return list, err
}
