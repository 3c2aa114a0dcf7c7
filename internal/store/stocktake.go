package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"soroi/internal/stock"
)

// StocktakeID names a stocktake.
type StocktakeID int64

// Stocktake is one campaign of counting at one location (棚卸; docs/stocktake.md).
type Stocktake struct {
	ID        StocktakeID
	Name      string
	Location  stock.LocationID
	Place     string     // the location's name
	Scope     StockQuery // which SKUs are to be counted; its page and order do not matter
	Listed    bool       // the SKUs were listed one by one; Scope says nothing
	Blind     bool       // whoever counts does not see what is expected
	Picked    stock.PickedUnits
	Actor     string // who opened it
	CreatedAt time.Time
	ClosedBy  string
	ClosedAt  time.Time // zero while it is open
}

// Open tells whether it can still be counted and approved.
func (s Stocktake) Open() bool { return s.ClosedAt.IsZero() }

// NewStocktake is a stocktake to be opened.
type NewStocktake struct {
	// Key makes it happen once: the same key opens nothing new and gives the stocktake that it opened.
	Key      string
	Name     string // 1 to LongestViewName characters
	Location stock.LocationID
	Scope    StockQuery
	SKUs     []stock.SKUID // when not nil, only these, whatever Scope says; at most MostInBatch
	Blind    bool
	Picked   stock.PickedUnits
	Actor    string
}

// StocktakeError says why something cannot be done in a stocktake.
type StocktakeError struct {
	Code string // one of StocktakeCodes
	N    int64  // how many there are, with uncounted and differences
}

func (e *StocktakeError) Error() string { return "stocktake: " + e.Code }

// StocktakeCodes are all codes of StocktakeError, for whoever has a sentence for each.
func StocktakeCodes() []string {
	return []string{"name", "name_long", "picked", "skus", "none", "location", "closed", "uncounted", "differences", "unknown", "not_counted", "adjusted", "moved_between", "units", "approved", "not_approved", "key", "age", "bundle"}
}

// OpenStocktake opens one. What is wrong with it is a *StocktakeError.
func (db *DB) OpenStocktake(ctx context.Context, tenant stock.TenantID, n NewStocktake) (Stocktake, error) {
	n.Name = strings.TrimSpace(n.Name)
	switch {
	case n.Key == "":
		return Stocktake{}, errors.New("open stocktake: no key")
	case n.Name == "":
		return Stocktake{}, &StocktakeError{Code: "name"}
	case len([]rune(n.Name)) > LongestViewName:
		return Stocktake{}, &StocktakeError{Code: "name_long"}
	case !n.Picked.Valid():
		return Stocktake{}, &StocktakeError{Code: "picked"}
	case len(n.SKUs) > MostInBatch:
		return Stocktake{}, &StocktakeError{Code: "skus"}
	case n.SKUs != nil && len(n.SKUs) == 0:
		return Stocktake{}, &StocktakeError{Code: "none"}
	}
	n.Scope.Sort, n.Scope.After, n.Scope.Limit = SortCode, "", 0
	if n.SKUs != nil {
		n.Scope = StockQuery{}
	}
	scope, err := json.Marshal(n.Scope)
	if err != nil {
		return Stocktake{}, fmt.Errorf("open stocktake: %w", err)
	}
	skus := distinct(n.SKUs)
	var s Stocktake
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		var there bool
		if err := tx.one(ctx, []any{&there}, "SELECT EXISTS (SELECT 1 FROM location WHERE tenant_id = $1 AND location_id = $2)", int64(n.Location)); err != nil {
			return err
		}
		if !there {
			return &StocktakeError{Code: "location"}
		}
		if codes, err := tx.codesOfSKUs(ctx, skus); err != nil || len(codes) != len(skus) {
			return errors.Join(err, ErrNotFound)
		}
		id, err := tx.newID(ctx)
		if err != nil {
			return err
		}
		fresh, err := tx.changed(ctx, `INSERT INTO stocktake (tenant_id, stocktake_id, stocktake_key, name, location_id, scope, listed, blind, picked, actor, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (tenant_id, stocktake_key) DO NOTHING`,
			id, n.Key, n.Name, int64(n.Location), string(scope), n.SKUs != nil, n.Blind, string(n.Picked), n.Actor, micros(tx.now))
		if err != nil {
			return err
		}
		if fresh > 0 {
			err = tx.insertRows(ctx, "stocktake_sku (tenant_id, stocktake_id, sku_id)", "BIGINT BIGINT", "", len(skus), func(args []any, i int) []any { return append(args, id, int64(skus[i])) })
			if err != nil {
				return err
			}
		}
		s, err = tx.stocktake(ctx, "stocktake_key = $2", "", n.Key)
		return err
	})
	if err != nil {
		return Stocktake{}, fmt.Errorf("open stocktake: %w", err)
	}
	return s, nil
}

