package town

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
)

func TestGoods(t *testing.T) {
	a, b := Goods(400, 7), Goods(400, 7)
	if !reflect.DeepEqual(a, b) {
		t.Fatal("the same seed gives other goods")
	}
	if reflect.DeepEqual(a, Goods(400, 8)) {
		t.Fatal("another seed gives the same stock")
	}
	codes := map[string]bool{}
	for _, g := range a {
		if codes[g.Code] || g.Stock < 1 || g.title() == "" || g.Code != slug(g.Code) {
			t.Errorf("%+v", g)
		}
		codes[g.Code] = true
	}
}

func TestKeysAreOnesThatEveryMallKeepsApart(t *testing.T) {
	goods := []Good{{Code: "85123A"}, {Code: "85123a"}, {Code: "BANK CHARGES"}, {Code: "bank_charges"}, {Code: "…"}, {Code: "??"},
		{Code: "p-1", Product: "P", Choice: "S"}, {Code: "P-1", Product: "P", Choice: "M"}, {Code: "P"},
		{Code: strings.Repeat("x", 40)}, {Code: strings.Repeat("x", 41)}}
	for _, kind := range Kinds() {
		ids := newIDs(kind)
		seen := map[string]string{}
		for _, g := range goods {
			k := ids.key(g)
			folded := strings.ToLower(k.Item + ":" + k.Variant)
			if other, there := seen[folded]; there {
				t.Errorf("%s: %q and %q are both %s", kind, g.Code, other, k)
			}
			seen[folded] = g.Code
			if kind == "rakuten" && k.Item != strings.ToLower(k.Item) || len(k.Item) > 32 || len(k.Variant) > 32 {
				t.Errorf("%s: %s", kind, k)
			}
		}
		if a, b := ids.key(Good{Code: "q-1", Product: "Q", Choice: "S"}), ids.key(Good{Code: "q-2", Product: "Q", Choice: "M"}); a.Item != b.Item {
			t.Errorf("%s: one product became %s and %s", kind, a, b)
		}
	}
}

