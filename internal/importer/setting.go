package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"soroi/internal/channel"
	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// request is what a row asks for that is no change of stock. Exactly one of its fields is there; a file's rows are all of one kind.
type request struct {
	Terms     *store.TermsRow    `json:",omitempty"`
	Assign    []store.Assignment `json:",omitempty"` // of one SKU, or of all SKUs of a product
	Exception *store.Exception   `json:",omitempty"`
	Link      *store.LinkRow     `json:",omitempty"`
	Catalog   *catalogRow        `json:",omitempty"`
	Bundle    *store.BundleRow   `json:",omitempty"`
	Count     *countRow          `json:",omitempty"`
}

// outcome is what became, or would become, of a request.
type outcome struct {
	changed bool
	words   string  // "3 → 5"
	undo    request // what leads back
	refused exchange.Code
	hint    string
}

// carryOut does requests of one kind, once under the key, or says what they would do. It returns one outcome per request.
func (s *Service) carryOut(ctx context.Context, tenant stock.TenantID, key, actor string, requests []request, dry bool) ([]outcome, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	switch first := requests[0]; {
	case first.Terms != nil:
		return s.editTerms(ctx, tenant, key, requests, dry)
	case first.Assign != nil:
		return s.assign(ctx, tenant, key, requests, dry)
	case first.Exception != nil:
		return s.except(ctx, tenant, key, actor, requests, dry)
	case first.Link != nil:
		return s.link(ctx, tenant, key, actor, requests, dry)
	case first.Bundle != nil:
		return s.editBundles(ctx, tenant, key, actor, requests, dry)
	case first.Catalog != nil:
		return s.editCatalog(ctx, tenant, requests, dry)
	case first.Count != nil:
		return s.count(ctx, tenant, key, actor, requests, dry)
	}
	return nil, fmt.Errorf("a row that asks for nothing")
}

func (s *Service) editTerms(ctx context.Context, tenant stock.TenantID, key string, requests []request, dry bool) ([]outcome, error) {
	e := store.TermsEdit{Key: key, Rows: make([]store.TermsRow, len(requests)), Partial: dry, Dry: dry, Bulk: true}
	for i, r := range requests {
		e.Rows[i] = *r.Terms
	}
	answer, err := s.db.EditTerms(ctx, tenant, e)
	if err != nil {
		return nil, err
	}
	list := make([]outcome, len(requests))
	for i, r := range answer.Rows {
		back := e.Rows[i]
		back.Change = r.Undo()
		list[i] = outcome{changed: r.Changed(), undo: request{Terms: &back}, words: termsWords(r.Before, e.Rows[i]) + " → " + termsWords(r.After, e.Rows[i])}
		if r.Refused != nil {
			list[i].refused, list[i].hint = exchange.ChangedMeanwhile, r.Refused.Error()
		}
	}
	return list, nil
}

// termsWords is the figure that a row is about.
func termsWords(t stock.Terms, r store.TermsRow) string {
	if r.Change.Reorder != nil {
		if !t.Reorder.Set {
			return "–"
		}
		return strconv.FormatInt(t.Reorder.Units, 10)
	}
	switch t.Secured.As {
	case stock.InUnits:
		return strconv.FormatInt(t.Secured.N, 10)
	case stock.InPercent:
		return strconv.FormatInt(t.Secured.N, 10) + "%"
	}
	return "–"
}

func (s *Service) assign(ctx context.Context, tenant stock.TenantID, key string, requests []request, dry bool) ([]outcome, error) {
	var wanted []store.Assignment
	for _, r := range requests {
		wanted = append(wanted, r.Assign...)
	}
	patterns, _, err := s.db.ListPatterns(ctx, tenant)
	if err != nil {
		return nil, err
	}
	name := func(id store.PatternID) string {
		if i := slices.IndexFunc(patterns, func(p store.Pattern) bool { return p.ID == id }); i >= 0 {
			return patterns[i].Name
		}
		return "–"
	}
	before := make([]store.Assignment, len(wanted))
	if dry {
		is, err := inputs(ctx, s, tenant, wanted, func(a store.Assignment) stock.SKUID { return a.SKU })
		if err != nil {
			return nil, err
		}
		for i, a := range wanted {
			before[i].SKU = a.SKU
			if u := is[a.SKU]; u != nil && u.Allotment.Assigned {
				before[i].Pattern = u.Allotment.ID
			}
		}
	} else if before, _, err = s.db.AssignPatternsOnce(ctx, tenant, key, wanted); err != nil {
		return nil, err
	}
	list := make([]outcome, len(requests))
	for i, r := range requests {
		n := len(r.Assign)
		was := before[:n]
		before = before[n:]
		list[i] = outcome{changed: !slices.Equal(was, r.Assign), undo: request{Assign: was}}
		if n > 0 {
			list[i].words = name(was[0].Pattern) + " → " + name(r.Assign[0].Pattern)
		}
		if n > 1 {
			list[i].words += " ×" + strconv.Itoa(n)
		}
	}
	return list, nil
}

