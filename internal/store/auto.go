package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
)

// Settled is the plain rule that an auto rule stood for when the SKU was planned last, and why.
type Settled struct {
	allocation.AutoReason
	Rule   int                    // of the pattern, from 0
	Shares []allocation.ShopShare // while the units are divided
	At     time.Time
}

// rule is the plain rule in the place of the auto rule r.
func (s *Settled) rule(r allocation.Rule) allocation.Rule {
	plain := allocation.Rule{From: r.From, To: r.To, Default: allocation.Share{Kind: allocation.Same}}
	if s.State == allocation.AutoSplit {
		plain.Shares, plain.Default = s.Shares, allocation.Share{Kind: allocation.Stop}
	}
	return plain
}

// settledBody is Settled as it is stored.
type settledBody struct {
	State    allocation.AutoState          `json:"state"`
	Rule     int                           `json:"rule"`
	Sellable int64                         `json:"sellable"`
	Rate     int64                         `json:"rate"`
	Lag      int64                         `json:"lag"`
	Mean     float64                       `json:"mean"`
	Risk     int64                         `json:"risk"`
	Most     int64                         `json:"most"`
	Large    int64                         `json:"large"`
	Shares   map[allocation.ShopID][]int64 `json:"shares,omitempty"` // place in the rule, units
}

func (s *Settled) body() (string, error) {
	b := settledBody{State: s.State, Rule: s.Rule, Sellable: s.Sellable, Rate: s.Rate, Lag: s.Lag, Mean: s.Mean, Risk: s.Risk, Most: s.Most, Large: s.Large}
	if len(s.Shares) > 0 {
		b.Shares = make(map[allocation.ShopID][]int64, len(s.Shares))
	}
	for i, share := range s.Shares {
		b.Shares[share.Shop] = []int64{int64(i), share.Share.N}
	}
	text, err := json.Marshal(b)
	return string(text), err
}

func readSettled(body string) (*Settled, error) {
	var b settledBody
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		return nil, err
	}
	s := &Settled{Rule: b.Rule, AutoReason: allocation.AutoReason{State: b.State, Sellable: b.Sellable, Rate: b.Rate, Lag: b.Lag, Mean: b.Mean, Risk: b.Risk, Most: b.Most, Large: b.Large}}
	s.Shares = make([]allocation.ShopShare, len(b.Shares))
	for shop, at := range b.Shares {
		if len(at) != 2 || at[0] < 0 || at[0] >= int64(len(s.Shares)) {
			return nil, fmt.Errorf("shares %v", b.Shares)
		}
		s.Shares[at[0]] = allocation.ShopShare{Shop: shop, Share: allocation.Share{Kind: allocation.Fixed, N: at[1]}}
	}
	return s, nil
}

// auto is the auto rule that covers a sellable quantity, and its index; −1 when another rule or none does.
func (a Allotment) auto(sellable stock.Quantity) int {
	if i := a.Pattern.RuleFor(sellable); i >= 0 && a.Pattern.Rules[i].Auto > 0 {
		return i
	}
	return -1
}

// hasAuto tells whether any rule of the pattern is auto.
func (a Allotment) hasAuto() bool { return a.Pattern.HasAuto() }

// plain is the pattern with its auto rule as it was settled last. One that has not been settled yet is left as it is.
func (a Allotment) plain(sellable stock.Quantity) allocation.Pattern {
	i := a.auto(sellable)
	if i < 0 || a.Settled == nil || a.Settled.Rule != i {
		return a.Pattern
	}
	p := a.Pattern
	p.Rules = slices.Clone(p.Rules)
	p.Rules[i] = a.Settled.rule(p.Rules[i])
	return p
}

// Why is the reason of auto where an auto rule decides of a sellable quantity and has been settled; else nil.
func (a Allotment) Why(sellable stock.Quantity) *Settled {
	if i := a.auto(sellable); i < 0 || a.Settled == nil || a.Settled.Rule != i {
		return nil
	}
	return a.Settled
}

// Settle decides anew what an auto rule stands for, if one covers what is sellable. list are the shops of the listings, in their order; their pace is filled
// in. paces are the shops' own; a listing's rate of sale comes to it.
func (u *Unplanned) Settle(list []allocation.Shop, paces map[channel.ShopID]allocation.Pace) {
	a, sellable := &u.Allotment, u.Sellable()
	rule := a.auto(sellable)
	if rule < 0 {
		a.Settled = nil
		return
	}
	u.orders.Month = u.Sold.Month
	before := allocation.AutoNew
	if a.Settled != nil {
		before = a.Settled.State
	}
	for i := range list {
		l := &u.Listings[i]
		p := u.orders.Pace(l.SoldRate, len(list))
		shop := paces[l.Shop]
		p.See, p.Show, p.Write, p.Shown = shop.See, shop.Show, shop.Write, l.showing()
		list[i].Pace = p
		list[i] = a.In(list[i])
	}
	plain, why := a.Pattern.Rules[rule].Settle(sellable, list, before)
	a.Settled = &Settled{AutoReason: why, Rule: rule, Shares: plain.Shares}
}

