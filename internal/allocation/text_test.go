package allocation_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"soroi/internal/allocation"
)

const sample = `soroi patterns 1

pattern 少ないときは楽天だけ
rule 0..10
  楽天市場店 = same
  others = stop
rule 11..
  楽天市場店 = 50%
  Yahoo!店 = 12.5%
  a = b = 8.33%
  "rule of thumb" = fixed 3
  Qoo10 = at most 5
  others = stop

pattern "# quoted"
rule 0..
  others = same

pattern おまかせ
rule 0..99
  auto 0.1%
rule 100..
  auto 2.5%
`

func TestParse(t *testing.T) {
	t.Parallel()
	ids := newRegister()
	patterns, errs := allocation.Parse(sample, ids.find)
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	stop := allocation.Share{Kind: allocation.Stop}
	want := []allocation.Pattern{
		{Name: "少ないときは楽天だけ", Rules: []allocation.Rule{
			{To: 10, Default: stop, Shares: []allocation.ShopShare{{Shop: 1, Share: allocation.Share{Kind: allocation.Same}}}},
			{From: 11, To: allocation.Open, Default: stop, Shares: []allocation.ShopShare{
				{Shop: 1, Share: allocation.Share{Kind: allocation.Percent, N: 5000}}, {Shop: 2, Share: allocation.Share{Kind: allocation.Percent, N: 1250}},
				{Shop: 3, Share: allocation.Share{Kind: allocation.Percent, N: 833}}, {Shop: 4, Share: allocation.Share{Kind: allocation.Fixed, N: 3}},
				{Shop: 5, Share: allocation.Share{Kind: allocation.AtMost, N: 5}}}}}},
		{Name: "# quoted", Rules: []allocation.Rule{{To: allocation.Open, Default: allocation.Share{Kind: allocation.Same}}}},
		{Name: "おまかせ", Rules: []allocation.Rule{{To: 99, Auto: 1000}, {From: 100, To: allocation.Open, Auto: 25_000}}},
	}
	if !reflect.DeepEqual(patterns, want) {
		t.Errorf("%+v", patterns)
	}
	if ids.ids["a = b"] != 3 || ids.ids["rule of thumb"] != 4 {
		t.Errorf("%v", ids.ids)
	}
	if got := allocation.Format(patterns, ids.name); got != sample {
		t.Errorf("written again as\n%s", got)
	}
}

// What people's editors and habits do to a file does not matter.
func TestParse_as_people_write(t *testing.T) {
	t.Parallel()
	ids := newRegister()
	patterns, errs := allocation.Parse("\ufeff# 在庫\r\n soroi  patterns 1\r\npattern\tp\r\nrule ..１０\r\n楽天=５０％\r\n\t Yahoo =  at most ３ \r\n\r\n#x\r\nrule １１．．９９\r\nothers　=　same\nrule 100..\n auto\npattern q\nrule 0..5\n　ａｕｔｏ ０．０５％\nrule 6..\nauto = same", ids.find)
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	want := "soroi patterns 1\n\npattern p\nrule 0..10\n  楽天 = 50%\n  Yahoo = at most 3\n  others = stop\nrule 11..99\n  others = same\nrule 100..\n  auto 0.1%\n\npattern q\nrule 0..5\n  auto 0.05%\nrule 6..\n  auto = same\n  others = stop\n"
	if got := allocation.Format(patterns, ids.name); got != want {
		t.Errorf("%s", got)
	}
}

