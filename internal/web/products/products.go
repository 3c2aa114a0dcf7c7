package products

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/engine"
	"soroi/internal/exchange"
	"soroi/internal/report"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Screen serves the pages of products.
type Screen struct {
	ui      *ui.UI
	db      *store.DB
	engine  *engine.Service
	cookies ui.Cookies
	views   Views
}

// NewScreen makes it.
func NewScreen(u *ui.UI, db *store.DB, e *engine.Service, c ui.Cookies) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{ui: u, db: db, engine: e, cookies: c, views: v}, err
}

const pageRows = 50

func readList(r *http.Request) *ListPage {
	q := r.URL.Query()
	page := &ListPage{Page: ui.FrameOf(r, ui.SectionProducts, "商品"), Text: q.Get("q"), After: q.Get("after")}
	if state := store.ArchivedQuery(q.Get("archived")); slices.ContainsFunc(page.States(), func(c Choice) bool { return c.Value == string(state) }) {
		page.Archived = state
	}
	if runes := []rune(page.Text); len(runes) > 200 {
		page.Text = string(runes[:200])
	}
	return page
}

// List is GET /products.
func (s *Screen) List(w http.ResponseWriter, r *http.Request) error {
	page := readList(r)
	list, err := s.db.ListProducts(r.Context(), page.TenantID, store.ProductQuery{Text: page.Text, Archived: page.Archived, After: page.After, Limit: pageRows})
	if err != nil {
		return err
	}
	page.Next = list.Next
	for _, p := range list.Rows {
		row := ListRow{Code: p.Code, Name: p.Name, SKUs: p.SKUs, Available: p.Available, Out: p.Out, Low: p.Low, Archived: !p.ArchivedAt.IsZero()}
		row.Options = strings.Join(slices.DeleteFunc(slices.Clone(p.Options[:]), func(n string) bool { return n == "" }), " × ")
		page.Rows = append(page.Rows, row)
	}
	return s.views.List.Page(w, http.StatusOK, page)
}

// CSV is GET /products/csv: the products of the list with all their SKUs, as the import of that kind reads them.
func (s *Screen) CSV(w http.ResponseWriter, r *http.Request) error {
	page := readList(r)
	q := store.ProductQuery{Text: page.Text, Archived: page.Archived}
	return ui.ReadFile(page.Lang, "products", r.URL.Query()).Send(w, s.ui.Now(), func(out io.Writer, o exchange.WriteOptions) error {
		o.Columns = nil
		_, err := report.WriteCatalog(r.Context(), s.db, page.TenantID, q, out, o)
		return err
	})
}

// load reads a product's page without its grid.
func (s *Screen) load(r *http.Request, code string, layer Layer) (*Product, store.ProductStock, error) {
	page := &Product{Page: ui.FrameOf(r, ui.SectionProducts, "商品"), Layer: layer, Form: GridForm{Key: rand.Text(), Mode: stock.Set}, Wrong: ui.FieldErrors{}}
	p, err := s.db.LoadProduct(r.Context(), page.TenantID, code)
	if errors.Is(err, store.ErrNotFound) {
		return nil, p, ui.ErrMissing
	}
	if err != nil {
		return nil, p, err
	}
	page.Title, page.Code, page.Name, page.Archived, page.More, page.SKUs = p.Code, p.Code, p.Name, !p.ArchivedAt.IsZero(), p.More, len(p.SKUs)
	page.Axes = readAxes(r.FormValue("axes"), p.Options.Count())
	for _, a := range allAxes(p.Options.Count()) {
		page.Layouts = append(page.Layouts, Choice{a.String(), page.T("縦 %s × 横 %s", p.Options[a[0]], p.Options[a[1]])})
	}
	page.Entry = Entry{Code: p.Code, Name: p.Name, Options: p.Options}
	page.Matrix.Template = template(p)
	page.Layers = []LayerTab{{Layer: Available, Label: page.T("論理在庫")}, {Layer: OnHand, Label: page.T("実在庫を変える")}, {Layer: Secured, Label: page.T("確保在庫")}, {Layer: Reorder, Label: page.T("発注点")}}
	for _, shop := range p.Shops {
		page.Layers = append(page.Layers, LayerTab{Layer: Layer(shopLayer + strconv.FormatInt(int64(shop.ID), 10)), Label: shop.Name})
	}
	known := slices.ContainsFunc(page.Layers, func(l LayerTab) bool { return l.Layer == page.Layer })
	if !known {
		page.Layer = Available
	}
	for i := range page.Layers {
		page.Layers[i].Chosen = page.Layers[i].Layer == page.Layer
	}
	return page, p, nil
}

