package ui

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strconv"
)

// Cookies makes the screens' cookies. Secure is set where browsers come over HTTPS.
type Cookies struct{ Secure bool }

// The names of the cookies.
const (
	SessionCookie = "soroi_session"
	visitCookie   = "soroi_visit" // stands in for the session while nobody is signed in
	doneCookie    = "soroi_done"  // what the last action did, for the page after it
)

// Set sets a cookie that scripts cannot read and other sites cannot send. A maxAge of 0 lasts as long as the browser, a negative one
// removes it; the unit is seconds.
func (c Cookies) Set(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode})
}

// SessionAge is how long a browser keeps the session's cookie, in seconds; the store ends the session earlier when it is not used.
const SessionAge = 90 * 24 * 60 * 60

// SetLang keeps a person's choice of language in the browser.
func (c Cookies) SetLang(w http.ResponseWriter, l Lang) {
	c.Set(w, LangCookie, string(l), 365*24*60*60)
}

// PathID is the number in a request's path under "id", or ErrMissing.
func PathID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, ErrMissing
	}
	return id, nil
}

// FormKey is the secret that this browser's form tokens are made of: its session, or a cookie of its own before signing in.
func (c Cookies) FormKey(w http.ResponseWriter, r *http.Request, session string) string {
	if session != "" {
		return session
	}
	if visit, err := r.Cookie(visitCookie); err == nil && len(visit.Value) >= 20 {
		return visit.Value
	}
	key := rand.Text()
	c.Set(w, visitCookie, key, 0)
	return key
}