func TestStartAndClose(t *testing.T) {
	town, err := New(clock.System{}, Options{Kinds: append(Kinds(), "rakuten", "rakuten=本店"), Seed: 3, OrdersPerMinute: 6000, Pace: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := town.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := town.Start(t.Context()); err == nil {
		t.Error("started twice")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	names := ""
	for _, m := range town.Malls() {
		names += " " + m.Name
		s := m.Settings()
		if s["base_url"] != m.BaseURL() || len(s) < 3 {
			t.Errorf("%s: settings %v", m.Name, s)
		}
		resp, err := client.Get(s["base_url"] + "/nothing")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("%s answers %d to nothing", m.Name, resp.StatusCode)
		}
		if !reflect.DeepEqual(s, m.Settings()) {
			t.Errorf("%s: settings change", m.Name)
		}
	}
	if names != " rakuten yahoo shopify vendure rakuten-2 本店" {
		t.Error(names)
	}
	for town.Buyers().Orders < 20 { // they come a hundred a second
		select {
		case <-t.Context().Done():
			t.Fatal("no buyers came")
		case <-time.After(5 * time.Millisecond):
		}
	}
	r := httptest.NewRequest("GET", "http://127.0.0.1/shops", nil)
	w := httptest.NewRecorder()
	town.Control().ServeHTTP(w, r)
	var list struct {
		Shops []struct {
			Name     string
			Settings map[string]string
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Shops) != 6 || list.Shops[0].Settings["base_url"] != town.Mall("rakuten").BaseURL() {
		t.Errorf("%v %s", err, w.Body)
	}
	base := town.Mall("rakuten").BaseURL()
	if err := town.Close(); err != nil {
		t.Fatal(err)
	}
	before := town.Buyers()
	if _, err := client.Get(base); err == nil {
		t.Error("a closed mall answers")
	}
	if after := town.Buyers(); before != after {
		t.Error("buyers go on in a closed town")
	}
}

func TestADayOfBuyers(t *testing.T) {
	run := func(seed uint64) (BuyerStats, mallsim.Books) {
		var stats BuyerStats
		var books mallsim.Books
		synctest.Test(t, func(t *testing.T) {
			town, err := New(clock.System{}, Options{Kinds: []string{"rakuten", "vendure"}, Seed: seed, OrdersPerMinute: 2, EditsPerHour: 10})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 24*time.Hour)
			defer stop()
			town.buyers.run(ctx)
			stats, books = town.Buyers(), town.Mall("rakuten").Core.Books()
		})
		return stats, books
	}
	s, books := run(5)
	placed := s.Orders
	if placed < 1500 || s.LostUnits == 0 || s.Cancels == 0 || s.Edits == 0 || s.Shipments < placed*3/4 || s.Returns == 0 || s.NumberEdits < 150 {
		t.Errorf("%+v", s)
	}
	again, sameBooks := run(5)
	if s != again || !reflect.DeepEqual(books, sameBooks) {
		t.Errorf("the same seed gives another day: %+v, %+v", s, again)
	}
	if other, _ := run(6); s == other {
		t.Error("another seed gives the same day")
	}
	for _, l := range books.Listings {
		if l.Stock < 0 {
			t.Errorf("%s shows %d", l.Key, l.Stock)
		}
	}
}

func TestBooksAreKept(t *testing.T) {
	dir := t.TempDir()
	open := func() *Town {
		town, err := New(clock.System{}, Options{Kinds: Kinds(), Seed: 3, Books: dir})
		if err != nil {
			t.Fatal(err)
		}
		return town
	}
	town := open()
	for i, m := range town.Malls() {
		k, _ := m.Key("mg01-wh")
		m.Core.SetStock(k, 100, mallsim.ByEdit)
		for n := range 5 + i {
			if o, err := m.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: k, Units: 1}}}); err == nil && n == 2 {
				m.Core.Ship(o.Number, nil)
				m.Cancel(o.Number, mallsim.Cancellation{Shipped: true})
			}
		}
	}
	if err := town.Save(dir); err != nil {
		t.Fatal(err)
	}
	again := open()
	for i, m := range town.Malls() {
		if other := again.Malls()[i]; !reflect.DeepEqual(m.Core.Books(), other.Core.Books()) || !reflect.DeepEqual(m.Settings(), other.Settings()) {
			t.Errorf("%s is another mall now", m.Name)
		} else if k, there := other.Key("mg01-wh"); !there {
			t.Errorf("%s has lost its codes", m.Name)
		} else if _, err := other.Place(mallsim.Basket{Lines: []mallsim.Want{{Key: k, Units: 1}}}); err != nil {
			t.Error(err)
		}
	}
	if goods := again.Goods(); len(goods) != 240 || goods[0].Code == "" || goods[0].Stock != town.Malls()[0].Core.Listings()[0].Stock {
		t.Errorf("%d goods, the first is %+v", len(goods), goods[0])
	}
	if err := again.AddGoods([]Good{{Code: "new-1", Product: "new", Choice: "S", Stock: 1}}); err != nil {
		t.Error(err)
	}
	if err := again.AddGoods([]Good{{Code: "mg01-wh"}}); err == nil {
		t.Error("a code went on sale twice")
	}
	if err := again.Save(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := New(clock.System{}, Options{Kinds: []string{"vendure=rakuten"}, Books: dir}); err == nil {
		t.Error("a mall took another kind's books")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{
		{}, {Kinds: []string{"amazon"}}, {Kinds: []string{"rakuten=a", "yahoo=a"}}, {Kinds: []string{"rakuten=../x"}},
		{Kinds: []string{"rakuten"}, Faults: []Fault{{Mall: "yahoo", Fault: mallsim.Fault{Kind: mallsim.Slow}}}},
		{Kinds: []string{"rakuten"}, Faults: []Fault{{Fault: mallsim.Fault{Kind: "?"}}}},
		{Kinds: []string{"rakuten"}, Goods: []Good{{Code: "a"}, {Code: "a"}}},
	} {
		if _, err := New(clock.System{}, o); err == nil {
			t.Errorf("took %+v", o)
		}
	}
}

func TestParseFaults(t *testing.T) {
	list, err := ParseFaults("rakuten:inventories/*=timeout_after:2%:3, *:*=slow:3s,")
	want := []Fault{
		{"rakuten", mallsim.Fault{Op: "inventories/*", Kind: mallsim.TimeoutAfter, Probability: 0.02, Times: 3}},
		{"", mallsim.Fault{Op: "*", Kind: mallsim.Slow, Delay: 3 * time.Second}},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v %v", list, err)
	}
	for _, bad := range []string{"slow", "x:slow", "x:y=z", ":y=slow", "x:=slow", "x:[=slow", "x:y=slow:200%", "x:y=slow:0", "x:y=slow:-1", "x:y=slow:often"} {
		if _, err := ParseFaults(bad); err == nil {
			t.Errorf("took %q", bad)
		}
	}
	town, err := New(clock.System{}, Options{Kinds: []string{"rakuten", "vendure"}, Faults: want})
	if err != nil || fmt.Sprint(len(town.Mall("rakuten").Core.Faults()), len(town.Mall("vendure").Core.Faults())) != "2 1" {
		t.Errorf("%v", err)
	}
}
