package yahoo

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/stock"
)

func push(ref channel.Ref, want int64, expect ...int64) channel.Update {
	u := channel.Update{Ref: ref, Want: stock.Units(want), Key: "k"}
	if len(expect) > 0 {
		q := stock.Units(expect[0])
		u.Expect = &q
	}
	return u
}

func TestDifferencesKeepTheirPlus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.answer[opSetStock] = func(w http.ResponseWriter, _ request) {
			fmt.Fprint(w, `<ResultSet ok="4" ng="0">`)
			for _, code := range []string{"a", "b", "c", "d"} {
				fmt.Fprintf(w, `<Result><ItemCode>%s</ItemCode><SubCode>x</SubCode><Quantity>7</Quantity></Result>`, code)
			}
			fmt.Fprint(w, `</ResultSet>`)
		}
		outcomes, err := s.open().PushStock(t.Context(), []channel.Update{
			push("a:x", 12), push("b:x", 12, 9), push("c:x", 5, 9), push("d:x", 0),
			push("e,f", 3), push("", 3), {Ref: "g", Want: stock.Unlimited}, push("h", largest+1),
		})
		if err != nil {
			t.Fatal(err)
		}
		body := s.last(opSetStock).body
		if strings.Contains(body, "+") {
			t.Errorf("the body holds a bare plus: %s", body)
		}
		form, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal(err)
		}
		if got := form.Get("seller_id") + " " + form.Get("item_code") + " " + form.Get("quantity"); got != testSeller+" a:x,b:x,c:x,d:x 12,+3,-4,0" {
			t.Errorf("sent %s", got)
		}
		for i, o := range outcomes {
			switch {
			case i < 4 && (o.State != channel.Applied || *o.Shown != stock.Units(7)):
				t.Errorf("outcome %d is %+v", i, o)
			case i >= 4 && o.State != channel.Refused:
				t.Errorf("outcome %d is %+v", i, o)
			}
		}
	})
}

func TestOneListingFailsWithAPlainError(t *testing.T) {
	for code, want := range map[string]channel.State{
		"st-02104": channel.Refused,
		"st-02101": channel.Refused,
		"ed-10002": channel.Unknown,
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				s.answer[opSetStock] = func(w http.ResponseWriter, _ request) { mallError(w, 400, code, "no") }
				outcomes, err := s.open().PushStock(t.Context(), []channel.Update{push("mug-07", 3)})
				if err != nil || outcomes[0].State != want {
					t.Errorf("%+v, %v, want %s", outcomes, err, want)
				}
			})
		})
	}
	t.Run("a subtraction met too few", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t)
			s.answer[opSetStock] = func(w http.ResponseWriter, _ request) { mallError(w, 400, "st-02104", "no") }
			outcomes, err := s.open().PushStock(t.Context(), []channel.Update{push("mug-07", 3, 9)})
			if err != nil || outcomes[0].State != channel.Conflict {
				t.Errorf("%+v, %v", outcomes, err)
			}
		})
	})
}

func TestReadStockAsksEachListingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.answer[opGetStock] = func(w http.ResponseWriter, _ request) {
			w.WriteHeader(207)
			w.Write(channeltest.Fixture(t, "stock/get.response.xml"))
		}
		got, err := s.open().ReadStock(t.Context(), []channel.Ref{"mug-07", "t-shirt-01:blue-m", "a,b", "mug-07"})
		if err != nil {
			t.Fatal(err)
		}
		if form, _ := url.ParseQuery(s.last(opGetStock).body); form.Get("item_code") != "mug-07,t-shirt-01:blue-m" {
			t.Errorf("asked for %s", form.Get("item_code"))
		}
		if !got[0].Found || !got[1].Found || got[2].Found || !got[3].Found || got[1].Quantity != stock.Units(12) {
			t.Errorf("%+v", got)
		}
	})
}

func TestListingsComeLetterByLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		// A mall that finds the word anywhere in the code: each item comes once all the same.
		s.answer[opItemList] = func(w http.ResponseWriter, _ request) { w.Write(channeltest.Fixture(t, "items/list.response.xml")) }
		s.answer[opItem] = func(w http.ResponseWriter, _ request) { w.Write(channeltest.Fixture(t, "items/item.response.xml")) }
		c := s.open()
		var refs []string
		var since channel.Cursor
		for {
			page, err := c.ListListings(t.Context(), since)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page.Listings {
				refs = append(refs, string(l.Ref)+" "+l.Title)
			}
			if since = page.Next; !page.More {
				break
			}
		}
		want := "t-shirt-01:blue-m Tシャツ <夏> 青 M|t-shirt-01:blue-l Tシャツ <夏> 青 L|tray 盆"
		if got := strings.Join(refs, "|"); got != want {
			t.Errorf("listed %s, want %s", got, want)
		}
		if n := s.calls(); n[opItem] != 1 || n[opItemList] != len(firstLetters) {
			t.Errorf("calls %v", n)
		}
		if _, err := c.ListListings(t.Context(), "nonsense"); channel.KindOf(err) != channel.Invalid {
			t.Errorf("a wrong cursor: %v", err)
		}
	})
}
