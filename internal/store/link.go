package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// LinkRow says to which SKU one listing is to be linked, or one line of an order whose shop names no listing.
type LinkRow struct {
	Shop channel.ShopID
	Ref  order.Ref
	// Number and Line name, where Ref is "", a line of an order that the shop gave no listing for.
	Number, Line string `json:",omitempty"`
	SKU          stock.SKUID
	// ByRule lets, where SKU is 0, the shop's rule link the listing again. Without it the listing is left to people.
	ByRule bool `json:",omitempty"`
}

// LinkRequest asks for links by a person, a program or a file (紐付け).
type LinkRequest struct {
	// Key makes the request happen once, as in ChangeRequest; "" is no protection.
	Key    string
	Actor  string
	Reason string // of the movements that follow from it; may be empty
	// KeepClaims leaves lines of orders that hold units where they are: the listing stands for another SKU from now on. Without it they go
	// over with the link, since the old link was wrong (see relinking).
	KeepClaims bool
	// OnlyFree refuses rows of listings that are linked to another SKU already.
	OnlyFree bool
	// Partial applies the rows that can be; otherwise one refused row refuses all.
	Partial bool
	// Bulk plans after all orders.
	Bulk bool
	Rows []LinkRow
}

// MostLinkRows bounds the rows of one request.
const MostLinkRows = 2000

// LinkState is what a listing is linked to.
type LinkState struct {
	SKU    stock.SKUID // 0: none
	ByRule bool        // a rule may link it
}

// LinkOutcome is what became of one row.
type LinkOutcome struct {
	Listing       ListingID
	Before, After LinkState
	Applied       bool // false for a row that was refused, or that is fine in a request that was refused as a whole
	// Lines and Units are the lines of orders that claimed, went over or gave back, and how many units those are.
	Lines, Units int64
	Refused      LinkRefusal // why not; "" when nothing speaks against it
	// Owner is the code of the SKU that a listing of a refused row is linked to.
	Owner string `json:",omitempty"`
}

// LinkRefusal says why a row cannot be.
type LinkRefusal string

// The refusals.
const (
	NoListing   LinkRefusal = "no_listing" // the shop has no such listing, nor does any order name it
	NoLine      LinkRefusal = "no_line"    // there is no such line, or it names a listing: that one is to be linked
	NoSKU       LinkRefusal = "no_sku"     // there is no such SKU
	SKUArchived LinkRefusal = "archived"   // the SKU is out of use
	TwiceLinked LinkRefusal = "twice"      // another row of the request names the same listing
	OtherLink   LinkRefusal = "linked"     // it is linked to another SKU, and only free ones were meant
	NoSuchShop  LinkRefusal = "no_shop"    // the tenant has no such shop
)

// LinkAnswer is the answer to a LinkRequest.
type LinkAnswer struct {
	Applied  bool // no row was refused, or Partial and at least one was not
	Repeated bool // the key had been used: this is the first answer
	Rows     []LinkOutcome
}

// Link changes links in one durable transaction: lines of orders follow them (see relinking), SKUs are planned anew. A row that asks for what is so
// already is applied and changes nothing.
func (db *DB) Link(ctx context.Context, tenant stock.TenantID, r LinkRequest) (LinkAnswer, error) {
	w, err := newLinkWork(r)
	if err == nil {
		err = db.ledger.post(ctx, tenant, w)
	}
	if err != nil {
		return LinkAnswer{}, fmt.Errorf("link listings: %w", err)
	}
	return w.answer, nil
}

// PreviewLinks says what Link would do, without doing it.
func (db *DB) PreviewLinks(ctx context.Context, tenant stock.TenantID, r LinkRequest) (LinkAnswer, error) {
	w, err := newLinkWork(r)
	if err == nil {
		err = db.Read(ctx, tenant, func(tx *Tx) error {
			w.begin()
			if _, err := w.look(ctx, tx); err != nil {
				return err
			}
			for _, line := range w.lines {
				line.count(line.next())
			}
			w.finish()
			return nil
		})
	}
	if err != nil {
		return LinkAnswer{}, fmt.Errorf("preview links: %w", err)
	}
	return w.answer, nil
}

