package listings

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/store"
	"soroi/internal/text"
	"soroi/internal/web/ui"
)

// exampleRows is how many examples of each kind a preview shows.
const exampleRows = 5

// RuleForm is GET /listings/rule.
func (s *Screen) RuleForm(w http.ResponseWriter, r *http.Request) error {
	page := &RulePage{Page: ui.FrameOf(r, ui.SectionListings, "紐付けルール"), Wrong: ui.FieldErrors{}}
	shop, err := s.shopOf(r, page.Page, r.URL.Query().Get("shop"))
	if err != nil {
		return err
	}
	page.ShopID, page.Shop = int64(shop.ID), shop.Name
	m := shop.Match
	page.Form = RuleForm{Steps: m.Steps, Fold: m.Fold, Prefix: m.Prefix, Suffix: m.Suffix}
	return s.views.Rule.Page(w, http.StatusOK, page)
}

// Rule is POST /listings/rule: a rule is tried, or saved.
func (s *Screen) Rule(w http.ResponseWriter, r *http.Request) error {
	page := &RulePage{Page: ui.FrameOf(r, ui.SectionListings, "紐付けルール"), Wrong: ui.FieldErrors{}}
	shop, err := s.shopOf(r, page.Page, r.PostFormValue("shop"))
	if err != nil {
		return err
	}
	page.ShopID, page.Shop = int64(shop.ID), shop.Name
	rule := match.Rule{Steps: []match.Step{}, Fold: r.PostFormValue("fold") != "", Prefix: strings.TrimSpace(r.PostFormValue("prefix")), Suffix: strings.TrimSpace(r.PostFormValue("suffix"))}
	froms, tos := r.PostForm["from"], r.PostForm["to"]
	if len(froms) != len(tos) {
		return ui.ErrForm
	}
	for i, from := range froms {
		if from != "" {
			rule.Steps = append(rule.Steps, match.Step{From: match.Kind(from), To: match.Of(tos[i])})
		}
	}
	page.Form = RuleForm{Steps: rule.Steps, Fold: rule.Fold, Prefix: rule.Prefix, Suffix: rule.Suffix}
	for _, e := range rule.Check() {
		page.Wrong[e.Field] = ruleSentence(page.Lang, e)
	}
	if page.Wrong.Any() {
		return s.views.Rule.Page(w, http.StatusUnprocessableEntity, page)
	}
	if r.PostFormValue("do") == "save" {
		if err := s.db.SetMatchRule(r.Context(), page.TenantID, shop.ID, rule); err != nil {
			return fmt.Errorf("set match rule of shop %d: %w", shop.ID, err)
		}
		s.cookies.After(w, r, address("/listings", Query{Shop: page.ShopID}.values()), ui.DoneRule)
		return nil
	}
	p, err := s.db.PreviewMatching(r.Context(), page.TenantID, shop.ID, rule, exampleRows)
	if err != nil {
		return err
	}
	page.Preview = &Preview{Tried: int64(p.Tried), More: p.More, Linked: int64(p.Linked), Several: int64(p.Several), None: int64(p.None),
		Links: examples(p.Links), Doubts: examples(p.Doubts), Left: examples(p.Left)}
	return s.views.Rule.Page(w, http.StatusOK, page)
}

func examples(list []store.MatchExample) []Example {
	var found []Example
	for _, e := range list {
		one := Example{Title: e.Title, SKU: e.SKU, Code: e.Decision.Code.Text}
		if one.Code == "" && len(e.Codes) > 0 {
			one.Code = e.Codes[0].Text
		}
		found = append(found, one)
	}
	return found
}

// ruleSentence says what is wrong with a part of a rule.
func ruleSentence(l ui.Lang, e *match.FieldError) string {
	switch e.Code {
	case "twice":
		return l.T("同じ組み合わせが二度あります。")
	case "long":
		return l.T("40文字以内で入力してください。")
	case "many":
		return l.T("組み合わせは10個までです。")
	}
	return l.T("コードの種類を選んでください。")
}

const ignoredRows = 200

// Ignored is GET /listings/ignored.
func (s *Screen) Ignored(w http.ResponseWriter, r *http.Request) error {
	page, err := s.ignored(r)
	if err != nil {
		return err
	}
	return s.views.Ignored.Page(w, http.StatusOK, page)
}

func (s *Screen) ignored(r *http.Request) (*IgnoredPage, error) {
	page := &IgnoredPage{Page: ui.FrameOf(r, ui.SectionListings, "在庫でないコード"), After: r.URL.Query().Get("after")}
	list, err := s.db.ListIgnoredCodes(r.Context(), page.TenantID, page.After, ignoredRows+1)
	if err != nil {
		return nil, err
	}
	if len(list) > ignoredRows {
		list = list[:ignoredRows]
		page.Next = list[ignoredRows-1].Code
	}
	for _, c := range list {
		page.Codes = append(page.Codes, Ignored{c.Code, c.Reason, c.Actor, c.At})
	}
	return page, nil
}

