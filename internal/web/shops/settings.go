package shops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/web/ui"
)

// settings are the lines of a channel's form. kept is what is saved, typed what a person has just entered (nil: nothing), wrong what
// was refused. A secret's value never leaves.
func settings(l ui.Lang, spec channel.Spec, kept, typed channel.Settings, wrong []*channel.FieldError) []Setting {
	list := make([]Setting, 0, len(spec.Fields))
	for _, f := range spec.Fields {
		s := Setting{Key: f.Key, Label: f.Label, Help: f.Help, Secret: f.Secret, Required: f.Required, Long: f.Long}
		if l == ui.English {
			s.Label, s.Help = cmp.Or(f.LabelEN, f.Label), cmp.Or(f.HelpEN, f.Help)
		}
		switch value, entered := typed[f.Key]; {
		case f.Secret:
			s.Kept = kept[f.Key] != ""
		case entered:
			s.Value = value.Reveal()
		default:
			s.Value = cmp.Or(kept[f.Key].Reveal(), f.Default)
		}
		for _, e := range wrong {
			if e.Field == f.Key {
				s.Wrong = l.FieldSentence(e)
			}
		}
		list = append(list, s)
	}
	return list
}

// readSettings reads the channel's fields from a posted form. An empty secret keeps the one that is saved.
func readSettings(r *http.Request, spec channel.Spec, kept channel.Settings) channel.Settings {
	typed := make(channel.Settings, len(spec.Fields))
	for _, f := range spec.Fields {
		value := strings.TrimSpace(r.PostFormValue("set." + f.Key))
		if value == "" && f.Secret {
			value = kept[f.Key].Reveal()
		}
		typed[f.Key] = channel.Secret(value)
	}
	return typed
}

// checkTime is how long trying credentials may take.
const checkTime = 10 * time.Second

// check finds what is wrong with settings: by themselves, when opening the shop, and by asking the shop, where it can be asked without any
// effect. A shop that does not answer now is no reason to refuse.
func (s *Screen) check(ctx context.Context, l ui.Lang, spec channel.Spec, typed channel.Settings) (wrong []*channel.FieldError, refused string) {
	if wrong = typed.Check(spec, s.engine.TestMalls()); len(wrong) > 0 {
		return wrong, ""
	}
	shop, err := s.engine.Open(spec.Kind, typed)
	var field *channel.FieldError
	if errors.As(err, &field) {
		return []*channel.FieldError{field}, ""
	}
	if err != nil || !spec.Can.Check {
		return nil, ""
	}
	asking, stop := context.WithTimeout(ctx, checkTime)
	defer stop()
	var answer *channel.Error
	if _, err := shop.Check(asking); errors.As(err, &answer) && answer.Kind == channel.Auth {
		return nil, l.T("店舗がこのキーを受け付けませんでした。モールの管理画面で確かめてください。") + " " + answer.Code + " " + answer.Message
	}
	return nil, ""
}

// NewForm is GET /shops/new: the choice of a channel, then its form.
func (s *Screen) NewForm(w http.ResponseWriter, r *http.Request) error {
	page := &NewPage{Page: ui.FrameOf(r, ui.SectionShops, "店舗を追加"), Wrong: ui.FieldErrors{}}
	specs := s.engine.Specs()
	for _, kind := range slices.Sorted(maps.Keys(specs)) {
		page.Channels = append(page.Channels, Channel{Kind: kind, Name: specs[kind].Name, Notes: string(kind)})
	}
	if kind := channel.Kind(r.URL.Query().Get("kind")); kind != "" {
		spec, known := specs[kind]
		if !known {
			return ui.ErrMissing
		}
		page.Kind, page.Channel, page.Fields = kind, spec.Name, settings(page.Lang, spec, nil, nil, nil)
	}
	return s.views.New.Page(w, http.StatusOK, page)
}

const longestName = 60

// Add is POST /shops.
func (s *Screen) Add(w http.ResponseWriter, r *http.Request) error {
	page := &NewPage{Page: ui.FrameOf(r, ui.SectionShops, "店舗を追加"), Wrong: ui.FieldErrors{}, Kind: channel.Kind(r.PostFormValue("kind")), Name: strings.TrimSpace(r.PostFormValue("name"))}
	spec, known := s.engine.Specs()[page.Kind]
	if !known {
		return ui.ErrMissing
	}
	page.Channel = spec.Name
	typed := readSettings(r, spec, nil)
	switch n := len([]rune(page.Name)); {
	case n == 0:
		page.Wrong["name"] = page.T("入力してください。")
	case n > longestName:
		page.Wrong["name"] = page.T("60文字までにしてください。")
	}
	wrong, refused := s.check(r.Context(), page.Lang, spec, typed)
	if refused != "" {
		page.Wrong[""] = refused
	}
	if len(wrong) == 0 && !page.Wrong.Any() {
		shop, err := s.db.AddShop(r.Context(), page.TenantID, spec.Kind, page.Name, typed)
		switch {
		case isConflict(err):
			page.Wrong["name"] = page.T("この呼び名の店舗はすでにあります。")
		case err != nil:
			return fmt.Errorf("add shop: %w", err)
		default:
			s.cookies.After(w, r, path(int64(shop.ID), ""), ui.DoneAdded)
			return nil
		}
	}
	page.Fields = settings(page.Lang, spec, nil, typed, wrong)
	return s.views.New.Page(w, http.StatusUnprocessableEntity, page)
}

// Save is POST /shops/{id}/settings.
func (s *Screen) Save(w http.ResponseWriter, r *http.Request) error {
	page, shop, err := s.detail(r)
	if err != nil {
		return err
	}
	spec, known := s.engine.Specs()[shop.Kind]
	if !known {
		return ui.ErrMissing
	}
	typed := readSettings(r, spec, shop.Settings)
	wrong, refused := s.check(r.Context(), page.Lang, spec, typed)
	if len(wrong) > 0 || refused != "" {
		page.Fields = settings(page.Lang, spec, shop.Settings, typed, wrong)
		if refused != "" {
			page.Notices = append(page.Notices, ui.Notice{Tone: ui.Bad, Text: refused})
		}
		return s.views.Detail.Page(w, http.StatusUnprocessableEntity, page)
	}
	// What the form does not ask for, such as a token that the connector renews, stays.
	saved := maps.Clone(shop.Settings)
	maps.Copy(saved, typed)
	if err := s.db.SetSettings(r.Context(), page.TenantID, shop.ID, saved); err != nil {
		return fmt.Errorf("save settings of shop %d: %w", shop.ID, err)
	}
	s.cookies.After(w, r, path(int64(shop.ID), ""), ui.DoneSaved)
	return nil
}
