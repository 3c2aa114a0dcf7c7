package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// ListingShow narrows a list of listings down.
type ListingShow string

// What lists of listings can show.
const (
	ListingsAll      ListingShow = ""
	ListingsUnlinked ListingShow = "unlinked" // without a SKU, and asked about
	ListingsLinked   ListingShow = "linked"
	ListingsErrors   ListingShow = "errors"  // linked, and the shop has refused
	ListingsIgnored  ListingShow = "ignored" // their code is no stock
)

// Valid tells whether it is one of the list above.
func (s ListingShow) Valid() bool {
	switch s {
	case ListingsAll, ListingsUnlinked, ListingsLinked, ListingsErrors, ListingsIgnored:
		return true
	}
	return false
}

func (s ListingShow) where() string {
	switch s {
	case ListingsUnlinked:
		return " AND listing.sku_id IS NULL AND NOT listing.ignored"
	case ListingsLinked:
		return " AND listing.sku_id IS NOT NULL"
	case ListingsErrors:
		return " AND listing.error_kind <> '' AND listing.sku_id IS NOT NULL"
	case ListingsIgnored:
		return " AND listing.ignored"
	}
	return ""
}

// ListingQuery asks for a page of listings (出品), by shop and reference.
type ListingQuery struct {
	Shop channel.ShopID // 0 is all
	Show ListingShow
	// Text is a code, or the beginning of one; where no listing's main code begins so, it is words that must all be in codes and title.
	Text  string
	SKU   stock.SKUID // not 0: those of one SKU only
	After string      // Next of the page before; "" is the start
	Limit int         // at most MostListings; 0 is 100
}

// Bounds of a query.
const (
	MostListings = 500
	// MostListingsSeen is how many listings one page looks through for words. Where they do not fill the page it ends early, and Next goes on.
	MostListingsSeen = 20_000
	// MostCounted is up to where hits of any list are counted.
	MostCounted = 10_000
)

// ListingRow is one listing with what a person who links it needs.
type ListingRow struct {
	Listing
	Codes    []match.Code // all that the shop calls it by, the main one first
	Apart    bool         // a person has taken it off a SKU: no rule links it again
	LinkedAt time.Time    // of the last change of its link; zero when there was none
	LinkedBy string       // who; "" is the shop's rule
	SKUCode  string
	SKUName  string
	// Waiting and WaitingUnits are lines of orders that claim once it is linked; Holding and HeldUnits those that hold units under its link.
	Waiting, WaitingUnits int64
	Holding, HeldUnits    int64
	Suggestions           []Suggestion // for one without a SKU
}

// ListingPage is a page of listings.
type ListingPage struct {
	Rows   []ListingRow
	Shops  []Shop // all of the tenant's, without settings, by id
	Next   string // After of the next page; "" at the end
	Early  bool   // the page ended since MostListingsSeen were looked through
	ByCode bool   // Text is how main codes begin
}

type listingPlace struct {
	Shop int64
	Ref  string
	Code string `json:",omitempty"`
}

// ListListings reads a page of listings. A place that is not one of this list gives ErrPlace.
func (db *DB) ListListings(ctx context.Context, tenant stock.TenantID, q ListingQuery) (ListingPage, error) {
	var page ListingPage
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		page, err = tx.listListings(ctx, q)
		return err
	})
	if err != nil {
		return ListingPage{}, fmt.Errorf("list listings: %w", err)
	}
	return page, nil
}

// CountListings counts what a query without words finds, up to MostCounted, which stands for that many or more.
func (db *DB) CountListings(ctx context.Context, tenant stock.TenantID, q ListingQuery) (int64, error) {
	var n int64
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		n, err = tx.countListings(ctx, q, MostCounted)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count listings: %w", err)
	}
	return n, nil
}

func (tx *Tx) countListings(ctx context.Context, q ListingQuery, most int64) (int64, error) {
	var n int64
	where, args := q.fixed()
	text := "SELECT COUNT(*) FROM (SELECT listing.ref FROM listing WHERE listing.tenant_id = $1" + where + " LIMIT $" + strconv.Itoa(len(args)+2) + ") AS few"
	return n, tx.one(ctx, []any{&n}, text, append(args, most)...)
}

// fixed is the part of a query that indexes answer.
func (q ListingQuery) fixed() (where string, args []any) {
	where = q.Show.where()
	if q.Shop != 0 {
		args = append(args, int64(q.Shop))
		where += " AND listing.shop_id = $" + strconv.Itoa(len(args)+1)
	}
	if q.SKU != 0 {
		args = append(args, int64(q.SKU))
		where += " AND listing.sku_id = $" + strconv.Itoa(len(args)+1)
	}
	return where, args
}