// lay lays the grid out anew.
func (page *Product) lay(p store.ProductStock) {
	page.Grid = layOut(p, page.Axes, func(row store.StockRow) Cell { return cellOf(page.Lang, page.Layer, page.Form.Mode, row) })
}

// Show is GET /product.
func (s *Screen) Show(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page, p, err := s.load(r, q.Get("code"), Layer(q.Get("layer")))
	if err != nil {
		return err
	}
	page.Form.Mode = readMode(q.Get("mode"))
	page.lay(p)
	if page.Layer.Edits() {
		page.back(q.Get("undo"), q.Get("fill"))
	}
	return s.views.Product.Page(w, http.StatusOK, page)
}

// mostUndone bounds the places that an address can bring back.
const mostUndone = 100

// undoOf is how an address names what was in places before they were changed: 1z.12~2a.10%, with the SKU's number in base 36.
func undoOf(changed []*Cell) string {
	if len(changed) > mostUndone {
		return ""
	}
	words := make([]string, len(changed))
	for i, c := range changed {
		words[i] = strconv.FormatInt(c.SKU, 36) + "." + c.Was
	}
	return strings.Join(words, "~")
}

// back offers to bring the numbers back that were there before what was saved last (undo), or lays them into their places to be looked at (fill).
func (page *Product) back(undo, fill string) {
	if page.Undo = undo; undo != "" {
		page.Undone = len(strings.Split(undo, "~"))
	}
	if fill == "" {
		return
	}
	page.Form.Mode, page.Form.Reason = stock.Set, page.T("取り消し")
	was := make(map[int64]string)
	for _, word := range strings.Split(fill, "~") {
		id, value, _ := strings.Cut(word, ".")
		if sku, err := strconv.ParseInt(id, 36, 64); err == nil && len(value) <= 14 {
			was[sku] = value
		}
	}
	page.Grid.cells(func(c *Cell) {
		if value, there := was[c.SKU]; there {
			c.Value = value
		}
	})
}

// GridPart is the grid of a layer that is only shown, for refreshing it.
func (s *Screen) GridPart(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page, p, err := s.load(r, q.Get("code"), Layer(q.Get("layer")))
	if err != nil {
		return err
	}
	page.lay(p)
	return s.views.Product.Fragment(w, "sheets", page)
}

func readMode(text string) stock.Mode {
	switch m := stock.Mode(text); m {
	case stock.Add, stock.Subtract:
		return m
	}
	return stock.Set
}

const longestReason = 200

