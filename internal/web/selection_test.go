package web_test

import (
	"net/http/httptest"
	"testing"

	"soroi/internal/web/webtest"
)

// Rows are chosen by keys and by the mouse; the bar tells how many; what changes meanwhile does not unchoose them; and the action meets them alone.
func TestBrowser_choosing_rows(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	m, tab, at := visited(t, "A-1", "A-2", "A-3", "A-4", "B-1")
	m.push(0)
	m.push(1)
	signIn(tab, at, "/stock?q=a")
	tab.Until(ready)
	const chosen = `Array.from(document.querySelectorAll("[data-pick]:checked"), (box) => box.value).join(" ")`
	bar := func(shown bool, figure string) {
		t.Helper()
		if !shown {
			tab.Until(`Boolean(!document.querySelector("[data-selbar]").checkVisibility())`)
			return
		}
		tab.Until(`Boolean(document.querySelector("[data-selbar]").checkVisibility() && document.querySelector("[data-picked]").textContent === "` + figure + `")`)
	}
	bar(false, "")
	tab.Do(press("j"))
	tab.Do(press("x"))
	bar(true, "1件")
	tab.Do(press("j"))
	tab.Do(press("j"))
	tab.Do(press("x"))
	bar(true, "2件")
	tab.Until(`Boolean(` + chosen + ` === "A-1 A-3")`)
	tab.Do(press("x"))
	bar(true, "1件")

	// A sale draws the list anew.
	m.sell(0, "meanwhile", "A-2", 4)
	tab.Until(`Boolean(document.getElementById("a-A_2d_2").textContent === "6")`)
	tab.Until(`Boolean(` + chosen + ` === "A-1")`)
	bar(true, "1件")

	tab.Click("[data-pick-page]")
	bar(true, "4件")
	tab.Click("[data-pick-page]")
	bar(false, "")
	tab.Click("[data-pick-page]")
	tab.Click("[data-all]")
	bar(true, "4件")
	tab.Click("[data-all]")
	tab.Click(`[data-pick][value="A-4"]`)
	bar(true, "3件")
	tab.Click(`button[formaction="/bulk/secured"]`)
	tab.Until(`Boolean(document.querySelector("h1").textContent === "確保在庫を変える" && document.body.textContent.includes("対象 3件"))`)
	tab.Type("#n", "3")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(location.pathname === "/stock" && new URLSearchParams(location.search).get("q") === "a" && document.querySelector(".notice.good"))`)
	for code, want := range map[string]int64{"A-1": 3, "A-2": 3, "A-3": 3, "A-4": 0, "B-1": 0} {
		if got := m.load(code).Terms.Secured.N; got != want {
			t.Errorf("%s: %d secured, want %d", code, got, want)
		}
	}
}

func TestBrowser_choosing_rows_without_scripts(t *testing.T) {
	t.Parallel()
	m, tab, at := visited(t, "A-1", "A-2")
	tab.Do(scriptsOff)
	signIn(tab, at, "/stock")
	tab.Click(`[data-pick][value="A-2"]`)
	tab.Click(`button[formaction="/bulk/reorder"]`)
	tab.Until(`Boolean(document.querySelector("h1").textContent === "発注点を変える")`)
	tab.Type("#n", "25")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(document.querySelector(".notice.good"))`)
	if a, b := m.load("A-1").Terms.Reorder, m.load("A-2").Terms.Reorder; a.Set || b.Units != 25 {
		t.Errorf("%+v %+v", a, b)
	}
}

// The list of what to order is sorted and summed up in place, and what is chosen in it goes on to what is done.
func TestBrowser_ordering(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	tab := webtest.Open(t)
	m := setUp(t, hurried())
	m.shirts()
	server := httptest.NewServer(m.handler)
	t.Cleanup(func() {
		tab.Go("about:blank")
		server.Close()
	})
	signIn(tab, server.URL, "/")
	tab.Click(`nav.menu a[href="/low"]`)
	tab.Until(ready)
	tab.Until(`Boolean((window.samePage = true))`)
	tab.Until(`Boolean((document.querySelector("#sort").value = "sold_30", document.querySelector("#sort").dispatchEvent(new Event("change", {bubbles: true})), true))`)
	tab.Until(`Boolean(new URLSearchParams(location.search).get("sort") === "sold_30" && document.querySelector("[aria-sort]") && window.samePage)`)
	tab.Until(`Boolean((document.querySelector("#group").value = "o:色", document.querySelector("#group").dispatchEvent(new Event("change", {bubbles: true})), true))`)
	tab.Until(`Boolean(document.querySelectorAll("[data-row]").length === 2 && document.querySelector("thead th").textContent.includes("色") && window.samePage)`)
	tab.Click("a[data-open]")
	tab.Until(`Boolean(document.querySelector("[data-pick]"))`)
	tab.Until(ready)
	tab.Do(press("j"))
	tab.Do(press("x"))
	tab.Until(`Boolean(document.querySelector("[data-selbar]").checkVisibility())`)
	tab.Click(`button[formaction="/bulk/reorder"]`)
	tab.Until(`Boolean(document.body.textContent.includes("対象 1件"))`)
	tab.Type("#n", "1")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(location.pathname === "/low" && document.querySelector(".notice.good"))`)
	if got := m.load("T-1-R").Terms.Reorder.Units; got != 1 {
		t.Errorf("the reorder point is %d", got)
	}
}
