package store

import (
	"context"
	"sync"
)

// idBlock is how many ids a process takes at once. Ids stay small, which keeps keys small.
const idBlock = 10000

// idSource hands out ids that no other process hands out: a process takes blocks of them from one series. Ids of a block that was
// not used up are lost, nothing else.
type idSource struct {
	filling    sync.Mutex // held while a block is fetched; mu is free meanwhile, since a transaction that holds the file may want ids
	mu         sync.Mutex
	next, stop int64
}

func (s *idSource) left() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop - s.next
}

// take hands out up to n ids of the process's block.
func (s *idSource) take(n int) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []int64
	for len(ids) < n && s.next < s.stop {
		ids = append(ids, s.next)
		s.next++
	}
	return ids
}

// fillIDs takes a new block when less than half of one is left. It runs before a write transaction, never inside one, so that the
// series is locked for a moment only.
func (db *DB) fillIDs(ctx context.Context) error {
	if db.ids.left() >= idBlock/2 {
		return nil
	}
	db.ids.filling.Lock()
	defer db.ids.filling.Unlock()
	if db.ids.left() >= idBlock/2 {
		return nil
	}
	var first int64
	err := db.run(ctx, 0, true, func(tx *Tx) (err error) {
		first, err = tx.nextBlock(ctx, idBlock)
		return err
	})
	if err != nil {
		return err
	}
	db.ids.mu.Lock()
	defer db.ids.mu.Unlock()
	db.ids.next, db.ids.stop = first, first+idBlock
	return nil
}

// newIDs returns n fresh ids in rising order.
func (tx *Tx) newIDs(ctx context.Context, n int) ([]int64, error) {
	ids := tx.db.ids.take(n)
	missing := n - len(ids)
	if missing == 0 {
		return ids, nil
	}
	series := &Tx{db: tx.db, tx: tx.tx, pool: tx.pool, now: tx.now}
	first, err := series.nextBlock(ctx, int64(missing))
	for id := first; err == nil && id < first+int64(missing); id++ {
		ids = append(ids, id)
	}
	return ids, err
}

// newID is one fresh id.
func (tx *Tx) newID(ctx context.Context) (int64, error) {
	ids, err := tx.newIDs(ctx, 1)
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

func (tx *Tx) nextBlock(ctx context.Context, n int64) (first int64, err error) {
	var next int64
	err = tx.one(ctx, []any{&next}, `INSERT INTO id_block (tenant_id, next_id) VALUES ($1, 1 + CAST($2 AS BIGINT))
		ON CONFLICT (tenant_id) DO UPDATE SET next_id = id_block.next_id + CAST($2 AS BIGINT) RETURNING next_id`, n)
	return next - n, err
}
