package exchange

import (
	"regexp"
	"strconv"
	"strings"

	"soroi/internal/stock"
)

// BundleRow is what one bundle is put together from (セット商品の構成). No parts make the SKU one with stock of its own again.
type BundleRow struct {
	SKU   string
	Parts []PartRef
}

// PartRef is one part as a file names it.
type PartRef struct {
	SKU   string // one of its codes
	Units int64  // in one bundle, from 1 to stock.MostPartUnits
}

// between parts two parts: a line end, a semicolon, or a plus between white space, which no code has.
var between = regexp.MustCompile(`[\r\n;；]+|\s[+＋]\s`)

// unitsOf finds the units at the end of a part: after ×, *, an x between white space, or white space alone.
var unitsOf = regexp.MustCompile(`^(.*\S)\s*(?:[×✕*＊]|\s[xXｘ]\s)\s*(\S+)$|^(\S.*)\s+(\S+)$`)

// ReadParts reads parts as people write them: CUP×2 + BOX×1, joined by a plus between spaces, a semicolon or a line end; a code alone is one
// unit. A bundle without parts is "なし" or "none". The error is a *Problem.
func ReadParts(text string) ([]PartRef, *Problem) {
	if isWord(trim(text), removeWords) {
		return nil, nil
	}
	var parts []PartRef
	for _, item := range between.Split(text, -1) {
		if item = trim(item); item == "" {
			continue
		}
		p := PartRef{SKU: item, Units: 1}
		if m := unitsOf.FindStringSubmatch(item); m != nil {
			n, problem := wholeNumber(m[2] + m[4])
			if problem != nil || n < 1 || n > stock.MostPartUnits {
				return nil, &Problem{Code: BadPart, Hint: item}
			}
			p.SKU, p.Units = trim(m[1]+m[3]), n
		}
		if len([]rune(p.SKU)) > maxCodeRunes {
			return nil, &Problem{Code: BadPart, Hint: cut(item, valueRunes)}
		}
		parts = append(parts, p)
	}
	if len(parts) > stock.MostParts {
		return nil, &Problem{Code: BadPart, Hint: strconv.Itoa(len(parts))}
	}
	return parts, nil
}

// WriteParts is the inverse of ReadParts.
func WriteParts(parts []PartRef) string {
	if len(parts) == 0 {
		return removeWords[0]
	}
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = p.SKU + "×" + strconv.FormatInt(p.Units, 10)
	}
	return strings.Join(words, " + ")
}

// Bundle is the file of bundles.
var Bundle = &Format[BundleRow]{
	Name:  "bundle",
	Title: Words{"セット商品の構成", "Parts of bundles"},
	Help: Words{"1 行に 1 つのセット商品と、その構成品をすべて書きます。書いた構成に置き換わります。セット商品は自分の在庫を持たず、構成品の在庫から組める数を販売します。",
		"One row for each bundle, with all its parts: they replace those it had. A bundle has no stock of its own; as many are sold as the stock of its parts makes."},
	Columns: []Column[BundleRow]{
		textColumn(Field{Key: "sku", Header: "セット商品コード", English: "bundle", Aliases: []string{"セットコード", "セット商品番号", "SKUコード", "sku", "set", "set_syohin_code"},
			Help: Words{"セット商品の SKU コード", "The code of the bundle's SKU"}, Example: "GIFT-01", Kind: CodeField, Required: true, Empty: EmptyRefused}, maxCodeRunes,
			func(r *BundleRow) *string { return &r.SKU }),
		{
			Field: Field{Key: "parts", Header: "構成", English: "parts", Aliases: []string{"構成品", "セット構成", "内容", "components", "contents"},
				Help:    Words{"構成品の SKU コード×個数を + か ; か改行でつなぎます。「なし」でセット商品をやめます", "The parts as code×units, joined by +, ; or line ends; \"none\" ends the bundle"},
				Example: "CUP-01×2 + BOX-01×1", Kind: TextField, Required: true, Empty: EmptySkips},
			Set: func(r *BundleRow, cell string) (p *Problem) {
				r.Parts, p = ReadParts(cell)
				return p
			},
			Get: func(r *BundleRow) string { return WriteParts(r.Parts) },
		},
	},
}

// bundleReasons are the findings of stock.BundleError.Code.
var bundleReasons = map[string]Code{"units": BadPart, "many": BadPart, "large": BadPart, "twice": PartTwice, "cycle": PartCycle, "unknown": CodeUnknown, "archived": PartArchived,
	"on_hand": BundleOnHand, "supply": BundleSupply}

// BundleProblem is what a refusal of a bundle means in words. codes are those of the SKUs that it names.
func BundleProblem(e *stock.BundleError, codes map[stock.SKUID]string) *Problem {
	p := &Problem{Code: bundleReasons[e.Code], Hint: codes[e.Part], Value: codes[e.Part]}
	if e.Code == "cycle" {
		p.Hint = e.CycleText(func(sku stock.SKUID) string { return codes[sku] })
	}
	return p
}
