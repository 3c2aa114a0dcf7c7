package settings

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"soroi/internal/credential"
	"soroi/internal/feed"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Screen serves the pages of the settings.
type Screen struct {
	ui      *ui.UI
	db      *store.DB
	feed    *feed.Service
	cookies ui.Cookies
	views   Views
	guard   credential.Guard // of the current passwords that people give when they change theirs
}

// New makes it.
func New(u *ui.UI, db *store.DB, f *feed.Service, c ui.Cookies) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{ui: u, db: db, feed: f, cookies: c, views: v}, err
}

func frame(r *http.Request, tab Tab, title string, args ...any) Page {
	return Page{Page: ui.FrameOf(r, ui.SectionSettings, title, args...), Tab: tab, Wrong: ui.FieldErrors{}}
}

// errOwner is what staff read who ask for what is the owner's.
var errOwner = &ui.Refusal{Status: http.StatusForbidden, Text: "ここはオーナーだけが使えます。必要なときはオーナーに頼んでください。"}

// Owner lets owners in only.
func Owner(fn func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !ui.FrameOf(r, ui.SectionSettings, "設定").Owner {
			return errOwner
		}
		return fn(w, r)
	}
}

// zones are offered first. Any name of the IANA database may be typed.
var zones = []string{"Asia/Tokyo", "Asia/Seoul", "Asia/Taipei", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Bangkok", "Australia/Sydney", "Europe/London",
	"Europe/Berlin", "America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "UTC"}

// General is GET /settings.
func (s *Screen) General(w http.ResponseWriter, r *http.Request) error {
	page, err := s.general(r)
	if err != nil {
		return err
	}
	return s.views.General.Page(w, http.StatusOK, page)
}

func (s *Screen) general(r *http.Request) (*GeneralPage, error) {
	page := &GeneralPage{Page: frame(r, TabGeneral, "設定"), Zones: zones}
	tenant, err := s.db.LoadTenant(r.Context(), page.TenantID)
	if err != nil {
		return nil, fmt.Errorf("load tenant: %w", err)
	}
	if page.ZoneFixed, err = s.db.ZoneFixed(r.Context(), page.TenantID); err != nil {
		return nil, err
	}
	page.Company, page.Zone, page.Login = tenant.Name, tenant.TimeZone, page.Actor
	return page, nil
}

const longestName = 80

// checkName says what is wrong with a name that a person typed.
func (p *Page) checkName(field, name string) {
	if n := len([]rune(name)); n == 0 {
		p.Wrong[field] = p.T("入力してください。")
	} else if n > longestName {
		p.Wrong[field] = p.T("%d文字までにしてください。", longestName)
	}
}

// SaveCompany is POST /settings/company: the merchant's name and time zone.
func (s *Screen) SaveCompany(w http.ResponseWriter, r *http.Request) error {
	page, err := s.general(r)
	if err != nil {
		return err
	}
	was := page.Zone
	page.Company = strings.TrimSpace(r.PostFormValue("company"))
	page.checkName("company", page.Company)
	if !page.ZoneFixed {
		page.Zone = strings.TrimSpace(r.PostFormValue("zone"))
	}
	if !page.Wrong.Any() && page.Zone != was {
		switch err := s.db.SetTimeZone(r.Context(), page.TenantID, page.Zone); {
		case errors.Is(err, store.ErrZone):
			page.Wrong["zone"] = page.T("この名前の時間帯はありません。Asia/Tokyo のように入力してください。")
		case errors.Is(err, store.ErrZoneFixed):
			page.Zone, page.ZoneFixed = was, true
			page.Wrong["zone"] = page.T("受注が入ったため、時間帯はもう変えられません。")
		case err != nil:
			return fmt.Errorf("set the time zone: %w", err)
		}
	}
	if page.Wrong.Any() {
		return s.views.General.Page(w, http.StatusUnprocessableEntity, page)
	}
	if err := s.db.RenameTenant(r.Context(), page.TenantID, page.Company); err != nil {
		return fmt.Errorf("name the tenant: %w", err)
	}
	s.cookies.After(w, r, "/settings", ui.DoneSettings)
	return nil
}

// SavePassword is POST /settings/password: the person's own.
func (s *Screen) SavePassword(w http.ResponseWriter, r *http.Request) error {
	page, err := s.general(r)
	if err != nil {
		return err
	}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		page.Wrong["again"] = page.T("上のパスワードと違います。")
	} else if wait := s.guard.Try(page.Actor, page.Actor, s.ui.Now()); wait > 0 {
		page.Wrong["old"] = page.T("間違いが続いています。%s後にもう一度お試しください。", page.Lang.Lag(max(wait.Round(time.Second), time.Second)))
	} else {
		err := s.db.ChangePassword(r.Context(), page.TenantID, page.Actor, r.PostFormValue("old"), password)
		if !errors.Is(err, store.ErrSignIn) {
			s.guard.Passed(page.Actor, page.Actor)
		}
		switch wrong, refused := page.passwordWrong(err); {
		case errors.Is(err, store.ErrSignIn):
			page.Wrong["old"] = page.T("いまのパスワードが違います。")
		case refused:
			page.Wrong["password"] = wrong
		case err != nil:
			return fmt.Errorf("change password: %w", err)
		}
	}
	if page.Wrong.Any() {
		return s.views.General.Page(w, http.StatusUnprocessableEntity, page)
	}
	// All sessions have ended, this browser's too: it gets a new one.
	session, err := s.db.SignIn(r.Context(), page.TenantID, page.Actor, password)
	if err != nil {
		return fmt.Errorf("sign in after a change of password: %w", err)
	}
	s.cookies.Set(w, ui.SessionCookie, session.Token, ui.SessionAge)
	s.cookies.After(w, r, "/settings", ui.DonePassword)
	return nil
}

