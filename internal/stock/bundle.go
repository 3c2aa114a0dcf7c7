package stock

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Part is one kind of goods that a bundle (セット商品) is put together from.
type Part struct {
	SKU   SKUID
	Units int64 // of it in one bundle, from 1 to MostPartUnits
}

const (
	// MostParts bounds the parts of one bundle, those of bundles inside it included.
	MostParts = 100
	// MostPartUnits bounds the units of one part in one bundle, also where bundles inside it multiply.
	MostPartUnits = 10_000
)

// Recipes are the direct parts of bundles. A part may be a bundle itself.
type Recipes map[SKUID][]Part

// BundleError says what is wrong with the parts of a bundle.
type BundleError struct {
	Code   string // of the sentence, one of BundleCodes
	Reason string
	Part   SKUID   // the part that is at fault; 0 where it is the bundle as a whole
	Cycle  []SKUID // for "cycle": the way from the bundle back to itself, each a part of the one before
}

func (e *BundleError) Error() string { return "parts " + e.Reason }

// BundleCodes are all codes of BundleError, for whoever has a sentence for each.
func BundleCodes() []string {
	return []string{"units", "twice", "many", "large", "cycle", "unknown", "archived", "on_hand", "supply"}
}

// CheckParts refuses direct parts that no bundle can have. No parts are right: such a SKU is no bundle. The error is a *BundleError.
func CheckParts(bundle SKUID, parts []Part) error {
	if len(parts) > MostParts {
		return &BundleError{Code: "many", Reason: fmt.Sprintf("are %d, more than %d", len(parts), MostParts)}
	}
	seen := make(map[SKUID]bool, len(parts))
	for _, p := range parts {
		switch {
		case p.Units < 1 || p.Units > MostPartUnits:
			return &BundleError{Code: "units", Part: p.SKU, Reason: fmt.Sprintf("hold %d units of one, which is not from 1 to %d", p.Units, MostPartUnits)}
		case seen[p.SKU]:
			return &BundleError{Code: "twice", Part: p.SKU, Reason: "name one twice"}
		case p.SKU == bundle:
			return &BundleError{Code: "cycle", Part: p.SKU, Cycle: []SKUID{bundle, bundle}, Reason: "hold the bundle itself"}
		}
		seen[p.SKU] = true
	}
	return nil
}

// Leaves are what a bundle comes down to: parts that are no bundles, each once, by SKU. The error is a *BundleError where a bundle holds itself, or
// where there are too many.
func (r Recipes) Leaves(bundle SKUID) ([]Part, error) {
	units := make(map[SKUID]int64)
	if err := r.addLeaves(units, []SKUID{bundle}, 1); err != nil {
		return nil, err
	}
	leaves := make([]Part, 0, len(units))
	for sku, n := range units {
		leaves = append(leaves, Part{sku, n})
	}
	slices.SortFunc(leaves, func(a, b Part) int { return cmp.Compare(a.SKU, b.SKU) })
	return leaves, nil
}

// addLeaves adds what times of the last bundle of way come down to.
func (r Recipes) addLeaves(units map[SKUID]int64, way []SKUID, times int64) error {
	for _, p := range r[way[len(way)-1]] {
		if at := slices.Index(way, p.SKU); at >= 0 {
			return &BundleError{Code: "cycle", Part: p.SKU, Cycle: append(slices.Clone(way[at:]), p.SKU), Reason: "hold the bundle itself"}
		}
		n := times * p.Units
		if n > MostPartUnits {
			return &BundleError{Code: "large", Part: p.SKU, Reason: fmt.Sprintf("come to more than %d units of one", MostPartUnits)}
		}
		if len(r[p.SKU]) > 0 {
			if err := r.addLeaves(units, append(slices.Clone(way), p.SKU), n); err != nil {
				return err
			}
			continue
		}
		if units[p.SKU] += n; units[p.SKU] > MostPartUnits {
			return &BundleError{Code: "large", Part: p.SKU, Reason: fmt.Sprintf("come to more than %d units of one", MostPartUnits)}
		}
		if len(units) > MostParts {
			return &BundleError{Code: "many", Part: p.SKU, Reason: fmt.Sprintf("come to more than %d kinds", MostParts)}
		}
	}
	return nil
}

// Sets is how many bundles so much of a part is enough for.
func (p Part) Sets(q Quantity) Quantity {
	units, limited := q.Units()
	if !limited {
		return Unlimited
	}
	return Units(units / max(p.Units, 1))
}

// MostSets is how many bundles can be put together (組数): as many as the scarcest part is enough for, and which one that is. A bundle whose parts
// never run out is unlimited, and then no part is the scarcest: −1.
func MostSets(parts []Part, sellable func(i int) Quantity) (sets Quantity, scarcest int) {
	sets, scarcest = Unlimited, -1
	for i, p := range parts {
		if n := p.Sets(sellable(i)); n.Compare(sets) < 0 {
			sets, scarcest = n, i
		}
	}
	return sets, scarcest
}

// CycleText is a cycle with the names that SKUs have: "A → B → A".
func (e *BundleError) CycleText(name func(SKUID) string) string {
	names := make([]string, len(e.Cycle))
	for i, sku := range e.Cycle {
		names[i] = name(sku)
	}
	return strings.Join(names, " → ")
}
