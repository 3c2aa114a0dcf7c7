package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/allocation"
	"soroi/internal/clock"
	"soroi/internal/explain"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/whatif"
)

// whatifFlags are what a person gives to ask.
type whatifFlags struct {
	common
	tenant, name, language         string
	rates, poll, call, show, write string
	risk, plot                     string
	units                          int64
	cycles                         int
	seed                           uint64
	noSearch, asJSON               bool
	orders, shops                  string
	weeks                          float64
}

const whatifLong = `Whatif plays one SKU in several shops many times over, with customers who come by chance, and prints what each policy comes to, per stock cycle (from
all units in line until all are sold): units oversold, how many of the cycles oversell at all, sales lost although units were unsold somewhere, sales lost
when there were none, numbers written, and how many units each shop showed.

Compared are a sync as simple as can be (each shop's number is overwritten once per interval, whatever the shop has sold meanwhile), "same" as soroi does it,
the given PATTERN (a file, or with --db one that is stored), auto, and the best static split that a search finds at the same risk.

--poll, --call, --show and --write take one value for all shops, values by shop (rakuten=15s,yahoo=5m), or both. --show takes several equally
likely ones with slashes (30s/60s/5m).

--orders plays real orders, each with its units, at the times when they were placed: every SKU of the file for itself, with stock kept scarce. Auto then goes by what has been
seen of the orders so far, as it does in planning.`

func whatifCommand() *cobra.Command {
	var f whatifFlags
	cmd := &cobra.Command{
		Use:   "whatif [PATTERN]",
		Short: "Try an allocation pattern against simulated customers: oversold units, lost sales, pushes",
		Long:  whatifLong,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.orders != "" {
				return f.streams(cmd, args)
			}
			q, err := f.question()
			if err == nil && len(args) == 1 {
				q.Pattern, err = f.pattern(cmd, args[0], q.World.Shops)
			}
			if err != nil {
				return err
			}
			return f.answer(cmd, q)
		},
	}
	f.bind(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.tenant, "tenant", "", "with --db: the merchant's `code`, where there are several")
	flags.StringVar(&f.name, "name", "", "the pattern's `name`, where the file has several")
	flags.StringVar(&f.rates, "rate", "", "orders per hour of each `shop`: rakuten=30,yahoo=15")
	flags.StringVar(&f.orders, "orders", "", "play the orders of this CSV `file` at their own times instead (docs/replay.md has the form)")
	flags.StringVar(&f.shops, "shops", "A,B,C,D", "with --orders: the `shops`; each order is one's by its number")
	flags.Float64Var(&f.weeks, "weeks", 0.5, "with --orders: each Monday stock is filled up to this part of a mean week's sales")
	flags.Int64Var(&f.units, "units", 30, "sellable `units` at the beginning of a cycle")
	flags.StringVar(&f.poll, "poll", "15s", "how often a shop's orders are polled, a `time`")
	flags.StringVar(&f.call, "call", "1s", "how long a call takes, a `time`")
	flags.StringVar(&f.show, "show", "0s", "from then until the shop sells by a new number, a `time`")
	flags.StringVar(&f.write, "write", "overwrite", "how a shop's number is written, a `word`: overwrite, difference, or difference-to-zero where it stops at zero")
	flags.StringVar(&f.risk, "risk", "0.1%", "how often auto, and the split that is searched, may oversell: `percent` of the cycles")
	flags.IntVar(&f.cycles, "cycles", 10_000, "how many `cycles` each policy is played")
	flags.Uint64Var(&f.seed, "seed", 1, "the same `number` gives the same customers")
	flags.BoolVar(&f.noSearch, "no-search", false, "leave out the best static split")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	flags.StringVar(&f.plot, "plot", "", "also draw it into this SVG `file`")
	flags.StringVar(&f.language, "language", "ja", "ja or en")
	return cmd
}

// mostCycles bounds how long a question may take.
const mostCycles = 10_000_000

