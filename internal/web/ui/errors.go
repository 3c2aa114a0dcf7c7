package ui

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
)

// Refusal is an answer that is not a page: what the person reads, and its HTTP status.
type Refusal struct {
	Status int
	Text   string // a Japanese sentence of the tables
}

func (e *Refusal) Error() string { return fmt.Sprintf("refused with %d: %s", e.Status, e.Text) }

// The usual refusals.
var (
	ErrMissing = &Refusal{http.StatusNotFound, "このページは見つかりません。アドレスをお確かめください。"}
	ErrForm    = &Refusal{http.StatusForbidden, "フォームの有効期限が切れました。前のページを開き直してから、もう一度お試しください。"}
	ErrLarge   = &Refusal{http.StatusRequestEntityTooLarge, "送られた内容が大きすぎます。"}
)

// ErrorPage tells a person that something went wrong.
type ErrorPage struct {
	Page
	Status    int
	Text      string
	Reference string // finds the log line; "" when there is nothing to find
}

// Handle serves a handler that may fail. A *Refusal becomes its sentence; anything else a sentence with a reference number that
// stands in the log beside the error. It panics with http.ErrAbortHandler, which breaks the connection off, when a part of a file has been sent: else
// browsers would take it for a whole one.
func (u *UI) Handle(fn func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = withFrame(r)
		err := fn(w, r)
		if err == nil || r.Context().Err() != nil {
			return
		}
		if half := (*halfError)(nil); errors.As(err, &half) {
			u.log.Error("half a file was sent", "path", r.URL.Path, "error", err)
			panic(http.ErrAbortHandler)
		}
		if isSent(err) {
			u.log.Debug("page not delivered", "path", r.URL.Path, "error", err)
			return
		}
		page := &ErrorPage{Page: FrameOf(r, SectionNone, "エラー"), Status: http.StatusInternalServerError}
		var refusal *Refusal
		if errors.As(err, &refusal) {
			page.Status, page.Text = refusal.Status, page.T(refusal.Text)
		} else {
			page.Reference = rand.Text()[:8]
			page.Text = page.T("処理できませんでした。少し待ってから、もう一度お試しください。続く場合は参照番号をお知らせください。")
			u.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "tenant", page.TenantID, "reference", page.Reference, "error", err)
		}
		if err := u.errors.Page(w, page.Status, page); err != nil {
			u.log.Error("error page failed", "error", err)
		}
	})
}
