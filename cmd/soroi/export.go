package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Write the books to a file that a spreadsheet and \"soroi import\" can read"}
	cmd.AddCommand(exportStockCommand())
	return cmd
}

func exportStockCommand() *cobra.Command {
	var c common
	var tenant, encoding, language, out string
	var columns []string
	cmd := &cobra.Command{
		Use:   "stock",
		Short: "Write each SKU with its number on hand",
		Long: `Stock writes each SKU that is in use with its number on hand, in the columns that "soroi import stock" reads: taken in again at once, the file
changes nothing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
				written, err := writeStock(cmd, db, id, w, o)
				if err != nil {
					return err
				}
				for _, r := range written.Replaced {
					fmt.Fprintf(cmd.ErrOrStderr(), "%s (%s): %d × %s\n", r.Character, r.Header, r.Times, r.By)
				}
				return file.keep()
			})
		},
	}
	c.bind(cmd)
	cmd.Flags().StringVar(&tenant, "tenant", "", "the merchant's `code`, where there are several")
	cmd.Flags().StringVar(&encoding, "encoding", string(exchange.UTF8BOM), "utf-8-bom (for Excel), utf-8, cp932, utf-16le or utf-16be")
	cmd.Flags().StringVar(&language, "language", "ja", "ja or en: of the headers")
	cmd.Flags().StringSliceVar(&columns, "columns", []string{"code", "units"}, "the columns and their order: code, units, mode, location, reason")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to this `file` instead of standard output; it appears when it is complete")
	return cmd
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
				continue // its number follows from its parts
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