// FormToken is the token of every form that is shown to the holder of a key.
func FormToken(key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("soroi form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// CheckForm refuses a posted form that does not carry the token of its sender's key with ErrForm.
func CheckForm(r *http.Request, key string) error {
	if subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(FormToken(key))) != 1 {
		return ErrForm
	}
	return nil
}

// Done is what an action did, as the page after it says.
type Done string

// What actions do.
const (
	DoneChanged       Done = "changed"
	DoneSaved         Done = "saved"
	DoneAdded         Done = "added"
	DonePaused        Done = "paused"
	DoneLive          Done = "live"
	DoneRehearse      Done = "rehearsing"
	DoneOutage        Done = "outage"
	DoneNoOutage      Done = "no_outage"
	DoneListing       Done = "listing"
	DoneSignout       Done = "signout"
	DonePattern       Done = "pattern"
	DonePatternGone   Done = "pattern_gone"
	DoneView          Done = "view"
	DoneViewGone      Done = "view_gone"
	DoneReport        Done = "view_report"
	DoneReportGone    Done = "view_report_gone"
	DoneNothing       Done = "nothing"
	DoneBulk          Done = "bulk"
	DoneTerms         Done = "terms"
	DoneAllotment     Done = "allotment"
	DoneBundle        Done = "bundle"
	DoneProduct       Done = "product"
	DoneArchived      Done = "archived"
	DoneRestored      Done = "restored"
	DoneDeleted       Done = "deleted"
	DoneInbound       Done = "inbound"
	DoneInboundClosed Done = "inbound_closed"
	DoneReceived      Done = "received"
	DoneLinked        Done = "linked"
	DoneLinkedClaims  Done = "linked_claims"
	DoneUnlinked      Done = "unlinked"
	DoneForgotten     Done = "forgotten"
	DoneIgnored       Done = "ignored"
	DoneIgnoredLinked Done = "ignored_linked"
	DoneUnignored     Done = "unignored"
	DoneRule          Done = "rule"
	DoneFullPass      Done = "full_pass"
	DoneSettings      Done = "settings"
	DonePassword      Done = "password"
	DoneRevoked       Done = "revoked"
	DonePerson        Done = "person"
	DonePersonGone    Done = "person_gone"
	DoneReset         Done = "reset"
	DoneHookPaused    Done = "hook_paused"
	DoneHookResumed   Done = "hook_resumed"
	DoneHookGone      Done = "hook_gone"
	DonePing          Done = "ping"
	DonePingRefused   Done = "ping_refused"
	DoneReplay        Done = "replay"
	DoneApproved      Done = "approved"
	DoneUnapproved    Done = "unapproved"
	DoneRecount       Done = "recount"
	DoneAbsent        Done = "absent"
	DoneClosed        Done = "closed"
)

// doneSentences has one Japanese sentence per Done.
var doneSentences = map[Done]string{
	DoneChanged:       "在庫を変更しました。各店舗へ反映します。",
	DoneSaved:         "接続設定を保存しました。数秒で新しい設定に切り替わります。",
	DoneAdded:         "店舗を追加しました。リハーサル中です。出品を取り込んでいます。",
	DonePaused:        "一時停止しました。この店舗には何も送信しません。",
	DoneLive:          "本番にしました。危ないものから順に送信します。",
	DoneRehearse:      "リハーサルにしました。この店舗には何も送信しません。",
	DoneOutage:        "計画停止を登録しました。",
	DoneNoOutage:      "計画停止を取り消しました。",
	DoneListing:       "出品の取り込みを始めました。終わると、この画面の数が変わります。",
	DoneSignout:       "サインアウトしました。",
	DoneProduct:       "登録内容を保存しました。",
	DoneArchived:      "取扱終了にしました。一覧に出さず、どの店舗でも 0 にします。",
	DoneRestored:      "取扱を再開しました。各店舗へ反映します。",
	DoneDeleted:       "使われていない SKU を削除しました。",
	DoneBundle:        "セット商品の構成を保存しました。販売する数を計算し直します。",
	DonePattern:       "配分パターンを保存しました。使っている SKU の掲載目標を、受注の処理のあとに計算し直します。",
	DonePatternGone:   "配分パターンを削除しました。",
	DoneView:          "事前設定を保存しました。",
	DoneViewGone:      "事前設定を削除しました。",
	DoneReport:        "毎日の送信を保存しました。",
	DoneReportGone:    "毎日の送信を止めました。",
	DoneNothing:       "先に、一覧で SKU にチェックを付けてください。",
	DoneBulk:          "選んだ SKU を変更しました。各店舗へ反映します。",
	DoneAllotment:     "配分を変更しました。各店舗へ反映します。",
	DoneInbound:       "入荷予定を登録しました。",
	DoneInboundClosed: "入荷予定を締め切りました。",
	DoneReceived:      "入荷を登録しました。各店舗へ反映します。",
	DoneTerms:         "条件を変更しました。各店舗へ反映します。",
	DoneLinked:        "紐付けました。",
	DoneLinkedClaims:  "紐付けました。受注の引当も合わせました。",
	DoneUnlinked:      "紐付けを外しました。",
	DoneForgotten:     "出品を消しました。店舗に戻れば、また取り込みます。",
	DoneIgnored:       "在庫でないコードにしました。出品と受注で、もう聞きません。",
	DoneIgnoredLinked: "在庫でないコードにしました。このコードでSKUに紐付いている出品は、在庫として扱い続けます。",
	DoneUnignored:     "在庫として扱うようにしました。出品と受注に、また出ます。",
	DoneRule:          "紐付けルールを保存しました。紐付けなしの出品に使っています。",
	DoneFullPass:      "全件の送り直しを始めました。急ぐものの後に送ります。",
	DoneSettings:      "設定を保存しました。",
	DonePassword:      "パスワードを変更しました。ほかのブラウザはサインアウトされました。",
	DoneRevoked:       "トークンを無効にしました。",
	DonePerson:        "追加しました。ログインIDと最初のパスワードを本人に伝えてください。",
	DonePersonGone:    "外しました。もうサインインできません。",
	DoneReset:         "パスワードを決め直しました。本人に伝えてください。",
	DoneHookPaused:    "一時停止しました。その間のイベントは、再開すると順に送ります。",
	DoneHookResumed:   "再開しました。止まっていたところから順に送ります。",
	DoneHookGone:      "Webhook を削除しました。",
	DonePing:          "テスト送信が受け取られました。",
	DonePingRefused:   "テスト送信は受け取られませんでした。記録のいちばん上に、受け取り側の答えがあります。",
	DoneReplay:        "送り直しを始めました。選んだところから順に送ります。",
	DoneApproved:      "差異を反映しました。各店舗へ順に反映します。",
	DoneUnapproved:    "反映を取り消しました。実在庫を元に戻しました。",
	DoneRecount:       "数え直しを依頼しました。前に数えた数は使いません。",
	DoneAbsent:        "数えていない SKU を 0 と数えました。反映するまで在庫は変わりません。",
	DoneClosed:        "棚卸を終えました。",
}

// After sends the browser on after an action that worked; the page says what was done.
func (c Cookies) After(w http.ResponseWriter, r *http.Request, to string, done Done) {
	if done != "" {
		c.Set(w, doneCookie, string(done), 60)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// TakeDone is the notice of the action before, once.
func (c Cookies) TakeDone(w http.ResponseWriter, r *http.Request, l Lang) []Notice {
	cookie, err := r.Cookie(doneCookie)
	if err != nil {
		return nil
	}
	c.Set(w, doneCookie, "", -1)
	if text, ok := doneSentences[Done(cookie.Value)]; ok {
		tone := Good
		if Done(cookie.Value) == DoneNothing || Done(cookie.Value) == DonePingRefused {
			tone = Warn
		}
		return []Notice{{Tone: tone, Text: l.T(text)}}
	}
	return nil
}

// LocalPath is a path of ours that a request named, "/" when it names anything else.
func LocalPath(path string) string {
	if len(path) == 0 || path[0] != '/' || len(path) > 1 && (path[1] == '/' || path[1] == '\\') {
		return "/"
	}
	for i := range len(path) {
		if path[i] < ' ' || path[i] == 0x7f {
			return "/"
		}
	}
	return path
}
