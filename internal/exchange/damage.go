package exchange

import (
	"context"
	"slices"
	"strings"
)

// Existing answers which codes exist. Its methods are asked about a chunk of rows at a time.
type Existing interface {
	// Exact gives those of the codes that exist, as written.
	Exact(ctx context.Context, codes []string) (map[string]bool, error)
	// Starting gives up to limit codes that begin with prefix, in order of their bytes.
	Starting(ctx context.Context, prefix string, limit int) ([]string, error)
}

// Looked is a code of a file that was looked for.
type Looked struct {
	Code  string
	Found bool // it exists, as written or alike
}

// Damage looks for codes that a spreadsheet has changed. It is used for one file, and remembers what it has asked.
type Damage struct {
	existing Existing
	zeros    *bool // whether any code begins with 0; nil when nobody has asked
}

// NewDamage looks among the codes that exist.
func NewDamage(e Existing) *Damage { return &Damage{existing: e} }

// prefixLimit bounds how many codes with a common beginning are looked through for one code.
const prefixLimit = 50

// Find gives for each code what a spreadsheet has probably done to it; nil where nothing is suspicious. It is a suspicion, never an answer: a
// person decides. Of codes that were found, only those are suspicious beside which there is one with zeros in front (123 beside 00123).
func (d *Damage) Find(ctx context.Context, codes []Looked) ([]*Suspect, error) {
	if err := d.askZeros(ctx); err != nil {
		return nil, err
	}
	guesses := make([][]guess, len(codes))
	var wanted []string
	for i, c := range codes {
		if !c.Found {
			guesses[i] = damage(c.Code)
		} else if g, ok := eatenZeros(c.Code); ok && *d.zeros {
			guesses[i] = []guess{g}
		}
		for _, g := range guesses[i] {
			wanted = append(wanted, g.codes...)
		}
	}
	exact := map[string]bool{}
	if len(wanted) > 0 {
		var err error
		if exact, err = d.existing.Exact(ctx, wanted); err != nil {
			return nil, err
		}
	}
	suspects := make([]*Suspect, len(codes))
	for i, c := range codes {
		for _, g := range guesses[i] {
			found, err := d.undo(ctx, c.Code, g, exact)
			if err != nil {
				return nil, err
			}
			if len(found) > 0 {
				suspects[i] = &Suspect{Kind: g.kind, Written: c.Code, Candidates: found}
				break
			}
			if g.certain && suspects[i] == nil {
				suspects[i] = &Suspect{Kind: g.kind, Written: c.Code}
			}
		}
	}
	return suspects, nil
}

// undo gives the codes that exist and that a guess allows.
func (d *Damage) undo(ctx context.Context, code string, g guess, exact map[string]bool) ([]string, error) {
	var found []string
	for _, c := range g.codes {
		if exact[c] && c != code && !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	if g.prefix == "" {
		return found, nil
	}
	more, err := d.existing.Starting(ctx, g.prefix, prefixLimit)
	if err != nil {
		return nil, err
	}
	for _, c := range more {
		if g.fits(c) && !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	return found, nil
}

func (d *Damage) askZeros(ctx context.Context) error {
	if d.zeros != nil {
		return nil
	}
	some, err := d.existing.Starting(ctx, "0", 1)
	if err != nil {
		return err
	}
	any := len(some) > 0
	d.zeros = &any
	return nil
}

// Codes are codes in memory, sorted.
type Codes []string

// NewCodes sorts codes.
func NewCodes(codes ...string) Codes { return slices.Compact(slices.Sorted(slices.Values(codes))) }

// Exact gives those of the codes that exist.
func (c Codes) Exact(_ context.Context, codes []string) (map[string]bool, error) {
	found := make(map[string]bool)
	for _, code := range codes {
		if _, ok := slices.BinarySearch(c, code); ok {
			found[code] = true
		}
	}
	return found, nil
}

// Starting gives the first codes that begin with prefix.
func (c Codes) Starting(_ context.Context, prefix string, limit int) ([]string, error) {
	var found []string
	at, _ := slices.BinarySearch(c, prefix)
	for ; at < len(c) && len(found) < limit && strings.HasPrefix(c[at], prefix); at++ {
		found = append(found, c[at])
	}
	return found, nil
}