// passwordWrong says why a password was refused, if it was.
func (p *Page) passwordWrong(err error) (string, bool) {
	var refused *credential.PasswordError
	if !errors.As(err, &refused) {
		return "", false
	}
	return p.T(ui.PasswordSentence(refused.Code)), true
}

// SaveLanguage is POST /settings/language: the person's own, from now on in every browser.
func (s *Screen) SaveLanguage(w http.ResponseWriter, r *http.Request) error {
	page := frame(r, TabGeneral, "設定")
	to := ui.Japanese
	if ui.Lang(r.PostFormValue("language")) == ui.English {
		to = ui.English
	}
	if err := s.db.SetLanguage(r.Context(), page.TenantID, store.AccountID(page.AccountID), string(to)); err != nil {
		return fmt.Errorf("set language: %w", err)
	}
	s.cookies.SetLang(w, to)
	s.cookies.After(w, r, "/settings", ui.DoneSettings)
	return nil
}

// Tokens is GET /settings/tokens.
func (s *Screen) Tokens(w http.ResponseWriter, r *http.Request) error {
	page, err := s.tokens(r)
	if err != nil {
		return err
	}
	return s.views.Tokens.Page(w, http.StatusOK, page)
}

func (s *Screen) tokens(r *http.Request) (*TokensPage, error) {
	page := &TokensPage{Page: frame(r, TabTokens, "APIトークン")}
	list, err := s.db.ListAPITokens(r.Context(), page.TenantID)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	for _, t := range list {
		page.Tokens = append(page.Tokens, Token{ID: t.ID, Name: t.Name, MayWrite: t.MayWrite, CreatedAt: t.CreatedAt, UsedAt: t.UsedAt, EndedAt: t.RevokedAt})
	}
	return page, nil
}

// AddToken is POST /settings/tokens. Its answer shows the token, once: sent twice, the second is refused for its name.
func (s *Screen) AddToken(w http.ResponseWriter, r *http.Request) error {
	page, err := s.tokens(r)
	if err != nil {
		return err
	}
	page.Form = TokenForm{Name: strings.TrimSpace(r.PostFormValue("name")), MayWrite: r.PostFormValue("write") != ""}
	page.checkName("name", page.Form.Name)
	for _, t := range page.Tokens {
		if t.Name == page.Form.Name && t.EndedAt.IsZero() {
			page.Wrong["name"] = page.T("同じ名前の使えるトークンがあります。別の名前にするか、先にそちらを無効にしてください。")
		}
	}
	if page.Wrong.Any() {
		return s.views.Tokens.Page(w, http.StatusUnprocessableEntity, page)
	}
	_, presented, err := s.db.AddAPIToken(r.Context(), page.TenantID, page.Form.Name, page.Form.MayWrite)
	if err != nil {
		return err
	}
	return s.once(w, &OncePage{Page: frame(r, TabTokens, "APIトークンを作りました"), What: "APIトークン「%s」", Value: presented, Note: "プログラムの設定に入れてください。Authorization: Bearer のあとに付けて送ります。",
		Back: "/settings/tokens"}, page.Form.Name)
}

// once shows a secret. name is the argument of page.What.
func (s *Screen) once(w http.ResponseWriter, page *OncePage, name string) error {
	page.What, page.Note = page.T(page.What, name), page.T(page.Note)
	w.Header().Set("Cache-Control", "no-store")
	return s.views.Once.Page(w, http.StatusOK, page)
}

