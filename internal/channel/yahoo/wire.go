package yahoo

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"soroi/internal/channel"
)

// japan is the zone of every time that the mall writes. Japan has no summer time.
var japan = time.FixedZone("JST", 9*60*60)

// compactTime is how the mall takes times in conditions.
const compactTime = "20060102150405"

// decode reads an answer's document into into, whose root must be one of roots. The mall has been seen to leave ampersands
// as they are, so entities that are none pass. Every value is read as text: what a wrong one means is for its reader to say.
func decode(op string, answer channel.Answer, into any, roots ...string) *channel.Error {
	unreadable := func(why string, err error) *channel.Error {
		return &channel.Error{Kind: channel.Unreadable, Op: op, Status: answer.Status, Message: why, Err: err}
	}
	d := xml.NewDecoder(bytes.NewReader(cleaned(answer.Body)))
	d.Strict = false
	for {
		token, err := d.Token()
		if err != nil {
			return unreadable("the answer is not XML", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, root := range roots {
			if start.Name.Local == root {
				if err := d.DecodeElement(into, &start); err != nil {
					return unreadable("the answer is broken", err)
				}
				return nil
			}
		}
		return unreadable(fmt.Sprintf("the answer is a <%s>, not a <%s>", short(start.Name.Local), strings.Join(roots, "> or <")), nil)
	}
}

// cleaned replaces what XML does not allow: buyers and shops type control characters into names.
func cleaned(body []byte) []byte {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	return bytes.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return r
		case r < 0x20, r == 0xfffe, r == 0xffff, r >= 0xd800 && r <= 0xdfff:
			return utf8.RuneError
		}
		return r
	}, body)
}