func (s *Service) except(ctx context.Context, tenant stock.TenantID, key, actor string, requests []request, dry bool) ([]outcome, error) {
	wanted := make([]store.Exception, len(requests))
	for i, r := range requests {
		wanted[i] = *r.Exception
	}
	before := make([]store.Exception, len(wanted))
	if dry {
		is, err := inputs(ctx, s, tenant, wanted, func(e store.Exception) stock.SKUID { return e.SKU })
		if err != nil {
			return nil, err
		}
		for i, e := range wanted {
			before[i] = store.Exception{SKU: e.SKU, Shop: e.Shop}
			if u := is[e.SKU]; u != nil {
				before[i].Most = u.Allotment.Most(e.Shop)
			}
		}
	} else {
		var err error
		if before, _, err = s.db.SetExceptionsOnce(ctx, tenant, key, actor, wanted); err != nil {
			return nil, err
		}
	}
	list := make([]outcome, len(wanted))
	for i, b := range before {
		from, to := mostWords(b.Most), mostWords(wanted[i].Most)
		list[i] = outcome{changed: from != to, undo: request{Exception: &b}, words: from + " → " + to}
	}
	return list, nil
}

func mostWords(most *int64) string {
	if most == nil {
		return "–"
	}
	return strconv.FormatInt(*most, 10)
}

func (s *Service) link(ctx context.Context, tenant stock.TenantID, key, actor string, requests []request, dry bool) ([]outcome, error) {
	r := store.LinkRequest{Key: key, Actor: actor, Partial: dry, Bulk: true, Rows: make([]store.LinkRow, len(requests))}
	for i, q := range requests {
		r.Rows[i] = *q.Link
	}
	do := s.db.Link
	if dry {
		r.Key, do = "", s.db.PreviewLinks
	}
	answer, err := do(ctx, tenant, r)
	if err != nil {
		return nil, err
	}
	var skus []stock.SKUID
	for _, row := range answer.Rows {
		skus = append(skus, row.Before.SKU, row.After.SKU)
	}
	codes, err := s.db.CodesOfSKUs(ctx, tenant, skus)
	if err != nil {
		return nil, err
	}
	list := make([]outcome, len(requests))
	for i, row := range answer.Rows {
		back := r.Rows[i]
		back.SKU, back.ByRule = row.Before.SKU, row.Before.ByRule
		list[i] = outcome{changed: row.Before != row.After, undo: request{Link: &back}, words: cmp.Or(codes[row.Before.SKU], "–") + " → " + cmp.Or(codes[row.After.SKU], "–")}
		switch row.Refused {
		case "":
		case store.NoListing, store.NoLine, store.NoSuchShop:
			list[i].refused = exchange.ListingUnknown
		case store.TwiceLinked:
			list[i].refused = exchange.CodeRepeated
		case store.NoSKU, store.SKUArchived:
			list[i].refused = exchange.CodeUnknown
		default:
			list[i].refused, list[i].hint = exchange.CodeTaken, row.Owner
		}
	}
	return list, nil
}

// inputs reads what planning knows of the SKUs of rows.
func inputs[T any](ctx context.Context, s *Service, tenant stock.TenantID, rows []T, of func(T) stock.SKUID) (map[stock.SKUID]*store.Unplanned, error) {
	ids := make([]stock.SKUID, len(rows))
	for i, row := range rows {
		ids[i] = of(row)
	}
	slices.Sort(ids)
	list, err := s.db.PlanInputs(ctx, tenant, slices.Compact(ids))
	byID := make(map[stock.SKUID]*store.Unplanned, len(list))
	for _, u := range list {
		byID[u.SKU] = u
	}
	return byID, err
}

