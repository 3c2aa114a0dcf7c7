package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"soroi/internal/event"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
	"soroi/internal/web/webtest"
)

// wrongs are the fields of a page that something is said beside.
func (v visit) wrongs() string {
	var ids []string
	for _, n := range v.All(func(n *htmlNode) bool { return attr(n, "class") == "wrong" }) {
		ids = append(ids, strings.TrimSuffix(attr(n, "id"), "-wrong"))
	}
	return strings.Join(ids, " ")
}

// once is what a page shows once.
func (v visit) once() string {
	for _, n := range v.All(func(n *htmlNode) bool { return attr(n, "id") == "value" }) {
		return attr(n, "value")
	}
	return ""
}

// staff is a browser of somebody who is no owner.
func (m *merchant) staff() *browser {
	m.t.Helper()
	if _, err := m.db.AddAccount(context.Background(), m.tenant, store.NewAccount{Login: "taro", Name: "鈴木 太郎", Password: password}, store.Staff); err != nil {
		m.t.Fatal(err)
	}
	b := newBrowser(m.t, m.handler)
	if v := b.post("/signin", "/signin", url.Values{"login": {"taro"}, "password": {password}}); v.Code != http.StatusSeeOther {
		m.t.Fatalf("sign in: %d %s", v.Code, v.html)
	}
	return b
}

func TestSettings_company_and_person(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		b := m.browser
		if v := b.page("/settings"); v.Field("zone") != "Asia/Tokyo" || !strings.Contains(v.html, `aria-current="page">設定`) {
			t.Error("the settings do not show the time zone, or the menu not where we are")
		}
		for name, c := range map[string]struct{ company, zone, wrong string }{
			"no name": {" ", "Asia/Tokyo", "company"}, "a long name": {strings.Repeat("長", 81), "Asia/Tokyo", "company"}, "no such zone": {"花霞", "Asia/Atlantis", "zone"},
		} {
			if v := b.post("/settings", "/settings/company", url.Values{"company": {c.company}, "zone": {c.zone}}); v.Code != http.StatusUnprocessableEntity || v.wrongs() != c.wrong {
				t.Errorf("%s: %d, wrong %q", name, v.Code, v.wrongs())
			}
		}
		if v := b.post("/settings", "/settings/company", url.Values{"company": {" 花霞 "}, "zone": {"Europe/Berlin"}}); v.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", v.Code, v.html)
		}
		tenant, err := m.db.LoadTenant(t.Context(), m.tenant)
		if v := b.page("/settings"); err != nil || tenant.Name != "花霞" || tenant.TimeZone != "Europe/Berlin" || !strings.Contains(v.html, "設定を保存しました") {
			t.Errorf("%+v %v", tenant, err)
		}

		other := newBrowser(t, m.handler)
		other.signIn()
		for name, c := range map[string]struct{ old, password, again, wrong string }{
			"a wrong old one": {"nonsense here", "another good one", "another good one", "old"}, "two new ones": {password, "another good one", "another god one", "again"},
			"a short one": {password, "short", "short", "password"}, "the login": {password, login, login, "password"},
		} {
			v := b.post("/settings", "/settings/password", url.Values{"old": {c.old}, "password": {c.password}, "again": {c.again}})
			if v.Code != http.StatusUnprocessableEntity || v.wrongs() != c.wrong || strings.Contains(v.html, password) || strings.Contains(v.html, "another good one") {
				t.Errorf("%s: %d, wrong %q, or a password comes back", name, v.Code, v.wrongs())
			}
		}
		if v := b.post("/settings", "/settings/password", url.Values{"old": {password}, "password": {"another good one"}, "again": {"another good one"}}); v.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", v.Code, v.html)
		}
		if v := b.page("/settings"); !strings.Contains(v.html, "パスワードを変更しました") {
			t.Error("whoever changed the password is signed out, or is not told")
		}
		if v := other.get("/stock"); v.Code != http.StatusSeeOther {
			t.Error("another browser is still signed in")
		}

		if v := b.post("/settings", "/settings/language", url.Values{"language": {"en"}}); v.Code != http.StatusSeeOther {
			t.Fatalf("%d", v.Code)
		}
		if v := b.page("/settings"); !strings.Contains(v.html, "Your language") {
			t.Error("the page is not in English")
		}
		fresh := newBrowser(t, m.handler)
		fresh.post("/signin", "/signin", url.Values{"login": {login}, "password": {"another good one"}})
		if v := fresh.page("/settings"); !strings.Contains(v.html, "Your language") {
			t.Error("a new browser does not know the person's language")
		}

		staff := m.staff()
		slowed := false
		for range 10 {
			v := staff.post("/settings", "/settings/password", url.Values{"old": {"a guess"}, "password": {"another good one"}, "again": {"another good one"}})
			slowed = slowed || strings.Contains(v.html, "間違いが続いています")
		}
		if !slowed {
			t.Error("whoever has got hold of a session may guess the password without end")
		}
	})
}

