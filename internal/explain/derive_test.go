package explain

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

var now = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)

// ago is an instant some seconds before now.
func ago(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }

func units(n int64) *stock.Quantity {
	q := stock.Units(n)
	return &q
}

// example is a SKU with 10 on hand of which 3 are committed, shown as 7 in a live shop after an absolute push.
func example() (store.Basis, store.Listing, []channel.Spec) {
	shop := store.Shop{ID: 1, Name: "楽天", Kind: "rakuten", Mode: store.Live}
	l := store.Listing{ID: 5, Shop: 1, SKU: 9, Ref: "a-1", State: store.StateInLine, Target: units(7), TargetAt: ago(20), Expected: units(7), SettledAt: ago(9),
		Sent: units(7), Overwrote: true, SentAt: ago(10), Answer: channel.Applied, AnsweredAt: ago(9), Shown: units(7), ShownAt: ago(9)}
	b := store.Basis{At: now, Lines: 2, Held: 3, Sold: map[store.ListingID]int64{},
		Last:   []store.PostedMovement{{Movement: stock.Movement{Kind: stock.Claimed, CommittedDelta: 1, Cause: stock.ByOrder, Document: "R2"}, Shop: 1, ShopName: "楽天", PostedAt: ago(30)}},
		Claims: []store.OpenClaim{{Shop: 1, Number: "R1", Line: "1", PlacedAt: ago(60), Held: 2}, {Shop: 1, Number: "R2", Line: "1", PlacedAt: ago(31), Held: 1}}}
	b.SKU = store.SKU{StockRow: store.StockRow{SKU: 9, Code: "A-01", Name: "シャツ", Terms: stock.Terms{Supply: stock.Stocked}.Under(stock.Defaults{}, 0), Product: "A", Allotment: store.Allotment{Pattern: allocation.Everywhere}, Balance: stock.Balance{OnHand: 10, Committed: 3}, MovedAt: ago(30)},
		Shops: []store.Shop{shop}}
	return b, l, []channel.Spec{{Kind: "rakuten", Limits: channel.Limits{Largest: 9999}}}
}

func words(e Explanation, language string) string {
	var lines []string
	for _, s := range e.Steps {
		lines = append(lines, s.Words(language))
	}
	return strings.Join(lines, "\n")
}

