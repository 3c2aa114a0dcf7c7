package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"soroi/internal/stock"
)

// Product is a product (商品) as it stands in the books.
type Product struct {
	ID         stock.ProductID
	Code, Name string
	Options    stock.OptionNames
	ArchivedAt time.Time // zero while in use
}

// SKUEntry is a SKU as the catalogue has it: everything but its stock and its terms.
type SKUEntry struct {
	ID         stock.SKUID
	ProductID  stock.ProductID
	Product    string // the product's code
	Code, Name string
	Options    stock.Options
	Codes      []stock.SKUCode // further codes, by code
	Cost       int64           // 原価: what a unit is worth, in the currency's smallest unit (yen); 0 where it is not known
	ArchivedAt time.Time       // zero while in use
}

// Must says whether what an edit names has to be there already.
type Must string

// What an edit may ask for.
const (
	MustNothing Must = ""     // add it when it is not there
	MustExist   Must = "edit" // refuse to add it
	MustBeNew   Must = "add"  // refuse to change one that is there
)

// ProductEdit says how a product shall be. What is nil stays as it is.
type ProductEdit struct {
	Code    string // which; one that is not there is added, and needs a name then
	Must    Must
	NewCode *string
	Name    *string // SKUs that are called after the product are renamed with it
	Options *stock.OptionNames
	// Archived takes the product and all its SKUs out of use, or brings back those that went with it.
	Archived *bool
	Anyway   bool // archive it although orders hold units
}

// SKUEdit says how a SKU shall be. What is nil stays as it is.
type SKUEdit struct {
	Code string // which; one that is not there is added
	Must Must
	// Product is the code of the product that it shall belong to. "" on a new SKU is a product of its own, with the SKU's code. A product that
	// is not there is added under the SKU's name.
	Product *string
	NewCode *string
	Name    *string // "" is the product's name and the SKU's values
	Options *stock.Options
	Codes   *[]stock.SKUCode // all its further codes; its own code among them is left out
	Cost    *int64           `json:",omitempty"` // from 0 to stock.LargestUnits
	// Archived takes the SKU out of use: lists leave it out, and it sells nothing, so every shop that still lists it goes to 0.
	Archived *bool
	Anyway   bool // archive it although orders hold units
}

// CatalogEdit is a set of edits that are made in one transaction: first the products, then the SKUs. Rows see what rows before them did.
type CatalogEdit struct {
	// Key makes the edit happen once: repeated with the same rows it gives the first answer again, repeated with others it is refused with
	// ErrKeyReused. "" is no protection, which only rows that must be new need.
	Key      string
	Products []ProductEdit
	SKUs     []SKUEdit
	// Anyway archives SKUs although orders hold units of them, whatever their rows say.
	Anyway bool
	// Partial makes the edits that can be made; otherwise one refused row keeps all others back.
	Partial bool
	// Dry only tells what would happen.
	Dry bool
	// Bulk plans what changed after all orders.
	Bulk bool
}

// MostEdits bounds the rows of one CatalogEdit.
const MostEdits = 2000

// ProductResult is what became of a ProductEdit. Before is nil for a product that was added; After is nil when the row was refused.
type ProductResult struct {
	Before, After *Product
	Refused       error `json:"-"` // a *stock.CatalogError
}

// SKUResult is what became of a SKUEdit. Before is nil for a SKU that was added; After is nil when the row was refused.
type SKUResult struct {
	Before, After *SKUEntry
	Refused       error `json:"-"` // a *stock.CatalogError
}

// Changed tells whether the product is another than before.
func (r ProductResult) Changed() bool {
	return r.After != nil && (r.Before == nil || *r.Before != *r.After)
}

// Changed tells whether the SKU is another than before.
func (r SKUResult) Changed() bool {
	return r.After != nil && (r.Before == nil || !r.Before.equal(*r.After))
}

// Undo is the edit that brings the product back to what it was. One that was added is not brought back: DeleteUnused takes it away.
func (r ProductResult) Undo() (ProductEdit, bool) {
	if r.Before == nil || !r.Changed() {
		return ProductEdit{}, false
	}
	b := *r.Before
	archived := !b.ArchivedAt.IsZero()
	return ProductEdit{Code: r.After.Code, Must: MustExist, NewCode: &b.Code, Name: &b.Name, Options: &b.Options, Archived: &archived}, true
}

// Undo is the edit that brings the SKU back to what it was. One that was added is not brought back: DeleteUnused takes it away.
func (r SKUResult) Undo() (SKUEdit, bool) {
	if r.Before == nil || !r.Changed() {
		return SKUEdit{}, false
	}
	b := *r.Before
	archived := !b.ArchivedAt.IsZero()
	return SKUEdit{Code: r.After.Code, Must: MustExist, Product: &b.Product, NewCode: &b.Code, Name: &b.Name, Options: &b.Options, Codes: &b.Codes, Cost: &b.Cost, Archived: &archived}, true
}