func TestSettings_tokens(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		b := m.browser
		if v := b.page("/settings/tokens"); !strings.Contains(v.html, "トークンはまだありません") {
			t.Error("nothing is said where there is none")
		}
		if v := b.post("/settings/tokens", "/settings/tokens", url.Values{"name": {""}}); v.Code != http.StatusUnprocessableEntity || v.wrongs() != "name" {
			t.Errorf("no name: %d", v.Code)
		}
		v := b.post("/settings/tokens", "/settings/tokens", url.Values{"name": {"倉庫"}, "write": {"1"}})
		presented := v.once()
		token, err := m.db.FindAPIToken(t.Context(), presented)
		if v.Code != http.StatusOK || err != nil || !token.MayWrite || token.Name != "倉庫" || v.Header().Get("Cache-Control") != "no-store" || !strings.Contains(v.html, "二度と表示されません") {
			t.Fatalf("%d %q %v", v.Code, presented, err)
		}
		if v := b.page("/settings/tokens"); strings.Contains(v.html, presented) || !strings.Contains(v.html, "読み書き") {
			t.Error("the token is shown again, or not what it may do")
		}
		if v := b.post("/settings/tokens", "/settings/tokens", url.Values{"name": {"倉庫"}}); v.Code != http.StatusUnprocessableEntity || v.wrongs() != "name" {
			t.Errorf("the form sent twice: %d", v.Code)
		}
		if v := b.post("/settings/tokens", fmt.Sprintf("/settings/tokens/%d/revoke", token.ID), nil); v.Code != http.StatusSeeOther {
			t.Errorf("revoke: %d", v.Code)
		}
		if _, err := m.db.FindAPIToken(t.Context(), presented); err == nil {
			t.Error("a revoked token works")
		}
		if v := b.page("/settings/tokens"); !strings.Contains(v.html, "トークンを無効にしました") {
			t.Error("nothing is said of it")
		}
		if v := b.post("/settings/tokens", "/settings/tokens/99999/revoke", nil); v.Code != http.StatusNotFound {
			t.Errorf("of none: %d", v.Code)
		}
		if v := b.post("/settings/tokens", "/settings/tokens", url.Values{"name": {"倉庫"}}); v.Code != http.StatusOK {
			t.Errorf("the name of a revoked one: %d", v.Code)
		}
	})
}

func TestSettings_people(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		b := m.browser
		b.page("/settings/people")
		form := func(changed ...string) url.Values {
			f := url.Values{"name": {"鈴木 太郎"}, "login": {"taro"}, "password": {password}, "again": {password}, "role": {"staff"}}
			for i := 0; i < len(changed); i += 2 {
				f.Set(changed[i], changed[i+1])
			}
			return f
		}
		for wrong, bad := range map[string]url.Values{"name": form("name", " "), "login": form("login", login), "password": form("password", "short", "again", "short"), "again": form("again", "x")} {
			v := b.post("/settings/people", "/settings/people", bad)
			if v.Code != http.StatusUnprocessableEntity || v.wrongs() != wrong || strings.Contains(v.html, password) || v.Field("login") != bad.Get("login") {
				t.Errorf("%s: %d, wrong %q", wrong, v.Code, v.wrongs())
			}
		}
		if v := b.post("/settings/people", "/settings/people", form()); v.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", v.Code, v.html)
		}
		list, err := m.db.ListAccounts(t.Context(), m.tenant)
		if err != nil || len(list) != 2 || list[1].Role != store.Staff {
			t.Fatalf("%+v %v", list, err)
		}
		taro := fmt.Sprintf("/settings/people/%d", list[1].ID)
		theirs := newBrowser(t, m.handler)
		theirs.post("/signin", "/signin", url.Values{"login": {"taro"}, "password": {password}})
		theirs.page("/settings")
		if v := b.post("/settings/people", taro+"/password", url.Values{"password": {"short"}}); v.Code != http.StatusUnprocessableEntity || v.wrongs() != "reset" {
			t.Errorf("a short password: %d %q", v.Code, v.wrongs())
		}
		if v := b.post("/settings/people", taro+"/password", url.Values{"password": {"another good one"}}); v.Code != http.StatusSeeOther {
			t.Errorf("another password: %d", v.Code)
		}
		if v := theirs.get("/settings"); v.Code != http.StatusSeeOther {
			t.Error("whose password was set anew is still signed in")
		}
		theirs.post("/signin", "/signin", url.Values{"login": {"taro"}, "password": {"another good one"}})
		if v := b.post("/settings/people", fmt.Sprintf("/settings/people/%d/remove", list[0].ID), nil); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "自分自身") {
			t.Errorf("oneself: %d", v.Code)
		}
		if v := b.post("/settings/people", taro+"/remove", nil); v.Code != http.StatusSeeOther {
			t.Errorf("remove: %d", v.Code)
		}
		if v := theirs.get("/settings"); v.Code != http.StatusSeeOther {
			t.Error("who was removed is still signed in")
		}
		if v := b.post("/settings/people", taro+"/remove", nil); v.Code != http.StatusNotFound {
			t.Errorf("remove again: %d", v.Code)
		}
	})
}

