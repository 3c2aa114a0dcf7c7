package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"soroi/internal/stock"
)

// TermsRow asks for other terms of one SKU, or of one product: then of all its SKUs that say nothing themselves.
type TermsRow struct {
	SKU     stock.SKUID     `json:",omitempty"` // one of the two
	Product stock.ProductID `json:",omitempty"`
	Change  stock.TermsChange
}

// TermsEdit is a set of changes of terms that are made in one transaction. Rows see what rows before them did.
type TermsEdit struct {
	// Key makes the edit happen once: repeated with the same rows it gives the first answer again, repeated with others it is refused with
	// ErrKeyReused. "" is no protection, which only rows that add or subtract need.
	Key  string
	Rows []TermsRow // at most MostInBatch
	// Partial makes the changes that can be made; otherwise one refused row keeps all others back.
	Partial bool
	Dry     bool // only tell what would happen
	Bulk    bool // plan what changed after all orders
}

// TermsResult is what became of one row. For a SKU, Before and After hold its own terms; for a product only Secured and Reorder matter.
type TermsResult struct {
	Before, After stock.Terms       // the same when the row was refused or changes nothing
	Refused       *stock.TermsError // nil when nothing is wrong with the row
}

// Changed tells whether the terms are others than before.
func (r TermsResult) Changed() bool { return r.Before != r.After }

// Undo is the change that brings the terms back to what they were.
func (r TermsResult) Undo() stock.TermsChange {
	var c stock.TermsChange
	if s := r.Before.Secured; s != r.After.Secured {
		c.Secured = &stock.SecuredChange{Mode: stock.Set, As: s.As, N: s.N, Reason: &s.Reason}
	}
	if p := r.Before.Reorder; p != r.After.Reorder {
		c.Reorder = &p
	}
	if b, a := r.Before, r.After; b.Supply != a.Supply || b.Figure != a.Figure || b.Daily != a.Daily {
		c.Supply = &stock.SupplyChange{Supply: b.Supply, Figure: b.Figure, Daily: b.Daily}
	}
	return c
}

// TermsAnswer tells what became of each row of a TermsEdit, in its order.
type TermsAnswer struct {
	Applied  bool // the rows without Refused were made: all of them unless Partial
	Repeated bool // the key had been used: this is the first answer
	Rows     []TermsResult
}

// EditTerms changes secured stock, reorder points and ways of supply, and has every SKU planned whose terms in force changed. A SKU or a product that is not
// there gives ErrNotFound, and nothing is changed.
func (db *DB) EditTerms(ctx context.Context, tenant stock.TenantID, e TermsEdit) (TermsAnswer, error) {
	if len(e.Rows) > MostInBatch {
		return TermsAnswer{}, fmt.Errorf("edit terms: %d rows, more than %d", len(e.Rows), MostInBatch)
	}
	once, err := newOneTime(e.Key, struct {
		Partial bool
		Rows    []TermsRow
	}{e.Partial, e.Rows})
	if err != nil {
		return TermsAnswer{}, fmt.Errorf("edit terms: %w", err)
	}
	run := db.Write
	if e.Dry {
		run = db.Read
	}
	var answer TermsAnswer
	err = run(ctx, tenant, func(tx *Tx) error {
		answer = TermsAnswer{}
		repeated, err := once.find(ctx, tx, &answer)
		if err != nil || repeated {
			answer.Repeated = repeated
			return err
		}
		if answer, err = tx.editTerms(ctx, e); err != nil || e.Dry || !answer.Applied {
			return err
		}
		return once.keep(ctx, tx, answer)
	})
	if err != nil {
		return TermsAnswer{}, fmt.Errorf("edit terms: %w", err)
	}
	return answer, nil
}

// termsBooks are the terms that an edit touches, as they were and as they become.
type termsBooks struct {
	skus     map[stock.SKUID]*ownTerms
	products map[stock.ProductID]*defaultTerms
}

type ownTerms struct {
	product     stock.ProductID
	bundle      bool
	before, now stock.Terms
}

type defaultTerms struct{ before, now stock.Defaults }

