package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/text"
)

// IgnoredCode is a code that is no stock: postage, a discount, a fee (在庫でないコード). Listings whose main code it is, and lines of orders that bear it,
// are not asked about and claim nothing, whatever their width and case. A link wins: what is linked to a SKU is stock.
type IgnoredCode struct {
	Code   string // as written first
	Reason string
	Actor  string
	At     time.Time
}

// IgnoreRow asks for a code to be ignored, or no longer.
type IgnoreRow struct {
	Code   string
	Reason string
	Remove bool
}

// IgnoreOutcome is what became of one row.
type IgnoreOutcome struct {
	Before, After bool // whether the code is ignored
	// SKU is the SKU in use that has the code, so that it cannot be ignored: nothing was done.
	SKU string
	// Linked is how many listings with this code are linked to a SKU: they stay linked and go on claiming.
	Linked int64
	// Listings and Lines are how many listings and lines of orders are no longer asked about, or are again.
	Listings, Lines int64
}

// Refused tells whether nothing was done.
func (o IgnoreOutcome) Refused() bool { return o.SKU != "" }

// MostIgnoreRows bounds the rows of one call.
const MostIgnoreRows = 500

// IgnoreCodes ignores codes, or no longer ignores them, in one transaction, each for itself: a row that is refused changes nothing. What is no
// longer ignored is tried by the shops' rules again, and claims once it is linked. An empty code is refused as an error.
func (db *DB) IgnoreCodes(ctx context.Context, tenant stock.TenantID, actor string, rows []IgnoreRow) ([]IgnoreOutcome, error) {
	if len(rows) > MostIgnoreRows {
		return nil, fmt.Errorf("ignore codes: %d rows, at most %d", len(rows), MostIgnoreRows)
	}
	for _, r := range rows {
		if text.Fold(r.Code) == "" {
			return nil, fmt.Errorf("ignore codes: %q has nothing that can be compared", r.Code)
		}
	}
	var outcomes []IgnoreOutcome
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		outcomes = make([]IgnoreOutcome, len(rows))
		shops, err := tx.bareShops(ctx)
		if err != nil {
			return err
		}
		ids := make([]channel.ShopID, len(shops))
		for i, s := range shops {
			ids[i] = s.ID
		}
		// No order and no listing comes in meanwhile that would not know of the change.
		if err := tx.lockShops(ctx, ids); err != nil {
			return err
		}
		for i, r := range rows {
			if outcomes[i], err = tx.ignore(ctx, actor, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ignore codes: %w", err)
	}
	return outcomes, nil
}

// anyShop lets an index that begins with the shop find a code in all of them.
const anyShop = "shop_id IN (SELECT shop.shop_id FROM shop WHERE shop.tenant_id = $1)"

func (tx *Tx) ignore(ctx context.Context, actor string, r IgnoreRow) (IgnoreOutcome, error) {
	var o IgnoreOutcome
	key := text.Fold(r.Code)
	ignored, err := tx.ignoredOf(ctx, []string{key})
	if err != nil {
		return o, err
	}
	o.Before = ignored[key]
	o.After = o.Before
	err = tx.one(ctx, []any{&o.Linked}, "SELECT COUNT(*) FROM listing WHERE tenant_id = $1 AND "+anyShop+" AND code_key = $2 AND sku_id IS NOT NULL", key)
	if err != nil || o.Before == !r.Remove {
		return o, err
	}
	if r.Remove {
		_, err = tx.exec(ctx, "DELETE FROM ignored_code WHERE tenant_id = $1 AND code_key = $2", key)
	} else {
		var book map[string][]Candidate
		if book, err = tx.candidates(ctx, []string{r.Code}); err != nil {
			return o, err
		}
		for _, c := range book[key] {
			if !c.Archived {
				o.SKU = c.Code
				return o, nil
			}
		}
		_, err = tx.exec(ctx, "INSERT INTO ignored_code (tenant_id, code_key, code, reason, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
			key, r.Code, r.Reason, actor, micros(tx.now))
	}
	if err != nil {
		return o, err
	}
	o.After = !r.Remove
	o.Listings, err = tx.changed(ctx, "UPDATE listing SET ignored = $3 WHERE tenant_id = $1 AND "+anyShop+" AND code_key = $2 AND sku_id IS NULL AND ignored <> $3", key, o.After)
	if err != nil {
		return o, err
	}
	if o.Lines, err = tx.wakeLines(ctx, key); err != nil || !r.Remove {
		return o, err
	}
	return o, tx.codesChanged(ctx)
}

// wakeLines sets anew what the lines without a SKU wait for that bear a code or belong to a listing with it. It returns how many changed.
func (tx *Tx) wakeLines(ctx context.Context, key string) (int64, error) {
	refs := make(map[shopRef]bool)
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var r shopRef
		err := rows.Scan(&r.shop, &r.ref)
		refs[r] = true
		return err
	}, "SELECT shop_id, ref FROM listing WHERE tenant_id = $1 AND "+anyShop+" AND code_key = $2 AND sku_id IS NULL", key)
	if err != nil {
		return 0, err
	}
	// Every line without a SKU is looked at: the key of its code is not kept. They are few beside all lines.
	const page = 5000
	changed := int64(0)
	for sale, line := int64(-1<<62), ""; ; {
		var lines []*movingLine
		n := 0
		err := tx.query(ctx, func(rows *sql.Rows) error {
			l, err := lineOf(rows)
			n++
			sale, line = l.sale, l.line.Key
			if text.Fold(l.line.Code) == key || refs[shopRef{l.shop, l.line.Ref}] {
				lines = append(lines, l)
			}
			return err
		}, movingColumns+`WHERE sale_line.tenant_id = $1 AND sale_line.sku_id IS NULL AND (sale_line.sale_id, sale_line.line) > ($2, $3)
			ORDER BY sale_line.sale_id, sale_line.line LIMIT $4`, sale, line, page)
		if err != nil {
			return 0, err
		}
		if err := tx.judgeLines(ctx, lines); err != nil {
			return 0, err
		}
		changed += int64(len(lines))
		if n < page {
			return changed, nil
		}
	}
}

