package store

import (
	"context"
	"database/sql"
	"maps"
	"math"
	"slices"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// ShopStatus is how one shop is: what its loops came to, what waits, how long it takes to show a change.
type ShopStatus struct {
	Shop     Shop // without its settings
	Loops    []Loop
	Backlog  map[Lane]int64
	Listings int64
	Linked   int64     // of them with a SKU
	Unlinked int64     // of them without, that are asked about
	Refused  int64     // of them that the shop refuses
	LeftOut  int64     // more that the shop has and keeps no count of
	PushedAt time.Time // when a call that wrote quantities was last answered
	PushOK   bool      // whether that call went well
	Lag      Lag
}

// loop is the loop of a name; empty when it never ran.
func (s ShopStatus) loop(name string) Loop {
	for _, l := range s.Loops {
		if l.Name == name {
			return l
		}
	}
	return Loop{}
}

// Pulled is when the shop's new orders were last pulled completely.
func (s ShopStatus) Pulled() time.Time { return s.loop("new").SucceededAt }

// Listed is when the shop's listings were last pulled completely.
func (s ShopStatus) Listed() time.Time { return s.loop("list").SucceededAt }

// Hook is the loop that keeps the shop's webhooks coming; empty when it never ran. Its failure does not keep the shop from being in line.
func (s ShopStatus) Hook() Loop { return s.loop(LoopHook) }

// Trouble is the latest failure that no success of its loop has ended, or false when the last round of every loop but Hook went well.
func (s ShopStatus) Trouble() (Loop, bool) {
	var worst Loop
	for _, l := range s.Loops {
		if l.ErrorKind == "" || l.Name == LoopHook {
			continue
		}
		switch wrong := l.ErrorKind == channel.Auth; {
		case worst.ErrorKind == "", wrong && worst.ErrorKind != channel.Auth:
			worst = l
		case wrong == (worst.ErrorKind == channel.Auth) && l.FailedAt.After(worst.FailedAt):
			worst = l
		}
	}
	return worst, worst.ErrorKind != ""
}

// ListShopStatus reads how a tenant's shops are, by id, with their lag since a moment, and the lag of all of them together.
func (db *DB) ListShopStatus(ctx context.Context, tenant stock.TenantID, since time.Time) ([]ShopStatus, Lag, error) {
	var list []ShopStatus
	var all Lag
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		list, all, err = tx.shopStatus(ctx, since)
		return err
	})
	return list, all, err
}

func (tx *Tx) shopStatus(ctx context.Context, since time.Time) ([]ShopStatus, Lag, error) {
	shops, err := tx.bareShops(ctx)
	if err != nil {
		return nil, Lag{}, err
	}
	list := make([]ShopStatus, len(shops))
	byID := make(map[channel.ShopID]*ShopStatus, len(shops))
	for i, s := range shops {
		list[i] = ShopStatus{Shop: s, Backlog: make(map[Lane]int64)}
		byID[s.ID] = &list[i]
	}
	err = tx.query(ctx, func(rows *sql.Rows) error {
		var id channel.ShopID
		var l Loop
		var ok, failed int64
		err := rows.Scan(&id, &l.Name, &l.Cursor, &ok, &failed, &l.ErrorKind, &l.ErrorCode, &l.ErrorText, &l.LeftOut)
		l.SucceededAt, l.FailedAt = instant(ok), instant(failed)
		if s := byID[id]; s != nil {
			s.Loops = append(s.Loops, l)
			s.LeftOut += l.LeftOut
		}
		return err
	}, "SELECT shop_id, loop, cursor, succeeded_at, failed_at, error_kind, error_code, error_text, left_out FROM shop_loop WHERE tenant_id = $1 ORDER BY shop_id, loop")
	if err != nil {
		return nil, Lag{}, err
	}
	err = tx.query(ctx, func(rows *sql.Rows) error {
		var id channel.ShopID
		var lane Lane
		var n int64
		err := rows.Scan(&id, &lane, &n)
		if s := byID[id]; s != nil {
			s.Backlog[lane] = n
		}
		return err
	}, "SELECT shop_id, lane, COUNT(*) FROM listing WHERE tenant_id = $1 AND lane > 0 GROUP BY shop_id, lane")
	if err != nil {
		return nil, Lag{}, err
	}
	// Four counts of four indexes: one pass over the rows of all listings takes ten times as long.
	for text, count := range map[string]func(*ShopStatus, int64){
		"SELECT shop_id, COUNT(*) FROM listing WHERE tenant_id = $1 GROUP BY shop_id":                                    func(s *ShopStatus, n int64) { s.Listings += n; s.Linked += n },
		"SELECT shop_id, COUNT(*) FROM listing WHERE tenant_id = $1 AND sku_id IS NULL AND NOT ignored GROUP BY shop_id": func(s *ShopStatus, n int64) { s.Linked -= n; s.Unlinked += n },
		"SELECT shop_id, COUNT(*) FROM listing WHERE tenant_id = $1 AND ignored GROUP BY shop_id":                        func(s *ShopStatus, n int64) { s.Linked -= n },
		"SELECT shop_id, COUNT(*) FROM listing WHERE tenant_id = $1 AND error_kind <> '' GROUP BY shop_id":               func(s *ShopStatus, n int64) { s.Refused += n },
	} {
		err = tx.query(ctx, func(rows *sql.Rows) error {
			var id channel.ShopID
			var n int64
			err := rows.Scan(&id, &n)
			if s := byID[id]; s != nil {
				count(s, n)
			}
			return err
		}, text)
		if err != nil {
			return nil, Lag{}, err
		}
	}
	for i := range list {
		s := &list[i]
		var answered int64
		err := tx.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&answered, &s.PushOK) },
			`SELECT answered_at, error_text = '' FROM push WHERE tenant_id = $1 AND shop_id = $2 AND answered_at > 0 ORDER BY sent_at DESC LIMIT 1`, int64(s.Shop.ID))
		if err != nil {
			return nil, Lag{}, err
		}
		s.PushedAt = instant(answered)
	}
	counts, together, err := tx.lags(ctx, since)
	for i := range list {
		list[i].Lag = counts[list[i].Shop.ID].total()
	}
	return list, together.total(), err
}

