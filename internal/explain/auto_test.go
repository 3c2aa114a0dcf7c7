package explain

import (
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/store"
)

// Auto says by which figures it shared or divided, and what is left follows from what was decided then.
func TestDerive_auto(t *testing.T) {
	t.Parallel()
	b, l, specs := example()
	b.Allotment.Pattern = allocation.Pattern{Name: "おまかせ", Rules: []allocation.Rule{{To: allocation.Open, Auto: 1000}}}
	shares := []allocation.ShopShare{{Shop: 1, Share: allocation.Share{Kind: allocation.Fixed, N: 4}}, {Shop: 2, Share: allocation.Share{Kind: allocation.Fixed, N: 3}}}
	for _, c := range []struct {
		name   string
		why    *store.Settled
		target int64
		en, ja string
	}{
		{"shared", &store.Settled{AutoReason: allocation.AutoReason{State: allocation.AutoSame, Sellable: 7, Rate: 60_000, Lag: 330_000_000, Risk: 431, Most: 1000}}, 7,
			"Pattern おまかせ, rule 1 (auto): 7 left, 60/h, orders of up to 1, lag 5m30s, risk 0.043% ≤ 0.1%: the same number in every shop\nTarget: 7\n",
			"残り 7、1時間に 60、1回の注文は 1 まで、遅れ 5分30秒。その間に売り切れる確率 0.043% は 0.1% 以下なので、すべての店舗に同じ数\n"},
		{"divided", &store.Settled{AutoReason: allocation.AutoReason{State: allocation.AutoSplit, Sellable: 7, Rate: 6_449, Large: 5, Lag: 3_605_000_000, Risk: 40_318, Most: 1000}, Shares: shares}, 4,
			"(auto): 7 left, 6.4/h, orders of up to 5, lag 1h5s, risk 4% > 0.1%: the shops divide the units\nBy how fast they sell, this shop's part is 4\nTarget: 4\n",
			"遅れ 1時間5秒。その間に売り切れる確率 4% が 0.1% を超えるので、店舗で分け合う\n売れ行きに合わせ、この店舗の取り分は 4\n"},
		{"still divided", &store.Settled{AutoReason: allocation.AutoReason{State: allocation.AutoSplit, Sellable: 7, Rate: 42, Large: 1_000_000, Lag: 1, Risk: 1, Most: 1000}, Shares: shares}, 4,
			"7 left, 0/h, orders of up to 7, lag 1s, risk 0.0001% ≤ 0.1%, but not by enough yet: the shops still divide the units\nBy how fast", "まだ余裕が足りないので"},
		{"not settled yet", nil, 7, "Pattern おまかせ, rule 1: the same number in every shop\n", "すべての店舗に同じ数"},
		{"settled of another rule", &store.Settled{AutoReason: allocation.AutoReason{State: allocation.AutoSplit}, Rule: 1, Shares: shares}, 7, "Pattern おまかせ, rule 1: the same number in every shop\n", "すべての店舗に同じ数"},
	} {
		b.Allotment.Settled = c.why
		l.Target = units(c.target)
		e := Derive(b, l, specs)
		if en, ja := words(e, "en"), words(e, "ja"); !e.Explained || !strings.Contains(en, c.en) || !strings.Contains(ja, c.ja) {
			t.Errorf("%s: explained %v\n%s\n%s", c.name, e.Explained, en, ja)
		}
	}
}