// judgeLines writes what lines without a SKU wait for: nothing where their code, or that of their listing, is no stock.
func (tx *Tx) judgeLines(ctx context.Context, lines []*movingLine) error {
	if err := tx.ignoreLines(ctx, lines); err != nil {
		return err
	}
	listings := make(map[shopRef]bool)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var r shopRef
		err := rows.Scan(&r.shop, &r.ref)
		listings[r] = true
		return err
	}, "SELECT shop_id, ref FROM listing WHERE tenant_id = $1 AND ignored AND (shop_id, ref) IN (", "BIGINT TEXT", ")", nil, len(lines),
		func(args []any, i int) []any { return append(args, int64(lines[i].shop), string(lines[i].line.Ref)) })
	if err != nil {
		return err
	}
	return tx.execRows(ctx, "UPDATE sale_line SET awaiting = v.column3 FROM (", "BIGINT TEXT BIGINT",
		") AS v WHERE sale_line.tenant_id = $1 AND sale_line.sale_id = v.column1 AND sale_line.line = v.column2", nil, len(lines),
		func(args []any, i int) []any {
			l := lines[i]
			l.ignored = l.ignored || listings[shopRef{l.shop, l.line.Ref}]
			return append(args, l.sale, l.line.Key, l.awaiting())
		})
}

// ignoreLines says of lines that go to no SKU whether their own code is no stock.
func (tx *Tx) ignoreLines(ctx context.Context, lines []*movingLine) error {
	var keys []string
	for _, l := range lines {
		if l.to == 0 {
			keys = append(keys, text.Fold(l.line.Code))
		}
	}
	ignored, err := tx.ignoredOf(ctx, keys)
	for _, l := range lines {
		if l.to == 0 {
			l.ignored = l.ignored || ignored[text.Fold(l.line.Code)]
		}
	}
	return err
}

// judgeRefs judges lines of listings of a shop that have no SKU, by the listings' references: those alone that wait for something, or all.
func (tx *Tx) judgeRefs(ctx context.Context, shop channel.ShopID, refs []order.Ref, waiting bool) error {
	var lines []*movingLine
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		l, err := lineOf(rows)
		lines = append(lines, l)
		return err
	}, movingColumns+"WHERE sale_line.tenant_id = $1 AND sale_line.sku_id IS NULL AND sale.shop_id = $2 AND (awaiting > 0 OR NOT $3) AND sale_line.ref IN (", "TEXT", ")",
		[]any{int64(shop), waiting}, len(refs), func(args []any, i int) []any { return append(args, string(refs[i])) })
	if err != nil {
		return err
	}
	return tx.judgeLines(ctx, lines)
}

// ignoredOf tells which of the keys are of ignored codes.
func (tx *Tx) ignoredOf(ctx context.Context, keys []string) (map[string]bool, error) {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	ignored := make(map[string]bool)
	return ignored, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		ignored[key] = true
		return err
	}, "SELECT code_key FROM ignored_code WHERE tenant_id = $1 AND code_key IN (", "TEXT", ")", nil, len(keys),
		func(args []any, i int) []any { return append(args, keys[i]) })
}

// ListIgnoredCodes lists a tenant's ignored codes by code, beginning after one; limit is at most 1000.
func (db *DB) ListIgnoredCodes(ctx context.Context, tenant stock.TenantID, after string, limit int) ([]IgnoredCode, error) {
	var list []IgnoredCode
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var c IgnoredCode
			var at int64
			err := rows.Scan(&c.Code, &c.Reason, &c.Actor, &at)
			c.At = instant(at)
			list = append(list, c)
			return err
		}, "SELECT code, reason, actor, created_at FROM ignored_code WHERE tenant_id = $1 AND code_key > $2 ORDER BY code_key LIMIT $3", text.Fold(after), min(limit, 1000))
	})
	if err != nil {
		return nil, fmt.Errorf("list ignored codes: %w", err)
	}
	return list, nil
}
