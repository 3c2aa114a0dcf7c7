package ui

import (
	"context"
	"net/http"

	"soroi/internal/stock"
)

// Section is an entry of the menu.
type Section string

// The menu.
const (
	SectionFront    Section = "front"
	SectionStock    Section = "stock"
	SectionProducts Section = "products"
	SectionLow      Section = "low"
	SectionPatterns Section = "patterns"
	SectionListings Section = "listings"
	SectionImports  Section = "imports"
	SectionShops    Section = "shops"
	SectionSettings Section = "settings"
	SectionNone     Section = ""
)

// Page is what the frame around every page needs. Each page's struct embeds it.
type Page struct {
	Title   string
	Section Section
	Tenant  string // the merchant's name
	User    string // the person's name; "" when nobody is signed in
	Token   string // goes into each form
	Lang    Lang
	Here    string // path and query of this page, for coming back to it
	Live    string // address of the stream that tells of changes; "" for a page that does not listen
	Notices []Notice

	TenantID stock.TenantID
	Actor    string // the person's login, as the ledger records it

	AccountID int64 // the person's account
	Owner     bool  // the person is an owner
}

// Frame is the page's frame; every struct that embeds Page has it.
func (p *Page) Frame() *Page { return p }

// Framed is a page that can be rendered whole.
type Framed interface{ Frame() *Page }

// T is a sentence in the page's language.
func (p *Page) T(japanese string, args ...any) string { return p.Lang.T(japanese, args...) }

// Tone says how a notice or a state is meant.
type Tone string

// The tones. Each has a colour and a mark of its own, so that it can be told without colour.
const (
	Good    Tone = "good"
	Busy    Tone = "busy"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
	Quiet   Tone = "quiet"
	Unclear Tone = "unclear"
	Trial   Tone = "trial"
)

// Notice is a sentence above the page: what the last action did, or what is wrong.
type Notice struct {
	Tone Tone
	Text string
}

type frameKey struct{}

// withFrame gives the request room for its frame.
func withFrame(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), frameKey{}, &Page{Lang: LangOf(r)}))
}

// SetFrame says what the request's pages start from, the page of an error included. The request must come through UI.Handle.
func SetFrame(r *http.Request, p Page) {
	if held, ok := r.Context().Value(frameKey{}).(*Page); ok {
		*held = p
	}
}

// FrameOf is the request's frame with the page's title and place in the menu. The title is a Japanese sentence of the tables.
func FrameOf(r *http.Request, section Section, title string, args ...any) Page {
	p := Page{Lang: LangOf(r)}
	if held, ok := r.Context().Value(frameKey{}).(*Page); ok {
		p = *held
	}
	p.Section = section
	p.Title = p.Lang.T(title, args...)
	if p.Here == "" {
		p.Here = r.URL.RequestURI()
	}
	return p
}

// FieldErrors are the sentences beside the fields of a form, by the field's name.
type FieldErrors map[string]string

// Any tells whether something is wrong.
func (e FieldErrors) Any() bool { return len(e) > 0 }
