package allocation_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

// The cases of testdata/*.txt (style 8): what they mean is in testdata/README.md.
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for paragraph := range strings.SplitSeq(string(text), "\n\n") {
			c, err := readCase(paragraph)
			if err != nil {
				t.Fatalf("%s: %v in\n%s", file, err, paragraph)
			}
			t.Run(filepath.Base(file)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				if len(c.rows) == 0 {
					t.Error("no rows")
				}
				for sellable, want := range c.rows {
					var got []string
					for _, target := range c.pattern.Targets(sellable, c.shops) {
						got = append(got, target.Quantity.String())
					}
					if !slices.Equal(got, want) {
						t.Errorf("of %s: %v, want %v", sellable, got, want)
					}
				}
			})
		}
	}
}

type testCase struct {
	name    string
	pattern allocation.Pattern
	shops   []allocation.Shop
	rows    map[stock.Quantity][]string
}

func readCase(paragraph string) (c testCase, err error) {
	head, table, found := strings.Cut(paragraph, "\nsellable")
	first, rules, _ := strings.Cut(strings.TrimSpace(head), "\n")
	name, isCase := strings.CutPrefix(first, "case: ")
	if !found || !isCase {
		return c, fmt.Errorf("no case, or no table")
	}
	c.name = name
	ids := newRegister()
	patterns, errs := allocation.Parse("soroi patterns 1\npattern test\n"+rules, ids.find)
	if len(errs) > 0 {
		return c, errs[0]
	}
	c.pattern = patterns[0]
	c.rows = make(map[stock.Quantity][]string)
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		var cells []string
		for cell := range strings.SplitSeq(line, "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		if i == 0 {
			for _, cell := range cells[1:] {
				shop, err := readShop(cell, ids)
				if err != nil {
					return c, err
				}
				c.shops = append(c.shops, shop)
			}
			continue
		}
		var sellable stock.Quantity
		if err := sellable.UnmarshalText([]byte(cells[0])); err != nil {
			return c, err
		}
		c.rows[sellable] = cells[1:]
	}
	return c, nil
}

func readShop(cell string, ids *register) (allocation.Shop, error) {
	words := strings.Fields(cell)
	id, _ := ids.find(words[0])
	shop := allocation.Shop{ID: id}
	rest := strings.Join(words[1:], " ")
	var ok bool
	if rest, ok = strings.CutSuffix(rest, "or unlimited"); ok {
		shop.Unlimited = true
	}
	rest = strings.TrimSpace(rest)
	n := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			panic(err)
		}
		return n
	}
	switch {
	case rest == "":
	case rest == "except stop":
		shop.Exception = allocation.Share{Kind: allocation.Stop}
	case strings.HasPrefix(rest, "except at most "):
		shop.Exception = allocation.Share{Kind: allocation.AtMost, N: n(strings.TrimPrefix(rest, "except at most "))}
	case strings.HasPrefix(rest, "shows "):
		shop.Largest = n(strings.TrimPrefix(rest, "shows "))
	default:
		return shop, fmt.Errorf("%q says nothing about a shop", rest)
	}
	return shop, nil
}

// register gives each name an id, in the order in which they come.
type register struct{ ids map[string]allocation.ShopID }

func newRegister() *register { return &register{make(map[string]allocation.ShopID)} }

func (r *register) find(name string) (allocation.ShopID, bool) {
	if r.ids[name] == 0 {
		r.ids[name] = allocation.ShopID(len(r.ids) + 1)
	}
	return r.ids[name], true
}

func (r *register) name(id allocation.ShopID) string {
	for name := range maps.Keys(r.ids) {
		if r.ids[name] == id {
			return name
		}
	}
	return ""
}
