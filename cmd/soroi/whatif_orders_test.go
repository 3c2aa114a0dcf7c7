package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// scarceOrders writes a stream of orders that come in bursts, in office hours, of one unit or of dozens: what a Poisson process of single units is not.
func scarceOrders(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	var b strings.Builder
	b.WriteString("InvoiceNo,StockCode,Quantity,InvoiceDate\n")
	invoice := 1000
	day := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for range 120 {
		for minute := 9 * 60; minute < 17*60; minute++ {
			for range rng.IntN(3) * rng.IntN(2) {
				invoice++
				at := day.Add(time.Duration(minute) * time.Minute)
				for range 1 + rng.IntN(3) {
					units := 1 + rng.IntN(3)
					if rng.IntN(6) == 0 {
						units *= 12
					}
					fmt.Fprintf(&b, "%d,CODE-%02d,%d,%s\n", invoice, rng.IntN(40), units, at.Format("2006-01-02 15:04:05"))
				}
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	file := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWhatif_orders(t *testing.T) {
	t.Parallel()
	file := scarceOrders(t)
	got, err := run(t, "whatif", "--orders", file, "--shops", "楽天,Yahoo,Amazon,Qoo10", "--poll", "5m", "--show", "5m", "--json", whatifPatterns(t))
	if err != nil {
		t.Fatal(err)
	}
	var totals []struct {
		Policy, Name string
		SKUs         int
		Wanted       int64 `json:"wanted_units"`
		Sold         int64 `json:"sold_units"`
		Oversold     int64 `json:"oversold_units"`
		Elsewhere    int64 `json:"lost_elsewhere_units"`
		Nowhere      int64 `json:"lost_nowhere_units"`
	}
	if err := json.Unmarshal([]byte(got), &totals); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if len(totals) != 3 || totals[1].Name != "楽天優先" {
		t.Fatalf("%+v", totals)
	}
	for _, x := range totals {
		if x.SKUs != 40 || x.Sold+x.Elsewhere+x.Nowhere != x.Wanted || x.Wanted != totals[0].Wanted {
			t.Errorf("%+v", x)
		}
	}
	same, auto := totals[0], totals[2]
	if same.Oversold < 500 || auto.Oversold*100 > same.Oversold {
		t.Errorf("same oversells %d units, auto %d", same.Oversold, auto.Oversold)
	}
	if auto.Sold*10 < same.Sold*9 {
		t.Errorf("same sells %d units, auto %d", same.Sold, auto.Sold)
	}
	got, err = run(t, "whatif", "--orders", file, "--poll", "5m", "--show", "5m", "--language", "en")
	if err != nil || !strings.Contains(got, "Real orders of 40 SKUs\n") {
		t.Errorf("%v: %s", err, got)
	}
	for want, args := range map[string][]string{
		"--weeks 0: give a number above 0": {"--orders", file, "--weeks", "0"},
		"give different names":             {"--orders", file, "--shops", "a,a"},
		"no such file":                     {"--orders", file + ".none"},
	} {
		if got, err := run(t, append([]string{"whatif"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v %s", args, err, got)
		}
	}
}