// question reads the flags.
func (f *whatifFlags) question() (q whatif.Question, err error) {
	q = whatif.Question{Search: !f.noSearch, Seed: f.seed, Cycles: f.cycles}
	q.World.Units = f.units
	risk, ok := allocation.ParseRisk(f.risk)
	switch {
	case !ok:
		return q, fmt.Errorf("--risk %q: give a percentage from 0.0001%% to %s", f.risk, allocation.RiskText(allocation.LargestRisk))
	case f.units < 1 || f.units > whatif.MostUnits:
		return q, fmt.Errorf("--units %d: give 1 to %d", f.units, whatif.MostUnits)
	case f.cycles < 1 || f.cycles > mostCycles:
		return q, fmt.Errorf("--cycles %d: give 1 to %d", f.cycles, mostCycles)
	case f.rates == "":
		return q, errors.New("how fast does the SKU sell? Give --rate SHOP=ORDERS-PER-HOUR,…, for example --rate rakuten=30,yahoo=15")
	}
	q.Risk = risk
	names, rates, err := pairs("rate", f.rates)
	if err != nil {
		return q, err
	}
	sum := 0.0
	for i, name := range names {
		rate, err := strconv.ParseFloat(rates[i], 64)
		if err != nil || !(rate >= 0) || rate > 1e6 {
			return q, fmt.Errorf("--rate %s=%s: give orders per hour, 0 to 1000000", name, rates[i])
		}
		if slices.Contains(names[:i], name) {
			return q, fmt.Errorf("--rate: the shop %s comes twice", name)
		}
		sum += rate
		q.World.Shops = append(q.World.Shops, whatif.Shop{Name: name, Rate: rate})
	}
	switch {
	case len(names) > whatif.MostShops:
		return q, fmt.Errorf("--rate: %d shops are more than %d", len(names), whatif.MostShops)
	case sum == 0:
		return q, errors.New("--rate: nothing sells anywhere, so nothing can be told")
	}
	return q, f.lags(q.World.Shops)
}

// lags reads what is given for all shops, or by shop.
func (f *whatifFlags) lags(shops []whatif.Shop) error {
	err := byShop("poll", f.poll, shops, func(s *whatif.Shop, text string) (err error) {
		s.Every, err = period(text, time.Millisecond)
		return err
	})
	if err == nil {
		err = byShop("call", f.call, shops, func(s *whatif.Shop, text string) (err error) {
			s.Call, err = period(text, 0)
			return err
		})
	}
	if err == nil {
		err = byShop("show", f.show, shops, func(s *whatif.Shop, text string) error {
			s.Show = nil
			for part := range strings.SplitSeq(text, "/") {
				v, err := period(part, 0)
				if err != nil {
					return err
				}
				s.Show = append(s.Show, v)
			}
			return nil
		})
	}
	if err == nil {
		err = byShop("write", f.write, shops, func(s *whatif.Shop, text string) error {
			ways := map[string]allocation.Write{"overwrite": allocation.Overwrite, "difference": allocation.Move, "difference-to-zero": allocation.MoveToZero}
			if s.Write = ways[text]; s.Write == allocation.NoWrite {
				return errors.New("give overwrite, difference or difference-to-zero")
			}
			return nil
		})
	}
	return err
}

// period reads a duration, in microseconds.
func period(text string, least time.Duration) (int64, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d < least || d > 7*24*time.Hour {
		return 0, fmt.Errorf("give a time like 15s or 5m, at most 168h, and at least %v", least)
	}
	return d.Microseconds(), nil
}

// pairs reads NAME=VALUE with commas between. A name may hold an =.
func pairs(flag, text string) (names, values []string, err error) {
	for part := range strings.SplitSeq(text, ",") {
		at := strings.LastIndexByte(part, '=')
		if at < 1 {
			return nil, nil, fmt.Errorf("--%s %q: write it like NAME=VALUE, with commas between", flag, part)
		}
		names, values = append(names, strings.TrimSpace(part[:at])), append(values, strings.TrimSpace(part[at+1:]))
	}
	return names, values, nil
}