func TestParse_mistakes(t *testing.T) {
	t.Parallel()
	const start = "soroi patterns 1\npattern p\nrule 0..\n"
	for _, c := range []struct {
		name string
		in   string
		want []string // line and what is wrong
	}{
		{"nothing", "", []string{"1 no header"}},
		{"something else", "SKU,在庫\nA,1\n", []string{"1 no header"}},
		{"newer", "soroi patterns 2\n???\n", []string{"1 other version"}},
		{"no version", "soroi patterns\n", []string{"1 no header"}},
		{"no pattern", "soroi patterns 1\nrule 0..\nA = same", []string{"2 outside", "3 outside"}},
		{"no rule", "soroi patterns 1\npattern p\nA = same", []string{"3 outside"}},
		{"pattern without a name", "soroi patterns 1\npattern\nrule 0..\n", []string{"2 bad name"}},
		{"an open quote", start + "\"A = same", []string{"4 bad name"}},
		{"no name before =", start + " = same", []string{"4 bad name"}},
		{"no =", start + "楽天 50%", []string{"4 no share"}},
		{"ranges", "soroi patterns 1\npattern p\nrule\nrule ..\nrule a..3\nrule 3..b\nrule -1..\nrule 9223372036854775807\nrule 99999999999999999999\nrule 1...5",
			[]string{"3 bad range", "4 bad range", "5 bad range", "6 bad range", "7 bad range", "8 bad range", "9 bad range", "10 bad range"}},
		{"shares", start + "A = \nA = 50\nA = half\nA = -5%\nA = 5.%\nA = 5.123%\nA = .5%\nA = fixed\nA = fixed -1\nA = at most\nA = atmost 5\nA = same 3",
			[]string{"4 bad share", "5 bad share", "6 bad share", "7 bad share", "8 bad share", "9 bad share", "10 bad share", "11 bad share", "12 bad share", "13 bad share", "14 bad share", "15 bad share"}},
		{"a shop that is not there", start + "Amazon = same", []string{"4 unknown shop"}},
		{"risks", start + "auto 0%\nauto 51%\nauto x\nauto 0.00001%\nauto 1.%\nauto -1%\nauto 0.1 0.2%", []string{"4 bad risk", "5 bad risk", "6 bad risk", "7 bad risk", "8 bad risk", "9 bad risk", "10 bad risk"}},
		{"auto is alone", start + "auto\nauto\nA = same\nothers = stop\nrule 5..\nA = same\nauto", []string{"5 auto alone", "6 auto alone", "7 auto alone", "10 auto alone"}},
		{"auto in no rule", "soroi patterns 1\nauto\npattern p\nauto", []string{"2 outside", "4 outside"}},
		{"others twice", start + "others = same\nothers = stop", []string{"5 two defaults"}},
		{"a name twice", start + "pattern p\nrule 0..\n", []string{"4 duplicate name"}},
		{"what a check finds, where it is", start + "A = 120%\nB = fixed 99999999999\nA = stop\nrule 7..9", []string{"3 *allocation.PercentError", "3 *allocation.UnitsError", "3 *allocation.DuplicateShopError", "7 *allocation.OverlapError"}},
		{"gaps belong to the pattern", "soroi patterns 1\n\npattern p\nrule 5..9\n", []string{"3 *allocation.GapError", "3 *allocation.GapError"}},
		{"a second pattern is read, too", "soroi patterns 1\npattern p\nrule x\npattern q\nrule 5..\n", []string{"3 bad range", "4 *allocation.GapError"}},
		{"a shop in quotes is no default", start + "\"others\" = same\nothers = same", []string{"4 unknown shop"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, errs := allocation.Parse(c.in, func(name string) (allocation.ShopID, bool) {
				return allocation.ShopID(name[0]), name == "A" || name == "B"
			})
			var got []string
			for _, e := range errs {
				what := fmt.Sprintf("%T", e.Err)
				if p, ok := errors.AsType[allocation.Problem](e); ok {
					what = p.Error()
				}
				got = append(got, fmt.Sprintf("%d %s", e.Line, what))
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
	_, errs := allocation.Parse(start+strings.Repeat("?\n", 1000), newRegister().find)
	if n := len(errs); n != 101 || errs[100].Err != allocation.TooMany {
		t.Errorf("%d mistakes reported", n)
	}
}

// Whatever is read without a mistake is a good pattern, and is written so that it reads the same.
func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("soroi patterns 1\npattern \"a\\n\"\nrule 0..\n\"\\xff\" = 0.5%")
	f.Add("soroi patterns 1\npattern p\nrule 0..\nauto 0.0001%")
	f.Add("soroi patterns 1\npattern p\nrule ..3\n= = = same\nrule 4..\nothers=stop")
	f.Fuzz(func(t *testing.T, text string) {
		ids := newRegister()
		patterns, errs := allocation.Parse(text, ids.find)
		if len(errs) > 0 {
			return
		}
		for _, p := range patterns {
			if found := allocation.Check(p); len(found) > 0 {
				t.Fatalf("read without a mistake, but %v", found)
			}
		}
		written := allocation.Format(patterns, ids.name)
		again, errs := allocation.Parse(written, ids.find)
		if len(errs) > 0 || !reflect.DeepEqual(again, patterns) {
			t.Fatalf("%q is written as %q, which reads as %+v, %v", text, written, again, errs)
		}
	})
}