// short cuts a text that is going into an error.
func short(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

type errorBody struct {
	Message string `xml:"Message"`
	Code    string `xml:"Code"`
}

// readError finds the mall's own error in an answer, and tells whether there is one.
func readError(body []byte) (errorBody, bool) {
	var e errorBody
	if err := decode("", channel.Answer{Body: body}, &e, "Error"); err != nil {
		return errorBody{}, false
	}
	return errorBody{Message: strings.TrimSpace(e.Message), Code: strings.TrimSpace(e.Code)}, true
}

// readCount checks the answer of orderCount.
func readCount(answer channel.Answer) error {
	var a struct {
		Status string `xml:"Result>Status"`
	}
	if err := decode(opOrderCount, answer, &a, "ResultSet"); err != nil {
		return err
	}
	if s := strings.TrimSpace(a.Status); s != "OK" {
		return &channel.Error{Kind: channel.Unreadable, Op: opOrderCount, Status: answer.Status, Message: "status " + short(s)}
	}
	return nil
}

// The request of orderList.
type listRequest struct {
	XMLName xml.Name   `xml:"Req"`
	Search  listSearch `xml:"Search"`
	Seller  string     `xml:"SellerId"`
}

type listSearch struct {
	Result    int       `xml:"Result"`
	Start     int       `xml:"Start"`
	Sort      string    `xml:"Sort"`
	Condition condition `xml:"Condition"`
	Field     string    `xml:"Field"`
}

// condition limits an orderList. Times are compactTime in Japan.
type condition struct {
	OrderedFrom   string `xml:"OrderTimeFrom"`
	OrderedTo     string `xml:"OrderTimeTo"`
	PublishedFrom string `xml:"PublicationTimeFrom,omitempty"`
	PublishedTo   string `xml:"PublicationTimeTo,omitempty"`
}

const listFields = "OrderId,Version,OrderTime,LastUpdateTime,PublicationTime,OrderStatus"

// The request of orderInfo.
type infoRequest struct {
	XMLName xml.Name   `xml:"Req"`
	Target  infoTarget `xml:"Target"`
	Seller  string     `xml:"SellerId"`
}

type infoTarget struct {
	OrderID string `xml:"OrderId"`
	Field   string `xml:"Field"`
}

const infoFields = "OrderId,Version,OrderTime,LastUpdateTime,OrderStatus,CancelReason,ShipStatus,ParentOrderId,ChildOrderId," +
	"LineId,ItemId,Title,SubCode,SubCodeOption,Quantity,OriginalNum"

// xmlOrder is one order of orderList or orderInfo.
type xmlOrder struct {
	OrderID         string    `xml:"OrderId"`
	Version         string    `xml:"Version"`
	OrderTime       string    `xml:"OrderTime"`
	LastUpdateTime  string    `xml:"LastUpdateTime"`
	PublicationTime string    `xml:"PublicationTime"`
	OrderStatus     string    `xml:"OrderStatus"`
	CancelReason    string    `xml:"CancelReason"`
	ShipStatus      string    `xml:"Ship>ShipStatus"`
	FlatShipStatus  string    `xml:"ShipStatus"`
	ParentOrderID   string    `xml:"ParentOrderId"`
	ChildOrderIDs   []string  `xml:"ChildOrderId"`
	Items           []xmlItem `xml:"Item"`
}

type xmlItem struct {
	LineID        string `xml:"LineId"`
	ItemID        string `xml:"ItemId"`
	Title         string `xml:"Title"`
	SubCode       string `xml:"SubCode"`
	SubCodeOption string `xml:"SubCodeOption"`
	Quantity      string `xml:"Quantity"`
	OriginalNum   string `xml:"OriginalNum"`
}

// listed is one order as orderList shows it.
type listed struct {
	Number      string
	PlacedAt    time.Time
	PublishedAt time.Time // when a held order was let go; zero when not told
	ChangedAt   time.Time // zero when not told
	Revision    int64
}

// at is the moment from which the order can be in the list.
func (l listed) at() time.Time {
	if l.PublishedAt.After(l.PlacedAt) {
		return l.PublishedAt
	}
	return l.PlacedAt
}

// readList reads an answer of orderList: the orders of the page and how many there are on all pages, -1 when not told.
func readList(answer channel.Answer) ([]listed, int, *channel.Error) {
	var a struct {
		Status string     `xml:"Status"`
		Total  string     `xml:"Search>TotalCount"`
		Orders []xmlOrder `xml:"Search>OrderInfo"`
	}
	if err := decode(opOrderList, answer, &a, "Result", "ResultSet"); err != nil {
		return nil, 0, err
	}
	wrong := func(why string, err error) ([]listed, int, *channel.Error) {
		return nil, 0, &channel.Error{Kind: channel.Unreadable, Op: opOrderList, Status: answer.Status, Message: why, Err: err}
	}
	if s := strings.TrimSpace(a.Status); s != "OK" {
		return wrong("status "+short(s), nil)
	}
	total, err := strconv.Atoi(strings.TrimSpace(a.Total))
	if err != nil || total < 0 {
		total = -1
	}
	orders := make([]listed, 0, len(a.Orders))
	for _, o := range a.Orders {
		l := listed{Number: strings.TrimSpace(o.OrderID)}
		if l.Number == "" {
			return wrong("an order without its number", nil)
		}
		if l.PlacedAt, err = readTime(o.OrderTime); err != nil {
			return wrong("order "+short(l.Number)+" without the time when it was placed", err)
		}
		l.PublishedAt, _ = readTime(o.PublicationTime)
		l.ChangedAt, _ = readTime(o.LastUpdateTime)
		l.Revision = revision(l.ChangedAt, o.Version)
		orders = append(orders, l)
	}
	return orders, total, nil
}

// readInfo reads an answer of orderInfo.
func readInfo(answer channel.Answer) (xmlOrder, *channel.Error) {
	var a struct {
		Status string     `xml:"Result>Status"`
		Orders []xmlOrder `xml:"Result>OrderInfo"`
	}
	if err := decode(opOrderInfo, answer, &a, "ResultSet"); err != nil {
		return xmlOrder{}, err
	}
	unreadable := &channel.Error{Kind: channel.Unreadable, Op: opOrderInfo, Status: answer.Status}
	if s := strings.TrimSpace(a.Status); s != "OK" {
		unreadable.Message = "status " + short(s)
		return xmlOrder{}, unreadable
	}
	if len(a.Orders) != 1 {
		unreadable.Message = fmt.Sprintf("%d orders instead of one", len(a.Orders))
		return xmlOrder{}, unreadable
	}
	return a.Orders[0], nil
}

// revision numbers the states of an order: the second of its last change, counted in microseconds, and in the microseconds the
// mall's own version, which tells two changes of one second apart. 0 when the mall tells no time of change.
func revision(changedAt time.Time, version string) int64 {
	if changedAt.IsZero() {
		return 0
	}
	v, err := strconv.ParseInt(strings.TrimSpace(version), 10, 64)
	if err != nil {
		v = 0
	}
	return changedAt.Unix()*1_000_000 + min(max(v, 0), 999_999)
}

// readTime reads a time of the mall, Japan time unless it names its zone, as UTC.
func readTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, errors.New("no time")
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.DateTime, compactTime} {
		if t, err := time.ParseInLocation(layout, text, japan); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", short(text))
}

func writeTime(t time.Time) string { return t.In(japan).Format(compactTime) }