// byShop reads VALUE, NAME=VALUE and several of these with commas: what has no name is for all shops.
func byShop(flag, text string, shops []whatif.Shop, set func(*whatif.Shop, string) error) error {
	for _, named := range []bool{false, true} {
		for part := range strings.SplitSeq(text, ",") {
			at := strings.LastIndexByte(part, '=')
			if (at >= 0) != named {
				continue
			}
			found := false
			for i := range shops {
				if named && shops[i].Name != strings.TrimSpace(part[:at]) {
					continue
				}
				found = true
				if err := set(&shops[i], strings.TrimSpace(part[at+1:])); err != nil {
					return fmt.Errorf("--%s %q: %w", flag, part, err)
				}
			}
			if !found {
				return fmt.Errorf("--%s %q: there is no such shop in --rate", flag, part)
			}
		}
	}
	return nil
}

// pattern reads the pattern in question: a file, or a stored one. It may name no other shops than the world has.
func (f *whatifFlags) pattern(cmd *cobra.Command, from string, shops []whatif.Shop) (*allocation.Pattern, error) {
	t := &allocated{language: f.language}
	for _, s := range shops {
		t.find(s.Name)
	}
	t.closed = true
	if !cmd.Flags().Changed("db") {
		if err := t.read(from, f.name, nil); err != nil {
			return nil, err
		}
		return &t.pattern, nil
	}
	return &t.pattern, withTenant(cmd.Context(), f.common, f.tenant, func(db *store.DB, id stock.TenantID) error {
		own, err := db.ListShops(cmd.Context(), id)
		if err != nil {
			return err
		}
		if err := t.stored(cmd.Context(), db, id, from, nil); err != nil {
			return err
		}
		t.renumber(own)
		return nil
	})
}

// renumber makes a stored pattern, which names shops by their ids, one over the shops of the table, which it names by name.
func (t *allocated) renumber(own []store.Shop) {
	ids := make(map[allocation.ShopID]allocation.ShopID)
	for _, s := range own {
		if id, ok := t.find(s.Name); ok {
			ids[allocation.ShopID(s.ID)] = id
		}
	}
	t.pattern = t.pattern.Over(ids)
}

