// Package match finds the SKU that a shop's listing stands for (紐付け): which of the listing's codes are set against which of the SKU's, in
// which order, as a merchant chose for the shop. A rule links only what it finds without doubt; what it leaves comes with suggestions, each with
// its reason, for a person to choose. The package is pure.
package match

import (
	"cmp"
	"slices"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/text"
)

// Kind says what a code of a listing is. "" is a code of which nobody knows more, as on a line of an order.
type Kind string

// The kinds of a listing's codes.
const (
	SKU     Kind = "sku"     // the merchant's code of the SKU: システム連携用SKU番号, 個別商品コード
	Variant Kind = "variant" // the SKU's number inside its product: SKU管理番号
	Item    Kind = "item"    // the product's code: 商品番号, 商品コード
	Manage  Kind = "manage"  // the product's name in its address: 商品管理番号(商品URL)
	Joined  Kind = "joined"  // product and SKU code in one: 商品コード:個別商品コード
	JAN     Kind = "jan"     // JAN, EAN, barcode
	Any     Kind = "any"     // in a rule: any of them
)

// Kinds are the kinds that a rule may name, in the order in which people look for them.
func Kinds() []Kind { return []Kind{Any, SKU, Variant, Item, Manage, Joined, JAN} }

// Code is one code of a listing.
type Code struct {
	Kind Kind
	Text string // as the shop has it
}

// Of says which code of a SKU is meant.
type Of string

// The codes of a SKU.
const (
	Own   Of = "own"   // its code
	Jan   Of = "jan"   // its JAN
	Other Of = "other" // what else it is called
	All   Of = "any"   // in a rule: any of them
)

// Ofs are the codes of a SKU that a rule may name.
func Ofs() []Of { return []Of{Own, Jan, Other, All} }

// Holder is a SKU that has a code.
type Holder struct {
	SKU      stock.SKUID
	Own      string // the SKU's own code
	Of       Of
	Code     string // the code that it is looked up by, as written
	Archived bool   // out of use: never linked by a rule
}

// Book holds the SKUs by text.Fold of their codes.
type Book map[string][]Holder

// Step sets codes of a listing against codes of SKUs.
type Step struct {
	From Kind `json:"from"`
	To   Of   `json:"to"`
}

// Rule says how a shop's listings find their SKUs (紐付けルール). Without steps nothing is linked but by hand.
type Rule struct {
	Steps []Step `json:"steps"` // in the order of trial; the first that finds anything decides
	// Fold takes codes that differ only in case, width and kana for the same.
	Fold bool `json:"fold,omitempty"`
	// Prefix and Suffix are what the shop's codes have before and after those of the SKUs; a code without them is taken as it is.
	Prefix string `json:"prefix,omitempty"`
	Suffix string `json:"suffix,omitempty"`
}

// Default is the rule of a shop for which nobody has chosen one: any code of the listing that is, exactly as written, a SKU's own code, else any
// other of its codes.
func Default() Rule { return Rule{Steps: []Step{{Any, Own}, {Any, All}}} }

// MostSteps bounds a rule.
const MostSteps = 10

// FieldError says what is wrong with a part of a rule.
type FieldError struct {
	Field string // "steps", "prefix" or "suffix"
	Step  int    // of steps, from 0
	Code  string // "kind", "many", "long", "twice"
}

func (e *FieldError) Error() string { return "match rule: " + e.Field + ": " + e.Code }

// Check finds everything that is wrong with a rule.
func (r Rule) Check() []*FieldError {
	var wrong []*FieldError
	if len(r.Steps) > MostSteps {
		wrong = append(wrong, &FieldError{"steps", MostSteps, "many"})
	}
	for i, s := range r.Steps {
		switch {
		case !slices.Contains(Kinds(), s.From) || !slices.Contains(Ofs(), s.To):
			wrong = append(wrong, &FieldError{"steps", i, "kind"})
		case slices.Contains(r.Steps[:i], s):
			wrong = append(wrong, &FieldError{"steps", i, "twice"})
		}
	}
	for field, value := range map[string]string{"prefix": r.Prefix, "suffix": r.Suffix} {
		if len([]rune(value)) > 40 {
			wrong = append(wrong, &FieldError{field, 0, "long"})
		}
	}
	slices.SortFunc(wrong, func(a, b *FieldError) int { return cmp.Or(strings.Compare(a.Field, b.Field), a.Step-b.Step) })
	return wrong
}

// strip takes the rule's prefix and suffix off a code, where they are there and something is left.
func (r Rule) strip(code string) string {
	bare := strings.TrimSuffix(strings.TrimPrefix(code, r.Prefix), r.Suffix)
	if bare == "" {
		return code
	}
	return bare
}

