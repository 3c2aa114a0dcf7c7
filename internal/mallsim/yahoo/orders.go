package yahoo

import (
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

// orderFail is an error of the order API.
func (s *Server) orderFail(w http.ResponseWriter, op string, status int, code, message string) {
	s.mall.Refused(op)
	fail(w, status, code, message)
}

const parameterError = "od90101"

func (s *Server) wrongParameter(w http.ResponseWriter, op, what string) {
	s.orderFail(w, op, http.StatusBadRequest, parameterError, "パラメータエラー: "+what)
}

// orderCount counts what waits.
func (s *Server) orderCount(w http.ResponseWriter, r *http.Request, _ bool) {
	id := r.URL.Query().Get("sellerId")
	if id != s.o.SellerID {
		s.wrongParameter(w, OpOrderCount, "sellerId")
		return
	}
	counts := map[string]int64{}
	for _, o := range s.mall.Orders(nil) {
		_, _, seen := s.family(o.Number)
		switch status := Status(o); {
		case status == StatusProcessing:
			if !seen {
				counts["NewOrder"]++
			}
			if ShipStatus(o) == "2" {
				counts["Shipping"]++
			} else {
				counts["WaitShipping"]++
			}
		case status == StatusReserved:
			counts["Reserve"]++
			if !seen {
				counts["NewReserve"]++
			}
		case status == StatusHeld:
			counts["Holding"]++
		}
	}
	all := node("Count")
	for _, name := range []string{"NewOrder", "NewReserve", "WaitPayment", "WaitShipping", "Shipping", "Reserve", "Holding"} {
		all.inner = append(all.inner, number(name, counts[name]))
	}
	send(w, http.StatusOK, node("ResultSet", node("Result", leaf("Status", "OK"), all)))
}

// any is an element of a question whose name matters.
type anyField struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

type question struct {
	XMLName xml.Name `xml:"Req"`
	Search  *struct {
		Result    string `xml:"Result"`
		Start     string `xml:"Start"`
		Sort      string `xml:"Sort"`
		Condition struct {
			Fields []anyField `xml:",any"`
		} `xml:"Condition"`
		Field string `xml:"Field"`
	} `xml:"Search"`
	Target *struct {
		OrderID string `xml:"OrderId"`
		Field   string `xml:"Field"`
	} `xml:"Target"`
	SellerID string `xml:"SellerId"`
}

// ask reads the body, which is XML whatever its Content-Type says. False when it has answered.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, op string) (question, bool) {
	var q question
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = xml.Unmarshal(body, &q)
	}
	switch {
	case err != nil:
		s.wrongParameter(w, op, "XML")
	case q.SellerID != s.o.SellerID:
		s.wrongParameter(w, op, "SellerId")
	default:
		return q, true
	}
	return q, false
}

// orderFields are the fields that may be asked for, in the order in which answers give them.
var (
	listFields = []string{"OrderId", "Version", "OriginalOrderId", "ParentOrderId", "IsSplit", "OrderTime", "LastUpdateTime", "OrderStatus",
		"StoreStatus", "PayStatus", "SettleStatus", "ShipStatus", "TotalPrice", "FraudHoldStatus", "PublicationTime", "IsSeen", "DeviceType"}
	infoFields = []string{"OrderId", "Version", "ParentOrderId", "ChildOrderId", "OriginalOrderId", "IsSplit", "OrderTime", "LastUpdateTime",
		"PublicationTime", "OrderStatus", "CancelReason", "StoreStatus", "FraudHoldStatus", "IsSeen", "DeviceType", "IsYahooAuctionOrder",
		"SocialGiftType", "IsLineCommerceTabOrder"}
	payFields    = []string{"PayStatus", "SettleStatus"}
	shipFields   = []string{"ShipStatus"}
	detailFields = []string{"TotalPrice"}
	itemFields   = []string{"LineId", "ItemId", "Title", "SubCode", "SubCodeOption", "UnitPrice", "Quantity", "OriginalNum", "ReleaseDate"}
)

// wanted reads a Field list. The name of an unknown one comes back as unknown.
func wanted(text string, known ...[]string) (fields map[string]bool, unknown string) {
	all := slices.Concat(known...)
	fields = map[string]bool{}
	for f := range strings.SplitSeq(text, ",") {
		f = strings.TrimSpace(f)
		if f == "" || !slices.Contains(all, f) {
			return nil, "Field " + f
		}
		fields[f] = true
	}
	return fields, ""
}

