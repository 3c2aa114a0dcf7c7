package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/engine"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestFront(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1", "B-2")
	v := m.browser.page("/")
	if got, _ := v.ByID("answer"); !strings.HasPrefix(got, "はい。4件を反映中") {
		t.Errorf("right after the listings came: %q", got)
	}
	m.push(0)
	m.push(1)
	if got, _ := m.browser.page("/").ByID("answer"); got != "はい。すべて揃っています" {
		t.Errorf("after the pushes: %q", got)
	}
	m.sell(0, "o-odd", "A-1", 1, "支払方法が分かりません")
	m.push(1)
	if v = m.browser.page("/"); !strings.Contains(v.html, "支払方法が分かりません") {
		t.Error("the odd order is not shown")
	}
	if got, _ := v.ByID("answer"); !strings.Contains(got, "確認が必要な受注が1件あります") {
		t.Errorf("with an odd order: %q", got)
	}
	m.sell(1, "o-big", "B-2", 12)
	v = m.browser.page("/")
	if got, _ := v.ByID("answer"); got != "いいえ。売り越しが1件あります" {
		t.Errorf("oversold: %q", got)
	}
	part := m.browser.get("/front/live")
	if part.Code != http.StatusOK || strings.Contains(part.html, "<html lang") || !strings.Contains(part.html, "o-big") {
		t.Errorf("the part that refreshes: %d", part.Code)
	}
	m.change("B-2", stock.Add, 5)
	m.plan()
	m.push(0)
	if err := m.db.LoopFailed(context.Background(), m.tenant, m.shops[0].ID, "new", &channel.Error{Kind: channel.Auth, Op: "orders", Code: "E401", Message: "key expired"}); err != nil {
		t.Fatal(err)
	}
	v = m.browser.page("/")
	if got, _ := v.ByID("answer"); got != "いいえ。1店舗に問題があります" || !strings.Contains(v.html, "E401") || !strings.Contains(v.html, "接続設定") {
		t.Errorf("with an expired key: %q", got)
	}
}

func TestAddShop(t *testing.T) {
	t.Parallel()
	m := open(t)
	if v := m.browser.page("/shops/new"); !strings.Contains(v.html, "紙モール") {
		t.Error("the channel is not offered")
	}
	if v := m.browser.get("/shops/new?kind=none"); v.Code != http.StatusNotFound {
		t.Errorf("an unknown channel: %d", v.Code)
	}
	m.browser.page("/shops/new?kind=paper")
	form := func(changed ...string) url.Values {
		f := url.Values{"kind": {"paper"}, "name": {"本店"}, "set.api_key": {"TOP-SECRET"}, "set.store_code": {"S-1"}, "set.base_url": {""}}
		for i := 0; i < len(changed); i += 2 {
			f.Set(changed[i], changed[i+1])
		}
		return f
	}
	for name, bad := range map[string]url.Values{
		"no name": form("name", " "), "no key": form("set.api_key", ""), "another host": form("set.base_url", "https://evil.example"), "plain http": form("set.base_url", "http://api.paper.example"),
		"long name": form("name", strings.Repeat("長", 61)),
	} {
		v := m.browser.post("/shops/new?kind=paper", "/shops", bad)
		if v.Code != http.StatusUnprocessableEntity || len(v.All(func(n *htmlNode) bool { return attr(n, "class") == "wrong" })) != 1 {
			t.Errorf("%s: %d without one sentence beside a field", name, v.Code)
		}
		if strings.Contains(v.html, "TOP-SECRET") {
			t.Errorf("%s: the secret came back", name)
		}
		if name != "no name" && v.Field("set.store_code") != "S-1" {
			t.Errorf("%s: what was typed is lost", name)
		}
	}
	v := m.browser.post("/shops/new?kind=paper", "/shops", form())
	if v.Code != http.StatusSeeOther || !strings.HasPrefix(v.to(), "/shops/") {
		t.Fatalf("%d to %q", v.Code, v.to())
	}
	page := m.browser.page(v.to())
	if strings.Contains(page.html, "TOP-SECRET") || !strings.Contains(page.html, "リハーサル") || !strings.Contains(page.html, "店舗を追加しました") {
		t.Error("the new shop is not in rehearsal, or its secret shows")
	}
	if v := m.browser.post("/shops/new?kind=paper", "/shops", form()); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "すでにあります") {
		t.Errorf("the same name again: %d", v.Code)
	}
}

