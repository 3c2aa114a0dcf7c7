package stock_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"soroi/internal/stock"
)

func TestRecipes_Leaves(t *testing.T) {
	t.Parallel()
	r := stock.Recipes{
		1: {{SKU: 10, Units: 2}, {SKU: 2, Units: 3}}, // a gift of 2 cups and 3 boxes
		2: {{SKU: 10, Units: 1}, {SKU: 11, Units: 4}},
		3: {{SKU: 4, Units: 1}},
		4: {{SKU: 5, Units: 1}, {SKU: 10, Units: 1}},
		5: {{SKU: 3, Units: 1}},
	}
	leaves, err := r.Leaves(1)
	if want := []stock.Part{{SKU: 10, Units: 5}, {SKU: 11, Units: 12}}; err != nil || !slices.Equal(leaves, want) {
		t.Errorf("leaves %v, %v, want %v", leaves, err, want)
	}
	var wrong *stock.BundleError
	if _, err := r.Leaves(3); !errors.As(err, &wrong) || wrong.Code != "cycle" || !slices.Equal(wrong.Cycle, []stock.SKUID{3, 4, 5, 3}) {
		t.Errorf("a bundle that holds itself: %v %+v", err, wrong)
	}
	for _, c := range []struct {
		name, code string
		recipes    stock.Recipes
	}{
		{"units that multiply", "large", stock.Recipes{1: {{SKU: 2, Units: 200}}, 2: {{SKU: 3, Units: 51}}}},
		{"units that add up", "large", stock.Recipes{1: {{SKU: 2, Units: 2}, {SKU: 3, Units: 9_999}}, 2: {{SKU: 3, Units: 1}}}},
		{"kinds that add up", "many", stock.Recipes{1: {{SKU: 2, Units: 1}, {SKU: 3, Units: 1}}, 2: many(100, 60), 3: many(200, 41)}},
	} {
		if _, err := c.recipes.Leaves(1); !errors.As(err, &wrong) || wrong.Code != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if leaves, err := (stock.Recipes{1: {{SKU: 2, Units: 1}, {SKU: 3, Units: 1}}, 2: many(100, 60), 3: many(130, 70)}).Leaves(1); err != nil || len(leaves) != 100 {
		t.Errorf("shared kinds count once: %d, %v", len(leaves), err)
	}
}

func many(from, n int) (parts []stock.Part) {
	for i := range n {
		parts = append(parts, stock.Part{SKU: stock.SKUID(from + i), Units: 1})
	}
	return parts
}

func TestCheckParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, code string
		parts      []stock.Part
	}{
		{"none", "", nil},
		{"two", "", []stock.Part{{SKU: 2, Units: 1}, {SKU: 3, Units: stock.MostPartUnits}}},
		{"as many as may be", "", many(2, stock.MostParts)},
		{"one more", "many", many(2, stock.MostParts+1)},
		{"no units", "units", []stock.Part{{SKU: 2, Units: 0}}},
		{"one unit too many", "units", []stock.Part{{SKU: 2, Units: stock.MostPartUnits + 1}}},
		{"twice the same", "twice", []stock.Part{{SKU: 2, Units: 1}, {SKU: 2, Units: 3}}},
		{"itself", "cycle", []stock.Part{{SKU: 1, Units: 1}}},
	} {
		var wrong *stock.BundleError
		switch err := stock.CheckParts(1, c.parts); {
		case c.code == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.code != "" && (!errors.As(err, &wrong) || wrong.Code != c.code || !slices.Contains(stock.BundleCodes(), wrong.Code)):
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
}

// On random small graphs the leaves are found again by taking bundles apart one layer at a time, and as many sets can be made as making them one by one shows.
func TestRecipes_random_graphs(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(26, 11))
	for range 2_000 {
		r := make(stock.Recipes)
		for b := stock.SKUID(1); b <= 4; b++ { // a part has a larger number, so there is no cycle
			for p := b + 1; p <= 7; p++ {
				if rng.IntN(2) == 0 {
					r[b] = append(r[b], stock.Part{SKU: p, Units: 1 + rng.Int64N(3)})
				}
			}
		}
		apart := map[stock.SKUID]int64{1: 1}
		for b := stock.SKUID(1); b <= 7; b++ {
			if n := apart[b]; n > 0 && len(r[b]) > 0 {
				delete(apart, b)
				for _, p := range r[b] {
					apart[p.SKU] += n * p.Units
				}
			}
		}
		if len(r[1]) == 0 {
			apart = nil
		}
		leaves, err := r.Leaves(1)
		if err != nil || len(leaves) != len(apart) {
			t.Fatalf("%v comes down to %v, %v, want %v", r, leaves, err, apart)
		}
		shelf := make([]int64, len(leaves))
		for i, p := range leaves {
			if apart[p.SKU] != p.Units {
				t.Fatalf("%v comes down to %v, want %v", r, leaves, apart)
			}
			shelf[i] = rng.Int64N(30)
		}
		if len(leaves) == 0 {
			continue
		}
		sets, scarcest := stock.MostSets(leaves, func(i int) stock.Quantity { return stock.Units(shelf[i]) })
		made, missing := int64(0), -1
		for ; missing < 0; made++ {
			for i, p := range leaves {
				if shelf[i] -= p.Units; shelf[i] < 0 && missing < 0 {
					missing = i
				}
			}
		}
		if n, limited := sets.Units(); !limited || n != made-1 || shelf[scarcest] >= 0 {
			t.Fatalf("%v makes %v sets, part %d being short; made one by one: %d", leaves, sets, scarcest, made-1)
		}
	}
}

func TestMostSets_unlimited(t *testing.T) {
	t.Parallel()
	parts := []stock.Part{{SKU: 1, Units: 2}, {SKU: 2, Units: 1}}
	if sets, scarcest := stock.MostSets(parts, func(int) stock.Quantity { return stock.Unlimited }); !sets.IsUnlimited() || scarcest != -1 {
		t.Errorf("of parts that never run out: %v, %d", sets, scarcest)
	}
	sets, scarcest := stock.MostSets(parts, func(i int) stock.Quantity { return []stock.Quantity{stock.Units(5), stock.Unlimited}[i] })
	if sets != stock.Units(2) || scarcest != 0 {
		t.Errorf("of one that does: %v, %d", sets, scarcest)
	}
}