// orderList is the search.
func (s *Server) orderList(w http.ResponseWriter, r *http.Request, _ bool) {
	q, ok := s.ask(w, r, OpOrderList)
	if !ok {
		return
	}
	if q.Search == nil {
		s.wrongParameter(w, OpOrderList, "Search")
		return
	}
	fields, unknown := wanted(q.Search.Field, listFields)
	if unknown != "" {
		s.wrongParameter(w, OpOrderList, unknown)
		return
	}
	size, ok := count(strings.TrimSpace(q.Search.Result), 10)
	start, fine := count(strings.TrimSpace(q.Search.Start), 1)
	if !ok || !fine || size > s.o.MaxPage {
		s.wrongParameter(w, OpOrderList, "Result, Start")
		return
	}
	c, wrong := readCondition(q.Search.Condition.Fields)
	if wrong != "" {
		s.wrongParameter(w, OpOrderList, wrong)
		return
	}
	found := s.mall.Find(mallsim.Query{PlacedFrom: c.from, PlacedUntil: c.to, Keep: func(o mallsim.Order) bool { return s.meets(o, c) }})
	switch strings.TrimSpace(q.Search.Sort) {
	case "", "+order_time":
	case "-order_time":
		slices.Reverse(found)
	case "+order_id":
		slices.SortFunc(found, func(a, b mallsim.Order) int { return strings.Compare(a.Number, b.Number) })
	case "-order_id":
		slices.SortFunc(found, func(a, b mallsim.Order) int { return strings.Compare(b.Number, a.Number) })
	default:
		s.wrongParameter(w, OpOrderList, "Sort")
		return
	}
	page := found[min(start-1, len(found)):min(start-1+size, len(found))]
	if mallsim.Duplicating(w) && len(page) > 0 {
		page = append(slices.Clone(page), page[0])
	}
	search := node("Search", number("TotalCount", int64(len(found))))
	for i, o := range page {
		info := node("OrderInfo", number("Index", int64(start+i)))
		info.inner = append(info.inner, pick(listFields, fields, s.facts(o))...)
		search.inner = append(search.inner, info)
	}
	send(w, http.StatusOK, node("Result", leaf("Status", "OK"), search))
}

// condition is what orderList is asked for. Zero times are open ends.
type condition struct {
	id                         string
	from, to                   time.Time
	published, publishedBefore time.Time
	equal                      map[string]string
}

// readCondition reads the conditions; wrong names the first that the mall does not take.
func readCondition(fields []anyField) (c condition, wrong string) {
	c.equal = map[string]string{}
	needed := false
	for _, f := range fields {
		name, value := f.XMLName.Local, strings.TrimSpace(f.Value)
		var err error
		switch name {
		case "OrderId":
			c.id, needed = value, true
		case "OrderTime":
			c.from, err = time.ParseInLocation(askedTime, value, jst)
			c.to, needed = c.from.Add(time.Second-1), true
		case "OrderTimeFrom":
			c.from, err = time.ParseInLocation(askedTime, value, jst)
			needed = true
		case "OrderTimeTo":
			c.to, err = time.ParseInLocation(askedTime, value, jst)
			c.to, needed = c.to.Add(time.Second-1), true
		case "PublicationTimeFrom":
			c.published, err = time.ParseInLocation(askedTime, value, jst)
		case "PublicationTimeTo":
			c.publishedBefore, err = time.ParseInLocation(askedTime, value, jst)
			c.publishedBefore = c.publishedBefore.Add(time.Second - 1)
		case "IsSeen", "OrderStatus", "ShipStatus", "PayStatus", "IsActive":
			c.equal[name] = value
		case "StoreStatus", "DeviceType", "FraudHoldDisplayType":
			// every order of this mall is alike in these
		default:
			return c, "Condition " + name
		}
		if err != nil || value == "" {
			return c, "Condition " + name
		}
	}
	if !needed {
		return c, "Condition: OrderId, OrderTime, OrderTimeFrom or OrderTimeTo"
	}
	return c, ""
}

func (s *Server) meets(o mallsim.Order, c condition) bool {
	_, _, seen := s.family(o.Number)
	at := publication(o)
	status := Status(o)
	for name, value := range c.equal {
		is := ""
		switch name {
		case "IsSeen":
			is = strconv.FormatBool(seen)
		case "OrderStatus":
			is = status
		case "ShipStatus":
			is = ShipStatus(o)
		case "PayStatus":
			is = "1"
		case "IsActive":
			is = strconv.FormatBool(status != StatusCancelled && status != StatusCompleted)
		}
		if is != value {
			return false
		}
	}
	return (c.id == "" || o.Number == c.id) &&
		(c.published.IsZero() || !at.Before(c.published)) && (c.publishedBefore.IsZero() || !at.After(c.publishedBefore))
}

