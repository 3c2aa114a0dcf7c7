package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"soroi/internal/stock"
)

// NewScan is one entry at the shelf.
type NewScan struct {
	Key    string // makes it count once, among all scans of the stocktake; 1 to LongestScanKey bytes
	SKU    stock.SKUID
	Sets   bool   // there are so many; otherwise so many more
	Units  int64  // from 0 to stock.LargestUnits
	Picked *int64 // units of open orders that are off the shelf; nil says nothing
	// Age is how long ago it was made, by whatever clock it was made with; at most OldestScan.
	Age time.Duration
}

// Bounds of scans.
const (
	LongestScanKey = 100
	OldestScan     = 14 * 24 * time.Hour
)

// ScanResult is what became of a scan.
type ScanResult struct {
	Repeated bool // it had been taken before
	Counted  int64
	Refused  *StocktakeError // approved, bundle, units, key, age; nil when it was taken
}

// AddScans takes scans in, each once, and returns what each came to, in their order. Scans of a round that is over are kept and decide nothing. Those of a SKU that is approved
// already are refused, each for itself. A SKU that is not there gives ErrNotFound, a stocktake that is closed a *StocktakeError, and nothing is taken.
func (db *DB) AddScans(ctx context.Context, tenant stock.TenantID, id StocktakeID, actor string, scans []NewScan) (results []ScanResult, err error) {
	return db.AddScansOnce(ctx, tenant, id, "", actor, scans)
}

// AddScansOnce is AddScans that also keeps a key, so that KeyUsed tells whether it has been done. With it, one refused scan refuses all.
func (db *DB) AddScansOnce(ctx context.Context, tenant stock.TenantID, id StocktakeID, key, actor string, scans []NewScan) (results []ScanResult, err error) {
	if len(scans) > MostInBatch {
		return nil, fmt.Errorf("add scans: %d, more than %d", len(scans), MostInBatch)
	}
	err = db.Write(ctx, tenant, func(tx *Tx) (err error) {
		if err := tx.keepKey(ctx, key); err != nil {
			return err
		}
		s, err := tx.openStocktake(ctx, id)
		if err != nil {
			return err
		}
		results, err = tx.addScans(ctx, s, actor, scans)
		for _, r := range results {
			if key != "" && r.Refused != nil {
				return errors.Join(err, r.Refused)
			}
		}
		return err
	})
	if err != nil {
		return results, fmt.Errorf("add scans to stocktake %d: %w", id, err)
	}
	return results, nil
}

// keepKey keeps a key of something that is the same however often it is done.
func (tx *Tx) keepKey(ctx context.Context, key string) error {
	if key == "" {
		return nil
	}
	_, err := tx.exec(ctx, `INSERT INTO posting_key (tenant_id, posting_key, digest, answer, posted_at) VALUES ($1, $2, '', '', $3) ON CONFLICT (tenant_id, posting_key) DO NOTHING`, key, micros(tx.now))
	return err
}

func (n NewScan) check() *StocktakeError {
	switch {
	case n.Key == "" || len(n.Key) > LongestScanKey:
		return &StocktakeError{Code: "key"}
	case n.Units < 0 || n.Units > stock.LargestUnits || n.Picked != nil && (*n.Picked < 0 || *n.Picked > stock.LargestUnits):
		return &StocktakeError{Code: "units"}
	case n.Age < 0 || n.Age > OldestScan:
		return &StocktakeError{Code: "age"}
	}
	return nil
}

