package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
)

// What a shop may have sold or may yet sell without our knowing is kept in columns of its listing (docs/escrow.md), for every listing under
// every rule. What changes them is written in SQL beside what it changes already; TestEscrow_texts_are_the_rules holds each text to the pure
// function of package allocation that it stands for.

// accountColumns are the columns of an allocation.Account, as scanAccount reads them.
const accountColumns = `listing.expected, listing.unseen, listing.unseen_at, listing.doubt, listing.doubt_until, listing.settled_from, listing.settled_until,
	listing.in_flight, listing.sent_absolute, listing.unsure`

// accountRow is an account as it is stored.
type accountRow struct {
	expected                  sql.NullInt64
	unseen, unseenAt          int64
	doubt, doubtUntil         int64
	settledFrom, settledUntil int64
	inFlight, absolute        bool
	unsure                    bool
}

// dest is where the columns of accountColumns go.
func (r *accountRow) dest() []any {
	return []any{&r.expected, &r.unseen, &r.unseenAt, &r.doubt, &r.doubtUntil, &r.settledFrom, &r.settledUntil, &r.inFlight, &r.absolute, &r.unsure}
}

// account is the row as the rules know it. A shop that shows "unlimited" has no bound; units in doubt that no write under way explains are
// read before anything else, whatever was believed while the units were not divided.
func (r *accountRow) account() allocation.Account {
	a := allocation.Account{Unseen: min(r.unseen, allocation.Unbounded), Doubt: min(r.doubt, allocation.Unbounded), UnseenAt: r.unseenAt, DoubtUntil: r.doubtUntil,
		KnownFrom: r.settledFrom - clockMargin.Microseconds(), KnownAt: r.settledUntil + clockMargin.Microseconds()}
	switch {
	case r.inFlight && r.absolute:
		a.Busy = allocation.Overwrite
	case r.inFlight:
		a.Busy = allocation.Move
	}
	a.Unsure = r.unsure || !r.inFlight && (!r.expected.Valid || r.doubt > 0)
	switch {
	case !r.expected.Valid:
	case r.expected.Int64 == stock.Unlimited.Sortable():
		a.Unseen = allocation.Unbounded
	default:
		a.Shown = r.expected.Int64
		a.Unsure = a.Unsure || a.Shown < 0 && !r.inFlight
	}
	return a
}

var (
	unbounded = strconv.FormatInt(allocation.Unbounded, 10)
	unlimited = strconv.FormatInt(stock.Unlimited.Sortable(), 10)
	never     = strconv.FormatInt(allocation.Never, 10)
	margin    = strconv.FormatInt(clockMargin.Microseconds(), 10)

	// believed is Shown in SQL: what is not known shows nothing, for its Unseen is without bound, and what never runs out has none either.
	believed = `CASE WHEN listing.expected IS NULL THEN 0 WHEN listing.expected = ` + unlimited + ` THEN ` + unbounded + ` ELSE listing.expected END`
)

// least and most are MIN and MAX of two numbers; the engines have different names for them.
func lesser(a, b string) string {
	return "(CASE WHEN " + a + " < " + b + " THEN " + a + " ELSE " + b + " END)"
}
func greater(a, b string) string {
	return "(CASE WHEN " + a + " > " + b + " THEN " + a + " ELSE " + b + " END)"
}

// The texts of Account.Sold and Account.Returned, for what one page of orders tells of a listing: v.column2 units placed after its number was
// known, v.column7 before or about then, v.column8 put back for sure, v.column9 perhaps; v.column10 is settled_until as it was when the orders were
// set against it. Orders of before come off first.
var (
	soldShown  = "(" + believed + " + v.column8)"
	soldLeft   = "(listing.unseen - v.column7 + " + lesser("0", soldShown+" - v.column2") + ")"
	soldUnseen = greater(soldLeft, "0")
	soldKnown  = "(listing.expected + v.column8 + listing.unseen - v.column7 - v.column2 - " + soldUnseen + ")"
	soldUnsure = "(listing.settled_until <> v.column10 OR listing.expected IS NOT NULL AND (v.column7 > listing.unseen OR " + soldShown + " < v.column2 AND (listing.unseen > v.column7 OR " +
		soldShown + " + listing.unseen - v.column7 - v.column2 + listing.doubt < 0)))"
)

