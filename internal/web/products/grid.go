package products

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Grid lays the SKUs of a product out by their options: the values of one down, those of another across, one table for each value of the
// third.
type Grid struct {
	Down, Across string // the options' names; "" where there is none
	Tables       []Table
}

// Table is one sheet of a grid.
type Table struct {
	Title   string // the value of the third option; "" where there is none
	Columns []string
	Rows    []Row
}

// Row is one line of a table.
type Row struct {
	Label string
	Code  string // of its SKU, where a row is one SKU
	Cells []Cell
}

// Cell is one place of a table. A place without a SKU is absent; SKUs that share a place stand below each other as rows of their own.
type Cell struct {
	SKU      int64
	Code     string
	Archived bool
	Value    string // as it is shown, or typed
	Was      string // as it was when the page was made
	Hint     string // what an empty place means
	Default  string // what the product says, of a reorder point
	Tone     ui.Tone
	Link     string
	Wrong    string
	At       string // "2.5.1": table, row, column, for whoever moves through the grid
}

// Absent tells whether no SKU has these values.
func (c Cell) Absent() bool { return c.SKU == 0 }

// Axes say which option stands where: the first goes down, the second across, the third parts the tables.
type Axes [3]int

// plainAxes are the options in their order.
var plainAxes = Axes{0, 1, 2}

// readAxes reads what Axes.String wrote; anything that does not fit n options is their order.
func readAxes(text string, n int) Axes {
	for _, a := range allAxes(n) {
		if a.String() == text {
			return a
		}
	}
	return plainAxes
}

// allAxes are all ways to lay n options out.
func allAxes(n int) []Axes {
	switch n {
	case 2:
		return []Axes{plainAxes, {1, 0, 2}}
	case 3:
		return []Axes{plainAxes, {1, 0, 2}, {0, 2, 1}, {2, 0, 1}, {1, 2, 0}, {2, 1, 0}}
	}
	return []Axes{plainAxes}
}

// String is the axes as they stand in an address: "213" has the second option down.
func (a Axes) String() string {
	return strconv.Itoa(a[0]+1) + strconv.Itoa(a[1]+1) + strconv.Itoa(a[2]+1)
}

// layOut places the SKUs. Of a SKU that has no value for an option, or shares its place, the row is its own. Sizes stand by size, numbers by number,
// any other values in the order in which they came into use.
func layOut(p store.ProductStock, axes Axes, cell func(store.StockRow) Cell) Grid {
	n := p.Options.Count()
	g := Grid{Down: p.Options[axes[0]], Across: p.Options[axes[1]]}
	of := func(sku store.StockRow) (o [3]string) {
		for i := range o {
			o[i] = sku.Options[axes[i]]
		}
		return o
	}
	type place struct{ table, row, column string }
	placed := make(map[place]store.StockRow)
	var loose []store.StockRow
	values := [3][]string{}
	for _, sku := range p.SKUs {
		o := of(sku)
		whole := n > 0
		for i := range n {
			whole = whole && o[i] != ""
		}
		at := place{o[2], o[0], o[1]}
		if _, taken := placed[at]; !whole || taken {
			loose = append(loose, sku)
			continue
		}
		placed[at] = sku
	}
	for _, sku := range slices.SortedFunc(maps.Values(placed), func(a, b store.StockRow) int { return cmp.Compare(a.SKU, b.SKU) }) {
		for i, value := range of(sku) {
			if i < n && !slices.Contains(values[i], value) {
				values[i] = append(values[i], value)
			}
		}
	}
	for i := range values {
		sortValues(values[i])
	}
	across, sheets := values[1], values[2]
	if n < 2 {
		across = []string{""}
	}
	if n < 3 {
		sheets = []string{""}
	}
	if len(placed) > 0 {
		for _, sheet := range sheets {
			t := Table{Title: sheet, Columns: across}
			for _, down := range values[0] {
				row := Row{Label: down}
				for _, column := range across {
					var c Cell
					if sku, there := placed[place{sheet, down, column}]; there {
						c = cell(sku)
						if n == 1 {
							row.Code = sku.Code
						}
					}
					row.Cells = append(row.Cells, c)
				}
				t.Rows = append(t.Rows, row)
			}
			g.Tables = append(g.Tables, t)
		}
	}
	if len(loose) > 0 {
		t := Table{Columns: []string{""}}
		for _, sku := range loose {
			t.Rows = append(t.Rows, Row{Label: sku.Name, Code: sku.Code, Cells: []Cell{cell(sku)}})
		}
		g.Tables = append(g.Tables, t)
	}
	for i := range g.Tables {
		for j := range g.Tables[i].Rows {
			for k := range g.Tables[i].Rows[j].Cells {
				g.Tables[i].Rows[j].Cells[k].At = strconv.Itoa(i) + "." + strconv.Itoa(j) + "." + strconv.Itoa(k)
			}
		}
	}
	return g
}

// sizes in their order; any others stand as they are met.
var sizes = []string{"XXS", "XS", "SS", "S", "M", "L", "LL", "XL", "2XL", "XXL", "3L", "3XL", "XXXL", "4L", "4XL", "5L", "5XL"}

