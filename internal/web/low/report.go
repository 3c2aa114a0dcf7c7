package low

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/exchange"
	"soroi/internal/mail"
	"soroi/internal/report"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// ReportPage is where a view is sent every day, and how that went.
type ReportPage struct {
	ui.Page
	ID       store.ViewID
	Name     string
	Zone     string
	Mail     string // the mail server; "" is none
	Form     ReportForm
	Report   *store.ViewReport // nil when it is not sent
	TryError string            // why the try was not sent, and what to do
	Wrong    ui.FieldErrors
}

// ReportForm is what the form says.
type ReportForm struct {
	Hour       int
	Recipients string
	Webhook    bool
	SkipEmpty  bool
	Language   string
	Encoding   string
}

// mostRecipients bounds the addresses of a view.
const mostRecipients = 20

// Hours are those of a day.
func (p *ReportPage) Hours() []ui.Choice {
	var list []ui.Choice
	for h := range 24 {
		list = append(list, ui.Choice{Value: strconv.Itoa(h), Label: fmt.Sprintf("%d:00", h), Chosen: h == p.Form.Hour})
	}
	return list
}

// Encodings are those of the file.
func (p *ReportPage) Encodings() []ui.Choice {
	list := ui.Encodings()
	for i := range list {
		list[i].Chosen = list[i].Value == p.Form.Encoding
	}
	return list
}

// State says what became of the last day's, and how urgent that is.
func (p *ReportPage) State() ui.Notice {
	r := p.Report
	switch {
	case r.Failure != "":
		text := p.failure(report.ReadFailure(r.Failure))
		if !r.NextTryAt.IsZero() {
			text += " " + p.T("次は %s に自動で送り直します。", ui.When(r.NextTryAt))
		}
		return ui.Notice{Tone: ui.Bad, Text: text}
	case r.State == store.ReportSending:
		return ui.Notice{Tone: ui.Warn, Text: p.T("送信中です。終わらないときは、送れたか分からないため、この日はもう送りません。")}
	case r.State == store.ReportSent:
		return ui.Notice{Tone: ui.Good, Text: p.T("%s に送信しました。", ui.When(r.SentAt))}
	case r.SentAt.IsZero():
		return ui.Notice{Tone: ui.Quiet, Text: p.T("まだ送信していません。")}
	}
	return ui.Notice{Tone: ui.Quiet, Text: p.T("該当がなかったため送信していません。前回の送信は %s です。", ui.When(r.SentAt))}
}

// advice says what went wrong with a mail and what to do.
var advice = map[mail.Sort]string{
	mail.Absent:    "メールサーバーが設定されていません。soroi serve に --smtp-host と --smtp-from を付けて起動してください。",
	mail.Unreached: "メールサーバーに接続できません。サーバー名とポート、ネットワークを確認してください。",
	mail.Insecure:  "メールサーバーと安全に接続できません。--smtp-tls の指定と、サーバーの証明書を確認してください。",
	mail.Login:     "メールサーバーにサインインできません。--smtp-user と SOROI_SMTP_PASSWORD を確認してください。",
	mail.Sender:    "送信元のアドレスが拒否されました。--smtp-from を、このサーバーから送れるアドレスにしてください。",
	mail.Recipient: "宛先のアドレスが拒否され、誰にも送っていません。宛先を直して保存すると、すぐに送り直します。",
	mail.Busy:      "メールサーバーが、あとで送るように求めています。",
	mail.Refused:   "メールサーバーがこのメールを拒否しました。サーバーの返答を確認してください。",
	mail.Unsure:    "最後の返答の前に接続が切れました。届いたか分からないため、この日はもう送りません。受信を確認してください。",
}

func (p *ReportPage) failure(sort mail.Sort, words string) string {
	text := p.T(advice[sort])
	if words != "" {
		text += " " + p.T("サーバーの返答：%s", words)
	}
	return text
}

// Report is GET /low/views/{id}/report.
func (s *Screen) Report(w http.ResponseWriter, r *http.Request) error {
	page, _, err := s.reportPage(r)
	if err != nil {
		return err
	}
	return s.report.Page(w, http.StatusOK, page)
}