// sentDoubt is the text of Account.Sent, with a number of 2^50 for one that never runs out: it stays in doubt until it is read.
func sentDoubt(absolute string) string {
	return `CASE WHEN target = ` + unlimited + ` THEN ` + unbounded + `
		WHEN ` + absolute + ` AND listing.expected < 0 THEN ` + greater("listing.doubt + target + listing.expected", "0") + `
		WHEN ` + absolute + ` THEN listing.doubt + target
		WHEN target > listing.expected THEN listing.doubt + target - listing.expected ELSE listing.doubt END`
}

// The texts of Account.Applied, Refused and Unclear. v.column2 is the answer, v.column3 what was expected when the number was sent, v.column6 until
// when an unclear write may arrive, v.column10 whether a difference stops at zero; $2 is now. A yes that is no proof (proofless) leaves in doubt what
// it may have added, and what it may not have taken away.
var (
	proofless = "(v.column5 AND listing.read_at = 0)"
	sentGain  = `CASE WHEN listing.sent = ` + unlimited + ` THEN 0 WHEN listing.sent_absolute THEN listing.sent
		WHEN listing.sent > v.column3 THEN listing.sent - v.column3 ELSE 0 END`
	answeredDoubt = `CASE WHEN v.column2 IN ('unknown', 'accepted') THEN listing.doubt
		WHEN v.column2 = 'applied' AND ` + proofless + ` THEN listing.doubt + CASE WHEN NOT listing.sent_absolute AND listing.sent < v.column3 THEN v.column3 - listing.sent ELSE 0 END
		ELSE listing.doubt - (` + sentGain + `) END`
	movedTo        = "(listing.expected + listing.sent - v.column3)"
	overwritten    = "(listing.unseen + " + believed + ")"
	answeredUnseen = `CASE WHEN v.column2 <> 'applied' THEN listing.unseen
		WHEN listing.sent_absolute THEN ` + lesser(greater(overwritten, "0"), unbounded) + `
		ELSE ` + greater("listing.unseen + CASE WHEN v.column10 AND listing.sent < v.column3 AND NOT "+proofless+" THEN v.column3 - listing.sent ELSE 0 END + "+
		lesser(movedTo, "0"), "0") + ` END`
	answeredUnseenAt = `CASE WHEN v.column2 = 'applied' AND (listing.sent_absolute OR v.column10 AND listing.sent < v.column3) THEN CAST($2 AS BIGINT) + ` + margin + ` ELSE listing.unseen_at END`
	answeredKnown    = `CASE WHEN v.column2 <> 'applied' THEN listing.expected
		WHEN listing.sent = ` + unlimited + ` OR listing.expected = ` + unlimited + ` THEN listing.sent
		WHEN listing.sent_absolute THEN listing.sent + ` + lesser(overwritten, "0") + `
		WHEN ` + movedTo + ` < 0 THEN ` + lesser(movedTo+" + listing.unseen", "0") + ` ELSE ` + movedTo + ` END`
	// Of units that are not divided, what an older write may still add is left to the next reading.
	answeredUnsure = `(v.column2 = 'applied' AND (listing.share IS NOT NULL AND listing.sent_absolute AND ($2 < listing.doubt_until OR listing.doubt <> (` + sentGain + `))
		OR NOT listing.sent_absolute AND ` + movedTo + ` < 0))`
	answeredUntil = `CASE WHEN v.column2 IN ('unknown', 'accepted') THEN ` + greater("listing.doubt_until", "v.column6") + ` ELSE listing.doubt_until END`
)

