package importer

import (
	"context"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// codes finds the SKUs that a file's codes mean, and what a spreadsheet has done to those that it does not find.
type codes struct {
	db     *store.DB
	tenant stock.TenantID
	damage *exchange.Damage
}

func newCodes(c *Check) *codes {
	k := &codes{db: c.service.db, tenant: c.tenant}
	k.damage = exchange.NewDamage(k)
	return k
}

// Exact gives those of the codes that exist, as written (exchange.Existing).
func (k *codes) Exact(ctx context.Context, list []string) (map[string]bool, error) {
	ids, err := k.db.FindSKUs(ctx, k.tenant, list)
	exact := make(map[string]bool, len(ids))
	for code := range ids {
		exact[code] = true
	}
	return exact, err
}

// Starting lists codes that begin with prefix (exchange.Existing).
func (k *codes) Starting(ctx context.Context, prefix string, limit int) ([]string, error) {
	return k.db.CodesStarting(ctx, k.tenant, prefix, limit)
}

// meant is the SKU that a row means, or what is wrong with how it names one.
type meant struct {
	sku      stock.SKUID
	code     string // the SKU's own
	problems []*exchange.Problem
}

// findEach is find for rows that name their SKU by one code.
func findEach[T any](ctx context.Context, k *codes, part []exchange.Row[T], code func(T) string) ([]meant, error) {
	refs := make([]exchange.SKURef, len(part))
	for i, row := range part {
		refs[i].Codes = []string{code(row.Value)}
	}
	return k.find(ctx, refs)
}

// find says for each row which SKU it means: by a shop's own name for it, else by the first of its codes that finds one, else by its JAN.
func (k *codes) find(ctx context.Context, refs []exchange.SKURef) ([]meant, error) {
	byListing, err := k.listings(ctx, refs)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, r := range refs {
		all = append(append(all, r.Codes...), r.JAN)
	}
	found, err := k.db.ResolveCodes(ctx, k.tenant, all)
	if err != nil {
		return nil, err
	}
	list := make([]meant, len(refs))
	looked := make([]exchange.Looked, len(refs))
	for i, r := range refs {
		if sku := byListing[[2]string{r.Channel, r.Listing}]; sku != 0 && r.Listing != "" {
			list[i] = meant{sku: sku, code: r.Text()}
			looked[i] = exchange.Looked{Code: "", Found: true}
			continue
		}
		list[i] = choose(r, found)
		looked[i] = exchange.Looked{Code: r.Text(), Found: list[i].sku != 0}
	}
	suspects, err := k.damage.Find(ctx, looked)
	if err != nil {
		return nil, err
	}
	for i, suspect := range suspects {
		if suspect == nil {
			continue
		}
		// A code that a spreadsheet has changed is a matter for a person, even where the changed one happens to exist.
		list[i].sku = 0
		list[i].problems = []*exchange.Problem{suspect.Problem()}
	}
	return list, nil
}

func choose(r exchange.SKURef, found map[string]store.Resolution) meant {
	candidates := r.Codes
	if r.JAN != "" {
		candidates = append(candidates[:len(candidates):len(candidates)], r.JAN)
	}
	worst := exchange.CodeUnknown
	hint := ""
	for _, code := range candidates {
		switch res := found[code]; {
		case res.Found():
			m := meant{sku: res.SKU, code: res.Code}
			if res.Match == store.MatchFolded {
				m.problems = append(m.problems, &exchange.Problem{Code: exchange.CodeFolded, Hint: res.Code})
			}
			return m
		case res.Match == store.MatchAmbiguous && worst != exchange.CodeAmbiguous:
			worst = exchange.CodeAmbiguous
			for i, c := range res.Candidates {
				if i > 0 {
					hint += ", "
				}
				hint += c.Code
			}
		}
	}
	return meant{problems: []*exchange.Problem{{Code: worst, Hint: hint}}}
}

func (k *codes) listings(ctx context.Context, refs []exchange.SKURef) (map[[2]string]stock.SKUID, error) {
	byChannel := make(map[string][]string)
	for _, r := range refs {
		if r.Listing != "" {
			byChannel[r.Channel] = append(byChannel[r.Channel], r.Listing)
		}
	}
	found := make(map[[2]string]stock.SKUID)
	for channel, list := range byChannel {
		skus, err := k.db.SKUsOfListings(ctx, k.tenant, channel, list)
		if err != nil {
			return nil, err
		}
		for ref, sku := range skus {
			found[[2]string{channel, ref}] = sku
		}
	}
	return found, nil
}