func (tx *Tx) addScans(ctx context.Context, s Stocktake, actor string, scans []NewScan) ([]ScanResult, error) {
	skus := make([]stock.SKUID, len(scans))
	for i, n := range scans {
		skus[i] = n.SKU
	}
	skus = distinct(skus)
	if codes, err := tx.codesOfSKUs(ctx, skus); err != nil || len(codes) != len(skus) {
		return nil, errors.Join(err, ErrNotFound)
	}
	bundles, err := tx.bundlesAmong(ctx, skus)
	if err != nil {
		return nil, err
	}
	rounds, err := tx.rounds(ctx, s.ID, skus)
	if err != nil {
		return nil, err
	}
	taken, err := tx.scanKeys(ctx, s.ID, scans)
	if err != nil {
		return nil, err
	}
	results := make([]ScanResult, len(scans))
	var fresh []NewScan
	skus = skus[:0]
	for i, n := range scans {
		r := &results[i]
		if r.Refused = n.check(); r.Refused != nil {
			continue
		}
		if r.Repeated = taken[n.Key]; r.Repeated {
			continue
		}
		if list := rounds[n.SKU]; len(list) > 0 && list[len(list)-1].state == LineApproved {
			r.Refused = &StocktakeError{Code: "approved"}
			continue
		}
		if bundles[n.SKU] {
			r.Refused = &StocktakeError{Code: "bundle"}
			continue
		}
		taken[n.Key] = true
		fresh, skus = append(fresh, n), append(skus, n.SKU)
	}
	err = tx.insertRows(ctx, "stocktake_scan (tenant_id, stocktake_id, scan_key, sku_id, round, sets, units, picked, scanned_at, actor)",
		"BIGINT TEXT BIGINT BIGINT BOOLEAN BIGINT BIGINT BIGINT TEXT", "", len(fresh), func(args []any, i int) []any {
			n := fresh[i]
			at := tx.now.Add(-n.Age).Truncate(time.Microsecond)
			var picked sql.NullInt64
			if n.Picked != nil {
				picked = sql.NullInt64{Int64: *n.Picked, Valid: true}
			}
			return append(args, int64(s.ID), n.Key, int64(n.SKU), roundAt(rounds[n.SKU], at), n.Sets, n.Units, picked, micros(at), actor)
		})
	if err != nil {
		return nil, err
	}
	counted, err := tx.tallyLines(ctx, s, distinct(skus), rounds)
	for i, n := range scans {
		if units, fresh := counted[n.SKU]; fresh {
			results[i].Counted = units
		} else if list := rounds[n.SKU]; len(list) > 0 {
			results[i].Counted = list[len(list)-1].counted
		}
	}
	return results, err
}

// lineRound is one round of a SKU.
type lineRound struct {
	round   int64
	state   LineState
	counted int64
	askedAt time.Time
}

// roundAt is the round that was asked for last when a scan was made.
func roundAt(rounds []lineRound, at time.Time) int64 {
	round := int64(1)
	for _, r := range rounds {
		if !r.askedAt.After(at) {
			round = r.round
		}
	}
	return round
}

// rounds are all rounds of SKUs, in their order.
func (tx *Tx) rounds(ctx context.Context, id StocktakeID, skus []stock.SKUID) (map[stock.SKUID][]lineRound, error) {
	rounds := make(map[stock.SKUID][]lineRound)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var r lineRound
		var asked int64
		err := rows.Scan(&sku, &r.round, &r.state, &r.counted, &asked)
		r.askedAt = instant(asked)
		rounds[sku] = append(rounds[sku], r)
		return err
	}, "SELECT sku_id, round, state, counted, asked_at FROM stocktake_line WHERE tenant_id = $1 AND stocktake_id = $2 AND sku_id IN (", "BIGINT", ") ORDER BY sku_id, round",
		[]any{int64(id)}, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
	return rounds, err
}

func (tx *Tx) scanKeys(ctx context.Context, id StocktakeID, scans []NewScan) (map[string]bool, error) {
	taken := make(map[string]bool)
	return taken, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		taken[key] = true
		return err
	}, "SELECT scan_key FROM stocktake_scan WHERE tenant_id = $1 AND stocktake_id = $2 AND scan_key IN (", "TEXT", ")", []any{int64(id)}, len(scans),
		func(args []any, i int) []any { return append(args, scans[i].Key) })
}

// UndoScan takes a scan back, once, and gives what its SKU comes to without it. A scan of an approved line gives a *StocktakeError, one that is not there ErrNotFound.
func (db *DB) UndoScan(ctx context.Context, tenant stock.TenantID, id StocktakeID, key string) (counted int64, err error) {
	list, err := db.UndoScans(ctx, tenant, id, "", []string{key})
	if err != nil {
		return 0, err
	}
	return list[0], nil
}

// UndoScans is UndoScan for several, all of them or none. once is kept, so that KeyUsed tells whether it has been done; "" keeps nothing.
func (db *DB) UndoScans(ctx context.Context, tenant stock.TenantID, id StocktakeID, once string, keys []string) (counted []int64, err error) {
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		if err := tx.keepKey(ctx, once); err != nil {
			return err
		}
		s, err := tx.openStocktake(ctx, id)
		if err != nil {
			return err
		}
		of := make(map[string]stock.SKUID)
		var skus []stock.SKUID
		err = tx.queryRows(ctx, func(rows *sql.Rows) error {
			var key string
			var sku stock.SKUID
			err := rows.Scan(&key, &sku)
			of[key] = sku
			skus = append(skus, sku)
			return err
		}, "SELECT scan_key, sku_id FROM stocktake_scan WHERE tenant_id = $1 AND stocktake_id = $2 AND scan_key IN (", "TEXT", ")", []any{int64(id)}, len(keys),
			func(args []any, i int) []any { return append(args, keys[i]) })
		if err != nil {
			return err
		}
		skus = distinct(skus)
		rounds, err := tx.rounds(ctx, id, skus)
		if err != nil {
			return err
		}
		for _, key := range keys {
			sku, there := of[key]
			if !there {
				return ErrNotFound
			}
			if list := rounds[sku]; len(list) > 0 && list[len(list)-1].state == LineApproved {
				return &StocktakeError{Code: "approved"}
			}
		}
		err = tx.execRows(ctx, "UPDATE stocktake_scan SET undone = TRUE WHERE tenant_id = $1 AND stocktake_id = $2 AND scan_key IN (", "TEXT", ")", []any{int64(id)}, len(keys),
			func(args []any, i int) []any { return append(args, keys[i]) })
		if err != nil {
			return err
		}
		sums, err := tx.tallyLines(ctx, s, skus, rounds)
		counted = make([]int64, len(keys))
		for i, key := range keys {
			counted[i] = sums[of[key]]
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("undo scans of stocktake %d: %w", id, err)
	}
	return counted, nil
}