// SaveGrid is POST /product/grid: what was typed into the places of a layer. All of it is saved or nothing.
func (s *Screen) SaveGrid(w http.ResponseWriter, r *http.Request) error {
	page, p, err := s.load(r, r.PostFormValue("code"), Layer(r.PostFormValue("layer")))
	if err != nil {
		return err
	}
	page.Form = GridForm{Key: r.PostFormValue("key"), Mode: readMode(r.PostFormValue("mode")), Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	page.lay(p)
	if !page.Layer.Edits() {
		return ui.ErrForm
	}
	var changed []*Cell
	now := make(map[int64]string) // what the places hold at this moment
	page.Grid.cells(func(c *Cell) {
		now[c.SKU] = c.Was
		name := strconv.FormatInt(c.SKU, 10)
		typed, there := r.PostForm["c."+name]
		if !there {
			return
		}
		c.Value, c.Was = strings.TrimSpace(typed[0]), r.PostFormValue("w."+name)
		moves := page.Form.Mode != stock.Set
		if moves && c.Value != "" || !moves && c.Value != c.Was {
			changed = append(changed, c)
		}
	})
	if page.Form.Key == "" || len(page.Form.Key) > 64 {
		page.Wrong[""] = page.T(ui.ErrForm.Text)
	}
	if len(changed) == 0 {
		page.Wrong[""] = page.T("変えた数がありません。変えたい枠に数を入力してください。")
	}
	if !page.Wrong.Any() {
		if page.Layer == OnHand {
			err = s.saveStock(r, page, changed)
		} else {
			err = s.saveTerms(r, page, changed, now)
		}
		if err != nil {
			return err
		}
	}
	if page.Wrong.Any() {
		return s.views.Product.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.engine.Changed()
	done := ui.DoneTerms
	if page.Layer == OnHand {
		done = ui.DoneChanged
	}
	to := page.Address()
	if undo := undoOf(changed); undo != "" {
		to += "&undo=" + escape(undo)
	}
	s.cookies.After(w, r, to, done)
	return nil
}

// saveStock changes on hand of all changed places, once.
func (s *Screen) saveStock(r *http.Request, page *Product, changed []*Cell) error {
	if page.Form.Reason == "" {
		page.Wrong["reason"] = page.T("理由を入力してください。履歴に残ります。")
	} else if len([]rune(page.Form.Reason)) > longestReason {
		page.Wrong["reason"] = page.T("理由は200文字までです。")
	}
	at, err := s.db.DefaultLocation(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	request := store.ChangeRequest{Key: "product-" + page.Form.Key, Cause: stock.ByHand, Kind: stock.Adjustment, Document: page.Form.Reason, Actor: page.Actor, Reason: page.Form.Reason}
	for _, c := range changed {
		units, err := ui.ReadNumber(c.Value)
		change := stock.Change{SKU: stock.SKUID(c.SKU), Location: at, Mode: page.Form.Mode, Units: units}
		var wrong *stock.ChangeError
		if err != nil || errors.As(change.Check(), &wrong) {
			page.wrongCell(c, page.Lang.ChangeSentence(&stock.ChangeError{Field: "units"}))
			continue
		}
		if was, err := strconv.ParseInt(c.Was, 10, 64); err == nil && page.Form.Mode == stock.Set {
			change.Was = &was
		}
		request.Rows = append(request.Rows, change)
	}
	if page.Wrong.Any() {
		return nil
	}
	answer, err := s.db.ChangeStock(r.Context(), page.TenantID, request)
	if errors.Is(err, store.ErrKeyReused) {
		page.Wrong[""] = page.T("この画面からの変更は登録済みです。最新の数を確かめてから、もう一度入力してください。")
		page.Form.Key = rand.Text()
		return nil
	}
	if err != nil || answer.Repeated {
		return err
	}
	for i, result := range answer.Rows {
		c := changed[i]
		if result.Applied {
			c.Was = strconv.FormatInt(result.After.OnHand-result.Delta, 10)
		}
		var moved *stock.MovedError
		var negative *stock.NegativeError
		var wrong *stock.ChangeError
		switch {
		case errors.As(result.Refused, &moved):
			c.Was = strconv.FormatInt(moved.OnHand, 10)
			page.wrongCell(c, page.T("入力中に %s から %s に変わりました。よければもう一度保存してください。", ui.Number(moved.Was), ui.Number(moved.OnHand)))
		case errors.As(result.Refused, &negative):
			page.wrongCell(c, page.T("実在庫は %s 個なので、これ以上は引けません。", ui.Number(negative.OnHand)))
		case errors.As(result.Refused, &wrong):
			page.wrongCell(c, page.Lang.ChangeSentence(wrong))
		case result.Refused != nil:
			return result.Refused
		}
	}
	page.Form.Key = rand.Text()
	return nil
}

// saveTerms changes secured stock or reorder points of all changed places, once. now is what the places hold: another number than was shown is a change
// that somebody else has made meanwhile.
func (s *Screen) saveTerms(r *http.Request, page *Product, changed []*Cell, now map[int64]string) error {
	edit := store.TermsEdit{Key: "product-" + page.Form.Key}
	for _, c := range changed {
		inForce := c.Was
		if inForce == "" {
			inForce = c.Default
		}
		change, err := termsOf(page.Layer, page.Form.Mode, inForce, c.Value, page.Form.Reason)
		if err != nil {
			page.wrongCell(c, page.Lang.TermsSentence(err))
			continue
		}
		edit.Rows = append(edit.Rows, store.TermsRow{SKU: stock.SKUID(c.SKU), Change: change})
	}
	if page.Wrong.Any() {
		return nil
	}
	edit.Dry = true
	answer, err := s.db.EditTerms(r.Context(), page.TenantID, edit)
	if err == nil && !answer.Repeated {
		for _, c := range changed {
			if c.Was != now[c.SKU] {
				page.wrongCell(c, page.T("入力中に %s から %s に変わりました。よければもう一度保存してください。", orNone(c.Was), orNone(now[c.SKU])))
				c.Was = now[c.SKU]
			}
		}
		if page.Wrong.Any() {
			return nil
		}
		edit.Dry = false
		answer, err = s.db.EditTerms(r.Context(), page.TenantID, edit)
	}
	if errors.Is(err, store.ErrKeyReused) {
		page.Wrong[""] = page.T("この画面からの変更は登録済みです。最新の数を確かめてから、もう一度入力してください。")
		page.Form.Key = rand.Text()
		return nil
	}
	if err != nil {
		return err
	}
	for i, result := range answer.Rows {
		if result.Refused != nil {
			page.wrongCell(changed[i], page.Lang.TermsSentence(result.Refused))
		}
	}
	return nil
}

// orNone shows an empty place.
func orNone(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// termsOf is what a place of a layer of terms says: "" follows the product. What is added or taken off a reorder point goes from the one in force.
func termsOf(layer Layer, mode stock.Mode, inForce, typed, reason string) (stock.TermsChange, *stock.TermsError) {
	percent := strings.HasSuffix(typed, "%") || strings.HasSuffix(typed, "％")
	bare := strings.TrimRight(typed, "%％")
	n, err := ui.ReadNumber(bare)
	if bare != "" && err != nil || percent && layer == Reorder {
		return stock.TermsChange{}, &stock.TermsError{Code: "number"}
	}
	if n < 0 || n > stock.LargestUnits {
		return stock.TermsChange{}, &stock.TermsError{Code: "number"}
	}
	if layer == Reorder {
		point := stock.Point{}
		if mode != stock.Set {
			base, err := ui.ReadNumber(inForce)
			if inForce != "" && err != nil {
				return stock.TermsChange{}, &stock.TermsError{Code: "number"}
			}
			if mode == stock.Subtract {
				n = -n
			}
			n += base
		}
		if bare != "" {
			point = stock.PointAt(n)
		}
		if err := point.Check(); err != nil {
			return stock.TermsChange{}, termsError(err)
		}
		return stock.TermsChange{Reorder: &point}, nil
	}
	c := &stock.SecuredChange{Mode: mode, N: n}
	switch {
	case percent:
		c.As = stock.InPercent
	case bare != "":
		c.As = stock.InUnits
	}
	if reason != "" {
		c.Reason = &reason
	}
	if err := (stock.Secured{As: c.As, N: n, Reason: reason}).Check(); err != nil {
		return stock.TermsChange{}, termsError(err)
	}
	return stock.TermsChange{Secured: c}, nil
}

func termsError(err error) *stock.TermsError {
	var wrong *stock.TermsError
	errors.As(err, &wrong)
	return wrong
}

// wrongCell says at a place, and above the grid, what is wrong with it.
func (page *Product) wrongCell(c *Cell, sentence string) {
	c.Wrong = sentence
	page.Wrong["grid"] = page.T("%s：%s", c.Code, sentence)
}

// catalogWrong says beside a field of a form what the catalogue refuses.
func catalogWrong(l ui.Lang, wrong ui.FieldErrors, err error) bool {
	var refused *stock.CatalogError
	if !errors.As(err, &refused) {
		return false
	}
	wrong[refused.Field] = l.CatalogSentence(refused)
	return true
}

var errNothing = errors.New("the catalogue refused an edit for a reason of another kind")
