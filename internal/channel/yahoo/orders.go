package yahoo

import (
	"cmp"
	"context"
	"slices"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
)

const (
	// pageOrders is how many orders a page holds when each has to wait for its second: few, so that they are taken in soon.
	pageOrders = 5
	// mostPageOrders is how many it holds when nothing has to wait.
	mostPageOrders = 100
	// largestList is the page size of orderList that clients use; the mall names no ceiling.
	largestList = 2000
	// lookEvery is how often orders let go by the mall are looked for, which costs a list call of its own.
	lookEvery = time.Minute
	// heldFor is how long the mall may hold an order back and still be asked for it.
	heldFor = history
)

// PullOrders returns orders by the time when they were placed, and those that the mall had held back by the time when it let
// them go. An order inside the overlap comes again only if it has changed.
//
// Why nothing is skipped: a list asked for at time A is complete for orders placed up to A − lateness, and the position never
// moves past that, nor past an order that has been listed and not returned.
func (c *connector) PullOrders(ctx context.Context, since channel.Cursor) (channel.OrderPage, error) {
	asked := c.deps.Clock.Now()
	at, err := readCursor(since, c.seller, asked)
	if err != nil {
		return channel.OrderPage{}, err
	}
	p := &pull{connector: c, at: at}
	more, failed := p.run(ctx, asked)
	if failed != nil && len(p.orders) == 0 {
		return channel.OrderPage{}, failed
	}
	// Orders that are here are taken in; the error, if it stays, comes with the next page.
	slices.SortStableFunc(p.orders, func(a, b order.Snapshot) int { return a.PlacedAt.Compare(b.PlacedAt) })
	page := channel.OrderPage{Orders: p.orders, Next: p.at.cursor(c.seller), More: more || failed != nil}
	if !page.More {
		page.UpTo = asked.Add(-lateness)
	}
	return page, nil
}

// pull is one page in the making.
type pull struct {
	*connector
	at     position
	orders []order.Snapshot
}

// run fills the page and moves the position. It tells whether there is more.
func (p *pull) run(ctx context.Context, asked time.Time) (more bool, err error) {
	complete := second(asked.Add(-lateness))
	if asked.Sub(p.at.Looked) >= lookEvery {
		released, rest, err := p.unseen(ctx, condition{
			OrderedFrom:   writeTime(asked.Add(-heldFor)),
			OrderedTo:     writeTime(p.at.From),
			PublishedFrom: writeTime(p.at.Looked.Add(-lateness)),
			PublishedTo:   writeTime(asked.Add(24 * time.Hour)),
		})
		if err != nil {
			return true, err
		}
		taken, err := p.take(ctx, released)
		if err != nil || rest || taken < len(released) {
			return true, err
		}
		p.at.Looked = second(asked)
		if len(p.orders) >= pageOrders {
			return true, nil
		}
	}
	fresh, rest, err := p.unseen(ctx, condition{
		OrderedFrom: writeTime(p.at.From),
		OrderedTo:   writeTime(asked.Add(24 * time.Hour)),
	})
	if err != nil {
		return true, err
	}
	taken, err := p.take(ctx, fresh)
	if err == nil && !rest && taken == len(fresh) {
		p.at.From = later(p.at.From, complete)
		return false, nil
	}
	if taken > 0 {
		p.at.From = later(p.at.From, earlier(second(fresh[taken-1].PlacedAt), complete))
	}
	return true, err
}

// unseen lists orders that have not been returned as they are now, oldest first. Rest says that the list goes on.
func (p *pull) unseen(ctx context.Context, c condition) (found []listed, rest bool, err error) {
	size := min(len(p.at.Shown)+mostPageOrders+1, largestList)
	numbers := make(map[string]bool)
	for start := 1; ; {
		page, total, err := p.list(ctx, c, start, size)
		if err != nil {
			return nil, false, err
		}
		for _, l := range page {
			if !p.at.has(l) && !numbers[l.Number] {
				numbers[l.Number] = true
				found = append(found, l)
			}
		}
		start += len(page)
		ended := len(page) == 0 || start > total && total >= 0 || total < 0 && len(page) < size
		if ended || len(found) > mostPageOrders {
			slices.SortStableFunc(found, func(a, b listed) int {
				return cmp.Or(a.PlacedAt.Compare(b.PlacedAt), cmp.Compare(a.Number, b.Number))
			})
			return found, !ended, nil
		}
	}
}

