package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/explain"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Pattern is an allocation pattern with how it is used.
type Pattern struct {
	ID        int64         `json:"id"`
	Name      string        `json:"name"`
	Version   int64         `json:"version"`
	Default   bool          `json:"default"`
	SKUs      int64         `json:"skus"`
	ChangedBy string        `json:"changed_by"`
	ChangedAt time.Time     `json:"changed_at"`
	Rules     []PatternRule `json:"rules"`
}

// PatternRule is what shops get while sellable lies between From and To; a To of nil is no end. It has shares and a default, or is auto.
type PatternRule struct {
	From    int64       `json:"from"`
	To      *int64      `json:"to"`
	Shares  []ShopShare `json:"shares"`
	Default *Share      `json:"default,omitempty"`
	Auto    *float64    `json:"auto,omitempty"` // the risk, in per cent with at most four decimals
}

// ShopShare is one shop's share.
type ShopShare struct {
	Shop int64 `json:"shop"`
	Share
}

// Share is what a shop is given.
type Share struct {
	Kind allocation.ShareKind `json:"kind"`
	N    *float64             `json:"n"` // per cent with at most two decimals, or units; nil where the kind needs none
}

// Patterns are all of a tenant's.
type Patterns struct {
	Items []Pattern `json:"items"`
	Plain int64     `json:"skus_without_pattern"`
}

// PatternRef names a pattern.
type PatternRef struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

func patternOf(p store.Pattern) Pattern {
	out := Pattern{ID: int64(p.ID), Name: p.Name, Version: p.Version, Default: p.Default, SKUs: p.SKUs, ChangedBy: p.Actor, ChangedAt: p.ChangedAt, Rules: []PatternRule{}}
	for _, r := range p.Rules {
		rule := PatternRule{From: r.From, Shares: []ShopShare{}}
		if r.Auto > 0 {
			risk := float64(r.Auto) / 10_000
			rule.Auto = &risk
		} else {
			share := shareOf(r.Default)
			rule.Default = &share
		}
		if r.To != allocation.Open {
			rule.To = &r.To
		}
		for _, s := range r.Shares {
			rule.Shares = append(rule.Shares, ShopShare{int64(s.Shop), shareOf(s.Share)})
		}
		out.Rules = append(out.Rules, rule)
	}
	return out
}

func shareOf(s allocation.Share) Share {
	out := Share{Kind: s.Kind}
	n := float64(s.N)
	switch s.Kind {
	case allocation.Percent:
		n /= allocation.Whole / 100
		out.N = &n
	case allocation.Fixed, allocation.AtMost:
		out.N = &n
	}
	return out
}

func (a *API) listPatterns(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	list, plain, err := a.deps.DB.ListPatterns(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	answer := Patterns{Items: []Pattern{}, Plain: plain}
	for _, p := range list {
		answer.Items = append(answer.Items, patternOf(p))
	}
	return r.answer(http.StatusOK, answer)
}

// findIn finds a pattern by its number, else by its name.
func findIn(list []store.Pattern, text string) (store.Pattern, bool) {
	at := slices.IndexFunc(list, func(p store.Pattern) bool { return strconv.FormatInt(int64(p.ID), 10) == text })
	if at < 0 {
		at = slices.IndexFunc(list, func(p store.Pattern) bool { return p.Name == text })
	}
	if at < 0 {
		return store.Pattern{}, false
	}
	return list[at], true
}

func missingPattern(text string) *Problem {
	return problem(unknownPattern, "No pattern has the number or the name %q. GET /api/v1/patterns lists all.", text)
}

// findPattern reads the pattern of the path.
func (a *API) findPattern(r *request) (store.Pattern, error) {
	if err := r.parameters().err; err != nil {
		return store.Pattern{}, err
	}
	return a.patternOfPath(r)
}

func (a *API) patternOfPath(r *request) (store.Pattern, error) {
	list, _, err := a.deps.DB.ListPatterns(r.ctx(), r.token.Tenant)
	if err != nil {
		return store.Pattern{}, err
	}
	p, there := findIn(list, r.r.PathValue("pattern"))
	if !there {
		return p, missingPattern(r.r.PathValue("pattern"))
	}
	return p, nil
}

func (a *API) loadPattern(r *request) error {
	p, err := a.findPattern(r)
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, patternOf(p))
}

func (a *API) addPattern(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	return a.savePattern(r, store.Pattern{})
}

func (a *API) changePattern(r *request) error {
	p, err := a.findPattern(r)
	if err != nil {
		return err
	}
	return a.savePattern(r, p)
}

