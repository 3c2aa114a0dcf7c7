package rakuten

import (
	"fmt"
	"slices"
	"strconv"

	"soroi/internal/mallsim"
)

// Restore is inventoryRestoreType: what a cancel does with the units.
type Restore int

// The three ways.
const (
	RestoreBySetting Restore = 0 // the line's restoreInventoryFlag, else the SKU's 在庫戻し
	RestoreYes       Restore = 1
	RestoreNo        Restore = 2
)

// Canceller is who cancels.
type Canceller int

// Buyers cancel freely only before the shop has confirmed; Rakuten cancels when its screening of the payment fails; both follow
// the settings. The shop says what becomes of the units.
const (
	ByBuyer Canceller = iota
	ByShop
	ByRakuten
)

// RequestCancel puts an order into 800 キャンセル確定待ち: it still holds its units.
func (s *Server) RequestCancel(number string) (mallsim.Order, error) {
	o, there := s.mall.Order(number)
	if !there || o.Cancelled {
		return o, &mallsim.StateError{Number: number, Reason: "there is nothing to cancel"}
	}
	now := moment(s.mall.Clock().Now())
	s.note(number, func(x *extra) {
		x.changes = append(x.changes, change{ID: 50_000_000 + len(x.changes), Type: 0, Reason: 1, Applied: now})
	})
	return s.mall.Advance(number, "800")
}

// Cancel cancels an order, shipped or not, and puts its units back or not by the three rules: what the shop says in the call, the
// line's restoreInventoryFlag, the SKU's 在庫戻し. A buyer can cancel only what the shop has not confirmed.
func (s *Server) Cancel(number string, by Canceller, restore Restore) (mallsim.Order, error) {
	o, there := s.mall.Order(number)
	if !there {
		return o, &mallsim.NoOrderError{Number: number}
	}
	progress := s.progress(o, s.mall.Clock().Now())
	reason := 10
	switch by {
	case ByBuyer:
		if progress != 100 && progress != 800 {
			return o, &mallsim.StateError{Number: number, Reason: fmt.Sprintf("at %d its buyer can no longer cancel", progress)}
		}
		restore, reason = RestoreBySetting, 1
	case ByRakuten:
		restore, reason = RestoreBySetting, 4
	}
	return s.cancel(number, restore, reason, progress >= 500)
}

func (s *Server) cancel(number string, restore Restore, reason int, shipped bool) (mallsim.Order, error) {
	now := s.mall.Clock().Now()
	o, there := s.mall.Order(number)
	if !there {
		return o, &mallsim.NoOrderError{Number: number}
	}
	progress := s.progress(o, now)
	before := slices.Contains([]int{100, 200, 300}, progress) && !o.Shipped()
	if progress == 900 || shipped && progress < 500 || !shipped && !before {
		return o, &mallsim.StateError{Number: number, Reason: fmt.Sprintf("at %d it cannot be cancelled this way", progress)}
	}
	when := moment(now)
	s.note(number, func(x *extra) {
		x.asked = (*int)(&restore)
		if n := len(x.changes); n > 0 && x.changes[n-1].Done == nil {
			x.changes[n-1].Fixed, x.changes[n-1].Done = when, when
		} else {
			x.changes = append(x.changes, change{ID: 50_000_000 + n, Type: 1, Reason: reason, Applied: when, Fixed: when, Done: when})
		}
	})
	defer s.note(number, func(x *extra) { x.asked = nil })
	// Units that have left come back into the number, where the rules say so, before the order ends.
	for _, l := range o.Lines {
		if out := l.Shipped - l.Returned; out > 0 && s.restocks(number, l) {
			if _, err := s.mall.Return(number, map[string]int64{l.ID: out}, true); err != nil {
				return o, err
			}
		}
	}
	return s.mall.Cancel(number, mallsim.Cancellation{Shipped: true, Reason: strconv.Itoa(reason)})
}

// restocks is the rule for one line. The mall calls it under its lock.
func (s *Server) restocks(number string, l mallsim.OrderLine) bool {
	s.ruleMu.Lock()
	defer s.ruleMu.Unlock()
	if x := s.extras[number]; x != nil {
		if x.asked != nil && *x.asked != int(RestoreBySetting) {
			return *x.asked == int(RestoreYes)
		}
		if flag := x.restore[l.ID]; flag != 0 {
			return flag == 1
		}
	}
	return s.restocksSKU(l.Key)
}

func (s *Server) restocksSKU(k mallsim.Key) bool {
	if set, there := s.restock[k]; there {
		return set
	}
	if s.o.RestockOnCancel != nil {
		return *s.o.RestockOnCancel
	}
	return s.mall.Options().Restock == mallsim.RestockAlways
}

// SetRestock sets a SKU's 在庫戻し (restockOnCancel).
func (s *Server) SetRestock(k mallsim.Key, restock bool) {
	s.ruleMu.Lock()
	defer s.ruleMu.Unlock()
	s.restock[k] = restock
}

// SetLineRestore sets a line's restoreInventoryFlag: 0 follow the SKU's setting, 1 put back, 2 do not.
func (s *Server) SetLineRestore(number, line string, flag int) {
	s.note(number, func(x *extra) { x.restore[line] = flag })
}

// Pack spreads an order over several packages (送付先): the ids of the lines of each. A line that is not named goes into the first.
func (s *Server) Pack(number string, packages ...[]string) {
	s.note(number, func(x *extra) { x.packages = packages })
}
