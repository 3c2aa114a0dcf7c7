// Package storybook renders every page with canned data: full, empty and extreme. It is for looking at pages and for tests
// that hold for all of them; nothing in it is served to merchants.
package storybook

import (
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"time"

	"soroi/internal/clock"
	"soroi/internal/web/account"
	"soroi/internal/web/bulk"
	"soroi/internal/web/bundles"
	"soroi/internal/web/front"
	"soroi/internal/web/imports"
	"soroi/internal/web/listings"
	"soroi/internal/web/low"
	"soroi/internal/web/products"
	"soroi/internal/web/settings"
	"soroi/internal/web/shops"
	"soroi/internal/web/sku"
	"soroi/internal/web/stocklist"
	"soroi/internal/web/stocktake"
	"soroi/internal/web/ui"
)

// Story is one page with its data.
type Story struct {
	Name  string // front/full
	Title string
	Write func(w http.ResponseWriter, l ui.Lang) error
}

// Book is all stories with the frame that they share.
type Book struct {
	UI      *ui.UI
	Stories []Story
}

// now is the moment at which every story plays.
var now = time.Date(2026, 11, 23, 8, 20, 10, 0, time.UTC)

// Open makes the book.
func Open(log *slog.Logger) (*Book, error) {
	u, err := ui.New(still{}, log)
	if err != nil {
		return nil, err
	}
	b := &Book{UI: u}
	fp, err := front.Parse(u)
	if err != nil {
		return nil, err
	}
	sp, err := stocklist.Parse(u)
	if err != nil {
		return nil, err
	}
	kp, err := sku.Parse(u)
	if err != nil {
		return nil, err
	}
	shopViews, err := shops.Parse(u)
	if err != nil {
		return nil, err
	}
	listingViews, err := listings.Parse(u)
	if err != nil {
		return nil, err
	}
	accountViews, err := account.Parse(u)
	if err != nil {
		return nil, err
	}
	for _, data := range []string{"full", "calm", "empty", "extreme"} {
		b.add("front/"+data, fp, func(p ui.Page) ui.Framed { return frontPage(p, data) })
	}
	for _, data := range []string{"full", "empty", "nothing_found", "extreme"} {
		b.add("stock/"+data, sp, func(p ui.Page) ui.Framed { return stockPage(p, data) })
	}
	for _, data := range []string{"full", "why", "refused", "empty", "extreme"} {
		b.add("sku/"+data, kp, func(p ui.Page) ui.Framed { return skuPage(p, data) })
	}
	for _, data := range []string{"bundle", "part", "refused"} {
		b.add("sku_bundle/"+data, kp, func(p ui.Page) ui.Framed { return bundlePage(p, data) })
	}
	productViews, err := products.Parse(u)
	if err != nil {
		return nil, err
	}
	for _, data := range []string{"full", "empty", "nothing_found", "extreme"} {
		b.add("products/"+data, productViews.List, func(p ui.Page) ui.Framed { return productsPage(p, data) })
	}
	for _, data := range []string{"full", "edit", "saved", "secured", "refused", "look", "loose", "empty"} {
		b.add("product/"+data, productViews.Product, func(p ui.Page) ui.Framed { return productPage(p, data) })
	}
	for _, data := range []string{"full", "refused"} {
		b.add("productsku/"+data, productViews.SKU, func(p ui.Page) ui.Framed { return skuEntryPage(p, data) })
	}
	b.add("newproduct/full", productViews.New, func(p ui.Page) ui.Framed { return newProductPage(p) })
	bp, err := bundles.Parse(u)
	if err != nil {
		return nil, err
	}
	for _, data := range []string{"full", "part", "empty"} {
		b.add("bundles/"+data, bp, func(p ui.Page) ui.Framed { return bundlesPage(p, data) })
	}
	takeViews, err := stocktake.Parse(u)
	if err != nil {
		return nil, err
	}
	bulkViews, err := bulk.Parse(u)
	if err != nil {
		return nil, err
	}
	lp, err := low.Parse(u)
	if err != nil {
		return nil, err
	}
	for _, data := range []string{"full", "products", "colours", "empty", "nothing_found", "refused", "extreme"} {
		b.add("low/"+data, lp, func(p ui.Page) ui.Framed { return lowPage(p, data) })
	}
	for _, data := range []string{"full", "empty"} {
		b.add("stocktakes/"+data, takeViews.List, func(p ui.Page) ui.Framed { return takesPage(p, data) })
	}
	for _, data := range []string{"full", "refused"} {
		b.add("stocktake_new/"+data, takeViews.New, func(p ui.Page) ui.Framed { return newTakePage(p, data) })
	}
	for _, data := range []string{"full", "empty", "refused", "closed"} {
		b.add("stocktake/"+data, takeViews.Show, func(p ui.Page) ui.Framed { return takePage(p, data) })
	}
	for _, data := range []string{"full", "empty", "asked", "unknown", "ambiguous", "closed"} {
		b.add("stocktake_count/"+data, takeViews.Count, func(p ui.Page) ui.Framed { return countPage(p, data) })
	}
	b.add("bulk/csv", bulkViews.CSV, func(p ui.Page) ui.Framed { return csvPage(p) })
	for _, data := range []string{"secured", "reorder", "refused", "all"} {
		b.add("bulk/ask_"+data, bulkViews.Ask, func(p ui.Page) ui.Framed { return askPage(p, data) })
	}
	for _, data := range []string{"running", "done", "cancelled", "failed"} {
		b.add("bulk/"+data, bulkViews.Job, func(p ui.Page) ui.Framed { return jobPage(p, data) })
	}
	for _, data := range []string{"full", "empty", "extreme"} {
		b.add("shops/"+data, shopViews.List, func(p ui.Page) ui.Framed { return shopsPage(p, data) })
		b.add("shop/"+data, shopViews.Detail, func(p ui.Page) ui.Framed { return shopPage(p, data) })
		b.add("preview/"+data, shopViews.Preview, func(p ui.Page) ui.Framed { return previewPage(p, data) })
	}
	for _, data := range []string{"unlinked", "shop", "empty", "nothing_found", "early", "waiting", "nothing_waits", "skus", "all_listed", "linked", "extreme", "extreme_unlinked"} {
		b.add("listings/"+data, listingViews.List, func(p ui.Page) ui.Framed { return listingsPage(p, data) })
	}
	for _, data := range []string{"free", "linked", "gone", "refused"} {
		b.add("listing/"+data, listingViews.One, func(p ui.Page) ui.Framed { return onePage(p, data) })
	}
	for _, data := range []string{"full", "empty"} {
		b.add("listingsof/"+data, listingViews.Of, func(p ui.Page) ui.Framed { return ofPage(p, data) })
	}
	for _, data := range []string{"form", "tried", "refused"} {
		b.add("rule/"+data, listingViews.Rule, func(p ui.Page) ui.Framed { return rulePage(p, data) })
	}
	for _, data := range []string{"full", "empty", "refused"} {
		b.add("ignored/"+data, listingViews.Ignored, func(p ui.Page) ui.Framed { return ignoredPage(p, data) })
	}
	for _, data := range []string{"full", "done", "empty"} {
		b.add("sole/"+data, listingViews.Sole, func(p ui.Page) ui.Framed { return solePage(p, data) })
	}
	for _, data := range []string{"choose", "form", "refused"} {
		b.add("newshop/"+data, shopViews.New, func(p ui.Page) ui.Framed { return newShopPage(p, data) })
	}
	settingsViews, err := settings.Parse(u)
	if err != nil {
		return nil, err
	}
	b.addSettings(settingsViews)
	importViews, err := imports.Parse(u)
	if err != nil {
		return nil, err
	}
	b.addImports(importViews)
	b.add("setup/full", accountViews.Setup, func(p ui.Page) ui.Framed { return setupPage(p, "full") })
	b.add("setup/refused", accountViews.Setup, func(p ui.Page) ui.Framed { return setupPage(p, "refused") })
	b.add("signin/full", accountViews.Signin, func(p ui.Page) ui.Framed { return signinPage(p, "full") })
	b.add("signin/refused", accountViews.Signin, func(p ui.Page) ui.Framed { return signinPage(p, "refused") })
	return b, nil
}

