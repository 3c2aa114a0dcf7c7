package report

import (
	"context"
	"fmt"
	"io"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// CatalogColumns are those of exchange.Product in the order of the format.
func CatalogColumns() []string {
	var keys []string
	for _, c := range exchange.Product.Columns {
		keys = append(keys, c.Key)
	}
	return keys
}

// WriteCatalog writes the SKUs of every product that the query finds, by product and SKU, as the import of that kind reads them: taken in again at once,
// the file changes nothing. It needs memory for one product.
func WriteCatalog(ctx context.Context, db *store.DB, tenant stock.TenantID, q store.ProductQuery, w io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	o.Columns = fitting(o.Columns, CatalogColumns())
	out, err := exchange.NewWriter(w, exchange.Product, o)
	if err != nil {
		return exchange.Written{}, err
	}
	for q.After, q.Limit = "", partRows; ; {
		page, err := db.ListProducts(ctx, tenant, q)
		if err != nil {
			return exchange.Written{}, fmt.Errorf("write the catalogue: %w", err)
		}
		for _, p := range page.Rows {
			if err := writeProduct(ctx, db, tenant, p.Product, q.Archived, out); err != nil {
				return exchange.Written{}, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return out.Close()
		}
	}
}

func writeProduct(ctx context.Context, db *store.DB, tenant stock.TenantID, p store.Product, archived store.ArchivedQuery, out *exchange.Writer[exchange.ProductRow]) error {
	head := exchange.ProductRow{Product: p.Code, ProductName: said(p.Name)}
	for i, name := range p.Options {
		head.OptionNames[i] = said(name)
	}
	rows := 0
	q := store.StockQuery{Product: p.Code, Archived: store.WithArchived, Limit: partRows}
	if archived == store.WithoutArchived {
		q.Archived = store.WithoutArchived
	}
	for {
		page, err := db.ListEntries(ctx, tenant, q)
		if err != nil {
			return err
		}
		terms := make(map[stock.SKUID]stock.Terms)
		if len(page.Entries) > 0 {
			list, err := db.ListStock(ctx, tenant, q)
			if err != nil {
				return err
			}
			for _, r := range list.Rows {
				terms[r.SKU] = r.Terms.Own()
			}
		}
		for _, e := range page.Entries {
			if err := out.Write(entryRow(head, e, terms[e.ID])); err != nil {
				return err
			}
			rows++
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if rows == 0 {
		return out.Write(head)
	}
	return nil
}

func entryRow(row exchange.ProductRow, e store.SKUEntry, t stock.Terms) exchange.ProductRow {
	row.SKU, row.Name = e.Code, said(e.Name)
	for i, value := range e.Options {
		row.Options[i] = said(value)
	}
	for _, c := range e.Codes {
		if c.Kind == stock.JAN {
			row.JANs.Given, row.JANs.Value = true, append(row.JANs.Value, c.Code)
		} else {
			row.Codes.Given, row.Codes.Value = true, append(row.Codes.Value, c.Code)
		}
	}
	row.Supply, row.Daily = exchange.Maybe[stock.Supply]{Given: true, Value: t.Supply}, t.Daily
	if t.Supply == stock.MadeToOrder {
		row.Figure = exchange.Maybe[int64]{Given: true, Value: t.Figure}
	}
	row.Archived = exchange.Maybe[bool]{Given: true, Value: !e.ArchivedAt.IsZero()}
	if e.Cost > 0 {
		row.Cost = exchange.Maybe[int64]{Value: e.Cost, Given: true}
	}
	return row
}

func said(text string) exchange.Maybe[string] {
	return exchange.Maybe[string]{Given: true, Value: text}
}
