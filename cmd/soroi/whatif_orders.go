package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/allocation"
	"soroi/internal/explain"
	"soroi/internal/replay"
	"soroi/internal/whatif"
)

// streams plays the orders of a file under each policy.
func (f *whatifFlags) streams(cmd *cobra.Command, args []string) error {
	shops, err := f.streamShops()
	if err != nil {
		return err
	}
	risk, ok := allocation.ParseRisk(f.risk)
	switch {
	case !ok:
		return fmt.Errorf("--risk %q: give a percentage from 0.0001%% to %s", f.risk, allocation.RiskText(allocation.LargestRisk))
	case !(f.weeks > 0 && f.weeks <= 1000):
		return fmt.Errorf("--weeks %v: give a number above 0, at most 1000", f.weeks)
	}
	policies := []whatif.Policy{whatif.Same}
	if len(args) == 1 {
		p, err := f.pattern(cmd, args[0], shops)
		if err != nil {
			return err
		}
		policies = append(policies, whatif.Policy{Name: whatif.PatternName, Pattern: *p})
	}
	policies = append(policies, whatif.Auto(risk))
	s, err := replay.ReadFile(f.orders, time.Time{}, time.Time{})
	if err != nil {
		return err
	}
	list := scarce(s, len(shops), f.weeks)
	if len(list) == 0 {
		return fmt.Errorf("%s has no sales in it", f.orders)
	}
	var totals []total
	for _, p := range policies {
		t, err := whatif.PlayStreams(cmd.Context(), shops, p, f.seed, list)
		if err != nil {
			return err
		}
		name := explain.Whatif(p.Name, f.language)
		if p.Name == whatif.PatternName {
			name = p.Pattern.Name
		}
		totals = append(totals, total{Policy: p.Name, Name: name, Total: t})
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if f.asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(totals)
	} else {
		f.writeTotals(out, totals)
	}
	return errors.Join(err, out.Flush())
}

// total is what a policy came to over all SKUs of the file.
type total struct {
	Policy string `json:"policy"`
	Name   string `json:"name"`
	whatif.Total
}

func (f *whatifFlags) writeTotals(w io.Writer, totals []total) {
	say := func(key string) string { return explain.Whatif(key, f.language) }
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	lines := [][]string{{say("policy"), say("wanted"), say("sold"), say("oversold_short"), say("oversold_orders"), say("elsewhere_short"), say("nowhere_short"), say("pushes_short")}}
	for _, t := range totals {
		lines = append(lines, []string{t.Name, n(t.Wanted), n(t.Sold), n(t.Oversold), n(t.Orders), n(t.Elsewhere), n(t.Nowhere), n(t.Pushes)})
	}
	fmt.Fprintf(w, say("stream_head")+"\n", totals[0].SKUs)
	writeColumns(w, lines)
}

// streamShops are the shops of --shops, without rates.
func (f *whatifFlags) streamShops() ([]whatif.Shop, error) {
	var shops []whatif.Shop
	for name := range strings.SplitSeq(f.shops, ",") {
		name = strings.TrimSpace(name)
		if name == "" || slices.ContainsFunc(shops, func(s whatif.Shop) bool { return s.Name == name }) {
			return nil, fmt.Errorf("--shops %q: give different names, with commas between", f.shops)
		}
		shops = append(shops, whatif.Shop{Name: name})
	}
	if len(shops) > whatif.MostShops {
		return nil, fmt.Errorf("--shops: %d shops are more than %d", len(shops), whatif.MostShops)
	}
	return shops, f.lags(shops)
}

// scarce makes a stream for each SKU that sells: its orders, each in the shop that a hash of the invoice's number chooses, and on each Monday a delivery that
// fills up what the orders of the week before have taken, as far as there was any, to so many weeks of mean sales.
func scarce(s *replay.Stream, shops int, weeks float64) []whatif.Stream {
	begin := s.First.Truncate(24 * time.Hour)
	for begin.Weekday() != time.Monday {
		begin = begin.AddDate(0, 0, -1)
	}
	sales := make([]whatif.Stream, len(s.Codes))
	wanted := make([]int64, len(s.Codes))
	for _, e := range s.Events {
		if e.Kind != replay.Sale {
			continue
		}
		h := fnv.New32a()
		_, _ = io.WriteString(h, e.Invoice) // a hash takes everything
		sales[e.SKU] = append(sales[e.SKU], whatif.Event{At: e.At.Sub(begin).Microseconds(), Shop: int(h.Sum32() % uint32(shops)), Units: e.Units})
		wanted[e.SKU] += e.Units
	}
	week := (7 * 24 * time.Hour).Microseconds()
	all := int64(s.Last.Sub(begin).Microseconds()/week) + 1
	var list []whatif.Stream
	for i, events := range sales {
		if len(events) == 0 {
			continue
		}
		full := max(int64(math.Round(float64(wanted[i])/float64(all)*weeks)), 1)
		var stream whatif.Stream
		left, at := int64(0), 0
		for n := range all {
			if full > left {
				stream = append(stream, whatif.Event{At: n * week, Shop: -1, Units: full - left})
				left = full
			}
			for ; at < len(events) && events[at].At < (n+1)*week; at++ {
				stream = append(stream, events[at])
				left = max(left-events[at].Units, 0)
			}
		}
		list = append(list, stream)
	}
	return list
}
