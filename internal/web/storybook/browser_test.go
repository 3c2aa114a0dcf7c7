package storybook_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"soroi/internal/web/webtest"
)

// tooWide finds what makes a page scroll sideways as a whole.
const tooWide = `(() => {
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= width) return [];
	return Array.from(document.querySelectorAll("body *")).filter((e) => {
		if (e.closest(".scroll, .tabs") && !e.matches(".scroll, .tabs")) return false;
		return e.getBoundingClientRect().right > width + 1;
	}).slice(0, 5).map((e) => e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 40));
})()`

// spilt finds what sticks out of the card that it belongs to, unless the card scrolls or cuts it off on purpose.
const spilt = `(() => {
	const found = [];
	for (const card of document.querySelectorAll(".card, .answer, .alone")) {
		const right = card.getBoundingClientRect().right;
		for (const e of card.querySelectorAll("*")) {
			let kept = false;
			for (let n = e.parentElement; n && n !== card.parentElement; n = n.parentElement) kept ||= getComputedStyle(n).overflowX !== "visible";
			if (!kept && !e.closest(".unseen") && e.checkVisibility() && e.getBoundingClientRect().right > right + 1)
				found.push(e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 30));
		}
	}
	return found.slice(0, 5);
})()`

// squeezed finds text that has room for hardly a letter a line.
const squeezed = `(() => {
	const found = [];
	for (const e of document.querySelectorAll(".card *, .answer *, .alone *")) {
		const text = Array.from(e.childNodes).filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.textContent.trim()).join("");
		const style = getComputedStyle(e), room = e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
		if (text.length > 7 && e.checkVisibility() && !e.closest(".unseen") && style.display !== "inline" && room < 2.5 * parseFloat(style.fontSize))
			found.push(e.tagName + "." + e.className + " " + text.slice(0, 30));
	}
	return found.slice(0, 5);
})()`

// pale finds text whose contrast with what lies behind it is below 4.5 to 1 (3 to 1 for large text).
const pale = `(() => {
	const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return { rgb: m.slice(0, 3), a: m.length > 3 ? m[3] : 1 }; };
	const over = (top, under) => top.rgb.map((v, i) => v * top.a + under[i] * (1 - top.a));
	const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (e) => {
		const layers = [];
		for (let n = e; n; n = n.parentElement) {
			const c = parse(getComputedStyle(n).backgroundColor);
			if (c.a > 0) layers.push(c);
			if (c.a === 1) break;
		}
		return layers.reverse().reduce((under, c) => over(c, under), [255, 255, 255]);
	};
	const found = new Set();
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.textContent.trim() || !e.checkVisibility() || e.closest(".unseen, .skip, datalist, option")) continue;
		const style = getComputedStyle(e);
		const behind = ground(e);
		const a = light(over(parse(style.color), behind)), b = light(behind);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.6 && parseInt(style.fontWeight) >= 700;
		if (ratio < (large ? 3 : 4.5)) found.add(ratio.toFixed(2) + " " + e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 30));
	}
	return Array.from(found).slice(0, 6);
})()`

// Every page at the width of a phone and of a desk: nothing is cut off, everything can be read.
func TestEveryPageInABrowser(t *testing.T) {
	t.Parallel()
	tab := webtest.Open(t)
	book := open(t)
	server := httptest.NewServer(book.Handler())
	t.Cleanup(server.Close)
	for _, width := range []int64{390, 1400} {
		tab.Do(chromedp.EmulateViewport(width, 900))
		for _, story := range book.Stories {
			tab.Go(server.URL + "/story/" + story.Name)
			wide, faint := webtest.Eval[[]string](tab, tooWide), webtest.Eval[[]string](tab, pale)
			if len(wide) > 0 {
				t.Errorf("%s at %d scrolls sideways: %s", story.Name, width, strings.Join(wide, " | "))
			}
			if out := webtest.Eval[[]string](tab, spilt); len(out) > 0 {
				t.Errorf("%s at %d sticks out of its card: %s", story.Name, width, strings.Join(out, " | "))
			}
			if thin := webtest.Eval[[]string](tab, squeezed); len(thin) > 0 {
				t.Errorf("%s at %d has text in a column of a letter: %s", story.Name, width, strings.Join(thin, " | "))
			}
			if len(faint) > 0 {
				t.Errorf("%s at %d has pale text: %s", story.Name, width, strings.Join(faint, " | "))
			}
		}
	}
}
