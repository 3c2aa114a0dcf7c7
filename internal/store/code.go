package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// CodeMatch says how a code led to a SKU.
type CodeMatch string

// The ways, from sure to none. A code that is written exactly as some SKU's never goes on to one that is merely alike: codes that differ only in
// case are two codes.
const (
	MatchCode      CodeMatch = "code"      // it is the SKU's code, exactly as written
	MatchOther     CodeMatch = "other"     // it is a further code (JAN …) of this SKU alone, exactly as written
	MatchFolded    CodeMatch = "folded"    // it is alike, but for width, kana and case, to a code of this SKU alone
	MatchAmbiguous CodeMatch = "ambiguous" // several SKUs have it: Candidates
	MatchUnknown   CodeMatch = "unknown"   // none has it; Candidates are SKUs that have it with zeros in front
)

// MostCandidates bounds the candidates of one code.
const MostCandidates = 10

// Candidate is a SKU that a code may mean.
type Candidate struct {
	SKU      stock.SKUID
	Code     string // the SKU's own
	Via      string // the code of it that was met, its own or a further one
	Archived bool
}

// Resolution is what a code came to.
type Resolution struct {
	Match CodeMatch
	// SKU and Code are of the one SKU that is meant; 0 and "" while ambiguous or unknown.
	SKU      stock.SKUID
	Code     string
	Via      string // the code of it that was met
	Archived bool   // it is no longer in use: no SKU in use has this code
	// Candidates are those to choose from, SKUs in use first, then by code: at most MostCandidates of them.
	Candidates []Candidate
}

// Found tells whether one SKU is meant.
func (r Resolution) Found() bool { return r.SKU != 0 }

// ResolveCodes finds the SKU that each code means: one whose own code it is exactly, else the only one that has it as a further code, else the
// only one that has a code like it under text.Fold, which is reported as such. SKUs in use come before archived ones at each step, so that a code
// that was handed on to another SKU means that one. Listings, files and the API all ask here.
func (db *DB) ResolveCodes(ctx context.Context, tenant stock.TenantID, codes []string) (map[string]Resolution, error) {
	var found map[string]Resolution
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		found, err = tx.resolveCodes(ctx, codes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("resolve codes: %w", err)
	}
	return found, nil
}

// CodesOfSKUs gives the own codes of SKUs; those that are not there are left out.
func (db *DB) CodesOfSKUs(ctx context.Context, tenant stock.TenantID, skus []stock.SKUID) (codes map[stock.SKUID]string, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) (err error) {
		codes, err = tx.codesOfSKUs(ctx, distinct(skus))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("codes of skus: %w", err)
	}
	return codes, nil
}

// codesAtOnce bounds the codes that are looked at together, and with them the candidates that are held.
const codesAtOnce = 2000

func (tx *Tx) resolveCodes(ctx context.Context, codes []string) (map[string]Resolution, error) {
	codes = slices.Clone(codes)
	slices.Sort(codes)
	codes = slices.Compact(codes)
	found := make(map[string]Resolution, len(codes))
	for part := range slices.Chunk(codes, codesAtOnce) {
		rest, err := tx.resolveExactly(ctx, part, found)
		if err == nil {
			err = tx.resolveAlike(ctx, rest, found)
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// resolveExactly finds the SKUs in use whose own code is one of codes, and returns the codes that are left: the usual case of a file or a page of
// listings, with one look into one index.
func (tx *Tx) resolveExactly(ctx context.Context, codes []string, found map[string]Resolution) (rest []string, err error) {
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		r := Resolution{Match: MatchCode}
		err := rows.Scan(&r.SKU, &r.Code)
		r.Via = r.Code
		found[r.Code] = r
		return err
	}, "SELECT sku_id, code FROM sku WHERE tenant_id = $1 AND archived_at = 0 AND code IN (", "TEXT", ")", nil, len(codes),
		func(args []any, i int) []any { return append(args, codes[i]) })
	for _, code := range codes {
		if _, there := found[code]; !there {
			rest = append(rest, code)
		}
	}
	return rest, err
}

// resolveAlike decides the codes that are no SKU's own code exactly.
func (tx *Tx) resolveAlike(ctx context.Context, codes []string, found map[string]Resolution) error {
	alike, err := tx.candidates(ctx, codes)
	if err != nil {
		return err
	}
	var unknown []string
	for _, code := range codes {
		r := resolve(code, alike[text.Fold(code)])
		if r.Match == MatchUnknown {
			unknown = append(unknown, code)
		}
		found[code] = r
	}
	return tx.resolveZeros(ctx, unknown, found)
}

// candidates are the SKUs that have a code like one of codes, by its folded form.
func (tx *Tx) candidates(ctx context.Context, codes []string) (map[string][]Candidate, error) {
	var keys []string
	for _, code := range codes {
		if key := text.Fold(code); key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	book, err := tx.book(ctx, keys)
	alike := make(map[string][]Candidate, len(book))
	for key, holders := range book {
		for _, h := range holders {
			alike[key] = append(alike[key], Candidate{SKU: h.SKU, Code: h.Own, Via: h.Code, Archived: h.Archived})
		}
	}
	return alike, err
}

// book is the SKUs that have codes with the given keys, own codes first.
func (tx *Tx) book(ctx context.Context, keys []string) (match.Book, error) {
	book := make(match.Book)
	row := func(rows *sql.Rows) error {
		var h match.Holder
		var key string
		err := rows.Scan(&h.SKU, &h.Own, &h.Code, &h.Of, &key, &h.Archived)
		book[key] = append(book[key], h)
		return err
	}
	key := func(args []any, i int) []any { return append(args, keys[i]) }
	err := tx.queryRows(ctx, row, "SELECT sku_id, code, code, 'own', code_key, archived_at > 0 FROM sku WHERE tenant_id = $1 AND code_key IN (", "TEXT", ")", nil, len(keys), key)
	if err != nil {
		return nil, err
	}
	return book, tx.queryRows(ctx, row, `SELECT sku.sku_id, sku.code, sku_code.code, sku_code.kind, sku_code.code_key, sku.archived_at > 0
		FROM sku_code JOIN sku ON sku.tenant_id = sku_code.tenant_id AND sku.sku_id = sku_code.sku_id
		WHERE sku_code.tenant_id = $1 AND sku_code.code_key IN (`, "TEXT", ")", nil, len(keys), key)
}

// resolve is the rule of ResolveCodes for one code and the SKUs that have a code like it.
func resolve(code string, alike []Candidate) Resolution {
	var own, further []Candidate
	for _, c := range alike {
		switch {
		case c.Code == code:
			own = append(own, c)
		case c.Via == code:
			further = append(further, c)
		}
	}
	switch exact := append(slices.Clone(own), further...); {
	case len(exact) == 0:
		return choose(MatchFolded, alike)
	case len(own) > 0 && (!own[0].Archived || !slices.ContainsFunc(further, func(c Candidate) bool { return !c.Archived })):
		return choose(MatchCode, own)
	default:
		return choose(MatchOther, further)
	}
}

// choose takes the one SKU of a list that is in use, or else the only one that is archived.
func choose(match CodeMatch, list []Candidate) Resolution {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Candidate) int {
		if a.Archived != b.Archived {
			if a.Archived {
				return 1
			}
			return -1
		}
		if c := strings.Compare(a.Code, b.Code); c != 0 {
			return c
		}
		return strings.Compare(a.Via, b.Via)
	})
	list = slices.CompactFunc(list, func(a, b Candidate) bool { return a.SKU == b.SKU })
	if len(list) == 0 {
		return Resolution{Match: MatchUnknown}
	}
	if len(list) == 1 || list[1].Archived && !list[0].Archived {
		c := list[0]
		return Resolution{Match: match, SKU: c.SKU, Code: c.Code, Via: c.Via, Archived: c.Archived}
	}
	return Resolution{Match: MatchAmbiguous, Candidates: list[:min(len(list), MostCandidates)]}
}

