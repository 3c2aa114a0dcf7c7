package stock_test

import (
	"errors"
	"strings"
	"testing"

	"soroi/internal/stock"
)

func TestTermsChange_Apply(t *testing.T) {
	t.Parallel()
	why := "実店舗"
	secured := func(mode stock.Mode, as stock.SecuredAs, n int64) stock.TermsChange {
		return stock.TermsChange{Secured: &stock.SecuredChange{Mode: mode, As: as, N: n}}
	}
	for _, c := range []struct {
		name    string
		change  stock.TermsChange
		own     stock.Terms
		product stock.Defaults
		want    stock.Terms
		wrong   string // the code; "" is fine
	}{
		{"nothing", stock.TermsChange{}, stock.Terms{Secured: units(3)}, stock.Defaults{}, stock.Terms{Secured: units(3)}, ""},
		{"set units", secured(stock.Set, stock.InUnits, 4), stock.Terms{Secured: percent(3)}, stock.Defaults{}, stock.Terms{Secured: units(4)}, ""},
		{"set percent", secured(stock.Set, stock.InPercent, 4), stock.Terms{}, stock.Defaults{Secured: units(9)}, stock.Terms{Secured: percent(4)}, ""},
		{"follow the product again", secured(stock.Set, stock.NotSaid, 0), stock.Terms{Secured: stock.Secured{As: stock.InUnits, N: 3, Reason: why}}, stock.Defaults{}, stock.Terms{}, ""},
		{"add", secured(stock.Add, stock.InUnits, 4), stock.Terms{Secured: units(3)}, stock.Defaults{Secured: units(90)}, stock.Terms{Secured: units(7)}, ""},
		{"add to what the product says", secured(stock.Add, stock.InUnits, 4), stock.Terms{}, stock.Defaults{Secured: units(3)}, stock.Terms{Secured: units(7)}, ""},
		{"add to nothing", secured(stock.Add, stock.InPercent, 4), stock.Terms{}, stock.Defaults{}, stock.Terms{Secured: percent(4)}, ""},
		{"subtract", secured(stock.Subtract, stock.InUnits, 3), stock.Terms{Secured: units(3)}, stock.Defaults{}, stock.Terms{Secured: units(0)}, ""},
		{"subtract more than there is", secured(stock.Subtract, stock.InUnits, 4), stock.Terms{Secured: units(3)}, stock.Defaults{}, stock.Terms{}, "below"},
		{"add units to a percentage", secured(stock.Add, stock.InUnits, 4), stock.Terms{Secured: percent(3)}, stock.Defaults{}, stock.Terms{}, "mixed"},
		{"add to a product's percentage", secured(stock.Add, stock.InUnits, 4), stock.Terms{}, stock.Defaults{Secured: percent(3)}, stock.Terms{}, "mixed"},
		{"add past all", secured(stock.Add, stock.InPercent, 98), stock.Terms{Secured: percent(3)}, stock.Defaults{}, stock.Terms{}, "percent"},
		{"add past the limit", secured(stock.Add, stock.InUnits, stock.LargestUnits), stock.Terms{Secured: units(1)}, stock.Defaults{}, stock.Terms{}, "large"},
		{"add less than nothing", secured(stock.Add, stock.InUnits, -1), stock.Terms{Secured: units(1)}, stock.Defaults{}, stock.Terms{}, "negative"},
		{"another mode", secured("double", stock.InUnits, 1), stock.Terms{}, stock.Defaults{}, stock.Terms{}, "unknown"},
		{"a reason", stock.TermsChange{Secured: &stock.SecuredChange{Mode: stock.Set, As: stock.InUnits, N: 1, Reason: &why}}, stock.Terms{}, stock.Defaults{},
			stock.Terms{Secured: stock.Secured{As: stock.InUnits, N: 1, Reason: why}}, ""},
		{"the reason stays", secured(stock.Add, stock.InUnits, 1), stock.Terms{Secured: stock.Secured{As: stock.InUnits, N: 1, Reason: why}}, stock.Defaults{},
			stock.Terms{Secured: stock.Secured{As: stock.InUnits, N: 2, Reason: why}}, ""},
		{"a point", stock.TermsChange{Reorder: ptr(stock.PointAt(5))}, stock.Terms{}, stock.Defaults{}, stock.Terms{Reorder: stock.PointAt(5)}, ""},
		{"no point", stock.TermsChange{Reorder: &stock.Point{}}, stock.Terms{Reorder: stock.PointAt(5)}, stock.Defaults{}, stock.Terms{}, ""},
		{"so many a day", stock.TermsChange{Supply: &stock.SupplyChange{Supply: stock.MadeToOrder, Figure: 5, Daily: true}}, stock.Terms{}, stock.Defaults{},
			stock.Terms{Supply: stock.MadeToOrder, Figure: 5, Daily: true}, ""},
		{"stocked again", stock.TermsChange{Supply: &stock.SupplyChange{Figure: 5}}, stock.Terms{Supply: stock.MadeToOrder, Figure: 5}, stock.Defaults{}, stock.Terms{Supply: stock.Stocked}, ""},
		{"unlimited has no figure", stock.TermsChange{Supply: &stock.SupplyChange{Supply: stock.MadeToOrderUnlimited, Figure: 5}}, stock.Terms{}, stock.Defaults{},
			stock.Terms{Supply: stock.MadeToOrderUnlimited}, ""},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got, err := c.change.Apply(c.own, c.product)
			var wrong *stock.TermsError
			switch {
			case c.wrong == "" && (err != nil || got != c.want):
				t.Errorf("%+v, %v, want %+v", got, err, c.want)
			case c.wrong != "" && (!errors.As(err, &wrong) || wrong.Code != c.wrong):
				t.Errorf("%v, want %s", err, c.wrong)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestTermsChange_ApplyToProduct(t *testing.T) {
	t.Parallel()
	both := stock.TermsChange{Secured: &stock.SecuredChange{Mode: stock.Add, As: stock.InUnits, N: 2}, Reorder: ptr(stock.PointAt(7))}
	got, err := both.ApplyToProduct(stock.Defaults{Secured: units(1)})
	if want := (stock.Defaults{Secured: units(3), Reorder: stock.PointAt(7)}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	var wrong *stock.TermsError
	if _, err := (stock.TermsChange{Supply: &stock.SupplyChange{}}).ApplyToProduct(stock.Defaults{}); !errors.As(err, &wrong) || wrong.Code != "product" {
		t.Errorf("%v", err)
	}
	if _, err := (stock.TermsChange{Reorder: ptr(stock.PointAt(-1))}).ApplyToProduct(stock.Defaults{}); !errors.As(err, &wrong) || wrong.Code != "negative" {
		t.Errorf("%v", err)
	}
}
