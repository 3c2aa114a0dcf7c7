package patterns

import (
	"context"
	"errors"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/explain"
	"soroi/internal/store"
	"soroi/internal/text"
	"soroi/internal/web/ui"
	"soroi/internal/whatif"
)

// TryPage tries a pattern out against simulated customers, before it is saved.
type TryPage struct {
	ui.Page
	ID      int64  // of the pattern whose editor this came from; 0 of a new one
	Text    string // the pattern, as files have it
	Name    string
	Code    string // of the SKU whose history is taken; "" where rates are typed
	NoSKU   bool
	Units   string
	Risk    string
	Shops   []TryShop
	Wrong   []string
	Tried   []Tried
	Cycles  int64
	Best    string // the parts of the best split
	Frozen  bool   // it moves no units
	Picture template.HTML
}

// TryShop is what is typed for one shop. Spans are seconds.
type TryShop struct {
	ID                    int64
	Name, Rate, See, Show string
	Differences           bool // its numbers are written as differences
}

// Tried is a row of the outcome.
type Tried struct {
	Name                                              string
	This                                              bool // the pattern in question
	Oversold, Risk, Elsewhere, Nowhere, Pushes, Hours string
	Bad                                               bool // it oversells more often than the setting
	Stood                                             []string
}

// What a try may take: so many customers' cycles that a person waits for seconds, whatever was typed.
const (
	tryHistory   = 28 * 24 * time.Hour
	tryCycles    = 4000
	tryWrites    = 4e6 // of the simple sync, which writes each interval
	tryTime      = 20 * time.Second
	longestTry   = 7 * 24 * 3600
	usualUnits   = 30
	usualRateSum = 10
)

