// Package report writes lists of SKUs as files, and sends the ones that are wanted every day.
package report

import (
	"context"
	"fmt"
	"io"
	"slices"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// partRows is how many rows are read and written at once.
const partRows = store.MostStockRows

// LowColumns are the columns of exchange.List that the list of stock-outs and of what to order can fill, by what its rows are.
func LowColumns(group store.LowGroup) []string {
	figures := []string{"available", "secured", "inbound", "reorder_point", "shortfall", "sold_7", "sold_30", "days_left"}
	switch group {
	case store.ByProduct:
		return append([]string{"product", "name", "skus", "out", "level"}, figures...)
	case store.ByOption:
		return append([]string{"name", "skus", "out", "level"}, figures...)
	}
	return append([]string{"product", "sku", "name", "option1", "option2", "option3", "level"}, figures...)
}

// StockColumns are the columns that the list of stock can fill.
func StockColumns() []string {
	return []string{"product", "sku", "name", "option1", "option2", "option3", "supply", "level", "on_hand", "committed", "available", "secured", "sellable", "inbound", "reorder_point",
		"shortfall", "sold_7", "sold_30", "days_left"}
}

// WriteLow writes every row that the query finds, in its order, in constant memory. Columns that its rows cannot fill are left out.
func WriteLow(ctx context.Context, db *store.DB, tenant stock.TenantID, q store.LowQuery, w io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	o.Columns = fitting(o.Columns, LowColumns(q.Group))
	out, err := exchange.NewWriter(w, exchange.List, o)
	if err != nil {
		return exchange.Written{}, err
	}
	for q.After, q.Limit = "", partRows; ; {
		page, err := db.ListLow(ctx, tenant, q)
		if err != nil {
			return exchange.Written{}, fmt.Errorf("write what is low: %w", err)
		}
		for _, r := range page.Rows {
			if err := out.Write(lowRow(r, q.Group)); err != nil {
				return exchange.Written{}, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return out.Close()
		}
	}
}

// fitting are the wanted columns that there are; all where none was wanted.
func fitting(wanted, there []string) []string {
	if wanted == nil {
		return there
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(key string) bool { return !slices.Contains(there, key) })
}

func lowRow(r store.LowRow, group store.LowGroup) exchange.ListRow {
	row := exchange.ListRow{Product: r.Of, SKU: r.Code, Name: r.Name, Options: r.Options, SKUs: r.SKUs, Out: r.Out, Level: r.Level, Available: r.Available, Secured: r.Secured, Inbound: r.Inbound,
		Reorder: r.Reorder, Shortfall: r.Shortfall, Week: r.Week, Month: r.Month}
	if group == store.ByProduct {
		row.Product, row.SKU = r.Code, ""
	}
	days, ends := r.DaysLeft()
	row.Days, row.Forever = days, !ends
	return row
}

// WriteStock writes every SKU that the query finds, in its order, in constant memory.
func WriteStock(ctx context.Context, db *store.DB, tenant stock.TenantID, q store.StockQuery, w io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	o.Columns = fitting(o.Columns, StockColumns())
	out, err := exchange.NewWriter(w, exchange.List, o)
	if err != nil {
		return exchange.Written{}, err
	}
	for q.After, q.Limit = "", partRows; ; {
		page, err := db.ListStock(ctx, tenant, q)
		if err != nil {
			return exchange.Written{}, fmt.Errorf("write the stock: %w", err)
		}
		for _, r := range page.Rows {
			if err := out.Write(stockRow(r)); err != nil {
				return exchange.Written{}, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return out.Close()
		}
	}
}

func stockRow(r store.StockRow) exchange.ListRow {
	f := store.Figures{Available: r.Balance.Available(), Month: r.Sold.Month}
	row := exchange.ListRow{Product: r.Product, SKU: r.Code, Name: r.Name, Options: r.Options, SKUs: 1, Available: f.Available, Secured: r.Terms.SecuredUnits(r.Balance), Inbound: r.Inbound,
		Reorder: r.Terms.Reorder, Shortfall: r.Terms.Shortfall(r.Balance), Week: r.Sold.Week, Month: r.Sold.Month, OnHand: r.Balance.OnHand, Committed: r.Balance.Committed,
		Sellable: r.Sellable(), Supply: r.Terms.Supply, Daily: r.Terms.Daily, Figure: r.Terms.Figure}
	if !r.Archived {
		row.Level = r.Terms.Level(r.Balance)
	}
	days, ends := f.DaysLeft()
	row.Days, row.Forever = days, !ends
	return row
}
