package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// Tenant is one merchant (契約).
type Tenant struct {
	ID       stock.TenantID
	Code     string
	Name     string
	TimeZone string // of the IANA database
}

// DefaultZone is a new tenant's time zone where nothing else is said.
const DefaultZone = "Asia/Tokyo"

// AddTenant adds a merchant in Japan with one default location. A code that is taken gives a *ConflictError.
func (db *DB) AddTenant(ctx context.Context, code, name string) (Tenant, error) {
	return db.AddTenantIn(ctx, code, name, DefaultZone)
}

// AddTenantIn is AddTenant with a time zone of the IANA database, by which the tenant's days begin. It stays: what was sold is counted by
// those days.
func (db *DB) AddTenantIn(ctx context.Context, code, name, zone string) (Tenant, error) {
	if _, err := zoneOf(zone); err != nil {
		return Tenant{}, fmt.Errorf("add tenant %q: %w", code, err)
	}
	t := Tenant{Code: code, Name: name, TimeZone: zone}
	err := db.Write(ctx, 0, func(tx *Tx) error {
		ids, err := tx.newIDs(ctx, 2)
		if err != nil {
			return err
		}
		t.ID = stock.TenantID(ids[0])
		tx.tenant = t.ID
		if _, err := tx.exec(ctx, "INSERT INTO tenant (tenant_id, code, name, created_at, folded, time_zone) VALUES ($1, $2, $3, $4, $5, $6)", code, name, micros(tx.now), int64(foldedBy), zone); err != nil {
			return err
		}
		_, err = tx.exec(ctx, "INSERT INTO location (tenant_id, location_id, code, name) VALUES ($1, $2, $3, $4)", ids[1], "main", "本倉庫")
		return err
	})
	if err != nil {
		return Tenant{}, fmt.Errorf("add tenant %q: %w", code, err)
	}
	return t, nil
}

// ListTenants lists all merchants by id. It is for the engine, which serves all of them, and for signing in.
func (db *DB) ListTenants(ctx context.Context) ([]Tenant, error) {
	var tenants []Tenant
	err := db.Read(ctx, 0, func(tx *Tx) error {
		tenants = tenants[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var t Tenant
			err := rows.Scan(&t.ID, &t.Code, &t.Name, &t.TimeZone)
			tenants = append(tenants, t)
			return err
		}, "SELECT tenant_id, code, name, time_zone FROM tenant WHERE tenant_id > $1 ORDER BY tenant_id")
	})
	return tenants, err
}

// DefaultLocation is where units lie when nothing else is said: the tenant's first location.
func (db *DB) DefaultLocation(ctx context.Context, tenant stock.TenantID) (stock.LocationID, error) {
	var id stock.LocationID
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&id}, "SELECT location_id FROM location WHERE tenant_id = $1 ORDER BY location_id LIMIT 1")
	})
	return id, err
}

// NewSKU is a SKU to be added.
type NewSKU struct {
	Product string // the product's code; "" makes a product of its own with the SKU's code
	Code    string
	Name    string
	Terms   stock.Terms
}

// AddSKUs adds SKUs, with the products that are not there yet, and returns the id of each code. A code that is there already is left as
// it is. Each new SKU is marked for planning. Terms that no SKU can have give a *stock.TermsError, and nothing is added.
func (db *DB) AddSKUs(ctx context.Context, tenant stock.TenantID, skus []NewSKU) (map[string]stock.SKUID, error) {
	for _, s := range skus {
		if err := s.Terms.Check(); err != nil {
			return nil, fmt.Errorf("add sku %s: %w", s.Code, err)
		}
	}
	ids := make(map[string]stock.SKUID, len(skus))
	for part := range slices.Chunk(skus, 2000) {
		err := db.Write(ctx, tenant, func(tx *Tx) error { return tx.addSKUs(ctx, part, ids) })
		if err != nil {
			return nil, fmt.Errorf("add skus: %w", err)
		}
	}
	return ids, nil
}