// Try is POST /patterns/try: from the editor, with what is typed there; from its own form, with what to try it against.
func (s *Screen) Try(w http.ResponseWriter, r *http.Request) error {
	page := &TryPage{Page: ui.FrameOf(r, ui.SectionPatterns, "試してみる")}
	shops, err := s.db.ListShops(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	own := r.PostFormValue("pattern") != ""
	if !own {
		editor, err := s.typed(r)
		if err != nil {
			return err
		}
		editor.number()
		p, ok := editor.pattern()
		if p.Name == "" {
			p.Name = page.T("名前のないパターン")
		}
		if !ok {
			return s.show(w, r, editor, http.StatusUnprocessableEntity)
		}
		page.ID, page.Code, page.Text = editor.ID, editor.Preview.Code, allocation.Format([]allocation.Pattern{p}, namesOf(shops))
	} else {
		page.ID, _ = strconv.ParseInt(r.PostFormValue("id"), 10, 64) // only for the way back
		page.Code, page.Text = strings.TrimSpace(r.PostFormValue("code")), r.PostFormValue("pattern")
	}
	patterns, wrong := allocation.Parse(page.Text, func(name string) (allocation.ShopID, bool) {
		i := slices.IndexFunc(shops, func(s store.Shop) bool { return s.Name == name })
		if i < 0 {
			return 0, false
		}
		return allocation.ShopID(shops[i].ID), true
	})
	if len(wrong) > 0 || len(patterns) != 1 {
		return ui.ErrForm // the text was not ours
	}
	page.Name = patterns[0].Name
	load := !own || r.PostFormValue("do") == "load"
	if err := s.fill(r, page, shops, own, load); err != nil {
		return err
	}
	status := http.StatusOK
	if q, ok := page.question(patterns[0]); ok && (!load || page.Code != "" && !page.NoSKU) {
		err = s.try(r, page, q)
	} else if !load {
		status = http.StatusUnprocessableEntity
	} else {
		page.Wrong = nil // nothing has been asked yet
	}
	if err != nil {
		return err
	}
	return s.views.Try.Page(w, status, page)
}

// fill puts into the form what was typed, and, when it is loaded, what is known of shops and of the SKU.
func (s *Screen) fill(r *http.Request, page *TryPage, shops []store.Shop, own, load bool) error {
	paces, err := s.db.ShopPaces(r.Context(), page.TenantID, s.engine.Specs())
	if err != nil {
		return err
	}
	page.Units, page.Risk = strconv.Itoa(usualUnits), strings.TrimSuffix(allocation.RiskText(allocation.UsualRisk), "%")
	if own {
		page.Units, page.Risk = strings.TrimSpace(r.PostFormValue("units")), strings.TrimSpace(r.PostFormValue("risk"))
	}
	rates := make(map[channel.ShopID]float64)
	if load && page.Code != "" {
		if rates, err = s.history(r, page); err != nil {
			return err
		}
	} else if load {
		for _, shop := range shops {
			rates[shop.ID] = usualRateSum / float64(len(shops))
		}
	}
	for _, shop := range shops {
		p := paces[shop.ID]
		t := TryShop{ID: int64(shop.ID), Name: shop.Name, Rate: figure(rates[shop.ID]), See: figure(float64(p.See) / 1e6), Show: figure(float64(p.Show) / 1e6), Differences: p.Write == allocation.Move}
		if own {
			at := func(field string) string {
				return strings.TrimSpace(r.PostFormValue(field + "." + strconv.FormatInt(t.ID, 10)))
			}
			t.See, t.Show = at("see"), at("show")
			if !load || page.Code == "" || page.NoSKU {
				t.Rate = at("rate")
			}
		}
		page.Shops = append(page.Shops, t)
	}
	return nil
}

// history is how fast a SKU has sold in each shop, and sets how many there are.
func (s *Screen) history(r *http.Request, page *TryPage) (map[channel.ShopID]float64, error) {
	item, err := s.db.LoadSKU(r.Context(), page.TenantID, page.Code)
	if errors.Is(err, store.ErrNotFound) {
		page.NoSKU = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sold, err := s.db.SoldByShop(r.Context(), page.TenantID, item.SKU, s.ui.Now().Add(-tryHistory))
	if err != nil {
		return nil, err
	}
	if n, limited := item.Sellable().Units(); limited && n > 0 {
		page.Units = strconv.FormatInt(min(n, whatif.MostUnits), 10)
	}
	rates := make(map[channel.ShopID]float64)
	for id, units := range sold {
		rates[id] = float64(units) / tryHistory.Hours()
	}
	return rates, nil
}

// figure writes a number with three digits that say something.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// question is what was typed; what cannot be read goes into Wrong, in words.
func (p *TryPage) question(pattern allocation.Pattern) (whatif.Question, bool) {
	q := whatif.Question{Search: true, SearchCycles: 300, Seed: 1}
	number := func(typed string, most float64) (float64, bool) {
		v, err := strconv.ParseFloat(strings.ReplaceAll(text.Fold(typed), ",", ""), 64)
		return v, err == nil && v >= 0 && v <= most
	}
	n, ok := number(p.Units, whatif.MostUnits)
	if !ok || n < 1 || n != math.Trunc(n) {
		p.Wrong = append(p.Wrong, p.T("個数「%s」が読めません。1 から %s の数字で入力してください。", p.Units, ui.Number(whatif.MostUnits)))
	}
	q.World.Units = int64(n)
	if q.Risk, ok = allocation.ParseRisk(text.Fold(p.Risk)); !ok {
		p.Wrong = append(p.Wrong, p.T("売り越しの確率「%s」が読めません。0.0001 以上 50 以下の数字で入力してください。", p.Risk))
	}
	sum, writes := 0.0, 0.0
	ids := make(map[allocation.ShopID]allocation.ShopID)
	for i, s := range p.Shops {
		rate, a := number(s.Rate, 1e6)
		see, b := number(s.See, longestTry)
		show, c := number(s.Show, longestTry)
		if !a || !b || !c || see < 0.001 {
			p.Wrong = append(p.Wrong, p.T("%s の数が読めません。売れ行きは 1 時間の注文数、遅れは秒で、0 以上の数字を入力してください（見るまでは 0 より大きい数）。", s.Name))
		}
		shop := whatif.Shop{Name: s.Name, Rate: rate, Every: int64(see * 1e6), Show: whatif.Lag{int64(show * 1e6)}, Write: allocation.Overwrite}
		if s.Differences {
			shop.Write = allocation.Move
		}
		q.World.Shops = append(q.World.Shops, shop)
		ids[allocation.ShopID(s.ID)] = allocation.ShopID(i + 1)
		sum += rate
		writes += 3600 / max(see, 0.001)
	}
	if sum == 0 && len(p.Wrong) == 0 {
		p.Wrong = append(p.Wrong, p.T("どの店舗でも売れないので、試せません。売れ行きを入力してください。"))
	}
	if len(p.Wrong) > 0 || len(p.Shops) == 0 || len(p.Shops) > whatif.MostShops {
		return q, false
	}
	own := pattern.Over(ids)
	q.Pattern = &own
	q.Cycles = int(min(max(tryWrites/(writes*n/sum), 200), tryCycles))
	return q, true
}

// try plays it. One at a time: a person waits rather than that stock does.
func (s *Screen) try(r *http.Request, page *TryPage, q whatif.Question) error {
	ctx, cancel := context.WithTimeout(r.Context(), tryTime)
	defer cancel()
	select {
	case s.trying <- struct{}{}:
		defer func() { <-s.trying }()
	case <-ctx.Done():
		page.Wrong = append(page.Wrong, page.T("ほかの人が試しているところです。少し待ってから、もう一度試してください。"))
		return nil
	}
	answers, err := whatif.Ask(ctx, q, s.clock.Now)
	if err != nil && r.Context().Err() == nil {
		page.Wrong = append(page.Wrong, page.T("時間内に終わりませんでした。個数を減らすか、遅れを短くして試してください。"))
		return nil
	}
	if err != nil {
		return err
	}
	lang := string(page.Lang)
	chart := whatif.Chart{Stood: explain.Whatif("stood", lang), Titles: [3]string{explain.Whatif("oversold", lang), explain.Whatif("elsewhere", lang), explain.Whatif("pushes", lang)}, Answers: answers}
	for _, shop := range q.World.Shops {
		chart.Shops = append(chart.Shops, shop.Name)
	}
	fixed := func(v float64, n int) string { return strconv.FormatFloat(v, 'f', n, 64) }
	for _, a := range answers {
		t := Tried{Name: explain.Whatif(a.Policy.Name, lang), This: a.Policy.Name == whatif.PatternName}
		if t.This {
			t.Name = page.Name
		}
		res := a.Result
		t.Oversold, t.Risk, t.Elsewhere, t.Nowhere, t.Pushes, t.Hours = fixed(res.Oversold, 2), fixed(100*res.Risk, 2)+"%", fixed(res.Elsewhere, 2), fixed(res.Nowhere, 2), fixed(res.Pushes, 0), fixed(res.Hours, 1)
		t.Bad = res.Risk*1e6 > float64(q.Risk)
		for _, v := range res.Stood {
			t.Stood = append(t.Stood, fixed(v, 1))
		}
		if a.Policy.Name == whatif.SplitName {
			page.Best, page.Frozen = strings.Join(a.Policy.Parts(), " / "), a.Policy.Frozen
		}
		page.Cycles = res.Cycles
		chart.Names = append(chart.Names, t.Name)
		page.Tried = append(page.Tried, t)
	}
	page.Picture = template.HTML(chart.SVG()) // made here, with every name escaped
	return nil
}