func (s *Screen) reportPage(r *http.Request) (*ReportPage, store.View, error) {
	page := &ReportPage{Page: ui.FrameOf(r, ui.SectionLow, "毎日送る"), Wrong: ui.FieldErrors{}, Form: ReportForm{Hour: 8, SkipEmpty: true, Encoding: string(exchange.UTF8BOM), Language: "ja"}}
	if page.Lang == ui.English {
		page.Form.Language = "en"
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, store.View{}, ui.ErrMissing
	}
	views, err := s.db.ListViews(r.Context(), page.TenantID, List)
	if err != nil {
		return nil, store.View{}, err
	}
	i := slices.IndexFunc(views, func(v store.View) bool { return int64(v.ID) == id })
	if i < 0 {
		return nil, store.View{}, ui.ErrMissing
	}
	zone, err := s.db.Zone(r.Context(), page.TenantID)
	if err != nil {
		return nil, store.View{}, err
	}
	page.Zone = zone.String()
	v := views[i]
	page.ID, page.Name, page.Report = v.ID, v.Name, v.Report
	if s.daily != nil {
		page.Mail = s.daily.Mail().Server()
	}
	if old := v.Report; old != nil {
		page.Form = ReportForm{old.Hour, strings.ReplaceAll(old.Recipients, ",", "\n"), old.Webhook, old.SkipEmpty, old.Language, old.Encoding}
	}
	return page, v, nil
}

// SaveReport is POST /low/views/{id}/report: it is kept, and on demand tried or ended.
func (s *Screen) SaveReport(w http.ResponseWriter, r *http.Request) error {
	page, v, err := s.reportPage(r)
	if err != nil {
		return err
	}
	here := fmt.Sprintf("/low/views/%d/report", v.ID)
	f := r.PostForm
	if f.Get("do") == "stop" {
		if err := s.db.SetReport(r.Context(), page.TenantID, v.ID, nil); err != nil {
			return err
		}
		s.cookies.After(w, r, View{ID: v.ID}.Address(), ui.DoneReportGone)
		return nil
	}
	form := &page.Form
	*form = ReportForm{Recipients: f.Get("recipients"), Webhook: f.Get("webhook") != "", SkipEmpty: f.Get("skip_empty") != "", Language: f.Get("language"), Encoding: f.Get("encoding")}
	if form.Hour, err = strconv.Atoi(f.Get("hour")); err != nil || form.Hour < 0 || form.Hour > 23 || !slices.Contains(exchange.Encodings, exchange.Encoding(form.Encoding)) {
		return ui.ErrForm
	}
	if form.Language != "en" {
		form.Language = "ja"
	}
	addresses := page.recipients()
	if !page.Wrong.Any() && len(addresses) == 0 && (!form.Webhook || f.Get("do") == "try") {
		page.Wrong["recipients"] = page.T("宛先を入力するか、Webhook を選んでください。テストには宛先が必要です。")
	}
	if page.Wrong.Any() {
		return s.report.Page(w, http.StatusUnprocessableEntity, page)
	}
	v.Report = &store.ViewReport{Hour: form.Hour, Recipients: strings.Join(addresses, ","), Webhook: form.Webhook, SkipEmpty: form.SkipEmpty, Language: form.Language, Encoding: form.Encoding}
	if f.Get("do") == "try" {
		err := &mail.Problem{Sort: mail.Absent}
		if s.daily != nil {
			tried := s.daily.Try(r.Context(), page.TenantID, v)
			if tried != nil && !errors.As(tried, &err) {
				return tried
			}
			if tried == nil {
				page.Notices = append(page.Notices, ui.Notice{Tone: ui.Good, Text: page.T("テストメールを送りました。届いたら「保存する」を押してください。")})
				return s.report.Page(w, http.StatusOK, page)
			}
		}
		page.TryError = page.failure(err.Sort, err.Text)
		return s.report.Page(w, http.StatusUnprocessableEntity, page)
	}
	switch err := s.db.SetReport(r.Context(), page.TenantID, v.ID, v.Report); {
	case errors.Is(err, store.ErrNotFound):
		return ui.ErrMissing
	case err != nil:
		return err
	}
	s.cookies.After(w, r, here, ui.DoneReport)
	return nil
}

// recipients reads the addresses: one a line, or with commas between.
func (p *ReportPage) recipients() []string {
	var list []string
	for _, typed := range strings.FieldsFunc(p.Form.Recipients, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == '、' || r == ';' }) {
		if typed = strings.TrimSpace(typed); typed == "" {
			continue
		}
		address, err := mail.Address(typed)
		if err != nil || strings.ContainsAny(address, ", ") {
			p.Wrong["recipients"] = p.T("「%s」はメールアドレスではありません。", typed)
			return nil
		}
		if !slices.Contains(list, address) {
			list = append(list, address)
		}
	}
	if len(list) > mostRecipients {
		p.Wrong["recipients"] = p.T("宛先は%d件までです。", mostRecipients)
	}
	return list
}