// scanRow is a scan of a current round.
type scanRow struct {
	stock.Scan
	picked sql.NullInt64
	actor  string
}

// tallyLines works the current lines of SKUs out anew from their scans, and gives what each comes to. A line that loses its last scan is asked for again, or goes where nobody
// had asked for it.
func (tx *Tx) tallyLines(ctx context.Context, s Stocktake, skus []stock.SKUID, rounds map[stock.SKUID][]lineRound) (map[stock.SKUID]int64, error) {
	scans := make(map[stock.SKUID][]scanRow)
	type key struct {
		sku   stock.SKUID
		round int64
	}
	keys := make([]key, len(skus))
	for i, sku := range skus {
		keys[i] = key{sku, 1}
		if list := rounds[sku]; len(list) > 0 {
			keys[i].round = list[len(list)-1].round
		}
	}
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var r scanRow
		var at int64
		err := rows.Scan(&sku, &r.Key, &r.Sets, &r.Units, &r.picked, &at, &r.actor)
		r.At = instant(at)
		scans[sku] = append(scans[sku], r)
		return err
	}, `SELECT sku_id, scan_key, sets, units, picked, scanned_at, actor FROM stocktake_scan WHERE tenant_id = $1 AND stocktake_id = $2 AND NOT undone AND (sku_id, round) IN (`, "BIGINT BIGINT",
		") ORDER BY sku_id, scanned_at, scan_key", []any{int64(s.ID)}, len(keys), func(args []any, i int) []any { return append(args, int64(keys[i].sku), keys[i].round) })
	if err != nil {
		return nil, err
	}
	counted := make(map[stock.SKUID]int64)
	var lines []countedLine
	var gone []stock.SKUID
	for i, sku := range skus {
		l := countedLine{sku: sku, round: keys[i].round}
		plain := make([]stock.Scan, 0, len(scans[sku]))
		for _, r := range scans[sku] {
			plain = append(plain, r.Scan)
			l.actor = r.actor
			if r.picked.Valid {
				l.picked = r.picked.Int64
			}
		}
		var there bool
		if l.units, l.firstAt, l.at, there = stock.Tally(plain); !there {
			gone = append(gone, sku)
			continue
		}
		l.units = min(l.units, stock.LargestUnits)
		l.scans = int64(len(plain))
		counted[sku] = l.units
		lines = append(lines, l)
	}
	if err := tx.moments(ctx, s.Location, lines); err != nil {
		return nil, err
	}
	err = tx.insertRows(ctx, `stocktake_line (tenant_id, stocktake_id, sku_id, round, current, state, counted, picked, scans, first_at, first_seq, counted_at, seq, on_hand, committed, actor)`,
		"BIGINT BIGINT BIGINT BOOLEAN TEXT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT TEXT", ` ON CONFLICT (tenant_id, stocktake_id, sku_id, round) DO UPDATE SET state = 'counted',
			counted = excluded.counted, picked = excluded.picked, scans = excluded.scans, first_at = excluded.first_at, first_seq = excluded.first_seq, counted_at = excluded.counted_at, seq = excluded.seq,
			on_hand = excluded.on_hand, committed = excluded.committed, actor = excluded.actor`, len(lines), func(args []any, i int) []any {
			l := lines[i]
			return append(args, int64(s.ID), int64(l.sku), l.round, true, string(LineCounted), l.units, l.picked, l.scans, micros(l.firstAt), l.firstSeq, micros(l.at), l.seq, l.books.OnHand, l.books.Committed, l.actor)
		})
	if err != nil {
		return nil, err
	}
	for _, text := range []string{
		"DELETE FROM stocktake_line WHERE tenant_id = $1 AND stocktake_id = $2 AND current AND round = 1 AND state <> 'left' AND sku_id IN (",
		"UPDATE stocktake_line SET state = 'asked', counted = 0, picked = 0, scans = 0 WHERE tenant_id = $1 AND stocktake_id = $2 AND current AND round > 1 AND state <> 'left' AND sku_id IN (",
	} {
		err := tx.execRows(ctx, text, "BIGINT", ")", []any{int64(s.ID)}, len(gone), func(args []any, i int) []any { return append(args, int64(gone[i])) })
		if err != nil {
			return nil, err
		}
	}
	return counted, nil
}

