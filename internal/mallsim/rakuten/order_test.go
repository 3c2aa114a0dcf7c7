package rakuten

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/mallsim"
)

const (
	searchPath = "/es/2.0/order/searchOrder/"
	getPath    = "/es/2.0/order/getOrder/"
)

func (s *shop) search(days int, rest string) reply {
	s.Helper()
	now := s.mall.Clock().Now()
	return s.call("POST", searchPath, fmt.Sprintf(`{"dateType":1,"startDatetime":%q,"endDatetime":%q%s}`,
		now.AddDate(0, 0, -days).In(jst).Format(orderTime), now.In(jst).Format(orderTime), rest))
}

func numbers(r reply) []string {
	var list []string
	for _, n := range r.body["orderNumberList"].([]any) {
		list = append(list, n.(string))
	}
	return list
}

func (s *shop) order(number string) orderModel {
	s.Helper()
	r := s.call("POST", getPath, fmt.Sprintf(`{"orderNumberList":[%q],"version":7}`, number))
	var body struct {
		OrderModelList []orderModel `json:"OrderModelList"`
	}
	if err := json.Unmarshal([]byte(r.text), &body); err != nil || len(body.OrderModelList) != 1 {
		s.Fatalf("%d %s", r.status, r.text)
	}
	return body.OrderModelList[0]
}

func TestSearchRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, mallsim.Options{}, Options{})
		day := func(n int) string { return s.mall.Clock().Now().AddDate(0, 0, n).In(jst).Format(orderTime) }
		q := func(start, end, rest string) string {
			return fmt.Sprintf(`{"dateType":1,"startDatetime":%q,"endDatetime":%q%s}`, start, end, rest)
		}
		post := func(body string, change ...func(*http.Request)) reply {
			return s.call("POST", searchPath, body, change...)
		}
		for _, c := range []struct{ name, body, code string }{
			{"no date", `{"dateType":1,"endDatetime":"` + day(0) + `"}`, "ERROR_009"},
			{"no type", `{"startDatetime":"` + day(0) + `","endDatetime":"` + day(0) + `"}`, "ERROR_009"},
			{"an empty date", q("", day(0), ""), "ERROR_010"},
			{"Z", q("2026-01-14T00:00:00Z", day(0), ""), "ERROR_011"},
			{"a colon", q("2026-01-14T00:00:00+09:00", day(0), ""), "ERROR_011"},
			{"another zone", q("2026-01-14T00:00:00+0000", day(0), ""), "ERROR_011"},
			{"fractions", q("2026-01-14T00:00:00.000+0900", day(0), ""), "ERROR_011"},
			{"64 days", q(day(-64), day(0), ""), "ERROR_011"},
			{"two years back", q(day(-731), day(-730), ""), "ERROR_011"},
			{"backwards", q(day(0), day(-1), ""), "ERROR_011"},
			{"1001 a page", q(day(-1), day(0), `,"PaginationRequestModel":{"requestRecordsAmount":1001}`), "ERROR_011"},
			{"page 0", q(day(-1), day(0), `,"PaginationRequestModel":{"requestPage":0}`), "ERROR_011"},
			{"past 15,000", q(day(-1), day(0), `,"PaginationRequestModel":{"requestRecordsAmount":1000,"requestPage":16}`), "ERROR_011"},
			{"an odd state", q(day(-1), day(0), `,"orderProgressList":[150]`), "ERROR_011"},
			{"an odd column", q(day(-1), day(0), `,"PaginationRequestModel":{"SortModelList":[{"sortColumn":2,"sortDirection":1}]}`), "ERROR_011"},
			{"not JSON", `[]`, "ERROR_009"},
		} {
			r := post(c.body)
			s.refused(c.name, r, 400, "ORDER_EXT_API_SEARCH_ORDER_"+c.code)
			if n, there := r.body["orderNumberList"]; !there || n != nil {
				t.Errorf("%s: orderNumberList %v", c.name, n)
			}
		}
		good := q(day(-63), day(0), "")
		s.refused("63 days", post(good), 200, "ORDER_EXT_API_SEARCH_ORDER_INFO_102")
		s.refused("the other spelling", post(good, header("Content-Type", "application/json;charset=UTF-8")), 200, "INFO_102")
		s.refused("no charset", post(good, header("Content-Type", "application/json")), 415, "ES04-03")
		s.refused("no slash", s.call("POST", strings.TrimSuffix(searchPath, "/"), good), 404, "ES04-01")
		s.refused("GET", s.call("GET", searchPath, good), 405, "ES04-01")
		s.refused("a huge body", post(good+strings.Repeat(" ", 1<<20)), 413, "ES04-01")
	})
}

func TestSearchPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, mallsim.Options{}, Options{})
		s.mall.SetStock(blue, 1000, mallsim.ByEdit)
		var placed []string
		for range 95 {
			placed = append(placed, s.buy(1))
			time.Sleep(700 * time.Millisecond)
		}
		if r := s.search(1, ""); len(numbers(r)) != 30 {
			t.Errorf("a page without an amount has %d", len(numbers(r)))
		}
		if r := s.search(1, `,"requestRecordsAmount":90`); len(numbers(r)) != 30 {
			t.Errorf("a flattened amount was obeyed: %d", len(numbers(r)))
		}
		var got []string
		for page := 1; page <= 3; page++ {
			r := s.search(1, fmt.Sprintf(`,"PaginationRequestModel":{"requestRecordsAmount":40,"requestPage":%d,"SortModelList":[{"sortColumn":1,"sortDirection":1}]}`, page))
			p := r.body["PaginationResponseModel"].(map[string]any)
			if p["totalRecordsAmount"] != 95.0 || p["totalPages"] != 3.0 {
				t.Fatal(r.text)
			}
			got = append(got, numbers(r)...)
		}
		if !slices.Equal(got, placed) {
			t.Errorf("pages give %v", got)
		}
		if !strings.HasPrefix(placed[0], "123456-20000101-00000000") {
			t.Errorf("number %s", placed[0])
		}
		if r := s.search(1, `,"PaginationRequestModel":{"requestPage":9}`); len(numbers(r)) != 0 || r.body["PaginationResponseModel"].(map[string]any)["totalPages"] != nil {
			t.Error(r.text)
		}
		// Times count in whole seconds: an order at 12:00:00.7 is found from 12:00:00 to 12:00:00.
		o, _ := s.mall.Order(placed[1])
		second := o.PlacedAt.Truncate(time.Second).In(jst).Format(orderTime)
		if r := s.call("POST", searchPath, fmt.Sprintf(`{"dateType":1,"startDatetime":%q,"endDatetime":%q}`, second, second)); !slices.Contains(numbers(r), placed[1]) {
			t.Error(r.text)
		}
		s.mall.Inject(mallsim.Fault{Op: OpSearchOrder, Kind: mallsim.DuplicateOrders, Times: 1})
		if r := s.search(1, ""); len(numbers(r)) != 45 {
			t.Errorf("%d with duplicates", len(numbers(r)))
		}
	})
}

func TestStatesByTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, mallsim.Options{}, Options{ConfirmAfter: time.Minute, FixAfter: time.Minute})
		n := s.buy(2, 1)
		s.stock(blue, 7)
		found := func(state int) bool {
			return slices.Contains(numbers(s.search(1, fmt.Sprintf(`,"orderProgressList":[%d]`, state))), n)
		}
		for _, state := range []int{100, 200, 300} {
			if o := s.order(n); o.Progress != state || !found(state) || (o.Confirmed != nil) != (state > 100) || (o.Fixed != nil) != (state > 200) {
				t.Errorf("want %d, got %+v", state, o)
			}
			time.Sleep(time.Minute)
		}
		s.mall.Ship(n, map[string]int64{"1": 2})
		if o := s.order(n); o.Progress != 300 {
			t.Errorf("half shipped is %d", o.Progress)
		}
		s.mall.Ship(n, nil)
		if o := s.order(n); o.Progress != 500 || o.Reported == nil || len(o.Packages[0].Shipping) != 1 {
			t.Errorf("%+v", o)
		}
		if o, err := s.mall.Advance(n, "700"); err != nil || s.order(n).Progress != 700 {
			t.Errorf("%+v", o)
		}
	})
}

