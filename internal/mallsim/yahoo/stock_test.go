package yahoo

import (
	"fmt"
	"strings"
	"testing"

	"soroi/internal/mallsim"
)

func (x *store) wantStock(k mallsim.Key, want int64) {
	x.t.Helper()
	if n, ok := x.mall.Stock(k); !ok || n != want {
		x.t.Errorf("the mall shows %d of %s, want %d", n, k, want)
	}
}

func TestSetStock(t *testing.T) {
	x := open(t, Options{})
	x.want(x.set("t-shirt-01:blue-m,mug-07", "12,+3"), 200, `ok="2" ng="0"`, `totalResultsAvailable="2"`,
		"<ItemCode>t-shirt-01</ItemCode><SubCode>blue-m</SubCode><Quantity>12</Quantity>",
		"<ItemCode>mug-07</ItemCode><SubCode></SubCode><Quantity>12</Quantity>")
	x.wantStock(blue, 12)
	x.want(x.set("mug-07", "-5"), 200, "<Quantity>7</Quantity>")
	x.want(x.set("mug-07", "-50"), 200, "<Quantity>0</Quantity>")
	x.wantStock(mug, 0)
	refusing := open(t, Options{RefuseBelowZero: true})
	refusing.want(refusing.set("mug-07", "-50"), 400, "<Code>st-02104</Code>")
	refusing.wantStock(mug, 9)
}

// The good ones are written, the bad ones complained of; a single bad one is a plain error.
func TestSetStockSomeBad(t *testing.T) {
	x := open(t, Options{})
	x.want(x.set("t-shirt-01:blue-m,mug-07,t-shirt-01:red-m", "1,33.0,2"), 207, `ok="2" ng="1"`,
		"<ItemCode>mug-07</ItemCode><SubCode></SubCode><ErrorCode>st-02104</ErrorCode>", "<SubCode>red-m</SubCode><Quantity>2</Quantity>")
	x.wantStock(blue, 1)
	x.wantStock(mug, 9)
	for _, bad := range []string{"INI", "33.0", "", "1000000000", "--3", "+", "三"} {
		x.want(x.set("mug-07,t-shirt-01:blue-m", bad+",1"), 207, "st-02104")
	}
	x.want(x.set("mug-07", "INI"), 400, "<Error>", "<Code>st-02104</Code>")
	x.want(x.set("mug_07,mug-07", "1,1"), 207, "st-02101")
	x.want(x.set("mug-07:,t-shirt-01:blue-m", "1,1"), 207, "st-02101")
	x.want(x.set("mug-07", "+999999999"), 400, "st-02104")
}

// A plus that was not escaped arrives as a space, and the item fails or is set: which of the two is a switch.
func TestBarePlus(t *testing.T) {
	const body = "seller_id=soroi-store&item_code=mug-07,t-shirt-01:blue-m&quantity=+3,1"
	x := open(t, Options{})
	x.want(x.call("POST", "setStock", formKind, body), 207, "st-02104")
	x.wantStock(mug, 9)
	lax := open(t, Options{SpaceSets: true})
	lax.want(lax.call("POST", "setStock", formKind, body), 200, "<Quantity>3</Quantity>")
	lax.wantStock(mug, 3)
}

func TestSetStockRefusals(t *testing.T) {
	x := open(t, Options{})
	many := make([]string, MaxCodes+1)
	for i := range many {
		many[i] = fmt.Sprintf("code-%d", i)
	}
	for _, c := range []struct{ body, code string }{
		{"item_code=mug-07&quantity=1", "px-04001"},
		{"seller_id=other&item_code=mug-07&quantity=1", "ed-00004"},
		{"seller_id=soroi-store&quantity=1", "st-02101"},
		{"seller_id=soroi-store&item_code=mug-07,mug-07&quantity=1,2", "st-02103"},
		{"seller_id=soroi-store&item_code=" + strings.Join(many, ",") + "&quantity=" + strings.Repeat("1,", MaxCodes) + "1", "st-02102"},
		{"seller_id=soroi-store&item_code=mug-07&quantity=1,2", "st-02105"},
		{"seller_id=soroi-store&item_code=mug-07", "st-02105"},
		{"seller_id=soroi-store&item_code=mug-07&quantity=1&allow_overdraft=0,1", "st-02107"},
		{"seller_id=soroi-store&item_code=mug-07&quantity=1&allow_overdraft=yes", "st-02106"},
	} {
		a := x.call("POST", "setStock", formKind, c.body)
		if a.status < 400 || !strings.Contains(a.body, c.code) {
			t.Errorf("%.60s: %d %s, want %s", c.body, a.status, a.body, c.code)
		}
	}
	x.want(x.call("POST", "setStock", "application/json", `{"seller_id":"soroi-store"}`), 400, "px-04001")
	x.wantStock(mug, 9)
	x.Reflect(true)
	x.want(x.set("mug-07", "1"), 400, "反映中")
	x.Reflect(false)
	x.want(x.set("mug-07", "1"), 200)
	all := strings.Join(many[:MaxCodes], ",")
	x.want(x.set(all, strings.Repeat("1,", MaxCodes-1)+"1"), 200, `ok="1000"`)
}

