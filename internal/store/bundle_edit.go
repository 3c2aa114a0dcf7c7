package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// BundleRow says what one SKU is put together from; no parts make it a SKU with stock of its own again.
type BundleRow struct {
	SKU   stock.SKUID
	Parts []stock.Part
}

// BundleEdit is a set of changes of bundles that are made in one transaction. Rows see what rows before them did.
type BundleEdit struct {
	Key    string // makes the edit happen once, as in TermsEdit; "" is no protection, which this edit does not need
	Actor  string
	Reason string // of the movements of orders that go over to parts
	Rows   []BundleRow
	// Partial makes the changes that can be made; otherwise one refused row keeps all others back.
	Partial bool
	Dry     bool // only tell what would happen
	Bulk    bool // plan what changed after all orders
}

// BundleResult is what became of one row.
type BundleResult struct {
	Before, After []stock.Part       // direct parts, by SKU; the same when the row was refused or changes nothing
	Refused       *stock.BundleError // nil when nothing is wrong with the row
	// Lines and Units are open order lines that held units of the SKU itself, and hold its parts from now on, and how many of it those are.
	Lines, Units int64
}

// Changed tells whether the parts are others than before.
func (r BundleResult) Changed() bool { return !slices.Equal(r.Before, r.After) }

// BundleAnswer tells what became of each row of a BundleEdit, in its order.
type BundleAnswer struct {
	Applied  bool // the rows without Refused were made: all of them unless Partial
	Repeated bool // the key had been used: this is the first answer
	Rows     []BundleResult
}

// EditBundles changes what bundles are put together from, and has all bundles planned anew that this concerns, those around them included. Open
// orders of a SKU that becomes a bundle hold its parts from then on, except for those that have been shipped in part; orders of what has been a bundle before
// keep what they hold, whatever it is put together from now. A bundle has no stock: its own on hand has to be 0. A SKU that is not there gives
// ErrNotFound, and nothing is changed.
func (db *DB) EditBundles(ctx context.Context, tenant stock.TenantID, e BundleEdit) (BundleAnswer, error) {
	if len(e.Rows) > MostInBatch {
		return BundleAnswer{}, fmt.Errorf("edit bundles: %d rows, more than %d", len(e.Rows), MostInBatch)
	}
	once, err := newOneTime(e.Key, struct {
		Partial bool
		Rows    []BundleRow
	}{e.Partial, e.Rows})
	if err != nil {
		return BundleAnswer{}, fmt.Errorf("edit bundles: %w", err)
	}
	shops, err := db.ListShops(ctx, tenant)
	if err != nil {
		return BundleAnswer{}, fmt.Errorf("edit bundles: %w", err)
	}
	w := &bundleWork{edit: e, once: once}
	for _, s := range shops {
		w.shops = append(w.shops, s.ID)
	}
	if e.Dry {
		err = db.Read(ctx, tenant, func(tx *Tx) error {
			w.begin()
			return w.look(ctx, tx)
		})
	} else {
		err = db.ledger.post(ctx, tenant, w)
	}
	if err != nil {
		return BundleAnswer{}, fmt.Errorf("edit bundles: %w", err)
	}
	return w.answer, nil
}

type bundleWork struct {
	edit   BundleEdit
	once   oneTime
	shops  []channel.ShopID
	answer BundleAnswer

	relinking
	goods  map[stock.SKUID]*bundleSKU
	before stock.Recipes // of everything that is above or below the rows' SKUs
	now    stock.Recipes
	leaves map[stock.SKUID][]stock.Part // what bundles come down to whose leaves may be others than before
}

// bundleSKU is what has to be known of a bundle, or of a part.
type bundleSKU struct {
	archived bool
	supply   stock.Supply
	onHand   int64
}

func (w *bundleWork) alone() []string {
	names := append(alone(w.shops...), "bundles")
	if w.edit.Key != "" {
		names = append(names, "key "+w.edit.Key)
	}
	return names
}

func (w *bundleWork) size() int { return len(w.edit.Rows) }

func (w *bundleWork) with(others works) works {
	ws, _ := others.(singles)
	return append(ws, w)
}