func (tx *Tx) editTerms(ctx context.Context, e TermsEdit) (TermsAnswer, error) {
	books, err := tx.loadTerms(ctx, e.Rows)
	if err != nil {
		return TermsAnswer{}, err
	}
	answer := TermsAnswer{Rows: make([]TermsResult, len(e.Rows))}
	refused := false
	for i, row := range e.Rows {
		result := &answer.Rows[i]
		if *result, err = books.apply(row); err != nil {
			return TermsAnswer{}, err
		}
		refused = refused || result.Refused != nil
	}
	if refused && !e.Partial {
		return answer, nil
	}
	answer.Applied = true
	if e.Dry {
		return answer, nil
	}
	return answer, tx.writeTerms(ctx, books, e.Bulk)
}

func (b *termsBooks) apply(row TermsRow) (TermsResult, error) {
	var r TermsResult
	var err error
	if row.SKU != 0 {
		s := b.skus[row.SKU]
		if s == nil {
			return r, fmt.Errorf("sku %d: %w", row.SKU, ErrNotFound)
		}
		r.Before, r.After = s.now, s.now
		var next stock.Terms
		next, err = row.Change.Apply(s.now, b.products[s.product].now)
		if err == nil && s.bundle && next.Supply != s.now.Supply {
			err = &stock.TermsError{Field: "supply", Reason: "follows from the parts of a bundle", Code: "bundle"}
		}
		if err == nil {
			s.now, r.After = next, next
		}
	} else {
		p := b.products[row.Product]
		if p == nil {
			return r, fmt.Errorf("product %d: %w", row.Product, ErrNotFound)
		}
		r.Before = stock.Terms{Secured: p.now.Secured, Reorder: p.now.Reorder}
		r.After = r.Before
		var next stock.Defaults
		if next, err = row.Change.ApplyToProduct(p.now); err == nil {
			p.now = next
			r.After = stock.Terms{Secured: next.Secured, Reorder: next.Reorder}
		}
	}
	if err != nil && !errors.As(err, &r.Refused) {
		return r, err
	}
	return r, nil
}

