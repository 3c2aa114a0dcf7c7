package settings

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/event"
	"soroi/internal/feed"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// What a page shows of a webhook's calls.
const callRows = 20

// usualMost is how many events one call brings when nothing else is said.
const usualMost = 100

// Webhooks is GET /settings/webhooks.
func (s *Screen) Webhooks(w http.ResponseWriter, r *http.Request) error {
	page, err := s.webhooks(r)
	if err != nil {
		return err
	}
	return s.views.Webhooks.Page(w, http.StatusOK, page)
}

// WebhooksLive is the list alone.
func (s *Screen) WebhooksLive(w http.ResponseWriter, r *http.Request) error {
	page, err := s.webhooks(r)
	if err != nil {
		return err
	}
	return s.views.Webhooks.Fragment(w, "list", page)
}

func (s *Screen) webhooks(r *http.Request) (*WebhooksPage, error) {
	page := &WebhooksPage{Page: frame(r, TabWebhooks, "Webhook")}
	list, err := s.db.ListWebhooks(r.Context(), page.TenantID)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	for _, w := range list {
		page.Hooks = append(page.Hooks, hookOf(w))
	}
	return page, nil
}

func hookOf(w store.Webhook) Hook {
	h := Hook{ID: int64(w.ID), Name: w.Name, URL: w.URL, Host: w.URL, All: len(w.Kinds) == 0, Most: w.Most, State: w.State, StopReason: w.StopReason, Position: w.Position, Waiting: w.Waiting,
		Failures: w.Failures, FailingSince: w.FailingSince, NextAt: w.NextAt, TakenAt: w.TakenAt, OldUntil: w.OldUntil, SecretMark: w.SecretMark, Actor: w.Actor, CreatedAt: w.CreatedAt}
	if u, err := url.Parse(w.URL); err == nil {
		h.Host = u.Host
	}
	for _, k := range kindsOf(w.Kinds) {
		if k.Chosen {
			h.Kinds = append(h.Kinds, k)
		}
	}
	return h
}

// kindsOf are all kinds, with those that are chosen.
func kindsOf(chosen []event.Kind) []Kind {
	var all []Kind
	for _, k := range event.Kinds() {
		all = append(all, Kind{Kind: k, Word: kindWords[k], Chosen: slices.Contains(chosen, k)})
	}
	return all
}

// NewWebhook is GET /settings/webhooks/new.
func (s *Screen) NewWebhook(w http.ResponseWriter, r *http.Request) error {
	return s.views.NewWebhook.Page(w, http.StatusOK, &NewWebhookPage{Page: frame(r, TabWebhooks, "Webhookを追加"), Form: HookForm{Most: strconv.Itoa(usualMost), Kinds: kindsOf(nil)}})
}

// addressSentences has one sentence per code of feed.AddressError.
var addressSentences = map[string]string{
	"url":     "https:// から始まるアドレスを入力してください。",
	"https":   "http:// ではなく https:// から始まるアドレスにしてください。",
	"user":    "アドレスにユーザー名やパスワードは入れられません。呼び出しは署名されます。",
	"long":    "アドレスが長すぎます。",
	"private": "社内や自分自身のアドレスは使えません。必要な場合は、soroi を動かしている人に --webhook-private を頼んでください。",
}

// callSentences has one sentence per word of feed.Trouble.
var callSentences = map[string]string{
	"timeout":    "時間内に答えがありませんでした。",
	"private":    addressSentences["private"],
	"connection": "接続できませんでした。",
}

// readForm reads a webhook as typed, and says what is wrong with it.
func (s *Screen) readForm(r *http.Request, page *Page) (typed HookForm, form store.WebhookForm) {
	typed = HookForm{Name: strings.TrimSpace(r.PostFormValue("name")), URL: strings.TrimSpace(r.PostFormValue("url")), Most: strings.TrimSpace(r.PostFormValue("most"))}
	form.Name, form.URL = typed.Name, typed.URL
	page.checkName("name", typed.Name)
	var refused *feed.AddressError
	if typed.URL == "" {
		page.Wrong["url"] = page.T("入力してください。")
	} else if errors.As(s.feed.CheckURL(typed.URL), &refused) {
		page.Wrong["url"] = page.T(addressSentences[refused.Code])
	}
	most, err := ui.ReadNumber(cmp.Or(typed.Most, strconv.Itoa(usualMost)))
	if err != nil || most < 1 || most > store.LargestMost {
		page.Wrong["most"] = page.T("1 から %d までの整数を入力してください。", store.LargestMost)
	}
	form.Most = int(most)
	if form.Kinds, err = event.ParseKinds(r.PostForm["kind"]); err != nil {
		page.Wrong["kinds"] = page.T("一覧から選んでください。")
	}
	if len(form.Kinds) == len(event.Kinds()) {
		form.Kinds = nil // all: those that come later, too
	}
	typed.Kinds = kindsOf(form.Kinds)
	return typed, form
}