// savePattern makes a pattern, or gives the one that was another body.
func (a *API) savePattern(r *request, was store.Pattern) error {
	v, err := r.read()
	if err != nil {
		return err
	}
	b, required, optional := &body{}, []string{"name", "rules"}, []string(nil)
	if was.ID != 0 {
		required, optional = []string{"version", "rules"}, []string{"name"}
	}
	object, ok := b.object(v, "", required, optional)
	if !ok {
		return b.problem()
	}
	change := store.PatternChange{ID: was.ID, Version: b.number(object, "version", "", 1, 1<<53), Pattern: allocation.Pattern{Name: was.Name, Rules: b.rules(object)}, Actor: r.token.Name}
	if _, there := object["name"]; there {
		change.Pattern.Name = b.text(object, "name", "", 1, allocation.LongestName)
	}
	if err := b.problem(); err != nil {
		return err
	}
	if err := a.checkPattern(r, change.Pattern); err != nil {
		return err
	}
	id, err := a.deps.DB.SavePattern(r.ctx(), r.token.Tenant, change)
	if err != nil {
		return patternRefused(err, change.Pattern.Name)
	}
	p, err := a.deps.DB.LoadPattern(r.ctx(), r.token.Tenant, id)
	if err != nil {
		return patternRefused(err, change.Pattern.Name)
	}
	if was.ID == 0 {
		r.w.Header().Set("Location", "/api/v1/patterns/"+strconv.FormatInt(int64(id), 10))
		return r.answer(http.StatusCreated, patternOf(p))
	}
	a.deps.Changed()
	return r.answer(http.StatusOK, patternOf(p))
}