func (e SKUEntry) equal(o SKUEntry) bool {
	same := e.ID == o.ID && e.ProductID == o.ProductID && e.Code == o.Code && e.Name == o.Name && e.Options == o.Options && e.Cost == o.Cost && e.ArchivedAt.Equal(o.ArchivedAt) && len(e.Codes) == len(o.Codes)
	for i := 0; same && i < len(e.Codes); i++ {
		same = e.Codes[i] == o.Codes[i]
	}
	return same
}

// CatalogAnswer tells what became of each row of a CatalogEdit, in its order.
type CatalogAnswer struct {
	Applied  bool // the rows without Refused were made: all of them unless Partial
	Repeated bool // the key had been used: this is the first answer
	Products []ProductResult
	SKUs     []SKUResult
}

// Refused is the first reason for which a row was refused, nil when none was.
func (a CatalogAnswer) Refused() error {
	for _, r := range a.Products {
		if r.Refused != nil {
			return r.Refused
		}
	}
	for _, r := range a.SKUs {
		if r.Refused != nil {
			return r.Refused
		}
	}
	return nil
}

// EditCatalog adds and changes products and SKUs. It is one transaction, and making the same edits again changes nothing. Codes are unique among
// products and among SKUs, archived ones included, and compared exactly. Two SKUs in use of one product never have the same values, unless they
// have none. Every SKU of which something changed that decides what it sells is marked for planning.
func (db *DB) EditCatalog(ctx context.Context, tenant stock.TenantID, e CatalogEdit) (CatalogAnswer, error) {
	if n := len(e.Products) + len(e.SKUs); n > MostEdits {
		return CatalogAnswer{}, fmt.Errorf("edit the catalogue: %d rows, more than %d", n, MostEdits)
	}
	once, err := newOneTime(e.Key, struct {
		Products        []ProductEdit
		SKUs            []SKUEdit
		Anyway, Partial bool
	}{e.Products, e.SKUs, e.Anyway, e.Partial})
	if err != nil {
		return CatalogAnswer{}, fmt.Errorf("edit the catalogue: %w", err)
	}
	var answer CatalogAnswer
	run := db.Write
	if e.Dry {
		run = db.Read
	}
	err = run(ctx, tenant, func(tx *Tx) error {
		var kept keptCatalog
		if repeated, err := once.find(ctx, tx, &kept); err != nil || repeated {
			answer = kept.answer()
			return err
		}
		w := newCatalogWork(e)
		err := w.run(ctx, tx)
		if answer = w.answer; err != nil || e.Dry || !answer.Applied {
			return err
		}
		return once.keep(ctx, tx, keptOf(answer))
	})
	if err != nil {
		return CatalogAnswer{}, fmt.Errorf("edit the catalogue: %w", err)
	}
	return answer, nil
}

// keptCatalog is a CatalogAnswer as it is kept for a repeated request: with its refusals, by their rows.
type keptCatalog struct {
	Answer         CatalogAnswer
	Products, SKUs map[int]*stock.CatalogError
}

func keptOf(a CatalogAnswer) keptCatalog {
	k := keptCatalog{Answer: a, Products: make(map[int]*stock.CatalogError), SKUs: make(map[int]*stock.CatalogError)}
	var wrong *stock.CatalogError
	for i, r := range a.Products {
		if errors.As(r.Refused, &wrong) {
			k.Products[i] = wrong
		}
	}
	for i, r := range a.SKUs {
		if errors.As(r.Refused, &wrong) {
			k.SKUs[i] = wrong
		}
	}
	return k
}

func (k keptCatalog) answer() CatalogAnswer {
	a := k.Answer
	a.Repeated = true
	for i, wrong := range k.Products {
		a.Products[i].Refused = wrong
	}
	for i, wrong := range k.SKUs {
		a.SKUs[i].Refused = wrong
	}
	return a
}

const (
	productColumns  = "product.product_id, product.code, product.name, product.option1_name, product.option2_name, product.option3_name, product.archived_at"
	skuEntryColumns = "sku.sku_id, sku.product_id, product.code, sku.code, sku.name, sku.option1, sku.option2, sku.option3, sku.cost, sku.archived_at"
	skuEntryFrom    = "sku JOIN product ON product.tenant_id = sku.tenant_id AND product.product_id = sku.product_id"
)

func scanProduct(rows *sql.Rows) (Product, error) {
	var p Product
	var archived int64
	err := rows.Scan(&p.ID, &p.Code, &p.Name, &p.Options[0], &p.Options[1], &p.Options[2], &archived)
	p.ArchivedAt = instant(archived)
	return p, err
}

func scanSKUEntry(rows *sql.Rows) (SKUEntry, error) {
	var s SKUEntry
	var archived int64
	err := rows.Scan(&s.ID, &s.ProductID, &s.Product, &s.Code, &s.Name, &s.Options[0], &s.Options[1], &s.Options[2], &s.Cost, &archived)
	s.ArchivedAt = instant(archived)
	return s, err
}
