package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Report is what checking a tenant's books came to.
type Report struct {
	Movements int64 // checked
	Balances  int64
	Lines     int64 // of orders
	Broken    *BrokenRow
}

// OK tells whether nothing is broken.
func (r Report) OK() bool { return r.Broken == nil }

// BrokenRow is a row that breaks design 2.1, in words: "movement sku A-1, location main, seq 7: on_hand_after is 4 and must be 5".
type BrokenRow struct {
	Table    string
	Key      string // the row's key, by the codes that people know
	What     string // the column or fact that is wrong
	Found    string
	Expected string
}

func (b BrokenRow) String() string {
	return fmt.Sprintf("%s %s: %s is %s and must be %s", b.Table, b.Key, b.What, b.Found, b.Expected)
}

// Verify checks a tenant's books as of one moment: that the movements of every SKU at every location are numbered without gaps and are
// all possible; that on hand and committed are their running sums, in each movement and in the balance; that committed is
// what open orders hold; that every order line's claim is the sum of its movements (design 2.1); that what is recorded as sold on each day is what its orders
// took; and that what stocktakes have posted is what their movements did. It names the first row that is broken, in the
// order of the checks and then of the keys, and stops there.
//
// It streams: its memory depends neither on the number of movements nor on the number of orders. progress, which may be nil, is told
// how many of how many rows have been read.
func (db *DB) Verify(ctx context.Context, tenant stock.TenantID, progress func(done, total int64)) (Report, error) {
	return db.verify(ctx, tenant, progress, mostSums, verifyPage)
}

func (db *DB) verify(ctx context.Context, tenant stock.TenantID, progress func(done, total int64), most int64, page int) (Report, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	var report Report
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		v := &verifier{tx: tx, progress: progress, page: page}
		if err := v.count(ctx, most); err != nil {
			return err
		}
		err := v.balances(ctx)
		if err == nil && v.report.Broken == nil {
			err = v.lines(ctx)
		}
		if err == nil && v.report.Broken == nil {
			err = v.days(ctx)
		}
		if err == nil && v.report.Broken == nil {
			err = v.stocktakes(ctx)
		}
		if err == nil && v.report.Broken == nil {
			err = v.divided(ctx)
		}
		report = v.report
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("verify: %w", err)
	}
	return report, nil
}

// verifier checks one tenant inside one read transaction.
type verifier struct {
	tx       *Tx
	progress func(done, total int64)
	report   Report

	main        stock.LocationID // where orders claim
	parts       int64            // passes over the order lines
	page        int              // rows that are read at once
	done, total int64
}

func (v *verifier) step(n int64) {
	v.done += n
	v.progress(v.done, v.total)
}

func (v *verifier) count(ctx context.Context, most int64) error {
	var movements, lines int64
	err := v.tx.one(ctx, []any{&v.main, &movements, &lines}, `SELECT (SELECT COALESCE(MIN(location_id), 0) FROM location WHERE tenant_id = $1),
		(SELECT CAST(COALESCE(SUM(movements), 0) AS BIGINT) FROM balance WHERE tenant_id = $1), (SELECT COUNT(*) FROM sale_line WHERE tenant_id = $1)`)
	v.parts = 1 + lines/most
	v.total = movements + v.parts*(movements+2*lines)
	return err
}

// verifyPage is how many rows are read at once.
const verifyPage = 4096

// pages reads a sorted table page by page, so that several can be walked side by side in one transaction.
type pages[T any] struct {
	read func(after *T) ([]T, error) // an empty page is the end
	rows []T
	last *T
	end  bool
}

// peek is the next row, nil at the end.
func (p *pages[T]) peek() (*T, error) {
	if len(p.rows) == 0 && !p.end {
		rows, err := p.read(p.last)
		if err != nil {
			return nil, err
		}
		p.rows, p.end = rows, len(rows) == 0
	}
	if len(p.rows) == 0 {
		return nil, nil
	}
	return &p.rows[0], nil
}

// next leaves the row that peek gave.
func (p *pages[T]) next() {
	p.last, p.rows = &p.rows[0], p.rows[1:]
}

type balanceRow struct {
	key balanceKey
	account
}

// ledgerRow is a movement as the books have it.
type ledgerRow struct {
	stock.Movement
	shop     channel.ShopID
	seq      int64
	after    stock.Balance
	oversold int64
}

func (r ledgerRow) key() balanceKey { return balanceKey{r.SKU, r.Location} }

type heldRow struct {
	sku  stock.SKUID
	held int64
}