// AddWebhook is POST /settings/webhooks. Its answer shows the secret, once: sent twice, the second is refused for its name.
func (s *Screen) AddWebhook(w http.ResponseWriter, r *http.Request) error {
	page := &NewWebhookPage{Page: frame(r, TabWebhooks, "Webhookを追加")}
	var form store.WebhookForm
	page.Form, form = s.readForm(r, &page.Page)
	if !page.Wrong.Any() {
		hook, secret, err := s.db.AddWebhook(r.Context(), page.TenantID, form, page.Actor)
		var taken *store.ConflictError
		switch {
		case errors.As(err, &taken):
			page.Wrong["name"] = page.T("この名前の Webhook はすでにあります。")
		case err != nil:
			return err
		default:
			return s.once(w, &OncePage{Page: frame(r, TabWebhooks, "Webhookを追加しました"), What: "「%s」の署名シークレット", Value: secret.Reveal(),
				Note: "受け取り側の設定に入れてください。呼び出しが soroi からのものかを、これで確かめられます。", Back: hookPath(int64(hook.ID), "")}, form.Name)
		}
	}
	return s.views.NewWebhook.Page(w, http.StatusUnprocessableEntity, page)
}

func hookPath(id int64, more string) string { return fmt.Sprintf("/settings/webhooks/%d%s", id, more) }

// Webhook is GET /settings/webhooks/{id}.
func (s *Screen) Webhook(w http.ResponseWriter, r *http.Request) error {
	page, err := s.webhook(r)
	if err != nil {
		return err
	}
	return s.views.Webhook.Page(w, http.StatusOK, page)
}

// WebhookLive is the part of a webhook's page that refreshes itself.
func (s *Screen) WebhookLive(w http.ResponseWriter, r *http.Request) error {
	page, err := s.webhook(r)
	if err != nil {
		return err
	}
	return s.views.Webhook.Fragment(w, "now", page)
}

func (s *Screen) webhook(r *http.Request) (*WebhookPage, error) {
	page := &WebhookPage{Page: frame(r, TabWebhooks, "Webhook"), Keep: int(s.feed.Keep() / (24 * time.Hour))}
	id, err := ui.PathID(r)
	if err != nil {
		return nil, err
	}
	hook, err := s.db.LoadWebhook(r.Context(), page.TenantID, store.WebhookID(id))
	if err != nil {
		return nil, missing(err)
	}
	page.Title, page.Hook = hook.Name, hookOf(hook)
	page.Form = HookForm{Name: hook.Name, URL: hook.URL, Most: strconv.Itoa(hook.Most), Kinds: kindsOf(hook.Kinds)}
	page.Replay = ReplayForm{By: "time"}
	ends, err := s.db.FeedEnds(r.Context(), page.TenantID)
	if err != nil {
		return nil, err
	}
	page.Oldest, page.Newest = ends.Oldest, ends.Newest
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil {
		before = 0 // the newest
	}
	calls, err := s.db.ListCalls(r.Context(), page.TenantID, hook.ID, before, callRows+1)
	if err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	if len(calls) > callRows {
		calls = calls[:callRows]
		page.Older = calls[callRows-1].Number
	}
	for _, c := range calls {
		problem := ""
		if c.Error != "" {
			problem = page.T(callSentences[feed.Trouble(c.Error)])
		}
		page.Calls = append(page.Calls, Call{Problem: problem, Number: c.Number, Ping: c.Kind == event.TypePing, ID: c.ID, First: c.First, Last: c.Last, Events: c.Events, Attempt: c.Attempt, SentAt: c.SentAt,
			Took: c.Took, Status: c.Status, Error: c.Error, Answer: c.Answer, Taken: c.Taken()})
	}
	return page, nil
}

// SaveWebhook is POST /settings/webhooks/{id}.
func (s *Screen) SaveWebhook(w http.ResponseWriter, r *http.Request) error {
	page, err := s.webhook(r)
	if err != nil {
		return err
	}
	var form store.WebhookForm
	page.Form, form = s.readForm(r, &page.Page)
	if !page.Wrong.Any() {
		err := s.db.SetWebhook(r.Context(), page.TenantID, store.WebhookID(page.Hook.ID), form)
		var taken *store.ConflictError
		switch {
		case errors.As(err, &taken):
			page.Wrong["name"] = page.T("この名前の Webhook はすでにあります。")
		case err != nil:
			return missing(err)
		default:
			s.cookies.After(w, r, hookPath(page.Hook.ID, ""), ui.DoneSettings)
			return nil
		}
	}
	return s.views.Webhook.Page(w, http.StatusUnprocessableEntity, page)
}

// act does something with the webhook of the path and goes back to its page, or to another one.
func (s *Screen) act(w http.ResponseWriter, r *http.Request, to string, done ui.Done, do func(id store.WebhookID) error) error {
	id, err := ui.PathID(r)
	if err != nil {
		return err
	}
	if err := do(store.WebhookID(id)); err != nil {
		return missing(err)
	}
	s.cookies.After(w, r, cmp.Or(to, hookPath(id, "")), done)
	return nil
}

