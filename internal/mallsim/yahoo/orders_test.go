package yahoo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"soroi/internal/mallsim"
)

const xmlKind = "application/xml; charset=utf-8"

const today = "<OrderTimeFrom>20260115000000</OrderTimeFrom><OrderTimeTo>20260115235959</OrderTimeTo>"

func listOf(condition, field, more string) string {
	return "<Req><Search>" + more + "<Condition>" + condition + "</Condition><Field>" + field + "</Field></Search><SellerId>soroi-store</SellerId></Req>"
}

func (x *store) list(condition, field, more string) answered {
	return x.call("POST", "orderList", xmlKind, listOf(condition, field, more))
}

func (x *store) info(id, field string) answered {
	return x.call("POST", "orderInfo", xmlKind, "<Req><Target><OrderId>"+id+"</OrderId><Field>"+field+"</Field></Target><SellerId>soroi-store</SellerId></Req>")
}

func (x *store) place(units int64) mallsim.Order {
	x.t.Helper()
	o, err := x.Buy(mallsim.Basket{Lines: []mallsim.Want{{Key: blue, Units: units}, {Key: mug, Units: 1}}})
	if err != nil {
		x.t.Fatal(err)
	}
	return o
}

func TestOrderList(t *testing.T) {
	x := open(t, Options{})
	first := x.place(2)
	x.clock.pass(time.Minute)
	second := x.place(1)
	a := x.list(today, "OrderId,Version,OrderTime,LastUpdateTime,OrderStatus,IsSeen,ShipStatus", "<Result>2000</Result><Start>1</Start><Sort>+order_time</Sort>")
	x.want(a, 200, "<Result><Status>OK</Status><Search><TotalCount>2</TotalCount><OrderInfo><Index>1</Index><OrderId>soroi-store-10000001</OrderId><Version>1</Version>"+
		"<OrderTime>2026-01-15T10:00:00+09:00</OrderTime><LastUpdateTime>2026-01-15T10:00:00+09:00</LastUpdateTime><OrderStatus>2</OrderStatus><ShipStatus>1</ShipStatus><IsSeen>false</IsSeen></OrderInfo>")
	if strings.Index(a.body, first.Number) > strings.Index(a.body, second.Number) {
		t.Error("the oldest order does not come first")
	}
	a = x.list(today, "OrderId", "<Result>1</Result><Start>2</Start><Sort>-order_time</Sort>")
	x.want(a, 200, "<TotalCount>2</TotalCount>", "<Index>2</Index><OrderId>"+first.Number+"</OrderId></OrderInfo>")
	if strings.Contains(a.body, second.Number) || strings.Contains(a.body, "OrderTime") {
		t.Errorf("more than was asked for: %s", a.body)
	}
	for condition, want := range map[string]string{
		"<OrderId>" + second.Number + "</OrderId>":                                 second.Number,
		"<OrderTime>20260115100000</OrderTime>":                                    first.Number,
		"<OrderTimeFrom>20260115100030</OrderTimeFrom>":                            second.Number,
		"<OrderTimeTo>20260115100000</OrderTimeTo><IsSeen>false</IsSeen>":          first.Number,
		today + "<OrderStatus>4</OrderStatus>":                                     "",
		today + "<PublicationTimeFrom>20260115100001</PublicationTimeFrom>":        second.Number,
		today + "<IsActive>true</IsActive><OrderId>" + first.Number + "</OrderId>": first.Number,
	} {
		a := x.list(condition, "OrderId", "")
		for _, o := range []mallsim.Order{first, second} {
			if got := strings.Contains(a.body, o.Number); got != (o.Number == want) {
				t.Errorf("%s: order %s listed: %t\n%s", condition, o.Number, got, a.body)
			}
		}
	}
}

func TestOrderListRefusals(t *testing.T) {
	x := open(t, Options{MaxPage: 100})
	for name, body := range map[string]string{
		"a form":           "/Req/Search/Condition/OrderTimeFrom=20260115000000",
		"no condition":     listOf("", "OrderId", ""),
		"only a state":     listOf("<OrderStatus>2</OrderStatus>", "OrderId", ""),
		"last update":      listOf(today+"<LastUpdateTimeFrom>20260115000000</LastUpdateTimeFrom>", "OrderId", ""),
		"a time by dashes": listOf("<OrderTimeFrom>2026-01-15</OrderTimeFrom>", "OrderId", ""),
		"no field":         listOf(today, "", ""),
		"unknown field":    listOf(today, "OrderId,ItemId", ""),
		"unknown sort":     listOf(today, "OrderId", "<Sort>+price</Sort>"),
		"page too large":   listOf(today, "OrderId", "<Result>101</Result>"),
		"start at 0":       listOf(today, "OrderId", "<Start>0</Start>"),
		"no store":         "<Req><Search><Condition>" + today + "</Condition><Field>OrderId</Field></Search></Req>",
		"no search":        "<Req><SellerId>soroi-store</SellerId></Req>",
		"cut off":          "<Req><Search>",
	} {
		t.Log(name)
		x.want(x.call("POST", "orderList", xmlKind, body), 400, "<Code>od90101</Code>")
	}
	barred := open(t, Options{NoOrderAPI: true})
	barred.want(barred.list(today, "OrderId", ""), 403, "px-04307")
	barred.want(barred.set("mug-07", "1"), 200)
}