type linkWork struct {
	request LinkRequest
	once    oneTime
	shops   []channel.ShopID
	answer  LinkAnswer

	relinking
	of     []*relink     // by row, nil where it changes nothing
	lineOf []*movingLine // by row, for rows of lines
}

func newLinkWork(r LinkRequest) (*linkWork, error) {
	if len(r.Rows) > MostLinkRows {
		return nil, fmt.Errorf("%d rows, at most %d", len(r.Rows), MostLinkRows)
	}
	w := &linkWork{request: r}
	for _, row := range r.Rows {
		w.shops = append(w.shops, row.Shop)
	}
	slices.Sort(w.shops)
	w.shops = slices.Compact(w.shops)
	var err error
	w.once, err = newOneTime(r.Key, struct {
		KeepClaims, OnlyFree, Partial bool
		Rows                          []LinkRow
	}{r.KeepClaims, r.OnlyFree, r.Partial, r.Rows})
	return w, err
}

func (w *linkWork) alone() []string {
	names := alone(w.shops...)
	if w.request.Key != "" {
		names = append(names, "key "+w.request.Key)
	}
	return names
}

func (w *linkWork) size() int { return 2 * len(w.request.Rows) }

func (w *linkWork) begin() {
	*w = linkWork{request: w.request, once: w.once, shops: w.shops, relinking: relinking{actor: w.request.Actor, reason: w.request.Reason}}
	if w.request.Bulk {
		w.rank = rankBulk
	}
}

func (w *linkWork) with(others works) works {
	ws, _ := others.(singles)
	return append(ws, w)
}

func (w *linkWork) prepare(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	w.begin()
	repeated, err := w.once.find(ctx, tx, &w.answer)
	if err != nil || repeated {
		w.answer.Repeated = repeated
		return nil, err
	}
	if err := tx.lockShops(ctx, w.shops); err != nil {
		return nil, err
	}
	return w.look(ctx, tx)
}

// look reads what the rows are about, refuses what cannot be, and gathers what changes.
func (w *linkWork) look(ctx context.Context, tx *Tx) ([]balanceKey, error) {
	rows := w.request.Rows
	w.answer.Rows = make([]LinkOutcome, len(rows))
	w.of, w.lineOf = make([]*relink, len(rows)), make([]*movingLine, len(rows))
	if err := w.refuseShops(ctx, tx); err != nil {
		return nil, err
	}
	if err := w.refuseSKUs(ctx, tx); err != nil {
		return nil, err
	}
	if err := w.findListings(ctx, tx); err != nil {
		return nil, err
	}
	if err := w.findLines(ctx, tx); err != nil {
		return nil, err
	}
	refused, applied := false, false
	for i := range rows {
		o := &w.answer.Rows[i]
		refused = refused || o.Refused != ""
		applied = applied || o.Refused == ""
	}
	if w.answer.Applied = !refused || w.request.Partial && applied; !w.answer.Applied {
		w.of, w.lineOf = nil, nil
		return nil, nil
	}
	for i := range rows {
		o := &w.answer.Rows[i]
		if o.Applied = o.Refused == ""; !o.Applied {
			continue
		}
		if w.of[i] != nil {
			w.links = append(w.links, w.of[i])
		}
		if w.lineOf[i] != nil {
			w.lines = append(w.lines, w.lineOf[i])
		}
	}
	return w.relinking.prepare(ctx, tx)
}

func (w *linkWork) refuseShops(ctx context.Context, tx *Tx) error {
	shops, err := tx.bareShops(ctx)
	if err != nil {
		return err
	}
	byID := shopsByID(shops)
	for i, r := range w.request.Rows {
		if _, known := byID[r.Shop]; !known {
			w.answer.Rows[i].Refused = NoSuchShop
		}
	}
	return nil
}