func (m *merchant) shop(i int) store.Shop {
	m.t.Helper()
	list, err := m.db.ListShops(context.Background(), m.tenant)
	if err != nil {
		m.t.Fatal(err)
	}
	return list[i]
}

func TestShopSettings(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	at := m.shopPath(0, "")
	v := m.browser.page(at)
	if strings.Contains(v.html, "the-secret-key") || v.Field("set.store_code") != "S1" {
		t.Error("the page shows a secret, or not the rest")
	}
	if v := m.browser.post(at, at+"/settings", url.Values{"set.api_key": {""}, "set.store_code": {"S2"}}); v.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", v.Code, v.html)
	}
	if s := m.shop(0).Settings; s["api_key"].Reveal() != "the-secret-key" || s["store_code"].Reveal() != "S2" {
		t.Error("an empty secret must keep the saved one")
	}
	if v := m.browser.post(at, at+"/settings", url.Values{"set.api_key": {"new-key"}, "set.store_code": {""}}); v.Code != http.StatusUnprocessableEntity || strings.Contains(v.html, "new-key") {
		t.Errorf("a required field left empty: %d", v.Code)
	}
	if s := m.shop(0).Settings; s["api_key"].Reveal() != "the-secret-key" {
		t.Error("a refused form has changed something")
	}
	if v := m.browser.post(at, at+"/settings", url.Values{"set.api_key": {"new-key"}, "set.store_code": {"S3"}}); v.Code != http.StatusSeeOther || m.shop(0).Settings["api_key"].Reveal() != "new-key" {
		t.Errorf("a new secret: %d", v.Code)
	}
}