func (w *bundleWork) begin() {
	*w = bundleWork{edit: w.edit, once: w.once, shops: w.shops, relinking: relinking{actor: w.edit.Actor, reason: w.edit.Reason},
		goods: make(map[stock.SKUID]*bundleSKU), before: make(stock.Recipes), now: make(stock.Recipes), leaves: make(map[stock.SKUID][]stock.Part)}
	if w.edit.Bulk {
		w.rank = rankBulk
	}
}

func (w *bundleWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	w.begin()
	repeated, err := w.once.find(ctx, tx, &w.answer)
	if err != nil || repeated {
		w.answer.Repeated = repeated
		return nil, err
	}
	// One edit at a time: two could make a cycle together that neither sees. And no order comes in meanwhile.
	if _, err := tx.lockDefaultPattern(ctx); err != nil {
		return nil, err
	}
	if err := tx.lockShops(ctx, w.shops); err != nil {
		return nil, err
	}
	if err := w.look(ctx, tx); err != nil || !w.answer.Applied {
		return nil, err
	}
	return w.relinking.prepare(ctx, tx)
}

// look reads what the rows are about, refuses what cannot be, and finds what changes.
func (w *bundleWork) look(ctx context.Context, tx *Tx) error {
	if err := w.loadRecipes(ctx, tx); err != nil {
		return err
	}
	if err := w.loadGoods(ctx, tx); err != nil {
		return err
	}
	w.answer.Rows = make([]BundleResult, len(w.edit.Rows))
	refused := false
	for i, row := range w.edit.Rows {
		r := &w.answer.Rows[i]
		if w.goods[row.SKU] == nil {
			return fmt.Errorf("sku %d: %w", row.SKU, ErrNotFound)
		}
		r.Before = slices.Clone(w.now[row.SKU])
		r.After = r.Before
		parts := slices.Clone(row.Parts)
		slices.SortFunc(parts, compareParts)
		if err := w.set(row.SKU, parts); err != nil {
			if !errors.As(err, &r.Refused) {
				return err
			}
			refused = true
			continue
		}
		r.After = parts
	}
	w.answer.Applied = !refused || w.edit.Partial
	return w.findOpen(ctx, tx)
}

// set gives a SKU its parts, unless they cannot be.
func (w *bundleWork) set(sku stock.SKUID, parts []stock.Part) error {
	if err := stock.CheckParts(sku, parts); err != nil {
		return err
	}
	for _, p := range parts {
		switch part := w.goods[p.SKU]; {
		case part == nil:
			return &stock.BundleError{Code: "unknown", Part: p.SKU, Reason: "name a sku that is not there"}
		case part.archived && !slices.Contains(w.now[sku], p):
			return &stock.BundleError{Code: "archived", Part: p.SKU, Reason: "name a sku that is out of use"}
		}
	}
	if own := w.goods[sku]; len(parts) > 0 && len(w.now[sku]) == 0 {
		switch {
		case own.onHand != 0:
			return &stock.BundleError{Code: "on_hand", Reason: fmt.Sprintf("cannot be given to a sku with %d units on hand of its own", own.onHand)}
		case own.supply != stock.Stocked:
			return &stock.BundleError{Code: "supply", Reason: "cannot be given to a sku that is made to order"}
		}
	}
	old := w.now[sku]
	if slices.Equal(old, parts) {
		return nil
	}
	w.now[sku] = parts
	concerned := append([]stock.SKUID{sku}, w.around(sku)...)
	leaves := make(map[stock.SKUID][]stock.Part, len(concerned))
	for _, bundle := range concerned {
		var err error
		if leaves[bundle], err = w.now.Leaves(bundle); err != nil {
			w.now[sku] = old
			return err
		}
	}
	for bundle, parts := range leaves {
		w.leaves[bundle] = parts
	}
	return nil
}

// around are the bundles that hold a SKU, and those that hold these, as it is now. A cycle ends it: Leaves finds that.
func (w *bundleWork) around(sku stock.SKUID) []stock.SKUID {
	var list []stock.SKUID
	seen := map[stock.SKUID]bool{sku: true}
	for at := []stock.SKUID{sku}; len(at) > 0; {
		var next []stock.SKUID
		for bundle, parts := range w.now {
			if !seen[bundle] && slices.ContainsFunc(parts, func(p stock.Part) bool { return slices.Contains(at, p.SKU) }) {
				seen[bundle] = true
				next = append(next, bundle)
			}
		}
		list, at = append(list, next...), next
	}
	return list
}