// checkPattern says everything that is wrong with a pattern, shops that do not exist included.
func (a *API) checkPattern(r *request, p allocation.Pattern) error {
	shops, err := a.deps.DB.ListShops(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	names := make(map[allocation.ShopID]string, len(shops))
	for _, s := range shops {
		names[allocation.ShopID(s.ID)] = s.Name
	}
	found := allocation.Check(p)
	for i, rule := range p.Rules {
		for _, s := range rule.Shares {
			if _, there := names[s.Shop]; !there {
				found = append(found, &store.NoShopError{Rule: i, Shop: s.Shop})
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return wrongPattern(found, func(id allocation.ShopID) string { return names[id] })
}

func wrongPattern(found []error, shop func(allocation.ShopID) string) *Problem {
	var b body
	for _, err := range found {
		var missing *store.NoShopError
		if errors.As(err, &missing) {
			b.wrong(placeIn(err), "Rule %d mentions shop %d, which does not exist. GET /api/v1/shops lists all.", missing.Rule+1, missing.Shop)
			continue
		}
		b.wrong(placeIn(err), "%s.", explain.PatternMistake(err, "en", shop))
	}
	p := problem(invalidPattern, "%d things are wrong with the pattern, the first is: %s Nothing was changed.", len(found), b.errors[0].Detail)
	p.Errors = b.errors
	return p
}

// placeIn is where in a body the thing stands that a finding is about.
func placeIn(err error) string {
	var name *allocation.NameError
	if errors.As(err, &name) {
		return "/name"
	}
	v := reflect.ValueOf(err).Elem()
	for _, field := range []string{"Rule", "RuleB"} {
		if rule := v.FieldByName(field); rule.IsValid() && rule.Int() >= 0 {
			return "/rules/" + strconv.FormatInt(rule.Int(), 10)
		}
	}
	return "/rules"
}

// patternRefused is what the store's refusal is to the caller.
func patternRefused(err error, name string) error {
	var wrong *store.PatternError
	var conflict *store.ConflictError
	var use *store.InUseError
	switch {
	case errors.As(err, &wrong):
		return wrongPattern(wrong.Found, func(allocation.ShopID) string { return "" })
	case errors.As(err, &conflict):
		return problem(nameTaken, "A pattern has the name %q already. Give this one another name.", name)
	case errors.Is(err, store.ErrVersion):
		return problem(patternChanged, "Somebody else has changed the pattern since the version that was sent. GET it anew, and send the change with that version.")
	case errors.Is(err, store.ErrNotFound):
		return missingPattern(name)
	case errors.As(err, &use) && use.Default:
		return problem(patternInUse, "The pattern is the default. Make another one the default first (PUT /api/v1/patterns/default).")
	case errors.As(err, &use):
		return problem(patternInUse, "%d SKUs follow the pattern. Assign another one first (POST /api/v1/patterns/assignments).", use.SKUs)
	}
	return err
}

func (a *API) deletePattern(r *request) error {
	q := r.parameters("version")
	version := q.number("version", 1<<53)
	if _, given := q.values["version"]; !given {
		q.refuse("version", "The parameter version is missing: the version that was looked at, so that nobody's change goes unseen.")
	}
	if q.err != nil {
		return q.err
	}
	p, err := a.patternOfPath(r)
	if err != nil {
		return err
	}
	if err := a.deps.DB.DeletePattern(r.ctx(), r.token.Tenant, p.ID, int64(version)); err != nil && !errors.Is(err, store.ErrNotFound) {
		return patternRefused(err, p.Name)
	}
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}

// setDefaultPattern makes a pattern the one of all SKUs that have none; null goes back to the same number everywhere.
func (a *API) setDefaultPattern(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	b := &body{}
	object, ok := b.object(v, "", []string{"pattern"}, nil)
	text := ""
	if ok {
		text = b.patternName(object, "")
	}
	if err := b.problem(); err != nil {
		return err
	}
	list, _, err := a.deps.DB.ListPatterns(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	p, there := findIn(list, text)
	if !there && text != "" {
		return missingPattern(text)
	}
	if err := a.deps.DB.SetDefaultPattern(r.ctx(), r.token.Tenant, p.ID); err != nil {
		return patternRefused(err, text)
	}
	a.deps.Changed()
	return a.listPatterns(r)
}

// patternName reads a pattern as bodies name it: its number, its name, or null, which is "".
func (b *body) patternName(object map[string]any, pointer string) string {
	switch v := object["pattern"].(type) {
	case nil:
		return ""
	case json.Number:
		return strconv.FormatInt(b.number(object, "pattern", pointer, 1, 1<<62), 10)
	case string:
		return b.text(object, "pattern", pointer, 1, allocation.LongestName)
	default:
		b.wrong(pointer+"/pattern", "must be a pattern's number, its name, or null, not %s.", typeOf(v))
		return ""
	}
}

// rules reads the rules of a pattern.
func (b *body) rules(object map[string]any) []allocation.Rule {
	var rules []allocation.Rule
	for i, v := range b.array(object, "rules", "", allocation.MostRules) {
		at := "/rules/" + strconv.Itoa(i)
		o, ok := b.object(v, at, []string{"from", "to"}, []string{"default", "shares", "auto"})
		if !ok {
			continue
		}
		rule := allocation.Rule{From: b.number(o, "from", at, 0, stock.LargestUnits), To: allocation.Open}
		if o["to"] != nil {
			rule.To = b.number(o, "to", at, 0, stock.LargestUnits)
		}
		shares := b.shares(o, at)
		switch standard, auto := o["default"], o["auto"]; {
		case auto != nil && (standard != nil || len(shares) > 0):
			b.wrong(at+"/auto", "must stand alone: a rule is auto, or has shares and a default.")
		case auto != nil:
			rule.Auto = b.risk(auto, at+"/auto")
		case standard == nil:
			b.wrong(at+"/default", "must be given, unless the rule is auto.")
		default:
			if share, ok := b.object(o["default"], at+"/default", []string{"kind"}, []string{"n"}); ok {
				rule.Default = b.share(share, at+"/default")
			}
		}
		for k, v := range shares {
			at := at + "/shares/" + strconv.Itoa(k)
			if share, ok := b.object(v, at, []string{"shop", "kind"}, []string{"n"}); ok {
				rule.Shares = append(rule.Shares, allocation.ShopShare{Shop: allocation.ShopID(b.number(share, "shop", at, 1, 1<<62)), Share: b.share(share, at)})
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

// risk reads the risk of an auto rule, in per cent.
func (b *body) risk(v any, at string) int64 {
	if number, ok := v.(json.Number); ok {
		if risk, ok := allocation.ParseRisk(number.String()); ok {
			return risk
		}
	}
	b.wrong(at, "must be a number of per cent from 0.0001 to 50 with at most four decimals, like 0.1.")
	return 0
}

// shares are the shares of a rule, which may be none.
func (b *body) shares(rule map[string]any, at string) []any {
	if list, ok := rule["shares"].([]any); ok && len(list) == 0 {
		return nil
	}
	return b.array(rule, "shares", at, allocation.MostShops)
}

func (b *body) share(o map[string]any, at string) allocation.Share {
	s := allocation.Share{Kind: allocation.ShareKind(b.choice(o, "kind", at, string(allocation.Same), string(allocation.Percent), string(allocation.Fixed), string(allocation.AtMost), string(allocation.Stop)))}
	n := o["n"]
	switch s.Kind {
	case allocation.Fixed, allocation.AtMost:
		if n == nil {
			b.wrong(at+"/n", "must be a number of units with the kind %s.", s.Kind)
			break
		}
		s.N = b.number(o, "n", at, 0, stock.LargestUnits)
	case allocation.Percent:
		number, ok := n.(json.Number)
		if ok {
			s.N, ok = hundredths(number.String())
		}
		if !ok {
			b.wrong(at+"/n", "must be a number of per cent from 0 to 100 with at most two decimals, like 12.5.")
		}
	default:
		if n != nil {
			b.wrong(at+"/n", "must be left out with the kind %s.", s.Kind)
		}
	}
	return s
}

// hundredths reads per cent as JSON writes numbers, exactly.
func hundredths(text string) (int64, bool) {
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > 2 || len(whole) > 3 {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 32)
	return int64(n), err == nil && n <= allocation.Whole
}

// specs are the known channels by kind.
func (a *API) specs() map[channel.Kind]channel.Spec {
	specs := make(map[channel.Kind]channel.Spec, len(a.deps.Specs))
	for _, s := range a.deps.Specs {
		specs[s.Kind] = s
	}
	return specs
}

// refOf names a pattern by its number; 0 is none.
func refOf(list []store.Pattern, id store.PatternID) *PatternRef {
	if id == 0 {
		return nil
	}
	if at := slices.IndexFunc(list, func(p store.Pattern) bool { return p.ID == id }); at >= 0 {
		return &PatternRef{int64(id), list[at].Name}
	}
	return &PatternRef{int64(id), fmt.Sprint(id)} // deleted meanwhile
}