// sortValues orders values that are all sizes by size, and those that all begin with a number by number. Others stay.
func sortValues(values []string) {
	size := func(v string) int { return slices.Index(sizes, strings.ToUpper(v)) }
	if !slices.ContainsFunc(values, func(v string) bool { return size(v) < 0 }) {
		slices.SortStableFunc(values, func(a, b string) int { return cmp.Compare(size(a), size(b)) })
		return
	}
	number := func(v string) float64 { n, _ := leading(v); return n }
	if !slices.ContainsFunc(values, func(v string) bool { _, ok := leading(v); return !ok }) {
		slices.SortStableFunc(values, func(a, b string) int { return cmp.Compare(number(a), number(b)) })
	}
}

// leading is the number with which a value begins: 23.5cm, 100.
func leading(s string) (float64, bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) && r != '.' })
	if end < 0 {
		end = len(s)
	}
	n, err := strconv.ParseFloat(s[:end], 64)
	return n, err == nil
}

// cells are all places of the grid that have a SKU.
func (g Grid) cells(do func(*Cell)) {
	for i := range g.Tables {
		for j := range g.Tables[i].Rows {
			for k := range g.Tables[i].Rows[j].Cells {
				if c := &g.Tables[i].Rows[j].Cells[k]; !c.Absent() {
					do(c)
				}
			}
		}
	}
}

// Layer is what a grid shows.
type Layer string

// The layers. A shop's is "shop-" and its number.
const (
	Available Layer = "available"
	OnHand    Layer = "on_hand"
	Secured   Layer = "secured"
	Reorder   Layer = "reorder"
	shopLayer       = "shop-"
)

// Edits tells whether the layer can be changed in its places.
func (l Layer) Edits() bool { return l == OnHand || l == Secured || l == Reorder }

// Shop is the number of the shop whose layer it is; 0 is none.
func (l Layer) Shop() int64 {
	n, found := strings.CutPrefix(string(l), shopLayer)
	if !found {
		return 0
	}
	id, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// cellOf is a SKU's place in a layer. What is added or taken off begins empty.
func cellOf(lang ui.Lang, layer Layer, mode stock.Mode, row store.StockRow) Cell {
	c := Cell{SKU: int64(row.SKU), Code: row.Code, Archived: row.Archived}
	bundle := row.Allotment.Bundle != nil
	switch {
	case layer == OnHand && bundle:
		c.SKU = 0 // a bundle has no shelf
	case layer == OnHand && mode == stock.Set:
		c.Value = strconv.FormatInt(row.Balance.OnHand, 10)
		c.Was = c.Value
	case layer == OnHand:
		c.Hint = ui.Number(row.Balance.OnHand)
		c.Was = strconv.FormatInt(row.Balance.OnHand, 10)
	case layer == Secured:
		c.Value, c.Hint = securedText(row.Terms.Own().Secured), securedHint(row.Defaults.Secured)
		c.Was = c.Value
		if mode != stock.Set {
			c.Value, c.Hint = "", securedHint(row.Terms.Secured)
		}
	case layer == Reorder:
		c.Value, c.Hint = pointText(row.Terms.Own().Reorder), pointText(row.Defaults.Reorder)
		c.Was, c.Default = c.Value, c.Hint
		if mode != stock.Set {
			c.Value, c.Hint = "", pointText(row.Terms.Reorder)
		}
	case layer.Shop() != 0:
		inShop(lang, &c, layer.Shop(), row)
	default:
		c.Value = ui.Number(row.Balance.Available())
		if row.Terms.Supply != stock.Stocked {
			sellable := row.Sellable()
			c.Value = lang.Quantity(&sellable)
		}
		switch level := row.Terms.Level(row.Balance); {
		case row.Archived:
		case level >= stock.LevelOut:
			c.Tone = ui.Bad
		case level == stock.LevelLow:
			c.Tone = ui.Warn
		}
		c.Link = "/sku?code=" + escape(row.Code)
	}
	return c
}

// inShop is what one shop shows of a SKU.
func inShop(lang ui.Lang, c *Cell, shop int64, row store.StockRow) {
	c.Value, c.Tone = "–", ui.Quiet
	for _, l := range row.Listings {
		if int64(l.Shop) != shop {
			continue
		}
		shown := l.Believed()
		c.Value, c.Tone = lang.Quantity(shown), ""
		if l.Target != nil && (shown == nil || shown.Compare(*l.Target) != 0) {
			c.Value += " → " + lang.Quantity(l.Target)
		}
		if l.State == store.StateError {
			c.Tone = ui.Bad
		} else if l.State != store.StateInLine {
			c.Tone = ui.Busy
		}
		c.Link = "/sku?code=" + escape(row.Code) + "&why=" + strconv.FormatInt(int64(l.ID), 10) + "#why"
		return
	}
}

func securedText(s stock.Secured) string {
	switch s.As {
	case stock.InUnits:
		return strconv.FormatInt(s.N, 10)
	case stock.InPercent:
		return strconv.FormatInt(s.N, 10) + "%"
	}
	return ""
}

func pointText(p stock.Point) string {
	if !p.Set {
		return ""
	}
	return strconv.FormatInt(p.Units, 10)
}

func securedHint(s stock.Secured) string {
	if text := securedText(s); text != "" {
		return text
	}
	return "0"
}