func (tx *Tx) listListings(ctx context.Context, q ListingQuery) (ListingPage, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, MostListings)
	var page ListingPage
	var from listingPlace
	if q.After != "" {
		if err := readPlace(q.After, &from); err != nil {
			return page, err
		}
	}
	var err error
	if page.Shops, err = tx.bareShops(ctx); err != nil {
		return page, err
	}
	terms := text.Terms(q.Text)
	if page.ByCode, err = tx.startsCode(ctx, q, page.Shops); err != nil {
		return page, err
	}
	switch {
	case page.ByCode:
		err = tx.listingsByCode(ctx, q, from, &page)
	case len(terms) > 0:
		err = tx.listingsByWords(ctx, q, terms[:min(len(terms), mostTerms)], from, &page)
	case strings.TrimSpace(q.Text) != "":
		return page, nil // nothing that can be looked for
	default:
		err = tx.listingsInOrder(ctx, q, from, &page)
	}
	if err != nil {
		return page, err
	}
	byID := shopsByID(page.Shops)
	for i := range page.Rows {
		page.Rows[i].State = page.Rows[i].state(byID[page.Rows[i].Shop], tx.now)
	}
	return page, tx.fillListings(ctx, page.Rows, byID)
}

// codePrefix is the range of keys that begin as a text does, false where no code is meant.
func codePrefix(typed string) (from, until string, ok bool) {
	key := text.Fold(typed)
	return key, key + "\U0010FFFF", key != "" && !strings.Contains(key, " ")
}

// startsCode tells whether some listing's main code begins with the text. Ignored listings and those with errors are few: they are looked through
// for words instead.
func (tx *Tx) startsCode(ctx context.Context, q ListingQuery, shops []Shop) (bool, error) {
	from, until, ok := codePrefix(q.Text)
	if !ok || q.Show == ListingsErrors || q.Show == ListingsIgnored || q.SKU != 0 {
		return false, nil
	}
	found := false
	for _, shop := range shops {
		if found || q.Shop != 0 && q.Shop != shop.ID {
			continue
		}
		err := tx.query(ctx, func(*sql.Rows) error { found = true; return nil }, `SELECT listing_id FROM listing WHERE listing.tenant_id = $1`+q.Show.where()+
			` AND shop_id = $2 AND code_key >= $3 AND code_key < $4 LIMIT 1`, int64(shop.ID), from, until)
		if err != nil {
			return false, err
		}
	}
	return found, nil
}

const listingRowColumns = listingColumns + `, codes, apart, linked_at, linked_by, code_key,
	COALESCE((SELECT sku.code FROM sku WHERE sku.tenant_id = $1 AND sku.sku_id = listing.sku_id), ''),
	COALESCE((SELECT sku.name FROM sku WHERE sku.tenant_id = $1 AND sku.sku_id = listing.sku_id), '')`

func scanListingRow(rows *sql.Rows) (ListingRow, string, error) {
	var r ListingRow
	var codes, key string
	var linked int64
	var err error
	r.Listing, err = scanListing(rows, &codes, &r.Apart, &linked, &r.LinkedBy, &key, &r.SKUCode, &r.SKUName)
	r.Codes, r.LinkedAt = match.SplitCodes(codes), instant(linked)
	return r, key, err
}

// listingsByCode reads a page by shop and main code, of those that begin with the text.
func (tx *Tx) listingsByCode(ctx context.Context, q ListingQuery, from listingPlace, page *ListingPage) error {
	first, until, _ := codePrefix(q.Text)
	last := ""
	for _, shop := range page.Shops {
		if page.Next != "" || q.Shop != 0 && q.Shop != shop.ID || int64(shop.ID) < from.Shop {
			continue
		}
		begin := listingPlace{Code: first}
		if int64(shop.ID) == from.Shop {
			begin = from
		}
		err := tx.query(ctx, func(rows *sql.Rows) error {
			r, key, err := scanListingRow(rows)
			if len(page.Rows) == q.Limit {
				l := page.Rows[q.Limit-1]
				page.Next = place(listingPlace{Shop: int64(l.Shop), Ref: string(l.Ref), Code: last})
				return err
			}
			page.Rows = append(page.Rows, r)
			last = key
			return err
		}, "SELECT "+listingRowColumns+" FROM listing WHERE listing.tenant_id = $1"+q.Show.where()+` AND shop_id = $2 AND code_key < $3
			AND (code_key, ref) > ($4, $5) ORDER BY code_key, ref LIMIT $6`, int64(shop.ID), until, begin.Code, begin.Ref, q.Limit+1-len(page.Rows))
		if err != nil {
			return err
		}
	}
	return nil
}

