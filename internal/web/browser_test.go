package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"soroi/internal/stock"
	"soroi/internal/testkit"
	"soroi/internal/web/webtest"
)

// visited is a merchant whose screens a real browser sees, signed in by it through the form.
func visited(t *testing.T, codes ...string) (m *merchant, tab *webtest.Tab, at string) {
	t.Helper()
	tab = webtest.Open(t)
	m = setUp(t, hurried()).stocked(codes...)
	server := httptest.NewServer(m.handler)
	t.Cleanup(func() {
		tab.Go("about:blank") // a page's stream is open for as long as the page
		server.Close()
	})
	return m, tab, server.URL
}

func signIn(tab *webtest.Tab, at, to string) {
	tab.Go(at + to)
	tab.Until(`Boolean(document.querySelector("input[name=password]"))`)
	tab.Type("input[name=login]", login)
	tab.Type("input[name=password]", password)
	tab.Do(press("Enter"))
	tab.Until(`Boolean(document.querySelector("nav.menu"))`)
}

// scriptsOff makes the tab one of those browsers that run no scripts.
var scriptsOff = chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
	_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return err
})

// press presses one key where the focus is, as a keyboard does: its character comes with the key and not after it, so a page that has
// taken the key for itself does not type it too.
func press(key string) chromedp.Action[chromedp.Void] {
	down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key}
	switch key {
	case "Enter":
		down.Text, down.Code, down.WindowsVirtualKeyCode = "\r", key, 13
	case "ArrowLeft":
		down.Text, down.Code, down.WindowsVirtualKeyCode = "", key, 37
	case "ArrowRight":
		down.Text, down.Code, down.WindowsVirtualKeyCode = "", key, 39
	case "Escape":
		down.Text, down.Code, down.WindowsVirtualKeyCode = "", key, 27
	}
	up := down
	up.Type, up.Text = input.DispatchKeyEventTypeKeyUp, ""
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, event := range []input.DispatchKeyEventParams{down, up} {
			if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, event); err != nil {
				return err
			}
		}
		return nil
	})
}

// ready is true once the page's scripts hear keys and clicks.
const ready = `Boolean(document.documentElement.dataset.scripts === "ready")`

func scriptsBuilt(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("ui", "dist", "app.js")); err == nil {
		return
	}
	testkit.Missing(t, "chromium", "the screens' scripts are not built; make web builds them")
}

func TestBrowser_a_day_at_the_desk(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	m, tab, at := visited(t, "MUG-1", "MUG-2", "TEE-1")
	m.push(0)
	m.push(1)
	signIn(tab, at, "/stock")

	// Search while typing, without leaving the page.
	tab.Until(ready)
	tab.Do(press("/"))
	tab.Until(`Boolean(document.activeElement.id === "q")`)
	tab.Type("#q", "mug")
	tab.Until(`Boolean(document.querySelectorAll("[data-row]").length === 2 && new URLSearchParams(location.search).get("q") === "mug")`)
	tab.Until(`Boolean(document.activeElement.id === "q")`)

	// Walk the list by keys and open a row.
	tab.Do(press("Escape"))
	tab.Do(press("j"))
	tab.Do(press("j"))
	tab.Until(`Boolean(document.activeElement.textContent === "MUG-2")`)
	tab.Do(press("k"))
	tab.Until(`Boolean(document.activeElement.textContent === "MUG-1")`)
	tab.Do(press("Enter"))
	tab.Until(`Boolean(location.pathname === "/sku" && document.querySelector("h1").textContent.includes("MUG-1"))`)

	// Ask why, in place.
	tab.Until(ready)
	tab.Until(`Boolean((window.samePage = true))`)
	tab.Click(`a[href*="why="]`)
	tab.Until(`Boolean(document.querySelector("#why .ladder") && window.samePage)`)

	// Help opens and closes.
	tab.Do(press("?"))
	tab.Until(`Boolean(document.getElementById("keys").open)`)
	tab.Do(press("?"))
	tab.Until(`Boolean(!document.getElementById("keys").open)`)

	// Change the stock.
	tab.Click(`input[name=mode][value=subtract]`)
	tab.Type("#units", "30")
	tab.Type("#reason", "破損")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(document.body.textContent.includes("実在庫は 10 個なので、30 個は引けません。"))`)
	tab.Until(`Boolean((document.querySelector("#units").value = "", true))`)
	tab.Type("#units", "4")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(document.querySelector(".notice.good") && document.querySelector("#f-h").textContent === "6")`)
	if got := m.onHand("MUG-1"); got != 6 {
		t.Errorf("on hand is %d", got)
	}
}

// What changes elsewhere shows by itself, and does not take away what a person is doing.
func TestBrowser_pages_follow_the_books(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	m, tab, at := visited(t, "A-1")
	m.push(0)
	m.push(1)
	signIn(tab, at, "/sku?code=A-1")
	tab.Until(`Boolean(document.querySelector("#live").dataset.state === "on" && document.querySelector("#f-a").textContent === "10")`)
	tab.Type("#reason", "書きかけの理由")
	m.sell(0, "while-looking", "A-1", 3)
	tab.Until(`Boolean(document.querySelector("#f-a").textContent === "7" && document.querySelector("#history").textContent.includes("while-looking"))`)
	tab.Until(`Boolean(document.querySelector("#reason").value === "書きかけの理由" && document.activeElement.id === "reason")`)
	tab.Go(at + "/")
	tab.Until(`Boolean(document.querySelector(".flow").textContent.includes("while-looking"))`)
	m.push(1)
	tab.Until(`Boolean(document.querySelector("#answer").textContent.includes("すべて揃っています"))`)
}

func TestBrowser_works_without_scripts(t *testing.T) {
	t.Parallel()
	m, tab, at := visited(t, "A-1")
	tab.Do(scriptsOff)
	signIn(tab, at, "/stock?q=a")
	tab.Click("a[data-open]")
	tab.Until(`Boolean(document.querySelector("h1").textContent.includes("A-1"))`)
	tab.Click(`a[href*="why="]`)
	tab.Until(`Boolean(document.querySelector("#why .ladder"))`)
	tab.Type("#units", "7")
	tab.Type("#reason", "棚卸")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(document.querySelector(".notice.good"))`)
	if got := m.onHand("A-1"); got != 7 {
		t.Errorf("on hand is %d", got)
	}
	tab.Click(`a[href="/keys"]`)
	tab.Until(`Boolean(document.querySelector("h1").textContent === "キー操作")`)
	tab.Click(`form[action="/signout"] button`)
	tab.Until(`Boolean(location.pathname === "/signin" && document.body.textContent.includes("サインアウトしました"))`)
}

func TestLive(t *testing.T) {
	t.Parallel()
	m := setUp(t, hurried()).stocked("A-1")
	server := httptest.NewServer(m.handler)
	t.Cleanup(server.Close)
	ctx, leave := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(leave)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "soroi_session", Value: m.session()})
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/event-stream") {
		t.Fatalf("%d %s", answer.StatusCode, kind)
	}
	m.change("A-1", stock.Add, 1)
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if lines.Text() == "event: changed" {
			return
		}
	}
	t.Errorf("the stream ended without a word: %v", lines.Err())
}
