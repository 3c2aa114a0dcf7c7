package yahoo

import (
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/stock"
)

var testNow = time.Date(2026, 1, 20, 3, 0, 0, 0, time.UTC)

func answerOf(t testing.TB, status int, name string) channel.Answer {
	return channel.Answer{Status: status, Body: channeltest.Fixture(t, name+".response.xml")}
}

func TestGoldenOrderLists(t *testing.T) {
	for _, name := range []string{"list", "list_one", "list_none"} {
		t.Run(name, func(t *testing.T) {
			orders, total, err := readList(answerOf(t, 200, "orders/"+name))
			if err != nil {
				t.Fatal(err)
			}
			channeltest.Golden(t, "orders/"+name, struct {
				Total  int
				Orders []listed
			}{total, orders})
		})
	}
}

func TestGoldenOrders(t *testing.T) {
	for _, name := range []string{"two_lines", "one_line", "cancelled_for_shortage", "shipped", "split_parent", "odd"} {
		t.Run(name, func(t *testing.T) {
			o, err := readInfo(answerOf(t, 200, "orders/"+name))
			if err != nil {
				t.Fatal(err)
			}
			placed, _ := readTime(o.OrderTime)
			s, children := snapshot(o, listed{Number: o.OrderID, PlacedAt: placed}, testNow)
			if err := s.Check(); err != nil {
				t.Error(err)
			}
			channeltest.Golden(t, "orders/"+name, struct {
				Snapshot any
				Children []string
			}{s, children})
		})
	}
}

// outcomeText is an outcome as a golden file shows it.
type outcomeText struct {
	State string
	Shown string `json:",omitempty"`
	Error string `json:",omitempty"`
}

func textOf(o channel.Outcome) outcomeText {
	text := outcomeText{State: string(o.State)}
	if o.Shown != nil {
		text.Shown = o.Shown.String()
	}
	if o.Err != nil {
		text.Error = o.Err.Error()
	}
	return text
}

func TestGoldenSetStock(t *testing.T) {
	for name, status := range map[string]int{"set": 200, "set_207": 207} {
		t.Run(name, func(t *testing.T) {
			results, err := readStock(opSetStock, answerOf(t, status, "stock/"+name))
			if err != nil {
				t.Fatal(err)
			}
			ten := stock.Units(10)
			got := map[channel.Ref]outcomeText{}
			for _, r := range []channel.Ref{"t-shirt-01:blue-m", "mug-07", "mug-08", "mug-09", "mug-10", "mug-11"} {
				got[r] = textOf(results.outcome(channel.Update{Ref: r, Want: stock.Units(9), Expect: &ten}))
			}
			channeltest.Golden(t, "stock/"+name, got)
		})
	}
}

func TestGoldenGetStock(t *testing.T) {
	results, err := readStock(opGetStock, answerOf(t, 207, "stock/get"))
	if err != nil {
		t.Fatal(err)
	}
	var got []channel.Shown
	for _, r := range []channel.Ref{"t-shirt-01:blue-m", "mug-07", "mug-08", "mug-09"} {
		s, err := results.shown(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s)
	}
	channeltest.Golden(t, "stock/get", got)
}

func TestGoldenItems(t *testing.T) {
	items, total, err := readItems(answerOf(t, 200, "items/list"))
	if err != nil {
		t.Fatal(err)
	}
	variations, err := readItem(answerOf(t, 200, "items/item"))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, v := range variations {
		texts = append(texts, v.code+" = "+v.options)
	}
	channeltest.Golden(t, "items/items", struct {
		Total      int
		Items      []xmlListed
		Variations []string
	}{total, items, texts})
}
