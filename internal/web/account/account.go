package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"soroi/internal/credential"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Screen serves signing in and out and the first set-up.
type Screen struct {
	db      *store.DB
	cookies ui.Cookies
	views   Views
	guard   credential.Guard
	now     func() time.Time
}

// New makes it.
func New(u *ui.UI, db *store.DB, c ui.Cookies) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{db: db, cookies: c, views: v, now: u.Now}, err
}

// tenant is whom this process signs people in for: the first merchant.
func (s *Screen) tenant(ctx context.Context) (store.Tenant, error) {
	tenants, err := s.db.ListTenants(ctx)
	if err != nil {
		return store.Tenant{}, fmt.Errorf("list tenants: %w", err)
	}
	if len(tenants) == 0 {
		return store.Tenant{}, errors.New("the database has no tenant")
	}
	return tenants[0], nil
}

// NeedsSetup tells whether nobody has an account yet.
func (s *Screen) NeedsSetup(ctx context.Context) (bool, error) {
	t, err := s.tenant(ctx)
	if err != nil {
		return false, err
	}
	return s.db.NeedsOwner(ctx, t.ID)
}

// SetupForm is GET /setup. Once there is an account it leads to signing in.
func (s *Screen) SetupForm(w http.ResponseWriter, r *http.Request) error {
	needed, err := s.NeedsSetup(r.Context())
	if err != nil {
		return err
	}
	if !needed {
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return nil
	}
	return s.views.Setup.Page(w, http.StatusOK, &SetupPage{Page: ui.FrameOf(r, ui.SectionNone, "soroi をはじめる"), Wrong: ui.FieldErrors{}})
}

// Longest entries of the set-up, in characters.
const (
	longestName  = 80
	longestLogin = 120
)

// Setup is POST /setup.
func (s *Screen) Setup(w http.ResponseWriter, r *http.Request) error {
	page := &SetupPage{Page: ui.FrameOf(r, ui.SectionNone, "soroi をはじめる"), Wrong: ui.FieldErrors{}}
	page.Form = SetupForm{Company: strings.TrimSpace(r.PostFormValue("company")), Name: strings.TrimSpace(r.PostFormValue("name")), Login: strings.TrimSpace(r.PostFormValue("login"))}
	for field, entry := range map[string]string{"company": page.Form.Company, "name": page.Form.Name, "login": page.Form.Login} {
		longest := longestName
		if field == "login" {
			longest = longestLogin
		}
		if n := len([]rune(entry)); n == 0 {
			page.Wrong[field] = page.T("入力してください。")
		} else if n > longest {
			page.Wrong[field] = page.T("%d文字までにしてください。", longest)
		}
	}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		page.Wrong["again"] = page.T("上のパスワードと違います。")
	}
	if !page.Wrong.Any() {
		t, err := s.tenant(r.Context())
		if err != nil {
			return err
		}
		done, err := s.setUp(w, r, page, t.ID, password)
		if err != nil || done {
			return err
		}
	}
	return s.views.Setup.Page(w, http.StatusUnprocessableEntity, page)
}

// setUp makes the account and signs its owner in, or says in page.Wrong why not.
func (s *Screen) setUp(w http.ResponseWriter, r *http.Request, page *SetupPage, tenant stock.TenantID, password string) (done bool, err error) {
	ctx := r.Context()
	_, err = s.db.SetUpOwner(ctx, tenant, store.NewAccount{Login: page.Form.Login, Name: page.Form.Name, Password: password, Language: string(page.Lang)})
	var refused *credential.PasswordError
	switch {
	case errors.As(err, &refused):
		page.Wrong["password"] = page.T(ui.PasswordSentence(refused.Code))
		return false, nil
	case errors.Is(err, store.ErrLogin):
		page.Wrong["login"] = page.T("このログインIDは使えません。")
		return false, nil
	case errors.Is(err, store.ErrSetUp):
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return true, nil
	case err != nil:
		return false, fmt.Errorf("set up: %w", err)
	}
	if err := s.db.RenameTenant(ctx, tenant, page.Form.Company); err != nil {
		return false, fmt.Errorf("name the tenant: %w", err)
	}
	session, err := s.db.SignIn(ctx, tenant, page.Form.Login, password)
	if err != nil {
		return false, fmt.Errorf("sign the owner in: %w", err)
	}
	s.cookies.Set(w, ui.SessionCookie, session.Token, ui.SessionAge)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return true, nil
}

// SigninForm is GET /signin.
func (s *Screen) SigninForm(w http.ResponseWriter, r *http.Request) error {
	needed, err := s.NeedsSetup(r.Context())
	if err != nil {
		return err
	}
	if needed {
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return nil
	}
	return s.views.Signin.Page(w, http.StatusOK, &SigninPage{Page: ui.FrameOf(r, ui.SectionNone, "サインイン"), Back: r.URL.Query().Get("back"), Wrong: ui.FieldErrors{}})
}

// Signin is POST /signin.
func (s *Screen) Signin(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r.Context())
	if err != nil {
		return err
	}
	login, address := r.PostFormValue("login"), clientAddress(r)
	page := &SigninPage{Page: ui.FrameOf(r, ui.SectionNone, "サインイン"), Login: login, Back: r.PostFormValue("back"), Wrong: ui.FieldErrors{}}
	if wait := s.guard.Try(store.FoldLogin(login), address, s.now()); wait > 0 {
		wait = max(wait.Round(time.Second), time.Second)
		page.Wrong[""] = page.T("サインインの失敗が続いています。%s後にもう一度お試しください。", page.Lang.Lag(wait))
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		return s.views.Signin.Page(w, http.StatusTooManyRequests, page)
	}
	session, err := s.db.SignIn(r.Context(), t.ID, login, r.PostFormValue("password"))
	if errors.Is(err, store.ErrSignIn) {
		page.Wrong[""] = page.T("ログインIDかパスワードが違います。")
		return s.views.Signin.Page(w, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	s.guard.Passed(store.FoldLogin(login), address)
	s.cookies.Set(w, ui.SessionCookie, session.Token, ui.SessionAge)
	if _, err := r.Cookie(ui.LangCookie); err != nil { // whoever chose one in this browser keeps it
		s.cookies.SetLang(w, ui.Lang(session.Account.Language))
	}
	http.Redirect(w, r, ui.LocalPath(r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}

// Signout is POST /signout.
func (s *Screen) Signout(w http.ResponseWriter, r *http.Request) error {
	if cookie, err := r.Cookie(ui.SessionCookie); err == nil {
		if err := s.db.SignOut(r.Context(), cookie.Value); err != nil {
			return fmt.Errorf("sign out: %w", err)
		}
	}
	s.cookies.Set(w, ui.SessionCookie, "", -1)
	s.cookies.After(w, r, "/signin", ui.DoneSignout)
	return nil
}
