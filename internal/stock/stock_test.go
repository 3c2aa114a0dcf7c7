package stock_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"soroi/internal/stock"
)

func TestQuantity_order(t *testing.T) {
	t.Parallel()
	rising := []stock.Quantity{stock.Units(0), stock.Units(1), stock.Units(stock.LargestUnits), stock.Unlimited}
	for i, a := range rising {
		for j, b := range rising {
			if got, want := a.Compare(b), cmp.Compare(i, j); got != want {
				t.Errorf("%s compared with %s is %d, want %d", a, b, got, want)
			}
		}
		if got := stock.FromSortable(a.Sortable()); got != a {
			t.Errorf("%s comes back from storage as %s", a, got)
		}
	}
	if !slices.IsSortedFunc(rising, func(a, b stock.Quantity) int { return cmp.Compare(a.Sortable(), b.Sortable()) }) {
		t.Error("what is stored does not keep the order")
	}
}

func TestQuantity(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		q         stock.Quantity
		text      string
		zero      bool
		unlimited bool
		atMost5   stock.Quantity
	}{
		{"nothing", stock.Units(0), "0", true, false, stock.Units(0)},
		{"less than nothing", stock.Units(-7), "0", true, false, stock.Units(0)},
		{"the zero value", stock.Quantity{}, "0", true, false, stock.Units(0)},
		{"few", stock.Units(5), "5", false, false, stock.Units(5)},
		{"more", stock.Units(6), "6", false, false, stock.Units(5)},
		{"unlimited", stock.Unlimited, "unlimited", false, true, stock.Units(5)},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if c.q.String() != c.text || c.q.IsZero() != c.zero || c.q.IsUnlimited() != c.unlimited {
				t.Errorf("%s, zero %v, unlimited %v", c.q, c.q.IsZero(), c.q.IsUnlimited())
			}
			if got := c.q.AtMost(5); got != c.atMost5 {
				t.Errorf("at most 5 it is %s, want %s", got, c.atMost5)
			}
			if n, finite := c.q.Units(); finite == c.unlimited || c.unlimited && n != 0 {
				t.Errorf("units %d, %v", n, finite)
			}
			text, err := json.Marshal(c.q)
			var back stock.Quantity
			if err != nil || json.Unmarshal(text, &back) != nil || back != c.q {
				t.Errorf("%s comes back from %s as %s, %v", c.q, text, back, err)
			}
		})
	}
}

func TestQuantity_UnmarshalText_refuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "-1", "1.5", "Unlimited", "１", "9223372036854775808"} {
		q := stock.Units(3)
		if err := q.UnmarshalText([]byte(text)); err == nil || q != stock.Units(3) {
			t.Errorf("%q became %s, %v", text, q, err)
		}
	}
}

func TestChange_Delta(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change stock.Change
		onHand int64
		want   int64
	}{
		{"set up", stock.Change{Mode: stock.Set, Units: 9}, 4, 5},
		{"set down", stock.Change{Mode: stock.Set, Units: 1}, 4, -3},
		{"set to what it is", stock.Change{Mode: stock.Set, Units: 4}, 4, 0},
		{"set from below zero", stock.Change{Mode: stock.Set, Units: 0}, -4, 4},
		{"add", stock.Change{Mode: stock.Add, Units: 3}, 4, 3},
		{"add to less than nothing", stock.Change{Mode: stock.Add, Units: 3}, -9, 3},
		{"subtract", stock.Change{Mode: stock.Subtract, Units: 3}, 4, -3},
		{"subtract all", stock.Change{Mode: stock.Subtract, Units: 4}, 4, -4},
		{"subtract more than there is where that is allowed", stock.Change{Mode: stock.Subtract, Units: 5, AllowNegative: true}, 4, -5},
		{"subtract nothing from less than nothing", stock.Change{Mode: stock.Subtract}, -4, 0},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got, err := c.change.Delta(stock.Balance{OnHand: c.onHand, Committed: 100})
			if err != nil || got != c.want {
				t.Errorf("%d, %v; want %d", got, err, c.want)
			}
		})
	}
}