// applySettings carries a part of an import out, or takes it back. What somebody has changed since is kept when it is undone: the import's row, carried
// out again, would change something.
func applySettings(ctx context.Context, s *Service, w *work) error {
	forward := make([]request, len(w.rows))
	for i, row := range w.rows {
		if err := json.Unmarshal([]byte(row.Request), &forward[i]); err != nil {
			return fmt.Errorf("row %d of import %d: %w", row.Seq, w.job.ID, err)
		}
	}
	if !w.back {
		if err := s.prepareCatalog(ctx, w, forward); err != nil {
			return err
		}
		done, err := s.carryOut(ctx, w.tenant, w.key(), w.job.Actor, forward, false)
		if err != nil {
			return err
		}
		for i, o := range done {
			if o.refused != "" {
				return &refusedError{w.rows[i].Line, o.hint}
			}
			undo, err := json.Marshal(o.undo)
			if err != nil {
				return err
			}
			if o.changed && w.rows[i].Undo == "" {
				w.rows[i].Undo = string(undo)
			}
		}
		return nil
	}
	var back []request
	for _, row := range slices.Backward(w.rows) {
		if row.Undo == "" {
			continue
		}
		var r request
		if err := json.Unmarshal([]byte(row.Undo), &r); err != nil {
			return fmt.Errorf("row %d of import %d: %w", row.Seq, w.job.ID, err)
		}
		back = append(back, r)
	}
	_, err := s.carryOut(ctx, w.tenant, w.key(), w.job.Actor, back, false)
	return err
}

// unsafeSettings are the rows of a part whose settings somebody has changed since they were applied.
func (s *Service) unsafeSettings(ctx context.Context, w *work) ([]store.ImportRow, error) {
	forward := make([]request, len(w.rows))
	for i, row := range w.rows {
		if err := json.Unmarshal([]byte(row.Request), &forward[i]); err != nil {
			return nil, fmt.Errorf("row %d of import %d: %w", row.Seq, w.job.ID, err)
		}
	}
	would, err := s.carryOut(ctx, w.tenant, "", w.job.Actor, forward, true)
	if err != nil {
		return nil, err
	}
	var list []store.ImportRow
	for i, o := range would {
		if w.rows[i].Undo != "" && (o.changed || o.refused != "") {
			list = append(list, w.rows[i])
		}
	}
	return list, nil
}

// stageRequests fills in what each usable row would do. A row about something that an earlier row of the file is about is refused: seen keeps what they are
// about, a short text each.
func stageRequests[T any](ctx context.Context, c *Check, rows *exchange.Rows[T], part []exchange.Row[T], list []staged, requests []request, seen map[string]bool, about func(request) string, key string) error {
	var at []int
	var asked []request
	for i := range list {
		if !list[i].usable() {
			continue
		}
		name := about(requests[i])
		if seen[name] {
			list[i].problems = append(list[i].problems, rows.Problem(&part[i], key, exchange.CodeRepeated, ""))
			continue
		}
		seen[name] = true
		at, asked = append(at, i), append(asked, requests[i])
	}
	would, err := c.service.carryOut(ctx, c.tenant, "", c.Import.Actor, asked, true)
	if err != nil {
		return err
	}
	for n, o := range would {
		i := at[n]
		if o.refused != "" {
			list[i].problems = append(list[i].problems, rows.Problem(&part[i], key, o.refused, o.hint))
			continue
		}
		text, err := json.Marshal(asked[n])
		if err != nil {
			return err
		}
		list[i].row.Request = string(text)
		if o.changed {
			list[i].row.Change = o.words
		}
	}
	return nil
}

// target finds the SKU or the product that a row of settings is about.
func (k *codes) targets(ctx context.Context, list []exchange.Target) (skus []meant, products map[string]stock.ProductID, err error) {
	refs := make([]exchange.SKURef, len(list))
	var names []string
	for i, t := range list {
		if t.SKU != "" {
			refs[i].Codes = []string{t.SKU}
		} else {
			names = append(names, t.Product)
		}
	}
	if skus, err = k.find(ctx, refs); err != nil {
		return nil, nil, err
	}
	products, err = k.db.FindProducts(ctx, k.tenant, names)
	return skus, products, err
}

// shopsByName are the tenant's shops by their names.
func shopsByName(ctx context.Context, c *Check) (map[string]channel.ShopID, string, error) {
	shops, err := c.service.db.ListShops(ctx, c.tenant)
	byName := make(map[string]channel.ShopID, len(shops))
	names := ""
	for i, shop := range shops {
		byName[shop.Name] = shop.ID
		if i > 0 {
			names += "、"
		}
		names += shop.Name
	}
	return byName, names, err
}
