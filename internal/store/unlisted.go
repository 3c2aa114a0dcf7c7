package store

import (
	"context"
	"database/sql"
	"fmt"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// UnlistedSKU is a SKU in use that no shop lists, or not the one that was asked for, with listings that may be its own.
type UnlistedSKU struct {
	SKU        stock.SKUID
	Code, Name string
	Balance    stock.Balance
	Candidates []ListingRow // without a SKU, whose main code is one of the SKU's; the first few
}

// UnlistedPage is a page of unlisted SKUs.
type UnlistedPage struct {
	SKUs  []UnlistedSKU
	Shops []Shop
	Next  string
	Early bool // the page ended since MostSKUsSeen were looked through
}

// MostSKUsSeen is how many SKUs one page looks through for those that one shop does not list.
const MostSKUsSeen = 20_000

// mostCandidates bounds the listings that are suggested for a SKU.
const mostCandidates = 5

// ListUnlisted lists SKUs in use that no shop lists or, where shop is not 0, that this one does not list, the newest first. after is Next of the page
// before; a place that is not one of this list gives ErrPlace.
func (db *DB) ListUnlisted(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, after string, limit int) (UnlistedPage, error) {
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, MostListings)
	before := int64(1 << 62)
	if after != "" {
		if err := readPlace(after, &before); err != nil {
			return UnlistedPage{}, fmt.Errorf("list unlisted skus: %w", err)
		}
	}
	var page UnlistedPage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		page = UnlistedPage{}
		var err error
		if page.Shops, err = tx.bareShops(ctx); err != nil {
			return err
		}
		read := func(rows *sql.Rows) error {
			var s UnlistedSKU
			err := rows.Scan(&s.SKU, &s.Code, &s.Name)
			page.SKUs = append(page.SKUs, s)
			return err
		}
		seen, last := 0, before
		if shop == 0 {
			err = tx.query(ctx, read, `SELECT sku_id, code, name FROM sku WHERE tenant_id = $1 AND NOT listed AND archived_at = 0 AND sku_id < $2 ORDER BY sku_id DESC LIMIT $3`,
				before, limit+1)
		} else {
			const window = `SELECT sku_id, code, name, archived_at FROM sku WHERE tenant_id = $1 AND sku_id < $2 ORDER BY sku_id DESC LIMIT $3`
			err = tx.one(ctx, []any{&seen, &last}, "SELECT COUNT(*), COALESCE(MIN(sku_id), 0) FROM ("+window+") AS seen", before, int64(MostSKUsSeen))
			if err == nil {
				err = tx.query(ctx, read, "SELECT sku_id, code, name FROM ("+window+`) AS seen WHERE archived_at = 0
					AND NOT EXISTS (SELECT 1 FROM listing WHERE listing.tenant_id = $1 AND listing.sku_id = seen.sku_id AND listing.shop_id = $4)
					ORDER BY sku_id DESC LIMIT $5`, before, int64(MostSKUsSeen), int64(shop), limit+1)
			}
		}
		if err != nil {
			return err
		}
		switch {
		case len(page.SKUs) > limit:
			page.SKUs = page.SKUs[:limit]
			page.Next = place(int64(page.SKUs[limit-1].SKU))
		case seen == MostSKUsSeen:
			page.Next, page.Early = place(last), true
		}
		return tx.fillUnlisted(ctx, &page, shop)
	})
	if err != nil {
		return UnlistedPage{}, fmt.Errorf("list unlisted skus: %w", err)
	}
	return page, nil
}

// fillUnlisted reads balances and candidates.
func (tx *Tx) fillUnlisted(ctx context.Context, page *UnlistedPage, shop channel.ShopID) error {
	byID := make(map[stock.SKUID]*UnlistedSKU, len(page.SKUs))
	skus := make([]stock.SKUID, len(page.SKUs))
	for i := range page.SKUs {
		skus[i] = page.SKUs[i].SKU
		byID[skus[i]] = &page.SKUs[i]
	}
	id := func(args []any, i int) []any { return append(args, int64(skus[i])) }
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var b stock.Balance
		err := rows.Scan(&sku, &b.OnHand, &b.Committed)
		byID[sku].Balance = byID[sku].Balance.Plus(b)
		return err
	}, "SELECT sku_id, on_hand, committed FROM balance WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus), id)
	if err != nil {
		return err
	}
	candidates, err := tx.listingsFor(ctx, skus, shop, page.Shops)
	for sku, list := range candidates {
		byID[sku].Candidates = list
	}
	return err
}