// take asks for the orders in turn and remembers them, until the page is full. It returns how many it took.
func (p *pull) take(ctx context.Context, found []listed) (int, error) {
	for i, l := range found {
		n := len(p.orders)
		full := n >= pageOrders && p.deps.Pace.Free(opOrderInfo, 1) > 0
		if full || n >= mostPageOrders {
			return i, nil
		}
		snapshots, err := p.family(ctx, l, func(child string) bool {
			_, returned := p.at.Shown[child]
			return returned || slices.ContainsFunc(found, func(o listed) bool { return o.Number == child })
		})
		if err != nil {
			return i, err
		}
		p.orders = append(p.orders, snapshots...)
		p.at.Shown[l.Number] = shown{Revision: l.Revision, At: second(l.at())}
	}
	return len(found), nil
}

// RefreshOrders lists the time span of the known orders, in as few calls as that takes, and asks only for those that have
// another revision than the known one.
func (c *connector) RefreshOrders(ctx context.Context, known []order.Known) ([]order.Snapshot, error) {
	if len(known) == 0 {
		return nil, nil
	}
	first, last := known[0].PlacedAt, known[0].PlacedAt
	numbers := make(map[string]bool, len(known))
	for _, k := range known {
		first, last = earlier(first, k.PlacedAt), later(last, k.PlacedAt)
		numbers[k.Number] = true
	}
	span := condition{OrderedFrom: writeTime(first), OrderedTo: writeTime(last.Add(time.Second))}
	now := make(map[string]listed, len(known))
	for start := 1; ; {
		page, total, err := c.list(ctx, span, start, largestList)
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			if numbers[l.Number] {
				now[l.Number] = l
			}
		}
		start += len(page)
		if len(page) == 0 || start > total && total >= 0 || total < 0 && len(page) < largestList {
			break
		}
	}
	var snapshots []order.Snapshot
	for _, k := range known {
		l, present := now[k.Number]
		if present && unchanged(k, l) {
			continue
		}
		if !present {
			// It may have slipped between two pages of the list: orderInfo has the last word.
			l = listed{Number: k.Number, PlacedAt: k.PlacedAt, Revision: k.Version.Revision}
		}
		family, err := c.family(ctx, l, func(child string) bool { return numbers[child] })
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, family...)
	}
	return snapshots, nil
}

// unchanged tells whether the order is surely as we know it. One that we read within the second of its change may have
// changed again in that second.
func unchanged(k order.Known, l listed) bool {
	return l.Revision == k.Version.Revision && l.Revision != 0 && k.Version.AskedAt.Sub(l.ChangedAt) >= 2*time.Second
}

// list asks for one page of orderList, oldest first. Start counts from 1.
func (c *connector) list(ctx context.Context, cond condition, start, size int) ([]listed, int, error) {
	answer, err := c.xml(ctx, opOrderList, listRequest{
		Search: listSearch{Result: size, Start: start, Sort: "+order_time", Condition: cond, Field: listFields},
		Seller: c.seller,
	})
	if err != nil {
		return nil, 0, err
	}
	orders, total, wrong := readList(answer)
	if wrong != nil {
		return nil, 0, wrong
	}
	return orders, total, nil
}

// family asks for one order, and for those that were split off it unless here says that they come anyway: a split order
// may carry the old time of its parent, where no list looks for new orders.
func (c *connector) family(ctx context.Context, l listed, here func(number string) bool) ([]order.Snapshot, error) {
	first, children, err := c.info(ctx, l)
	if err != nil {
		return nil, err
	}
	snapshots := []order.Snapshot{first}
	asked := map[string]bool{l.Number: true}
	for len(children) > 0 {
		child := children[0]
		children = children[1:]
		if asked[child] || here(child) {
			continue
		}
		asked[child] = true
		s, grandchildren, err := c.info(ctx, listed{Number: child, PlacedAt: l.PlacedAt})
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, s)
		children = append(children, grandchildren...)
	}
	return snapshots, nil
}

// info asks for one order. What the mall says of it, and what it does not, becomes a snapshot; an error is one that has
// nothing to do with this order.
func (c *connector) info(ctx context.Context, l listed) (order.Snapshot, []string, error) {
	asked := c.deps.Clock.Now()
	answer, err := c.xml(ctx, opOrderInfo, infoRequest{
		Target: infoTarget{OrderID: l.Number, Field: infoFields}, Seller: c.seller,
	})
	if err != nil {
		if asError(opOrderInfo, err).Code == codeNoOrder {
			return gone(l, asked), nil, nil
		}
		return order.Snapshot{}, nil, err
	}
	o, wrong := readInfo(answer)
	if wrong != nil {
		return bare(l, asked, "the shop's answer about this order cannot be read: "+wrong.Error()), nil, nil
	}
	s, children := snapshot(o, l, asked)
	return s, children, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
