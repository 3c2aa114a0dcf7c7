package listings

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"soroi/internal/channel"
	"soroi/internal/engine"
	"soroi/internal/exchange"
	"soroi/internal/report"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Screen serves the pages.
type Screen struct {
	ui      *ui.UI
	db      *store.DB
	engine  *engine.Service
	cookies ui.Cookies
	views   Views
}

// New makes it.
func New(u *ui.UI, db *store.DB, e *engine.Service, c ui.Cookies) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{ui: u, db: db, engine: e, cookies: c, views: v}, err
}

const (
	pageRows  = 50
	goodsRows = 100
	// longestText bounds what is searched for.
	longestText = 200
)

// query reads what a person asked for; what is no choice of ours becomes the first one.
func query(r *http.Request) Query {
	v := r.URL.Query()
	q := Query{Show: Show(v.Get("show")), Text: v.Get("q"), After: v.Get("after")}
	q.Shop, _ = strconv.ParseInt(v.Get("shop"), 10, 64) // 0 is all
	if text := []rune(q.Text); len(text) > longestText {
		q.Text = string(text[:longestText])
	}
	switch q.Show {
	case ShowWaiting, ShowUnlisted:
		q.Text = ""
	case ShowLinked, ShowErrors, ShowIgnored, ShowAll:
	default:
		q.Show = ShowUnlinked
	}
	return q
}

// stored is the store's query for lists of listings.
func (q Query) stored() store.ListingQuery {
	show := map[Show]store.ListingShow{ShowUnlinked: store.ListingsUnlinked, ShowLinked: store.ListingsLinked, ShowErrors: store.ListingsErrors, ShowIgnored: store.ListingsIgnored}[q.Show]
	return store.ListingQuery{Shop: channel.ShopID(q.Shop), Show: show, Text: q.Text, After: q.After, Limit: pageRows}
}

// CSV is GET /listings/csv: the listings that the query finds with their SKUs, as the import of that kind reads them.
func (s *Screen) CSV(w http.ResponseWriter, r *http.Request) error {
	page := ui.FrameOf(r, ui.SectionListings, "出品")
	q := query(r).stored()
	return ui.ReadFile(page.Lang, "links", r.URL.Query()).Send(w, s.ui.Now(), func(out io.Writer, o exchange.WriteOptions) error {
		o.Columns = nil
		_, err := report.WriteLinks(r.Context(), s.db, page.TenantID, q, out, o)
		return err
	})
}

// List is GET /listings.
func (s *Screen) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.head(r)
	if err != nil {
		return err
	}
	switch page.Query.Show {
	case ShowWaiting:
		err = s.goods(r, page)
	case ShowUnlisted:
		err = s.unlisted(r, page)
	default:
		err = s.rows(r, page)
	}
	if errors.Is(err, store.ErrPlace) {
		return ui.ErrMissing
	}
	if err != nil {
		return err
	}
	return s.views.List.Page(w, http.StatusOK, page)
}

// Sums is the part with the counts.
func (s *Screen) Sums(w http.ResponseWriter, r *http.Request) error {
	page, err := s.head(r)
	if err != nil {
		return err
	}
	return s.views.List.Fragment(w, "sums", page)
}

// head is the page with its counts, and without its list.
func (s *Screen) head(r *http.Request) (*Page, error) {
	page := &Page{Page: ui.FrameOf(r, ui.SectionListings, "出品"), Query: query(r)}
	shops, err := s.db.ListShops(r.Context(), page.TenantID)
	if err != nil {
		return nil, fmt.Errorf("list shops: %w", err)
	}
	counts, err := s.db.CountToLink(r.Context(), page.TenantID)
	if err != nil {
		return nil, err
	}
	specs := s.engine.Specs()
	known := page.Query.Shop == 0
	var todo, wrong Count
	for _, shop := range shops {
		one := Shop{ID: int64(shop.ID), Name: shop.Name, ToDo: count(counts.Unlinked[shop.ID]), Selected: int64(shop.ID) == page.Query.Shop, CanList: specs[shop.Kind].Can.ListListings}
		page.Shops = append(page.Shops, one)
		if page.Query.Shop == 0 || one.Selected {
			todo, wrong = todo.plus(one.ToDo), wrong.plus(count(counts.Errors[shop.ID]))
		}
		known = known || one.Selected
	}
	if !known {
		return nil, ui.ErrMissing
	}
	waiting := Count{counts.Waiting.Lines, counts.Waiting.More}
	unlisted := count(counts.Unlisted)
	if page.Query.Shop != 0 {
		waiting.N = counts.Waiting.Shops[channel.ShopID(page.Query.Shop)]
		unlisted = Count{}
	}
	page.Listed = todo.N > 0 || waiting.N > 0
	page.Tabs = []Tab{
		{ShowUnlinked, page.T("紐付けなし"), todo, false},
		{ShowWaiting, page.T("受注の待ち"), waiting, true},
		{ShowUnlisted, page.T("未出品のSKU"), unlisted, false},
		{ShowLinked, page.T("紐付け済み"), Count{}, false},
		{ShowErrors, page.T("エラー"), wrong, true},
		{ShowIgnored, page.T("在庫でない"), Count{}, false},
		{ShowAll, page.T("すべて"), Count{}, false},
	}
	return page, nil
}

// count is a bounded count of the store.
func count(n int64) Count { return Count{n, n == store.MostListed} }

func (c Count) plus(o Count) Count { return Count{c.N + o.N, c.More || o.More} }