// listingsFor finds, for SKUs, listings without a SKU whose main code is one of theirs but for case and width: a few of one shop, or of all.
func (tx *Tx) listingsFor(ctx context.Context, skus []stock.SKUID, shop channel.ShopID, shops []Shop) (map[stock.SKUID][]ListingRow, error) {
	of := make(map[string][]stock.SKUID)
	var keys []string
	row := func(rows *sql.Rows) error {
		var sku stock.SKUID
		var key string
		err := rows.Scan(&sku, &key)
		if key != "" {
			of[key] = append(of[key], sku)
			keys = append(keys, key)
		}
		return err
	}
	id := func(args []any, i int) []any { return append(args, int64(skus[i])) }
	err := tx.queryRows(ctx, row, "SELECT sku_id, code_key FROM sku WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus), id)
	if err != nil {
		return nil, err
	}
	err = tx.queryRows(ctx, row, "SELECT sku_id, code_key FROM sku_code WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus), id)
	if err != nil {
		return nil, err
	}
	keys = distinct(keys)
	byID := shopsByID(shops)
	found := make(map[stock.SKUID][]ListingRow)
	return found, tx.queryRows(ctx, func(rows *sql.Rows) error {
		r, key, err := scanListingRow(rows)
		r.State = r.state(byID[r.Shop], tx.now)
		for _, sku := range of[key] {
			if len(found[sku]) < mostCandidates {
				found[sku] = append(found[sku], r)
			}
		}
		return err
	}, "SELECT "+listingRowColumns+" FROM listing WHERE listing.tenant_id = $1 AND "+anyShop+` AND ($2 = 0 OR shop_id = $2) AND sku_id IS NULL AND NOT ignored
		AND code_key IN (`, "TEXT", ") ORDER BY shop_id, ref", []any{int64(shop)}, len(keys), func(args []any, i int) []any { return append(args, keys[i]) })
}

// ListListingsOf lists the listings of one SKU, and listings without a SKU that may be its own. An unknown code, exactly as written, gives ErrNotFound.
func (db *DB) ListListingsOf(ctx context.Context, tenant stock.TenantID, code string) (UnlistedSKU, []ListingRow, []Shop, error) {
	var s UnlistedSKU
	var page ListingPage
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		s = UnlistedSKU{}
		err := tx.one(ctx, []any{&s.SKU, &s.Code, &s.Name}, "SELECT sku_id, code, name FROM sku WHERE tenant_id = $1 AND code = $2", code)
		if err != nil {
			return err
		}
		if page, err = tx.listListings(ctx, ListingQuery{SKU: s.SKU, Limit: MostListings}); err != nil {
			return err
		}
		one := UnlistedPage{SKUs: []UnlistedSKU{s}, Shops: page.Shops}
		err = tx.fillUnlisted(ctx, &one, 0)
		s = one.SKUs[0]
		return err
	})
	if err != nil {
		return UnlistedSKU{}, nil, nil, fmt.Errorf("listings of sku %s: %w", code, err)
	}
	return s, page.Rows, page.Shops, nil
}

// ListingName names a listing as a file or a program does: by its reference, or by its main code.
type ListingName struct {
	Shop channel.ShopID
	Name string
}

// FindListings finds listings by their references and, where there is no such reference, by their main codes exactly as written or, if only one of the
// shop is like it, but for case and width. Several of one code give as many refs, of which a person has to choose.
func (db *DB) FindListings(ctx context.Context, tenant stock.TenantID, names []ListingName) (map[ListingName][]channel.Ref, error) {
	found := make(map[ListingName][]channel.Ref)
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		clear(found)
		err := tx.queryRows(ctx, func(rows *sql.Rows) error {
			var n ListingName
			err := rows.Scan(&n.Shop, &n.Name)
			found[n] = []channel.Ref{channel.Ref(n.Name)}
			return err
		}, "SELECT shop_id, ref FROM listing WHERE tenant_id = $1 AND (shop_id, ref) IN (", "BIGINT TEXT", ")", nil, len(names),
			func(args []any, i int) []any { return append(args, int64(names[i].Shop), names[i].Name) })
		if err != nil {
			return err
		}
		var rest []ListingName
		for _, n := range names {
			if found[n] == nil && text.Fold(n.Name) != "" {
				rest = append(rest, n)
			}
		}
		type coded struct {
			code string
			ref  channel.Ref
		}
		like := make(map[ListingName][]coded) // by shop and key
		err = tx.queryRows(ctx, func(rows *sql.Rows) error {
			var n ListingName
			var c coded
			err := rows.Scan(&n.Shop, &n.Name, &c.code, &c.ref)
			like[n] = append(like[n], c)
			return err
		}, "SELECT shop_id, code_key, code, ref FROM listing WHERE tenant_id = $1 AND (shop_id, code_key) IN (", "BIGINT TEXT", ") ORDER BY shop_id, ref", nil, len(rest),
			func(args []any, i int) []any { return append(args, int64(rest[i].Shop), text.Fold(rest[i].Name)) })
		for _, n := range rest {
			alike := like[ListingName{n.Shop, text.Fold(n.Name)}]
			for _, c := range alike {
				if c.code == n.Name {
					found[n] = append(found[n], c.ref)
				}
			}
			if found[n] == nil {
				for _, c := range alike {
					found[n] = append(found[n], c.ref)
				}
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find listings: %w", err)
	}
	return found, nil
}