// listingsInOrder reads a page by shop and reference.
func (tx *Tx) listingsInOrder(ctx context.Context, q ListingQuery, from listingPlace, page *ListingPage) error {
	where, args := q.fixed()
	n := len(args) + 2
	return tx.query(ctx, func(rows *sql.Rows) error {
		r, _, err := scanListingRow(rows)
		if len(page.Rows) == q.Limit {
			l := page.Rows[q.Limit-1]
			page.Next = place(listingPlace{Shop: int64(l.Shop), Ref: string(l.Ref)})
			return err
		}
		page.Rows = append(page.Rows, r)
		return err
	}, fmt.Sprintf("SELECT %s FROM listing WHERE listing.tenant_id = $1%s AND (shop_id, ref) > ($%d, $%d) ORDER BY shop_id, ref LIMIT $%d",
		listingRowColumns, where, n, n+1, n+2), append(args, from.Shop, from.Ref, q.Limit+1)...)
}

// listingsByWords looks through the next MostListingsSeen listings for words.
func (tx *Tx) listingsByWords(ctx context.Context, q ListingQuery, terms []string, from listingPlace, page *ListingPage) error {
	where, args := q.fixed()
	n := len(args) + 2
	args = append(args, from.Shop, from.Ref, MostListingsSeen)
	seen := fmt.Sprintf(`SELECT listing.listing_id, listing.shop_id, listing.ref, listing.search_key FROM listing
		WHERE listing.tenant_id = $1%s AND (listing.shop_id, listing.ref) > ($%d, $%d) ORDER BY listing.shop_id, listing.ref LIMIT $%d`, where, n, n+1, n+2)
	var end listingPlace
	count := 0
	err := tx.one(ctx, []any{&count}, "SELECT COUNT(*) FROM ("+seen+") AS seen", args...)
	if err != nil || count == 0 {
		return err
	}
	if count == MostListingsSeen {
		err := tx.one(ctx, []any{&end.Shop, &end.Ref}, "SELECT shop_id, ref FROM ("+seen+") AS seen ORDER BY shop_id DESC, ref DESC LIMIT 1", args...)
		if err != nil {
			return err
		}
	}
	like := ""
	for _, term := range terms {
		args = append(args, "%"+likeEscape.Replace(term)+"%")
		like += " AND seen.search_key LIKE $" + strconv.Itoa(len(args)+1) + ` ESCAPE '\'`
	}
	args = append(args, q.Limit+1)
	var ids []ListingID
	more := false
	err = tx.query(ctx, func(rows *sql.Rows) error {
		var id ListingID
		var at listingPlace
		err := rows.Scan(&id, &at.Shop, &at.Ref)
		if more = len(ids) == q.Limit; !more {
			ids = append(ids, id)
			page.Next = place(at)
		}
		return err
	}, "SELECT seen.listing_id, seen.shop_id, seen.ref FROM ("+seen+") AS seen WHERE TRUE"+like+" ORDER BY seen.shop_id, seen.ref LIMIT $"+strconv.Itoa(len(args)+1), args...)
	switch {
	case err != nil:
		return err
	case more:
	case count == MostListingsSeen:
		page.Next, page.Early = place(end), true
	default:
		page.Next = ""
	}
	at := make(map[ListingID]int, len(ids))
	for i, id := range ids {
		at[id] = i
	}
	page.Rows = make([]ListingRow, len(ids))
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		r, _, err := scanListingRow(rows)
		page.Rows[at[r.ID]] = r
		return err
	}, "SELECT "+listingRowColumns+" FROM listing WHERE listing.tenant_id = $1 AND listing_id IN (", "BIGINT", ")", nil, len(ids),
		func(args []any, i int) []any { return append(args, int64(ids[i])) })
}

