package storybook_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"soroi/internal/testkit"
	"soroi/internal/web/storybook"
	"soroi/internal/web/ui"
)

func open(t *testing.T) *storybook.Book {
	t.Helper()
	book, err := storybook.Open(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// Every page, with every kind of data, in both languages.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	book := open(t)
	for _, story := range book.Stories {
		for _, l := range []ui.Lang{ui.Japanese, ui.English} {
			t.Run(story.Name+"/"+string(l), func(t *testing.T) {
				t.Parallel()
				w := httptest.NewRecorder()
				if err := story.Write(w, l); err != nil {
					t.Fatal(err)
				}
				body := w.Body.String()
				page := testkit.ParsePage(t, body)
				for _, fault := range page.Faults("story-token") {
					t.Error(fault)
				}
				for _, n := range page.Elements(atom.Script) {
					if strings.Contains(testkit.Text(n), "alert") {
						t.Error("data has become a script")
					}
				}
				for _, sign := range []string{"%!", "ZgotmplZ", "<nil>", "&lt;nil&gt;"} {
					if strings.Contains(body, sign) {
						t.Errorf("the page says %q", sign)
					}
				}
				if lang := testkit.Attr(page.Elements(atom.Html)[0], "lang"); lang != string(l) {
					t.Errorf("lang is %q", lang)
				}
			})
		}
	}
}

// A table that becomes cards on a phone must name each of its cells.
func TestCardsNameTheirCells(t *testing.T) {
	t.Parallel()
	book := open(t)
	for _, story := range book.Stories {
		w := httptest.NewRecorder()
		if err := story.Write(w, ui.Japanese); err != nil {
			t.Fatal(err)
		}
		page := testkit.ParsePage(t, w.Body.String())
		for _, table := range page.All(func(n *html.Node) bool {
			return n.DataAtom == atom.Table && strings.Contains(testkit.Attr(n, "class"), "cards")
		}) {
			for d := range table.Descendants() {
				if d.DataAtom != atom.Td || testkit.HasAttr(d, "data-label") || strings.Contains(testkit.Attr(d, "class"), "lead") {
					continue
				}
				if text := testkit.Text(d); text != "" && !strings.Contains(text, "なぜ") {
					t.Errorf("%s: the cell %q has no name", story.Name, text)
				}
			}
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	book := open(t)
	for path, want := range map[string]int{"/": http.StatusOK, "/story/front/full": http.StatusOK, "/story/front/full?lang=en": http.StatusOK, "/story/none": http.StatusNotFound, "/assets/none.css": http.StatusNotFound} {
		w := httptest.NewRecorder()
		book.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	book := open(t)
	w := httptest.NewRecorder()
	book.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/story/front/full", nil))
	page := testkit.ParsePage(t, w.Body.String())
	sheets := page.All(func(n *html.Node) bool { return n.DataAtom == atom.Link && testkit.Attr(n, "rel") == "stylesheet" })
	if len(sheets) != 1 {
		t.Fatalf("%d style sheets", len(sheets))
	}
	w = httptest.NewRecorder()
	book.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, testkit.Attr(sheets[0], "href"), nil))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("style sheet: %d %v", w.Code, w.Header())
	}
}