// balances walks movements, balances and held units side by side, by SKU and location.
func (v *verifier) balances(ctx context.Context) error {
	movements := &pages[ledgerRow]{read: func(after *ledgerRow) ([]ledgerRow, error) { return v.readMovements(ctx, after) }}
	balances := &pages[balanceRow]{read: func(after *balanceRow) ([]balanceRow, error) { return v.readBalances(ctx, after) }}
	held := &pages[heldRow]{read: func(after *heldRow) ([]heldRow, error) { return v.readHeld(ctx, after) }}
	for v.report.Broken == nil {
		m, err := movements.peek()
		if err != nil {
			return err
		}
		b, err := balances.peek()
		if err != nil {
			return err
		}
		h, err := held.peek()
		if err != nil {
			return err
		}
		if m == nil && b == nil && h == nil {
			return nil
		}
		// The smallest key of the three comes next.
		var key balanceKey
		for _, k := range []*balanceKey{keyOf(m != nil, func() balanceKey { return m.key() }), keyOf(b != nil, func() balanceKey { return b.key }),
			keyOf(h != nil, func() balanceKey { return balanceKey{h.sku, v.main} })} {
			if k != nil && (key == balanceKey{} || compareKeys(*k, key) < 0) {
				key = *k
			}
		}
		var sum account
		for m != nil && m.key() == key && v.report.Broken == nil {
			if err := v.movement(ctx, *m, &sum); err != nil {
				return err
			}
			movements.next()
			if m, err = movements.peek(); err != nil {
				return err
			}
		}
		if v.report.Broken != nil {
			return nil
		}
		units := int64(0)
		if h != nil && key == (balanceKey{h.sku, v.main}) {
			units = h.held
			held.next()
		}
		var row *account
		if b != nil && b.key == key {
			row = &b.account
			v.report.Balances++
			balances.next()
		}
		if err := v.balance(ctx, key, row, sum, units); err != nil {
			return err
		}
	}
	return nil
}

func keyOf(there bool, key func() balanceKey) *balanceKey {
	if !there {
		return nil
	}
	k := key()
	return &k
}

// movement checks one movement against the sum of those before it, and adds it.
func (v *verifier) movement(ctx context.Context, m ledgerRow, sum *account) error {
	v.report.Movements++
	v.step(1)
	wrong := func(what string, found, expected any) error {
		return v.broken(ctx, "movement", m.key(), ", seq "+strconv.FormatInt(m.seq, 10), what, found, expected)
	}
	sum.movements++
	sum.balance = sum.balance.Add(m.Movement)
	oversold := int64(0)
	if m.Kind == stock.Claimed {
		oversold = stock.Oversold(m.CommittedDelta, sum.balance)
	}
	switch {
	case m.seq != sum.movements:
		return wrong("seq", m.seq, sum.movements)
	case m.Check() != nil:
		return wrong("the movement", "impossible: "+m.Check().Error(), "a movement that explains itself")
	case m.after.OnHand != sum.balance.OnHand:
		return wrong("on_hand_after", m.after.OnHand, sum.balance.OnHand)
	case m.after.Committed != sum.balance.Committed:
		return wrong("committed_after", m.after.Committed, sum.balance.Committed)
	case m.oversold != oversold:
		return wrong("oversold", m.oversold, oversold)
	}
	return nil
}

// balance checks a balance row, nil when there is none, against the sum of its movements and what open orders hold.
func (v *verifier) balance(ctx context.Context, key balanceKey, row *account, sum account, held int64) error {
	wrong := func(what string, found, expected any) error {
		return v.broken(ctx, "balance", key, "", what, found, expected)
	}
	if row == nil {
		if sum.movements == 0 && held == 0 {
			return nil
		}
		return wrong("the row", "missing", fmt.Sprintf("there, for %d movements and %d units held by orders", sum.movements, held))
	}
	switch {
	case row.balance.OnHand != sum.balance.OnHand:
		return wrong("on_hand", row.balance.OnHand, fmt.Sprintf("%d, the sum of its movements", sum.balance.OnHand))
	case row.balance.Committed != sum.balance.Committed:
		return wrong("committed", row.balance.Committed, fmt.Sprintf("%d, the sum of its movements", sum.balance.Committed))
	case row.movements != sum.movements:
		return wrong("movements", row.movements, fmt.Sprintf("%d, their number", sum.movements))
	case row.balance.Committed != held:
		return wrong("committed", row.balance.Committed, fmt.Sprintf("%d, what open orders hold", held))
	}
	return nil
}

