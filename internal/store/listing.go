package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// LinkResult tells what a page of listings came to.
type LinkResult struct {
	Listings int // different ones of the page
	Linked   int // newly linked to a SKU
	Claims   int // lines of orders that had waited for the link
}

// TakeListings records a page of a shop's listings and links those that have no SKU yet by the shop's rule, unless a person has taken them off
// one, or their code is no stock. Lines of orders that had waited for a link claim their stock in the same transaction. A listing that the page
// names twice, as pages of a shop that changes meanwhile may, is taken as it came last.
func (db *DB) TakeListings(ctx context.Context, tenant stock.TenantID, lease Lease, listings []channel.Listing) (LinkResult, error) {
	w := &listingsWork{lease: lease, listings: once(listings)}
	err := db.ledger.post(ctx, tenant, w)
	if err != nil {
		return LinkResult{}, fmt.Errorf("take listings of shop %d: %w", lease.Shop, err)
	}
	return w.result, nil
}

// listingsWork takes a page of listings in.
type listingsWork struct {
	lease    Lease
	listings []channel.Listing
	result   LinkResult

	relinking
	known []stock.SKUID // SKUs of listings that were known from orders alone until now
}

func (w *listingsWork) alone() []string { return alone(w.lease.Shop) }
func (w *listingsWork) size() int       { return len(w.listings) }

func (w *listingsWork) with(others works) works {
	ws, _ := others.(singles)
	return append(ws, w)
}

func (w *listingsWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	*w = listingsWork{lease: w.lease, listings: w.listings, result: LinkResult{Listings: len(w.listings)}, relinking: relinking{rank: rankBulk}}
	if err := tx.fence(ctx, w.lease); err != nil {
		return nil, err
	}
	if err := w.findKnown(ctx, tx); err != nil {
		return nil, err
	}
	if err := w.insert(ctx, tx); err != nil {
		return nil, err
	}
	rule, err := tx.matchRule(ctx, w.lease.Shop)
	if err != nil {
		return nil, err
	}
	var free []freeListing
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		l, err := scanFree(rows)
		free = append(free, l)
		return err
	}, freeText+"AND ref IN (", "TEXT", ")", []any{int64(w.lease.Shop)}, len(w.listings), func(args []any, i int) []any { return append(args, string(w.listings[i].Ref)) })
	if err != nil {
		return nil, err
	}
	if w.links, err = tx.decideLinks(ctx, w.lease.Shop, rule, free); err != nil {
		return nil, err
	}
	return w.relinking.prepare(ctx, tx)
}

// findKnown finds linked listings of the page that orders alone had told of. From now on they are written to.
func (w *listingsWork) findKnown(ctx context.Context, tx *Tx) error {
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		err := rows.Scan(&sku)
		w.known = append(w.known, sku)
		return err
	}, "SELECT sku_id FROM listing WHERE tenant_id = $1 AND shop_id = $2 AND NOT pulled AND sku_id IS NOT NULL AND ref IN (", "TEXT", ")", []any{int64(w.lease.Shop)},
		len(w.listings), func(args []any, i int) []any { return append(args, string(w.listings[i].Ref)) })
}

// insert records the listings; one that is as it was costs no write.
func (w *listingsWork) insert(ctx context.Context, tx *Tx) error {
	ids, err := tx.newIDs(ctx, len(w.listings))
	if err != nil {
		return err
	}
	keys := make([]string, len(w.listings))
	for i, l := range w.listings {
		keys[i] = text.Fold(mainCode(l.Codes))
	}
	ignored, err := tx.ignoredOf(ctx, keys)
	if err != nil {
		return err
	}
	before := make(map[order.Ref]bool)
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var ref order.Ref
		err := rows.Scan(&ref)
		before[ref] = true
		return err
	}, "SELECT ref FROM listing WHERE tenant_id = $1 AND shop_id = $2 AND ignored AND ref IN (", "TEXT", ")", []any{int64(w.lease.Shop)},
		len(w.listings), func(args []any, i int) []any { return append(args, string(w.listings[i].Ref)) })
	if err != nil {
		return err
	}
	err = tx.insertRows(ctx, "listing (tenant_id, listing_id, shop_id, ref, code, title, codes, code_key, search_key, ignored)", "BIGINT BIGINT TEXT TEXT TEXT TEXT TEXT TEXT BOOLEAN",
		` ON CONFLICT (tenant_id, shop_id, ref) DO UPDATE SET code = excluded.code, title = excluded.title, codes = excluded.codes, code_key = excluded.code_key,
			search_key = excluded.search_key, ignored = excluded.ignored AND listing.sku_id IS NULL, pulled = TRUE
			WHERE listing.code <> excluded.code OR listing.title <> excluded.title OR listing.codes <> excluded.codes OR NOT listing.pulled
			OR listing.search_key <> excluded.search_key`,
		len(w.listings), func(args []any, i int) []any {
			l := w.listings[i]
			return append(args, ids[i], int64(w.lease.Shop), string(l.Ref), mainCode(l.Codes), l.Title, match.JoinCodes(l.Codes), keys[i],
				listingKey(l.Codes, l.Title), ignored[keys[i]])
		})
	if err != nil {
		return err
	}
	var quiet, loud []order.Ref
	for i, l := range w.listings {
		switch {
		case ignored[keys[i]]:
			quiet = append(quiet, l.Ref)
		case before[l.Ref]:
			loud = append(loud, l.Ref)
		}
	}
	if err := tx.judgeRefs(ctx, w.lease.Shop, quiet, true); err != nil {
		return err
	}
	return tx.judgeRefs(ctx, w.lease.Shop, loud, false)
}

