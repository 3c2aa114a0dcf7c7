package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
)

// cursor is where a pull stands. A pull may be many pages: Since and Began stay the same for all of them.
type cursor struct {
	Since time.Time `json:"since"`          // orders changed from then on
	Began time.Time `json:"began,omitzero"` // when the pull's first page was asked for
	Seen  time.Time `json:"seen,omitzero"`  // the latest change seen in the pull
	After string    `json:"after,omitempty"`
}

func (c cursor) String() channel.Cursor {
	text, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("shopify: a cursor of times and a text cannot be written: %v", err))
	}
	return channel.Cursor(text)
}

func readCursor(text channel.Cursor) (cursor, error) {
	var c cursor
	if err := json.Unmarshal([]byte(text), &c); err != nil || c.Since.IsZero() {
		return c, &channel.Error{Kind: channel.Invalid, Op: docOrders.Op, Message: fmt.Sprintf("cursor %q is not one of ours", text), Err: err, NotDone: true}
	}
	return c, nil
}

type ordersAnswer struct {
	Orders *raws `json:"orders"`
}

// PullOrders returns orders by the time of their last change, oldest first.
func (c *connector) PullOrders(ctx context.Context, since channel.Cursor) (channel.OrderPage, error) {
	asked := c.deps.Clock.Now().UTC()
	at := cursor{Since: asked.Add(-history)}
	if since != "" {
		var err error
		if at, err = readCursor(since); err != nil {
			return channel.OrderPage{}, err
		}
	}
	if at.Began.IsZero() {
		at.Began = asked
	}
	query := fmt.Sprintf("updated_at:>='%s'", at.Since.UTC().Truncate(time.Second).Format(time.RFC3339))
	found, next, err := c.orders(ctx, query, at.After, asked)
	if err != nil {
		return channel.OrderPage{}, err
	}
	result := channel.OrderPage{More: next.HasNextPage}
	for _, f := range found {
		result.Orders = append(result.Orders, f.Snapshot)
		if f.UpdatedAt.After(at.Seen) {
			at.Seen = f.UpdatedAt
		}
	}
	if result.More {
		at.After = next.EndCursor
		result.Next = at.String()
		return result, nil
	}
	result.UpTo = at.Began.Add(-lateness)
	result.Next = cursor{Since: at.resume()}.String()
	return result, nil
}

// resume is where the next pull begins: the latest change seen, less the overlap. In a quiet shop it moves on by our own clock,
// with room for the shop's clock to differ; it never moves back.
func (c cursor) resume() time.Time {
	from := c.Since
	if byClock := c.Began.Add(-lateness - clockSkew); byClock.After(from) {
		from = byClock
	}
	if bySeen := c.Seen.Add(-lateness); !c.Seen.IsZero() && bySeen.After(from) {
		from = bySeen
	}
	return from
}

// RefreshOrders asks for the orders by name.
func (c *connector) RefreshOrders(ctx context.Context, known []order.Known) ([]order.Snapshot, error) {
	if len(known) == 0 {
		return nil, nil
	}
	missing := make(map[string]bool, len(known))
	terms := make([]string, len(known))
	for i, k := range known {
		missing[k.Number] = true
		terms[i] = "name:" + quoted(k.Number)
	}
	asked := c.deps.Clock.Now().UTC()
	query := strings.Join(terms, " OR ")
	var snapshots []order.Snapshot
	// The search may find more than was meant (it folds case and signs), so it is followed until all are found.
	for next := (page{HasNextPage: true}); next.HasNextPage && len(missing) > 0; {
		found, after, err := c.orders(ctx, query, next.EndCursor, asked)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if missing[f.Snapshot.Number] {
				delete(missing, f.Snapshot.Number)
				snapshots = append(snapshots, f.Snapshot)
			}
		}
		next = after
	}
	for _, k := range known {
		if !missing[k.Number] {
			continue
		}
		delete(missing, k.Number)
		snapshots = append(snapshots, order.Snapshot{
			Number: k.Number, PlacedAt: k.PlacedAt, State: order.Open, Incomplete: true,
			Version:  order.Version{Revision: k.Version.Revision, AskedAt: asked},
			Problems: []string{"the shop no longer finds this order; those of more than 60 days ago need the scope read_all_orders"},
		})
	}
	return snapshots, nil
}

// quoted is a text as one term of Shopify's search.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// found is an order with the time by which the pull goes on.
type found struct {
	Snapshot  order.Snapshot
	UpdatedAt time.Time
}

// orders asks for one page of orders and completes each of them.
func (c *connector) orders(ctx context.Context, query, after string, asked time.Time) ([]found, page, error) {
	location, err := c.locationID(ctx)
	if err != nil {
		return nil, page{}, err
	}
	variables := map[string]any{"q": query, "after": nil}
	if after != "" {
		variables["after"] = after
	}
	var answer ordersAnswer
	if err := c.ask(ctx, docOrders, variables, &answer); err != nil {
		return nil, page{}, err
	}
	if answer.Orders == nil || answer.Orders.PageInfo == nil {
		return nil, page{}, unreadable(docOrders.Op, "the answer holds no page of orders")
	}
	next := *answer.Orders.PageInfo
	if next.HasNextPage && (next.EndCursor == "" || next.EndCursor == after) {
		return nil, page{}, unreadable(docOrders.Op, "there is a next page and no way to it")
	}
	result := make([]found, 0, len(answer.Orders.Nodes))
	for _, raw := range answer.Orders.Nodes {
		f, err := c.complete(ctx, raw, location, asked)
		if err != nil {
			return nil, page{}, err
		}
		result = append(result, f)
	}
	return result, next, nil
}

