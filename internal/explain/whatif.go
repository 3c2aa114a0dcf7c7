package explain

// whatifWords are the words of the command and the page that try patterns out.
var whatifWords = map[string]sentence{
	"simple":          {"単純な同期", "simple sync"},
	"same":            {"同数", "same"},
	"pattern":         {"このパターン", "this pattern"},
	"auto":            {"おまかせ", "auto"},
	"split":           {"最良の固定配分", "best fixed split"},
	"policy":          {"方針", "policy"},
	"oversold":        {"売り越し（1回あたりの個数）", "Oversold units per cycle"},
	"elsewhere":       {"取りこぼし（在庫が残っていたのに売れなかった個数）", "Sales lost while units were unsold"},
	"pushes":          {"書き込み（1回あたりの回数）", "Numbers written per cycle"},
	"stood":           {"どこに出ていたか（平均の掲載数の割合）", "Where the units stood (mean numbers shown)"},
	"oversold_short":  {"売り越し", "oversold"},
	"elsewhere_short": {"取りこぼし", "lost"},
	"nowhere_short":   {"完売後", "sold out"},
	"pushes_short":    {"書き込み", "pushes"},
	"risk":            {"売り越した回", "at all"},
	"speed":           {"回/秒", "cycles/s"},
	"head":            {"%d 個が売り切れるまでを %d 回", "From %d units until all are sold, %d times"},
	"kept_up":         {"減るたびに配り直す", "divided anew as they go"},
	"as_they_are":     {"最初の数のまま、配り直さない", "each shop sells its own, none are moved"},
	"wanted":          {"欲しい数", "wanted"},
	"sold":            {"売れた数", "sold"},
	"oversold_orders": {"売り越した受注", "orders oversold"},
	"stream_head":     {"実際の受注を %d SKU で", "Real orders of %d SKUs"},
	"meaning": {"売り越し・取りこぼし・完売後・書き込みは1回あたり。取りこぼしはほかに在庫があったのに買えなかった数、完売後は在庫がなくて買えなかった数。店舗の列は平均の掲載数",
		"Per cycle. Lost: units that customers did not get while some were unsold elsewhere; sold out: while none were. The shops' columns are the numbers they showed, on average"},
}

// Whatif is a word of trying patterns out, in Japanese ("ja") or English.
func Whatif(key, language string) string { return whatifWords[key].in(language) }
