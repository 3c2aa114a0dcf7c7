package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// Front is what the first page says: how far everything is in line, and what is not.
type Front struct {
	Shops     []ShopStatus
	Lag       Lag // of all shops together
	Behind    []BehindListing
	BehindAll int64
	LateAll   int64 // of BehindAll, those that are due since before FrontQuery.Late
	Attention []AttentionSale
	Sales     int64 // sales that need attention in all
	Waiting   Waiting
	Waits     []WaitingLine // the lines that have waited longest
	Oversold  []OversoldSKU
	Flow      []FlowLine
}

// FrontQuery says how much of it to read.
type FrontQuery struct {
	LagSince time.Time
	Late     time.Time // a listing that is due since before is late
	Since    time.Time // sales placed before are not asked for attention any more
	Rows     int       // of each list
	Flow     int
}

// BehindListing is a listing of a live shop that does not show its target.
type BehindListing struct {
	Listing
	SKUCode, SKUName string
}

// AttentionSale is an order that a person must look at.
type AttentionSale struct {
	Shop       channel.ShopID
	Number     string
	PlacedAt   time.Time
	Problems   []string
	LateCancel int64
}

// OversoldSKU is a SKU whose orders cannot all be filled (売り越し).
type OversoldSKU struct {
	Code, Name string
	Balance    stock.Balance
	At         time.Time      // of the last claim that found nothing available
	Shop       channel.ShopID // where it came from
	Document   string
}

// FlowLine is one line of a recent order with what every shop shows of its SKU.
type FlowLine struct {
	Shop       channel.ShopID
	Number     string
	Line       string
	PlacedAt   time.Time
	SeenAt     time.Time
	TakenAt    time.Time
	State      order.State
	Code, Name string
	Wanted     int64
	Shipped    int64
	Balance    stock.Balance
	Others     int64 // further lines of the order
	Listings   []Listing

	sku stock.SKUID
}

// LoadFront reads it as of one moment.
func (db *DB) LoadFront(ctx context.Context, tenant stock.TenantID, q FrontQuery) (Front, error) {
	var f Front
	err := db.Read(ctx, tenant, func(tx *Tx) (err error) {
		f = Front{}
		if f.Shops, f.Lag, err = tx.shopStatus(ctx, q.LagSince); err != nil {
			return err
		}
		shops := make(map[channel.ShopID]Shop, len(f.Shops))
		for _, s := range f.Shops {
			shops[s.Shop.ID] = s.Shop
		}
		for _, read := range []func() error{
			func() error { return tx.frontBehind(ctx, q, shops, &f) },
			func() error { return tx.frontAttention(ctx, q, &f) },
			func() error { return tx.frontWaiting(ctx, q, &f) },
			func() error { return tx.frontOversold(ctx, &f) },
			func() error { return tx.frontFlow(ctx, q, shops, &f) },
		} {
			if err := read(); err != nil {
				return err
			}
		}
		return nil
	})
	return f, err
}

func (tx *Tx) frontBehind(ctx context.Context, q FrontQuery, shops map[channel.ShopID]Shop, f *Front) error {
	err := tx.one(ctx, []any{&f.BehindAll, &f.LateAll}, `SELECT COUNT(*), COUNT(*) FILTER (WHERE due_since < $2)
		FROM `+liveListings+`
		WHERE `+liveWhere+` AND listing.lane > 0 AND listing.lane < 5`, micros(q.Late))
	if err != nil || f.BehindAll == 0 {
		return err
	}
	return tx.behind(ctx, shops, &f.Behind, `lane > 0 AND lane < 5 AND shop_id IN (SELECT shop.shop_id FROM shop WHERE shop.tenant_id = $1 AND shop.mode = 'live')
		ORDER BY lane, risk DESC, due_since, listing_id LIMIT $2`, q.Rows)
}

// behind reads listings with their SKUs' codes and names.
func (tx *Tx) behind(ctx context.Context, shops map[channel.ShopID]Shop, into *[]BehindListing, where string, args ...any) error {
	return tx.query(ctx, func(rows *sql.Rows) error {
		var b BehindListing
		var err error
		b.Listing, err = scanListing(rows, &b.SKUCode, &b.SKUName)
		b.State = b.state(shops[b.Shop], tx.now)
		*into = append(*into, b)
		return err
	}, "SELECT "+listingColumns+`, (SELECT sku.code FROM sku WHERE sku.tenant_id = $1 AND sku.sku_id = listing.sku_id),
		(SELECT sku.name FROM sku WHERE sku.tenant_id = $1 AND sku.sku_id = listing.sku_id) FROM listing WHERE tenant_id = $1 AND `+where, args...)
}

// attentionText finds the sales of which a person must know: something could not be understood, or units were cancelled after they had left. Goods of
// which nobody knows what they are, are told of by themselves.
const attentionText = `FROM sale WHERE tenant_id = $1 AND placed_at >= $2 AND (problems <> '' OR late_cancel > 0)`

// frontWaiting reads what waits until it is known which SKU it is, however old.
func (tx *Tx) frontWaiting(ctx context.Context, q FrontQuery, f *Front) (err error) {
	if f.Waiting, err = tx.sumWaiting(ctx); err != nil || f.Waiting.Lines == 0 {
		return err
	}
	return tx.query(ctx, func(rows *sql.Rows) error {
		l, err := scanWaiting(rows)
		f.Waits = append(f.Waits, l)
		return err
	}, waitingText+"ORDER BY sale_line.sale_id, sale_line.line LIMIT $2", q.Rows)
}