// complete makes a snapshot of one order, asking for what its page left out.
func (c *connector) complete(ctx context.Context, raw json.RawMessage, location string, asked time.Time) (found, error) {
	head, err := readHead(raw)
	if err != nil {
		return found{}, unreadable(docOrders.Op, err.Error())
	}
	lines, err := c.restOfLines(ctx, &head)
	if err != nil {
		return found{}, err
	}
	past := events{}
	if head.needsHistory(lines) {
		if past, err = c.history(ctx, &head); err != nil {
			return found{}, err
		}
	}
	return found{Snapshot: head.snapshot(lines, past, location, asked), UpdatedAt: head.updatedAt}, nil
}

// restOfLines decodes the lines that came with the order and pulls those that did not.
func (c *connector) restOfLines(ctx context.Context, head *head) ([]line, error) {
	lines := head.decode(head.lines.Nodes, nil)
	for next := head.lines.PageInfo; next != nil && next.HasNextPage; {
		var answer struct {
			Order *struct {
				Lines raws `json:"lineItems"`
			} `json:"order"`
		}
		if err := c.ask(ctx, docOrderLines, map[string]any{"id": head.id, "after": next.EndCursor}, &answer); err != nil {
			return nil, err
		}
		if answer.Order == nil {
			head.problem("the order vanished while its lines were read")
			break
		}
		if info := answer.Order.Lines.PageInfo; info == nil || info.HasNextPage && (info.EndCursor == "" || info.EndCursor == next.EndCursor) {
			return nil, unreadable(docOrderLines.Op, "there are further lines and no way to them")
		}
		lines = head.decode(answer.Order.Lines.Nodes, lines)
		next = answer.Order.Lines.PageInfo
	}
	return lines, nil
}

// head is what an order says of itself, and what about it could not be understood.
type head struct {
	id          string
	number      string
	placedAt    time.Time
	updatedAt   time.Time
	cancelled   bool
	test        bool
	fulfillment string
	lines       raws
	problems    []string
	incomplete  bool
}

func (h *head) problem(format string, args ...any) {
	h.problems = append(h.problems, fmt.Sprintf(format, args...))
	h.incomplete = true
}

// readHead decodes one order. The error says that not even its number and time can be read.
func readHead(raw json.RawMessage) (head, error) {
	var wire struct {
		ID          json.RawMessage `json:"id"`
		Name        json.RawMessage `json:"name"`
		CreatedAt   json.RawMessage `json:"createdAt"`
		UpdatedAt   json.RawMessage `json:"updatedAt"`
		CancelledAt json.RawMessage `json:"cancelledAt"`
		Test        json.RawMessage `json:"test"`
		Fulfillment json.RawMessage `json:"displayFulfillmentStatus"`
		Lines       json.RawMessage `json:"lineItems"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return head{}, errors.New("an order is no object")
	}
	var h head
	var created, updated, cancelled string
	if json.Unmarshal(wire.Name, &h.number) != nil || h.number == "" {
		return head{}, errors.New("an order has no name")
	}
	if json.Unmarshal(wire.CreatedAt, &created) != nil {
		return head{}, fmt.Errorf("order %s does not say when it was placed", h.number)
	}
	var err error
	if h.placedAt, err = instant(created); err != nil {
		return head{}, fmt.Errorf("order %s was placed at %q, which is no time", h.number, created)
	}
	if json.Unmarshal(wire.ID, &h.id) != nil || !isID(tail(h.id)) {
		h.id = ""
		h.problem("the order has no id")
	}
	if json.Unmarshal(wire.UpdatedAt, &updated) == nil {
		h.updatedAt, err = instant(updated)
	}
	if err != nil || h.updatedAt.IsZero() {
		h.updatedAt = time.Time{}
		h.problem("the order does not say when it last changed")
	}
	if !isNull(wire.CancelledAt) {
		h.cancelled = true
		if json.Unmarshal(wire.CancelledAt, &cancelled) != nil {
			h.problem("the time of the cancel cannot be read")
		}
	}
	if json.Unmarshal(wire.Fulfillment, &h.fulfillment) != nil || h.fulfillment == "" {
		h.problem("the order does not say how much of it has been sent")
	}
	if !isNull(wire.Test) && json.Unmarshal(wire.Test, &h.test) != nil {
		h.problem("whether it is a test order cannot be read")
	}
	if isNull(wire.Lines) || json.Unmarshal(wire.Lines, &h.lines) != nil || h.lines.PageInfo == nil {
		h.problem("the list of lines cannot be read")
		h.lines.PageInfo = nil
	}
	if next := h.lines.PageInfo; next != nil && next.HasNextPage && (next.EndCursor == "" || h.id == "") {
		h.problem("there are further lines and no way to them")
		h.lines.PageInfo = nil
	}
	return h, nil
}

// decode adds lines. One that cannot be read is a problem of the order.
func (h *head) decode(nodes []json.RawMessage, lines []line) []line {
	for _, raw := range nodes {
		var l line
		err := json.Unmarshal(raw, &l)
		switch {
		case err != nil || !isID(tail(l.ID)):
			h.problem("line %d cannot be read", len(lines)+1)
		case l.Quantity == nil || l.Current == nil || l.Unfulfilled == nil:
			h.problem("line %s (%s) does not say how many units it has", tail(l.ID), l.Name)
		case *l.Quantity < 0 || *l.Current < 0 || *l.Unfulfilled < 0:
			h.problem("line %s (%s) has a negative number of units", tail(l.ID), l.Name)
		default:
			lines = append(lines, l)
		}
	}
	return lines
}

func unreadable(op, message string) *channel.Error {
	return &channel.Error{Kind: channel.Unreadable, Op: op, Message: message}
}