func TestDerive_in_line(t *testing.T) {
	t.Parallel()
	e := Derive(example())
	want := `On hand: 10
Last movement: claim (楽天, R2), on hand 0, committed 1
Committed: 3, held by 2 order lines
Order R1 of 楽天 (line 1) holds 2
Order R2 of 楽天 (line 1) holds 1
Available: 7
Secured and kept back from every shop: 0
Sellable: 7
Pattern same, rule 1: the same number in every shop
Target: 7
Sent: set to 7
The shop's answer: done
The shop confirmed 7
It is believed to show 7 now
It is in line`
	if got := words(e, "en"); got != want || !e.Explained || *e.Published != stock.Units(7) {
		t.Errorf("%v\n%s", e.Explained, got)
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		change    func(b *store.Basis, l *store.Listing, s *store.Shop)
		steps     []What // that must be there
		explained bool
	}{
		{"secured units", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			b.Terms.Secured, l.Target = stock.Secured{As: stock.InUnits, N: 2}, units(5)
		}, []What{Secured, Sellable, TargetIs}, true},
		{"more secured than available", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			b.Terms.Secured, l.Target = stock.Secured{As: stock.InUnits, N: 9}, units(0)
		}, []What{Secured, NotBelowZero, TargetIs}, true},
		{"made to order", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			b.Terms, l.Target = stock.Terms{Supply: stock.MadeToOrder, Figure: 4}.Under(stock.Defaults{}, 0), units(4)
		}, []What{Made, Sellable, TargetIs}, true},
		{"made to order, so many a day", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			b.Terms, l.Target = stock.Terms{Supply: stock.MadeToOrder, Figure: 4, Daily: true}.Under(stock.Defaults{}, 3), units(1)
		}, []What{MadeDaily, Sellable, TargetIs}, true},
		{"a percentage is secured, for a reason", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			b.Terms.Secured, l.Target = stock.Secured{As: stock.InPercent, N: 15, Reason: "実店舗"}, units(5)
		}, []What{SecuredPercent, SecuredFor, Sellable, TargetIs}, true},
		{"the product secures", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			b.Terms, l.Target = stock.Terms{}.Under(stock.Defaults{Secured: stock.Secured{As: stock.InUnits, N: 3}}, 0), units(4)
		}, []What{Secured, SecuredOfProduct, Sellable, TargetIs}, true},
		{"unlimited where the shop cannot show it", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			b.Terms, l.Target = stock.Terms{Supply: stock.MadeToOrderUnlimited}.Under(stock.Defaults{}, 0), units(9999)
		}, []What{Made, Capped, TargetIs}, true},
		{"more than the shop can show", func(b *store.Basis, l *store.Listing, _ *store.Shop) { b.Balance.OnHand, l.Target = 20000, units(9999) }, []What{Capped, TargetIs}, true},
		{"many claims", func(b *store.Basis, _ *store.Listing, _ *store.Shop) {
			b.Lines, b.Held, b.Balance.Committed, b.Balance.OnHand = 12, 20, 20, 27
		}, []What{ClaimOf, MoreClaims}, true},
		{"committed that no order holds", func(b *store.Basis, _ *store.Listing, _ *store.Shop) { b.Held = 2 }, []What{CommittedOdd}, false},
		{"waits to be planned", func(b *store.Basis, l *store.Listing, _ *store.Shop) { b.Balance.OnHand, b.Unplanned = 11, true }, []What{TargetWaits}, true},
		{"a target out of nothing", func(_ *store.Basis, l *store.Listing, _ *store.Shop) { l.Target = units(8) }, []What{TargetOdd}, false},
		{"no target and nothing to plan", func(_ *store.Basis, l *store.Listing, _ *store.Shop) { l.Target = nil }, []What{TargetOdd}, false},
		{"a sale that the shop has taken off itself", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Expected, l.Target, b.Balance.Committed, b.Held, b.Sold[l.ID] = units(6), units(6), 4, 4, 1
		}, []What{ShownAnswer, SoldSince, ExpectedIs, InLine}, true},
		{"believed to have sold more than it has", func(b *store.Basis, l *store.Listing, _ *store.Shop) { l.Expected, b.Sold[l.ID] = units(4), 1 }, []What{ExpectedOdd}, false},
		{"believed to show more than was sent", func(_ *store.Basis, l *store.Listing, _ *store.Shop) { l.Expected = units(8) }, []What{ExpectedOdd}, false},
		{"the shop answered with fewer than sent", func(_ *store.Basis, l *store.Listing, _ *store.Shop) { l.Shown = units(6) }, []What{ShownAnswer, DriftSeen}, true},
		{"read as fewer, an order may be late", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Shown, l.ShownAt, l.ReadAt, l.Strikes = units(6), ago(2), ago(2), 1
		}, []What{ShownRead, DriftSeen}, true},
		{"read and sold since", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Shown, l.ShownAt, l.ReadAt, b.Sold[l.ID] = units(9), ago(2), ago(2), 2
		}, []What{ShownRead, SoldSince}, true},
		{"read, and believed lower than sold", func(b *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Shown, l.ShownAt, l.ReadAt, b.Sold[l.ID] = units(9), ago(2), ago(2), 1
		}, []What{ShownRead, ExpectedOdd}, false},
		{"shown without a push or a reading", func(_ *store.Basis, l *store.Listing, _ *store.Shop) { l.ShownAt, l.SettledAt = ago(5), time.Time{} }, []What{ShownOdd}, false},
		{"refused after an earlier success", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Answer, l.AnsweredAt, l.SentAt, l.Sent = channel.Refused, ago(1), ago(2), units(8)
			l.ErrorKind, l.ErrorCode, l.ErrorText, l.Failures, l.State, l.HeldUntil = channel.Invalid, "E-9", "too small", 2, store.StateError, now.Add(time.Minute)
		}, []What{AnswerRefused, ShownAnswer, ShopError, Failing, Held}, true},
		{"a conflict", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Answer, l.AnsweredAt, l.Unsure, l.State, l.Overwrote = channel.Conflict, ago(1), true, store.StateUnclear, false
		}, []What{SentChange, AnswerConflict, Unsure, ToBeRead}, true},
		{"an answer that was lost", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Answer, l.AnsweredAt, l.Unsure, l.State = channel.Unknown, ago(1), true, store.StateUnclear
		}, []What{AnswerUnknown, Unsure, ToBeRead}, true},
		{"a process that died while sending", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Answer, l.Unsure, l.State = "", true, store.StateUnclear
		}, []What{AnswerUnknown, Unsure}, true},
		{"accepted", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Answer, l.AnsweredAt, l.Unsure, l.State = channel.Accepted, ago(1), true, store.StateUnclear
		}, []What{AnswerAccepted}, true},
		{"in flight", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Answer, l.InFlight, l.State, l.Sent, l.SentAt = "", true, store.StateSending, units(6), ago(1)
		}, []What{InFlight, Sending}, true},
		{"waits its turn", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Expected, l.Shown, l.Sent, l.State, l.Lane = units(9), units(9), units(9), store.StateBehind, store.Falling
		}, []What{Waiting}, true},
		{"never sent and never read", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			*l = store.Listing{ID: 5, Shop: 1, SKU: 9, Target: units(7), State: store.StateNeverRead}
		}, []What{SentNever, ShownNever, ExpectedUnknown, ToBeRead}, true},
		{"sold more than it can have shown", func(_ *store.Basis, l *store.Listing, _ *store.Shop) {
			l.Expected, l.Overdrawn, l.State = nil, true, store.StateUnclear
		}, []What{Overdrawn, ToBeRead}, true},
		{"paused", func(_ *store.Basis, l *store.Listing, _ *store.Shop) { l.State = store.StatePaused }, []What{ShopPaused}, true},
		{"rehearsing", func(_ *store.Basis, l *store.Listing, _ *store.Shop) { l.State = store.StateRehearsing }, []What{ShopRehearsing}, true},
		{"outage", func(_ *store.Basis, l *store.Listing, s *store.Shop) {
			l.State, s.OutageFrom = store.StateOutage, ago(100)
		}, []What{ShopOutage}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, l, specs := example()
			c.change(&b, &l, &b.Shops[0])
			e := Derive(b, l, specs)
			var steps []What
			for _, step := range e.Steps {
				steps = append(steps, step.What)
			}
			for _, want := range c.steps {
				if !slices.Contains(steps, want) {
					t.Errorf("no step %s in\n%s", want, words(e, "en"))
				}
			}
			if e.Explained != c.explained {
				t.Errorf("explained: %v\n%s", e.Explained, words(e, "en"))
			}
			for _, language := range []string{"ja", "en"} {
				for _, step := range e.Steps {
					if step.Words(language) == "" {
						t.Errorf("step %s has no words", step.What)
					}
				}
				if left := unfilled.FindString(words(e, language)); left != "" {
					t.Errorf("%s is not filled in:\n%s", left, words(e, language))
				}
			}
		})
	}
}

var unfilled = regexp.MustCompile(`\{[a-z_]+\}`)

// Both languages of a sentence use the same numbers.
func TestSentences(t *testing.T) {
	t.Parallel()
	for what, s := range sentences {
		ja, en := unfilled.FindAllString(s.ja, -1), unfilled.FindAllString(s.en, -1)
		slices.Sort(ja)
		slices.Sort(en)
		if s.ja == "" || s.en == "" || !slices.Equal(ja, en) {
			t.Errorf("%s: %v in Japanese, %v in English", what, ja, en)
		}
	}
	if got := (Step{What: OnHand, Numbers: []Number{{"units", "{units}"}}}).Words("ja"); got != "実在庫は {units}" {
		t.Errorf("a value that looks like a name was filled in: %s", got)
	}
}
