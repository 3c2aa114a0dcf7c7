package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/impact"
	"soroi/internal/store"
)

// Impact is what a pattern would change.
type Impact struct {
	Examined int64           `json:"examined"`
	All      bool            `json:"all"`
	Changed  int64           `json:"changed"`
	Pushes   int64           `json:"pushes"`
	Shops    []ShopImpact    `json:"shops"`
	Examples []ImpactExample `json:"examples"`
}

// ShopImpact is what would change in one shop, in listings.
type ShopImpact struct {
	Shop     ShopRef    `json:"shop"`
	Mode     store.Mode `json:"mode"`
	Changed  int64      `json:"changed"`
	Up       int64      `json:"up"`
	Down     int64      `json:"down"`
	ToZero   int64      `json:"to_zero"`
	FromZero int64      `json:"from_zero"`
}

// ImpactExample is one SKU whose targets would change.
type ImpactExample struct {
	Code     string         `json:"code"`
	Sellable quantity       `json:"sellable"`
	Listings []TargetChange `json:"listings"`
}

// TargetChange is one listing's target before and after.
type TargetChange struct {
	Shop   int64    `json:"shop"`
	Before quantity `json:"before"`
	After  quantity `json:"after"`
}

// impactTime bounds how long a request examines SKUs.
const impactTime = 10 * time.Second

// patternImpact says what rules would change: for the SKUs of the codes, or for those that follow a pattern. Nothing is written.
func (a *API) patternImpact(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	b := &body{}
	object, ok := b.object(v, "", nil, []string{"pattern", "rules", "codes"})
	if !ok {
		return b.problem()
	}
	name := b.patternName(object, "")
	_, byRules := object["rules"]
	_, byCodes := object["codes"]
	if name == "" && !(byRules && byCodes) {
		b.wrong("", "must have pattern, or both rules and codes: which rules, and for which SKUs.")
	}
	q := impact.Question{Pattern: allocation.Pattern{Name: "–", Rules: b.rules(object)}, Within: impactTime}
	codes := b.codes(object)
	if err := b.problem(); err != nil {
		return err
	}
	var p store.Pattern
	if name != "" {
		list, _, err := a.deps.DB.ListPatterns(r.ctx(), r.token.Tenant)
		if err != nil {
			return err
		}
		var there bool
		if p, there = findIn(list, name); !there {
			return missingPattern(name)
		}
	}
	if byRules {
		if err := a.checkPattern(r, q.Pattern); err != nil {
			return err
		}
	} else {
		q.Pattern = p.Pattern
	}
	switch {
	case byCodes:
		found, err := a.deps.DB.FindSKUs(r.ctx(), r.token.Tenant, codes)
		if err != nil {
			return err
		}
		for i, code := range codes {
			if _, there := found[code]; !there {
				b.wrong("/codes/"+strconv.Itoa(i), "%s", problemOfSKU(code).Detail)
			}
		}
		if err := b.problem(); err != nil {
			return err
		}
		slices.Sort(codes)
		for part := range slices.Chunk(slices.Compact(codes), store.MostCodes) {
			q.SKUs = append(q.SKUs, store.StockQuery{Codes: part})
		}
	default:
		q.SKUs = append(q.SKUs, store.StockQuery{Pattern: int64(p.ID)})
		if p.Default {
			q.SKUs = append(q.SKUs, store.StockQuery{Pattern: store.NoPattern})
		}
	}
	found, err := impact.Of(r.ctx(), a.deps.DB, a.deps.Clock, r.token.Tenant, a.specs(), q)
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, impactOf(found))
}

func (b *body) codes(object map[string]any) []string {
	var codes []string
	for i, v := range b.array(object, "codes", "", mostRows) {
		name := strconv.Itoa(i)
		codes = append(codes, b.text(map[string]any{name: v}, name, "/codes", 1, longestCode))
	}
	return codes
}

func impactOf(found impact.Impact) Impact {
	out := Impact{Examined: found.Examined, All: found.All, Changed: found.Changed, Pushes: found.Pushes, Shops: []ShopImpact{}, Examples: []ImpactExample{}}
	for _, s := range found.Shops {
		out.Shops = append(out.Shops, ShopImpact{Shop: ShopRef{int64(s.ID), s.Name}, Mode: s.Mode, Changed: s.Changed, Up: s.Up, Down: s.Down, ToZero: s.ToZero, FromZero: s.FromZero})
	}
	for _, e := range found.Examples {
		example := ImpactExample{Code: e.Code, Sellable: quantity(e.Sellable), Listings: []TargetChange{}}
		for _, c := range e.Shops {
			example.Listings = append(example.Listings, TargetChange{int64(c.Shop), quantity(c.Before), quantity(c.After)})
		}
		out.Examples = append(out.Examples, example)
	}
	return out
}
