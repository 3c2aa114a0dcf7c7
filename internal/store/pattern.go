package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
)

// PatternID names a stored allocation pattern. 0 is none: the SKU follows its tenant's default.
type PatternID int64

// Pattern is an allocation pattern (配分パターン) as it is stored.
type Pattern struct {
	allocation.Pattern
	ID        PatternID
	Version   int64 // rises with each change
	Default   bool  // SKUs without a pattern follow this one
	SKUs      int64 // that it is assigned to
	Actor     string
	ChangedAt time.Time
}

// PatternChange makes a pattern, or another body for one that is there.
type PatternChange struct {
	ID      PatternID // 0 makes a new one
	Version int64     // the version that the change was made on; 0 does not ask
	Pattern allocation.Pattern
	Actor   string
}

// ErrVersion says that somebody else has changed the row since it was read.
var ErrVersion = errors.New("changed by somebody else meanwhile")

// PatternError is everything that is wrong with a pattern: the findings of allocation.Check, or a *NoShopError.
type PatternError struct{ Found []error }

func (e *PatternError) Error() string { return errors.Join(e.Found...).Error() }

// NoShopError says that a rule mentions a shop that the tenant does not have. Rules are counted from 0.
type NoShopError struct {
	Rule int
	Shop allocation.ShopID
}

func (e *NoShopError) Error() string {
	return fmt.Sprintf("rule %d mentions shop %d, which does not exist", e.Rule+1, e.Shop)
}

// InUseError says that a pattern cannot go while SKUs follow it.
type InUseError struct {
	SKUs    int64
	Default bool
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("%d skus follow the pattern, default: %v", e.SKUs, e.Default)
}

// SavePattern stores a pattern and has the SKUs that follow it planned anew, after all orders. A pattern with mistakes gives a *PatternError, a name that
// is taken a *ConflictError, a pattern that is gone ErrNotFound, and one that has changed since Version ErrVersion.
func (db *DB) SavePattern(ctx context.Context, tenant stock.TenantID, c PatternChange) (PatternID, error) {
	ids, err := db.SavePatterns(ctx, tenant, []PatternChange{c})
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// SavePatterns is SavePattern for several, all or none.
func (db *DB) SavePatterns(ctx context.Context, tenant stock.TenantID, changes []PatternChange) ([]PatternID, error) {
	for _, c := range changes {
		if found := allocation.Check(c.Pattern); len(found) > 0 {
			return nil, &PatternError{found}
		}
	}
	ids := make([]PatternID, len(changes))
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		for i, c := range changes {
			id, err := tx.savePattern(ctx, c)
			if err != nil {
				return fmt.Errorf("pattern %q: %w", c.Pattern.Name, err)
			}
			ids[i] = id
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("save patterns: %w", err)
	}
	return ids, nil
}

func (tx *Tx) savePattern(ctx context.Context, c PatternChange) (PatternID, error) {
	if err := tx.shopsExist(ctx, c.Pattern); err != nil {
		return 0, err
	}
	body := patternBody(c.Pattern)
	if c.ID == 0 {
		fresh, err := tx.newID(ctx)
		if err != nil {
			return 0, err
		}
		_, err = tx.exec(ctx, `INSERT INTO pattern (tenant_id, pattern_id, name, body, version, actor, created_at, changed_at) VALUES ($1, $2, $3, $4, 1, $5, $6, $6)`,
			fresh, c.Pattern.Name, body, c.Actor, micros(tx.now))
		return PatternID(fresh), err
	}
	n, err := tx.changed(ctx, `UPDATE pattern SET name = $3, body = $4, version = version + 1, actor = $5, changed_at = $6
		WHERE tenant_id = $1 AND pattern_id = $2 AND ($7 = 0 OR version = $7)`, int64(c.ID), c.Pattern.Name, body, c.Actor, micros(tx.now), c.Version)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, tx.whyUnchanged(ctx, c.ID)
	}
	return c.ID, tx.sweepPattern(ctx, c.ID)
}

// whyUnchanged tells a pattern that is gone from one that somebody else has changed.
func (tx *Tx) whyUnchanged(ctx context.Context, id PatternID) error {
	var version int64
	if err := tx.one(ctx, []any{&version}, "SELECT version FROM pattern WHERE tenant_id = $1 AND pattern_id = $2", int64(id)); err != nil {
		return err
	}
	return ErrVersion
}

func (tx *Tx) shopsExist(ctx context.Context, p allocation.Pattern) error {
	shops, err := tx.bareShops(ctx)
	if err != nil {
		return err
	}
	byID := shopsByID(shops)
	var found []error
	for i, r := range p.Rules {
		for _, s := range r.Shares {
			if _, there := byID[channel.ShopID(s.Shop)]; !there {
				found = append(found, &NoShopError{i, s.Shop})
			}
		}
	}
	if len(found) > 0 {
		return &PatternError{found}
	}
	return nil
}

