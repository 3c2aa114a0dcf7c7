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

	"soroi/internal/allocation"
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
	// A buyer who came before the listings are linked would leave an order of unknown goods: true, and no way to begin a visit.
	t.VisitOnly(linkedMalls(ctx, a.DB))
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

// linkedMalls tells of each mall whether the listings of its shop are linked. What is linked stays so.
func linkedMalls(ctx context.Context, db *store.DB) func(mall string) bool {
	linked := make(map[string]bool)
	return func(mall string) bool {
		if linked[mall] {
			return true
		}
		tenants, err := db.ListTenants(ctx)
		if err != nil || len(tenants) == 0 {
			return false
		}
		status, _, err := db.ListShopStatus(ctx, tenants[0].ID, time.Time{})
		if err != nil {
			return false // asked again with the next buyer
		}
		for _, s := range status {
			if s.Shop.Name == demoName(mall) && !s.Listed().IsZero() && s.Listings > 0 && s.Linked+s.LeftOut >= s.Listings {
				linked[mall] = true
			}
		}
		return linked[mall]
	}
}

// demoName is what the demo's merchant calls the shop in a mall.
func demoName(mall string) string {
	if name, known := demoShops[mall]; known {
		return name
	}
	return mall
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
		shop, err := db.AddShop(ctx, tenant, channel.Kind(m.Kind), demoName(m.Name), settings)
		if err != nil {
			return "", err
		}
		if err := db.SetMode(ctx, tenant, shop.ID, store.Live); err != nil {
			return "", err
		}
	}
	return password, settleDemo(ctx, db, tenant)
}

// settleDemo gives the merchant some settings to look at: a pattern for what is scarce, stock kept back, reorder points.
func settleDemo(ctx context.Context, db *store.DB, tenant stock.TenantID) error {
	shops, err := db.ListShops(ctx, tenant)
	if err != nil {
		return err
	}
	first := allocation.ShopShare{Shop: allocation.ShopID(shops[0].ID), Share: allocation.Share{Kind: allocation.Same}}
	scarce := allocation.Pattern{Name: "残り5個からは" + shops[0].Name + "だけ", Rules: []allocation.Rule{
		{From: 0, To: 5, Shares: []allocation.ShopShare{first}, Default: allocation.Share{Kind: allocation.Stop}},
		{From: 6, To: allocation.Open, Default: allocation.Share{Kind: allocation.Same}}}}
	pattern, err := db.SavePattern(ctx, tenant, store.PatternChange{Pattern: scarce, Actor: "demo"})
	if err != nil {
		return err
	}
	skus, err := db.SelectSKUs(ctx, tenant, store.StockQuery{}, 0, store.MostSelected)
	if err != nil {
		return err
	}
	var edit store.TermsEdit
	var assignments []store.Assignment
	reason := "実店舗"
	for i, sku := range skus {
		point := stock.Point{Units: 8, Set: true}
		change := stock.TermsChange{Reorder: &point}
		if i%12 == 0 {
			change.Secured = &stock.SecuredChange{Mode: stock.Set, As: stock.InUnits, N: 2, Reason: &reason}
		}
		edit.Rows = append(edit.Rows, store.TermsRow{SKU: sku, Change: change})
		if i%6 == 0 {
			assignments = append(assignments, store.Assignment{SKU: sku, Pattern: pattern})
		}
	}
	if _, err := db.EditTerms(ctx, tenant, edit); err != nil {
		return err
	}
	_, err = db.AssignPatterns(ctx, tenant, assignments)
	return err
}

// nameOptions gives products their own name, and their SKUs the colour and size that the town's choices say: 青 M.
func nameOptions(ctx context.Context, db *store.DB, tenant stock.TenantID, goods []town.Good) error {
	products := make(map[string]*store.ProductEdit)
	var edit store.CatalogEdit
	for _, g := range goods {
		values := strings.Fields(g.Choice)
		if g.Product == "" || len(values) == 0 || len(values) > stock.MostOptions {
			continue
		}
		names := stock.OptionNames{"種類"}
		if len(values) > 1 {
			names = stock.OptionNames{"カラー", "サイズ"}
		}
		if products[g.Product] == nil {
			products[g.Product] = &store.ProductEdit{Code: g.Product, Must: store.MustExist, Name: &g.Title, Options: &names}
			edit.Products = append(edit.Products, *products[g.Product])
		}
		var options stock.Options
		copy(options[:], values)
		edit.SKUs = append(edit.SKUs, store.SKUEdit{Code: g.Code, Must: store.MustExist, Options: &options})
		if len(edit.Products)+len(edit.SKUs) >= store.MostEdits-1 {
			if err := editCatalog(ctx, db, tenant, edit); err != nil {
				return err
			}
			edit = store.CatalogEdit{}
		}
	}
	return editCatalog(ctx, db, tenant, edit)
}

func editCatalog(ctx context.Context, db *store.DB, tenant stock.TenantID, edit store.CatalogEdit) error {
	answer, err := db.EditCatalog(ctx, tenant, edit)
	if err == nil {
		err = answer.Refused()
	}
	return err
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
	if err := nameOptions(ctx, db, tenant, goods); err != nil {
		return err
	}
	opening := store.ChangeRequest{Key: fmt.Sprintf("opening %s and %d more", goods[0].Code, len(goods)-1), Cause: stock.ByImport, Kind: stock.Opening, Document: "opening", Reason: "期首在庫"}
	for _, g := range goods {
		opening.Rows = append(opening.Rows, stock.Change{SKU: ids[g.Code], Location: location, Mode: stock.Set, Units: g.Stock})
	}
	_, err = db.ChangeStock(ctx, tenant, opening)
	return err
}