// loadRecipes reads the parts of everything that holds one of the rows' SKUs or is held by one, as it is or as it is to be.
func (w *bundleWork) loadRecipes(ctx context.Context, tx *Tx) error {
	var skus, parts []stock.SKUID
	for _, r := range w.edit.Rows {
		skus = append(skus, r.SKU)
		for _, p := range r.Parts {
			parts = append(parts, p.SKU)
		}
	}
	seen := make(map[stock.SKUID]bool)
	// Up to the bundles around, then down from all of them.
	all := distinct(append(skus, parts...))
	for at := distinct(skus); len(at) > 0; {
		var next []stock.SKUID
		err := tx.queryRows(ctx, func(rows *sql.Rows) error {
			var bundle stock.SKUID
			err := rows.Scan(&bundle)
			if !seen[bundle] {
				seen[bundle] = true
				next = append(next, bundle)
			}
			return err
		}, "SELECT bundle_id FROM bundle_part WHERE tenant_id = $1 AND part_id IN (", "BIGINT", ")", nil, len(at), func(args []any, i int) []any { return append(args, int64(at[i])) })
		if err != nil {
			return err
		}
		all, at = append(all, next...), distinct(next)
	}
	clear(seen)
	for at := distinct(all); len(at) > 0; {
		for _, sku := range at {
			seen[sku] = true
		}
		var next []stock.SKUID
		err := tx.queryRows(ctx, func(rows *sql.Rows) error {
			var bundle stock.SKUID
			var p stock.Part
			err := rows.Scan(&bundle, &p.SKU, &p.Units)
			w.before[bundle] = append(w.before[bundle], p)
			if !seen[p.SKU] {
				next = append(next, p.SKU)
			}
			return err
		}, "SELECT bundle_id, part_id, units FROM bundle_part WHERE tenant_id = $1 AND bundle_id IN (", "BIGINT", ")", nil, len(at), func(args []any, i int) []any { return append(args, int64(at[i])) })
		if err != nil {
			return err
		}
		at = distinct(next)
	}
	for sku, parts := range w.before {
		slices.SortFunc(parts, compareParts)
		w.now[sku] = parts
	}
	return nil
}

func (w *bundleWork) loadGoods(ctx context.Context, tx *Tx) error {
	var skus []stock.SKUID
	for _, r := range w.edit.Rows {
		skus = append(skus, r.SKU)
		for _, p := range r.Parts {
			skus = append(skus, p.SKU)
		}
	}
	skus = distinct(skus)
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id stock.SKUID
		g := &bundleSKU{}
		err := rows.Scan(&id, &g.archived, &g.supply, &g.onHand)
		w.goods[id] = g
		return err
	}, `SELECT sku_id, archived_at > 0, supply, (SELECT CAST(COALESCE(SUM(on_hand), 0) AS BIGINT) FROM balance WHERE balance.tenant_id = $1 AND balance.sku_id = sku.sku_id)
		FROM sku WHERE tenant_id = $1 AND sku_id IN (`, "BIGINT", ")", nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
}

