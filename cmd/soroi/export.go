package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/exchange"
	"soroi/internal/report"
	"soroi/internal/stock"
	"soroi/internal/store"
)

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Write the books to a file that a spreadsheet and \"soroi import\" can read"}
	cmd.AddCommand(exportStockCommand(), exportProductsCommand(), exportBundlesCommand(), exportLinksCommand())
	return cmd
}

// writer writes one kind of file.
type writer func(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, out io.Writer, o exchange.WriteOptions) (exchange.Written, error)

// exportFile is a command that writes one kind of file. columns are those that it writes unless told otherwise; all says which there are.
func exportFile(cmd *cobra.Command, columns []string, all string, write writer) *cobra.Command {
	var c common
	var tenant, encoding, language, out string
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o := exchange.WriteOptions{Encoding: exchange.Encoding(encoding), Columns: columns, Language: exchange.Language(language)}
		if !slices.Contains(exchange.Encodings, o.Encoding) {
			return fmt.Errorf("--encoding %q is not one of utf-8, utf-8-bom, cp932, utf-16le, utf-16be", encoding)
		}
		return withTenant(cmd.Context(), c, tenant, func(db *store.DB, id stock.TenantID) error {
			file, err := newWholeFile(out)
			if err != nil {
				return err
			}
			defer file.drop()
			var w io.Writer = cmd.OutOrStdout()
			if file != nil {
				w = file
			}
			written, err := write(cmd, db, id, w, o)
			if err != nil {
				return err
			}
			for _, r := range written.Replaced {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s (%s): %d × %s\n", r.Character, r.Header, r.Times, r.By)
			}
			return file.keep()
		})
	}
	c.bind(cmd)
	cmd.Flags().StringVar(&tenant, "tenant", "", "the merchant's `code`, where there are several")
	cmd.Flags().StringVar(&encoding, "encoding", string(exchange.UTF8BOM), "utf-8-bom (for Excel), utf-8, cp932, utf-16le or utf-16be")
	cmd.Flags().StringVar(&language, "language", "ja", "ja or en: of the headers")
	if all != "" {
		cmd.Flags().StringSliceVar(&columns, "columns", columns, "the columns and their order: "+all)
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to this `file` instead of standard output; it appears when it is complete")
	return cmd
}

func exportStockCommand() *cobra.Command {
	var at string
	cmd := exportFile(&cobra.Command{
		Use:   "stock",
		Short: "Write each SKU with its number on hand",
		Long: `Stock writes each SKU that is in use with its number on hand, in the columns that "soroi import stock" reads: taken in again at once, the file
changes nothing. Bundles are left out: their number follows from their parts. With --at it writes what lay there then, of SKUs out of use as well.`,
	}, []string{"code", "units"}, "code, units, mode, location, reason", func(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, out io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
		moment, err := readMoment(at)
		if err != nil {
			return exchange.Written{}, err
		}
		if !moment.IsZero() {
			return writePast(cmd, db, tenant, moment, out, o)
		}
		return writeStock(cmd, db, tenant, out, o)
	})
	cmd.Flags().StringVar(&at, "at", "", "as it was at this `moment`: \"2026-11-25 09:30\" in Japan, or with an offset as in 2026-11-25T00:30:00Z")
	return cmd
}

// writePast writes what lay of every SKU at a moment.
func writePast(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, at time.Time, out io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	w, err := exchange.NewWriter(out, exchange.Stock, o)
	if err != nil {
		return exchange.Written{}, err
	}
	for after := ""; ; {
		rows, err := db.ListPast(cmd.Context(), tenant, at, after, store.MostStockRows)
		if err != nil {
			return exchange.Written{}, err
		}
		for _, row := range rows {
			if err := w.Write(exchange.StockRow{SKU: exchange.SKURef{Codes: []string{row.Code}}, Mode: stock.Set, Units: row.Balance.OnHand}); err != nil {
				return exchange.Written{}, err
			}
			after = row.Code
		}
		if len(rows) < store.MostStockRows {
			return w.Close()
		}
	}
}

func exportProductsCommand() *cobra.Command {
	archived := false
	cmd := exportFile(&cobra.Command{
		Use:   "products",
		Short: "Write each SKU with its product, options and codes",
		Long: `Products writes the catalogue, a row for each SKU, in the columns that "soroi import product" reads: taken in again at once, the file changes
nothing.`,
	}, nil, "product, product_name, code, name, option1_name, option1 …, jan, codes, supply, figure, state", func(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, out io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
		q := store.ProductQuery{}
		if archived {
			q.Archived = store.WithArchived
		}
		return report.WriteCatalog(cmd.Context(), db, tenant, q, out, o)
	})
	cmd.Flags().BoolVar(&archived, "archived", false, "also what is out of use")
	return cmd
}

func exportBundlesCommand() *cobra.Command {
	return exportFile(&cobra.Command{
		Use:   "bundles",
		Short: "Write each bundle with its parts",
		Long:  `Bundles writes each bundle with all its parts, in the columns that "soroi import bundle" reads: taken in again at once, the file changes nothing.`,
	}, nil, "", func(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, out io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
		return report.WriteBundles(cmd.Context(), db, tenant, store.BundleQuery{}, out, o)
	})
}

func exportLinksCommand() *cobra.Command {
	return exportFile(&cobra.Command{
		Use:   "links",
		Short: "Write each shop's listings with the SKUs that they are linked to",
		Long:  `Links writes every listing with its SKU, in the columns that "soroi import link" reads: taken in again at once, the file changes nothing.`,
	}, nil, "", func(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, out io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
		return report.WriteLinks(cmd.Context(), db, tenant, store.ListingQuery{}, out, o)
	})
}

func writeStock(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, out io.Writer, o exchange.WriteOptions) (exchange.Written, error) {
	w, err := exchange.NewWriter(out, exchange.Stock, o)
	if err != nil {
		return exchange.Written{}, err
	}
	q := store.StockQuery{Limit: store.MostStockRows}
	for {
		page, err := db.ListStock(cmd.Context(), tenant, q)
		if err != nil {
			return exchange.Written{}, err
		}
		for _, row := range page.Rows {
			if row.Allotment.Bundle != nil {
				continue
			}
			err := w.Write(exchange.StockRow{SKU: exchange.SKURef{Codes: []string{row.Code}}, Mode: stock.Set, Units: row.Balance.OnHand})
			var problem *exchange.Problem
			if errors.As(err, &problem) {
				return exchange.Written{}, fmt.Errorf("%s: %w", row.Code, err)
			}
			if err != nil {
				return exchange.Written{}, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return w.Close()
		}
	}
}
