package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"soroi/internal/clock"
)

func TestFirstRun(t *testing.T) {
	t.Parallel()
	m := empty(t, clock.System{})
	if v := m.browser.get("/stock"); v.Code != http.StatusSeeOther || v.to() != "/setup" {
		t.Fatalf("the first visitor is led to %q (%d)", v.to(), v.Code)
	}
	if v := m.browser.get("/signin"); v.to() != "/setup" {
		t.Errorf("signing in before there is anybody leads to %q", v.to())
	}
	m.browser.page("/setup")
	form := func(changed ...string) url.Values {
		f := url.Values{"company": {"花霞商店"}, "name": {"佐藤 花"}, "login": {login}, "password": {password}, "again": {password}}
		for i := 0; i < len(changed); i += 2 {
			f.Set(changed[i], changed[i+1])
		}
		return f
	}
	for name, bad := range map[string]url.Values{
		"no company": form("company", " "), "short password": form("password", "short", "again", "short"), "other password": form("again", "x"),
		"password is the login": form("password", login, "again", login), "long name": form("name", strings.Repeat("長", 81)),
	} {
		v := m.browser.post("/setup", "/setup", bad)
		if v.Code != http.StatusUnprocessableEntity || len(v.All(func(n *htmlNode) bool { return attr(n, "class") == "wrong" })) != 1 {
			t.Errorf("%s: %d, not one sentence beside a field", name, v.Code)
		}
		if v.Field("company") != strings.TrimSpace(bad.Get("company")) || strings.Contains(v.html, bad.Get("password")) && bad.Get("password") != login {
			t.Errorf("%s: what was typed is lost, or the password comes back", name)
		}
	}
	if v := m.browser.post("/setup", "/setup", form()); v.Code != http.StatusSeeOther || v.to() != "/" {
		t.Fatalf("set-up: %d to %q: %s", v.Code, v.to(), v.html)
	}
	v := m.browser.page("/")
	if !strings.Contains(v.html, "花霞商店") || !strings.Contains(v.html, "佐藤 花") || !strings.Contains(v.html, "まだ店舗がありません") {
		t.Error("the owner is not on the empty front page")
	}
	if v := m.browser.get("/setup"); v.to() != "/signin" {
		t.Errorf("a second set-up is offered: %d", v.Code)
	}
	second := newBrowser(t, m.handler)
	if v := second.post("/signin", "/setup", form("login", "thief@example.jp")); v.Code != http.StatusSeeOther || v.to() != "/signin" {
		t.Errorf("a second set-up: %d to %q", v.Code, v.to())
	}
	if v := second.get("/"); v.to() != "/signin" {
		t.Errorf("the second set-up signed somebody in: %q", v.to())
	}
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	m := open(t)
	stranger := newBrowser(t, m.handler)
	if v := stranger.get("/sku?code=A%261"); v.to() != "/signin?back=%2Fsku%3Fcode%3DA%25261" {
		t.Errorf("a stranger is led to %q", v.to())
	}
	if v := stranger.get("/"); v.to() != "/signin" {
		t.Errorf("a stranger on the front page is led to %q", v.to())
	}
	for _, pair := range [][2]string{{login, "wrong password"}, {"nobody@example.jp", password}} {
		v := stranger.post("/signin", "/signin", url.Values{"login": {pair[0]}, "password": {pair[1]}, "back": {"/stock"}})
		if text, _ := v.ByID("signin-wrong"); v.Code != http.StatusUnprocessableEntity || text != "ログインIDかパスワードが違います。" || v.Field("back") != "/stock" {
			t.Errorf("%s: %d %q", pair[0], v.Code, text)
		}
	}
	if v := stranger.post("/signin", "/signin", url.Values{"login": {login}, "password": {password}, "back": {"/stock?q=a"}}); v.to() != "/stock?q=a" {
		t.Errorf("signed in, led to %q", v.to())
	}
	for _, elsewhere := range []string{"//evil.example/", "https://evil.example/", `/\evil.example`, "stock", "/a\nb"} {
		b := newBrowser(t, m.handler)
		if v := b.post("/signin", "/signin", url.Values{"login": {login}, "password": {password}, "back": {elsewhere}}); v.to() != "/" {
			t.Errorf("back to %q leads to %q", elsewhere, v.to())
		}
	}
	stranger.page("/stock")
	if v := stranger.post("/stock", "/signout", nil); v.to() != "/signin" {
		t.Errorf("signed out, led to %q", v.to())
	}
	if v := stranger.page("/signin"); !strings.Contains(v.html, "サインアウトしました") {
		t.Error("signing out is not confirmed")
	}
	if v := stranger.page("/signin"); strings.Contains(v.html, "サインアウトしました") {
		t.Error("the notice stays")
	}
	if v := stranger.get("/stock"); v.Code != http.StatusSeeOther {
		t.Error("still signed in")
	}
	m.browser.page("/stock") // the other browser's session goes on
}