func (b *Book) add(name string, t *ui.Template, page func(ui.Page) ui.Framed) {
	b.Stories = append(b.Stories, Story{Name: name, Write: func(w http.ResponseWriter, l ui.Lang) error {
		return t.Page(w, http.StatusOK, page(ui.Page{
			Tenant: "花霞商店", User: "佐藤 花", Token: "story-token", Lang: l, Here: "/stock?q=a&show=behind",
		}))
	}})
}

// Handler serves the index, each story at its name, and the assets.
func (b *Book) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /assets/{name}", b.UI.Assets())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for _, s := range b.Stories {
			name := html.EscapeString(s.Name)
			fmt.Fprintf(w, `<p><a href="/story/%s">%s</a> <a href="/story/%s?lang=en">en</a></p>`, name, name, name)
		}
	})
	mux.HandleFunc("GET /story/{name...}", func(w http.ResponseWriter, r *http.Request) {
		for _, s := range b.Stories {
			if s.Name != r.PathValue("name") {
				continue
			}
			l := ui.Japanese
			if r.URL.Query().Get("lang") == "en" {
				l = ui.English
			}
			if err := s.Write(w, l); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
			return
		}
		http.NotFound(w, r)
	})
	return mux
}

// still is a clock that stands at now.
type still struct{ clock.System }

// Now is always the same.
func (still) Now() time.Time { return now }