// broken names a row of a balance or a movement by codes.
func (v *verifier) broken(ctx context.Context, table string, key balanceKey, more, what string, found, expected any) error {
	sku, err := v.code(ctx, "SELECT code FROM sku WHERE tenant_id = $1 AND sku_id = $2", int64(key.sku))
	if err != nil {
		return err
	}
	location, err := v.code(ctx, "SELECT code FROM location WHERE tenant_id = $1 AND location_id = $2", int64(key.location))
	v.report.Broken = &BrokenRow{Table: table, Key: "sku " + sku + ", location " + location + more, What: what, Found: fmt.Sprint(found), Expected: fmt.Sprint(expected)}
	return err
}

// code is the code of an id, or the id where nothing has it.
func (v *verifier) code(ctx context.Context, text string, id int64) (string, error) {
	code := "#" + strconv.FormatInt(id, 10)
	err := v.tx.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&code) }, text, id)
	return code, err
}

func (v *verifier) readMovements(ctx context.Context, after *ledgerRow) ([]ledgerRow, error) {
	if after == nil {
		after = &ledgerRow{Movement: stock.Movement{SKU: -1 << 62}}
	}
	list := make([]ledgerRow, 0, v.page)
	err := v.tx.query(ctx, func(rows *sql.Rows) error {
		var r ledgerRow
		err := rows.Scan(&r.SKU, &r.Location, &r.seq, &r.Kind, &r.OnHandDelta, &r.CommittedDelta, &r.after.OnHand, &r.after.Committed, &r.oversold,
			&r.Cause, &r.shop, &r.Document, &r.Line)
		list = append(list, r)
		return err
	}, `SELECT sku_id, location_id, seq, kind, on_hand_delta, committed_delta, on_hand_after, committed_after, oversold, cause, shop_id, document, line FROM movement
		WHERE tenant_id = $1 AND (sku_id, location_id, seq) > ($2, $3, $4) ORDER BY sku_id, location_id, seq LIMIT $5`,
		int64(after.SKU), int64(after.Location), after.seq, v.page)
	return list, err
}

func (v *verifier) readBalances(ctx context.Context, after *balanceRow) ([]balanceRow, error) {
	if after == nil {
		after = &balanceRow{key: balanceKey{sku: -1 << 62}}
	}
	list := make([]balanceRow, 0, v.page)
	err := v.tx.query(ctx, func(rows *sql.Rows) error {
		var r balanceRow
		err := rows.Scan(&r.key.sku, &r.key.location, &r.balance.OnHand, &r.balance.Committed, &r.movements)
		list = append(list, r)
		return err
	}, `SELECT sku_id, location_id, on_hand, committed, movements FROM balance
		WHERE tenant_id = $1 AND (sku_id, location_id) > ($2, $3) ORDER BY sku_id, location_id LIMIT $4`, int64(after.key.sku), int64(after.key.location), v.page)
	return list, err
}

// readHeld reads what the orders hold of each SKU, by SKU: lines of it, and lines of bundles that it is a part of.
func (v *verifier) readHeld(ctx context.Context, after *heldRow) ([]heldRow, error) {
	from := stock.SKUID(-1 << 62)
	if after != nil {
		from = after.sku
	}
	sums := make(map[stock.SKUID]int64)
	end := stock.SKUID(1<<63 - 1) // so far, both texts have been read
	for _, text := range []string{
		`SELECT sku_id, CAST(SUM(held) AS BIGINT) FROM sale_line WHERE tenant_id = $1 AND sku_id > $2 AND held <> 0 AND NOT bundled GROUP BY sku_id ORDER BY sku_id LIMIT $3`,
		`SELECT sale_part.sku_id, CAST(SUM(held * units) AS BIGINT) FROM sale_part JOIN sale_line ON sale_line.tenant_id = sale_part.tenant_id
			AND sale_line.sale_id = sale_part.sale_id AND sale_line.line = sale_part.line
			WHERE sale_part.tenant_id = $1 AND sale_part.sku_id > $2 AND held <> 0 AND bundled GROUP BY sale_part.sku_id ORDER BY sale_part.sku_id LIMIT $3`,
	} {
		n, last := 0, heldRow{}
		err := v.tx.query(ctx, func(rows *sql.Rows) error {
			err := rows.Scan(&last.sku, &last.held)
			sums[last.sku] += last.held
			n++
			return err
		}, text, int64(from), v.page)
		if err != nil {
			return nil, err
		}
		if n == v.page {
			end = min(end, last.sku)
		}
	}
	list := make([]heldRow, 0, len(sums))
	for sku, held := range sums {
		if sku <= end {
			list = append(list, heldRow{sku, held})
		}
	}
	slices.SortFunc(list, func(a, b heldRow) int { return cmp.Compare(a.sku, b.sku) })
	return list, nil
}