// DeletePattern removes a pattern that nothing follows, else it gives an *InUseError.
func (db *DB) DeletePattern(ctx context.Context, tenant stock.TenantID, id PatternID, version int64) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		// The tenant's row is locked first, as assigning does: no SKU comes to follow the pattern meanwhile.
		standard, err := tx.lockDefaultPattern(ctx)
		if err != nil {
			return err
		}
		var now int64
		if err := tx.one(ctx, []any{&now}, "SELECT version FROM pattern WHERE tenant_id = $1 AND pattern_id = $2"+tx.db.dialect.forUpdate(), int64(id)); err != nil {
			return err
		}
		if version != 0 && version != now {
			return ErrVersion
		}
		use := &InUseError{Default: standard == id}
		if err := tx.one(ctx, []any{&use.SKUs}, "SELECT COUNT(*) FROM sku WHERE tenant_id = $1 AND pattern_id = $2", int64(id)); err != nil {
			return err
		}
		if use.SKUs > 0 || use.Default {
			return use
		}
		_, err = tx.exec(ctx, "DELETE FROM pattern WHERE tenant_id = $1 AND pattern_id = $2", int64(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("delete pattern %d: %w", id, err)
	}
	return nil
}

func (tx *Tx) lockDefaultPattern(ctx context.Context) (PatternID, error) {
	var id sql.NullInt64
	err := tx.one(ctx, []any{&id}, "SELECT pattern_id FROM tenant WHERE tenant_id = $1"+tx.db.dialect.forUpdate())
	return PatternID(id.Int64), err
}

// SetDefaultPattern makes the pattern the one of all SKUs that have none; 0 goes back to the same number everywhere.
func (db *DB) SetDefaultPattern(ctx context.Context, tenant stock.TenantID, id PatternID) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		before, err := tx.lockDefaultPattern(ctx)
		if err != nil || before == id {
			return err
		}
		if err := tx.patternExists(ctx, id); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "UPDATE tenant SET pattern_id = $2 WHERE tenant_id = $1", nullable(int64(id))); err != nil {
			return err
		}
		return tx.sweep(ctx, 0)
	})
	if err != nil {
		return fmt.Errorf("set default pattern %d: %w", id, err)
	}
	return nil
}

func (tx *Tx) patternExists(ctx context.Context, id PatternID) error {
	if id == 0 {
		return nil
	}
	var name string
	return tx.one(ctx, []any{&name}, "SELECT name FROM pattern WHERE tenant_id = $1 AND pattern_id = $2", int64(id))
}

// ListPatterns lists a tenant's patterns by name, with how many SKUs follow each. plain is how many SKUs have none.
func (db *DB) ListPatterns(ctx context.Context, tenant stock.TenantID) (patterns []Pattern, plain int64, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		if patterns, err = tx.patterns(ctx); err != nil {
			return err
		}
		used := make(map[PatternID]int64)
		assigned := int64(0)
		err := tx.query(ctx, func(rows *sql.Rows) error {
			var id PatternID
			var n int64
			err := rows.Scan(&id, &n)
			used[id] = n
			assigned += n
			return err
		}, "SELECT pattern_id, COUNT(*) FROM sku WHERE tenant_id = $1 AND pattern_id IS NOT NULL GROUP BY pattern_id")
		if err != nil {
			return err
		}
		for i := range patterns {
			patterns[i].SKUs = used[patterns[i].ID]
		}
		if err := tx.one(ctx, []any{&plain}, "SELECT COUNT(*) FROM sku WHERE tenant_id = $1"); err != nil {
			return err
		}
		plain -= assigned
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list patterns: %w", err)
	}
	return patterns, plain, nil
}

// ReadPatterns lists a tenant's patterns by name, without counting the SKUs that follow each.
func (db *DB) ReadPatterns(ctx context.Context, tenant stock.TenantID) (patterns []Pattern, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		patterns, err = tx.patterns(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read patterns: %w", err)
	}
	return patterns, nil
}

// LoadPattern reads one pattern with how many SKUs follow it, or gives ErrNotFound.
func (db *DB) LoadPattern(ctx context.Context, tenant stock.TenantID, id PatternID) (Pattern, error) {
	patterns, _, err := db.ListPatterns(ctx, tenant)
	if err != nil {
		return Pattern{}, err
	}
	if i := slices.IndexFunc(patterns, func(p Pattern) bool { return p.ID == id }); i >= 0 {
		return patterns[i], nil
	}
	return Pattern{}, fmt.Errorf("pattern %d: %w", id, ErrNotFound)
}

