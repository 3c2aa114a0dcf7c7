package explain

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"soroi/internal/allocation"
	"soroi/internal/stock"
)

// patternSentences say what is wrong with a pattern, and what to do: by a finding's name, and by a line's problem. This is the one table;
// screens, files and commands speak from it.
var patternSentences = map[string]sentence{
	"NameError":          {"パターン名「{name}」は使えません。1〜{longest}文字で、前後の空白や改行のない名前にしてください", "The name \"{name}\" cannot be used. Give one of 1 to {longest} characters, without line breaks or spaces around it"},
	"RangeError":         {"規則 {rule} の範囲 {range} に当てはまる数がありません。0 以上で、小さい数から大きい数の順にしてください", "Rule {rule} covers {range}, which is no number at all. Begin at 0 or more, and end no lower than that"},
	"GapError":           {"販売可能数が {range} のときの規則がありません。隣の規則の範囲を広げるか、規則を足してください", "No rule says what happens at {range}. Widen the rule beside it, or add one"},
	"OverlapError":       {"規則 {rule} と規則 {other} の両方が {range} に当てはまります。どちらかの範囲を狭めてください", "Rules {rule} and {other} both cover {range}. Make one of them narrower"},
	"KindError":          {"規則 {rule} の {shop} の配分方法「{kind}」は分かりません。同数・割合・固定・上限・停止から選んでください", "Rule {rule} gives {shop} a share of an unknown kind, \"{kind}\". Choose same, a percentage, fixed, at most, or stop"},
	"PercentError":       {"規則 {rule} の {shop} の割合 {percent} は使えません。0%〜100% にしてください", "Rule {rule} gives {shop} {percent}. Give 0% to 100%"},
	"UnitsError":         {"規則 {rule} の {shop} の数 {units} は使えません。0〜{most} にしてください", "Rule {rule} gives {shop} {units} units. Give 0 to {most}"},
	"DuplicateShopError": {"規則 {rule} に {shop} が2回あります。1つにしてください", "Rule {rule} mentions {shop} twice. Leave one out"},
	"SizeError":          {"規則や店舗の数 {count} が多すぎます。規則は {rules} まで、1つの規則の店舗は {shops} までです", "{count} rules or shops are too many: up to {rules} rules, and {shops} shops in a rule"},
	"AutoError":          {"規則 {rule} のおまかせの確率 {risk} は使えません。0.0001%〜{highest} にしてください", "Rule {rule} is auto with a risk of {risk}. Give 0.0001% to {highest}"},
	"AutoShares":         {"規則 {rule} はおまかせなので、店舗ごとの配分は書けません。どちらかを消してください", "Rule {rule} is auto, so it cannot have shares. Leave one of the two out"},

	string(allocation.NoHeader):      {"配分パターンのファイルではありません。1行目を「soroi patterns 1」にしてください", "This is no file of patterns. Its first line must be \"soroi patterns 1\""},
	string(allocation.OtherVersion):  {"このファイルは別の版の soroi のものです（「{text}」）。soroi を新しくするか、版 1 で書き出してください", "This file is of another version (\"{text}\"). Update soroi, or export as version 1"},
	string(allocation.OutsidePlace):  {"「{text}」は「pattern 名前」の下の「rule 範囲」の中に書いてください", "\"{text}\" must stand below a line \"pattern NAME\" and, if it is a share, below \"rule RANGE\""},
	string(allocation.NoShare):       {"「{text}」が読めません。「店舗名 = 50%」のように書いてください", "\"{text}\" cannot be read. Write it like \"SHOP = 50%\""},
	string(allocation.BadName):       {"名前「{text}」が読めません。名前を書き、引用符は閉じてください", "The name \"{text}\" cannot be read. Give a name, and close its quotes"},
	string(allocation.BadRange):      {"範囲「{text}」が読めません。「5」「0..10」「..10」「11..」のように書いてください", "The range \"{text}\" cannot be read. Write 5, 0..10, ..10 or 11.."},
	string(allocation.BadShare):      {"配分「{text}」が読めません。「same」「50%」「fixed 3」「at most 5」「stop」のどれかにしてください", "The share \"{text}\" cannot be read. Write same, 50%, fixed 3, at most 5 or stop"},
	string(allocation.UnknownShop):   {"店舗「{text}」がありません。店舗の一覧にある名前にしてください", "There is no shop \"{text}\". Use a name from the list of shops"},
	string(allocation.BadRisk):       {"「auto {text}」が読めません。確率を「auto 0.1%」のように 0.0001%〜50% で書いてください", "\"auto {text}\" cannot be read. Write the risk like auto 0.1%, from 0.0001% to 50%"},
	string(allocation.AutoAlone):     {"「{text}」は書けません。auto の規則には auto の1行だけを書いてください", "\"{text}\" cannot stand here. A rule with auto has that one line only"},
	string(allocation.TwoDefaults):   {"1つの規則に others が2回あります。1つにしてください", "A rule has \"others\" twice. Leave one out"},
	string(allocation.DuplicateName): {"パターン名「{text}」が2回あります。別の名前にしてください", "The name \"{text}\" comes twice. Give one of them another"},
	string(allocation.TooMany):       {"間違いが多いため、ここで読むのをやめました。上から直してください", "Reading ended here, since there are too many mistakes. Mend the ones above first"},

	"line":      {"{line} 行目：{what}", "Line {line}: {what}"},
	"above":     {"{from} 以上", "{from} or more"},
	"below":     {"{to} 以下", "{to} or fewer"},
	"between":   {"{from}〜{to}", "{from} to {to}"},
	"exactly":   {"{from}", "{from}"},
	"no_shop":   {"その他の店舗", "the other shops"},
	"some_shop": {"店舗 {id}", "shop {id}"},
}