// UnderAuto tells whether an auto rule covers what is sellable.
func (u *Unplanned) UnderAuto() bool { return u.Allotment.auto(u.Sellable()) >= 0 }

// showing is what the listing shows, or will when what is being written has arrived; −1 when nobody knows.
func (l *PlanListing) showing() int64 {
	q := l.Expected
	if l.onItsWay.Valid {
		q = quantity(l.onItsWay)
	}
	if q == nil {
		return -1
	}
	units, limited := q.Units()
	if !limited {
		return -1
	}
	return max(units, 0)
}

// addSettled reads how the auto rules of SKUs were settled. It asks for nothing where no pattern is auto.
func (tx *Tx) addSettled(ctx context.Context, skus []stock.SKUID, of func(stock.SKUID) *Allotment) error {
	var under []stock.SKUID
	for _, sku := range skus {
		if of(sku).hasAuto() {
			under = append(under, sku)
		}
	}
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var body string
		var at int64
		if err := rows.Scan(&sku, &body, &at); err != nil {
			return err
		}
		s, err := readSettled(body)
		if err != nil {
			return fmt.Errorf("auto of sku %d: %w", sku, err)
		}
		s.At = instant(at)
		of(sku).Settled = s
		return nil
	}, "SELECT sku_id, body, settled_at FROM sku_auto WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(under),
		func(args []any, i int) []any { return append(args, int64(under[i])) })
}

// addPace reads what is being written of SKUs under auto, and how large their last orders were.
func (tx *Tx) addPace(ctx context.Context, skus []*Unplanned) error {
	byID := make(map[ListingID]*PlanListing)
	bySKU := make(map[stock.SKUID]*Unplanned)
	var under []stock.SKUID
	for _, u := range skus {
		if u.Allotment.hasAuto() {
			under = append(under, u.SKU)
			bySKU[u.SKU] = u
			for i := range u.Listings {
				byID[u.Listings[i].ID] = &u.Listings[i]
			}
		}
	}
	id := func(args []any, i int) []any { return append(args, int64(under[i])) }
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id ListingID
		var sent sql.NullInt64
		err := rows.Scan(&id, &sent)
		if l := byID[id]; l != nil {
			l.onItsWay = sent
		}
		return err
	}, "SELECT listing_id, sent FROM listing WHERE tenant_id = $1 AND in_flight AND sku_id IN (", "BIGINT", ")", nil, len(under), id)
	if err != nil {
		return err
	}
	type place struct{ sku, location int64 }
	var places []place
	err = tx.queryRows(ctx, func(rows *sql.Rows) error {
		var p place
		err := rows.Scan(&p.sku, &p.location)
		places = append(places, p)
		return err
	}, "SELECT sku_id, location_id FROM balance WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(under), id)
	if err != nil {
		return err
	}
	last := `FROM (SELECT kind, committed_delta FROM movement WHERE movement.tenant_id = $1 AND movement.sku_id = v.column1 AND movement.location_id = v.column2
		ORDER BY seq DESC LIMIT ` + strconv.Itoa(lastMovements) + `) AS last WHERE kind = '` + string(stock.Claimed) + `' AND committed_delta > 0`
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		var m allocation.Memory
		err := rows.Scan(&sku, &m.Orders, &m.Units, &m.Largest)
		if u := bySKU[sku]; u != nil {
			u.orders.Orders += m.Orders
			u.orders.Units += m.Units
			u.orders.Largest = max(u.orders.Largest, m.Largest)
		}
		return err
	}, `SELECT v.column1, (SELECT COUNT(*) `+last+`), (SELECT CAST(COALESCE(SUM(committed_delta), 0) AS BIGINT) `+last+`), (SELECT COALESCE(MAX(committed_delta), 0) `+last+`) FROM (`,
		"BIGINT BIGINT", ") AS v", nil, len(places), func(args []any, i int) []any { return append(args, places[i].sku, places[i].location) })
}

// lastMovements is how many movements of a SKU at a location are looked through for its last orders: about allocation.LastOrders claims, with their shipments and
// what else moves.
const lastMovements = 3 * allocation.LastOrders

// How long what auto decided stands while nothing happens to the SKU. Rates fade, so units that are divided may be shared again; shops become slower, so
// what is shared near the edge may have to be divided. What is far from it waits for its next sale.
const (
	splitStands = 5 * time.Minute
	edgeStands  = 10 * time.Minute
	// edge is how many times smaller the risk may be and still be near.
	edge = 100
)

// stands is when the decision is looked at again.
func (s *Settled) stands(now time.Time) int64 {
	switch {
	case s.State == allocation.AutoSplit:
		return micros(now.Add(splitStands))
	case s.Risk*edge >= s.Most:
		return micros(now.Add(edgeStands))
	}
	return allocation.Never
}

