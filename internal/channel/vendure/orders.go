package vendure

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
)

const (
	ordersOp  = "orders"
	refreshOp = "orders/refresh"
)

// PullOrders asks for orders by when they were placed, and in the same call for a page of those whose time of change has moved.
// The first list is complete and says when the pull ends. The second is a help only, since the shop forgets that time on many
// changes (docs/channels/vendure.md): each call reads on in it, no call is made for it, and Can.ChangedSince is not declared.
func (s *shop) PullOrders(ctx context.Context, since channel.Cursor) (channel.OrderPage, error) {
	asked := s.deps.Clock.Now()
	var from pullCursor
	first := func() { from = pullCursor{reach{After: asked.Add(-history)}, reach{After: asked.Add(-time.Hour)}} }
	if err := parseCursor(ordersOp, since, &from, first); err != nil {
		return channel.OrderPage{}, err
	}
	if err := cmp.Or(from.Placed.check(ordersOp), from.Changed.check(ordersOp)); err != nil {
		return channel.OrderPage{}, err
	}
	var data struct {
		Placed  ordersWire `json:"placed"`
		Changed ordersWire `json:"changed"`
	}
	header, err := s.ask(ctx, ordersOp, ordersDocument, values{
		"placedAfter": stamp(from.Placed.After), "placedSkip": from.Placed.Skip,
		"changedAfter": stamp(from.Changed.After), "changedSkip": from.Changed.Skip, "take": pageOrders,
	}, &data)
	if err != nil {
		return channel.OrderPage{}, err
	}
	placed, err := data.Placed.read(ordersOp)
	if err != nil {
		return channel.OrderPage{}, err
	}
	changed, err := data.Changed.read(ordersOp)
	if err != nil {
		return channel.OrderPage{}, err
	}
	placedNext, more := from.Placed.next(placed.placedAt(), pageOrders, lateness)
	changedNext, _ := from.Changed.next(changed.updatedAt(), pageOrders, lateness)
	page := channel.OrderPage{
		Orders: snapshots(slices.Concat(placed, changed), asked),
		Next:   cursorText(pullCursor{placedNext, changedNext}),
		More:   more,
	}
	if !more {
		page.UpTo = upTo(header, s.deps.Clock.Now().Sub(asked))
	}
	return page, nil
}

// upTo is the moment up to which every order is in: the shop's own clock when it answered, less the time that the answer took,
// less what an order may lie unseen. Zero when the shop does not tell the time.
func upTo(header http.Header, took time.Duration) time.Time {
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at.UTC().Add(-took - lateness)
}

// RefreshOrders asks for orders by number.
func (s *shop) RefreshOrders(ctx context.Context, known []order.Known) ([]order.Snapshot, error) {
	if len(known) == 0 {
		return nil, nil
	}
	asked := s.deps.Clock.Now()
	codes := make([]string, len(known))
	for i, k := range known {
		codes[i] = k.Number
	}
	var data struct {
		Orders ordersWire `json:"orders"`
	}
	if _, err := s.ask(ctx, refreshOp, refreshDocument, values{"codes": codes, "take": len(codes)}, &data); err != nil {
		return nil, err
	}
	orders, err := data.Orders.read(refreshOp)
	if err != nil {
		return nil, err
	}
	list := snapshots(orders, asked)
	for _, k := range known {
		if !slices.ContainsFunc(list, func(s order.Snapshot) bool { return s.Number == k.Number }) {
			list = append(list, order.Snapshot{Number: k.Number, PlacedAt: k.PlacedAt.UTC(), State: order.Open,
				Version: order.Version{AskedAt: asked}, Problems: []string{"the shop no longer has this order"}, Incomplete: true})
		}
	}
	return list, nil
}