// findOpen finds the orders that hold units of SKUs that become bundles. One that has been shipped in part is finished from the old stock.
func (w *bundleWork) findOpen(ctx context.Context, tx *Tx) error {
	if !w.answer.Applied {
		return nil
	}
	rows := make(map[stock.SKUID]*BundleResult)
	var skus []stock.SKUID
	for i, row := range w.edit.Rows {
		if len(w.before[row.SKU]) == 0 && len(w.now[row.SKU]) > 0 {
			rows[row.SKU] = &w.answer.Rows[i]
			skus = append(skus, row.SKU)
		}
	}
	skus = distinct(skus)
	err := tx.queryRows(ctx, func(r *sql.Rows) error {
		line, err := lineOf(r)
		line.to, line.link = line.from, &relink{listing: line.listing}
		w.lines = append(w.lines, line)
		rows[line.from].Lines++
		rows[line.from].Units += line.claim.Held
		return err
	}, movingColumns+"WHERE sale_line.tenant_id = $1 AND held <> 0 AND shipped = base_shipped AND returned = base_returned AND NOT bundled AND sale_line.sku_id IN (", "BIGINT", ")",
		nil, len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
	w.recipes = w.leaves
	return err
}

func (w *bundleWork) decide(l *ledger) error {
	if w.answer.Repeated || !w.answer.Applied {
		return nil
	}
	for bundle := range w.leaves {
		l.mark(bundle, w.rank, l.now)
	}
	return w.relinking.decide(l)
}

func (w *bundleWork) record(ctx context.Context, tx *Tx) error {
	if w.answer.Repeated || !w.answer.Applied {
		return nil
	}
	if err := w.write(ctx, tx); err != nil {
		return err
	}
	if err := w.relinking.record(ctx, tx); err != nil {
		return err
	}
	return w.once.keep(ctx, tx, w.answer)
}

// write replaces the parts of what changed, and what everything around comes down to.
func (w *bundleWork) write(ctx context.Context, tx *Tx) error {
	type row struct {
		bundle stock.SKUID
		stock.Part
	}
	var changed, around, were, are []stock.SKUID
	var parts, leaves []row
	for sku, now := range w.now {
		if slices.Equal(now, w.before[sku]) {
			continue
		}
		changed = append(changed, sku)
		for _, p := range now {
			parts = append(parts, row{sku, p})
		}
	}
	for bundle, down := range w.leaves {
		around = append(around, bundle)
		for _, p := range down {
			leaves = append(leaves, row{bundle, p})
			are = append(are, p.SKU)
		}
	}
	changed, around = distinct(changed), distinct(around)
	id := func(list []stock.SKUID) func([]any, int) []any {
		return func(args []any, i int) []any { return append(args, int64(list[i])) }
	}
	rows := func(list []row) func([]any, int) []any {
		slices.SortFunc(list, func(a, b row) int {
			return compareKeys(balanceKey{a.bundle, stock.LocationID(a.SKU)}, balanceKey{b.bundle, stock.LocationID(b.SKU)})
		})
		return func(args []any, i int) []any {
			return append(args, int64(list[i].bundle), int64(list[i].SKU), list[i].Units)
		}
	}
	err := tx.queryRows(ctx, func(r *sql.Rows) error {
		var leaf stock.SKUID
		err := r.Scan(&leaf)
		were = append(were, leaf)
		return err
	}, "SELECT leaf_id FROM bundle_leaf WHERE tenant_id = $1 AND bundle_id IN (", "BIGINT", ")", nil, len(around), id(around))
	if err != nil {
		return err
	}
	skus := distinct(append(append(were, are...), changed...))
	for _, write := range []func() error{
		func() error {
			return tx.execRows(ctx, "DELETE FROM bundle_part WHERE tenant_id = $1 AND bundle_id IN (", "BIGINT", ")", nil, len(changed), id(changed))
		},
		func() error {
			return tx.execRows(ctx, "DELETE FROM bundle_leaf WHERE tenant_id = $1 AND bundle_id IN (", "BIGINT", ")", nil, len(around), id(around))
		},
		func() error {
			return tx.insertRows(ctx, "bundle_part (tenant_id, bundle_id, part_id, units)", "BIGINT BIGINT BIGINT", "", len(parts), rows(parts))
		},
		func() error {
			return tx.insertRows(ctx, "bundle_leaf (tenant_id, bundle_id, leaf_id, units)", "BIGINT BIGINT BIGINT", "", len(leaves), rows(leaves))
		},
		func() error {
			return tx.execRows(ctx, `UPDATE sku SET bundle = EXISTS (SELECT 1 FROM bundle_part WHERE bundle_part.tenant_id = $1 AND bundle_part.bundle_id = sku.sku_id),
				in_bundle = EXISTS (SELECT 1 FROM bundle_leaf WHERE bundle_leaf.tenant_id = $1 AND bundle_leaf.leaf_id = sku.sku_id)
				WHERE tenant_id = $1 AND sku_id IN (`, "BIGINT", ")", nil, len(skus), id(skus))
		},
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}