// mostZeros is how many zeros in front are looked for: a JAN of 8 digits can lose no more without losing its maker.
const mostZeros = 6

// resolveZeros shows, for codes of digits that nobody knows, the SKUs that have them with zeros in front: spreadsheets eat those. It never
// decides.
func (tx *Tx) resolveZeros(ctx context.Context, unknown []string, found map[string]Resolution) error {
	var padded []string
	for _, code := range unknown {
		digits := strings.Trim(text.Fold(code), "0123456789") == "" && len(text.Fold(code)) > 0
		for n := 1; digits && n <= mostZeros; n++ {
			padded = append(padded, strings.Repeat("0", n)+text.Fold(code))
		}
	}
	if len(padded) == 0 {
		return nil
	}
	alike, err := tx.candidates(ctx, padded)
	if err != nil {
		return err
	}
	for _, code := range unknown {
		var list []Candidate
		for n := 1; n <= mostZeros; n++ {
			list = append(list, alike[strings.Repeat("0", n)+text.Fold(code)]...)
		}
		if len(list) > 0 {
			found[code] = Resolution{Match: MatchUnknown, Candidates: list[:min(len(list), MostCandidates)]}
		}
	}
	return nil
}

// CodesStarting lists up to limit codes of SKUs in use that begin with prefix, in the order of their bytes.
func (db *DB) CodesStarting(ctx context.Context, tenant stock.TenantID, prefix string, limit int) ([]string, error) {
	var codes []string
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		codes = codes[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var code string
			err := rows.Scan(&code)
			codes = append(codes, code)
			return err
		}, "SELECT code FROM sku WHERE tenant_id = $1 AND code >= $2 AND code < $3 AND archived_at = 0 ORDER BY code LIMIT $4", prefix, prefix+"\U0010ffff", limit)
	})
	if err != nil {
		return nil, fmt.Errorf("codes that start with %q: %w", prefix, err)
	}
	return codes, nil
}

// SKUsOfListings finds the SKUs to which the shops of a channel have linked listings of these names. A name that two shops link to different SKUs is left out.
func (db *DB) SKUsOfListings(ctx context.Context, tenant stock.TenantID, kind string, refs []string) (map[string]stock.SKUID, error) {
	found := make(map[string]stock.SKUID)
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		clear(found)
		twice := make(map[string]bool)
		err := tx.queryRows(ctx, func(rows *sql.Rows) error {
			var ref string
			var sku stock.SKUID
			if err := rows.Scan(&ref, &sku); err != nil {
				return err
			}
			if other, there := found[ref]; there && other != sku {
				twice[ref] = true
			}
			found[ref] = sku
			return nil
		}, `SELECT listing.ref, listing.sku_id FROM shop JOIN listing ON listing.tenant_id = shop.tenant_id AND listing.shop_id = shop.shop_id
			WHERE shop.tenant_id = $1 AND shop.kind = $2 AND listing.sku_id IS NOT NULL AND listing.ref IN (`, "TEXT", ")", []any{kind}, len(refs),
			func(args []any, i int) []any { return append(args, refs[i]) })
		for ref := range twice {
			delete(found, ref)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("skus of listings: %w", err)
	}
	return found, nil
}
