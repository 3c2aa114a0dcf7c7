package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// balanceKey names one balance of the transaction's tenant.
type balanceKey struct {
	sku      stock.SKUID
	location stock.LocationID
}

func compareKeys(a, b balanceKey) int {
	if c := cmp.Compare(a.sku, b.sku); c != 0 {
		return c
	}
	return cmp.Compare(a.location, b.location)
}

// rank says how soon a changed SKU is planned.
type rank int64

const (
	rankOrder rank = 0 // orders and changes by people: at once
	rankBulk  rank = 1 // files and other bulk: after all orders
)

// ledger is the part of the books that one posting transaction has locked, with what it adds to them.
type ledger struct {
	now      time.Time
	accounts map[balanceKey]*account
	rows     []movementRow
	marks    map[stock.SKUID]mark
	bundles  map[stock.SKUID]bool // those among the SKUs; known where something else than orders is posted
	days     map[dayKey]int64     // units that orders of a day have taken, less what they gave back
}

type account struct {
	balance   stock.Balance
	movements int64
	changed   bool
}

type movementRow struct {
	stock.Movement
	shop     channel.ShopID
	seq      int64
	after    stock.Balance
	oversold int64
}

type mark struct {
	rank  rank
	since int64
}

func newLedger(now time.Time) *ledger {
	return &ledger{now: now, accounts: make(map[balanceKey]*account), marks: make(map[stock.SKUID]mark), days: make(map[dayKey]int64)}
}

// balance is a locked balance.
func (l *ledger) balance(k balanceKey) stock.Balance { return l.accounts[k].balance }

// postOrder adds one movement of an order of a shop, and counts what it takes as sold on the day on which the order was placed.
func (l *ledger) postOrder(m stock.Movement, shop channel.ShopID, placed stock.Day) (stock.Balance, error) {
	m.Cause = stock.ByOrder
	if m.Kind == stock.Claimed {
		l.days[dayKey{m.SKU, placed}] += m.CommittedDelta
	}
	return l.add(m, shop, rankOrder)
}

// postLine adds what one step of a line's claim moves: of its SKU, or of each part of a bundle, all in one. m says the rest of the movements. A
// bundle counts as sold beside its parts. It returns how many movements that were, and the units that were not there.
func (l *ledger) postLine(g goods, step order.Step, m stock.Movement) (movements int, oversold int64, err error) {
	parts := g.parts
	if parts == nil {
		parts = []stock.Part{{SKU: g.sku, Units: 1}}
	} else if step.Kind == stock.Claimed {
		l.days[dayKey{g.sku, g.day}] += step.CommittedDelta
	}
	m.Location, m.Kind = g.location, step.Kind
	for _, p := range parts {
		m.SKU, m.OnHandDelta, m.CommittedDelta = p.SKU, step.OnHandDelta*p.Units, step.CommittedDelta*p.Units
		after, err := l.postOrder(m, g.shop, g.day)
		if err != nil {
			return movements, oversold, err
		}
		movements++
		oversold += stock.Oversold(m.CommittedDelta, after)
	}
	return movements, oversold, nil
}

// post adds one movement that is not an order's and returns the balance after it. The balance must have been named by the work's prepare.
func (l *ledger) post(m stock.Movement, r rank) (stock.Balance, error) {
	if m.Cause == stock.ByOrder {
		return stock.Balance{}, fmt.Errorf("movement of sku %d is an order's and has no day", m.SKU)
	}
	if l.bundles[m.SKU] {
		return stock.Balance{}, fmt.Errorf("movement of sku %d: %w", m.SKU, errBundle)
	}
	return l.add(m, 0, r)
}

func (l *ledger) add(m stock.Movement, shop channel.ShopID, r rank) (stock.Balance, error) {
	if err := m.Check(); err != nil {
		return stock.Balance{}, err
	}
	a := l.accounts[balanceKey{m.SKU, m.Location}]
	a.balance = a.balance.Add(m)
	a.movements++
	a.changed = true
	oversold := int64(0)
	if m.Kind == stock.Claimed {
		oversold = stock.Oversold(m.CommittedDelta, a.balance)
	}
	l.rows = append(l.rows, movementRow{Movement: m, shop: shop, seq: a.movements, after: a.balance, oversold: oversold})
	l.mark(m.SKU, r, m.OccurredAt)
	return a.balance, nil
}

// errBundle refuses to put units of a bundle on a shelf: there are only those of its parts.
var errBundle = &stock.ChangeError{Field: "sku", Reason: "is a bundle: how many there are follows from its parts; change theirs"}

// mark says that the SKU's targets must be planned anew; since is when the reason arose outside.
func (l *ledger) mark(sku stock.SKUID, r rank, since time.Time) {
	m, there := l.marks[sku]
	if !there {
		m = mark{rank: r, since: micros(since)}
	}
	m.rank = min(m.rank, r)
	m.since = min(m.since, micros(since))
	l.marks[sku] = m
}