// fillListings reads what waits for listings or holds units under them, and what those without a SKU may be.
func (tx *Tx) fillListings(ctx context.Context, list []ListingRow, shops map[channel.ShopID]Shop) error {
	byRef := make(map[shopRef]*ListingRow)
	byID := make(map[ListingID]*ListingRow)
	var skus []stock.SKUID
	var refs []string
	var asked []suggesting
	var free []*ListingRow
	for i := range list {
		r := &list[i]
		byID[r.ID] = r
		switch {
		case r.SKU != 0:
			skus = append(skus, r.SKU)
		case !r.Ignored:
			byRef[shopRef{r.Shop, r.Ref}] = r
			refs = append(refs, string(r.Ref))
			asked = append(asked, suggesting{rule: shops[r.Shop].Match, codes: r.Codes})
			free = append(free, r)
		}
	}
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var at shopRef
		var lines, units int64
		err := rows.Scan(&at.shop, &at.ref, &lines, &units)
		if r := byRef[at]; r != nil {
			r.Waiting += lines
			r.WaitingUnits += units
		}
		return err
	}, `SELECT sale.shop_id, sale_line.ref, COUNT(*), CAST(SUM(awaiting) AS BIGINT) FROM sale_line
		JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id
		WHERE sale_line.tenant_id = $1 AND sale_line.sku_id IS NULL AND awaiting > 0 AND sale_line.ref IN (`, "TEXT", ") GROUP BY sale.shop_id, sale_line.ref",
		nil, len(refs), func(args []any, i int) []any { return append(args, refs[i]) })
	if err != nil {
		return err
	}
	skus = distinct(skus)
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id ListingID
		var sku stock.SKUID
		var lines, units int64
		err := rows.Scan(&id, &sku, &lines, &units)
		if r := byID[id]; r != nil && r.SKU == sku {
			r.Holding, r.HeldUnits = lines, units
		}
		return err
	}, `SELECT listing_id, sku_id, COUNT(*), CAST(SUM(held) AS BIGINT) FROM sale_line WHERE tenant_id = $1 AND held <> 0 AND sku_id IN (`, "BIGINT",
		") GROUP BY listing_id, sku_id", nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
	if err != nil || len(free) == 0 {
		return err
	}
	found, err := tx.suggest(ctx, asked)
	if err != nil {
		return err
	}
	for i, r := range free {
		r.Suggestions = found[i]
	}
	return nil
}

// LoadListing reads one listing with all that ListListings tells of it, or gives ErrNotFound.
func (db *DB) LoadListing(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, ref order.Ref) (ListingRow, error) {
	var list []ListingRow
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		shops, err := tx.bareShops(ctx)
		if err != nil {
			return err
		}
		byID := shopsByID(shops)
		err = tx.query(ctx, func(rows *sql.Rows) error {
			r, _, err := scanListingRow(rows)
			r.State = r.state(byID[r.Shop], tx.now)
			list = append(list, r)
			return err
		}, "SELECT "+listingRowColumns+" FROM listing WHERE listing.tenant_id = $1 AND shop_id = $2 AND ref = $3", int64(shop), string(ref))
		if err == nil && len(list) == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		return tx.fillListings(ctx, list, byID)
	})
	if err != nil {
		return ListingRow{}, fmt.Errorf("listing %s of shop %d: %w", ref, shop, err)
	}
	return list[0], nil
}

// ListingCounts are how many listings and lines of orders ask for a person, each up to MostListed, which stands for that many or more.
type ListingCounts struct {
	Unlinked map[channel.ShopID]int64
	Errors   map[channel.ShopID]int64
	Unlisted int64 // SKUs in use that no shop lists
	Waiting  Waiting
}

// MostListed bounds the counts of ListingCounts.
const MostListed = 1000

// CountToLink counts what there is to link.
func (db *DB) CountToLink(ctx context.Context, tenant stock.TenantID) (ListingCounts, error) {
	var c ListingCounts
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		c = ListingCounts{Unlinked: make(map[channel.ShopID]int64), Errors: make(map[channel.ShopID]int64)}
		shops, err := tx.bareShops(ctx)
		if err != nil {
			return err
		}
		for _, s := range shops {
			if c.Unlinked[s.ID], err = tx.countListings(ctx, ListingQuery{Shop: s.ID, Show: ListingsUnlinked}, MostListed); err != nil {
				return err
			}
			if c.Errors[s.ID], err = tx.countListings(ctx, ListingQuery{Shop: s.ID, Show: ListingsErrors}, MostListed); err != nil {
				return err
			}
		}
		err = tx.one(ctx, []any{&c.Unlisted}, "SELECT COUNT(*) FROM (SELECT sku_id FROM sku WHERE tenant_id = $1 AND NOT listed AND archived_at = 0 LIMIT $2) AS few", int64(MostListed))
		if err == nil {
			c.Waiting, err = tx.sumWaiting(ctx)
		}
		return err
	})
	if err != nil {
		return ListingCounts{}, fmt.Errorf("count what is to be linked: %w", err)
	}
	return c, nil
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