// Ignore is POST /listings/ignore: a code is no stock, or is again.
func (s *Screen) Ignore(w http.ResponseWriter, r *http.Request) error {
	frame, t := ui.FrameOf(r, ui.SectionListings, "在庫でないコード"), targetOf(r)
	row := store.IgnoreRow{Code: strings.TrimSpace(r.FormValue("ignore")), Reason: strings.TrimSpace(r.PostFormValue("reason")), Remove: r.FormValue("remove") != ""}
	wrong := ""
	switch {
	case text.Fold(row.Code) == "":
		wrong = frame.T("商品コードを入力してください。")
	case len([]rune(row.Code)) > longestText || len([]rune(row.Reason)) > longestText:
		wrong = frame.T("コードが長すぎます。")
	}
	var found Row
	if t.quick {
		var err error
		if found, err = s.find(r, &frame, t); err != nil {
			return err
		}
	}
	var outcome store.IgnoreOutcome
	if wrong == "" {
		outcomes, err := s.db.IgnoreCodes(r.Context(), frame.TenantID, frame.Actor, []store.IgnoreRow{row})
		if err != nil {
			return err
		}
		if outcome = outcomes[0]; outcome.Refused() {
			wrong = frame.T("これは商品 %s のコードです。在庫でないことにはできません。", outcome.SKU)
		}
	}
	switch {
	case wrong != "" && t.quick:
		found.Wrong = wrong
		return s.views.List.Fragment(w, "pick", found)
	case wrong != "":
		page, err := s.ignored(r)
		if err != nil {
			return err
		}
		page.Form, page.Wrong = IgnoreForm{row.Code, row.Reason}, wrong
		return s.views.Ignored.Page(w, http.StatusUnprocessableEntity, page)
	case t.quick && row.Remove:
		return s.answerRow(w, r, frame, t)
	case t.quick:
		undo := address("/listings/ignore", url.Values{"remove": {"1"}, "ignore": {row.Code}})
		return s.views.List.Fragment(w, "pick", found.did(frame.T("「%s」を在庫でないコードにしました", row.Code), undo))
	}
	done := ui.DoneIgnored
	switch {
	case row.Remove:
		done = ui.DoneUnignored
	case outcome.Linked > 0:
		done = ui.DoneIgnoredLinked
	}
	s.cookies.After(w, r, t.back, done)
	return nil
}

// mostSole bounds the listings that one request looks at, and links.
const mostSole = 20_000

// SoleForm is GET /listings/sole: what is suggested without doubt.
func (s *Screen) SoleForm(w http.ResponseWriter, r *http.Request) error {
	return s.sole(w, r, r.URL.Query().Get("shop"), nil, nil)
}

// Sole is POST /listings/sole: it links that, for the chosen reasons, or shows other examples.
func (s *Screen) Sole(w http.ResponseWriter, r *http.Request) error {
	var chosen []match.Reason
	for _, reason := range match.Reasons() {
		if slices.Contains(r.PostForm["reason"], string(reason)) {
			chosen = append(chosen, reason)
		}
	}
	if chosen == nil {
		chosen = []match.Reason{}
	}
	if r.PostFormValue("do") != "link" {
		return s.sole(w, r, r.PostFormValue("shop"), chosen, nil)
	}
	frame := ui.FrameOf(r, ui.SectionListings, "出品")
	q := store.SoleQuery{Reasons: chosen}
	if id := r.PostFormValue("shop"); id != "" {
		shop, err := s.shopOf(r, frame, id)
		if err != nil {
			return err
		}
		q.Shop = shop.ID
	}
	count, err := s.db.LinkSole(r.Context(), frame.TenantID, q, frame.Actor, "", mostSole)
	if err != nil {
		return err
	}
	s.engine.Changed()
	return s.sole(w, r, r.PostFormValue("shop"), chosen, &SoleDone{int64(count.Linked), count.Claims})
}

func (s *Screen) sole(w http.ResponseWriter, r *http.Request, id string, chosen []match.Reason, done *SoleDone) error {
	page := &SolePage{Page: ui.FrameOf(r, ui.SectionListings, "まとめて紐付ける"), Done: done}
	if chosen == nil {
		chosen = []match.Reason{match.SameCode, match.SameJAN, match.SameOther, match.OwnFolded}
	}
	if id != "" {
		shop, err := s.shopOf(r, page.Page, id)
		if err != nil {
			return err
		}
		page.Query.Shop, page.Shop = int64(shop.ID), shop.Name
	}
	count, err := s.db.PreviewSole(r.Context(), page.TenantID, store.SoleQuery{Shop: channel.ShopID(page.Query.Shop), Reasons: chosen}, "", mostSole)
	if err != nil {
		return err
	}
	page.Tried, page.More = int64(count.Tried), count.Next != ""
	for _, why := range match.Reasons() {
		if n := count.Found[why]; n > 0 {
			page.Reasons = append(page.Reasons, SoleReason{string(why), reason(page.Lang, why), int64(n), slices.Contains(chosen, why)})
		}
	}
	for _, l := range count.Examples {
		s, _ := store.Sole(l.Suggestions)
		page.Examples = append(page.Examples, Example{Title: l.Title, Code: s.Candidate.Code.Text, SKU: s.Code})
	}
	return s.views.Sole.Page(w, http.StatusOK, page)
}
