// Package bundles is the list of bundles (セット商品): how many can be made of each, and which part is the scarcest.
package bundles

import (
	"embed"
	"io"
	"net/http"
	"net/url"

	"soroi/internal/exchange"
	"soroi/internal/report"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

//go:embed page.html
var files embed.FS

// Page is a page of bundles.
type Page struct {
	ui.Page
	Part  string // only bundles with this part; "" is all
	Rows  []Row
	After string
	Next  string
}

// Row is one bundle.
type Row struct {
	Code, Name string
	Archived   bool
	Parts      string // as the file of bundles says it
	Sets       stock.Quantity
	Scarcest   string // code of the part of which there is the least; "" when none runs out
}

// Older is the address of the next page.
func (p *Page) Older() string { return p.address("/bundles", p.Next) }

// First is the address of the first page.
func (p *Page) First() string { return p.address("/bundles", "") }

// File is the address of the list as a file.
func (p *Page) File() string { return p.address("/bundles/csv", "") }

func (p *Page) address(path, after string) string {
	v := url.Values{}
	if p.Part != "" {
		v.Set("part", p.Part)
	}
	if after != "" {
		v.Set("after", after)
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// Screen serves the list.
type Screen struct {
	ui       *ui.UI
	db       *store.DB
	template *ui.Template
}

// Parse reads the screen's template.
func Parse(u *ui.UI) (*ui.Template, error) { return u.Parse(files, "page.html") }

// New makes the screen.
func New(u *ui.UI, db *store.DB) (*Screen, error) {
	t, err := Parse(u)
	return &Screen{ui: u, db: db, template: t}, err
}

const pageRows = 50

// List is GET /bundles.
func (s *Screen) List(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page := &Page{Page: ui.FrameOf(r, ui.SectionStock, "セット商品"), Part: q.Get("part"), After: q.Get("after")}
	list, err := s.db.ListBundles(r.Context(), page.TenantID, store.BundleQuery{Part: page.Part, After: page.After, Limit: pageRows})
	if err != nil {
		return err
	}
	page.Next = list.Next
	for _, item := range list.Items {
		row := Row{Code: item.Code, Name: item.Name, Archived: item.Archived, Parts: exchange.WriteParts(report.PartsOf(item))}
		sets, scarcest := item.Sets()
		if row.Sets = sets; scarcest >= 0 {
			row.Scarcest = item.Parts[scarcest].Code
		}
		page.Rows = append(page.Rows, row)
	}
	return s.template.Page(w, http.StatusOK, page)
}

// CSV is GET /bundles/csv: all bundles, as the import of that kind reads them.
func (s *Screen) CSV(w http.ResponseWriter, r *http.Request) error {
	page := ui.FrameOf(r, ui.SectionStock, "セット商品")
	q := store.BundleQuery{Part: r.URL.Query().Get("part")}
	return ui.ReadFile(page.Lang, "bundles", r.URL.Query()).Send(w, s.ui.Now(), func(out io.Writer, o exchange.WriteOptions) error {
		o.Columns = nil
		_, err := report.WriteBundles(r.Context(), s.db, page.TenantID, q, out, o)
		return err
	})
}