func (f *whatifFlags) answer(cmd *cobra.Command, q whatif.Question) error {
	list, err := whatif.Ask(cmd.Context(), q, clock.System{}.Now)
	if err != nil {
		return err
	}
	if f.plot != "" {
		if err := os.WriteFile(f.plot, []byte(f.chart(q, list).SVG()), 0o600); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if f.asJSON {
		err = f.writeJSON(out, q, list)
	} else {
		f.writeTable(out, q, list)
	}
	return errors.Join(err, out.Flush())
}

func (f *whatifFlags) chart(q whatif.Question, list []whatif.Answer) whatif.Chart {
	c := whatif.Chart{Stood: explain.Whatif("stood", f.language)}
	for i, key := range []string{"oversold", "elsewhere", "pushes"} {
		c.Titles[i] = explain.Whatif(key, f.language)
	}
	for _, s := range q.World.Shops {
		c.Shops = append(c.Shops, s.Name)
	}
	for _, t := range list {
		c.Names, c.Answers = append(c.Names, f.policyName(q, t.Policy)), append(c.Answers, t)
	}
	return c
}

// policyName is a policy as people know it.
func (f *whatifFlags) policyName(q whatif.Question, p whatif.Policy) string {
	if p.Name == whatif.PatternName {
		return q.Pattern.Name
	}
	return explain.Whatif(p.Name, f.language)
}

func (f *whatifFlags) writeTable(w io.Writer, q whatif.Question, list []whatif.Answer) {
	say := func(key string) string { return explain.Whatif(key, f.language) }
	heads := []string{say("policy"), say("oversold_short"), "±", say("risk"), say("elsewhere_short"), "±", say("nowhere_short"), say("pushes_short")}
	for _, s := range q.World.Shops {
		heads = append(heads, s.Name)
	}
	lines := [][]string{append(heads, say("speed"))}
	for _, t := range list {
		r := t.Result
		line := []string{f.policyName(q, t.Policy), decimals(r.Oversold, 3), decimals(r.OversoldWidth, 3), decimals(100*r.Risk, 2) + "%", decimals(r.Elsewhere, 2),
			decimals(r.ElsewhereWidth, 2), decimals(r.Nowhere, 2), decimals(r.Pushes, 1)}
		for _, s := range r.Stood {
			line = append(line, decimals(s, 1))
		}
		lines = append(lines, append(line, strconv.Itoa(int(t.PerSecond()))))
	}
	fmt.Fprintf(w, say("head")+"\n", q.World.Units, q.Cycles)
	writeColumns(w, lines)
	for _, t := range list {
		if t.Policy.Name == whatif.SplitName {
			way := "kept_up"
			if t.Policy.Frozen {
				way = "as_they_are"
			}
			fmt.Fprintf(w, "%s: %s (%s)\n", say(whatif.SplitName), strings.Join(t.Policy.Parts(), " / "), say(way))
		}
	}
	c := f.chart(q, list)
	for k, title := range c.Titles[:2] {
		fmt.Fprintf(w, "\n%s\n", title)
		writeBars(w, c.Names, list, k)
	}
	fmt.Fprintln(w, "\n"+say("meaning"))
}

// barWidth is how long the longest bar is.
const barWidth = 50

func writeBars(w io.Writer, names []string, list []whatif.Answer, k int) {
	value := func(t whatif.Answer) float64 { return []float64{t.Result.Oversold, t.Result.Elsewhere}[k] }
	most, widest := 0.0, 0
	for i, t := range list {
		most, widest = max(most, value(t)), max(widest, cells(names[i]))
	}
	for i, t := range list {
		length := 0
		if most > 0 {
			length = int(value(t)/most*barWidth + 0.5)
		}
		fmt.Fprintf(w, "%s%s  %s %s\n", strings.Repeat(" ", widest-cells(names[i])), names[i], strings.Repeat("█", length), decimals(value(t), 3))
	}
}

func decimals(v float64, n int) string { return strconv.FormatFloat(v, 'f', n, 64) }

func (f *whatifFlags) writeJSON(w io.Writer, q whatif.Question, list []whatif.Answer) error {
	type shop struct {
		Name  string  `json:"name"`
		Rate  float64 `json:"orders_per_hour"`
		Poll  float64 `json:"poll_seconds"`
		Call  float64 `json:"call_seconds"`
		Show  float64 `json:"show_seconds"` // the longest
		Write string  `json:"write"`
	}
	type line struct {
		Policy string `json:"policy"`
		Name   string `json:"name"`
		whatif.Result
		Parts           []string `json:"parts,omitempty"`
		Frozen          bool     `json:"frozen,omitempty"`
		CyclesPerSecond float64  `json:"cycles_per_second"`
	}
	out := struct {
		Units    int64   `json:"units"`
		Risk     float64 `json:"risk"`
		Seed     uint64  `json:"seed"`
		Shops    []shop  `json:"shops"`
		Policies []line  `json:"policies"`
	}{Units: q.World.Units, Risk: float64(q.Risk) / 1e6, Seed: q.Seed}
	for _, s := range q.World.Shops {
		way := map[allocation.Write]string{allocation.Overwrite: "overwrite", allocation.Move: "difference", allocation.MoveToZero: "difference-to-zero"}[s.Write]
		out.Shops = append(out.Shops, shop{s.Name, s.Rate, float64(s.Every) / 1e6, float64(s.Call) / 1e6, float64(s.Show.Longest()) / 1e6, way})
	}
	for _, t := range list {
		l := line{Policy: t.Policy.Name, Name: f.policyName(q, t.Policy), Result: t.Result, CyclesPerSecond: t.PerSecond()}
		if t.Policy.Name == whatif.SplitName {
			l.Parts, l.Frozen = t.Policy.Parts(), t.Policy.Frozen
		}
		out.Policies = append(out.Policies, l)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
