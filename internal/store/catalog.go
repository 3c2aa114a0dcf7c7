package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

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
	err = tx.insertRows(ctx, "product (tenant_id, product_id, code, name, created_at)", "BIGINT TEXT TEXT BIGINT", " ON CONFLICT (tenant_id, code) DO NOTHING", len(codes),
		func(args []any, i int) []any {
			return append(args, fresh[i], codes[i], products[codes[i]], now)
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
	err = tx.insertRows(ctx, "sku (tenant_id, sku_id, product_id, code, code_key, name, created_at, supply, figure, daily, secured_as, secured, secured_reason, reorder_point)",
		"BIGINT BIGINT TEXT TEXT TEXT BIGINT TEXT BIGINT BOOLEAN TEXT BIGINT TEXT BIGINT", " ON CONFLICT (tenant_id, code) DO NOTHING", len(skus), func(args []any, i int) []any {
			s := skus[i]
			product := s.Product
			if product == "" {
				product = s.Code
			}
			return append(args, fresh[len(codes)+i], productIDs[product], s.Code, text.Fold(s.Code), s.Name, now,
				string(cmp.Or(s.Terms.Supply, stock.Stocked)), s.Terms.Figure, s.Terms.Daily, string(s.Terms.Secured.As), s.Terms.Secured.N, s.Terms.Secured.Reason, storedPoint(s.Terms.Reorder))
		})
	if err != nil {
		return err
	}
	if err := tx.codesChanged(ctx); err != nil {
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
	var addedProducts []stock.ProductID
	for i, code := range codes {
		if productIDs[code] == fresh[i] {
			addedProducts = append(addedProducts, stock.ProductID(fresh[i]))
		}
	}
	if err := tx.indexProducts(ctx, addedProducts, nil); err != nil {
		return err
	}
	if err := tx.indexSKUs(ctx, added, nil); err != nil {
		return err
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

// SetTerms gives a SKU all its terms at once: EditTerms of one row.
func (db *DB) SetTerms(ctx context.Context, tenant stock.TenantID, sku stock.SKUID, t stock.Terms) error {
	answer, err := db.EditTerms(ctx, tenant, TermsEdit{Rows: []TermsRow{{SKU: sku, Change: stock.TermsChange{
		Secured: &stock.SecuredChange{Mode: stock.Set, As: t.Secured.As, N: t.Secured.N, Reason: &t.Secured.Reason}, Reorder: &t.Reorder,
		Supply: &stock.SupplyChange{Supply: t.Supply, Figure: t.Figure, Daily: t.Daily}}}}})
	if err == nil && answer.Rows[0].Refused != nil {
		return answer.Rows[0].Refused
	}
	return err
}
