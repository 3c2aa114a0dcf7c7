package storybook

import (
	"strings"
	"time"

	"soroi/internal/event"
	"soroi/internal/store"
	"soroi/internal/web/settings"
	"soroi/internal/web/ui"
)

// addSettings adds the stories of the settings.
func (b *Book) addSettings(v settings.Views) {
	for _, data := range []string{"full", "staff", "refused", "extreme"} {
		b.add("settings/"+data, v.General, func(p ui.Page) ui.Framed { return generalPage(p, data) })
	}
	for _, data := range []string{"full", "empty", "extreme"} {
		b.add("webhooks/"+data, v.Webhooks, func(p ui.Page) ui.Framed { return webhooksPage(p, data) })
		b.add("tokens/"+data, v.Tokens, func(p ui.Page) ui.Framed { return tokensPage(p, data) })
		b.add("people/"+data, v.People, func(p ui.Page) ui.Framed { return peoplePage(p, data) })
	}
	for _, data := range []string{"full", "empty", "stopped", "extreme"} {
		b.add("webhook/"+data, v.Webhook, func(p ui.Page) ui.Framed { return webhookPage(p, data) })
	}
	for _, data := range []string{"form", "refused"} {
		b.add("newwebhook/"+data, v.NewWebhook, func(p ui.Page) ui.Framed {
			page := &settings.NewWebhookPage{Page: settingsFrame(p, settings.TabWebhooks, "Webhookを追加"), Form: hookForm("")}
			if data == "refused" {
				page.Form = hookForm("http://10.0.0.5/" + strings.Repeat("x", 80))
				page.Wrong = ui.FieldErrors{"name": page.T("入力してください。"), "url": page.T("https:// から始まるアドレスを入力してください。")}
			}
			return page
		})
	}
	b.add("once/full", v.Once, func(p ui.Page) ui.Framed {
		page := &settings.OncePage{Page: settingsFrame(p, settings.TabWebhooks, "Webhookを追加しました"), Value: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=", Back: "/settings/webhooks"}
		page.What, page.Note = page.T("「%s」の署名シークレット", "倉庫システム"), page.T("受け取り側の設定に入れてください。呼び出しが soroi からのものかを、これで確かめられます。")
		return page
	})
}

func settingsFrame(p ui.Page, tab settings.Tab, title string) settings.Page {
	p.Section, p.Owner, p.AccountID, p.Actor = ui.SectionSettings, true, 1, "hana@example.jp"
	p.Title = p.T(title)
	return settings.Page{Page: p, Tab: tab, Wrong: ui.FieldErrors{}}
}

func generalPage(p ui.Page, data string) ui.Framed {
	page := &settings.GeneralPage{Page: settingsFrame(p, settings.TabGeneral, "設定"), Company: "花霞商店", Zone: "Asia/Tokyo", ZoneFixed: data == "full", Zones: []string{"Asia/Tokyo", "UTC"}, Login: "hana@example.jp"}
	switch data {
	case "staff":
		page.Owner = false
	case "refused":
		page.Wrong = ui.FieldErrors{"company": page.T("入力してください。"), "zone": page.T("この名前の時間帯はありません。Asia/Tokyo のように入力してください。"), "old": page.T("いまのパスワードが違います。"),
			"again": page.T("上のパスワードと違います。")}
	case "extreme":
		page.Company, page.Login = strings.Repeat("長い名前", 20)+shout, strings.Repeat("x", 120)
	}
	return page
}

func tokensPage(p ui.Page, data string) ui.Framed {
	page := &settings.TokensPage{Page: settingsFrame(p, settings.TabTokens, "APIトークン")}
	if data == "empty" {
		return page
	}
	page.Tokens = []settings.Token{
		{ID: 3, Name: "倉庫システム", MayWrite: true, CreatedAt: now.AddDate(0, -1, 0), UsedAt: now.Add(-time.Minute)},
		{ID: 2, Name: "集計", CreatedAt: now.AddDate(0, -2, 0)},
		{ID: 1, Name: "前の倉庫システム", MayWrite: true, CreatedAt: now.AddDate(-1, 0, 0), UsedAt: now.AddDate(0, -1, 0), EndedAt: now.AddDate(0, -1, 0)},
	}
	if data == "extreme" {
		page.Tokens[0].Name = strings.Repeat("長い名前", 20) + shout
		page.Form.Name = page.Tokens[0].Name
		page.Wrong["name"] = page.T("同じ名前の使えるトークンがあります。別の名前にするか、先にそちらを無効にしてください。")
	}
	return page
}

func peoplePage(p ui.Page, data string) ui.Framed {
	page := &settings.PeoplePage{Page: settingsFrame(p, settings.TabPeople, "スタッフ")}
	page.People = []settings.Person{{ID: 1, Name: "佐藤 花", Login: "hana@example.jp", Owner: true, Me: true, CreatedAt: now.AddDate(-1, 0, 0)}}
	if data == "empty" {
		return page
	}
	page.People = append(page.People, settings.Person{ID: 2, Name: "鈴木 太郎", Login: "taro", CreatedAt: now.AddDate(0, -3, 0)}, settings.Person{ID: 3, Name: "高橋 次郎", Login: "jiro@example.jp", Owner: true, CreatedAt: now.AddDate(0, -1, 0)})
	if data == "extreme" {
		page.People[1].Name, page.People[1].Login = strings.Repeat("長い名前", 20)+shout, strings.Repeat("x", 120)
		page.Form = settings.PersonForm{Name: page.People[1].Name, Login: page.People[1].Login}
		page.Reset = 3
		page.Wrong = ui.FieldErrors{"reset": page.T("10文字以上にしてください。"), "login": page.T("このログインIDの人はすでにいます。"), "again": page.T("上のパスワードと違います。")}
	}
	return page
}

func hookForm(address string) settings.HookForm {
	form := settings.HookForm{Most: "100", URL: address}
	if address != "" {
		form.Name = "倉庫システム"
	}
	for i, k := range event.Kinds() {
		form.Kinds = append(form.Kinds, settings.Kind{Kind: k, Word: []string{"在庫の変化", "発注点割れ・在庫割れと回復", "売り越し", "店舗の連動の失敗", "店舗の連動の回復", "Webhook の停止", "事前設定の毎日の知らせ"}[i], Chosen: address != "" && i < 3})
	}
	return form
}

func storyHook(data string) settings.Hook {
	h := settings.Hook{ID: 7, Name: "倉庫システム", URL: "https://hooks.example.com/soroi", Host: "hooks.example.com", All: true, Most: 100, State: store.WebhookActive, Position: 48_210, TakenAt: now.Add(-3 * time.Second),
		SecretMark: "a1b2c3", Actor: "hana@example.jp", CreatedAt: now.AddDate(0, -1, 0)}
	switch data {
	case "empty":
		h.TakenAt, h.Position = time.Time{}, 0
	case "stopped":
		h.State, h.StopReason, h.Waiting, h.Failures, h.FailingSince, h.TakenAt = store.WebhookStopped, store.StopFailing, 12_480, 31, now.AddDate(0, 0, -3), now.AddDate(0, 0, -3)
	case "extreme":
		h.Name, h.Host = strings.Repeat("長い名前", 20)+shout, strings.Repeat("long.", 40)+"example"
		h.URL = "https://" + h.Host + "/" + strings.Repeat("x", 400)
		h.Waiting, h.Failures, h.NextAt, h.OldUntil, h.FailingSince = 1_234_567_890, 12, now.Add(2*time.Hour), now.Add(20*time.Hour), now.Add(-30*time.Hour)
	}
	return h
}

func webhooksPage(p ui.Page, data string) ui.Framed {
	page := &settings.WebhooksPage{Page: settingsFrame(p, settings.TabWebhooks, "Webhook")}
	if data == "empty" {
		return page
	}
	paused := storyHook("full")
	paused.ID, paused.Name, paused.State, paused.All, paused.Kinds, paused.Waiting = 8, "会計", store.WebhookPaused, false, hookForm("x").Kinds[1:3], 210
	failing := storyHook("extreme")
	failing.ID = 9
	if data != "extreme" {
		failing.Name, failing.Host, failing.Waiting = "在庫ダッシュボード", "dash.example.jp", 34
	}
	stopped := storyHook("stopped")
	stopped.ID, stopped.Name = 10, "前の倉庫"
	page.Hooks = []settings.Hook{storyHook("full"), paused, failing, stopped}
	return page
}

func webhookPage(p ui.Page, data string) ui.Framed {
	page := &settings.WebhookPage{Page: settingsFrame(p, settings.TabWebhooks, "Webhook"), Hook: storyHook(data), Form: hookForm("https://hooks.example.com/soroi"), Replay: settings.ReplayForm{By: "time"}, Oldest: 35_001, Newest: 48_210, Keep: 7}
	page.Title = page.Hook.Name
	if data == "empty" {
		return page
	}
	call := settings.Call{Number: 1204, ID: "evt_7_0_48201_48210", First: 48_201, Last: 48_210, Events: 9, Attempt: 1, SentAt: now.Add(-3 * time.Second), Took: 84 * time.Millisecond, Status: 204, Taken: true}
	ping := settings.Call{Number: 1203, Ping: true, ID: "ping_7_1", Attempt: 1, SentAt: now.Add(-time.Minute), Took: 91 * time.Millisecond, Status: 200, Taken: true, Answer: `{"ok":true}`}
	refused := settings.Call{Number: 1202, ID: "evt_7_0_48188_48200", First: 48_188, Last: 48_200, Events: 13, Attempt: 3, SentAt: now.Add(-3 * time.Minute), Took: 1204 * time.Millisecond, Status: 503, Answer: "<html><body>Service Unavailable</body></html>"}
	silent := settings.Call{Number: 1201, ID: "evt_7_0_48188_48200", First: 48_188, Last: 48_188, Events: 1, Attempt: 2, SentAt: now.Add(-5 * time.Minute), Took: 15 * time.Second, Problem: page.T("接続できませんでした。"), Error: "dial tcp: lookup hooks.example.com: no such host"}
	page.Calls = []settings.Call{call, ping, refused, silent}
	page.Older = 1201
	if data == "extreme" {
		page.Calls[2].Answer = strings.Repeat("長い答え", 75) + shout
		page.Form = hookForm(page.Hook.URL)
		page.Form.Name = page.Hook.Name
		page.Wrong = ui.FieldErrors{"from": page.T("日付と時刻を入力してください。"), "position": page.T("1 から %d までの整数を入力してください。", 48_211), "most": page.T("1 から %d までの整数を入力してください。", 500)}
	}
	if data == "stopped" {
		page.Calls = page.Calls[2:]
	}
	return page
}