// RevokeToken is POST /settings/tokens/{id}/revoke.
func (s *Screen) RevokeToken(w http.ResponseWriter, r *http.Request) error {
	id, err := ui.PathID(r)
	if err != nil {
		return err
	}
	if err := s.db.RevokeAPIToken(r.Context(), frame(r, TabTokens, "APIトークン").TenantID, id); err != nil {
		return missing(err)
	}
	s.cookies.After(w, r, "/settings/tokens", ui.DoneRevoked)
	return nil
}

func missing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ui.ErrMissing
	}
	return err
}

// People is GET /settings/people.
func (s *Screen) People(w http.ResponseWriter, r *http.Request) error {
	page, err := s.people(r)
	if err != nil {
		return err
	}
	return s.views.People.Page(w, http.StatusOK, page)
}

func (s *Screen) people(r *http.Request) (*PeoplePage, error) {
	page := &PeoplePage{Page: frame(r, TabPeople, "スタッフ")}
	list, err := s.db.ListAccounts(r.Context(), page.TenantID)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	for _, a := range list {
		page.People = append(page.People, Person{ID: int64(a.ID), Name: a.Name, Login: a.Login, Owner: a.Role == store.Owner, Me: int64(a.ID) == page.AccountID, CreatedAt: a.CreatedAt})
	}
	return page, nil
}

// AddPerson is POST /settings/people.
func (s *Screen) AddPerson(w http.ResponseWriter, r *http.Request) error {
	page, err := s.people(r)
	if err != nil {
		return err
	}
	page.Form = PersonForm{Name: strings.TrimSpace(r.PostFormValue("name")), Login: strings.TrimSpace(r.PostFormValue("login")), Owner: r.PostFormValue("role") == string(store.Owner)}
	page.checkName("name", page.Form.Name)
	if page.Form.Login == "" {
		page.Wrong["login"] = page.T("入力してください。")
	}
	if r.PostFormValue("password") != r.PostFormValue("again") {
		page.Wrong["again"] = page.T("上のパスワードと違います。")
	}
	if !page.Wrong.Any() {
		role := store.Staff
		if page.Form.Owner {
			role = store.Owner
		}
		_, err := s.db.AddAccount(r.Context(), page.TenantID, store.NewAccount{Login: page.Form.Login, Name: page.Form.Name, Password: r.PostFormValue("password"), Language: string(page.Lang)}, role)
		var taken *store.ConflictError
		switch wrong, refused := page.passwordWrong(err); {
		case refused:
			page.Wrong["password"] = wrong
		case errors.Is(err, store.ErrLogin):
			page.Wrong["login"] = page.T("このログインIDは使えません。")
		case errors.As(err, &taken):
			page.Wrong["login"] = page.T("このログインIDの人はすでにいます。")
		case err != nil:
			return err
		}
	}
	if page.Wrong.Any() {
		return s.views.People.Page(w, http.StatusUnprocessableEntity, page)
	}
	s.cookies.After(w, r, "/settings/people", ui.DonePerson)
	return nil
}

// person finds the person of the path among a page's.
func (p *PeoplePage) person(r *http.Request) (Person, error) {
	id, err := ui.PathID(r)
	if err != nil {
		return Person{}, err
	}
	for _, one := range p.People {
		if one.ID == id {
			return one, nil
		}
	}
	return Person{}, ui.ErrMissing
}

// ResetPassword is POST /settings/people/{id}/password: for somebody who has forgotten theirs.
func (s *Screen) ResetPassword(w http.ResponseWriter, r *http.Request) error {
	page, err := s.people(r)
	if err != nil {
		return err
	}
	one, err := page.person(r)
	if err != nil {
		return err
	}
	err = s.db.SetPassword(r.Context(), page.TenantID, one.Login, r.PostFormValue("password"))
	if wrong, refused := page.passwordWrong(err); refused {
		page.Reset, page.Wrong["reset"] = one.ID, wrong
		return s.views.People.Page(w, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return missing(err)
	}
	s.cookies.After(w, r, "/settings/people", ui.DoneReset)
	return nil
}

// RemovePerson is POST /settings/people/{id}/remove.
func (s *Screen) RemovePerson(w http.ResponseWriter, r *http.Request) error {
	page, err := s.people(r)
	if err != nil {
		return err
	}
	one, err := page.person(r)
	if err != nil {
		return err
	}
	err = store.ErrLastOwner
	if !one.Me {
		err = s.db.RemoveAccount(r.Context(), page.TenantID, store.AccountID(one.ID))
	}
	if errors.Is(err, store.ErrLastOwner) {
		page.Notices = append(page.Notices, ui.Notice{Tone: ui.Bad, Text: page.T("自分自身と最後のオーナーは外せません。")})
		return s.views.People.Page(w, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return missing(err)
	}
	s.cookies.After(w, r, "/settings/people", ui.DonePersonGone)
	return nil
}