// PauseWebhook is POST /settings/webhooks/{id}/pause.
func (s *Screen) PauseWebhook(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "", ui.DoneHookPaused, func(id store.WebhookID) error {
		return s.db.PauseWebhook(r.Context(), frame(r, TabWebhooks, "Webhook").TenantID, id)
	})
}

// ResumeWebhook is POST /settings/webhooks/{id}/resume.
func (s *Screen) ResumeWebhook(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "", ui.DoneHookResumed, func(id store.WebhookID) error {
		return s.db.ResumeWebhook(r.Context(), frame(r, TabWebhooks, "Webhook").TenantID, id)
	})
}

// DeleteWebhook is POST /settings/webhooks/{id}/delete.
func (s *Screen) DeleteWebhook(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "/settings/webhooks", ui.DoneHookGone, func(id store.WebhookID) error {
		return s.db.DeleteWebhook(r.Context(), frame(r, TabWebhooks, "Webhook").TenantID, id)
	})
}

// PingWebhook is POST /settings/webhooks/{id}/ping. What came of it is the newest line of the page's calls.
func (s *Screen) PingWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := ui.PathID(r)
	if err != nil {
		return err
	}
	call, err := s.feed.Ping(r.Context(), frame(r, TabWebhooks, "Webhook").TenantID, store.WebhookID(id))
	if err != nil {
		return missing(err)
	}
	done := ui.DonePing
	if !call.Taken() {
		done = ui.DonePingRefused
	}
	s.cookies.After(w, r, hookPath(id, "#calls"), done)
	return nil
}

// RotateSecret is POST /settings/webhooks/{id}/secret. Its answer shows the new secret, once; sent twice, it is replaced once.
func (s *Screen) RotateSecret(w http.ResponseWriter, r *http.Request) error {
	page, err := s.webhook(r)
	if err != nil {
		return err
	}
	overlap := 24 * time.Hour
	if r.PostFormValue("overlap") == "0" {
		overlap = 0
	}
	mark := r.PostFormValue("mark")
	if mark == "" {
		return ui.ErrForm
	}
	secret, err := s.db.RotateSecret(r.Context(), page.TenantID, store.WebhookID(page.Hook.ID), overlap, mark)
	if errors.Is(err, store.ErrRotated) {
		page.Notices = append(page.Notices, ui.Notice{Tone: ui.Warn, Text: page.T("シークレットはすでに入れ替わっています。控えていない場合は、もう一度入れ替えてください。")})
		return s.views.Webhook.Page(w, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return missing(err)
	}
	note := "受け取り側の設定を入れ替えてください。24時間は、前のシークレットでも署名します。"
	if overlap == 0 {
		note = "受け取り側の設定をすぐに入れ替えてください。前のシークレットでは、もう署名しません。"
	}
	return s.once(w, &OncePage{Page: frame(r, TabWebhooks, "シークレットを入れ替えました"), What: "「%s」の新しい署名シークレット", Value: secret.Reveal(), Note: note, Back: hookPath(page.Hook.ID, "")}, page.Hook.Name)
}

// ReplayWebhook is POST /settings/webhooks/{id}/replay.
func (s *Screen) ReplayWebhook(w http.ResponseWriter, r *http.Request) error {
	page, err := s.webhook(r)
	if err != nil {
		return err
	}
	page.Replay = ReplayForm{By: r.PostFormValue("by"), From: r.PostFormValue("from"), Position: strings.TrimSpace(r.PostFormValue("position"))}
	// Who fills one of the two in means that one.
	switch {
	case page.Replay.From == "" && page.Replay.Position != "":
		page.Replay.By = "position"
	case page.Replay.From != "" && page.Replay.Position == "":
		page.Replay.By = "time"
	}
	var after int64
	switch page.Replay.By {
	case "time":
		from, err := ui.ReadFormTime(page.Replay.From)
		if err != nil {
			page.Wrong["from"] = page.T("日付と時刻を入力してください。")
			break
		}
		if after, err = s.db.FeedPositionAt(r.Context(), page.TenantID, from); err != nil {
			return err
		}
	case "position":
		n, err := ui.ReadNumber(page.Replay.Position)
		if err != nil || n < 1 || n > page.Newest+1 {
			page.Wrong["position"] = page.T("1 から %d までの整数を入力してください。", page.Newest+1)
		}
		after = n - 1
	default:
		return ui.ErrForm
	}
	if page.Wrong.Any() {
		return s.views.Webhook.Page(w, http.StatusUnprocessableEntity, page)
	}
	return s.act(w, r, "", ui.DoneReplay, func(id store.WebhookID) error {
		_, err := s.db.ReplayWebhook(r.Context(), page.TenantID, id, after)
		return err
	})
}
