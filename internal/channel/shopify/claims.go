package shopify

import (
	"context"
	"fmt"
	"time"

	"soroi/internal/order"
)

// events are the units of each line, by the line's id, that shipments and refunds of an order speak of.
type events struct {
	shipped  map[string]int64
	returned map[string]int64 // restockType RETURN: sent, came back, put on the shelf
	legacy   map[string]int64 // restockType LEGACY_RESTOCK: put on the shelf, sent or not
}

// unfulfilled is the state of an order of which nothing has been sent.
const unfulfilled = "UNFULFILLED"

// needsHistory tells whether the lines alone leave open how many units were sent: units have been taken out of an order of which
// something may have left, and a line does not say whether they were among those.
func (h *head) needsHistory(lines []line) bool {
	if h.fulfillment == unfulfilled || h.id == "" {
		return false
	}
	for _, l := range lines {
		if *l.Quantity != *l.Current {
			return true
		}
	}
	return false
}

// snapshot puts the order together. Units that are still to go are held; what was sent stays sent, also when it was refunded
// or came back. See docs/channels/shopify.md for how the shop's numbers lead there.
func (h *head) snapshot(lines []line, past events, location string, asked time.Time) order.Snapshot {
	s := order.Snapshot{
		Number: h.number, PlacedAt: h.placedAt, Test: h.test, Incomplete: h.incomplete,
		Version: order.Version{AskedAt: asked},
	}
	if !h.updatedAt.IsZero() {
		s.Version.Revision = h.updatedAt.UnixMicro()
	}
	var toGo, sent int64
	at := make(map[string]int, len(lines))
	for _, l := range lines {
		made := h.line(l, past, location)
		s.Edited = s.Edited || l.Quantity != nil && *l.Quantity != *l.Current
		if i, twice := at[made.Key]; twice {
			s.Lines[i] = made // pages overlapped: the later answer counts
			continue
		}
		at[made.Key] = len(s.Lines)
		s.Lines = append(s.Lines, made)
	}
	for _, l := range s.Lines {
		toGo += max(l.Wanted-l.Shipped, 0)
		sent += l.Shipped
	}
	s.Problems = h.problems
	s.Incomplete = h.incomplete
	switch {
	case h.cancelled:
		s.State = order.Cancelled
	case toGo > 0 || h.incomplete:
		s.State = order.Open
	case sent > 0 || len(s.Lines) == 0:
		s.State = order.Shipped
	default:
		s.State = order.Cancelled
	}
	return s
}

// line is the claim of one line.
func (h *head) line(l line, past events, location string) order.Line {
	key := tail(l.ID)
	made := order.Line{Key: key, Code: l.SKU, Title: l.Name}
	switch {
	case l.Variant == nil:
		h.problems = append(h.problems, fmt.Sprintf("line %s (%s) names no variant: it was deleted, or the line is a custom one", key, l.Name))
	case l.Variant.Item == nil || !isID(tail(l.Variant.Item.ID)):
		h.problems = append(h.problems, fmt.Sprintf("line %s (%s) names no inventory item", key, l.Name))
	default:
		made.Ref = ref(tail(l.Variant.Item.ID), location)
	}
	current, toGo := *l.Current, min(*l.Unfulfilled, *l.Current)
	switch {
	case h.fulfillment == unfulfilled:
		toGo = current
	case past.shipped != nil:
		made.Shipped = past.shipped[key]
		made.Returned = past.returned[key]
		// Old refunds do not say whether the units had been sent. Those that the shipments account for had.
		gone := made.Shipped - (current - toGo) - made.Returned
		made.Returned += min(past.legacy[key], max(gone, 0))
	default:
		made.Shipped = current - toGo
	}
	made.Wanted = made.Shipped + toGo
	if h.cancelled {
		made.Wanted = 0
	}
	return made
}

// history reads the shipments and refunds of an order.
func (c *connector) history(ctx context.Context, h *head) (events, error) {
	past := events{shipped: map[string]int64{}, returned: map[string]int64{}, legacy: map[string]int64{}}
	var answer historyAnswer
	if err := c.ask(ctx, docHistory, map[string]any{"id": h.id}, &answer); err != nil {
		return past, err
	}
	if answer.Order != nil && (len(answer.Order.Refunds) >= eventsPage || len(answer.Order.Fulfillments) >= eventsPage) {
		// There may be more than fit: take the list of all, and each one's lines by itself.
		answer = historyAnswer{}
		if err := c.ask(ctx, docEvents, map[string]any{"id": h.id}, &answer); err != nil {
			return past, err
		}
	}
	if answer.Order == nil {
		h.problem("the order vanished while its shipments were read")
		return past, nil
	}
	if len(answer.Order.Refunds) >= eventsMost || len(answer.Order.Fulfillments) >= eventsMost {
		h.problem("the order has more shipments or refunds than can be read")
	}
	for _, e := range answer.Order.Fulfillments {
		switch e.Status {
		case "CANCELLED", "ERROR", "FAILURE":
			continue
		}
		lines, err := c.eventLines(ctx, docShippedLines, e, func(e event) *eventLinePage { return e.Shipped })
		if err != nil {
			return past, err
		}
		h.count(lines, func(id string, _ string, n int64) { past.shipped[id] += n })
	}
	for _, e := range answer.Order.Refunds {
		lines, err := c.eventLines(ctx, docRefundLines, e, func(e event) *eventLinePage { return e.Refund })
		if err != nil {
			return past, err
		}
		h.count(lines, func(id, restock string, n int64) {
			switch restock {
			case "RETURN":
				past.returned[id] += n
			case "LEGACY_RESTOCK":
				past.legacy[id] += n
			}
		})
	}
	return past, nil
}

// count adds up event lines by the order line they speak of.
func (h *head) count(lines []eventLine, add func(id, restock string, n int64)) {
	for _, l := range lines {
		if l.Line == nil || !isID(tail(l.Line.ID)) || l.Quantity == nil || *l.Quantity < 0 {
			h.problem("a shipment or refund has a line that cannot be read")
			continue
		}
		add(tail(l.Line.ID), l.Restock, *l.Quantity)
	}
}

// eventLines are the lines of one shipment or refund, those after the first page too.
func (c *connector) eventLines(ctx context.Context, d document, e event, of func(event) *eventLinePage) ([]eventLine, error) {
	var lines []eventLine
	next := &page{HasNextPage: true}
	if first := of(e); first != nil {
		lines, next = first.Nodes, first.PageInfo
	}
	for next != nil && next.HasNextPage {
		variables := map[string]any{"id": e.ID, "after": nil}
		if next.EndCursor != "" {
			variables["after"] = next.EndCursor
		}
		var answer struct {
			Node *event `json:"node"`
		}
		if err := c.ask(ctx, d, variables, &answer); err != nil {
			return nil, err
		}
		if answer.Node == nil || of(*answer.Node) == nil {
			return nil, unreadable(d.Op, "the shipment or refund is gone")
		}
		got := of(*answer.Node)
		if got.PageInfo == nil || got.PageInfo.HasNextPage && (got.PageInfo.EndCursor == "" || got.PageInfo.EndCursor == next.EndCursor) {
			return nil, unreadable(d.Op, "there are further lines and no way to them")
		}
		lines, next = append(lines, got.Nodes...), got.PageInfo
	}
	return lines, nil
}
