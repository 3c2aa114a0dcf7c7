package stock_test

import (
	"errors"
	"strings"
	"testing"

	"soroi/internal/stock"
)

func units(n int64) stock.Secured   { return stock.Secured{As: stock.InUnits, N: n} }
func percent(n int64) stock.Secured { return stock.Secured{As: stock.InPercent, N: n} }

func TestTerms_Sellable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		terms   stock.Terms
		product stock.Defaults
		sold    int64
		balance stock.Balance
		want    stock.Quantity
	}{
		{"what is available", stock.Terms{Supply: stock.Stocked}, stock.Defaults{}, 0, stock.Balance{OnHand: 10, Committed: 3}, stock.Units(7)},
		{"less what is secured", stock.Terms{Secured: units(2)}, stock.Defaults{}, 0, stock.Balance{OnHand: 10, Committed: 3}, stock.Units(5)},
		{"all of it is secured", stock.Terms{Secured: units(7)}, stock.Defaults{}, 0, stock.Balance{OnHand: 10, Committed: 3}, stock.Units(0)},
		{"more than there is secured", stock.Terms{Secured: units(9)}, stock.Defaults{}, 0, stock.Balance{OnHand: 10, Committed: 3}, stock.Units(0)},
		{"oversold", stock.Terms{}, stock.Defaults{}, 0, stock.Balance{OnHand: 1, Committed: 3}, stock.Units(0)},
		{"nothing on hand counts below zero", stock.Terms{}, stock.Defaults{}, 0, stock.Balance{OnHand: -4, Committed: -5}, stock.Units(1)},
		{"terms that nobody set", stock.Terms{}, stock.Defaults{}, 0, stock.Balance{OnHand: 2}, stock.Units(2)},
		{"a percentage rounds up", stock.Terms{Secured: percent(10)}, stock.Defaults{}, 0, stock.Balance{OnHand: 11}, stock.Units(9)},
		{"a percentage that needs no rounding", stock.Terms{Secured: percent(10)}, stock.Defaults{}, 0, stock.Balance{OnHand: 20}, stock.Units(18)},
		{"a small percentage of one keeps one", stock.Terms{Secured: percent(1)}, stock.Defaults{}, 0, stock.Balance{OnHand: 1}, stock.Units(0)},
		{"no percent", stock.Terms{Secured: percent(0)}, stock.Defaults{}, 0, stock.Balance{OnHand: 5}, stock.Units(5)},
		{"all percent", stock.Terms{Secured: percent(100)}, stock.Defaults{}, 0, stock.Balance{OnHand: stock.LargestUnits}, stock.Units(0)},
		{"a percentage of less than nothing", stock.Terms{Secured: percent(50)}, stock.Defaults{}, 0, stock.Balance{OnHand: 1, Committed: 9}, stock.Units(0)},
		{"the product's", stock.Terms{}, stock.Defaults{Secured: units(3)}, 0, stock.Balance{OnHand: 10}, stock.Units(7)},
		{"the product's percentage", stock.Terms{}, stock.Defaults{Secured: percent(25)}, 0, stock.Balance{OnHand: 10}, stock.Units(7)},
		{"its own before the product's", stock.Terms{Secured: units(1)}, stock.Defaults{Secured: units(3)}, 0, stock.Balance{OnHand: 10}, stock.Units(9)},
		{"its own nothing before the product's", stock.Terms{Secured: units(0)}, stock.Defaults{Secured: units(3)}, 0, stock.Balance{OnHand: 10}, stock.Units(10)},
		{"made to order", stock.Terms{Supply: stock.MadeToOrder, Figure: 30, Secured: units(5)}, stock.Defaults{}, 7, stock.Balance{OnHand: 0, Committed: 12}, stock.Units(30)},
		{"made to order, none offered", stock.Terms{Supply: stock.MadeToOrder}, stock.Defaults{}, 0, stock.Balance{OnHand: 9}, stock.Units(0)},
		{"so many a day", stock.Terms{Supply: stock.MadeToOrder, Figure: 30, Daily: true}, stock.Defaults{Secured: units(5)}, 7, stock.Balance{Committed: 100}, stock.Units(23)},
		{"more sold than a day makes", stock.Terms{Supply: stock.MadeToOrder, Figure: 30, Daily: true}, stock.Defaults{}, 31, stock.Balance{}, stock.Units(0)},
		{"made to order without limit", stock.Terms{Supply: stock.MadeToOrderUnlimited, Figure: 3}, stock.Defaults{}, 9, stock.Balance{}, stock.Unlimited},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if got := c.terms.Under(c.product, c.sold).Sellable(c.balance); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestTerms_Under_is_undone_by_Own(t *testing.T) {
	t.Parallel()
	for _, own := range []stock.Terms{{Supply: stock.Stocked}, {Supply: stock.MadeToOrder, Figure: 3, Daily: true}, {Supply: stock.Stocked, Secured: units(0), Reorder: stock.PointAt(0)},
		{Supply: stock.Stocked, Secured: percent(5), Reorder: stock.PointAt(9)}} {
		for _, product := range []stock.Defaults{{}, {Secured: units(4)}, {Reorder: stock.PointAt(7)}, {Secured: percent(4), Reorder: stock.PointAt(0)}} {
			if got := own.Under(product, 1).Own(); got != own {
				t.Errorf("%+v under %+v comes back as %+v", own, product, got)
			}
		}
	}
}

func TestInForce_Level(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		terms   stock.Terms
		product stock.Defaults
		onHand  int64
		want    stock.Level
	}{
		{"enough", stock.Terms{}, stock.Defaults{}, 1, stock.LevelFine},
		{"none", stock.Terms{}, stock.Defaults{}, 0, stock.LevelOut},
		{"less than none", stock.Terms{}, stock.Defaults{}, -1, stock.LevelOversold},
		{"above its point", stock.Terms{Reorder: stock.PointAt(5)}, stock.Defaults{}, 6, stock.LevelFine},
		{"at its point", stock.Terms{Reorder: stock.PointAt(5)}, stock.Defaults{}, 5, stock.LevelLow},
		{"none, with a point", stock.Terms{Reorder: stock.PointAt(5)}, stock.Defaults{}, 0, stock.LevelOut},
		{"at its product's point", stock.Terms{}, stock.Defaults{Reorder: stock.PointAt(5)}, 5, stock.LevelLow},
		{"its own point first", stock.Terms{Reorder: stock.PointAt(2)}, stock.Defaults{Reorder: stock.PointAt(5)}, 5, stock.LevelFine},
		{"its own point of nothing", stock.Terms{Reorder: stock.PointAt(0)}, stock.Defaults{Reorder: stock.PointAt(5)}, 1, stock.LevelFine},
		{"made to order", stock.Terms{Supply: stock.MadeToOrder, Reorder: stock.PointAt(5)}, stock.Defaults{}, -3, stock.LevelFine},
		{"unlimited", stock.Terms{Supply: stock.MadeToOrderUnlimited}, stock.Defaults{}, 0, stock.LevelFine},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if got := c.terms.Under(c.product, 0).Level(stock.Balance{OnHand: c.onHand}); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

func TestTerms_Check(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		terms stock.Terms
		field string // "" is fine
	}{
		{"nothing said", stock.Terms{}, ""},
		{"all said", stock.Terms{Supply: stock.MadeToOrder, Figure: stock.LargestUnits, Daily: true, Secured: percent(100), Reorder: stock.PointAt(stock.LargestUnits)}, ""},
		{"another supply", stock.Terms{Supply: "dropped"}, "supply"},
		{"a negative figure", stock.Terms{Supply: stock.MadeToOrder, Figure: -1}, "figure"},
		{"a figure too large", stock.Terms{Supply: stock.MadeToOrder, Figure: stock.LargestUnits + 1}, "figure"},
		{"stocked goods by the day", stock.Terms{Daily: true}, "daily"},
		{"unlimited by the day", stock.Terms{Supply: stock.MadeToOrderUnlimited, Daily: true}, "daily"},
		{"secured as what", stock.Terms{Secured: stock.Secured{As: "boxes"}}, "secured_as"},
		{"secured less than nothing", stock.Terms{Secured: units(-1)}, "secured"},
		{"secured too many", stock.Terms{Secured: units(stock.LargestUnits + 1)}, "secured"},
		{"secured more than all", stock.Terms{Secured: percent(101)}, "secured"},
		{"a negative point", stock.Terms{Reorder: stock.PointAt(-1)}, "reorder_point"},
		{"a point too large", stock.Terms{Reorder: stock.PointAt(stock.LargestUnits + 1)}, "reorder_point"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			err := c.terms.Check()
			var wrong *stock.TermsError
			if field := ""; errors.As(err, &wrong) {
				if field = wrong.Field; field != c.field || wrong.Code == "" || wrong.Reason == "" {
					t.Errorf("%v, want %q", err, c.field)
				}
			} else if c.field != field || err != nil {
				t.Errorf("%v, want %q", err, c.field)
			}
		})
	}
}
