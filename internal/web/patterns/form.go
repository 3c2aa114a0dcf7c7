package patterns

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/allocation"
	"soroi/internal/explain"
	"soroi/internal/stock"
	"soroi/internal/text"
	"soroi/internal/web/ui"
)

// read takes what a person typed into the editor.
func (p *EditPage) read(r *http.Request) {
	p.Name = strings.TrimSpace(r.PostFormValue("name"))
	p.Version, _ = strconv.ParseInt(r.PostFormValue("version"), 10, 64) // a form that was tampered with is refused as changed meanwhile
	rules, _ := strconv.Atoi(r.PostFormValue("rules"))
	p.Rules = nil
	for i := range min(max(rules, 0), allocation.MostRules) {
		at := func(field string) string { return r.PostFormValue(fmt.Sprintf("r%d.%s", i, field)) }
		rule := Rule{From: at("from"), To: at("to"), Default: Cell{Kind: at("others.kind"), N: at("others.n")}}
		for _, shop := range p.Shops {
			key := strconv.FormatInt(shop.ID, 10)
			rule.Cells = append(rule.Cells, Cell{Kind: at(key + ".kind"), N: at(key + ".n")})
		}
		p.Rules = append(p.Rules, rule)
	}
}

// write puts a stored pattern into the editor.
func (p *EditPage) write(a allocation.Pattern) {
	p.Name = a.Name
	p.Rules = nil
	for _, r := range a.Rules {
		rule := Rule{From: strconv.FormatInt(r.From, 10), Default: cell(r.Default)}
		if r.Auto > 0 {
			rule.Default = Cell{Kind: autoKind, N: strings.TrimSuffix(allocation.RiskText(r.Auto), "%")}
		}
		if r.To != allocation.Open {
			rule.To = strconv.FormatInt(r.To, 10)
		}
		for _, shop := range p.Shops {
			c := Cell{}
			if i := slices.IndexFunc(r.Shares, func(s allocation.ShopShare) bool { return int64(s.Shop) == shop.ID }); i >= 0 {
				c = cell(r.Shares[i].Share)
			}
			rule.Cells = append(rule.Cells, c)
		}
		p.Rules = append(p.Rules, rule)
	}
}

func cell(s allocation.Share) Cell {
	c := Cell{Kind: string(s.Kind)}
	switch s.Kind {
	case allocation.Percent:
		c.N = strings.TrimSuffix(s.String(), "%")
	case allocation.Fixed, allocation.AtMost:
		c.N = strconv.FormatInt(s.N, 10)
	}
	return c
}

// addRule adds a rule after the last: it begins where that one ends.
func (p *EditPage) addRule() {
	rule := Rule{From: "0", Default: Cell{Kind: string(allocation.Same)}}
	if n := len(p.Rules); n > 0 {
		last := &p.Rules[n-1]
		from, _ := units(last.From)
		if to, err := units(last.To); err == nil {
			rule.From = strconv.FormatInt(to+1, 10)
		} else {
			last.To = strconv.FormatInt(from+10, 10)
			rule.From = strconv.FormatInt(from+11, 10)
		}
	}
	rule.Cells = make([]Cell, len(p.Shops))
	p.Rules = append(p.Rules, rule)
}

// number completes the rules for rendering.
func (p *EditPage) number() {
	for i := range p.Rules {
		rule := &p.Rules[i]
		rule.Number = i + 1
		rule.Default.Key, rule.Default.Shop = fmt.Sprintf("r%d.others", i), p.T("ほかの店舗")
		for k, shop := range p.Shops {
			rule.Cells[k].Key, rule.Cells[k].Shop = fmt.Sprintf("r%d.%d", i, shop.ID), shop.Name
		}
	}
}

// pattern is what has been typed as a pattern; what cannot be read goes into Wrong, in words.
func (p *EditPage) pattern() (allocation.Pattern, bool) {
	a := allocation.Pattern{Name: p.Name}
	p.Wrong = nil
	for i := range p.Rules {
		rule := &p.Rules[i]
		from, err := units(rule.From)
		if rule.From == "" {
			from, err = 0, nil
		}
		to := int64(allocation.Open)
		if err == nil && rule.To != "" {
			to, err = units(rule.To)
		}
		if err != nil {
			p.Wrong = append(p.Wrong, p.T("規則 %d の範囲「%s〜%s」が読めません。数字で入力し、上限がないときは右を空にしてください。", i+1, rule.From, rule.To))
			continue
		}
		rule.Words = explain.Range(from, to, string(p.Lang))
		r := allocation.Rule{From: from, To: to}
		if rule.Default.Kind == autoKind {
			r.Auto = p.risk(i, &rule.Default)
		} else {
			r.Default = p.share(i, rule.Default)
		}
		for k, c := range rule.Cells {
			if c.Kind != "" {
				r.Shares = append(r.Shares, allocation.ShopShare{Shop: allocation.ShopID(p.Shops[k].ID), Share: p.share(i, c)})
			}
		}
		rule.Split = r.Split()
		a.Rules = append(a.Rules, r)
	}
	if len(p.Wrong) > 0 {
		return a, false
	}
	if a.Name == "" {
		a.Name = "–" // the figures do not depend on it; saving asks for one
	}
	for _, mistake := range allocation.Check(a) {
		p.Wrong = append(p.Wrong, explain.PatternMistake(mistake, string(p.Lang), p.shopName))
	}
	a.Name = p.Name
	return a, len(p.Wrong) == 0
}