// countedLine is what the scans of a line came to.
type countedLine struct {
	sku           stock.SKUID
	round         int64
	units, picked int64
	scans         int64
	firstAt, at   time.Time
	actor         string

	firstSeq, seq int64
	books         stock.Balance
}

// moments finds what the books held at the first and at the last scan of each line.
func (tx *Tx) moments(ctx context.Context, location stock.LocationID, lines []countedLine) error {
	for part := range slices.Chunk(lines, MostInBatch) {
		type moment struct {
			seq   int64
			books stock.Balance
		}
		found := make(map[int]moment)
		err := tx.queryRows(ctx, func(rows *sql.Rows) error {
			var i int
			var m moment
			err := rows.Scan(&i, &m.seq, &m.books.OnHand, &m.books.Committed)
			found[i] = m
			return err
		}, `SELECT v.column3, m.seq, m.on_hand_after, m.committed_after FROM (`, "BIGINT BIGINT BIGINT", `) AS v JOIN movement AS m ON m.tenant_id = $1 AND m.sku_id = v.column1 AND m.location_id = $2
			AND m.seq = (SELECT held.seq FROM movement AS held WHERE held.tenant_id = $1 AND held.sku_id = v.column1 AND held.location_id = $2 AND held.posted_at <= v.column2 ORDER BY held.seq DESC LIMIT 1)`,
			[]any{int64(location)}, 2*len(part), func(args []any, i int) []any {
				l, at := part[i/2], part[i/2].at
				if i%2 == 0 {
					at = l.firstAt
				}
				return append(args, int64(l.sku), micros(at), int64(i))
			})
		if err != nil {
			return err
		}
		for i := range part {
			part[i].firstSeq = found[2*i].seq
			part[i].seq, part[i].books = found[2*i+1].seq, found[2*i+1].books
		}
	}
	return nil
}

// CountAbsent says of the SKUs that nobody has counted and the books say are there that they were looked for and are not: 0, now. It takes up to MostInBatch
// of those after the given one and returns the last; 0 when there are no more.
func (db *DB) CountAbsent(ctx context.Context, tenant stock.TenantID, id StocktakeID, actor string, after stock.SKUID) (last stock.SKUID, err error) {
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		last = 0
		s, err := tx.openStocktake(ctx, id)
		if err != nil {
			return err
		}
		list, err := tx.uncounted(ctx, s, true, after, MostInBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		scans := make([]NewScan, len(list))
		for i, u := range list {
			scans[i] = NewScan{Key: fmt.Sprintf("absent/%d/%d", u.SKU, micros(tx.now)), SKU: u.SKU, Sets: true}
		}
		if len(list) == MostInBatch {
			last = list[len(list)-1].SKU
		}
		_, err = tx.addScans(ctx, s, actor, scans)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count what is absent in stocktake %d: %w", id, err)
	}
	return last, nil
}

// LastScan is a scan as its stocktake shows it.
type LastScan struct {
	Key        string
	Code, Name string
	Sets       bool
	Units      int64
	At         time.Time
	Actor      string
	Counted    int64 // what its SKU comes to now
}

// LastScans lists the latest scans of a person that are not undone, the latest first; actor "" is everybody.
func (db *DB) LastScans(ctx context.Context, tenant stock.TenantID, id StocktakeID, actor string, limit int) (list []LastScan, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var l LastScan
			var at int64
			err := rows.Scan(&l.Key, &l.Code, &l.Name, &l.Sets, &l.Units, &at, &l.Actor, &l.Counted)
			l.At = instant(at)
			list = append(list, l)
			return err
		}, `SELECT scan.scan_key, sku.code, sku.name, scan.sets, scan.units, scan.scanned_at, scan.actor, COALESCE(line.counted, 0) FROM stocktake_scan AS scan
			JOIN sku ON sku.tenant_id = scan.tenant_id AND sku.sku_id = scan.sku_id
			LEFT JOIN stocktake_line AS line ON line.tenant_id = scan.tenant_id AND line.stocktake_id = scan.stocktake_id AND line.sku_id = scan.sku_id AND line.current
			WHERE scan.tenant_id = $1 AND scan.stocktake_id = $2 AND NOT scan.undone AND (CAST($3 AS TEXT) = '' OR scan.actor = $3) ORDER BY scan.scanned_at DESC, scan.scan_key DESC LIMIT $4`,
			int64(id), actor, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("last scans of stocktake %d: %w", id, err)
	}
	return list, nil
}
