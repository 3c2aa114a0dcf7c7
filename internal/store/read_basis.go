package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Basis is everything from which the numbers of a SKU's listings follow (design 2.8), as of one moment.
type Basis struct {
	SKU
	At     time.Time        // the moment
	Last   []PostedMovement // the newest movement, none when it never moved
	Claims []OpenClaim      // the oldest lines that hold units
	Lines  int64            // how many lines hold units in all
	Held   int64            // how many units they hold
	// Sold says, for each listing that is believed to show less than it last showed, how many units of the SKU its shop has sold since.
	Sold map[ListingID]int64
}

// LoadBasis reads the basis of a SKU with at most claims of the lines that hold its units, or gives ErrNotFound.
func (db *DB) LoadBasis(ctx context.Context, tenant stock.TenantID, code string, claims int) (Basis, error) {
	var b Basis
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		b = Basis{At: tx.now, Sold: make(map[ListingID]int64)}
		if b.SKU, err = tx.sku(ctx, code); err != nil {
			return err
		}
		page, err := tx.movements(ctx, b.SKU.SKU, make(seqPlace), 1)
		if err != nil {
			return err
		}
		b.Last = page.Movements
		if b.Claims, b.Lines, b.Held, err = tx.openClaims(ctx, b.SKU.SKU, claims); err != nil {
			return err
		}
		for _, l := range b.Listings {
			if l.FellBy() > 0 {
				if b.Sold[l.ID], err = tx.soldSince(ctx, l); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return Basis{}, fmt.Errorf("basis of sku %s: %w", code, err)
	}
	return b, nil
}

// FellBy is how many units less a listing is believed to show than it last showed: those that its shop has sold since. It is
// negative when it is believed to show more, and 0 when nobody knows.
func (l Listing) FellBy() int64 {
	if l.Shown == nil || l.Expected == nil || l.Shown.IsUnlimited() || l.Expected.IsUnlimited() {
		return 0
	}
	shown, _ := l.Shown.Units()
	expected, _ := l.Expected.Units()
	return shown - expected
}

// FollowedSince is from when on sales may have come after the number that the listing last showed: from when that number was sent, or
// read.
func (l Listing) FollowedSince() time.Time {
	if l.Answer == channel.Applied && l.ShownAt.Equal(l.AnsweredAt) && l.SentAt.Before(l.ShownAt) {
		return l.SentAt
	}
	return l.ShownAt
}

// SoldSince is how many units of a listing's SKU its shop has sold since the listing's last shown number.
func (db *DB) SoldSince(ctx context.Context, tenant stock.TenantID, l Listing) (units int64, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) (err error) {
		units, err = tx.soldSince(ctx, l)
		return err
	})
	return units, err
}

// soldSince walks the SKU's movements back from the newest, so its cost is what has happened since and not the whole history.
func (tx *Tx) soldSince(ctx context.Context, l Listing) (int64, error) {
	since := micros(l.FollowedSince().Add(-clockMargin))
	sku, delta := l.SKU, "committed_delta"
	leaves, err := tx.leavesOf(ctx, []stock.SKUID{l.SKU})
	if err != nil {
		return 0, err
	}
	if parts := leaves[l.SKU]; parts != nil { // a bundle has no movements: those of one part, by lines of the bundle, stand for it
		sku = parts[0].SKU
		delta = `COALESCE(committed_delta / (SELECT sale_part.units FROM sale
			JOIN sale_line ON sale_line.tenant_id = $1 AND sale_line.sale_id = sale.sale_id AND sale_line.line = movement.line AND sale_line.sku_id = ` + strconv.FormatInt(int64(l.SKU), 10) + `
			JOIN sale_part ON sale_part.tenant_id = $1 AND sale_part.sale_id = sale.sale_id AND sale_part.line = sale_line.line AND sale_part.sku_id = movement.sku_id
			WHERE sale.tenant_id = $1 AND sale.shop_id = movement.shop_id AND sale.number = movement.document), 0)`
	}
	locations, err := tx.locationsOf(ctx, sku)
	if err != nil {
		return 0, err
	}
	units := int64(0)
	for _, at := range locations {
		before, more := int64(1<<62), true
		for more {
			n := 0
			more = false
			err := tx.query(ctx, func(rows *sql.Rows) error {
				var shop channel.ShopID
				var kind stock.MovementKind
				var delta, posted int64
				if err := rows.Scan(&before, &kind, &shop, &delta, &posted); err != nil {
					return err
				}
				n++
				more = n == 200 && posted >= since
				if posted >= since && shop == l.Shop && kind == stock.Claimed && delta > 0 {
					units += delta
				}
				return nil
			}, `SELECT seq, kind, shop_id, `+delta+`, posted_at FROM movement
				WHERE tenant_id = $1 AND sku_id = $2 AND location_id = $3 AND seq < $4 ORDER BY seq DESC LIMIT 200`, int64(sku), int64(at.ID), before)
			if err != nil {
				return 0, err
			}
		}
	}
	return units, nil
}