// Range says a range of sellable quantities in words: 10以下, 11以上, 5〜9, 7.
func Range(from, to int64, language string) string {
	key := "between"
	switch {
	case to == allocation.Open:
		key = "above"
	case from == to:
		key = "exactly"
	case from == 0:
		key = "below"
	}
	return fill(patternSentences[key].in(language), "from", strconv.FormatInt(from, 10), "to", strconv.FormatInt(to, 10))
}

// PatternMistake says in Japanese ("ja") or English what is wrong with a pattern and what to do about it: a finding of allocation.Check
// or a *allocation.LineError. shop names a shop.
func PatternMistake(err error, language string, shop func(allocation.ShopID) string) string {
	if line, ok := errors.AsType[*allocation.LineError](err); ok {
		what := PatternMistake(line.Err, language, shop)
		if problem, ok := line.Err.(allocation.Problem); ok {
			what = fill(patternSentences[string(problem)].in(language), "text", line.Text)
		}
		return fill(patternSentences["line"].in(language), "line", strconv.Itoa(line.Line), "what", what)
	}
	of := func(id allocation.ShopID) string {
		if id == 0 {
			return patternSentences["no_shop"].in(language)
		}
		if name := shop(id); name != "" {
			return name
		}
		return fill(patternSentences["some_shop"].in(language), "id", fmt.Sprint(id))
	}
	say := func(rule int, pairs ...string) string {
		text := patternSentences[reflect.TypeOf(err).Elem().Name()].in(language)
		return fill(text, append(pairs, "rule", strconv.Itoa(rule+1), "most", strconv.FormatInt(stock.LargestUnits, 10), "longest", strconv.Itoa(allocation.LongestName),
			"rules", strconv.Itoa(allocation.MostRules), "shops", strconv.Itoa(allocation.MostShops))...)
	}
	switch e := err.(type) {
	case *allocation.NameError:
		return say(0, "name", e.Name)
	case *allocation.RangeError:
		return say(e.Rule, "range", fmt.Sprintf("%d..%d", e.From, e.To))
	case *allocation.GapError:
		return say(0, "range", Range(e.From, e.To, language))
	case *allocation.OverlapError:
		return say(e.RuleA, "other", strconv.Itoa(e.RuleB+1), "range", Range(e.From, e.To, language))
	case *allocation.KindError:
		return say(e.Rule, "shop", of(e.Shop), "kind", string(e.Kind))
	case *allocation.PercentError:
		return say(e.Rule, "shop", of(e.Shop), "percent", allocation.Share{Kind: allocation.Percent, N: e.N}.String())
	case *allocation.UnitsError:
		return say(e.Rule, "shop", of(e.Shop), "units", strconv.FormatInt(e.N, 10))
	case *allocation.DuplicateShopError:
		return say(e.Rule, "shop", of(e.Shop))
	case *allocation.AutoError:
		if e.Shares {
			return fill(patternSentences["AutoShares"].in(language), "rule", strconv.Itoa(e.Rule+1))
		}
		return say(e.Rule, "risk", allocation.RiskText(e.Risk), "highest", allocation.RiskText(allocation.LargestRisk))
	case *allocation.SizeError:
		return say(e.Rule, "count", strconv.Itoa(e.Count))
	}
	return err.Error()
}

// fill puts values into a sentence; pairs are name, value, name, value …
func fill(text string, pairs ...string) string {
	list := make([]string, len(pairs))
	for i := range pairs {
		list[i] = pairs[i]
		if i%2 == 0 {
			list[i] = "{" + pairs[i] + "}"
		}
	}
	return strings.NewReplacer(list...).Replace(text)
}
