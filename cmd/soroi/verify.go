package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/app"
	"soroi/internal/clock"
	"soroi/internal/explain"
	"soroi/internal/stock"
	"soroi/internal/store"
)

func verifyCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Recompute every balance from its movements and every claim from its order, on a live database",
		Long: `Verify reads the books of every merchant, at one moment and beside running processes, and recomputes each balance from its movements and
each claim from its order. It ends with status 1 and the first row that differs, or with the counts of what it has checked.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := app.OpenExisting(cmd.Context(), c.database, clock.System{})
			if err != nil {
				return err
			}
			defer db.Close()
			tenants, err := db.ListTenants(cmd.Context())
			if err != nil {
				return err
			}
			broken := false
			for _, t := range tenants {
				report, err := db.Verify(cmd.Context(), t.ID, nil)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "merchant %s: %d movements, %d balances, %d order lines\n", t.Code, report.Movements, report.Balances, report.Lines)
				if !report.OK() {
					broken = true
					fmt.Fprintln(cmd.OutOrStdout(), "  broken:", report.Broken)
				}
			}
			if broken {
				return exitCode(1)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "every balance equals its movements, every claim its order")
			return nil
		},
	}
	c.bind(cmd)
	return cmd
}

func explainCommand() *cobra.Command {
	var c common
	var tenant, language, at string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain SKU [SHOP]",
		Short: "Derive the number that a shop shows, from the shelf to the shop's answer",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			shop := ""
			if len(args) == 2 {
				shop = args[1]
			}
			moment, err := readMoment(at)
			if err != nil {
				return err
			}
			return withTenant(cmd.Context(), c, tenant, func(db *store.DB, id stock.TenantID) error {
				if !moment.IsZero() {
					return printPast(cmd, db, id, args[0], moment, language, asJSON)
				}
				list, err := explain.Load(cmd.Context(), db, app.Specs(), id, args[0], shop)
				if err != nil {
					return err
				}
				if asJSON {
					e := json.NewEncoder(cmd.OutOrStdout())
					e.SetIndent("", "  ")
					return e.Encode(list)
				}
				for _, e := range list {
					printExplanation(cmd.OutOrStdout(), e, language)
				}
				return nil
			})
		},
	}
	c.bind(cmd)
	cmd.Flags().StringVar(&tenant, "tenant", "", "the merchant's `code`, where there are several")
	cmd.Flags().StringVar(&language, "language", "ja", "ja or en")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&at, "at", "", "as it was at this `moment`: \"2026-11-25 09:30\" in Japan, or with an offset as in 2026-11-25T00:30:00Z")
	return cmd
}

// readMoment reads a moment as people type it; "" is none.
func readMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, jst); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("--at %q is no moment: write it as 2026-11-25 09:30 (in Japan), or as 2026-11-25T00:30:00Z", text)
}

// printPast prints a SKU as it was.
func printPast(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, code string, at time.Time, language string, asJSON bool) error {
	past, err := db.LoadPast(cmd.Context(), tenant, code, at, 10)
	if err != nil {
		return err
	}
	shops, err := db.ListShops(cmd.Context(), tenant)
	if err != nil {
		return err
	}
	names := make(map[int64]string, len(shops))
	for _, s := range shops {
		names[int64(s.ID)] = s.Name
	}
	out := cmd.OutOrStdout()
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(past)
	}
	fmt.Fprintf(out, "%s  %s  @ %s\n", past.Code, past.Name, at.In(jst).Format(time.DateTime))
	printSteps(out, explain.Past(past, names), language)
	return nil
}

// jst is the zone in which people read times.
var jst = time.FixedZone("JST", 9*60*60)

func printExplanation(w io.Writer, e explain.Explanation, language string) {
	shown := "?"
	if e.Published != nil {
		shown = e.Published.String()
	}
	fmt.Fprintf(w, "%s  %s  @ %s: %s\n", e.SKU, e.Name, e.Shop, shown)
	printSteps(w, e.Steps, language)
	if !e.Explained {
		fmt.Fprintln(w, "  !! this number cannot be explained")
	}
}

func printSteps(w io.Writer, steps []explain.Step, language string) {
	for _, s := range steps {
		at := ""
		if !s.At.IsZero() {
			at = s.At.In(jst).Format(time.DateTime)
		}
		fmt.Fprintf(w, "  %-20s %s\n", at, s.Words(language))
	}
}

func tokenCommand() *cobra.Command {
	var c common
	var tenant string
	var write bool
	cmd := &cobra.Command{
		Use:   "token NAME",
		Short: "Make a token for programs that use the API; it is shown once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withTenant(cmd.Context(), c, tenant, func(db *store.DB, id stock.TenantID) error {
				_, presented, err := db.AddAPIToken(cmd.Context(), id, args[0], write)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), presented)
				return nil
			})
		},
	}
	c.bind(cmd)
	cmd.Flags().StringVar(&tenant, "tenant", "", "the merchant's `code`, where there are several")
	cmd.Flags().BoolVar(&write, "write", false, "the token may change stock")
	return cmd
}