func (w *linkWork) refuseSKUs(ctx context.Context, tx *Tx) error {
	archived := make(map[stock.SKUID]bool)
	var skus []stock.SKUID
	for _, r := range w.request.Rows {
		if r.SKU != 0 {
			skus = append(skus, r.SKU)
		}
	}
	slices.Sort(skus)
	skus = slices.Compact(skus)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var id stock.SKUID
		var out bool
		err := rows.Scan(&id, &out)
		archived[id] = out
		return err
	}, "SELECT sku_id, archived_at > 0 FROM sku WHERE tenant_id = $1 AND sku_id IN (", "BIGINT", ")", nil, len(skus),
		func(args []any, i int) []any { return append(args, int64(skus[i])) })
	for i, r := range w.request.Rows {
		out, known := archived[r.SKU]
		switch o := &w.answer.Rows[i]; {
		case r.SKU == 0 || o.Refused != "":
		case !known:
			o.Refused = NoSKU
		case out:
			o.Refused = SKUArchived
		}
	}
	return err
}

// linkedListing is a listing as recorded.
type linkedListing struct {
	id    ListingID
	sku   stock.SKUID
	owner string // the SKU's code
	apart bool
	key   string
}

// findListings finds the listings that the rows name, and for those that only orders know of, what a line says.
func (w *linkWork) findListings(ctx context.Context, tx *Tx) error {
	var named []shopRef
	for i, r := range w.request.Rows {
		if r.Ref != "" && w.answer.Rows[i].Refused == "" {
			named = append(named, shopRef{r.Shop, r.Ref})
		}
	}
	pair := func(args []any, i int) []any { return append(args, int64(named[i].shop), string(named[i].ref)) }
	known := make(map[shopRef]linkedListing)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		var at shopRef
		var l linkedListing
		var sku sql.NullInt64
		err := rows.Scan(&at.shop, &at.ref, &l.id, &sku, &l.apart, &l.key, &l.owner)
		l.sku = stock.SKUID(sku.Int64)
		known[at] = l
		return err
	}, `SELECT shop_id, ref, listing_id, sku_id, apart, code_key, COALESCE((SELECT sku.code FROM sku WHERE sku.tenant_id = $1 AND sku.sku_id = listing.sku_id), '')
		FROM listing WHERE tenant_id = $1 AND (shop_id, ref) IN (`, "BIGINT TEXT", ")", nil, len(named), pair)
	if err != nil {
		return err
	}
	sold, err := tx.soldRefs(ctx, named, known)
	if err != nil {
		return err
	}
	keys := make([]string, 0, len(known))
	for _, l := range known {
		keys = append(keys, l.key)
	}
	ignored, err := tx.ignoredOf(ctx, keys)
	if err != nil {
		return err
	}
	seen := make(map[shopRef]bool)
	for i, r := range w.request.Rows {
		at, o := shopRef{r.Shop, r.Ref}, &w.answer.Rows[i]
		if r.Ref == "" || o.Refused != "" {
			continue
		}
		l, there := known[at]
		line, orders := sold[at]
		switch {
		case seen[at]:
			o.Refused = TwiceLinked
			continue
		case !there && (!orders || r.SKU == 0):
			o.Refused = NoListing
			continue
		}
		seen[at] = true
		o.Listing = l.id
		o.Before = LinkState{SKU: l.sku, ByRule: l.sku == 0 && !l.apart}
		o.After = LinkState{SKU: r.SKU, ByRule: r.SKU == 0 && r.ByRule}
		if w.request.OnlyFree && l.sku != 0 && l.sku != r.SKU {
			o.Refused, o.Owner = OtherLink, l.owner
			continue
		}
		if o.Before != o.After {
			w.of[i] = &relink{listing: l.id, shop: r.Shop, ref: r.Ref, from: l.sku, to: r.SKU, apart: r.SKU == 0 && !r.ByRule,
				ignored: r.SKU == 0 && ignored[l.key], keep: w.request.KeepClaims, by: w.request.Actor, code: line.Code, title: line.Title}
		}
	}
	return nil
}