func (tx *Tx) addSKUs(ctx context.Context, skus []NewSKU, ids map[string]stock.SKUID) error {
	products := make(map[string]string)
	var codes []string
	for _, s := range skus {
		code := s.Product
		if code == "" {
			code = s.Code
		}
		if _, there := products[code]; !there {
			products[code] = s.Name
			codes = append(codes, code)
		}
	}
	fresh, err := tx.newIDs(ctx, len(codes)+len(skus))
	if err != nil {
		return err
	}
	now := micros(tx.now)
	err = tx.insertRows(ctx, "product (tenant_id, product_id, code, name, search_key, created_at)", "BIGINT TEXT TEXT TEXT BIGINT", " ON CONFLICT (tenant_id, code) DO NOTHING", len(codes),
		func(args []any, i int) []any {
			return append(args, fresh[i], codes[i], products[codes[i]], text.SearchKey(codes[i], products[codes[i]]), now)
		})
	if err != nil {
		return err
	}
	productIDs := make(map[string]int64)
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var code string
		var id int64
		err := rows.Scan(&code, &id)
		productIDs[code] = id
		return err
	}, "SELECT code, product_id FROM product WHERE tenant_id = $1 AND code IN (", "TEXT", ")", nil, len(codes),
		func(args []any, i int) []any { return append(args, codes[i]) })
	if err != nil {
		return err
	}
	err = tx.insertRows(ctx, "sku (tenant_id, sku_id, product_id, code, code_key, name, search_key, created_at, supply, figure, daily, secured_as, secured, secured_reason, reorder_point)",
		"BIGINT BIGINT TEXT TEXT TEXT TEXT BIGINT TEXT BIGINT BOOLEAN TEXT BIGINT TEXT BIGINT", " ON CONFLICT (tenant_id, code) DO NOTHING", len(skus), func(args []any, i int) []any {
			s := skus[i]
			product := s.Product
			if product == "" {
				product = s.Code
			}
			return append(args, fresh[len(codes)+i], productIDs[product], s.Code, text.Fold(s.Code), s.Name, text.SearchKey(s.Code, s.Name), now,
				string(cmp.Or(s.Terms.Supply, stock.Stocked)), s.Terms.Figure, s.Terms.Daily, string(s.Terms.Secured.As), s.Terms.Secured.N, s.Terms.Secured.Reason, storedPoint(s.Terms.Reorder))
		})
	if err != nil {
		return err
	}
	list := make([]string, len(skus))
	for i, s := range skus {
		list[i] = s.Code
	}
	if err := tx.skusByCode(ctx, list, ids); err != nil {
		return err
	}
	var added []stock.SKUID
	for i, s := range skus {
		if id := stock.SKUID(fresh[len(codes)+i]); ids[s.Code] == id {
			added = append(added, id)
		}
	}
	return tx.markSKUs(ctx, added, rankBulk)
}

func (tx *Tx) skusByCode(ctx context.Context, codes []string, ids map[string]stock.SKUID) error {
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var code string
		var id stock.SKUID
		err := rows.Scan(&code, &id)
		ids[code] = id
		return err
	}, "SELECT code, sku_id FROM sku WHERE tenant_id = $1 AND code IN (", "TEXT", ")", nil, len(codes),
		func(args []any, i int) []any { return append(args, codes[i]) })
}

// FindSKUs returns the ids of the codes that exist, by code exactly as written.
func (db *DB) FindSKUs(ctx context.Context, tenant stock.TenantID, codes []string) (map[string]stock.SKUID, error) {
	ids := make(map[string]stock.SKUID, len(codes))
	err := db.Read(ctx, tenant, func(tx *Tx) error { return tx.skusByCode(ctx, codes, ids) })
	return ids, err
}

// SetTerms changes what decides a SKU's sellable quantity, and plans it anew.
func (db *DB) SetTerms(ctx context.Context, tenant stock.TenantID, sku stock.SKUID, t stock.Terms) error {
	if err := t.Check(); err != nil {
		return err
	}
	return db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, `UPDATE sku SET supply = $3, figure = $4, daily = $5, secured_as = $6, secured = $7, secured_reason = $8, reorder_point = $9
			WHERE tenant_id = $1 AND sku_id = $2`, int64(sku), string(cmp.Or(t.Supply, stock.Stocked)), t.Figure, t.Daily,
			string(t.Secured.As), t.Secured.N, t.Secured.Reason, storedPoint(t.Reorder))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return tx.markSKUs(ctx, []stock.SKUID{sku}, rankOrder)
	})
}