func TestChange_refuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change stock.Change
		field  string
	}{
		{"no mode", stock.Change{Units: 1}, "mode"},
		{"an unknown mode", stock.Change{Mode: "replace", Units: 1}, "mode"},
		{"a negative number", stock.Change{Mode: stock.Add, Units: -1}, "units"},
		{"more than any shelf", stock.Change{Mode: stock.Set, Units: stock.LargestUnits + 1}, "units"},
		{"what would overflow", stock.Change{Mode: stock.Add, Units: math.MaxInt64}, "units"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var wrong *stock.ChangeError
			if _, err := c.change.Delta(stock.Balance{OnHand: 5}); !errors.As(err, &wrong) || wrong.Field != c.field {
				t.Errorf("%v, want an error about %s", err, c.field)
			}
		})
	}
	var negative *stock.NegativeError
	_, err := stock.Change{Mode: stock.Subtract, Units: 7}.Delta(stock.Balance{OnHand: 5})
	if !errors.As(err, &negative) || *negative != (stock.NegativeError{OnHand: 5, Result: -2}) {
		t.Errorf("taking 7 of 5 gave %v", err)
	}
}

func TestMovement_Check(t *testing.T) {
	t.Parallel()
	right := stock.Movement{SKU: 1, Location: 1, Kind: stock.Receipt, OnHandDelta: 1, Cause: stock.ByHand, Document: "d"}
	if err := right.Check(); err != nil {
		t.Errorf("a right movement: %v", err)
	}
	for _, kind := range []stock.MovementKind{stock.Opening, stock.Receipt, stock.Issue, stock.Adjustment, stock.Claimed, stock.Shipment, stock.Return} {
		m := right
		m.Kind = kind
		if err := m.Check(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(*stock.Movement)
	}{
		{"without a sku", func(m *stock.Movement) { m.SKU = 0 }},
		{"without a location", func(m *stock.Movement) { m.Location = 0 }},
		{"of an unknown kind", func(m *stock.Movement) { m.Kind = "theft" }},
		{"without a cause", func(m *stock.Movement) { m.Cause = "" }},
		{"without a document", func(m *stock.Movement) { m.Document = "" }},
		{"that moves nothing", func(m *stock.Movement) { m.OnHandDelta = 0 }},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			m := right
			c.change(&m)
			if m.Check() == nil {
				t.Errorf("%+v passed", m)
			}
		})
	}
}

func TestBalance(t *testing.T) {
	t.Parallel()
	b := stock.Balance{OnHand: 10, Committed: 4}
	if got := b.Add(stock.Movement{OnHandDelta: -3, CommittedDelta: -3}); got != (stock.Balance{OnHand: 7, Committed: 1}) {
		t.Errorf("after shipping 3 it is %+v", got)
	}
	if got := b.Plus(stock.Balance{OnHand: 1, Committed: 2}); got != (stock.Balance{OnHand: 11, Committed: 6}) || got.Available() != 5 {
		t.Errorf("with the other location it is %+v, available %d", got, got.Available())
	}
}

func TestOversold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		claimed int64
		after   stock.Balance
		want    int64
	}{
		{"enough there", 3, stock.Balance{OnHand: 5, Committed: 5}, 0},
		{"one too many", 3, stock.Balance{OnHand: 5, Committed: 6}, 1},
		{"none there", 3, stock.Balance{OnHand: 0, Committed: 3}, 3},
		{"oversold before", 3, stock.Balance{OnHand: 0, Committed: 10}, 3},
		{"given back while oversold", -3, stock.Balance{OnHand: 0, Committed: 5}, 0},
		{"no claim while oversold", 0, stock.Balance{OnHand: 0, Committed: 5}, 0},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if got := stock.Oversold(c.claimed, c.after); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