// soldRefs finds, for references that no listing has, what a line of an order without a SKU says of them.
func (tx *Tx) soldRefs(ctx context.Context, named []shopRef, known map[shopRef]linkedListing) (map[shopRef]order.Line, error) {
	var refs []string
	for _, at := range named {
		if _, there := known[at]; !there {
			refs = append(refs, string(at.ref))
		}
	}
	slices.Sort(refs)
	refs = slices.Compact(refs)
	sold := make(map[shopRef]order.Line)
	return sold, tx.queryRows(ctx, func(rows *sql.Rows) error {
		var at shopRef
		var l order.Line
		err := rows.Scan(&at.shop, &at.ref, &l.Code, &l.Title)
		sold[at] = l
		return err
	}, `SELECT sale.shop_id, sale_line.ref, MAX(sale_line.code), MAX(sale_line.title) FROM sale_line
		JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id
		WHERE sale_line.tenant_id = $1 AND sale_line.sku_id IS NULL AND sale_line.ref IN (`, "TEXT", ") GROUP BY sale.shop_id, sale_line.ref",
		nil, len(refs), func(args []any, i int) []any { return append(args, refs[i]) })
}

// findLines finds the lines of orders that rows name because no listing is named for them.
func (w *linkWork) findLines(ctx context.Context, tx *Tx) error {
	type lineName struct {
		shop         channel.ShopID
		number, line string
	}
	var named []lineName
	for i, r := range w.request.Rows {
		if r.Ref == "" && w.answer.Rows[i].Refused == "" {
			named = append(named, lineName{r.Shop, r.Number, r.Line})
		}
	}
	known := make(map[lineName]*movingLine)
	err := tx.queryRows(ctx, func(rows *sql.Rows) error {
		l, err := lineOf(rows)
		known[lineName{l.shop, l.number, l.line.Key}] = l
		return err
	}, movingColumns+"WHERE sale.tenant_id = $1 AND sale_line.ref = '' AND (sale.shop_id, sale.number, sale_line.line) IN (", "BIGINT TEXT TEXT", ")", nil, len(named),
		func(args []any, i int) []any {
			return append(args, int64(named[i].shop), named[i].number, named[i].line)
		})
	if err != nil {
		return err
	}
	seen := make(map[lineName]bool)
	for i, r := range w.request.Rows {
		at, o := lineName{r.Shop, r.Number, r.Line}, &w.answer.Rows[i]
		if r.Ref != "" || o.Refused != "" {
			continue
		}
		l := known[at]
		switch {
		case seen[at]:
			o.Refused = TwiceLinked
			continue
		case l == nil:
			o.Refused = NoLine
			continue
		}
		seen[at] = true
		o.Before, o.After = LinkState{SKU: l.from}, LinkState{SKU: r.SKU}
		if l.from != r.SKU {
			l.to, l.link = r.SKU, &relink{}
			w.lineOf[i] = l
		}
	}
	return nil
}

func (w *linkWork) decide(l *ledger) error {
	if w.answer.Repeated {
		return nil
	}
	return w.relinking.decide(l)
}

func (w *linkWork) record(ctx context.Context, tx *Tx) error {
	if w.answer.Repeated {
		return nil
	}
	if err := w.relinking.record(ctx, tx); err != nil {
		return err
	}
	w.finish()
	if !w.answer.Applied {
		return nil
	}
	return w.once.keep(ctx, tx, w.answer)
}

// finish tells what the lines came to.
func (w *linkWork) finish() {
	for i := range w.answer.Rows {
		var of *relink
		switch {
		case w.of == nil:
		case w.of[i] != nil:
			of = w.of[i]
			w.answer.Rows[i].Listing = of.listing
		case w.lineOf[i] != nil:
			of = w.lineOf[i].link
		}
		if of != nil {
			w.answer.Rows[i].Lines, w.answer.Rows[i].Units = of.lines, of.units
		}
	}
}
