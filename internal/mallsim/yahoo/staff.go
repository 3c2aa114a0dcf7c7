package yahoo

import (
	"fmt"
	"slices"
	"strings"

	"soroi/internal/mallsim"
)

// The order states (OrderStatus).
const (
	StatusReserved   = "1" // 予約中
	StatusProcessing = "2" // 処理中
	StatusHeld       = "3" // 保留
	StatusCancelled  = "4" // キャンセル: nothing follows
	StatusCompleted  = "5" // 完了
)

// OutOfStock is the CancelReason 欠品, after which the item is closed to buyers (在庫クローズ).
const OutOfStock = "210"

// reasons are the CancelReason that there are.
var reasons = []string{"100", "110", "120", "130", "140", "150", "160", "170", "180", "200", OutOfStock, "220", "230", "400"}

// moves are the states that may follow each.
var moves = map[string][]string{
	StatusReserved:   {StatusCancelled, StatusCompleted},
	StatusProcessing: {StatusHeld, StatusCancelled, StatusCompleted},
	StatusHeld:       {StatusProcessing, StatusCancelled, StatusCompleted},
	StatusCompleted:  {StatusProcessing, StatusCancelled},
}

// Status is an order's OrderStatus. Its Stage holds what the staff set; an order that has left is completed unless they set it
// back to 2.
func Status(o mallsim.Order) string {
	switch {
	case o.Cancelled:
		return StatusCancelled
	case o.Shipped() && o.Stage != StatusProcessing:
		return StatusCompleted
	case o.Stage != "":
		return o.Stage
	}
	return StatusProcessing
}

// ShipStatus of an order: 3 出荷済 when everything has left, 2 出荷処理中 when something has, 1 出荷可 else.
func ShipStatus(o mallsim.Order) string {
	var sent, whole int64
	for _, l := range o.Lines {
		sent += l.Shipped
		whole += max(l.Wanted, l.Shipped)
	}
	switch {
	case sent > 0 && sent == whole:
		return "3"
	case sent > 0:
		return "2"
	}
	return "1"
}

// SetStatus moves an order as the shop's staff does. reason goes with 4, which is final.
func (s *Server) SetStatus(id, status, reason string) (mallsim.Order, error) {
	o, ok := s.mall.Order(id)
	if !ok {
		return o, &mallsim.NoOrderError{Number: id}
	}
	from := Status(o)
	if !slices.Contains(moves[from], status) {
		return o, &mallsim.StateError{Number: id, Reason: fmt.Sprintf("status %s does not lead to %s", from, status)}
	}
	if status != StatusCancelled {
		return s.mall.Advance(id, status)
	}
	if !slices.Contains(reasons, reason) {
		return o, &mallsim.StateError{Number: id, Reason: fmt.Sprintf("there is no CancelReason %q", reason)}
	}
	return s.mall.Cancel(id, mallsim.Cancellation{Shipped: true, Reason: reason})
}

// MarkSeen is what happens when the staff opens an order: it is no new one any more. Reading it by the API does not do that.
func (s *Server) MarkSeen(id string) error {
	if _, ok := s.mall.Order(id); !ok {
		return &mallsim.NoOrderError{Number: id}
	}
	s.mu.Lock()
	s.seen[id] = true
	s.mu.Unlock()
	o, _ := s.mall.Order(id)
	_, err := s.mall.Advance(id, o.Stage)
	return err
}

// Split moves units of an order to an order of their own, which bears a new id and names this one as its parent. The units go back
// on show for the moment between, so a buyer may snatch them; then the parent is left smaller and the error says so.
func (s *Server) Split(id string, lines map[string]int64) (mallsim.Order, error) {
	o, ok := s.mall.Order(id)
	if !ok {
		return o, &mallsim.NoOrderError{Number: id}
	}
	basket := mallsim.Basket{At: o.PlacedAt, Stage: o.Stage, Test: o.Test}
	var left int64
	for _, l := range o.Lines {
		left += l.Wanted - lines[l.ID]
		if units := lines[l.ID]; units > 0 {
			basket.Lines = append(basket.Lines, mallsim.Want{Key: l.Key, Units: units})
		}
	}
	if left <= 0 || len(basket.Lines) == 0 {
		return o, &mallsim.StateError{Number: id, Reason: "a split leaves something on each side"}
	}
	back := true
	if _, err := s.mall.Cancel(id, mallsim.Cancellation{Lines: lines, Restock: &back}); err != nil {
		return o, err
	}
	child, err := s.mall.Place(basket)
	if err != nil {
		return o, fmt.Errorf("the parent is cut, its child cannot be placed: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parent[child.Number] = id
	s.children[id] = append(s.children[id], child.Number)
	return child, nil
}

// Buy is what a buyer does on the storefront: closed items are sold out, whatever they show.
func (s *Server) Buy(b mallsim.Basket) (mallsim.Order, error) {
	for _, want := range b.Lines {
		if s.Closed(want.Key) {
			return mallsim.Order{}, &mallsim.SoldOutError{Key: want.Key}
		}
	}
	return s.mall.Place(b)
}

// closeShort turns 在庫クローズ on for the goods of an order that was cancelled because they were short.
func (s *Server) closeShort(o mallsim.Order) {
	if !o.Cancelled || o.Reason != OutOfStock {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range o.Lines {
		s.closed[l.Key] = true
	}
}

// Closed tells whether 在庫クローズ is on for a listing. No call of the API tells, and none clears it.
func (s *Server) Closed(k mallsim.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed[k]
}

// Open clears 在庫クローズ, as the staff does on screen or by CSV with stock-close=0.
func (s *Server) Open(k mallsim.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.closed, k)
}

// family is what an order says of its splits.
func (s *Server) family(id string) (parent, children string, seen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parent[id], strings.Join(s.children[id], ","), s.seen[id]
}