func TestCancelRules(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		name  string
		who   Canceller
		call  Restore
		flag  int
		sku   *bool
		mall  mallsim.Restock
		back  bool
		after bool
	}{
		{"the shop says so", ByShop, RestoreYes, 2, &no, mallsim.RestockNever, true, false},
		{"the shop says not", ByShop, RestoreNo, 1, &yes, mallsim.RestockAlways, false, false},
		{"the line says so", ByShop, RestoreBySetting, 1, &no, mallsim.RestockNever, true, false},
		{"the line says not", ByBuyer, RestoreYes, 2, &yes, mallsim.RestockAlways, false, false},
		{"the SKU says so", ByRakuten, RestoreNo, 0, &yes, mallsim.RestockNever, true, false},
		{"the SKU says not", ByBuyer, RestoreYes, 0, &no, mallsim.RestockAlways, false, false},
		{"the mall's own way", ByBuyer, RestoreNo, 0, nil, mallsim.RestockAlways, true, false},
		{"after shipping, put back", ByShop, RestoreYes, 0, nil, mallsim.RestockNever, true, true},
		{"after shipping, not", ByShop, RestoreNo, 0, nil, mallsim.RestockAlways, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, mallsim.Options{Restock: c.mall}, Options{})
			n := s.buy(4)
			s.SetLineRestore(n, "1", c.flag)
			if c.sku != nil {
				s.SetRestock(blue, *c.sku)
			}
			if c.after {
				s.mall.Ship(n, nil)
			}
			if _, err := s.Cancel(n, c.who, c.call); err != nil {
				t.Fatal(err)
			}
			want := int64(6)
			if c.back {
				want = 10
			}
			s.stock(blue, want)
			o := s.order(n)
			if o.Progress != 900 || o.Modified != 1 || len(o.Changes) != 1 || o.Changes[0].Done == nil || o.Packages[0].Items[0].Restore != c.flag {
				t.Errorf("%+v", o)
			}
			if o.Packages[0].Items[0].Units != 4 || o.Packages[0].Items[0].Deleted != 0 {
				t.Errorf("a cancelled order's line: %+v", o.Packages[0].Items[0])
			}
			if _, err := s.Cancel(n, ByShop, RestoreYes); err == nil {
				t.Error("cancelled twice")
			}
			s.stock(blue, want)
		})
	}
}

func TestCancelOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, mallsim.Options{}, Options{})
		n := s.buy(4)
		cancel := func(function, rest string) reply {
			return s.call("POST", "/es/2.0/order/"+function+"/", fmt.Sprintf(`{"orderNumber":%q%s}`, n, rest))
		}
		s.refused("without a type", cancel("cancelOrder", ""), 400, "ORDER_EXT_API_CANCEL_ORDER_ERROR_009")
		s.refused("an odd reason", cancel("cancelOrder", `,"inventoryRestoreType":0,"changeReasonDetailApply":7`), 400, "ERROR_011")
		s.refused("before shipping", cancel("cancelOrderAfterShipping", `,"inventoryRestoreType":0,"changeReasonDetailApply":8`), 400, "ERROR_023")
		s.refused("confirm", s.call("POST", "/es/2.0/order/confirmOrder/", fmt.Sprintf(`{"orderNumberList":[%q]}`, n)), 200, "INFO_101")
		if got := s.order(n).Progress; got != 200 {
			t.Errorf("confirmed is %d", got)
		}
		if _, err := s.Cancel(n, ByBuyer, RestoreYes); err == nil {
			t.Error("a buyer cancelled what the shop had confirmed")
		}
		if _, err := s.RequestCancel(n); err != nil || s.order(n).Progress != 800 {
			t.Errorf("asked: %v, %d", err, s.order(n).Progress)
		}
		s.stock(blue, 6)
		if _, err := s.Cancel(n, ByBuyer, RestoreYes); err != nil || s.order(n).Progress != 900 || len(s.order(n).Changes) != 1 {
			t.Errorf("%v %+v", err, s.order(n))
		}
		s.stock(blue, 10)
		n = s.buy(3)
		s.refused("cancel", cancel("cancelOrder", `,"inventoryRestoreType":2,"changeReasonDetailApply":8`), 200, "ORDER_EXT_API_CANCEL_ORDER_INFO_101")
		s.stock(blue, 7)
	})
}

func TestGetOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, mallsim.Options{}, Options{SKUsSince: time.Now().Add(time.Hour)})
		n := s.buy(2, 1, 1)
		get := func(body string) reply { return s.call("POST", getPath, body) }
		s.refused("no version", get(fmt.Sprintf(`{"orderNumberList":[%q]}`, n)), 400, "ORDER_EXT_API_GET_ORDER_ERROR_009")
		s.refused("version 2", get(fmt.Sprintf(`{"orderNumberList":[%q],"version":2}`, n)), 400, "ERROR_011")
		s.refused("no numbers", get(`{"orderNumberList":[],"version":7}`), 400, "ERROR_010")
		s.refused("101 numbers", get(`{"version":7,"orderNumberList":["x"`+strings.Repeat(`,"x"`, 100)+`]}`), 400, "ERROR_011")
		s.refused("a stranger", get(`{"orderNumberList":["1-2-3"],"version":7}`), 200, "ORDER_EXT_API_GET_ORDER_WARNING_101")
		if r := get(fmt.Sprintf(`{"orderNumberList":[%q],"version":6}`, n)); strings.Contains(r.text, "SkuModelList") {
			t.Error("version 6 knows SKUs")
		}
		if items := s.order(n).Packages[0].Items; len(*items[0].SKUs) != 0 || *items[0].Choice == "" {
			t.Errorf("an order from before the migration: %+v", items[0])
		}
		time.Sleep(2 * time.Hour)
		n = s.buy(2, 1, 1)
		s.Pack(n, nil, []string{"2"}, []string{"3"})
		s.mall.Edit(n, "3", 0)
		s.mall.Edit(n, "1", 1)
		o := s.order(n)
		if len(o.Packages) != 3 || o.Several != 1 || o.Modified != 1 {
			t.Fatalf("%+v", o)
		}
		first, third := o.Packages[0].Items[0], o.Packages[2]
		if first.Units != 1 || (*first.SKUs)[0].VariantID != "blue-M" || *(*first.SKUs)[0].Code != "TS-01-BL-M" {
			t.Errorf("%+v", first)
		}
		if third.Deleted != 1 || third.Items[0].Deleted != 1 || third.Items[0].Units != 1 {
			t.Errorf("%+v", third)
		}
		if o.Packages[0].BasketID == o.Packages[1].BasketID || first.DetailID == o.Packages[1].Items[0].DetailID {
			t.Error("ids repeat")
		}
		r := s.call("POST", "/es/2.0/purchaseItem/getOrderItem/", fmt.Sprintf(`{"orderNumberList":[%q]}`, n))
		if r.status != 200 || strings.Contains(r.text, "OrdererModel") || !strings.Contains(r.text, "blue-M") {
			t.Error(r.text)
		}
		s.mall.Ship(n, nil)
		s.mall.Return(n, map[string]int64{"1": 1}, true)
		if o := s.order(n); o.Packages[0].Items[0].Deleted != 1 || o.Progress != 500 {
			t.Errorf("a returned line: %+v", o.Packages[0].Items[0])
		}
		s.mall.Return(n, nil, true)
		if o := s.order(n); o.Progress != 900 || o.Packages[0].Items[0].Deleted != 0 {
			t.Errorf("everything returned: %+v", o)
		}
		time.Sleep(731 * 24 * time.Hour)
		s.refused("too old", get(fmt.Sprintf(`{"orderNumberList":[%q],"version":7}`, n)), 401, "ES01-01") // the key has ended too
		s.IssueKey(s.license)
		s.keys = s.keys[1:]
		time.Sleep(time.Hour)
		s.refused("too old", get(fmt.Sprintf(`{"orderNumberList":[%q],"version":7}`, n)), 200, "WARNING_101")
	})
}

func TestFaultsInRakutensWords(t *testing.T) {
	s := open(t, mallsim.Options{}, Options{})
	body := lines(line("mug-07", "mug-07", "ABSOLUTE", 9))
	mug := mallsim.Key{Item: "mug-07"}
	for _, c := range []struct {
		kind   mallsim.FaultKind
		status int
		code   string
		shows  int64
	}{
		{mallsim.Conflict, 409, "CE0001", 3},
		{mallsim.ServerError, 500, "X0000", 3},
		{mallsim.TooMany, 429, "ES04-01", 3},
		{mallsim.Unavailable, 503, "ES05-01", 3},
		{mallsim.Unauthorized, 401, "ES01-01", 3},
		{mallsim.Forbidden, 403, "ES04-01", 3},
		{mallsim.SilentLoss, 204, "", 3},
		{mallsim.ServerErrorAfter, 500, "X0000", 9},
	} {
		s.mall.Inject(mallsim.Fault{Op: "inventories/*", Kind: c.kind, Times: 1})
		if r := s.call("POST", upsert, body); r.status != c.status || !strings.Contains(r.text, c.code) {
			t.Errorf("%s: %d %s", c.kind, r.status, r.text)
		}
		s.stock(mug, c.shows)
	}
	s.mall.Inject(mallsim.Fault{Op: OpSearchOrder, Kind: mallsim.ServerError, Times: 1})
	s.refused("order API", s.search(1, ""), 500, "ORDER_EXT_API_SEARCH_ORDER_ERROR_023")
}