// writeSettled keeps what auto rules came to, and forgets those of SKUs that none decides of any more.
func (tx *Tx) writeSettled(ctx context.Context, skus []*Unplanned) error {
	var settled []*Unplanned
	var bodies []string
	var left []stock.SKUID
	for _, u := range skus {
		switch s := u.Allotment.Settled; {
		case s != nil:
			body, err := s.body()
			if err != nil {
				return err
			}
			settled, bodies = append(settled, u), append(bodies, body)
		case u.wasSettled:
			left = append(left, u.SKU)
		}
	}
	err := tx.insertRows(ctx, "sku_auto (tenant_id, sku_id, body, settled_at, due_at)", "BIGINT TEXT BIGINT BIGINT",
		" ON CONFLICT (tenant_id, sku_id) DO UPDATE SET body = excluded.body, settled_at = excluded.settled_at, due_at = excluded.due_at",
		len(settled), func(args []any, i int) []any {
			u := settled[i]
			return append(args, int64(u.SKU), bodies[i], micros(tx.now), u.Allotment.Settled.stands(tx.now))
		})
	if err != nil {
		return err
	}
	return tx.execRows(ctx, "DELETE FROM sku_auto WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(left),
		func(args []any, i int) []any { return append(args, int64(left[i])) })
}

// WakeAuto marks up to limit SKUs for planning whose auto rule is due to be looked at again, and tells whether there may be more.
func (db *DB) WakeAuto(ctx context.Context, tenant stock.TenantID, limit int) (more bool, err error) {
	due := false // most of the time none is: that is found without a writing transaction
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&due}, "SELECT EXISTS (SELECT 1 FROM sku_auto WHERE tenant_id = $1 AND due_at <= $2)", micros(tx.now))
	})
	if err != nil || !due {
		return false, err
	}
	err = db.Write(ctx, tenant, func(tx *Tx) error {
		var skus []stock.SKUID
		err := tx.query(ctx, func(rows *sql.Rows) error {
			var sku stock.SKUID
			err := rows.Scan(&sku)
			skus = append(skus, sku)
			return err
		}, "SELECT sku_id FROM sku_auto WHERE tenant_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3"+tx.db.dialect.skipLocked(), micros(tx.now), limit)
		if err != nil {
			return err
		}
		more = len(skus) == limit
		// Planning says when the next time is. A SKU that auto does not decide of any more has none.
		err = tx.execRows(ctx, "UPDATE sku_auto SET due_at = $2 WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", []any{int64(allocation.Never)},
			len(skus), func(args []any, i int) []any { return append(args, int64(skus[i])) })
		if err != nil {
			return err
		}
		return tx.markSKUs(ctx, skus, rankBulk)
	})
	if err != nil {
		return false, fmt.Errorf("wake auto: %w", err)
	}
	return more, nil
}

// HasAuto tells whether a pattern of the tenant has an auto rule.
func (db *DB) HasAuto(ctx context.Context, tenant stock.TenantID) (has bool, err error) {
	err = db.Read(ctx, tenant, func(tx *Tx) error {
		patterns, err := tx.allotments(ctx)
		for _, p := range patterns.byID {
			has = has || Allotment{Pattern: *p}.hasAuto()
		}
		return err
	})
	return has, err
}

// lagSpan is over how long the lag of shops is measured that auto goes by.
const lagSpan = 6 * time.Hour

// ShopPaces are how late each shop is, without rates of sale: an order is seen when the channel is polled next and its list has it; a number shows as
// late as 99 of 100 did lately, the wait in our own queue included, and not earlier than the channel says. In a planned outage, or shortly before one, it
// shows when that ends.
func (db *DB) ShopPaces(ctx context.Context, tenant stock.TenantID, specs map[channel.Kind]channel.Spec) (map[channel.ShopID]allocation.Pace, error) {
	paces := make(map[channel.ShopID]allocation.Pace)
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		shops, err := tx.bareShops(ctx)
		if err != nil {
			return err
		}
		lags, _, err := tx.lags(ctx, tx.now.Add(-lagSpan))
		if err != nil {
			return err
		}
		for _, s := range shops {
			paces[s.ID] = s.pace(specs[s.Kind], lags[s.ID].total(), tx.now)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("paces of shops: %w", err)
	}
	return paces, nil
}

// leastMeasured is how many items a measured lag needs to count, and unmeasured what a write takes beside the channel's own lag where there are fewer.
const (
	leastMeasured = 20
	unmeasured    = 15 * time.Second
	endless       = 7 * 24 * time.Hour // how long an outage without an end is taken to last
)

func (s Shop) pace(spec channel.Spec, lag Lag, now time.Time) allocation.Pace {
	see := spec.Limits.Poll + spec.Limits.Lateness
	show := spec.Limits.Lag + unmeasured
	if lag.Items >= leastMeasured {
		show = max(lag.P99-see, spec.Limits.Lag, time.Second)
	}
	if !s.OutageFrom.IsZero() && now.Add(see+show).After(s.OutageFrom) {
		until := s.OutageUntil
		if until.IsZero() {
			until = now.Add(endless)
		}
		show = max(show, until.Sub(now))
	}
	way := allocation.Overwrite
	if spec.Can.Write != channel.Overwrite {
		way = allocation.Move
	}
	return allocation.Pace{See: see.Microseconds(), Show: show.Microseconds(), Write: way, Shown: -1}
}