// patterns reads all patterns of the tenant, by name.
func (tx *Tx) patterns(ctx context.Context) ([]Pattern, error) {
	var patterns []Pattern
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var p Pattern
		var name, body string
		var changed int64
		var standard sql.NullInt64
		if err := rows.Scan(&p.ID, &name, &body, &p.Version, &p.Actor, &changed, &standard); err != nil {
			return err
		}
		var err error
		if p.Pattern, err = readPattern(body); err != nil {
			return fmt.Errorf("pattern %d: %w", p.ID, err)
		}
		p.ChangedAt, p.Default = instant(changed), standard.Valid && PatternID(standard.Int64) == p.ID
		patterns = append(patterns, p)
		return nil
	}, `SELECT pattern.pattern_id, pattern.name, body, version, actor, changed_at, tenant.pattern_id FROM pattern
		JOIN tenant ON tenant.tenant_id = pattern.tenant_id WHERE pattern.tenant_id = $1 ORDER BY pattern.name`)
	return patterns, err
}

// patternBody is how a pattern is stored: its text, with the numbers of the shops for their names.
func patternBody(p allocation.Pattern) string {
	return allocation.Format([]allocation.Pattern{p}, func(id allocation.ShopID) string { return strconv.FormatInt(int64(id), 10) })
}

func readPattern(body string) (allocation.Pattern, error) {
	patterns, wrong := allocation.Parse(body, func(name string) (allocation.ShopID, bool) {
		id, err := strconv.ParseInt(name, 10, 64)
		return allocation.ShopID(id), err == nil
	})
	if len(wrong) > 0 {
		return allocation.Pattern{}, wrong[0]
	}
	if len(patterns) != 1 {
		return allocation.Pattern{}, fmt.Errorf("%d patterns in one body", len(patterns))
	}
	return patterns[0], nil
}

// Assignment is what pattern a SKU follows.
type Assignment struct {
	SKU     stock.SKUID
	Pattern PatternID // 0 for the tenant's default
}

// AssignPatterns makes SKUs follow patterns and returns what each followed before, in the order of the assignments. A SKU or a pattern that is not there
// gives ErrNotFound, and nothing is assigned. One transaction: at most MostInBatch rows.
func (db *DB) AssignPatterns(ctx context.Context, tenant stock.TenantID, assignments []Assignment) ([]Assignment, error) {
	before, _, err := db.AssignPatternsOnce(ctx, tenant, "", assignments)
	return before, err
}

// AssignPatternsOnce is AssignPatterns under a once-only key, as in ChangeRequest; "" is no protection. repeated says that the answer is the one of the
// first time, and nothing was assigned.
func (db *DB) AssignPatternsOnce(ctx context.Context, tenant stock.TenantID, key string, assignments []Assignment) (before []Assignment, repeated bool, err error) {
	repeated, err = db.once(ctx, tenant, key, assignments, &before, func(tx *Tx) (err error) {
		before, err = tx.assignPatterns(ctx, assignments)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("assign patterns: %w", err)
	}
	return before, repeated, nil
}

func (tx *Tx) assignPatterns(ctx context.Context, assignments []Assignment) ([]Assignment, error) {
	before := make([]Assignment, len(assignments))
	if _, err := tx.lockDefaultPattern(ctx); err != nil { // as DeletePattern does
		return nil, err
	}
	followed := make(map[stock.SKUID]PatternID, len(assignments))
	sku := func(args []any, i int) []any { return append(args, int64(assignments[i].SKU)) }
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var id sql.NullInt64
		err := rows.Scan(&sku, &id)
		followed[sku] = PatternID(id.Int64)
		return err
	}, "SELECT sku_id, pattern_id FROM sku WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ") ORDER BY sku_id"+tx.db.dialect.forUpdate(), nil, len(assignments), sku)
	if err != nil {
		return nil, err
	}
	wanted := make(map[stock.SKUID]PatternID, len(assignments))
	checked := make(map[PatternID]bool)
	for i, a := range assignments {
		was, there := followed[a.SKU]
		if !there {
			return nil, fmt.Errorf("sku %d: %w", a.SKU, ErrNotFound)
		}
		before[i] = Assignment{a.SKU, was}
		wanted[a.SKU] = a.Pattern // the last word counts
		if !checked[a.Pattern] {
			checked[a.Pattern] = true
			if err := tx.patternExists(ctx, a.Pattern); err != nil {
				return nil, fmt.Errorf("pattern %d: %w", a.Pattern, err)
			}
		}
	}
	var changed []stock.SKUID
	for sku, id := range wanted {
		if followed[sku] != id {
			changed = append(changed, sku)
		}
	}
	slices.Sort(changed)
	err = tx.execRows(ctx, "UPDATE sku SET pattern_id = NULLIF(v.column2, 0) FROM (", "BIGINT BIGINT",
		") AS v WHERE sku.tenant_id = $1 AND sku.sku_id = v.column1", nil, len(changed),
		func(args []any, i int) []any { return append(args, int64(changed[i]), int64(wanted[changed[i]])) })
	if err != nil {
		return nil, err
	}
	return before, tx.markSKUs(ctx, changed, rankBulk)
}

