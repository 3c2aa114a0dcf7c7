package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/app"
	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/engine"
	"soroi/internal/mallsim/town"
	"soroi/internal/stock"
	"soroi/internal/store"
)

func demoCommand() *cobra.Command {
	var f townFlags
	var address string
	var length time.Duration
	var verbose bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show soroi at work: simulated malls with live buyers, on a temporary database",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if length > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, length)
				defer cancel()
			}
			return demo(ctx, cmd, f, address, verbose)
		},
	}
	f.bind(cmd, 40)
	cmd.Flags().StringVar(&address, "listen", "127.0.0.1:8080", "`address` of the screens; a port that is taken is replaced by a free one")
	cmd.Flags().DurationVar(&length, "for", 0, "end by itself after this time")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log every decision")
	return cmd
}

func demo(ctx context.Context, cmd *cobra.Command, f townFlags, address string, verbose bool) error {
	dir, err := os.MkdirTemp("", "soroi-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t, err := f.open(clock.System{}, "")
	if err != nil {
		return err
	}
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if address, err = freeAddress(ctx, address); err != nil {
		return err
	}
	a, err := app.Open(ctx, app.Config{DatabaseURL: filepath.Join(dir, "soroi.db"), Listen: address, PublicURL: "http://" + address, Log: log,
		Engine: engine.Options{TestMalls: true, OpenEvery: 30 * time.Second, ReadEvery: 2 * time.Minute, Poll: 3 * time.Second}})
	if err != nil {
		return err
	}
	if err := t.Start(ctx); err != nil {
		return err
	}
	defer t.Close()
	password, err := prepareDemo(ctx, a.DB, t)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\n  soroi demo  %s\n  user        demo\n  password    %s\n\n  malls: %s; about %.0f orders a minute. Ctrl-C ends it and leaves nothing behind.\n\n",
		a.URL(), password, strings.Join(splitList(f.shops), ", "), f.orders)
	return a.Run(ctx)
}

// demoShops are what the demo's merchant calls the shops in the malls.
var demoShops = map[string]string{"rakuten": "楽天本店", "yahoo": "Yahoo!店", "shopify": "Shopify店", "vendure": "自社サイト"}

// prepareDemo fills the database with the town's goods, an owner, and the malls as live shops.
func prepareDemo(ctx context.Context, db *store.DB, t *town.Town) (password string, err error) {
	tenants, err := db.ListTenants(ctx)
	if err != nil {
		return "", err
	}
	tenant := tenants[0].ID
	if err := addGoods(ctx, db, tenant, t.Goods()); err != nil {
		return "", err
	}
	password = strings.ToLower(rand.Text()[:10])
	if _, err := db.SetUpOwner(ctx, tenant, store.NewAccount{Login: "demo", Name: "デモ店長", Password: password}); err != nil {
		return "", err
	}
	if err := db.RenameTenant(ctx, tenant, "そろい商店"); err != nil {
		return "", err
	}
	for _, m := range t.Malls() {
		settings := channel.Settings{}
		for key, value := range m.Settings() {
			settings[key] = channel.Secret(value)
		}
		name, known := demoShops[m.Name]
		if !known {
			name = m.Name
		}
		shop, err := db.AddShop(ctx, tenant, channel.Kind(m.Kind), name, settings)
		if err != nil {
			return "", err
		}
		if err := db.SetMode(ctx, tenant, shop.ID, store.Live); err != nil {
			return "", err
		}
	}
	return password, nil
}

// addGoods adds a town's goods as SKUs with their opening stock.
func addGoods(ctx context.Context, db *store.DB, tenant stock.TenantID, goods []town.Good) error {
	location, err := db.DefaultLocation(ctx, tenant)
	if err != nil {
		return err
	}
	rows := make([]store.NewSKU, len(goods))
	for i, g := range goods {
		rows[i] = store.NewSKU{Product: g.Product, Code: g.Code, Name: strings.TrimSpace(g.Title + " " + g.Choice)}
	}
	ids, err := db.AddSKUs(ctx, tenant, rows)
	if err != nil {
		return err
	}
	if len(goods) == 0 {
		return nil
	}
	opening := store.ChangeRequest{Key: fmt.Sprintf("opening %s and %d more", goods[0].Code, len(goods)-1), Cause: stock.ByImport, Kind: stock.Opening, Document: "opening", Reason: "期首在庫"}
	for _, g := range goods {
		opening.Rows = append(opening.Rows, stock.Change{SKU: ids[g.Code], Location: location, Mode: stock.Set, Units: g.Stock})
	}
	_, err = db.ChangeStock(ctx, tenant, opening)
	return err
}
