package web_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// A file is chosen, checked, applied and undone in a browser; the page follows each step by itself.
func TestBrowser_imports(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	m, tab, at := visited(t, "MUG-1", "MUG-2", "00123")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.imports.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-ended })
	file := filepath.Join(t.TempDir(), "在庫.csv")
	if err := os.WriteFile(file, []byte("SKUコード,在庫数,色\r\nMUG-1,25,赤\r\nMUG-2,0,青\r\n123,4,\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	signIn(tab, at, "/imports")
	tab.Do(chromedp.SetUploadFiles("#file", []string{file}))
	tab.Click(`form[enctype] button`)
	tab.Until(`Boolean(document.querySelector("input[name=partial]"))`)
	tab.Click(`input[name=partial]`)
	tab.Click(`form[action$="/apply"] button`)
	tab.Until(`Boolean(document.querySelector(".notice.good"))`)
	if m.onHand("MUG-1") != 25 || m.onHand("MUG-2") != 0 || m.onHand("00123") != 10 {
		t.Errorf("applied: %d %d %d", m.onHand("MUG-1"), m.onHand("MUG-2"), m.onHand("00123"))
	}
	tab.Click(`a[href$="/undo"]`)
	tab.Until(`Boolean(location.pathname.endsWith("/undo") && document.querySelector("form[action$=\"/undo\"]"))`)
	tab.Click(`form[action$="/undo"] button`)
	tab.Until(`Boolean(location.pathname.match(/^\/imports\/\d+$/) && document.body.textContent.includes("2行を元に戻しました"))`)
	if m.onHand("MUG-1") != 10 || m.onHand("MUG-2") != 10 {
		t.Errorf("undone: %d %d", m.onHand("MUG-1"), m.onHand("MUG-2"))
	}
}