// LoadStocktake reads one, or gives ErrNotFound.
func (db *DB) LoadStocktake(ctx context.Context, tenant stock.TenantID, id StocktakeID) (s Stocktake, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) (err error) {
		s, err = tx.stocktake(ctx, "stocktake_id = $2", "", int64(id))
		return err
	})
	if err != nil {
		return Stocktake{}, fmt.Errorf("stocktake %d: %w", id, err)
	}
	return s, nil
}

// MostStocktakes bounds a page of stocktakes.
const MostStocktakes = 100

// ListStocktakes lists stocktakes, those that are open first, then the latest: up to limit (at most MostStocktakes) of those opened before the given one; 0 begins. The
// open ones are all on the first page.
func (db *DB) ListStocktakes(ctx context.Context, tenant stock.TenantID, before StocktakeID, limit int) (list []Stocktake, err error) {
	if limit <= 0 || limit > MostStocktakes {
		limit = MostStocktakes
	}
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			s, err := scanStocktake(rows.Scan)
			list = append(list, s)
			return err
		}, "SELECT "+stocktakeColumns+` FROM stocktake JOIN location ON location.tenant_id = stocktake.tenant_id AND location.location_id = stocktake.location_id
			WHERE stocktake.tenant_id = $1 AND (CAST($2 AS BIGINT) = 0 OR stocktake_id < $2 AND closed_at > 0) ORDER BY CASE WHEN closed_at = 0 THEN 0 ELSE 1 END, stocktake_id DESC LIMIT $3`, int64(before), limit)
	})
	if err != nil {
		return nil, fmt.Errorf("list stocktakes: %w", err)
	}
	return list, nil
}

const stocktakeColumns = `stocktake.stocktake_id, stocktake.name, stocktake.location_id, location.name, stocktake.scope, stocktake.listed, stocktake.blind, stocktake.picked, stocktake.actor,
	stocktake.created_at, stocktake.closed_by, stocktake.closed_at`

func scanStocktake(scan func(...any) error) (Stocktake, error) {
	var s Stocktake
	var scope string
	var created, closed int64
	err := scan(&s.ID, &s.Name, &s.Location, &s.Place, &scope, &s.Listed, &s.Blind, &s.Picked, &s.Actor, &created, &s.ClosedBy, &closed)
	if err != nil {
		return s, err
	}
	s.CreatedAt, s.ClosedAt = instant(created), instant(closed)
	return s, json.Unmarshal([]byte(scope), &s.Scope)
}

// stocktake reads one; lock is what the dialect says at the end of a statement that locks, or "".
func (tx *Tx) stocktake(ctx context.Context, where, lock string, arg any) (s Stocktake, err error) {
	found := false
	if lock != "" {
		lock += " OF stocktake"
	}
	err = tx.query(ctx, func(rows *sql.Rows) (err error) {
		found = true
		s, err = scanStocktake(rows.Scan)
		return err
	}, "SELECT "+stocktakeColumns+` FROM stocktake JOIN location ON location.tenant_id = stocktake.tenant_id AND location.location_id = stocktake.location_id
		WHERE stocktake.tenant_id = $1 AND stocktake.`+where+lock, arg)
	if err == nil && !found {
		err = ErrNotFound
	}
	return s, err
}

// openStocktake locks a stocktake that is open: whoever counts, approves or closes goes one after another.
func (tx *Tx) openStocktake(ctx context.Context, id StocktakeID) (Stocktake, error) {
	s, err := tx.stocktake(ctx, "stocktake_id = $2", tx.db.dialect.forUpdate(), int64(id))
	if err == nil && !s.Open() {
		err = &StocktakeError{Code: "closed"}
	}
	return s, err
}

// scopeWhere is what the SKUs of a stocktake are selected from, the condition on sku, and its parameters from $2 on. Bundles lie nowhere themselves.
func (tx *Tx) scopeWhere(ctx context.Context, s Stocktake) (from, condition string, args []any, err error) {
	const whole = " AND NOT sku.bundle"
	if s.Listed {
		return "sku", "sku.tenant_id = $1 AND sku.sku_id IN (SELECT listed.sku_id FROM stocktake_sku AS listed WHERE listed.tenant_id = $1 AND listed.stocktake_id = $2)" + whole, []any{int64(s.ID)}, nil
	}
	found, err := tx.stockSource(ctx, s.Scope)
	return found.from, found.where + whole, found.args, err
}

// StocktakeSums is how far a stocktake is, in SKUs.
type StocktakeSums struct {
	Scope     int64 // to be counted
	Counted   int64 // counted, whatever became of it; SKUs outside the scope among them
	Asked     int64 // to be counted again
	Waiting   int64 // counted and not approved yet
	Approved  int64
	Left      int64 // left as they are
	Uncounted int64 // of the scope, without any count or decision
	Missing   int64 // of those, the ones that the books say lie at the location
	Posted    int64 // units that approving has added to on hand, those that it took away being negative
}

// SumStocktake counts.
func (db *DB) SumStocktake(ctx context.Context, tenant stock.TenantID, s Stocktake) (sums StocktakeSums, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) (err error) {
		sums, err = tx.sumStocktake(ctx, s)
		return err
	})
	if err != nil {
		return sums, fmt.Errorf("sum stocktake %d: %w", s.ID, err)
	}
	return sums, nil
}

