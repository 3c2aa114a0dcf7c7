// Package ui is the frame of the screens: layout, shared parts, words in two languages, rendering, assets. It alone renders
// (style 1.4). Nothing in it knows a screen.
package ui

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"soroi/internal/clock"
	"soroi/internal/stock"
)

//go:embed layout.html parts.html error.html keys.html
var shared embed.FS

// UI renders pages. It is safe for concurrent use.
type UI struct {
	clock  clock.Clock
	log    *slog.Logger
	assets assets
	base   map[Lang]*template.Template
	errors *Template
}

// New parses the frame. It says in the log when the scripts have not been built: pages then work without them.
func New(c clock.Clock, log *slog.Logger) (*UI, error) {
	a, err := loadAssets()
	if err != nil {
		return nil, fmt.Errorf("load assets: %w", err)
	}
	if a.url("app.js") == "" {
		log.Warn("the screens' scripts are not built; pages work without them (npm ci && npm run build in internal/web/ui)")
	}
	u := &UI{clock: c, log: log, assets: a, base: map[Lang]*template.Template{}}
	for _, l := range []Lang{Japanese, English} {
		base, err := template.New("base").Funcs(u.funcs(l)).ParseFS(shared, "layout.html", "parts.html")
		if err != nil {
			return nil, fmt.Errorf("parse frame: %w", err)
		}
		u.base[l] = base
	}
	u.errors, err = u.Parse(shared, "error.html")
	return u, err
}

// Assets serves the style sheet and the scripts under the path value "name".
func (u *UI) Assets() http.Handler { return u.assets }

// Now is the time that pages are rendered at.
func (u *UI) Now() time.Time { return u.clock.Now() }

func (u *UI) funcs(l Lang) template.FuncMap {
	return template.FuncMap{
		"t":        l.T,
		"lang":     func() Lang { return l },
		"num":      Number,
		"delta":    Delta,
		"qty":      l.Quantity,
		"units":    func(q stock.Quantity) string { return l.Quantity(&q) },
		"at":       func(at time.Time) template.HTML { return timeElement(u.clock.Now(), at) },
		"lag":      l.Lag,
		"ago":      func(at time.Time) string { return l.Lag(max(u.clock.Now().Sub(at), 0)) },
		"anchor":   anchor,
		"asset":    u.assets.url,
		"label":    func(s State) string { return s.Label(l) },
		"movement": l.Movement,
		"cause":    l.Cause,
		"lane":     l.Lane,
		"states":   func() []State { return states },
		"icon":     icon,
		"pair":     func(a, b any) [2]any { return [2]any{a, b} },
		"int64":    func(n int) int64 { return int64(n) },
		"nth":      func(i int) int { return i + 1 }, // for people, who count from one
		"list":     func(items ...any) []any { return items },
	}
}

func icon(name string) (template.HTML, error) {
	drawing, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("no icon %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">` + drawing + `</svg>`), nil
}

// Template is one screen's templates in every language.
type Template struct {
	ui     *UI
	byLang map[Lang]*template.Template
}

// Parse reads a screen's templates over the frame. A page defines "main"; fragments are other named blocks.
func (u *UI) Parse(files fs.FS, names ...string) (*Template, error) {
	t := &Template{ui: u, byLang: map[Lang]*template.Template{}}
	for l, base := range u.base {
		own, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy frame: %w", err)
		}
		if own, err = own.ParseFS(files, names...); err != nil {
			return nil, fmt.Errorf("parse screen: %w", err)
		}
		t.byLang[l] = own
	}
	return t, nil
}

// Page writes a whole page. Nothing is sent before it is complete, so an error becomes an error page.
func (t *Template) Page(w http.ResponseWriter, status int, page Framed) error {
	return t.write(w, status, "layout", page.Frame().Lang, page)
}

// Fragment writes one named block of a page.
func (t *Template) Fragment(w http.ResponseWriter, block string, page Framed) error {
	w.Header().Set("Cache-Control", "no-store")
	return t.write(w, http.StatusOK, block, page.Frame().Lang, page)
}

func (t *Template) write(w http.ResponseWriter, status int, block string, l Lang, page any) error {
	var body bytes.Buffer
	if err := t.byLang[l].ExecuteTemplate(&body, block, page); err != nil {
		return fmt.Errorf("render %s: %w", block, err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, err := body.WriteTo(w)
	if err != nil {
		return &sentError{err}
	}
	return nil
}

// sentError is an error after the answer has begun: nothing can be said to the person any more.
type sentError struct{ err error }

func (e *sentError) Error() string { return "send page: " + e.err.Error() }
func (e *sentError) Unwrap() error { return e.err }

func isSent(err error) bool {
	var sent *sentError
	return errors.As(err, &sent)
}

// KeysPage is the page that explains the keys, for browsers without scripts. It is rendered with a *Page.
func (u *UI) KeysPage() (*Template, error) { return u.Parse(shared, "keys.html") }
