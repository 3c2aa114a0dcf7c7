package exchange

import (
	"strconv"
	"strings"
)

// Maybe is a value that a file may leave alone: Given tells whether the file says anything.
type Maybe[V any] struct {
	Value V
	Given bool
}

func given[V any](v V) Maybe[V] { return Maybe[V]{Value: v, Given: true} }

// Setting is what a file says about a figure that a SKU may have itself, follow its product in, or lack.
type Setting struct {
	Kind SettingKind
	N    int64 // units from 0 to stock.LargestUnits, or percent from 0 to 100
}

// SettingKind is how a setting is meant.
type SettingKind string

// The kinds. The zero value says nothing.
const (
	InUnits   SettingKind = "units"
	InPercent SettingKind = "percent"
	Follow    SettingKind = "follow" // 既定: as the product, or the tenant, has it
)

// followWords are the ways to write that nothing is set here.
var followWords = []string{"既定", "商品に従う", "商品設定", "デフォルト", "default", "follow"}

const followHelp = "「既定」と書くと個別の設定を消します"

// parseSetting reads 12, 既定, and where percent is allowed 10%.
func parseSetting(cell string, percent bool) (Setting, *Problem) {
	if isWord(cell, followWords) {
		return Setting{Kind: Follow}, nil
	}
	if bare, ok := strings.CutSuffix(strings.ReplaceAll(cell, "％", "%"), "%"); ok && percent {
		n, p := parseNumber(bare)
		if p != nil || n.value < 0 || n.value > 100 {
			return Setting{}, &Problem{Code: BadPercent}
		}
		return Setting{InPercent, n.value}, nil
	}
	n, p := parseNumber(cell)
	switch {
	case p != nil:
		return Setting{}, p
	case n.value < 0:
		return Setting{}, &Problem{Code: NegativeNumber}
	}
	return Setting{InUnits, n.value}, nil
}

// String is the setting as a cell.
func (s Setting) String() string {
	switch s.Kind {
	case InUnits:
		return strconv.FormatInt(s.N, 10)
	case InPercent:
		return strconv.FormatInt(s.N, 10) + "%"
	case Follow:
		return followWords[0]
	}
	return ""
}

// Target names a SKU or a product: a row with a SKU is about the SKU, one with a product alone about the product.
type Target struct {
	Product string
	SKU     string
}

func (t Target) finish() *Problem {
	if t.SKU == "" && t.Product == "" {
		return about("code", CodeMissing, "")
	}
	return nil
}

// productField is the column by which formats name a product.
var productField = Field{
	Key: "product", Header: "商品コード", English: "product", Aliases: []string{"親商品コード", "親コード", "parent sku", "product code", "商品番号", "商品管理番号"}, Ranked: true,
	Help:    Words{"商品のコード。SKUコードが空欄の行は商品全体の設定になります", "The product's code; a row without a SKU sets the whole product"},
	Example: "TS-001", Kind: CodeField, Empty: EmptyMeans,
}

// targetColumns name a SKU or a product: either column may be missing, but not both.
func targetColumns[T any](at func(*T) *Target) []Column[T] {
	sku := skuField
	sku.Empty, sku.Unless = EmptyMeans, "product"
	sku.Help = Words{"SKU のコード、または登録してある別のコード(JAN など)。商品全体の設定なら空欄", "The SKU's code, or another of its registered codes (JAN …); empty for a whole product"}
	return []Column[T]{
		textColumn(productField, maxCodeRunes, func(r *T) *string { return &at(r).Product }),
		textColumn(sku, maxCodeRunes, func(r *T) *string { return &at(r).SKU }),
	}
}

// textColumn is a column that is kept as it is written.
func textColumn[T any](f Field, most int, at func(*T) *string) Column[T] {
	set := setText
	if f.Kind == CodeField {
		set = setCode
	}
	return Column[T]{Field: f, Set: func(r *T, cell string) *Problem { return set(at(r), cell, most) }, Get: func(r *T) string { return *at(r) }}
}

// reasonField is the column for a person's words.
var reasonField = Field{Key: "reason", Header: "理由", English: "reason", Aliases: []string{"備考", "メモ", "摘要", "note", "memo", "comment"},
	Help: Words{"記録に残る言葉", "Words that stay in the books"}, Example: "", Kind: TextField, Empty: EmptyKeeps}

// with gives a field another example and help.
func (f Field) with(example string, help Words) Field {
	f.Example, f.Help = example, help
	return f
}

// wholeNumber reads a number from 0 to what may be entered.
func wholeNumber(cell string) (int64, *Problem) {
	n, p := parseNumber(cell)
	switch {
	case p != nil:
		return 0, p
	case n.value < 0:
		return 0, &Problem{Code: NegativeNumber}
	}
	return n.value, nil
}