// LinkResult tells what a page of listings came to.
type LinkResult struct {
	Listings int // rows of the page
	Linked   int // newly linked to a SKU
	Claims   int // lines of orders that had waited for the link
}

// TakeListings records a page of a shop's listings and links those that have no SKU yet to the one whose code is among the
// listing's codes, exactly as written; the first code that is found wins. Of a listing that is twice in the page the last counts. Lines of orders that had waited for a link claim their stock in the
// same transaction.
func (db *DB) TakeListings(ctx context.Context, tenant stock.TenantID, lease Lease, listings []channel.Listing) (LinkResult, error) {
	w := &listingsWork{lease: lease, listings: lastOfEach(listings)}
	err := db.ledger.post(ctx, tenant, w)
	if err != nil {
		return LinkResult{}, fmt.Errorf("take listings of shop %d: %w", lease.Shop, err)
	}
	return w.result, nil
}

// lastOfEach leaves out the listings that come again later.
func lastOfEach(listings []channel.Listing) []channel.Listing {
	last := make(map[channel.Ref]int, len(listings))
	for i, l := range listings {
		last[l.Ref] = i
	}
	if len(last) == len(listings) {
		return listings
	}
	kept := make([]channel.Listing, 0, len(last))
	for i, l := range listings {
		if last[l.Ref] == i {
			kept = append(kept, l)
		}
	}
	return kept
}

type listingsWork struct {
	lease    Lease
	listings []channel.Listing
	result   LinkResult

	location stock.LocationID
	zone     *time.Location
	links    []link
	waiting  []*waitingLine
}

type link struct {
	listing ListingID
	ref     order.Ref
	sku     stock.SKUID
}

type waitingLine struct {
	sale   int64
	number string
	line   order.Line
	placed int64
	link   link
	base   order.Claim
	claim  order.Claim
}

func (w *listingsWork) alone() []string { return alone(w.lease.Shop) }
func (w *listingsWork) size() int       { return len(w.listings) }

func (w *listingsWork) with(others works) works {
	ws, _ := others.(singles)
	return append(ws, w)
}

func (w *listingsWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	*w = listingsWork{lease: w.lease, listings: w.listings, result: LinkResult{Listings: len(w.listings)}}
	if err := tx.fence(ctx, w.lease); err != nil {
		return nil, err
	}
	var zone string
	err := tx.one(ctx, []any{&w.location, &zone}, `SELECT location_id, (SELECT time_zone FROM tenant WHERE tenant_id = $1)
		FROM location WHERE tenant_id = $1 ORDER BY location_id LIMIT 1`)
	if err == nil {
		w.zone, err = zoneOf(zone)
	}
	if err != nil {
		return nil, err
	}
	if err := w.insert(ctx, tx); err != nil {
		return nil, err
	}
	if err := w.match(ctx, tx); err != nil {
		return nil, err
	}
	if len(w.links) == 0 {
		return nil, nil
	}
	if err := w.findWaiting(ctx, tx); err != nil {
		return nil, err
	}
	keys := make([]balanceKey, len(w.links))
	for i, l := range w.links {
		keys[i] = balanceKey{l.sku, w.location}
	}
	return keys, nil
}

func (w *listingsWork) insert(ctx context.Context, tx *Tx) error {
	ids, err := tx.newIDs(ctx, len(w.listings))
	if err != nil {
		return err
	}
	return tx.insertRows(ctx, "listing (tenant_id, listing_id, shop_id, ref, code, title)", "BIGINT BIGINT TEXT TEXT TEXT",
		" ON CONFLICT (tenant_id, shop_id, ref) DO UPDATE SET code = excluded.code, title = excluded.title", len(w.listings), func(args []any, i int) []any {
			l := w.listings[i]
			code := ""
			if len(l.Codes) > 0 {
				code = l.Codes[0].Text
			}
			return append(args, ids[i], int64(w.lease.Shop), string(l.Ref), code, l.Title)
		})
}