// lockBalances loads the balances and locks them in key order, making those that are not there.
func (tx *Tx) lockBalances(ctx context.Context, l *ledger, needed map[balanceKey]bool) error {
	keys := make([]balanceKey, 0, len(needed))
	for k := range needed {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	if err := tx.loadBalances(ctx, l, keys); err != nil {
		return err
	}
	var missing []balanceKey
	for _, k := range keys {
		if l.accounts[k] == nil {
			missing = append(missing, k)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	err := tx.insertRows(ctx, "balance (tenant_id, sku_id, location_id, on_hand, committed, movements)", "BIGINT BIGINT BIGINT BIGINT BIGINT",
		" ON CONFLICT (tenant_id, sku_id, location_id) DO NOTHING", len(missing), func(args []any, i int) []any {
			return append(args, int64(missing[i].sku), int64(missing[i].location), int64(0), int64(0), int64(0))
		})
	if err != nil {
		return err
	}
	return tx.loadBalances(ctx, l, missing)
}

func (tx *Tx) loadBalances(ctx context.Context, l *ledger, keys []balanceKey) error {
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var k balanceKey
		var a account
		if err := rows.Scan(&k.sku, &k.location, &a.balance.OnHand, &a.balance.Committed, &a.movements); err != nil {
			return err
		}
		l.accounts[k] = &a
		return nil
	}, `SELECT sku_id, location_id, on_hand, committed, movements FROM balance
		WHERE tenant_id = $1 AND (sku_id, location_id) IN (`, "BIGINT BIGINT", `) ORDER BY sku_id, location_id`+tx.db.dialect.forUpdate(),
		nil, len(keys), func(args []any, i int) []any {
			return append(args, int64(keys[i].sku), int64(keys[i].location))
		})
}

// writeLedger writes what the ledger has gathered: movements, balances, and the marks of the changed SKUs.
func (tx *Tx) writeLedger(ctx context.Context, l *ledger) error {
	postedAt := micros(tx.now)
	rows := l.rows
	slices.SortStableFunc(rows, func(a, b movementRow) int {
		return compareKeys(balanceKey{a.SKU, a.Location}, balanceKey{b.SKU, b.Location})
	})
	err := tx.insertRows(ctx, `movement (tenant_id, sku_id, location_id, seq, kind, on_hand_delta, committed_delta, on_hand_after, committed_after,
		oversold, cause, shop_id, document, line, actor, reason, occurred_at, posted_at)`,
		"BIGINT BIGINT BIGINT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT TEXT BIGINT TEXT TEXT TEXT TEXT BIGINT BIGINT", "", len(rows), func(args []any, i int) []any {
			m := &rows[i]
			return append(args, int64(m.SKU), int64(m.Location), m.seq, string(m.Kind), m.OnHandDelta, m.CommittedDelta, m.after.OnHand, m.after.Committed,
				m.oversold, string(m.Cause), int64(m.shop), m.Document, m.Line, m.Actor, m.Reason, micros(m.OccurredAt), postedAt)
		})
	if err != nil {
		return err
	}
	if err := tx.writeBalances(ctx, l); err != nil {
		return err
	}
	if err := tx.writeDays(ctx, l); err != nil {
		return err
	}
	if err := tx.writeMarks(ctx, l.marks); err != nil {
		return err
	}
	return tx.tellOversold(ctx, rows)
}

func (tx *Tx) writeBalances(ctx context.Context, l *ledger) error {
	var keys []balanceKey
	for k, a := range l.accounts {
		if a.changed {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return tx.execRows(ctx, `UPDATE balance SET on_hand = v.column3, committed = v.column4, movements = v.column5 FROM (`,
		"BIGINT BIGINT BIGINT BIGINT BIGINT", `) AS v WHERE balance.tenant_id = $1 AND balance.sku_id = v.column1 AND balance.location_id = v.column2`,
		nil, len(keys), func(args []any, i int) []any {
			a := l.accounts[keys[i]]
			return append(args, int64(keys[i].sku), int64(keys[i].location), a.balance.OnHand, a.balance.Committed, a.movements)
		})
}

// writeMarks marks SKUs for the planner: one row each, with a number that rises (design 3, Planner).
func (tx *Tx) writeMarks(ctx context.Context, marks map[stock.SKUID]mark) error {
	skus := make([]stock.SKUID, 0, len(marks))
	for sku := range marks {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	return tx.insertRows(ctx, `sku_plan (tenant_id, sku_id, marked, planned, rank, since)`, "BIGINT BIGINT BIGINT BIGINT BIGINT", ` ON CONFLICT (tenant_id, sku_id) DO UPDATE SET marked = sku_plan.marked + 1,
		rank = CASE WHEN sku_plan.marked > sku_plan.planned AND sku_plan.rank < excluded.rank THEN sku_plan.rank ELSE excluded.rank END,
		since = CASE WHEN sku_plan.marked > sku_plan.planned AND sku_plan.since < excluded.since THEN sku_plan.since ELSE excluded.since END`,
		len(skus), func(args []any, i int) []any {
			m := marks[skus[i]]
			return append(args, int64(skus[i]), int64(1), int64(0), int64(m.rank), m.since)
		})
}