// An unknown code is no error: its quantity waits for an item of that code.
func TestOrphans(t *testing.T) {
	x := open(t, Options{})
	x.want(x.set("later-1", "5"), 200, "<Quantity>5</Quantity>")
	x.want(x.set("later-1", "+2"), 200, "<Quantity>7</Quantity>")
	x.want(x.call("POST", "getStock", formKind, "seller_id=soroi-store&item_code=later-1"), 200, "<Quantity>7</Quantity>", "<IsPublished>0</IsPublished>")
	if err := x.ListItem(mallsim.Listing{Key: mallsim.Key{Item: "later-1"}, Stock: 1}); err != nil {
		t.Fatal(err)
	}
	x.wantStock(mallsim.Key{Item: "later-1"}, 7)
}

func TestStumble(t *testing.T) {
	x := open(t, Options{})
	x.Stumble(mug)
	x.want(x.set("mug-07", "4"), 207, "<ErrorCode>ed-10002</ErrorCode>")
	x.wantStock(mug, 4)
	x.want(x.set("mug-07", "5"), 200)
}

func TestGetStock(t *testing.T) {
	x := open(t, Options{})
	const ask = "seller_id=soroi-store&item_code=t-shirt-01:blue-m,nothing-1,mug-07"
	x.want(x.call("POST", "setStock", formKind, "seller_id=soroi-store&item_code=mug-07&quantity=4&allow_overdraft=1"), 200)
	x.want(x.call("POST", "getStock", formKind, ask), 200, `totalResultsReturned="3"`,
		"<SubCode>blue-m</SubCode><Status>1</Status><Quantity>10</Quantity><AllowOverdraft>0</AllowOverdraft><IsPublished>1</IsPublished><UpdateTime>2026-01-15T10:00:00+09:00</UpdateTime>",
		"<ItemCode>nothing-1</ItemCode><SubCode></SubCode><Status>0</Status><Quantity></Quantity>",
		"<Quantity>4</Quantity><AllowOverdraft>1</AllowOverdraft><IsPublished>1</IsPublished><UpdateTime>2026-01-15T10:00:01+09:00</UpdateTime>")
	absent := open(t, Options{Missing: MissingIsAbsent})
	absent.want(absent.call("POST", "getStock", formKind, ask), 200, `totalResultsReturned="2"`)
	failing := open(t, Options{Missing: MissingIsError})
	failing.want(failing.call("POST", "getStock", formKind, ask), 207, "<ErrorCode>st-02101</ErrorCode>", `ng="1"`)
	failing.want(failing.call("POST", "getStock", formKind, "seller_id=soroi-store&item_code=nothing-1"), 400, "<Code>st-02101</Code>")
	x.want(x.call("POST", "getStock", formKind, "seller_id=soroi-store&item_code=a,a"), 400, "st-02103")
}

func TestItems(t *testing.T) {
	x := open(t, Options{})
	x.want(x.call("GET", "myItemList?seller_id=soroi-store&query=t-shirt", "", ""), 200, `totalResultsAvailable="1"`, "<ItemCode>t-shirt-01</ItemCode>")
	x.want(x.call("GET", "myItemList?seller_id=soroi-store&stcat_key=all&start=2&results=1", "", ""), 200, `totalResultsAvailable="2" totalResultsReturned="1" firstResultPosition="2"`, "t-shirt-01")
	x.want(x.call("GET", "myItemList?seller_id=soroi-store&query=%E7%9A%BF&type=name", "", ""), 200, "<ItemCode>mug-07</ItemCode>")
	x.want(x.call("GET", "myItemList?seller_id=soroi-store&query=none", "", ""), 200, `totalResultsReturned="0"`)
	x.want(x.call("GET", "myItemList?seller_id=soroi-store", "", ""), 400, "query")
	x.want(x.call("GET", "myItemList?seller_id=soroi-store&query=a&results=101", "", ""), 400)
	x.want(x.call("GET", "getItem?seller_id=soroi-store&item_code=t-shirt-01", "", ""), 200, `<SubCode code="blue-m">`, `<SubCode code="red-m">`)
	x.want(x.call("GET", "getItem?seller_id=soroi-store&item_code=t-shirt-02", "", ""), 404)
}
