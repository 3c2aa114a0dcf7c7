package web_test

import (
	"net/url"
	"strings"
	"testing"

	"soroi/internal/web/webtest"
)

// scanner types a code as a scanner does: the characters and Enter, wherever the focus is.
func scanner(tab *webtest.Tab, codes ...string) {
	for _, code := range codes {
		for _, c := range code {
			tab.Do(press(string(c)))
		}
		tab.Do(press("Enter"))
	}
}

// A person counts with a scanner: codes come as keys, the focus stays, what was scanned shows big.
func TestBrowser_counting_with_a_scanner(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	m, tab, at := visited(t, "MUG-1", "MUG-2", "TEE-1")
	place := m.stocktake(url.Values{"blind": {"1"}})
	signIn(tab, at, place+"/count")
	tab.Until(ready)
	tab.Until(`Boolean(document.activeElement.id === "code")`)
	scanner(tab, "MUG-1", "MUG-1", "MUG-1")
	tab.Until(`Boolean(document.querySelector(".scanned .big")?.textContent === "3")`)
	scanner(tab, "MUG-2", "*12")
	tab.Until(`Boolean(document.querySelector(".scanned .big")?.textContent === "12" && document.querySelector(".scanned").textContent.includes("MUG-2"))`)
	scanner(tab, "4*TEE-1", "MUG-1")
	tab.Until(`Boolean(document.querySelector(".scanned .big")?.textContent === "4" && document.querySelector(".scanned").textContent.includes("MUG-1") && document.querySelector(".progress").textContent.includes("3 / 3"))`)
	// An unknown code does not go by unseen, and what was scanned after it counts.
	scanner(tab, "NOPE", "MUG-1")
	tab.Until(`Boolean(document.querySelector(".scanned .big")?.textContent === "5" && !document.getElementById("trouble").hidden && document.getElementById("trouble").textContent.includes("NOPE"))`)
	// The last one is taken back.
	tab.Click(`[data-undo]`)
	tab.Until(`Boolean(document.querySelector(".scanned.undone") && document.querySelector("table.last").textContent.includes("4"))`)
	tab.Until(`Boolean(document.activeElement.id === "code")`)
	// A figure instead of one more.
	tab.Click(`label:has(input[name=mode][value=set])`)
	tab.Until(`Boolean((document.querySelector("#units").value = "9", true))`)
	tab.Click(`#code`)
	scanner(tab, "TEE-1")
	tab.Until(`Boolean(document.querySelector(".scanned .big")?.textContent === "9" && document.querySelector("#units").value === "1" && document.querySelector("input[name=mode][value=add]").checked)`)
	if lines := m.browser.page(place + "?show=all"); rows(lines) != 3 {
		t.Error(lines.html)
	}
}

// The network goes, answers get lost, the page is loaded anew: everything counts, and counts once.
func TestBrowser_counting_over_a_bad_network(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	m, tab, at := visited(t, "MUG-1", "MUG-2")
	place := m.stocktake(url.Values{})
	signIn(tab, at, place+"/count")
	tab.Until(ready)
	// The server hears and its answer is lost.
	tab.Until(`Boolean((window.real = window.fetch, window.calls = 0, window.fetch = async (...all) => { window.calls++; await window.real(...all); throw new TypeError("lost"); }, true))`)
	scanner(tab, "MUG-1")
	tab.Until(`Boolean(window.calls >= 2 && document.querySelector("[data-waiting]").dataset.waiting === "1")`)
	// Then nothing gets through at all.
	tab.Until(`Boolean((window.fetch = () => Promise.reject(new TypeError("off")), true))`)
	scanner(tab, "MUG-1", "MUG-2", "MUG-2", "*5")
	tab.Until(`Boolean(document.querySelector("[data-waiting]").dataset.waiting === "4" && !document.getElementById("queue").hidden && document.getElementById("queue").textContent.includes("つながりません"))`)
	// What waits outlives the page.
	tab.Go(at + place + "/count")
	tab.Until(`Boolean(document.querySelector("[data-waiting]")?.dataset.waiting === "0")`)
	tab.Until(`Boolean(document.querySelector("table.last")?.textContent.includes("MUG-2"))`)
	v := m.browser.page(place + "?show=all")
	for _, want := range []string{`<td class="n strong" data-label="数えた数">2</td>`, `<td class="n strong" data-label="数えた数">6</td>`} {
		if n := strings.Count(v.html, want); n != 1 {
			t.Errorf("%s %d times in %s", want, n, v.html)
		}
	}
}