// match finds the SKU of each listing that has none.
func (w *listingsWork) match(ctx context.Context, tx *Tx) error {
	var codes []string
	codesOf := make(map[order.Ref][]match.Code, len(w.listings))
	refs := make([]string, 0, len(w.listings))
	for _, l := range w.listings {
		codesOf[l.Ref] = l.Codes
		for _, c := range l.Codes {
			codes = append(codes, c.Text)
		}
		refs = append(refs, string(l.Ref))
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	skus := make(map[string]stock.SKUID)
	if err := tx.skusByCode(ctx, codes, skus); err != nil {
		return err
	}
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var l link
		if err := rows.Scan(&l.listing, &l.ref); err != nil {
			return err
		}
		for _, code := range codesOf[l.ref] {
			if l.sku = skus[code.Text]; l.sku != 0 {
				w.links = append(w.links, l)
				break
			}
		}
		return nil
	}, "SELECT listing_id, ref FROM listing WHERE tenant_id = $1 AND shop_id = $2 AND sku_id IS NULL AND ref IN (", "TEXT", ")",
		[]any{int64(w.lease.Shop)}, len(refs), func(args []any, i int) []any { return append(args, refs[i]) })
}

func (w *listingsWork) findWaiting(ctx context.Context, tx *Tx) error {
	byRef := make(map[order.Ref]link, len(w.links))
	for _, l := range w.links {
		byRef[l.ref] = l
	}
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		l := &waitingLine{}
		if err := rows.Scan(&l.sale, &l.number, &l.placed, &l.line.Key, &l.line.Ref, &l.line.Wanted, &l.line.Shipped, &l.line.Returned, &l.base.Shipped, &l.base.Returned); err != nil {
			return err
		}
		l.link = byRef[l.line.Ref]
		w.waiting = append(w.waiting, l)
		return nil
	}, `SELECT sale_line.sale_id, sale.number, sale.placed_at, line, ref, wanted, wanted_shipped, wanted_returned, base_shipped, base_returned
		FROM sale_line JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id
		WHERE sale_line.tenant_id = $1 AND sale_line.sku_id IS NULL AND sale.shop_id = $2 AND sale_line.ref IN (`, "TEXT", `)`,
		[]any{int64(w.lease.Shop)}, len(w.links), func(args []any, i int) []any { return append(args, string(w.links[i].ref)) })
}

func (w *listingsWork) decide(l *ledger) error {
	for _, k := range w.links {
		l.mark(k.sku, rankOrder, l.now)
	}
	for _, wait := range w.waiting {
		wait.claim = wait.line.Wants(wait.base)
		for _, step := range wait.base.Steps(wait.claim) {
			_, err := l.postOrder(stock.Movement{SKU: wait.link.sku, Location: w.location, Kind: step.Kind, OnHandDelta: step.OnHandDelta, CommittedDelta: step.CommittedDelta,
				Document: wait.number, Line: wait.line.Key, OccurredAt: l.now}, w.lease.Shop, stock.DayOf(instant(wait.placed), w.zone))
			if err != nil {
				return err
			}
		}
		w.result.Claims++
	}
	return nil
}

func (w *listingsWork) record(ctx context.Context, tx *Tx) error {
	err := tx.execRows(ctx, "UPDATE listing SET sku_id = v.column2 FROM (", "BIGINT BIGINT",
		") AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1", nil, len(w.links), func(args []any, i int) []any {
			return append(args, int64(w.links[i].listing), int64(w.links[i].sku))
		})
	if err != nil {
		return err
	}
	w.result.Linked = len(w.links)
	return tx.execRows(ctx, `UPDATE sale_line SET sku_id = v.column3, listing_id = v.column4, held = v.column5, shipped = v.column6, returned = v.column7 FROM (`,
		"BIGINT TEXT BIGINT BIGINT BIGINT BIGINT BIGINT", `) AS v WHERE sale_line.tenant_id = $1 AND sale_line.sale_id = v.column1 AND sale_line.line = v.column2`,
		nil, len(w.waiting), func(args []any, i int) []any {
			l := w.waiting[i]
			return append(args, l.sale, l.line.Key, int64(l.link.sku), int64(l.link.listing), l.claim.Held, l.claim.Shipped, l.claim.Returned)
		})
}

// RequestFullPass makes every listing of a shop be written again, after everything that is more urgent.
func (db *DB) RequestFullPass(ctx context.Context, tenant stock.TenantID, shop channel.ShopID) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE listing SET full_pass = TRUE WHERE tenant_id = $1 AND shop_id = $2", int64(shop))
		return err
	})
}