// Staff see their own settings and nothing of the rest, whatever they ask for.
func TestSettings_of_staff(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		hook, _, err := m.db.AddWebhook(t.Context(), m.tenant, store.WebhookForm{Name: "倉庫", URL: "https://hooks.example/?key=THE-KEY", Most: 10}, login)
		if err != nil {
			t.Fatal(err)
		}
		b := m.staff()
		v := b.page("/settings")
		if strings.Contains(v.html, "/settings/webhooks") || strings.Contains(v.html, "/settings/company") || !strings.Contains(v.html, "/settings/password") {
			t.Error("staff see more than their own, or less")
		}
		at := fmt.Sprintf("/settings/webhooks/%d", hook.ID)
		for _, path := range []string{"/settings/webhooks", "/settings/webhooks/live", "/settings/webhooks/new", at, at + "/live", "/settings/tokens", "/settings/people"} {
			if v := b.get(path); v.Code != http.StatusForbidden || strings.Contains(v.html, "THE-KEY") {
				t.Errorf("GET %s: %d", path, v.Code)
			}
		}
		for _, path := range []string{"/settings/company", "/settings/webhooks", at, at + "/pause", at + "/resume", at + "/ping", at + "/secret", at + "/replay", at + "/delete", "/settings/tokens", "/settings/tokens/1/revoke",
			"/settings/people", "/settings/people/1/password", "/settings/people/1/remove"} {
			if v := b.post("/settings", path, url.Values{"name": {"x"}, "company": {"x"}, "zone": {"UTC"}}); v.Code != http.StatusForbidden {
				t.Errorf("POST %s: %d", path, v.Code)
			}
		}
		if w, err := m.db.LoadWebhook(t.Context(), m.tenant, hook.ID); err != nil || w.State != store.WebhookActive {
			t.Errorf("%+v %v", w, err)
		}
	})
}