func (tx *Tx) frontAttention(ctx context.Context, q FrontQuery, f *Front) error {
	if err := tx.one(ctx, []any{&f.Sales}, "SELECT COUNT(*) "+attentionText, micros(q.Since)); err != nil || f.Sales == 0 {
		return err
	}
	return tx.query(ctx, func(rows *sql.Rows) error {
		var s AttentionSale
		var placed int64
		var problems string
		err := rows.Scan(&s.Shop, &s.Number, &placed, &problems, &s.LateCancel)
		s.PlacedAt = instant(placed)
		if problems != "" {
			s.Problems = strings.Split(problems, "\n")
		}
		f.Attention = append(f.Attention, s)
		return err
	}, "SELECT shop_id, number, placed_at, problems, late_cancel "+attentionText+" ORDER BY placed_at DESC, sale_id DESC LIMIT $3", micros(q.Since), q.Rows)
}

// frontOversold reads the SKUs that are short of units now. One can only come there by a claim that found too few, so those are where it looks.
func (tx *Tx) frontOversold(ctx context.Context, f *Front) error {
	return tx.query(ctx, func(rows *sql.Rows) error {
		var o OversoldSKU
		var at int64
		err := rows.Scan(&o.Code, &o.Name, &o.Balance.OnHand, &o.Balance.Committed, &at, &o.Shop, &o.Document)
		o.At = instant(at)
		if n := len(f.Oversold); n > 0 && f.Oversold[n-1].Code == o.Code {
			return err // two claims of one moment
		}
		f.Oversold = append(f.Oversold, o)
		return err
	}, `SELECT sku.code, sku.name, short.on_hand, short.committed, movement.posted_at, movement.shop_id, movement.document FROM (
			SELECT last.sku_id, last.posted_at, CAST(SUM(balance.on_hand) AS BIGINT) AS on_hand, CAST(SUM(balance.committed) AS BIGINT) AS committed FROM
				(SELECT sku_id, MAX(posted_at) AS posted_at FROM movement WHERE tenant_id = $1 AND oversold > 0 GROUP BY sku_id) AS last
				JOIN balance ON balance.tenant_id = $1 AND balance.sku_id = last.sku_id
				GROUP BY last.sku_id, last.posted_at HAVING SUM(balance.on_hand) < SUM(balance.committed)) AS short
		JOIN movement ON movement.tenant_id = $1 AND movement.sku_id = short.sku_id AND movement.posted_at = short.posted_at AND movement.oversold > 0
		JOIN sku ON sku.tenant_id = $1 AND sku.sku_id = short.sku_id AND sku.supply = 'stocked'
		ORDER BY short.posted_at DESC, sku.code, movement.seq DESC`)
}

// frontFlow reads the lines of the latest orders, at most two of each.
func (tx *Tx) frontFlow(ctx context.Context, q FrontQuery, shops map[channel.ShopID]Shop, f *Front) error {
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var l FlowLine
		var sku sql.NullInt64
		var placed, seen, taken int64
		err := rows.Scan(&l.Shop, &l.Number, &l.Line, &placed, &seen, &taken, &l.State, &sku, &l.Code, &l.Name, &l.Wanted, &l.Shipped, &l.Others)
		l.PlacedAt, l.SeenAt, l.TakenAt, l.sku = instant(placed), instant(seen), instant(taken), stock.SKUID(sku.Int64)
		f.Flow = append(f.Flow, l)
		return err
	}, `SELECT latest.shop_id, latest.number, sale_line.line, latest.placed_at, latest.first_seen_at, latest.taken_at, latest.state, sale_line.sku_id,
			COALESCE(sku.code, sale_line.code), COALESCE(sku.name, sale_line.title), sale_line.wanted, sale_line.shipped,
			(SELECT COUNT(*) FROM sale_line AS other WHERE other.tenant_id = $1 AND other.sale_id = latest.sale_id) - 1
		FROM (SELECT sale_id, shop_id, number, placed_at, first_seen_at, taken_at, state FROM sale WHERE tenant_id = $1 ORDER BY placed_at DESC, sale_id DESC LIMIT $2) AS latest
		JOIN sale_line ON sale_line.tenant_id = $1 AND sale_line.sale_id = latest.sale_id AND sale_line.line =
			(SELECT MIN(line) FROM sale_line AS first WHERE first.tenant_id = $1 AND first.sale_id = latest.sale_id)
		LEFT JOIN sku ON sku.tenant_id = $1 AND sku.sku_id = sale_line.sku_id
		ORDER BY latest.placed_at DESC, latest.sale_id DESC`, q.Flow)
	if err != nil {
		return err
	}
	lines := make(map[stock.SKUID][]*FlowLine)
	var skus []stock.SKUID
	for i := range f.Flow {
		l := &f.Flow[i]
		if l.sku == 0 {
			continue
		}
		if lines[l.sku] == nil {
			skus = append(skus, l.sku)
		}
		lines[l.sku] = append(lines[l.sku], l)
	}
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var b stock.Balance
		err := rows.Scan(&sku, &b.OnHand, &b.Committed)
		for _, l := range lines[sku] {
			l.Balance = l.Balance.Plus(b)
		}
		return err
	}, "SELECT sku_id, on_hand, committed FROM balance WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus),
		func(args []any, i int) []any { return append(args, int64(skus[i])) })
	if err != nil {
		return err
	}
	return tx.listingsOf(ctx, skus, shops, func(l Listing) {
		for _, line := range lines[l.SKU] {
			line.Listings = append(line.Listings, l)
		}
	})
}
