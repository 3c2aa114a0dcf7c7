package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/app"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// withTenant opens the database and finds the merchant: the one named, or the only one.
func withTenant(ctx context.Context, c common, code string, fn func(*store.DB, stock.TenantID) error) error {
	db, err := app.OpenExisting(ctx, c.database, clock.System{})
	if err != nil {
		return err
	}
	defer db.Close()
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		return err
	}
	var codes []string
	for _, t := range tenants {
		if t.Code == code || code == "" && len(tenants) == 1 {
			return fn(db, t.ID)
		}
		codes = append(codes, t.Code)
	}
	return fmt.Errorf("name the merchant with --tenant; there is: %s", strings.Join(codes, ", "))
}

func shopCommand() *cobra.Command {
	var c common
	var tenant string
	cmd := &cobra.Command{Use: "shop", Short: "Add, list, set live, pause shops without a browser"}
	sub := func(use, short string, args cobra.PositionalArgs, run func(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, args []string) error) *cobra.Command {
		s := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
			return withTenant(cmd.Context(), c, tenant, func(db *store.DB, id stock.TenantID) error { return run(cmd, db, id, args) })
		}}
		c.bind(s)
		s.Flags().StringVar(&tenant, "tenant", "", "the merchant's `code`, where there are several")
		cmd.AddCommand(s)
		return s
	}

	var settings []string
	var testMalls bool
	add := sub("add CHANNEL NAME", "Add a shop, in rehearsal", cobra.ExactArgs(2), func(cmd *cobra.Command, db *store.DB, id stock.TenantID, args []string) error {
		return addShop(cmd, db, id, args[0], args[1], settings, testMalls)
	})
	add.Flags().StringArrayVar(&settings, "set", nil, "a setting as `field=value`; value @FILE reads it from a file. May be repeated")
	add.Flags().BoolVar(&testMalls, "test-malls", false, "for tests: accept addresses that are not the mall's own")

	sub("list", "List the shops", cobra.NoArgs, func(cmd *cobra.Command, db *store.DB, id stock.TenantID, _ []string) error {
		shops, err := db.ListShops(cmd.Context(), id)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 2, 8, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tCHANNEL\tMODE\tCONNECTED")
		for _, s := range shops {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, s.Kind, s.Mode, s.ConnectedAt.Format(time.DateTime))
		}
		return w.Flush()
	})
	mode := func(use, short string, m store.Mode) {
		sub(use+" NAME", short, cobra.ExactArgs(1), func(cmd *cobra.Command, db *store.DB, id stock.TenantID, args []string) error {
			shop, err := findShop(cmd.Context(), db, id, args[0])
			if err != nil {
				return err
			}
			return db.SetMode(cmd.Context(), id, shop.ID, m)
		})
	}
	mode("live", "Let soroi write to the shop", store.Live)
	mode("pause", "Send nothing to the shop until it is live again", store.Paused)
	mode("rehearse", "Compute and show what would be published, and send nothing", store.Rehearsing)
	return cmd
}

func findShop(ctx context.Context, db *store.DB, tenant stock.TenantID, name string) (store.Shop, error) {
	shops, err := db.ListShops(ctx, tenant)
	if err != nil {
		return store.Shop{}, err
	}
	var names []string
	for _, s := range shops {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return store.Shop{}, fmt.Errorf("there is no shop %q; there is: %s", name, strings.Join(names, ", "))
}

func addShop(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, kind, name string, pairs []string, testMalls bool) error {
	var spec channel.Spec
	var kinds []string
	for _, s := range app.Specs() {
		kinds = append(kinds, string(s.Kind))
		if string(s.Kind) == kind {
			spec = s
		}
	}
	if spec.Kind == "" {
		return fmt.Errorf("there is no channel %q; there is: %s", kind, strings.Join(kinds, ", "))
	}
	known := make(map[string]bool)
	for _, f := range spec.Fields {
		known[f.Key] = true
	}
	settings := channel.Settings{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || !known[key] {
			return fmt.Errorf("--set %q: %s has no such field; \"soroi shop add\" takes field=value with the fields of docs/channels/%s.md", key, kind, kind)
		}
		if file, isFile := strings.CutPrefix(value, "@"); isFile {
			text, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("--set %s: %w", key, err)
			}
			value = string(text)
		}
		settings[key] = channel.Secret(value)
	}
	var wrong []error
	for _, e := range settings.Check(spec, testMalls) {
		wrong = append(wrong, e)
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	if _, err := db.AddShop(cmd.Context(), tenant, spec.Kind, name, settings); err != nil {
		var taken *store.ConflictError
		if errors.As(err, &taken) {
			return fmt.Errorf("there is a shop named %q already", name)
		}
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "added %s in rehearsal; look at it, then: soroi shop live %s\n", name, name)
	return nil
}
