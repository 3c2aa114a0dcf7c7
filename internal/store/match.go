package store

import (
	"context"
	"database/sql"
	"fmt"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// SetMatchRule changes the rule by which a shop's listings find their SKUs. Listings that have none are tried again; links that exist stay.
func (db *DB) SetMatchRule(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, rule match.Rule) error {
	if wrong := rule.Check(); len(wrong) > 0 {
		return wrong[0]
	}
	return db.changeShop(ctx, tenant, "UPDATE shop SET match_rule = $3, match_due = match_due + 1 WHERE tenant_id = $1 AND shop_id = $2", int64(shop), rule.Text())
}

// RequestMatching makes a shop's listings without a SKU be tried by its rule again.
func (db *DB) RequestMatching(ctx context.Context, tenant stock.TenantID, shop channel.ShopID) error {
	return db.changeShop(ctx, tenant, "UPDATE shop SET match_due = match_due + 1 WHERE tenant_id = $1 AND shop_id = $2", int64(shop))
}

// codesChanged makes the listings without a SKU of every shop be tried again: SKUs have come, or have codes that they had not.
func (tx *Tx) codesChanged(ctx context.Context) error {
	_, err := tx.exec(ctx, "UPDATE shop SET match_due = match_due + 1 WHERE tenant_id = $1")
	return err
}

func (tx *Tx) matchRule(ctx context.Context, shop channel.ShopID) (match.Rule, error) {
	var stored string
	if err := tx.one(ctx, []any{&stored}, "SELECT match_rule FROM shop WHERE tenant_id = $1 AND shop_id = $2", int64(shop)); err != nil {
		return match.Rule{}, fmt.Errorf("match rule of shop %d: %w", shop, err)
	}
	return match.Read(stored)
}

// Matching is how far a pass over a shop's listings without a SKU has come.
type Matching struct {
	Tried, Linked int
	Claims        int       // lines of orders that had waited
	Next          order.Ref // where to go on; "" at the end
}

// MatchListings tries the next listings of a shop that have no SKU, at most limit of them from after on, by the shop's rule.
func (db *DB) MatchListings(ctx context.Context, tenant stock.TenantID, lease Lease, after order.Ref, limit int) (Matching, error) {
	w := &matchWork{lease: lease, after: after, limit: limit}
	if err := db.ledger.post(ctx, tenant, w); err != nil {
		return Matching{}, fmt.Errorf("match listings of shop %d: %w", lease.Shop, err)
	}
	return w.result, nil
}

// MatchingDone records that a pass has come to its end. due is Shop.MatchDue as it was when it began.
func (db *DB) MatchingDone(ctx context.Context, tenant stock.TenantID, lease Lease, due int64) error {
	return db.Write(ctx, tenant, func(tx *Tx) error {
		if err := tx.fence(ctx, lease); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "UPDATE shop SET match_done = $3 WHERE tenant_id = $1 AND shop_id = $2 AND match_done < $3", int64(lease.Shop), due)
		return err
	})
}

type matchWork struct {
	lease  Lease
	after  order.Ref
	limit  int
	result Matching

	relinking
}

func (w *matchWork) alone() []string { return alone(w.lease.Shop) }
func (w *matchWork) size() int       { return w.limit }

func (w *matchWork) with(others works) works {
	ws, _ := others.(singles)
	return append(ws, w)
}

func (w *matchWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	*w = matchWork{lease: w.lease, after: w.after, limit: w.limit, relinking: relinking{rank: rankBulk}}
	if err := tx.fence(ctx, w.lease); err != nil {
		return nil, err
	}
	rule, err := tx.matchRule(ctx, w.lease.Shop)
	if err != nil || len(rule.Steps) == 0 {
		return nil, err
	}
	free, err := tx.freeAfter(ctx, w.lease.Shop, w.after, w.limit)
	if err != nil {
		return nil, err
	}
	if w.result.Tried = len(free); w.result.Tried == w.limit {
		w.result.Next = free[len(free)-1].ref
	}
	if w.links, err = tx.decideLinks(ctx, w.lease.Shop, rule, free); err != nil {
		return nil, err
	}
	return w.relinking.prepare(ctx, tx)
}

func (w *matchWork) record(ctx context.Context, tx *Tx) error {
	w.result.Linked, w.result.Claims = len(w.links), len(w.lines)
	return w.relinking.record(ctx, tx)
}

// freeAfter reads the listings of a shop that a rule may link, by ref.
func (tx *Tx) freeAfter(ctx context.Context, shop channel.ShopID, after order.Ref, limit int) ([]freeListing, error) {
	var free []freeListing
	return free, tx.query(ctx, func(rows *sql.Rows) error {
		l, err := scanFree(rows)
		free = append(free, l)
		return err
	}, freeText+"AND ref > $3 ORDER BY ref LIMIT $4", int64(shop), string(after), limit)
}

// MatchPreview is what a rule would do with a shop's listings that have no SKU.
type MatchPreview struct {
	Tried   int // of them, at most MostPreviewed
	More    bool
	Linked  int // would be linked
	Several int // would not, since several SKUs are found
	None    int // find no SKU
	// Examples are the first of each kind.
	Links, Doubts, Left []MatchExample
}

// MatchExample is one listing with what a rule says of it.
type MatchExample struct {
	Ref      order.Ref
	Title    string
	Codes    []match.Code
	Decision match.Decision
	SKU      string // the code of the SKU that it would be linked to
}

// MostPreviewed bounds the listings that a preview tries.
const MostPreviewed = 20_000

// previewAtOnce is how many of them are tried together.
const previewAtOnce = 2000

// PreviewMatching says what a rule would do, without doing it, with at most examples of each kind. Only listings that a rule may link are
// tried: those that a person has taken off a SKU, and ignored ones, are not.
func (db *DB) PreviewMatching(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, rule match.Rule, examples int) (MatchPreview, error) {
	var p MatchPreview
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		p = MatchPreview{}
		if _, err := tx.matchRule(ctx, shop); err != nil {
			return err
		}
		for after := order.Ref(""); ; {
			free, err := tx.freeAfter(ctx, shop, after, previewAtOnce)
			if err != nil || len(free) == 0 {
				return err
			}
			if p.Tried >= MostPreviewed {
				p.More = true
				return nil
			}
			after = free[len(free)-1].ref
			book, err := tx.bookFor(ctx, rule, free)
			if err != nil {
				return err
			}
			for _, l := range free {
				p.add(rule.Decide(l.codes, book), l, examples)
			}
		}
	})
	if err != nil {
		return MatchPreview{}, fmt.Errorf("preview matching of shop %d: %w", shop, err)
	}
	return p, nil
}

func (p *MatchPreview) add(d match.Decision, l freeListing, examples int) {
	p.Tried++
	count, list := &p.None, &p.Left
	switch {
	case d.Several:
		count, list = &p.Several, &p.Doubts
	case d.SKU != 0:
		count, list = &p.Linked, &p.Links
	}
	*count++
	if len(*list) < examples {
		*list = append(*list, MatchExample{Ref: l.ref, Title: l.title, Codes: l.codes, Decision: d, SKU: d.As.Own})
	}
}
