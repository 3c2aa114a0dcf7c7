package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/text/width"

	"soroi/internal/allocation"
	"soroi/internal/app"
	"soroi/internal/explain"
	"soroi/internal/stock"
	"soroi/internal/store"
)

func allocateCommand() *cobra.Command {
	var c common
	var tenant, sellable, name, language string
	var more []string
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "allocate PATTERN",
		Short: "Print what an allocation pattern gives each shop, for any sellable quantity",
		Long: `Allocate reads a pattern from a file, or with --db one that is stored under that name, and prints, for each sellable quantity that is asked for, the quantity per shop. The shops are those that
the pattern names and those given with --shop; with --db they are the merchant's own, within what their channels can show. Quantities at which
nothing but the total changes share a line, and long tables are thinned out for reading; --all and --json print every quantity.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := parseSellable(sellable)
			if err != nil {
				return err
			}
			t := &allocated{language: language}
			read := func() error { return t.read(args[0], name, more) }
			if cmd.Flags().Changed("db") {
				err = withTenant(cmd.Context(), c, tenant, func(db *store.DB, id stock.TenantID) error {
					shops, err := db.ListShops(cmd.Context(), id)
					if err != nil {
						return err
					}
					t.known(shops)
					if _, err := os.Stat(args[0]); errors.Is(err, fs.ErrNotExist) {
						return t.stored(cmd.Context(), db, id, args[0], more)
					}
					return read()
				})
			} else {
				err = read()
			}
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			switch {
			case asJSON:
				err = t.writeJSON(out, list)
			default:
				t.writeTable(out, list, all)
			}
			return errors.Join(err, out.Flush())
		},
	}
	c.bind(cmd)
	cmd.Flags().StringVar(&tenant, "tenant", "", "the merchant's `code`, where there are several")
	cmd.Flags().StringVar(&sellable, "sellable", "0..100", "the sellable `quantities`: 7, 0..10000, unlimited, or several of these with commas")
	cmd.Flags().StringVar(&name, "name", "", "the pattern's `name`, where the file has several")
	cmd.Flags().StringArrayVar(&more, "shop", nil, "a `shop` besides those that the pattern names; may be repeated")
	cmd.Flags().BoolVar(&all, "all", false, "print every quantity in a line of its own")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, every quantity")
	cmd.Flags().StringVar(&language, "language", "ja", "ja or en: in which mistakes in the file are told")
	return cmd
}

// mostQuantities is how many quantities one table may have.
const mostQuantities = 1_000_000

// parseSellable reads 7, 0..100, unlimited, or several with commas.
func parseSellable(text string) ([]stock.Quantity, error) {
	var list []stock.Quantity
	for part := range strings.SplitSeq(text, ",") {
		low, high, span := strings.Cut(strings.TrimSpace(part), "..")
		if !span {
			high = low
		}
		var from, to stock.Quantity
		if err := errors.Join(from.UnmarshalText([]byte(low)), to.UnmarshalText([]byte(high))); err != nil {
			return nil, fmt.Errorf("--sellable %q: give a number, a range like 0..10000, or unlimited", part)
		}
		if !span {
			list = append(list, from)
			continue
		}
		first, a := from.Units()
		last, b := to.Units()
		if !a || !b || last < first {
			return nil, fmt.Errorf("--sellable %q: a range goes from a number to one that is not smaller", part)
		}
		if last-first >= mostQuantities-int64(len(list)) {
			return nil, fmt.Errorf("--sellable %q: ask for at most %d quantities at once", text, mostQuantities)
		}
		for n := first; n <= last; n++ {
			list = append(list, stock.Units(n))
		}
	}
	return list, nil
}

// allocated is a pattern over shops.
type allocated struct {
	language string
	pattern  allocation.Pattern
	names    []string
	shops    []allocation.Shop
	ids      allocation.ShopID // given away so far
	closed   bool              // the shops are all there are
}

// known makes the merchant's shops the ones.
func (t *allocated) known(shops []store.Shop) {
	specs := app.Specs()
	t.closed = true
	for _, s := range shops {
		shop := allocation.Shop{ID: allocation.ShopID(s.ID)}
		for _, spec := range specs {
			if spec.Kind == s.Kind {
				shop = s.Allocation(spec)
			}
		}
		t.names, t.shops = append(t.names, s.Name), append(t.shops, shop)
	}
}

// find is the shop of a name; while the shops are not all known, a new name is a new shop.
func (t *allocated) find(name string) (allocation.ShopID, bool) {
	if i := slices.Index(t.names, name); i >= 0 {
		return t.shops[i].ID, true
	}
	if t.closed {
		return 0, false
	}
	t.ids++
	shop := allocation.Shop{ID: t.ids}
	t.names, t.shops = append(t.names, name), append(t.shops, shop)
	return shop.ID, true
}

func (t *allocated) name(id allocation.ShopID) string {
	for i, s := range t.shops {
		if s.ID == id {
			return t.names[i]
		}
	}
	return ""
}

// read takes the pattern from a file: the named one, or the only one.
func (t *allocated) read(file, name string, more []string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %q with patterns", file)
	}
	if err != nil {
		return err
	}
	patterns, mistakes := allocation.Parse(string(text), t.find)
	if len(mistakes) > 0 {
		lines := []string{file + ":"}
		for _, m := range mistakes {
			lines = append(lines, "  "+explain.PatternMistake(m, t.language, t.name))
		}
		return errors.New(strings.Join(lines, "\n"))
	}
	var names []string
	for _, p := range patterns {
		if p.Name == name || name == "" && len(patterns) == 1 {
			t.pattern = p
			return t.take(more)
		}
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no pattern in it", file)
	}
	return fmt.Errorf("name the pattern with --name; %s has: %s", file, strings.Join(names, ", "))
}

// stored takes the merchant's own pattern of a name.
func (t *allocated) stored(ctx context.Context, db *store.DB, tenant stock.TenantID, name string, more []string) error {
	patterns, _, err := db.ListPatterns(ctx, tenant)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range patterns {
		if p.Name == name {
			t.pattern = p.Pattern
			return t.take(more)
		}
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("there is no file %q, and no pattern is stored in this database", name)
	}
	return fmt.Errorf("there is no file and no stored pattern %q; stored are: %s", name, strings.Join(names, ", "))
}

// take settles which shops take part: the merchant's, or those that the pattern names and more.
func (t *allocated) take(more []string) error {
	if !t.closed {
		named := func(id allocation.ShopID) bool {
			return slices.ContainsFunc(t.pattern.Rules, func(r allocation.Rule) bool {
				return slices.ContainsFunc(r.Shares, func(s allocation.ShopShare) bool { return s.Shop == id })
			})
		}
		var names []string
		var shops []allocation.Shop
		for i, s := range t.shops {
			if named(s.ID) {
				names, shops = append(names, t.names[i]), append(shops, s)
			}
		}
		t.names, t.shops = names, shops
	}
	for _, shop := range more {
		if _, ok := t.find(shop); !ok {
			return fmt.Errorf("--shop %q: there is no such shop; there is: %s", shop, strings.Join(t.names, ", "))
		}
	}
	if len(t.shops) == 0 {
		return fmt.Errorf("the pattern %q names no shop: add some with --shop NAME", t.pattern.Name)
	}
	return nil
}

// row is what the pattern gives of one sellable quantity.
type row struct {
	sellable stock.Quantity
	targets  []allocation.Target
}

func (t *allocated) row(sellable stock.Quantity) row {
	return row{sellable, t.pattern.Targets(sellable, t.shops)}
}

// sum is what all shops show together, or unlimited.
func (r row) sum() stock.Quantity {
	sum := int64(0)
	for _, target := range r.targets {
		n, limited := target.Quantity.Units()
		if !limited {
			return stock.Unlimited
		}
		sum += n
	}
	return stock.Units(sum)
}

// plain is a quantity as JSON has it: a number, or "unlimited".
func plain(q stock.Quantity) any {
	if n, limited := q.Units(); limited {
		return n
	}
	return q.String()
}

// writeJSON writes one object; its rows one in a line, as they are computed.
func (t *allocated) writeJSON(w io.Writer, list []stock.Quantity) error {
	head, err := json.Marshal(t.names)
	if err != nil {
		return err
	}
	name, err := json.Marshal(t.pattern.Name)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "{\"pattern\": %s,\n\"shops\": %s,\n\"rows\": [", name, head)
	for i, sellable := range list {
		r := t.row(sellable)
		quantities := make(map[string]any, len(t.names))
		rule := -1
		split := false
		for k, target := range r.targets {
			quantities[t.names[k]] = plain(target.Quantity)
			rule, split = target.Rule, target.Split
		}
		line, err := json.Marshal(struct {
			Sellable   any            `json:"sellable"`
			Rule       int            `json:"rule"` // from 1; 0 when none applies
			Split      bool           `json:"split"`
			Sum        any            `json:"sum"`
			Quantities map[string]any `json:"quantities"`
		}{plain(sellable), rule + 1, split, plain(r.sum()), quantities})
		if err != nil {
			return err
		}
		comma := ","
		if i == 0 {
			comma = ""
		}
		if _, err := fmt.Fprintf(w, "%s\n%s", comma, line); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w, "\n]}")
	return err
}

// readable is how many lines a person reads.
const readable = 50

// band is a run of sellable quantities in which each shop shows either the same number throughout or one more with each unit.
type band struct{ first, last row }

// takes tells whether the next quantity belongs to the band.
func (b band) takes(next row) bool {
	if b.last.sellable.IsUnlimited() || next.sellable.IsUnlimited() || next.sellable.Sortable() != b.last.sellable.Sortable()+1 {
		return false
	}
	for i, t := range next.targets {
		step := t.Quantity.Sortable() - b.last.targets[i].Quantity.Sortable()
		before := b.last.targets[i].Quantity.Sortable() - b.first.targets[i].Quantity.Sortable()
		length := b.last.sellable.Sortable() - b.first.sellable.Sortable()
		if t.Rule != b.last.targets[i].Rule || step != 0 && step != 1 || length > 0 && before != step*length {
			return false
		}
	}
	return true
}

// shortest is how many quantities a band must join to be easier to read than its rows.
const shortest = 4

// bands joins rows; it gives up, with nil, above most lines.
func (t *allocated) bands(list []stock.Quantity, most int) []band {
	var bands []band
	var open []row // the rows of the band that grows
	closeBand := func() {
		if len(open) >= shortest {
			bands = append(bands, band{open[0], open[len(open)-1]})
		} else {
			for _, r := range open {
				bands = append(bands, band{r, r})
			}
		}
		open = open[:0]
	}
	for _, sellable := range list {
		r := t.row(sellable)
		if n := len(open); n > 0 && !(band{open[0], open[n-1]}).takes(r) {
			closeBand()
		}
		if open = append(open, r); len(open) > shortest {
			open[shortest-1] = r // only the first, the last, and that there are enough matter
			open = open[:shortest]
		}
		if len(bands) > most {
			return nil
		}
	}
	if closeBand(); len(bands) > most {
		return nil
	}
	return bands
}

// telling picks, of a long list, the quantities that show what a pattern does: the first ones, both sides of each rule's ends, round numbers,
// and the ends of the list.
func (t *allocated) telling(list []stock.Quantity) []stock.Quantity {
	ends := make(map[int64]bool)
	for _, r := range t.pattern.Rules {
		for d := range int64(2) {
			ends[r.From-1+d] = true
			if r.To != allocation.Open {
				ends[r.To+d] = true
			}
		}
	}
	var picked []stock.Quantity
	for i, q := range list {
		digits := strings.TrimRight(q.String(), "0")
		n, limited := q.Units()
		if i == 0 || i == len(list)-1 || !limited || n <= 12 || ends[n] || digits == "1" || digits == "2" || digits == "5" {
			picked = append(picked, q)
		}
	}
	return picked
}

func (t *allocated) writeTable(w io.Writer, list []stock.Quantity, all bool) {
	var bands []band
	thinned := false
	switch {
	case all:
		for _, q := range list {
			r := t.row(q)
			bands = append(bands, band{r, r})
		}
	default:
		if bands = t.bands(list, readable); bands == nil {
			thinned = true
			for _, q := range t.telling(list) {
				r := t.row(q)
				bands = append(bands, band{r, r})
			}
		}
	}
	heads := append([]string{"販売可能数"}, t.names...)
	heads = append(heads, "合計", "規則")
	if t.language != "ja" {
		heads[0], heads[len(heads)-2], heads[len(heads)-1] = "sellable", "sum", "rule"
	}
	lines := [][]string{heads}
	for _, b := range bands {
		line := []string{span(b.first.sellable, b.last.sellable)}
		rule := "–"
		for i := range b.first.targets {
			line = append(line, span(b.first.targets[i].Quantity, b.last.targets[i].Quantity))
			if r := b.first.targets[i].Rule; r >= 0 {
				rule = strconv.Itoa(r + 1)
			}
		}
		lines = append(lines, append(line, span(b.first.sum(), b.last.sum()), rule))
	}
	fmt.Fprintln(w, t.pattern.Name)
	writeColumns(w, lines)
	if thinned {
		note := "%d 通りのうち %d 通りを表示。すべて見るには --all または --json\n"
		if t.language != "ja" {
			note = "%d quantities, %d of them shown; --all or --json prints each\n"
		}
		fmt.Fprintf(w, note, len(list), len(bands))
	}
	gives := slices.ContainsFunc(t.pattern.Rules, func(r allocation.Rule) bool { return r.Default.Kind != allocation.Stop })
	if gives && !t.closed {
		note := "名前のない店舗にも数が配られます。--shop 店舗名 で加えて見られます"
		if t.language != "ja" {
			note = "Shops that are not named get something, too; add them with --shop NAME"
		}
		fmt.Fprintln(w, note)
	}
}

// span is a number, or two where they differ.
func span(first, last stock.Quantity) string {
	if first == last {
		return first.String()
	}
	return first.String() + ".." + last.String()
}

// writeColumns writes right-aligned columns; East Asian letters are two cells wide.
func writeColumns(w io.Writer, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], cells(cell))
		}
	}
	for _, line := range lines {
		for i, cell := range line {
			fmt.Fprint(w, strings.Repeat(" ", widths[i]-cells(cell)+2*min(i, 1)), cell)
		}
		fmt.Fprintln(w)
	}
}

func cells(text string) int {
	n := 0
	for _, r := range text {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}