// SumCounted is SumStocktake without what is still to be counted (Scope, Uncounted, Missing), which takes a look at every SKU of the scope.
func (db *DB) SumCounted(ctx context.Context, tenant stock.TenantID, id StocktakeID) (sums StocktakeSums, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) (err error) {
		sums, err = tx.sumCounted(ctx, id)
		return err
	})
	if err != nil {
		return sums, fmt.Errorf("sum what is counted in stocktake %d: %w", id, err)
	}
	return sums, nil
}

func (tx *Tx) sumCounted(ctx context.Context, id StocktakeID) (StocktakeSums, error) {
	var sums StocktakeSums
	err := tx.one(ctx, []any{&sums.Asked, &sums.Waiting, &sums.Approved, &sums.Left, &sums.Posted}, `SELECT COUNT(*) FILTER (WHERE state = 'asked'), COUNT(*) FILTER (WHERE state = 'counted'),
		COUNT(*) FILTER (WHERE state = 'approved'), COUNT(*) FILTER (WHERE state = 'left'), CAST(COALESCE(SUM(posted), 0) AS BIGINT)
		FROM stocktake_line WHERE tenant_id = $1 AND stocktake_id = $2 AND current`, int64(id))
	sums.Counted = sums.Waiting + sums.Approved
	return sums, err
}

func (tx *Tx) sumStocktake(ctx context.Context, s Stocktake) (StocktakeSums, error) {
	sums, err := tx.sumCounted(ctx, s.ID)
	if err != nil {
		return sums, err
	}
	from, where, args, err := tx.scopeWhere(ctx, s)
	if err != nil {
		return sums, err
	}
	if err := tx.one(ctx, []any{&sums.Scope}, "SELECT COUNT(*) FROM "+from+" WHERE "+where, args...); err != nil {
		return sums, err
	}
	if from, where, args, err = tx.uncountedWhere(ctx, s); err != nil {
		return sums, err
	}
	err = tx.one(ctx, []any{&sums.Uncounted, &sums.Missing}, "SELECT COUNT(*), COUNT(*) FILTER (WHERE lies.on_hand <> 0) FROM "+from+" WHERE "+where, args...)
	return sums, err
}

// uncountedWhere selects the SKUs of the scope that have no line, with what the books say of them as lies.
func (tx *Tx) uncountedWhere(ctx context.Context, s Stocktake) (from, condition string, args []any, err error) {
	if from, condition, args, err = tx.scopeWhere(ctx, s); err != nil {
		return "", "", nil, err
	}
	args = append(args, int64(s.ID), int64(s.Location))
	id, at := fmt.Sprintf("$%d", len(args)), fmt.Sprintf("$%d", len(args)+1)
	from += " LEFT JOIN balance AS lies ON lies.tenant_id = sku.tenant_id AND lies.sku_id = sku.sku_id AND lies.location_id = " + at
	condition += ` AND NOT EXISTS (SELECT 1 FROM stocktake_line AS line WHERE line.tenant_id = sku.tenant_id AND line.stocktake_id = ` + id + ` AND line.sku_id = sku.sku_id)`
	return from, condition, args, nil
}

// Uncounted is a SKU of a stocktake's scope that nobody has counted.
type Uncounted struct {
	SKU        stock.SKUID
	Code, Name string
	OnHand     int64 // what the books say now
}

// ListUncounted lists SKUs that nobody has counted and the books say are there (missing), or all of them, in the order of their ids: up to limit of those after the given one.
func (db *DB) ListUncounted(ctx context.Context, tenant stock.TenantID, s Stocktake, missing bool, after stock.SKUID, limit int) (list []Uncounted, err error) {
	if limit <= 0 || limit > MostInBatch {
		limit = MostInBatch
	}
	err = db.Read(ctx, tenant, func(tx *Tx) (err error) {
		list, err = tx.uncounted(ctx, s, missing, after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list uncounted of stocktake %d: %w", s.ID, err)
	}
	return list, nil
}

func (tx *Tx) uncounted(ctx context.Context, s Stocktake, missing bool, after stock.SKUID, limit int) (list []Uncounted, err error) {
	from, where, args, err := tx.uncountedWhere(ctx, s)
	if err != nil {
		return nil, err
	}
	args = append(args, int64(after), limit)
	if missing {
		where += " AND lies.on_hand <> 0"
	}
	err = tx.query(ctx, func(rows *sql.Rows) error {
		var u Uncounted
		err := rows.Scan(&u.SKU, &u.Code, &u.Name, &u.OnHand)
		list = append(list, u)
		return err
	}, fmt.Sprintf("SELECT sku.sku_id, sku.code, sku.name, COALESCE(lies.on_hand, 0) FROM %s WHERE %s AND sku.sku_id > $%d ORDER BY sku.sku_id LIMIT $%d", from, where, len(args), len(args)+1), args...)
	return list, err
}