func TestSettings_webhooks(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		var arrived []string
		status := http.StatusOK
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			arrived = append(arrived, string(body))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<b>thanks</b>")
		}))
		t.Cleanup(receiver.Close)
		b := m.browser
		if v := b.page("/settings/webhooks"); !strings.Contains(v.html, "Webhook はまだありません") {
			t.Error("nothing is said where there is none")
		}
		b.page("/settings/webhooks/new")
		form := func(changed ...string) url.Values {
			f := url.Values{"name": {"倉庫"}, "url": {receiver.URL + "/in?key=THE-KEY"}, "most": {"５０"}, "kind": {"oversell", "stock.changed"}}
			for i := 0; i < len(changed); i += 2 {
				f.Set(changed[i], changed[i+1])
			}
			return f
		}
		for name, c := range map[string]struct {
			form  url.Values
			wrong string
		}{
			"no name": {form("name", ""), "name"}, "no address": {form("url", ""), "url"}, "plain HTTP": {form("url", "http://hooks.example/"), "url"}, "a private one": {form("url", "https://10.1.1.1/"), "url"},
			"no number": {form("most", "many"), "most"}, "too many": {form("most", "501"), "most"}, "no such kind": {form("kind", "nothing"), "kinds"},
		} {
			if v := b.post("/settings/webhooks/new", "/settings/webhooks", c.form); v.Code != http.StatusUnprocessableEntity || v.wrongs() != c.wrong || v.Field("name") != c.form.Get("name") {
				t.Errorf("%s: %d, wrong %q", name, v.Code, v.wrongs())
			}
		}
		v := b.post("/settings/webhooks/new", "/settings/webhooks", form())
		secret := v.once()
		if _, err := event.ParseSecret(secret); v.Code != http.StatusOK || err != nil {
			t.Fatalf("%d %v %s", v.Code, err, v.html)
		}
		if v := b.post("/settings/webhooks/new", "/settings/webhooks", form()); v.Code != http.StatusUnprocessableEntity || v.wrongs() != "name" {
			t.Errorf("the form sent twice: %d", v.Code)
		}
		list, err := m.db.ListWebhooks(t.Context(), m.tenant)
		if err != nil || len(list) != 1 || list[0].Most != 50 || len(list[0].Kinds) != 2 || list[0].Actor != login {
			t.Fatalf("%+v %v", list, err)
		}
		at := fmt.Sprintf("/settings/webhooks/%d", list[0].ID)
		load := func() store.Webhook {
			t.Helper()
			w, err := m.db.LoadWebhook(t.Context(), m.tenant, list[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		if v := b.page(at); strings.Contains(html.UnescapeString(v.html), secret) || !strings.Contains(v.html, "まだ呼び出していません") {
			t.Error("the secret is shown again, or nothing is said where there is no call")
		}
		if v := b.page("/settings/webhooks"); strings.Contains(v.html, "THE-KEY") || !strings.Contains(v.html, "在庫の変化、売り越し") {
			t.Error("the list shows a key of the address, or not what the webhook is given")
		}

		status = http.StatusTeapot
		if v := b.post(at, at+"/ping", nil); v.to() != at+"#calls" {
			t.Errorf("ping: %d %q", v.Code, v.to())
		}
		if v := b.page(at); !strings.Contains(v.html, "テスト送信は受け取られませんでした") || !strings.Contains(v.html, "418") || !strings.Contains(v.html, "&lt;b&gt;thanks&lt;/b&gt;") {
			t.Error("what came of the test is not shown, or not as text")
		}
		status = http.StatusOK
		b.post(at, at+"/ping", nil)
		if v := b.page(at); !strings.Contains(v.html, "テスト送信が受け取られました") || len(arrived) != 2 || !json.Valid([]byte(arrived[1])) {
			t.Errorf("%d tests arrived", len(arrived))
		}

		mark := load().SecretMark
		if v := b.post(at, at+"/secret", url.Values{"mark": {mark}, "overlap": {"24"}}); v.Code != http.StatusOK || strings.Contains(html.UnescapeString(v.html), secret) || !strings.Contains(v.html, "whsec_") {
			t.Errorf("rotate: %d", v.Code)
		}
		if v := b.post(at, at+"/secret", url.Values{"mark": {mark}, "overlap": {"24"}}); v.Code != http.StatusUnprocessableEntity || strings.Contains(v.html, "whsec_") {
			t.Errorf("the form sent twice rotates twice: %d", v.Code)
		}
		if w := load(); w.OldUntil.Before(time.Now().Add(23 * time.Hour)) {
			t.Errorf("the overlap ends at %v", w.OldUntil)
		}
		b.post(at, at+"/secret", url.Values{"mark": {load().SecretMark}, "overlap": {"0"}})
		if w := load(); !w.OldUntil.IsZero() {
			t.Errorf("the overlap goes on until %v", w.OldUntil)
		}

		b.post(at, at+"/pause", nil)
		if v := b.page(at); load().State != store.WebhookPaused || !strings.Contains(v.html, "再開する") {
			t.Error("it is not paused")
		}
		b.post(at, at+"/resume", nil)
		if load().State != store.WebhookActive {
			t.Error("it is not resumed")
		}
		if v := b.post(at, at, form("name", "新倉庫", "most", "7", "kind", "oversell")); v.Code != http.StatusSeeOther {
			t.Errorf("save: %d %s", v.Code, v.html)
		}
		if w := load(); w.Name != "新倉庫" || w.Most != 7 || len(w.Kinds) != 1 {
			t.Errorf("%+v", w)
		}
		if v := b.post(at, at, form("url", "http://hooks.example/")); v.Code != http.StatusUnprocessableEntity || v.wrongs() != "url" || load().Name != "新倉庫" {
			t.Errorf("a wrong address: %d", v.Code)
		}

		m.stocked("A-1")
		if _, err := m.db.NumberEvents(t.Context(), m.tenant, 1000); err != nil {
			t.Fatal(err)
		}
		newest := load().Position + load().Waiting
		for name, c := range map[string]struct {
			form  url.Values
			wrong string
			want  int64
		}{
			"no time":           {url.Values{"by": {"time"}}, "from", 0},
			"no number":         {url.Values{"by": {"position"}, "position": {"x"}}, "position", 0},
			"after the end":     {url.Values{"by": {"position"}, "position": {fmt.Sprint(newest + 2)}}, "position", 0},
			"the end":           {url.Values{"by": {"position"}, "position": {fmt.Sprint(newest + 1)}}, "", newest},
			"from the start":    {url.Values{"by": {"time"}, "from": {"2020-01-01T00:00"}}, "", 0},
			"from a number":     {url.Values{"by": {"time"}, "position": {"２"}}, "", 1},
			"from now on again": {url.Values{"by": {"time"}, "from": {"2099-01-01T00:00"}}, "", newest},
		} {
			v := b.post(at, at+"/replay", c.form)
			if v.wrongs() != c.wrong || c.wrong == "" && (v.Code != http.StatusSeeOther || load().Position != c.want) {
				t.Errorf("%s: %d, wrong %q, position %d", name, v.Code, v.wrongs(), load().Position)
			}
		}
		if part := b.get(at + "/live"); part.Code != http.StatusOK || strings.Contains(part.html, "<html lang") {
			t.Errorf("the part that refreshes: %d", part.Code)
		}

		if _, err := m.db.ReplayWebhook(t.Context(), m.tenant, list[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		if err := m.db.SetWebhook(t.Context(), m.tenant, list[0].ID, store.WebhookForm{Name: "新倉庫", URL: receiver.URL, Most: 10}); err != nil {
			t.Fatal(err)
		}
		call, ok, err := m.db.BeginCall(t.Context(), m.tenant, list[0].ID, "test", time.Minute)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if _, err := m.db.EndCall(t.Context(), m.tenant, call, store.CallResult{Status: http.StatusGone}, func(int64) time.Duration { return 0 }); err != nil {
			t.Fatal(err)
		}
		if v := b.page(at); !strings.Contains(v.html, "410（不要）と答えたため") {
			t.Error("it is not said why it was stopped")
		}
		if v := b.page("/"); !strings.Contains(v.html, "止まっている Webhook が1件あります") {
			t.Error("the front page does not tell of it")
		}
		if v := b.post(at, at+"/delete", nil); v.to() != "/settings/webhooks" {
			t.Errorf("delete: %d", v.Code)
		}
		if v := b.get(at); v.Code != http.StatusNotFound {
			t.Errorf("deleted: %d", v.Code)
		}
	})
}

// In a browser: an owner adds a webhook by keyboard, keeps its secret, and sees on its page, without reloading it, that a sale was given.
func TestBrowser_webhook(t *testing.T) {
	t.Parallel()
	scriptsBuilt(t)
	run := func(t *testing.T, url string) {
		tab := webtest.Open(t)
		m := emptyOn(t, url, hurried()).owned().stocked("MUG-1")
		server := httptest.NewServer(m.handler)
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() {
			if err := m.feed.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		t.Cleanup(func() {
			tab.Go("about:blank") // a page's stream is open for as long as the page
			server.Close()
			cancel()
			running.Wait()
		})
		at := server.URL
		arrived := make(chan string, 100)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			arrived <- string(body)
		}))
		t.Cleanup(receiver.Close)
		signIn(tab, at, "/settings/webhooks/new")
		tab.Until(ready)
		tab.Type("#name", "倉庫")
		tab.Type("#url", receiver.URL)
		tab.Do(press("Enter"))
		tab.Until(`Boolean(document.querySelector("#value")?.value.startsWith("whsec_"))`)
		tab.Click("main a.button.main")
		tab.Until(`Boolean(document.querySelector("#calls"))`)
		tab.Until(ready)
		tab.Until(`Boolean((window.samePage = true))`)
		m.change("MUG-1", stock.Add, 5)
		m.plan()
		body := <-arrived
		if !strings.Contains(body, `"sku":"MUG-1"`) {
			t.Errorf("the receiver got %s", body)
		}
		tab.Until(`Boolean(window.samePage && document.querySelector("#now tbody .good"))`)
		tab.Do(chromedp.EmulateViewport(390, 844))
		if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > document.documentElement.clientWidth`); wide {
			t.Error("on a phone the page scrolls sideways")
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, filepath.Join(t.TempDir(), "soroi.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, storetest.Postgres(t))
	})
}