// Ten is the page when nothing is said.
func TestOrderListDefaultPage(t *testing.T) {
	x := open(t, Options{})
	x.mall.SetStock(mug, 100, mallsim.ByEdit)
	for range 12 {
		if _, err := x.Buy(mallsim.Basket{Lines: []mallsim.Want{{Key: mug, Units: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	a := x.list(today, "OrderId", "")
	x.want(a, 200, "<TotalCount>12</TotalCount>")
	if n := strings.Count(a.body, "<OrderInfo>"); n != 10 {
		t.Errorf("%d orders on the page, want 10", n)
	}
}

func TestOrderInfo(t *testing.T) {
	x := open(t, Options{})
	o := x.place(2)
	a := x.info(o.Number, "OrderId,Version,OrderStatus,CancelReason,PayStatus,ShipStatus,LineId,ItemId,Title,SubCode,SubCodeOption,Quantity,OriginalNum,UnitPrice,ReleaseDate")
	x.want(a, 200, "<OrderInfo><OrderId>"+o.Number+"</OrderId><Version>1</Version><OrderStatus>2</OrderStatus><CancelReason></CancelReason><Pay><PayStatus>1</PayStatus></Pay><Ship><ShipStatus>1</ShipStatus></Ship>"+
		"<Item><LineId>1</LineId><ItemId>t-shirt-01</ItemId><Title><![CDATA[Tシャツ 青 M]]></Title><SubCode>blue-m</SubCode><SubCodeOption><![CDATA[種類:blue-m]]></SubCodeOption><UnitPrice>1000</UnitPrice><Quantity>2</Quantity><OriginalNum>2</OriginalNum>",
		"<Seller><SellerId>soroi-store</SellerId></Seller>")
	a = x.info(o.Number, "OrderId,LineId,Quantity")
	x.want(a, 200, "<OrderInfo><OrderId>"+o.Number+"</OrderId><Item><LineId>1</LineId><Quantity>2</Quantity></Item><Item><LineId>2</LineId><Quantity>1</Quantity></Item><Seller>")
	x.want(x.info("soroi-store-9", "OrderId"), 404, "<Code>od91801</Code>")
	x.want(x.info(o.Number, "OrderId,Weight"), 400, "od90101")
	x.want(x.info("", "OrderId"), 400, "od90101")
	x.want(x.info(o.Number, ""), 400, "od90101")
}

// Every change raises Version and LastUpdateTime; reading does not, and leaves IsSeen alone.
func TestVersions(t *testing.T) {
	x := open(t, Options{})
	o := x.place(2)
	version := 1
	const ask = "Version,LastUpdateTime,IsSeen,OrderStatus,ShipStatus,Quantity,OriginalNum"
	step := func(what string, err error, holds ...string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		version++
		at := x.clock.Now().In(jst).Format(answerTime)
		holds = append(holds, fmt.Sprintf("<Version>%d</Version>", version), "<LastUpdateTime>"+at+"</LastUpdateTime>")
		x.want(x.info(o.Number, ask), 200, holds...)
		x.want(x.info(o.Number, ask), 200, holds...)
	}
	x.want(x.info(o.Number, ask), 200, "<Version>1</Version>", "<IsSeen>false</IsSeen>")
	step("seen", x.MarkSeen(o.Number), "<IsSeen>true</IsSeen>")
	_, err := x.mall.Edit(o.Number, "1", 1)
	step("edited", err, "<Quantity>1</Quantity><OriginalNum>2</OriginalNum>")
	_, err = x.SetStatus(o.Number, StatusHeld, "")
	step("on hold", err, "<OrderStatus>3</OrderStatus>")
	_, err = x.SetStatus(o.Number, StatusProcessing, "")
	step("going on", err, "<OrderStatus>2</OrderStatus>")
	_, err = x.mall.Ship(o.Number, map[string]int64{"1": 1})
	step("partly sent", err, "<OrderStatus>2</OrderStatus>", "<ShipStatus>2</ShipStatus>")
	_, err = x.mall.Advance(o.Number, "")
	step("no stage", err)
	_, err = x.mall.Ship(o.Number, nil)
	step("sent", err, "<OrderStatus>5</OrderStatus>", "<ShipStatus>3</ShipStatus>")
	_, err = x.SetStatus(o.Number, StatusCancelled, "110")
	step("cancelled", err, "<OrderStatus>4</OrderStatus>", "<ShipStatus>3</ShipStatus>")
	if _, err := x.SetStatus(o.Number, StatusProcessing, ""); err == nil {
		t.Error("a cancelled order came back")
	}
}

// A cancel puts units back or not: that is open, so it is a switch. Short goods are closed to buyers, whatever setStock says.
func TestCancel(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		back  *bool
		stock int64
	}{"units come back": {&yes, 10}, "units stay away": {&no, 8}, "the mall's own way": {nil, 10}} {
		t.Run(name, func(t *testing.T) {
			x := open(t, Options{StockReturnsOnCancel: c.back})
			o := x.place(2)
			x.wantStock(blue, 8)
			if _, err := x.SetStatus(o.Number, StatusCancelled, "999"); err == nil {
				t.Error("a cancel for no reason that there is")
			}
			if _, err := x.SetStatus(o.Number, StatusCancelled, OutOfStock); err != nil {
				t.Fatal(err)
			}
			x.wantStock(blue, c.stock)
			x.want(x.info(o.Number, "OrderStatus,CancelReason,Quantity,OriginalNum"), 200, "<OrderStatus>4</OrderStatus><CancelReason>210</CancelReason>", "<Quantity>2</Quantity>")
			x.want(x.set("t-shirt-01:blue-m", "50"), 200)
			if _, err := x.Buy(mallsim.Basket{Lines: []mallsim.Want{{Key: blue, Units: 1}}}); err == nil {
				t.Error("a closed item was sold")
			}
			x.want(x.call("POST", "getStock", formKind, "seller_id=soroi-store&item_code=t-shirt-01:blue-m"), 200, "<Status>1</Status><Quantity>50</Quantity>")
			x.Open(blue)
			x.Open(mug)
			x.place(1)
		})
	}
	shown := open(t, Options{StatusShowsClose: true, CancelZeroes: true})
	o := shown.place(1)
	if _, err := shown.SetStatus(o.Number, StatusCancelled, OutOfStock); err != nil {
		t.Fatal(err)
	}
	shown.want(shown.call("POST", "getStock", formKind, "seller_id=soroi-store&item_code=mug-07"), 200, "<Status>2</Status>")
	shown.want(shown.info(o.Number, "Quantity,OriginalNum"), 200, "<Quantity>0</Quantity><OriginalNum>1</OriginalNum>")
}

// A held order takes its units at once and is nowhere to be read until it is released.
func TestHeldForReview(t *testing.T) {
	x := open(t, Options{})
	o, err := x.Buy(mallsim.Basket{HeldUntil: x.clock.Now().Add(30 * time.Minute), Lines: []mallsim.Want{{Key: blue, Units: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	x.wantStock(blue, 9)
	x.want(x.list(today, "OrderId", ""), 200, "<TotalCount>0</TotalCount>")
	x.want(x.info(o.Number, "OrderId"), 404, "od91801")
	x.clock.pass(30 * time.Minute)
	x.want(x.list(today, "OrderTime,PublicationTime", ""), 200, "<OrderTime>2026-01-15T10:00:00+09:00</OrderTime><PublicationTime>2026-01-15T10:30:00+09:00</PublicationTime>")
}

func TestSplit(t *testing.T) {
	x := open(t, Options{})
	o := x.place(3)
	child, err := x.Split(o.Number, map[string]int64{"1": 2})
	if err != nil {
		t.Fatal(err)
	}
	x.wantStock(blue, 7)
	x.want(x.info(o.Number, "ChildOrderId,IsSplit,LineId,Quantity,OriginalNum"), 200, "<ChildOrderId>"+child.Number+"</ChildOrderId><IsSplit>true</IsSplit>",
		"<LineId>1</LineId><Quantity>1</Quantity><OriginalNum>3</OriginalNum>")
	x.want(x.info(child.Number, "ParentOrderId,IsSplit,OrderTime,Quantity"), 200, "<ParentOrderId>"+o.Number+"</ParentOrderId><IsSplit>true</IsSplit><OrderTime>2026-01-15T10:00:00+09:00</OrderTime>", "<Quantity>2</Quantity>")
	if _, err := x.Split(o.Number, map[string]int64{"1": 1, "2": 1}); err == nil {
		t.Error("a split left nothing behind")
	}
}

func TestOrderCount(t *testing.T) {
	x := open(t, Options{})
	o := x.place(1)
	x.place(1)
	x.want(x.call("GET", "orderCount?sellerId=soroi-store", "", ""), 200, "<NewOrder>2</NewOrder><NewReserve>0</NewReserve>", "<WaitShipping>2</WaitShipping>")
	if err := x.MarkSeen(o.Number); err != nil {
		t.Fatal(err)
	}
	if _, err := x.SetStatus(o.Number, StatusHeld, ""); err != nil {
		t.Fatal(err)
	}
	x.want(x.call("GET", "orderCount?sellerId=soroi-store", "", ""), 200, "<NewOrder>1</NewOrder>", "<Holding>1</Holding>")
	x.want(x.call("GET", "orderCount?sellerId=other", "", ""), 400, "od90101")
}
