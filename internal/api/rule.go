package api

import (
	"net/http"
	"strconv"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/store"
)

// MatchRule is how a shop's listings find their SKUs.
type MatchRule struct {
	Steps  []match.Step `json:"steps"` // in the order of trial; none is by hand only
	Fold   bool         `json:"fold"`
	Prefix string       `json:"prefix"`
	Suffix string       `json:"suffix"`
}

func ruleOf(r match.Rule) MatchRule {
	steps := r.Steps
	if steps == nil {
		steps = []match.Step{}
	}
	return MatchRule{steps, r.Fold, r.Prefix, r.Suffix}
}

// RuleAnswer is a shop's rule, or what one would do.
type RuleAnswer struct {
	Shop   ShopRef   `json:"shop"`
	Rule   MatchRule `json:"rule"`
	Saved  bool      `json:"saved"`
	Tried  *RuleTry  `json:"tried"`  // with dry_run
	Passed bool      `json:"passed"` // every listing without a SKU has been tried by it
}

// RuleTry is what a rule would do.
type RuleTry struct {
	Listings int  `json:"listings"` // without a SKU, that were tried
	More     bool `json:"more"`     // there are more
	Linked   int  `json:"linked"`
	Several  int  `json:"several"` // find more than one SKU, so they would not be linked
	None     int  `json:"none"`
}

// shopAt is the shop whose number stands in the address.
func (a *API) shopAt(r *request) (store.Shop, error) {
	id, err := strconv.ParseInt(r.r.PathValue("id"), 10, 64)
	if err == nil {
		shops, err := a.deps.DB.ListShops(r.ctx(), r.token.Tenant)
		if err != nil {
			return store.Shop{}, err
		}
		for _, s := range shops {
			if s.ID == channel.ShopID(id) {
				return s, nil
			}
		}
	}
	return store.Shop{}, problem(unknownShop, "No shop has the number %q. GET /api/v1/shops lists all.", r.r.PathValue("id"))
}

func (a *API) loadRule(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	shop, err := a.shopAt(r)
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, RuleAnswer{Shop: ShopRef{int64(shop.ID), shop.Name}, Rule: ruleOf(shop.Match), Saved: true, Passed: shop.MatchDone >= shop.MatchDue})
}

// longestAffix bounds what stands before and after codes; match.Rule.Check says the same.
const longestAffix = 40

func (a *API) setRule(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	shop, err := a.shopAt(r)
	if err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	var b body
	object, ok := b.object(v, "", []string{"steps"}, []string{"fold", "prefix", "suffix", "dry_run"})
	if !ok {
		return b.problem()
	}
	rule := match.Rule{Steps: []match.Step{}, Fold: b.boolean(object, "fold", ""), Prefix: b.text(object, "prefix", "", 0, longestAffix), Suffix: b.text(object, "suffix", "", 0, longestAffix)}
	if list, none := object["steps"].([]any); !none || len(list) > 0 {
		for i, v := range b.array(object, "steps", "", match.MostSteps) {
			at := "/steps/" + strconv.Itoa(i)
			if step, ok := b.object(v, at, []string{"from", "to"}, nil); ok {
				rule.Steps = append(rule.Steps, match.Step{From: match.Kind(b.choice(step, "from", at, texts(match.Kinds())...)), To: match.Of(b.choice(step, "to", at, texts(match.Ofs())...))})
			}
		}
	}
	dry := b.boolean(object, "dry_run", "")
	if err := b.problem(); err != nil {
		return err
	}
	for _, wrong := range rule.Check() {
		b.wrong("/"+wrong.Field+"/"+strconv.Itoa(wrong.Step), "is the same as a step before it.")
	}
	if err := b.problem(); err != nil {
		return err
	}
	answer := RuleAnswer{Shop: ShopRef{int64(shop.ID), shop.Name}, Rule: ruleOf(rule)}
	if dry {
		p, err := a.deps.DB.PreviewMatching(r.ctx(), r.token.Tenant, shop.ID, rule, 0)
		if err != nil {
			return err
		}
		answer.Tried = &RuleTry{p.Tried, p.More, p.Linked, p.Several, p.None}
		return r.answer(http.StatusOK, answer)
	}
	if err := a.deps.DB.SetMatchRule(r.ctx(), r.token.Tenant, shop.ID, rule); err != nil {
		return err
	}
	answer.Saved = true
	return r.answer(http.StatusOK, answer)
}

func texts[T ~string](words []T) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return list
}