// loadTerms reads and locks what the rows are about: products before SKUs, each by id, as the catalogue does.
func (tx *Tx) loadTerms(ctx context.Context, rows []TermsRow) (*termsBooks, error) {
	books := &termsBooks{skus: make(map[stock.SKUID]*ownTerms), products: make(map[stock.ProductID]*defaultTerms)}
	var skus []stock.SKUID
	var named, products []stock.ProductID
	for _, r := range rows {
		if r.SKU != 0 {
			skus = append(skus, r.SKU)
		} else {
			named = append(named, r.Product)
		}
	}
	skus = distinct(skus)
	bySKU := func(args []any, i int) []any { return append(args, int64(skus[i])) }
	products = named
	err := tx.queryRows(ctx, func(r *sql.Rows) error {
		var id stock.ProductID
		err := r.Scan(&id)
		products = append(products, id)
		return err
	}, "SELECT product_id FROM sku WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus), bySKU)
	if err != nil {
		return nil, err
	}
	// The products of SKUs are only read: whoever changes them plans their SKUs anew. Those that are named are locked.
	load := func(ids []stock.ProductID, lock string) error {
		return tx.queryRows(ctx, func(r *sql.Rows) error {
			var id stock.ProductID
			var d defaultTerms
			var point sql.NullInt64
			err := r.Scan(&id, &d.now.Secured.As, &d.now.Secured.N, &d.now.Secured.Reason, &point)
			d.now.Reorder = pointOf(point)
			d.before = d.now
			books.products[id] = &d
			return err
		}, "SELECT product_id, secured_as, secured, secured_reason, reorder_point FROM product WHERE tenant_id = $1 AND product_id IN (", "BIGINT",
			") ORDER BY product_id"+lock, nil, len(ids), func(args []any, i int) []any { return append(args, int64(ids[i])) })
	}
	if err := load(distinct(products), ""); err != nil {
		return nil, err
	}
	if err := load(distinct(named), tx.lock()); err != nil {
		return nil, err
	}
	return books, tx.queryRows(ctx, func(r *sql.Rows) error {
		var id stock.SKUID
		var s ownTerms
		var point sql.NullInt64
		err := r.Scan(&id, &s.product, &s.bundle, &s.now.Supply, &s.now.Figure, &s.now.Daily, &s.now.Secured.As, &s.now.Secured.N, &s.now.Secured.Reason, &point)
		if err == nil && books.products[s.product] == nil {
			return fmt.Errorf("sku %d changed its product meanwhile: %w", id, ErrAgain)
		}
		s.now.Reorder = pointOf(point)
		s.before = s.now
		books.skus[id] = &s
		return err
	}, "SELECT sku_id, product_id, bundle, supply, figure, daily, secured_as, secured, secured_reason, reorder_point FROM sku WHERE tenant_id = $1 AND sku_id IN (", "BIGINT",
		") ORDER BY sku_id"+tx.lock(), nil, len(skus), bySKU)
}

func (tx *Tx) writeTerms(ctx context.Context, books *termsBooks, bulk bool) error {
	var skus []stock.SKUID
	for id, s := range books.skus {
		if s.now != s.before {
			skus = append(skus, id)
		}
	}
	skus = distinct(skus)
	var products []stock.ProductID
	for id, p := range books.products {
		if p.now != p.before {
			products = append(products, id)
		}
	}
	products = distinct(products)
	err := tx.execRows(ctx, `UPDATE product SET secured_as = v.column2, secured = v.column3, secured_reason = v.column4, reorder_point = v.column5 FROM (`,
		"BIGINT TEXT BIGINT TEXT BIGINT", `) AS v WHERE product.tenant_id = $1 AND product.product_id = v.column1`, nil, len(products), func(args []any, i int) []any {
			d := books.products[products[i]].now
			return append(args, int64(products[i]), string(d.Secured.As), d.Secured.N, d.Secured.Reason, storedPoint(d.Reorder))
		})
	if err != nil {
		return err
	}
	err = tx.execRows(ctx, `UPDATE sku SET supply = v.column2, figure = v.column3, daily = v.column4, secured_as = v.column5, secured = v.column6, secured_reason = v.column7,
		reorder_point = v.column8 FROM (`, "BIGINT TEXT BIGINT BOOLEAN TEXT BIGINT TEXT BIGINT", `) AS v WHERE sku.tenant_id = $1 AND sku.sku_id = v.column1`,
		nil, len(skus), func(args []any, i int) []any {
			t := books.skus[skus[i]].now
			return append(args, int64(skus[i]), string(t.Supply), t.Figure, t.Daily, string(t.Secured.As), t.Secured.N, t.Secured.Reason, storedPoint(t.Reorder))
		})
	if err != nil {
		return err
	}
	err = tx.queryRows(ctx, func(r *sql.Rows) error {
		var sku stock.SKUID
		err := r.Scan(&sku)
		skus = append(skus, sku)
		return err
	}, "SELECT sku_id FROM sku WHERE tenant_id = $1 AND (secured_as = '' OR reorder_point IS NULL) AND product_id IN (", "BIGINT", ")", nil, len(products),
		func(args []any, i int) []any { return append(args, int64(products[i])) })
	if err != nil {
		return err
	}
	r := rankOrder
	if bulk {
		r = rankBulk
	}
	return tx.markSKUs(ctx, skus, r)
}

// FindProducts returns the ids of the products with these codes that exist, by code exactly as written.
func (db *DB) FindProducts(ctx context.Context, tenant stock.TenantID, codes []string) (map[string]stock.ProductID, error) {
	ids := make(map[string]stock.ProductID, len(codes))
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.queryRows(ctx, func(rows *sql.Rows) error {
			var code string
			var id stock.ProductID
			err := rows.Scan(&code, &id)
			ids[code] = id
			return err
		}, "SELECT code, product_id FROM product WHERE tenant_id = $1 AND code IN (", "TEXT", ")", nil, len(codes),
			func(args []any, i int) []any { return append(args, codes[i]) })
	})
	if err != nil {
		return nil, fmt.Errorf("find products: %w", err)
	}
	return ids, nil
}