// Keys are the keys of a Book under which the SKUs of the codes may be.
func (r Rule) Keys(codes []Code) []string {
	var keys []string
	for _, c := range codes {
		for _, form := range []string{c.Text, r.strip(c.Text)} {
			if key := text.Fold(form); key != "" && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// Decision is what a rule says of a listing.
type Decision struct {
	SKU  stock.SKUID // 0: not linked
	Code Code        // the listing's code that decided; of several SKUs too
	As   Holder      // the SKU's code that it met
	// Several says that more than one SKU was found, so a person must choose.
	Several bool
}

// Decide applies the rule. The first step, and in it the first of the listing's codes, that finds a SKU in use decides: one SKU is linked, several
// are not. Where Fold finds several and exactly one bears the code as written, it is that one.
func (r Rule) Decide(codes []Code, book Book) Decision {
	for _, step := range r.Steps {
		for _, c := range codes {
			if step.From != Any && step.From != c.Kind {
				continue
			}
			found := r.holders(c, step.To, book)
			if same := exact(found, r.strip(c.Text)); !alone(found) && alone(same) {
				found = same
			}
			switch {
			case alone(found):
				return Decision{SKU: found[0].SKU, Code: c, As: found[0]}
			case len(found) > 0:
				return Decision{Code: c, Several: true}
			}
		}
	}
	return Decision{}
}

// holders are the SKUs in use that bear a listing's code as the rule compares codes.
func (r Rule) holders(c Code, to Of, book Book) []Holder {
	bare := r.strip(c.Text)
	var found []Holder
	for _, h := range book[text.Fold(bare)] {
		if !h.Archived && (to == All || to == h.Of) && (r.Fold || h.Code == bare) {
			found = append(found, h)
		}
	}
	return found
}

func exact(list []Holder, code string) []Holder {
	var same []Holder
	for _, h := range list {
		if h.Code == code {
			same = append(same, h)
		}
	}
	return same
}

// alone tells whether a list is of one SKU, and of no fewer.
func alone(list []Holder) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(h Holder) bool { return h.SKU != list[0].SKU })
}

// Reason says why a SKU is suggested for a listing.
type Reason string

// The reasons, the strongest first.
const (
	SameCode  Reason = "same_code"  // the SKU's own code, as written
	SameJAN   Reason = "same_jan"   // its JAN
	SameOther Reason = "same_other" // another of its codes, as written
	OwnFolded Reason = "folded"     // its own code but for case and width
	AnyFolded Reason = "any_folded" // another of its codes but for case and width
)

// Reasons are all of them, the strongest first.
func Reasons() []Reason { return []Reason{SameCode, SameJAN, SameOther, OwnFolded, AnyFolded} }

// Candidate is a SKU that a listing may stand for.
type Candidate struct {
	SKU      stock.SKUID
	Reason   Reason // the strongest
	Stripped bool   // the rule's prefix or suffix was taken off
	Code     Code   // the listing's
	As       Holder // the SKU's code that it meets
}

// Suggest finds every SKU that one of the listing's codes may mean, whatever the rule's steps: each once with its strongest reason, the
// strongest first, those out of use last.
func (r Rule) Suggest(codes []Code, book Book) []Candidate {
	best := make(map[stock.SKUID]Candidate)
	for _, c := range codes {
		for _, form := range []string{c.Text, r.strip(c.Text)} {
			for _, h := range book[text.Fold(form)] {
				found := Candidate{SKU: h.SKU, Reason: reason(h, form), Stripped: form != c.Text, Code: c, As: h}
				if old, there := best[h.SKU]; !there || found.before(old) {
					best[h.SKU] = found
				}
			}
		}
	}
	list := make([]Candidate, 0, len(best))
	for _, c := range best {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Candidate) int {
		switch {
		case a.before(b):
			return -1
		case b.before(a):
			return 1
		}
		return cmp.Compare(a.SKU, b.SKU)
	})
	return list
}

func reason(h Holder, form string) Reason {
	same := h.Code == form
	switch {
	case same && h.Of == Own:
		return SameCode
	case h.Of == Jan && same:
		return SameJAN
	case same:
		return SameOther
	case h.Of == Own:
		return OwnFolded
	}
	return AnyFolded
}

// before tells whether c is the better suggestion.
func (c Candidate) before(o Candidate) bool {
	if c.As.Archived != o.As.Archived {
		return o.As.Archived
	}
	if a, b := slices.Index(Reasons(), c.Reason), slices.Index(Reasons(), o.Reason); a != b {
		return a < b
	}
	return !c.Stripped && o.Stripped
}

// Sole is the one SKU in use that is suggested, if there is exactly one.
func Sole(list []Candidate) (Candidate, bool) {
	if len(list) == 0 || list[0].As.Archived || len(list) > 1 && !list[1].As.Archived {
		return Candidate{}, false
	}
	return list[0], true
}
