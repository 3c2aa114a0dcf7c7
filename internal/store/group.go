package store

import (
	"context"
	"reflect"
	"runtime"
	"slices"
	"sync"

	"soroi/internal/stock"
)

// work is one caller's part of a posting transaction. Whatever changes stock is a work, and works that wait at the same time share
// one transaction (group commit), so a hot SKU costs no more than a cold one (design 3, Ledger).
//
// A work may run more than once. An error of any step undoes the transaction; then each of its works runs alone and the error reaches the
// caller whose work it is.
type work interface {
	// alone names what the work decides on besides balances: two works that have a name in common never share a transaction, since each would
	// decide without seeing the other. None shares with all.
	alone() []string
	// with adds the work to others of its kind in the same transaction, nil for the first.
	with(others works) works
	// decide looks at the locked balances and posts movements.
	decide(l *ledger) error
	// size is about how many movements the work may post.
	size() int
}

// works are those of one kind in one transaction. They read and write together, so that ten pages of orders cost as many statements as
// one.
type works interface {
	// prepare starts the works afresh, reads, and locks, everything that they need but balances, and names the balances.
	prepare(ctx context.Context, tx *Tx) ([]balanceKey, error)
	// record writes the works' own rows.
	record(ctx context.Context, tx *Tx) error
}

// single is a work that is too seldom in company to read and write together with others.
type single interface {
	work
	works
}

type singles []single

func (list singles) prepare(ctx context.Context, tx *Tx) (keys []balanceKey, err error) {
	for _, w := range list {
		needed, err := w.prepare(ctx, tx)
		if err != nil {
			return nil, err
		}
		keys = append(keys, needed...)
	}
	return keys, nil
}

func (list singles) record(ctx context.Context, tx *Tx) error {
	for _, w := range list {
		if err := w.record(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// byKind are the works of a transaction, those of one kind together, the kinds in the order in which they came.
func byKind(batch []*ticket) []works {
	var kinds []works
	at := make(map[reflect.Type]int)
	for _, t := range batch {
		kind := reflect.TypeOf(t.work)
		i, there := at[kind]
		if !there {
			i = len(kinds)
			at[kind] = i
			kinds = append(kinds, nil)
		}
		kinds[i] = t.work.with(kinds[i])
	}
	return kinds
}

// mostInGroup bounds the movements of one shared transaction: past it a group only grows slower.
const mostInGroup = 4096

// groups holds one queue of works per tenant.
type groups struct {
	db      *DB
	mu      sync.Mutex
	tenants map[stock.TenantID]*group
}

type group struct {
	waiting []*ticket
	led     bool // somebody runs transactions for this queue
}

type ticket struct {
	work work
	err  error
	lead bool          // this caller is to lead; written before it is woken
	wake chan struct{} // gets one value: err is final, or this caller is to lead
}

// post runs the work in a shared transaction and returns when it is durable or has failed.
func (g *groups) post(ctx context.Context, tenant stock.TenantID, w work) error {
	t := &ticket{work: w, wake: make(chan struct{}, 1)}
	g.mu.Lock()
	if g.tenants == nil {
		g.tenants = make(map[stock.TenantID]*group)
	}
	q := g.tenants[tenant]
	if q == nil {
		q = &group{}
		g.tenants[tenant] = q
	}
	q.waiting = append(q.waiting, t)
	first := !q.led
	q.led = true
	g.mu.Unlock()
	if !first {
		if <-t.wake; !t.lead {
			return t.err
		}
	}
	g.lead(ctx, tenant, q, t)
	return t.err
}

// lead runs shared transactions until the leader's own work is done, then hands over to the first that waits.
func (g *groups) lead(ctx context.Context, tenant stock.TenantID, q *group, own *ticket) {
	// What others wait for must not end with the leader's request.
	ctx = context.WithoutCancel(ctx)
	for {
		// Whoever the last transaction has just answered may come back at once. Letting them run first makes them part of this one; else they
		// and the one that did wait would take turns for ever, in transactions of seven pages and of one.
		runtime.Gosched()
		batch := g.take(q)
		g.run(ctx, tenant, batch)
		ownDone := false
		for _, t := range batch {
			if t == own {
				ownDone = true
				continue
			}
			t.wake <- struct{}{}
		}
		if !ownDone {
			continue
		}
		g.mu.Lock()
		if len(q.waiting) > 0 {
			q.waiting[0].lead = true
			q.waiting[0].wake <- struct{}{}
		} else {
			q.led = false
		}
		g.mu.Unlock()
		return
	}
}

// take removes the works of the next transaction from the queue.
func (g *groups) take(q *group) []*ticket {
	g.mu.Lock()
	defer g.mu.Unlock()
	var batch, left []*ticket
	keys := make(map[string]bool)
	size := 0
	for _, t := range q.waiting {
		names := t.work.alone()
		if size >= mostInGroup || slices.ContainsFunc(names, func(name string) bool { return keys[name] }) {
			left = append(left, t)
			continue
		}
		for _, name := range names {
			keys[name] = true
		}
		size += t.work.size()
		batch = append(batch, t)
	}
	q.waiting = left
	return batch
}

// run tries the whole batch; when it fails as a whole, each work alone, so that one bad work harms no other.
func (g *groups) run(ctx context.Context, tenant stock.TenantID, batch []*ticket) {
	err := g.transaction(ctx, tenant, batch)
	if err == nil || len(batch) == 1 {
		if err != nil {
			batch[0].err = err
		}
		return
	}
	for _, t := range batch {
		if err := g.transaction(ctx, tenant, []*ticket{t}); err != nil {
			t.err = err
		}
	}
}

func (g *groups) transaction(ctx context.Context, tenant stock.TenantID, batch []*ticket) error {
	kinds := byKind(batch)
	return g.db.Write(ctx, tenant, func(tx *Tx) error {
		l := newLedger(tx.now)
		needed := make(map[balanceKey]bool)
		for _, ws := range kinds {
			keys, err := ws.prepare(ctx, tx)
			if err != nil {
				return err
			}
			for _, k := range keys {
				needed[k] = true
			}
		}
		if err := tx.lockBalances(ctx, l, needed); err != nil {
			return err
		}
		if slices.ContainsFunc(kinds, func(ws works) bool { _, orders := ws.(intakeWorks); return !orders }) {
			skus := make([]stock.SKUID, 0, len(l.accounts))
			for k := range l.accounts {
				skus = append(skus, k.sku)
			}
			var err error
			if l.bundles, err = tx.bundlesAmong(ctx, skus); err != nil {
				return err
			}
		}
		for _, t := range batch {
			if err := t.work.decide(l); err != nil {
				return err
			}
		}
		// Marks before listings, as the planner locks them: the other way round the two could wait for each other.
		if err := tx.writeLedger(ctx, l); err != nil {
			return err
		}
		for _, ws := range kinds {
			if err := ws.record(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}
