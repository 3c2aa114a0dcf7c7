package exchange

import (
	"context"
	"slices"
	"strings"

	"soroi/internal/text"
)

// Catalogue answers which codes exist. Its methods take many at once and are asked about a chunk of rows at a time.
type Catalogue interface {
	// Exact gives those of the codes that exist, as written.
	Exact(ctx context.Context, codes []string) (map[string]bool, error)
	// Folded gives, for each key, the codes whose CodeKey it is, in order; keys without any may be left out.
	Folded(ctx context.Context, keys []string) (map[string][]string, error)
	// Starting gives up to limit codes that begin with prefix, in order of their bytes.
	Starting(ctx context.Context, prefix string, limit int) ([]string, error)
}

// CodeKey is the form under which two spellings of a code are one: folded (width, case, dashes), without spaces.
func CodeKey(code string) string { return strings.ReplaceAll(text.Fold(code), " ", "") }

// Resolution is what a code of a file means.
type Resolution struct {
	// Code is the code that exists; "" when none fits.
	Code string
	// Folded tells that it is written otherwise than in the file.
	Folded bool
	// Others are the codes that fit as well as each other, when several do and none is written exactly so.
	Others []string
	// Suspect tells that a spreadsheet has probably changed the code. It may come with a Code that exists as written: 123 beside 00123.
	Suspect *Suspect
}

// Problem is what is to be said about the resolution; nil when the code was found as written and nothing is suspicious. Field key names
// the column.
func (r Resolution) Problem(key string) *Problem {
	switch {
	case r.Suspect != nil:
		return r.Suspect.problem(key)
	case len(r.Others) > 0:
		return about(key, CodeAmbiguous, strings.Join(r.Others[:min(len(r.Others), 5)], ", "))
	case r.Code == "":
		return about(key, CodeUnknown, "")
	case r.Folded:
		return about(key, CodeFolded, r.Code)
	}
	return nil
}

// Resolver finds what codes mean in one catalogue. It is used for one file.
type Resolver struct {
	catalogue Catalogue
	zeros     *bool // whether any code begins with 0; nil when nobody has asked
}

// NewResolver makes one.
func NewResolver(c Catalogue) *Resolver { return &Resolver{catalogue: c} }

// prefixLimit bounds how many codes with a common beginning are looked through for one suspect.
const prefixLimit = 50

// Resolve gives a resolution for each code, in order. A code that exists exactly as written wins; otherwise one that is written differently, if only
// one is; otherwise what a spreadsheet does to codes is undone, and what exists then is a suspicion, never an answer.
func (r *Resolver) Resolve(ctx context.Context, codes []string) ([]Resolution, error) {
	exact, err := r.catalogue.Exact(ctx, codes)
	if err != nil {
		return nil, err
	}
	result := make([]Resolution, len(codes))
	var keys []string
	for i, code := range codes {
		if exact[code] {
			result[i].Code = code
		} else {
			keys = append(keys, CodeKey(code))
		}
	}
	if len(keys) > 0 {
		folded, err := r.catalogue.Folded(ctx, keys)
		if err != nil {
			return nil, err
		}
		for i, code := range codes {
			if exact[code] {
				continue
			}
			switch fit := folded[CodeKey(code)]; len(fit) {
			case 0:
			case 1:
				result[i].Code, result[i].Folded = fit[0], true
			default:
				result[i].Others = fit
			}
		}
	}
	return result, r.suspect(ctx, codes, result)
}

// suspect looks for damage in codes that were not found, and for codes beside which there is one with zeros in front.
func (r *Resolver) suspect(ctx context.Context, codes []string, result []Resolution) error {
	if err := r.askZeros(ctx); err != nil {
		return err
	}
	guesses := make([][]guess, len(codes))
	var wanted []string
	for i, code := range codes {
		switch {
		case result[i].Code == "" && len(result[i].Others) == 0:
			guesses[i] = damage(code)
		case *r.zeros && result[i].Code != "":
			if g, ok := eatenZeros(code); ok {
				guesses[i] = []guess{g}
			}
		}
		for _, g := range guesses[i] {
			wanted = append(wanted, g.codes...)
		}
	}
	if len(wanted) == 0 && !slices.ContainsFunc(guesses, func(g []guess) bool { return len(g) > 0 }) {
		return nil
	}
	exact, err := r.catalogue.Exact(ctx, wanted)
	if err != nil {
		return err
	}
	for i, code := range codes {
		for _, g := range guesses[i] {
			var found []string
			for _, c := range g.codes {
				if exact[c] && c != code && !slices.Contains(found, c) {
					found = append(found, c)
				}
			}
			if g.prefix != "" {
				more, err := r.catalogue.Starting(ctx, g.prefix, prefixLimit)
				if err != nil {
					return err
				}
				for _, c := range more {
					if g.fits(c) && !slices.Contains(found, c) {
						found = append(found, c)
					}
				}
			}
			if len(found) > 0 {
				result[i].Suspect = &Suspect{Kind: g.kind, Written: code, Candidates: found}
				break
			}
		}
		if guesses[i] != nil && result[i].Suspect == nil && result[i].Code == "" {
			if g := guesses[i][0]; g.certain {
				result[i].Suspect = &Suspect{Kind: g.kind, Written: code}
			}
		}
	}
	return nil
}

func (r *Resolver) askZeros(ctx context.Context) error {
	if r.zeros != nil {
		return nil
	}
	some, err := r.catalogue.Starting(ctx, "0", 1)
	if err != nil {
		return err
	}
	any := len(some) > 0
	r.zeros = &any
	return nil
}

// Codes is a catalogue in memory.
type Codes struct {
	sorted []string
	folded map[string][]string
}

// NewCodes makes a catalogue of codes.
func NewCodes(codes ...string) *Codes {
	c := &Codes{sorted: slices.Compact(slices.Sorted(slices.Values(codes))), folded: make(map[string][]string)}
	for _, code := range c.sorted {
		c.folded[CodeKey(code)] = append(c.folded[CodeKey(code)], code)
	}
	return c
}

// Exact gives those of the codes that exist.
func (c *Codes) Exact(_ context.Context, codes []string) (map[string]bool, error) {
	found := make(map[string]bool)
	for _, code := range codes {
		if _, ok := slices.BinarySearch(c.sorted, code); ok {
			found[code] = true
		}
	}
	return found, nil
}

// Folded gives the codes under each key.
func (c *Codes) Folded(_ context.Context, keys []string) (map[string][]string, error) {
	found := make(map[string][]string)
	for _, key := range keys {
		if codes := c.folded[key]; len(codes) > 0 {
			found[key] = codes
		}
	}
	return found, nil
}

// Starting gives the first codes that begin with prefix.
func (c *Codes) Starting(_ context.Context, prefix string, limit int) ([]string, error) {
	var found []string
	at, _ := slices.BinarySearch(c.sorted, prefix)
	for ; at < len(c.sorted) && len(found) < limit && strings.HasPrefix(c.sorted[at], prefix); at++ {
		found = append(found, c.sorted[at])
	}
	return found, nil
}