// publication is when the shop could first see the order: later than its time when the mall had held it.
func publication(o mallsim.Order) time.Time {
	if o.ListedAt.After(o.PlacedAt) {
		return o.ListedAt
	}
	return o.PlacedAt
}

// facts are an order's fields outside its lines.
func (s *Server) facts(o mallsim.Order) map[string]element {
	parent, children, seen := s.family(o.Number)
	split := parent != "" || children != ""
	var total int64
	for _, l := range o.Lines {
		total += l.Wanted * price
	}
	reason := ""
	if o.Cancelled {
		reason = o.Reason
	}
	facts := []element{leaf("OrderId", o.Number), number("Version", o.Revision), leaf("OriginalOrderId", parent), leaf("ParentOrderId", parent),
		leaf("ChildOrderId", children), leaf("IsSplit", strconv.FormatBool(split)), moment("OrderTime", o.PlacedAt), moment("LastUpdateTime", o.ChangedAt),
		moment("PublicationTime", publication(o)), leaf("OrderStatus", Status(o)), leaf("CancelReason", reason), leaf("StoreStatus", ""),
		leaf("PayStatus", "1"), leaf("SettleStatus", "5"), leaf("ShipStatus", ShipStatus(o)), number("TotalPrice", total), leaf("FraudHoldStatus", "0"),
		leaf("IsSeen", strconv.FormatBool(seen)), leaf("DeviceType", "1"), leaf("IsYahooAuctionOrder", "false"), leaf("SocialGiftType", "0"),
		leaf("IsLineCommerceTabOrder", "false")}
	by := make(map[string]element, len(facts))
	for _, f := range facts {
		by[f.name] = f
	}
	return by
}

// pick takes the fields that were asked for, in the mall's own order.
func pick(order []string, asked map[string]bool, facts map[string]element) []element {
	var picked []element
	for _, name := range order {
		if f, ok := facts[name]; ok && asked[name] {
			picked = append(picked, f)
		}
	}
	return picked
}

// orderInfo describes one order: the fields that were asked for, and no others.
func (s *Server) orderInfo(w http.ResponseWriter, r *http.Request, _ bool) {
	q, ok := s.ask(w, r, OpOrderInfo)
	if !ok {
		return
	}
	if q.Target == nil || strings.TrimSpace(q.Target.OrderID) == "" {
		s.wrongParameter(w, OpOrderInfo, "OrderId")
		return
	}
	fields, unknown := wanted(q.Target.Field, infoFields, payFields, shipFields, detailFields, itemFields)
	if unknown != "" {
		s.wrongParameter(w, OpOrderInfo, unknown)
		return
	}
	o, ok := s.mall.Order(strings.TrimSpace(q.Target.OrderID))
	if !ok || o.ListedAt.After(s.mall.Clock().Now()) {
		s.orderFail(w, OpOrderInfo, http.StatusNotFound, "od91801", "指定された注文が存在しません。")
		return
	}
	facts := s.facts(o)
	info := node("OrderInfo", pick(infoFields, fields, facts)...)
	for _, nest := range []struct {
		name   string
		fields []string
	}{{"Pay", payFields}, {"Ship", shipFields}, {"Detail", detailFields}} {
		if inner := pick(nest.fields, fields, facts); len(inner) > 0 {
			info.inner = append(info.inner, node(nest.name, inner...))
		}
	}
	for _, l := range o.Lines {
		if inner := pick(itemFields, fields, s.lineFacts(o, l)); len(inner) > 0 {
			info.inner = append(info.inner, node("Item", inner...))
		}
	}
	info.inner = append(info.inner, node("Seller", leaf("SellerId", s.o.SellerID)))
	send(w, http.StatusOK, resultSet(1, 1, []element{node("Result", leaf("Status", "OK"), info)}))
}

func (s *Server) lineFacts(o mallsim.Order, l mallsim.OrderLine) map[string]element {
	units := l.Wanted
	if o.Cancelled && !s.o.CancelZeroes {
		units = l.Ordered
	}
	option := ""
	if l.Key.Variant != "" {
		option = "種類:" + l.Key.Variant
	}
	title := l.Title
	if title == "" {
		title = l.Key.Item
	}
	return map[string]element{"LineId": leaf("LineId", l.ID), "ItemId": leaf("ItemId", l.Key.Item), "Title": words("Title", title),
		"SubCode": leaf("SubCode", l.Key.Variant), "SubCodeOption": words("SubCodeOption", option), "UnitPrice": number("UnitPrice", price),
		"Quantity": number("Quantity", units), "OriginalNum": number("OriginalNum", l.Ordered), "ReleaseDate": leaf("ReleaseDate", "")}
}