func TestForms_need_their_token(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	other := newBrowser(t, m.handler)
	other.signIn()
	foreign := other.get("/stock").Field("token")
	form := url.Values{"code": {"A-1"}, "key": {"k"}, "mode": {"add"}, "units": {"5"}, "reason": {"x"}}
	for name, token := range map[string]string{"none": "", "made up": "abc", "another session's": foreign} {
		form.Set("token", token)
		if v := m.browser.postRaw("/sku/change", form); v.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, v.Code)
		}
	}
	form.Set("token", m.browser.get("/stock").Field("token"))
	r := httptest.NewRequest(http.MethodPost, "/sku/change", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if v := m.browser.do(r); v.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", v.Code)
	}
	if v := m.browser.postRaw("/signout", nil); v.Code != http.StatusForbidden {
		t.Errorf("sign-out without a token: %d", v.Code)
	}
	if got := m.onHand("A-1"); got != 10 {
		t.Errorf("on hand became %d", got)
	}
}

func TestForms_huge(t *testing.T) {
	t.Parallel()
	m := open(t)
	if v := m.browser.post("/shops/new?kind=paper", "/shops", url.Values{"kind": {"paper"}, "name": {strings.Repeat("x", 1<<20)}}); v.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", v.Code)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	m := open(t)
	for _, path := range []string{"/", "/signin", "/no-such-page", "/stock/rows"} {
		v := m.browser.get(path)
		csp := v.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") || v.Header().Get("X-Content-Type-Options") != "nosniff" || v.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, v.Header())
		}
	}
	for _, c := range newBrowser(t, m.handler).post("/signin", "/signin", url.Values{"login": {login}, "password": {password}}).Result().Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %s can be read by scripts or sent by other sites", c.Name)
		}
	}
	if v := m.browser.get("/no-such-page"); v.Code != http.StatusNotFound || !strings.Contains(v.html, "見つかりません") || !strings.Contains(v.html, "佐藤 花") {
		t.Errorf("a missing page: %d, or the menu is gone", v.Code)
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	m := open(t)
	if v := m.browser.get("/lang?to=en&back=/stock"); v.to() != "/stock" {
		t.Errorf("led to %q", v.to())
	}
	v := m.browser.page("/stock")
	if !strings.Contains(v.html, `<html lang="en">`) || !strings.Contains(v.html, "No products yet") {
		t.Error("the page is not English")
	}
	if v := m.browser.get("/lang?to=ja&back=//evil.example"); v.to() != "/" {
		t.Errorf("led to %q", v.to())
	}
	if v := m.browser.page("/stock"); !strings.Contains(v.html, "まだ商品がありません") {
		t.Error("the page is not Japanese again")
	}
}

func TestSignedOutParts(t *testing.T) {
	t.Parallel()
	m := open(t)
	stranger := newBrowser(t, m.handler)
	r := httptest.NewRequest(http.MethodGet, "/stock/rows", nil)
	r.Header.Set("HX-Request", "true")
	if v := stranger.do(r); v.Code != http.StatusNoContent || v.Header().Get("HX-Redirect") != "/signin" {
		t.Errorf("a part of a page: %d %v", v.Code, v.Header())
	}
	if v := stranger.get("/live"); v.Code != http.StatusNoContent {
		t.Errorf("the stream: %d, so browsers would ask for ever", v.Code)
	}
}