// readUnseen is the text of Account.Read: what a reading that began at $from does not show may have been sold. One that proves nothing leaves an account
// as it is where units are divided; elsewhere the number is taken over all the same, and no exposure with it.
func readUnseen(number, from string) string {
	return "CASE WHEN " + notCrossed(from) + " THEN " + lesser(greater("listing.unseen + listing.doubt + "+believed+" - "+number, "0"), unbounded) +
		" ELSE " + lesser(greater("listing.unseen + "+believed+" - "+number, "0"), unbounded) + " END"
}

// notCrossed says of a listing that nothing has come in or left since a reading of it began at $from, and that no older write may follow.
func notCrossed(from string) string {
	return "(listing.crossed_at <= " + from + " AND listing.doubt_until <= " + from + ")"
}

const (
	// takesOver says of a listing that what it was read to show is what is known of it from now on. Of one that was sure that is so where units are in
	// doubt and the number agrees.
	takesOver = unknown + " OR listing.doubt > 0 AND listing.expected = v.column2"
	// adopts says so of one that was sure and disagrees, after its shop's orders are in.
	adopts = "(v.column2 > listing.expected OR listing.strikes + 1 >= $4)"
	// quietRead says of a listing which its shop does not have that nothing may come after the reading that began at $4.
	quietRead = "(NOT listing.in_flight AND listing.sent_at <= $4 AND listing.answered_at <= $4 AND listing.crossed_at <= $4 AND listing.doubt_until <= $4)"
)

// completed is how far a shop's orders are in.
type completed struct {
	shop channel.ShopID
	upTo time.Time
}

// completing is a listing of which all that was unseen is in.
type completing struct {
	id   ListingID
	sku  stock.SKUID // 0 where no units of it are divided
	upTo time.Time
}

// toComplete finds the listings of shops of which nothing is unseen any more.
func (tx *Tx) toComplete(ctx context.Context, shops []completed) ([]completing, error) {
	if len(shops) == 0 {
		return nil, nil
	}
	var list []completing
	return list, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var c completing
		var upTo int64
		err := rows.Scan(&c.id, &c.sku, &upTo)
		c.upTo = instant(upTo)
		list = append(list, c)
		return err
	}, `SELECT listing.listing_id, CASE WHEN listing.share IS NULL OR listing.sku_id IS NULL THEN 0 ELSE listing.sku_id END, v.column2 FROM (`, "BIGINT BIGINT",
		`) AS v JOIN listing ON listing.tenant_id = $1 AND listing.shop_id = v.column1 AND listing.unseen > 0 AND listing.unseen_at <= v.column2`,
		nil, len(shops), func(args []any, i int) []any { return append(args, int64(shops[i].shop), micros(shops[i].upTo)) })
}

// complete is the text of Account.Complete.
func (tx *Tx) complete(ctx context.Context, list []completing) error {
	slices.SortFunc(list, func(a, b completing) int { return cmp.Compare(a.id, b.id) })
	return tx.execRows(ctx, `UPDATE listing SET unseen = 0 FROM (`, "BIGINT BIGINT", `) AS v WHERE listing.tenant_id = $1 AND listing.listing_id = v.column1
		AND listing.unseen_at <= v.column2`, nil, len(list), func(args []any, i int) []any { return append(args, int64(list[i].id), micros(list[i].upTo)) })
}

// markDivided has the SKUs of listings planned again, of those that divide their units: every raise that was decided for one of their shops waits
// for it. It comes before the listings are written, as the planner locks them.
func (tx *Tx) markDivided(ctx context.Context, listings []ListingID) error {
	var skus []stock.SKUID
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		err := rows.Scan(&sku)
		skus = append(skus, sku)
		return err
	}, `SELECT sku_id FROM listing WHERE tenant_id = $1 AND share IS NOT NULL AND sku_id IS NOT NULL AND listing_id IN (`, "BIGINT", `)`, nil, len(listings),
		func(args []any, i int) []any { return append(args, int64(listings[i])) })
	if err != nil {
		return err
	}
	return tx.markSKUs(ctx, skus, rankOrder)
}

// markDividedOf does so for all listings of a shop.
func (tx *Tx) markDividedOf(ctx context.Context, shop channel.ShopID) error {
	return tx.markSelected(ctx, "shop_id = $2", int64(shop))
}

