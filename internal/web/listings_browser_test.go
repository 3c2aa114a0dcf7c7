package web_test

import (
	"fmt"
	"testing"

	"soroi/internal/web/webtest"
)

// A desk of unknown listings is worked off with keys alone: one for each, whether it is linked to a suggestion, to another SKU, or is no stock.
func TestBrowser_linking_by_keys(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	m, tab, at := visited(t, "A-1", "A-2", "A-3", "A-4", "B-1")
	m.list(0, "1 a-1", "2 a-2", "3 unknown", "4 POSTAGE", "5 a-4 a-3", "6 a-1")
	m.order(0, "o-1", "2×3")
	signIn(tab, at, "/listings")
	tab.Until(ready)
	tab.Until(`Boolean((window.samePage = true))`)
	on := func(what string) {
		t.Helper()
		tab.Until(fmt.Sprintf(`Boolean(document.activeElement.closest("[data-row]")?.textContent.includes(%q))`, what))
	}
	done := func(what string) {
		t.Helper()
		tab.Until(fmt.Sprintf(`Boolean(Array.from(document.querySelectorAll("tr.done")).some((row) => row.textContent.includes(%q)))`, what))
	}
	tab.Do(press("j"))
	on("出品 1")
	tab.Do(press("Enter"))
	done("A-1 に紐付けました")
	on("出品 2")
	tab.Do(press("1"))
	done("A-2 に紐付け、受注1行 3個を引き当てました")
	if m.committed("A-2") != 3 {
		t.Errorf("%d committed", m.committed("A-2"))
	}
	// Nothing is suggested for the third, so its field is where the hand is; what is wrong is said there.
	on("出品 3")
	tab.Type("tr:not(.done) input[name=code]", "none")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(document.activeElement.matches("[aria-invalid=true]") && document.activeElement.value === "none")`)
	tab.Type("[aria-invalid=true]", "b-")
	tab.Until(`Boolean(document.querySelector("#skus option[value='B-1']"))`)
	tab.Do(press("1"))
	tab.Do(press("Enter"))
	done("B-1 に紐付けました")
	on("出品 4")
	tab.Do(press("Escape"))
	tab.Until(`Boolean(!document.activeElement.matches("input"))`)
	tab.Do(press("j"))
	on("出品 5")
	// Two are suggested: the second is one key.
	tab.Do(press("2"))
	tab.Until(`Boolean(document.querySelectorAll("tr.done").length === 4)`)
	on("出品 6")
	tab.Do(press("k"))
	tab.Do(press("k"))
	on("出品 4")
	tab.Do(press("Escape"))
	if !webtest.Eval[bool](tab, `Boolean(window.samePage)`) {
		t.Error("the page was left")
	}
	if n := m.listed(0); n != 5+4 {
		t.Errorf("%d listings are linked", n)
	}
	// Undone in place.
	tab.Click("tr.done form button")
	tab.Until(`Boolean(document.querySelectorAll("tr.done").length === 3)`)
	if n := m.listed(0); n != 5+3 {
		t.Errorf("%d listings are linked after one was undone", n)
	}
	// The counts above follow.
	tab.Until(`Boolean(document.querySelector("nav.tabs a[aria-current] .badge").textContent === "3")`)
}

// Without scripts the same is done by forms and pages.
func TestBrowser_linking_without_scripts(t *testing.T) {
	t.Parallel()
	m, tab, at := visited(t, "A-1", "A-2")
	m.list(0, "1 a-1", "2 zzz")
	tab.Do(scriptsOff)
	signIn(tab, at, "/listings")
	tab.Click(`button[name=sku][value="A-1"]`)
	tab.Until(`Boolean(document.querySelector(".notice.good"))`)
	tab.Type("input[name=code]", "nothing")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(document.querySelector("#code-wrong"))`)
	tab.Type("#code", "A-2")
	tab.Do(press("Enter"))
	tab.Until(`Boolean(location.pathname === "/listings" && document.body.textContent.includes("紐付いていない出品はありません"))`)
	if n := m.listed(0); n != 4 {
		t.Errorf("%d listings are linked", n)
	}
}