func (s *Screen) rows(r *http.Request, page *Page) error {
	list, err := s.db.ListListings(r.Context(), page.TenantID, page.Query.stored())
	if err != nil {
		return err
	}
	page.Next, page.Early, page.ByCode = list.Next, list.Early, list.ByCode
	names := shopNames(list.Shops)
	for _, l := range list.Rows {
		row := s.row(&page.Page, l, names, page.Query.Here())
		row.OneShop = page.Query.Shop != 0
		page.Rows = append(page.Rows, row)
	}
	if page.Listed || page.Query.Show != ShowUnlinked || len(page.Rows) > 0 {
		return nil
	}
	any, err := s.db.CountListings(r.Context(), page.TenantID, store.ListingQuery{Shop: channel.ShopID(page.Query.Shop)})
	page.Listed = any > 0
	return err
}

func (s *Screen) goods(r *http.Request, page *Page) error {
	list, err := s.db.ListWaitingGoods(r.Context(), page.TenantID, channel.ShopID(page.Query.Shop), goodsRows+1)
	if err != nil {
		return err
	}
	page.Cut = len(list) > goodsRows
	for _, g := range list[:min(len(list), goodsRows)] {
		row := goodsRow(&page.Page, g, page.shopName(g.Shop), page.Query.Here())
		row.OneShop = page.Query.Shop != 0
		page.Goods = append(page.Goods, row)
	}
	return nil
}

// goodsRow is what the pages show of goods of orders that wait.
func goodsRow(frame *ui.Page, g store.WaitingGoods, shop, back string) Row {
	row := Row{P: frame, Shop: shop, ShopID: int64(g.Shop), Ref: string(g.Ref), Title: g.Title, State: ui.NotLinked, Back: back,
		Waiting: int64(g.All), Units: g.Units, Since: g.Since(), More: g.All - len(g.Lines), Choices: choices(frame.Lang, g.Suggestions)}
	if g.Code != "" {
		row.Codes = []Code{{Text: g.Code}}
	}
	if g.Ref == "" {
		row.Number, row.Line = g.Lines[0].Number, g.Lines[0].Line
	}
	for _, l := range g.Lines {
		row.Orders = append(row.Orders, Order{l.Number, l.Units})
	}
	return titled(frame.Lang, row)
}

func (p *Page) shopName(id channel.ShopID) string {
	for _, s := range p.Shops {
		if s.ID == int64(id) {
			return s.Name
		}
	}
	return ""
}

func (s *Screen) unlisted(r *http.Request, page *Page) error {
	list, err := s.db.ListUnlisted(r.Context(), page.TenantID, channel.ShopID(page.Query.Shop), page.Query.After, pageRows)
	if err != nil {
		return err
	}
	page.Next, page.Early = list.Next, list.Early
	names := shopNames(list.Shops)
	for _, sku := range list.SKUs {
		page.SKUs = append(page.SKUs, Unlisted{Code: sku.Code, Name: sku.Name, Available: sku.Balance.Available(), Choices: listed(page.Lang, sku.Candidates, names), Back: page.Query.Here()})
	}
	return nil
}

func shopNames(shops []store.Shop) map[channel.ShopID]string {
	names := make(map[channel.ShopID]string, len(shops))
	for _, s := range shops {
		names[s.ID] = s.Name
	}
	return names
}

// row is what the pages show of a listing.
func (s *Screen) row(frame *ui.Page, l store.ListingRow, names map[channel.ShopID]string, back string) Row {
	r := Row{P: frame, Shop: names[l.Shop], ShopID: int64(l.Shop), Ref: string(l.Ref), Title: l.Title, State: ui.State(l.State), Shown: l.Believed(), Back: back, Apart: l.Apart,
		Waiting: l.Waiting, Units: l.WaitingUnits, Choices: choices(frame.Lang, l.Suggestions), SKU: l.SKUCode, SKUName: l.SKUName,
		Holding: l.Holding, Held: l.HeldUnits, LinkedBy: l.LinkedBy, LinkedAt: l.LinkedAt, Gone: l.OrdersOnly || l.ErrorKind == channel.NotFound}
	for _, c := range l.Codes {
		r.Codes = append(r.Codes, Code{kindName(frame.Lang, c.Kind), c.Text})
	}
	return titled(frame.Lang, r)
}

// titled gives a row without a title another name.
func titled(l ui.Lang, r Row) Row {
	for _, name := range []string{r.Main(), r.Ref, l.T("名前のない商品")} {
		if r.Title == "" {
			r.Title = name
		}
	}
	return r
}

// mostKeys is how many choices have a key of their own.
const mostKeys = 5

func choices(l ui.Lang, list []store.Suggestion) []Choice {
	var found []Choice
	for i, s := range list {
		c := Choice{Code: s.Code, Name: s.Name, Why: why(l, s), Sure: sure(s), Archived: s.As.Archived}
		if i < mostKeys {
			c.Key = strconv.Itoa(i + 1)
		}
		found = append(found, c)
	}
	return found
}

func listed(l ui.Lang, list []store.ListingRow, names map[channel.ShopID]string) []Listed {
	var found []Listed
	for _, r := range list {
		title := r.Title
		if title == "" {
			title = l.T("名前のない商品")
		}
		found = append(found, Listed{Shop: names[r.Shop], ShopID: int64(r.Shop), Ref: string(r.Ref), Code: r.Code, Title: title})
	}
	return found
}
