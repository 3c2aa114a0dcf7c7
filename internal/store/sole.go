package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// SoleQuery asks for the listings without a SKU for which exactly one SKU in use is suggested, for one of the given reasons. Those that a person has
// taken off a SKU are left out.
type SoleQuery struct {
	Shop    channel.ShopID // 0 is all
	Reasons []match.Reason
}

// SoleCount is what a pass over such listings came to.
type SoleCount struct {
	Tried    int
	Found    map[match.Reason]int // listings by the reason of their only suggestion, whatever reasons were asked for
	Linked   int
	Claims   int64  // lines of orders that had waited
	Next     string // where to go on; "" at the end
	Examples []ListingRow
}

// soleAtOnce is how many listings are looked at together, and linked in one transaction.
const soleAtOnce = 500

// mostExamples bounds the examples of a preview.
const mostExamples = 20

// PreviewSole says how many listings LinkSole would link, with examples, of the next most listings from after on.
func (db *DB) PreviewSole(ctx context.Context, tenant stock.TenantID, q SoleQuery, after string, most int) (SoleCount, error) {
	count := SoleCount{Found: make(map[match.Reason]int), Next: after}
	for {
		_, err := db.sole(ctx, tenant, q, &count)
		if err != nil {
			return SoleCount{}, fmt.Errorf("preview sole suggestions: %w", err)
		}
		if count.Next == "" || count.Tried >= most {
			return count, nil
		}
	}
}

// LinkSole links listings to the one SKU that is suggested for each, of the next most listings from after on. A listing that was linked otherwise
// meanwhile stays so. Each part of 500 is one durable transaction; where one fails, what was linked before it stays linked, and the count says how
// far it came.
func (db *DB) LinkSole(ctx context.Context, tenant stock.TenantID, q SoleQuery, actor, after string, most int) (SoleCount, error) {
	count := SoleCount{Found: make(map[match.Reason]int), Next: after}
	for {
		rows, err := db.sole(ctx, tenant, q, &count)
		if err == nil && len(rows) > 0 {
			var answer LinkAnswer
			answer, err = db.Link(ctx, tenant, LinkRequest{Actor: actor, OnlyFree: true, Partial: true, Bulk: true, Rows: rows})
			for _, o := range answer.Rows {
				if o.Applied {
					count.Linked++
					count.Claims += o.Lines
				}
			}
		}
		if err != nil {
			return count, fmt.Errorf("link sole suggestions: %w", err)
		}
		if count.Next == "" || count.Tried >= most {
			return count, nil
		}
	}
}

// sole looks at the next listings and gives the links that are to be made.
func (db *DB) sole(ctx context.Context, tenant stock.TenantID, q SoleQuery, count *SoleCount) ([]LinkRow, error) {
	page, err := db.ListListings(ctx, tenant, ListingQuery{Shop: q.Shop, Show: ListingsUnlinked, After: count.Next, Limit: soleAtOnce})
	if err != nil {
		return nil, err
	}
	var rows []LinkRow
	for _, r := range page.Rows {
		count.Tried++
		s, ok := Sole(r.Suggestions)
		if !ok || r.Apart {
			continue
		}
		count.Found[s.Reason]++
		if !slices.Contains(q.Reasons, s.Reason) {
			continue
		}
		if len(count.Examples) < mostExamples {
			count.Examples = append(count.Examples, r)
		}
		rows = append(rows, LinkRow{Shop: r.Shop, Ref: r.Ref, SKU: s.SKU})
	}
	count.Next = page.Next
	return rows, nil
}

// ErrStillListed says that a listing cannot be forgotten: its shop has it, or may have it.
var ErrStillListed = errors.New("the shop has the listing")

// ForgetListing removes a listing that its shop no longer has: the last reading did not find it, or it is known from orders alone. Lines of orders
// keep the SKU that they claimed. Should the shop tell of it again it comes back as a new one. Another listing gives ErrStillListed, an unknown one
// ErrNotFound.
func (db *DB) ForgetListing(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, ref order.Ref) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		if err := tx.lockShops(ctx, []channel.ShopID{shop}); err != nil {
			return err
		}
		var id ListingID
		var sku stock.SKUID
		var gone bool
		err := tx.one(ctx, []any{&id, &sku, &gone}, `SELECT listing_id, COALESCE(sku_id, 0), (error_kind = 'not_found' OR NOT pulled) AND NOT in_flight FROM listing
			WHERE tenant_id = $1 AND shop_id = $2 AND ref = $3`, int64(shop), string(ref))
		switch {
		case err != nil:
			return err
		case !gone:
			return ErrStillListed
		}
		if _, err := tx.exec(ctx, "DELETE FROM listing WHERE tenant_id = $1 AND listing_id = $2", int64(id)); err != nil {
			return err
		}
		if sku == 0 {
			return nil
		}
		r := relinking{links: []*relink{{from: sku}}}
		if err := r.recordListed(ctx, tx); err != nil {
			return err
		}
		return tx.markSKUs(ctx, []stock.SKUID{sku}, rankOrder)
	})
	if err != nil {
		return fmt.Errorf("forget listing %s of shop %d: %w", ref, shop, err)
	}
	return nil
}