// MostInBatch bounds the rows of one batch of settings: one transaction each.
const MostInBatch = 2000

// Exception is what one shop may show of a SKU at most, whatever the pattern says.
type Exception struct {
	SKU  stock.SKUID
	Shop channel.ShopID
	Most *int64 // 0 stops the SKU in the shop; nil is no exception
}

// SetExceptions sets and removes exceptions and returns what was before, in their order. A SKU or a shop that is not there, or a negative number, gives a
// *ConflictError, and nothing is set. One transaction: at most MostInBatch rows.
func (db *DB) SetExceptions(ctx context.Context, tenant stock.TenantID, actor string, exceptions []Exception) ([]Exception, error) {
	before, _, err := db.SetExceptionsOnce(ctx, tenant, "", actor, exceptions)
	return before, err
}

// SetExceptionsOnce is SetExceptions under a once-only key, as AssignPatternsOnce is AssignPatterns.
func (db *DB) SetExceptionsOnce(ctx context.Context, tenant stock.TenantID, key, actor string, exceptions []Exception) (before []Exception, repeated bool, err error) {
	repeated, err = db.once(ctx, tenant, key, exceptions, &before, func(tx *Tx) (err error) {
		before, err = tx.setExceptions(ctx, actor, exceptions)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("set exceptions: %w", err)
	}
	return before, repeated, nil
}

func (tx *Tx) setExceptions(ctx context.Context, actor string, exceptions []Exception) ([]Exception, error) {
	type key struct {
		sku  stock.SKUID
		shop channel.ShopID
	}
	before := make([]Exception, len(exceptions))
	held := make(map[key]int64)
	skus := make([]stock.SKUID, len(exceptions))
	for i, e := range exceptions {
		skus[i] = e.SKU
	}
	slices.Sort(skus)
	skus = slices.Compact(skus)
	err := tx.exceptions(ctx, skus, func(e Exception) { held[key{e.SKU, e.Shop}] = *e.Most })
	if err != nil {
		return nil, err
	}
	wanted := make(map[key]*int64)
	var order []key
	for i, e := range exceptions {
		k := key{e.SKU, e.Shop}
		before[i] = Exception{SKU: e.SKU, Shop: e.Shop}
		if most, there := held[k]; there {
			before[i].Most = &most
		}
		if _, seen := wanted[k]; !seen {
			order = append(order, k)
		}
		wanted[k] = e.Most
	}
	var set, remove []key
	for _, k := range order {
		if wanted[k] != nil {
			set = append(set, k)
		} else if _, there := held[k]; there {
			remove = append(remove, k)
		}
	}
	err = tx.insertRows(ctx, "sku_shop (tenant_id, sku_id, shop_id, most, actor, changed_at)", "BIGINT BIGINT BIGINT TEXT BIGINT",
		` ON CONFLICT (tenant_id, sku_id, shop_id) DO UPDATE SET most = excluded.most, actor = excluded.actor, changed_at = excluded.changed_at`,
		len(set), func(args []any, i int) []any {
			return append(args, int64(set[i].sku), int64(set[i].shop), *wanted[set[i]], actor, micros(tx.now))
		})
	if err != nil {
		return nil, err
	}
	err = tx.execRows(ctx, "DELETE FROM sku_shop WHERE tenant_id = $1 AND (sku_id, shop_id) IN (", "BIGINT BIGINT", ")", nil, len(remove),
		func(args []any, i int) []any { return append(args, int64(remove[i].sku), int64(remove[i].shop)) })
	if err != nil {
		return nil, err
	}
	return before, tx.markSKUs(ctx, skus, rankOrder)
}

// exceptions calls each for the exceptions of SKUs.
func (tx *Tx) exceptions(ctx context.Context, skus []stock.SKUID, each func(Exception)) error {
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var e Exception
		var most int64
		err := rows.Scan(&e.SKU, &e.Shop, &most)
		e.Most = &most
		each(e)
		return err
	}, "SELECT sku_id, shop_id, most FROM sku_shop WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ") ORDER BY sku_id, shop_id", nil, len(skus),
		func(args []any, i int) []any { return append(args, int64(skus[i])) })
}

// share is the exception as allocation has it; the zero share where there is none.
func (e Exception) share() allocation.Share {
	switch {
	case e.Most == nil:
		return allocation.Share{}
	case *e.Most == 0:
		return allocation.Share{Kind: allocation.Stop}
	}
	return allocation.Share{Kind: allocation.AtMost, N: *e.Most}
}