// markSelected does so for all listings of which a condition on their columns holds.
func (tx *Tx) markSelected(ctx context.Context, condition string, args ...any) error {
	var skus []stock.SKUID
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var sku stock.SKUID
		err := rows.Scan(&sku)
		skus = append(skus, sku)
		return err
	}, `SELECT DISTINCT sku_id FROM listing WHERE tenant_id = $1 AND share IS NOT NULL AND sku_id IS NOT NULL AND `+condition, args...)
	if err != nil {
		return err
	}
	return tx.markSKUs(ctx, skus, rankOrder)
}

// markInFlight has the SKUs planned again whose listings in a shop are being written to, of those that divide their units.
func (tx *Tx) markInFlight(ctx context.Context, shop channel.ShopID) error {
	return tx.markSelected(ctx, "in_flight AND shop_id = $2", int64(shop))
}

// Held is what planning knows of a listing whose SKU divides its units.
type Held struct {
	allocation.Account
	HandsOff bool      // nothing may be sent to its shop now
	Outage   bool      // because its shop is in a planned outage, which may end by itself
	Until    time.Time // when that ends; zero: nobody knows
	LastSold time.Time
}

// loadAccounts locks the listings of SKUs that divide their units, or may when an auto rule has been settled, by id, and reads their accounts, so that nothing leaves for a shop between the
// reading and the decision.
func (tx *Tx) loadAccounts(ctx context.Context, skus []*Unplanned) error {
	byID := make(map[ListingID]*PlanListing)
	var ids []ListingID
	for _, u := range skus {
		if u.Divides() || u.UnderAuto() {
			for i := range u.Listings {
				l := &u.Listings[i]
				byID[l.ID] = l
				ids = append(ids, l.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	shops, err := tx.bareShops(ctx)
	if err != nil {
		return err
	}
	handsOff := make(map[channel.ShopID]Shop, len(shops))
	for _, s := range shops {
		handsOff[s.ID] = s
	}
	return tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id ListingID
		var target sql.NullInt64
		var sold int64
		var r accountRow
		if err := rows.Scan(append([]any{&id, &target, &sold}, r.dest()...)...); err != nil {
			return err
		}
		l := byID[id]
		s := handsOff[l.Shop]
		l.Target, l.Expected = quantity(target), quantity(r.expected)
		l.Held = &Held{Account: r.account(), HandsOff: s.Mode != Live || s.InOutage(tx.now), LastSold: instant(sold)}
		if l.Held.Outage = s.InOutage(tx.now); l.Held.Outage {
			l.Held.Until = s.OutageUntil
		}
		return nil
	}, `SELECT listing.listing_id, listing.target, listing.sold_rate_at, `+accountColumns+` FROM listing WHERE listing.tenant_id = $1 AND listing.listing_id IN (`, "BIGINT",
		`) ORDER BY listing.listing_id`+tx.db.dialect.forUpdate(), nil, len(ids), func(args []any, i int) []any { return append(args, int64(ids[i])) })
}

// LookAgain has SKUs planned again whose time has come (Unplanned.LookAt), and tells whether there were any.
func (db *DB) LookAgain(ctx context.Context, tenant stock.TenantID) (bool, error) {
	due := false
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		due = false
		return tx.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&due) },
			"SELECT TRUE FROM sku_plan WHERE tenant_id = $1 AND look_at > 0 AND look_at <= $2 LIMIT 1", micros(tx.now))
	})
	if err == nil && due {
		err = db.Write(ctx, tenant, func(tx *Tx) error {
			_, err := tx.exec(ctx, `UPDATE sku_plan SET since = CASE WHEN marked = planned THEN look_at ELSE since END, rank = $3, marked = marked + 1, look_at = 0
				WHERE tenant_id = $1 AND look_at > 0 AND look_at <= $2`, micros(tx.now), int64(rankOrder))
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("look again: %w", err)
	}
	return due, nil
}