func TestShopModes(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1", "B-2")
	m.push(0)
	m.sell(1, "o-1", "A-1", 10)
	at := m.shopPath(0, "")
	if v := m.browser.post(at, at+"/mode", url.Values{"mode": {"paused"}}); v.to() != at || m.shop(0).Mode != store.Paused {
		t.Fatalf("pause: %q %s", v.to(), m.shop(0).Mode)
	}
	if v := m.browser.page("/stock"); !strings.Contains(v.html, "一時停止") {
		t.Error("the stock list does not tell of the pause")
	}
	v := m.browser.page(at + "/preview")
	if got := v.codes(); len(got) != 1 || got[0] != "A-1" || !strings.Contains(v.html, "売り切れにする") || !strings.Contains(v.html, "1件を送信して本番にする") {
		t.Errorf("preview: %v", got)
	}
	if v := m.browser.post(at, at+"/mode", url.Values{"mode": {"live"}}); v.Code != http.StatusSeeOther || m.shop(0).Mode != store.Live {
		t.Error("not live")
	}
	if v := m.browser.post(at, at+"/mode", url.Values{"mode": {"wild"}}); v.Code != http.StatusForbidden || m.shop(0).Mode != store.Live {
		t.Errorf("a mode that is none: %d", v.Code)
	}
	if v := m.browser.post(at, at+"/listings", nil); v.to() != at {
		t.Errorf("pulling listings: %d", v.Code)
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	at := m.shopPath(0, "")
	jst := time.FixedZone("JST", 9*60*60)
	typed := func(d time.Duration) string { return time.Now().Add(d).In(jst).Format("2006-01-02T15:04") }
	for name, bad := range map[string]url.Values{
		"no time": {"from": {""}, "until": {typed(time.Hour)}}, "backwards": {"from": {typed(2 * time.Hour)}, "until": {typed(time.Hour)}}, "over": {"from": {typed(-3 * time.Hour)}, "until": {typed(-time.Hour)}},
	} {
		if v := m.browser.post(at, at+"/outage", bad); v.Code != http.StatusUnprocessableEntity || !m.shop(0).OutageFrom.IsZero() {
			t.Errorf("%s: %d", name, v.Code)
		}
	}
	from, until := typed(-time.Minute), typed(2*time.Hour)
	if v := m.browser.post(at, at+"/outage", url.Values{"from": {from}, "until": {until}}); v.to() != at {
		t.Fatalf("%d", v.Code)
	}
	if s := m.shop(0); !s.InOutage(time.Now()) || s.OutageUntil.In(jst).Format("2006-01-02T15:04") != until {
		t.Errorf("outage is %s – %s", s.OutageFrom, s.OutageUntil)
	}
	if v := m.browser.page(at); v.Field("until") != until || !strings.Contains(v.html, "計画停止") {
		t.Error("the page does not tell")
	}
	if m.browser.post(at, at+"/outage", url.Values{"clear": {"yes"}}); !m.shop(0).OutageFrom.IsZero() {
		t.Error("the outage stays")
	}
}

// Nobody sees or changes what belongs to another merchant.
func TestTenantsNeverMeet(t *testing.T) {
	t.Parallel()
	m := stocked(t, "MINE")
	ctx := context.Background()
	other, _ := storetest.Tenant(t, m.db, "other")
	if _, err := m.db.AddSKUs(ctx, other, []store.NewSKU{{Code: "THEIRS", Name: "他社の商品"}}); err != nil {
		t.Fatal(err)
	}
	theirs, err := m.db.AddShop(ctx, other, "paper", "他社の店", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/stock", "/shops", "/stock?q=theirs"} {
		if v := m.browser.page(path); strings.Contains(v.html, "他社") {
			t.Errorf("%s shows another merchant's", path)
		}
	}
	m.shops = append(m.shops, theirs)
	at := m.shopPath(2, "")
	for _, path := range []string{"/sku?code=THEIRS", at, at + "/preview", at + "/live"} {
		if v := m.browser.get(path); v.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, v.Code)
		}
	}
	for _, action := range []string{"/mode", "/settings", "/outage", "/listings"} {
		if v := m.browser.post("/shops", at+action, url.Values{"mode": {"live"}}); v.Code != http.StatusNotFound {
			t.Errorf("%s: %d", action, v.Code)
		}
	}
}

// What a shop's page says of its webhooks: nothing is asked of a shop in rehearsal, then asked for, then coming in, and a refusal in words that
// does not call the shop stopped.
func TestShopHook(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	ctx, at, address := context.Background(), m.shopPath(0, ""), "https://soroi.test"+engine.HookPath(m.tenant, m.shops[0].ID)
	says := func(when, words string) {
		t.Helper()
		if v := m.browser.page(at); !strings.Contains(v.html, words) || strings.Contains(v.html, "停止（認証エラー）") {
			t.Errorf("%s: the page does not say %q", when, words)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(m.db.SetMode(ctx, m.tenant, m.shops[0].ID, store.Rehearsing))
	says("in rehearsal", "本番にすると、店舗に登録します。いまは受注を15秒ごとに確認しています。")
	must(m.db.SetMode(ctx, m.tenant, m.shops[0].ID, store.Live))
	says("just live", "店舗に登録しています。")
	must(m.db.LoopFailed(ctx, m.tenant, m.shops[0].ID, store.LoopHook, &channel.Error{Kind: channel.Auth, Op: "subscribe", Code: "E-77", Message: "not approved"}))
	says("refused", "この店舗から注文の通知を受け取れません。")
	says("refused", "E-77")
	must(m.db.Subscribed(ctx, m.tenant, m.leases[0], address))
	says("asked for", "店舗に登録しました。最初の通知を待っています。")
	must(m.db.Notified(ctx, m.tenant, m.shops[0].ID))
	says("one came", "受け取っています。最後の通知")
}