// risk reads the risk of an auto rule; what is left empty is the usual one.
func (p *EditPage) risk(rule int, c *Cell) int64 {
	if strings.TrimSpace(c.N) == "" {
		c.N = strings.TrimSuffix(allocation.RiskText(allocation.UsualRisk), "%")
	}
	risk, ok := allocation.ParseRisk(text.Fold(c.N))
	if !ok {
		p.Wrong = append(p.Wrong, p.T("規則 %d のおまかせの確率「%s」が読めません。0.0001 以上 50 以下の数字（%%）で入力してください。", rule+1, c.N))
		return allocation.UsualRisk
	}
	return risk
}

func (p *EditPage) share(rule int, c Cell) allocation.Share {
	s := allocation.Share{Kind: allocation.ShareKind(c.Kind)}
	var err error
	switch s.Kind {
	case allocation.Percent:
		s.N, err = percent(c.N)
	case allocation.Fixed, allocation.AtMost:
		s.N, err = units(c.N)
	}
	if err != nil {
		p.Wrong = append(p.Wrong, p.T("規則 %d の %s の数「%s」が読めません。0 以上の数字で入力してください。", rule+1, c.Shop, c.N))
	}
	return s
}

func (p *EditPage) shopName(id allocation.ShopID) string {
	for _, s := range p.Shops {
		if s.ID == int64(id) {
			return s.Name
		}
	}
	return ""
}

// units reads a number as people type it: wide digits and commas are fine.
func units(typed string) (int64, error) {
	return strconv.ParseInt(strings.ReplaceAll(text.Fold(typed), ",", ""), 10, 64)
}

// percent reads 50, 12.5 or 8.33%, in hundredths of a percent.
func percent(typed string) (int64, error) {
	whole, part, _ := strings.Cut(strings.TrimSpace(strings.TrimSuffix(text.Fold(typed), "%")), ".")
	if len(part) > 2 {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
}

// figures are what the shops show of telling quantities: small ones, both sides of each rule's ends, and round ones.
func figures(a allocation.Pattern, shops []allocation.Shop) []Figure {
	telling := []int64{0, 1, 2, 3, 5, 10, 20, 50, 100}
	for _, r := range a.Rules {
		telling = append(telling, r.From-1, r.From)
		if r.To != allocation.Open {
			telling = append(telling, r.To, r.To+1)
		}
	}
	slices.Sort(telling)
	telling = slices.Compact(telling)
	var list []Figure
	for _, n := range telling {
		if n < 0 || len(list) == mostFigures {
			continue
		}
		f := Figure{Sellable: stock.Units(n)}
		sum := int64(0)
		for _, t := range a.Targets(f.Sellable, shops) {
			f.Shops = append(f.Shops, t.Quantity)
			f.Rule, f.Split = t.Rule+1, t.Split
			f.Auto = t.Rule >= 0 && a.Rules[t.Rule].Auto > 0
			shown, _ := t.Quantity.Units()
			sum += shown
		}
		f.Sum = stock.Units(sum)
		f.Edge = len(list) > 0 && list[len(list)-1].Rule != f.Rule
		list = append(list, f)
	}
	return list
}

const mostFigures = 40

// shareWords says a share in a word: 同数, 50%, 固定 3 …
func shareWords(l ui.Lang, s allocation.Share) string {
	switch s.Kind {
	case allocation.Same:
		return l.T("同数")
	case allocation.Percent:
		return s.String()
	case allocation.Fixed:
		return l.T("固定 %s", ui.Number(s.N))
	case allocation.AtMost:
		return l.T("上限 %s", ui.Number(s.N))
	}
	return l.T("停止")
}

// ruleWords says a rule in one line: 10以下：楽天本店 同数、ほかは停止.
func ruleWords(l ui.Lang, r allocation.Rule, shop func(allocation.ShopID) string) string {
	var parts []string
	for _, s := range r.Shares {
		parts = append(parts, shop(s.Shop)+" "+shareWords(l, s.Share))
	}
	between, colon := "、", "："
	if l == ui.English {
		between, colon = ", ", ": "
	}
	if r.Auto > 0 {
		return explain.Range(r.From, r.To, string(l)) + colon + l.T("おまかせ（売り越しは %s まで）", allocation.RiskText(r.Auto))
	}
	rest := l.T("ほかは%s", shareWords(l, r.Default))
	if len(parts) == 0 {
		rest = l.T("すべて%s", shareWords(l, r.Default))
	}
	return explain.Range(r.From, r.To, string(l)) + colon + strings.Join(append(parts, rest), between)
}