func (w *listingsWork) decide(l *ledger) error {
	for _, sku := range w.known {
		l.mark(sku, rankBulk, l.now)
	}
	return w.relinking.decide(l)
}

func (w *listingsWork) record(ctx context.Context, tx *Tx) error {
	w.result.Linked, w.result.Claims = len(w.links), len(w.lines)
	return w.relinking.record(ctx, tx)
}

// once leaves each listing in once, as it came last.
func once(listings []channel.Listing) []channel.Listing {
	at := make(map[order.Ref]int, len(listings))
	list := make([]channel.Listing, 0, len(listings))
	for _, l := range listings {
		if i, seen := at[l.Ref]; seen {
			list[i] = l
			continue
		}
		at[l.Ref] = len(list)
		list = append(list, l)
	}
	return list
}

// mainCode is the code by which people know a listing: the most exact one.
func mainCode(codes []match.Code) string {
	if len(codes) == 0 {
		return ""
	}
	return codes[0].Text
}

// listingKey is what a search for a listing looks into.
func listingKey(codes []match.Code, title string) string {
	parts := make([]string, 0, len(codes)+1)
	for _, c := range codes {
		parts = append(parts, c.Text)
	}
	return text.SearchKey(append(parts, title)...)
}

// codesOfLine are the codes of a listing that only a line of an order tells of.
func codesOfLine(code string) []match.Code {
	if code == "" {
		return nil
	}
	return []match.Code{{Text: code}}
}

// freeListing is a listing that a rule may link.
type freeListing struct {
	id    ListingID
	shop  channel.ShopID
	ref   order.Ref
	title string
	codes []match.Code
}

// freeText reads the listings of a shop that a rule may link.
const freeText = "SELECT listing_id, shop_id, ref, title, codes FROM listing WHERE tenant_id = $1 AND shop_id = $2 AND sku_id IS NULL AND NOT ignored AND NOT apart "

func scanFree(rows *sql.Rows) (freeListing, error) {
	var l freeListing
	var codes string
	err := rows.Scan(&l.id, &l.shop, &l.ref, &l.title, &codes)
	l.codes = match.SplitCodes(codes)
	return l, err
}

// decideLinks are the links that a rule makes.
func (tx *Tx) decideLinks(ctx context.Context, shop channel.ShopID, rule match.Rule, free []freeListing) ([]*relink, error) {
	book, err := tx.bookFor(ctx, rule, free)
	if err != nil {
		return nil, err
	}
	var links []*relink
	for _, l := range free {
		if d := rule.Decide(l.codes, book); d.SKU != 0 {
			links = append(links, &relink{listing: l.id, shop: shop, ref: l.ref, to: d.SKU})
		}
	}
	return links, nil
}

// bookFor is the SKUs that a rule may find for listings.
func (tx *Tx) bookFor(ctx context.Context, rule match.Rule, free []freeListing) (match.Book, error) {
	if len(rule.Steps) == 0 || len(free) == 0 {
		return nil, nil
	}
	var keys []string
	for _, l := range free {
		keys = append(keys, rule.Keys(l.codes)...)
	}
	slices.Sort(keys)
	return tx.book(ctx, slices.Compact(keys))
}

// RequestFullPass makes every listing of a shop be written again, after everything that is more urgent.
func (db *DB) RequestFullPass(ctx context.Context, tenant stock.TenantID, shop channel.ShopID) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE listing SET full_pass = share IS NULL, unsure = unsure OR share IS NOT NULL WHERE tenant_id = $1 AND shop_id = $2", int64(shop))
		return err
	})
}