// lags are the lags that were measured since a moment, by shop and of all of them.
func (tx *Tx) lags(ctx context.Context, since time.Time) (counts map[channel.ShopID]lagCounts, together lagCounts, err error) {
	counts, together = make(map[channel.ShopID]lagCounts), make(lagCounts)
	err = tx.query(ctx, func(rows *sql.Rows) error {
		var id channel.ShopID
		var bucket, items int64
		err := rows.Scan(&id, &bucket, &items)
		if counts[id] == nil {
			counts[id] = make(lagCounts)
		}
		counts[id][bucket] += items
		together[bucket] += items
		return err
	}, "SELECT shop_id, bucket, CAST(SUM(items) AS BIGINT) FROM lag WHERE tenant_id = $1 AND minute >= $2 GROUP BY shop_id, bucket", since.Unix()/60)
	return counts, together, err
}

// ListPreview lists a shop's listings whose target is not what they are believed to show, so what going live would send: those to zero first,
// then the falling ones.
func (db *DB) ListPreview(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, limit int) ([]BehindListing, error) {
	var list []BehindListing
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		shops, err := tx.bareShops(ctx)
		if err != nil {
			return err
		}
		return tx.behind(ctx, shopsByID(shops), &list, `shop_id = $2 AND lane > 0 AND lane < 5 ORDER BY lane, risk DESC, due_since LIMIT $3`, int64(shop), limit)
	})
	return list, err
}

// ListingSums counts a shop's listings by what a push of their target would do.
type ListingSums struct {
	All, Linked                  int64
	Same, Up, Down, Zero, Unread int64 // of the linked ones; Down leaves those to zero out
}

// SumListings counts a shop's listings for the preview of going live.
func (db *DB) SumListings(ctx context.Context, tenant stock.TenantID, shop channel.ShopID) (ListingSums, error) {
	var s ListingSums
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&s.All, &s.Linked, &s.Same, &s.Up, &s.Down, &s.Zero, &s.Unread}, `SELECT COUNT(*), COUNT(sku_id),
			COUNT(*) FILTER (WHERE sku_id IS NOT NULL AND lane IN (0, 5)),
			COUNT(*) FILTER (WHERE lane IN (3, 4) AND expected < target),
			COUNT(*) FILTER (WHERE lane = 2 AND NOT unsure AND expected IS NOT NULL),
			COUNT(*) FILTER (WHERE lane = 1),
			COUNT(*) FILTER (WHERE lane = 2 AND (unsure OR expected IS NULL)) FROM listing WHERE tenant_id = $1 AND shop_id = $2`, int64(shop))
	})
	return s, err
}

// Drift is a drift that reading back has found.
type Drift struct {
	Listing  ListingID
	Code     string // the SKU's; the listing's own while it has none
	Expected stock.Quantity
	Found    stock.Quantity
	At       time.Time
}

// ListDrifts lists a shop's drifts, the newest first.
func (db *DB) ListDrifts(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, limit int) ([]Drift, error) {
	var drifts []Drift
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		drifts = drifts[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var d Drift
			var expected, found, at int64
			err := rows.Scan(&d.Listing, &d.Code, &expected, &found, &at)
			d.Expected, d.Found, d.At = stock.FromSortable(expected), stock.FromSortable(found), instant(at)
			drifts = append(drifts, d)
			return err
		}, `SELECT drift.listing_id, COALESCE(sku.code, listing.code), drift.expected, found, found_at FROM drift
			JOIN listing ON listing.tenant_id = drift.tenant_id AND listing.listing_id = drift.listing_id
			LEFT JOIN sku ON sku.tenant_id = listing.tenant_id AND sku.sku_id = listing.sku_id
			WHERE drift.tenant_id = $1 AND drift.shop_id = $2 ORDER BY drift_id DESC LIMIT $3`, int64(shop), limit)
	})
	return drifts, err
}

// total is what counted lags come to.
func (c lagCounts) total() Lag {
	var l Lag
	for _, items := range c {
		l.Items += items
	}
	if l.Items == 0 {
		return l
	}
	buckets := slices.Sorted(maps.Keys(c))
	quantile := func(p float64) time.Duration {
		rank, seen := int64(math.Ceil(p*float64(l.Items))), int64(0)
		for _, b := range buckets {
			if seen += c[b]; seen >= rank {
				return bucketLag(b)
			}
		}
		return 0
	}
	l.P50, l.P99, l.Max = quantile(0.5), quantile(0.99), bucketLag(buckets[len(buckets)-1])
	return l
}
