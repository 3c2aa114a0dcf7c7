package rakuten

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
)

// japan is the zone of every time of the mall that does not name its own.
var japan = time.FixedZone("JST", 9*60*60)

// orderTime is how the order API reads and writes times: with an offset, without a colon in it.
const orderTime = "2006-01-02T15:04:05-0700"

// readTime reads a time of any of the mall's APIs; a date alone is the end of that day in Japan.
func readTime(text string) (time.Time, bool) {
	for _, layout := range []string{orderTime, time.RFC3339, "2006-01-02T15:04:05.000-0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, japan); err == nil {
			return t.UTC(), true
		}
	}
	if t, err := time.ParseInLocation("2006-01-02", text, japan); err == nil {
		return t.AddDate(0, 0, 1).Add(-time.Second).UTC(), true
	}
	return time.Time{}, false
}

func escape(text string) string { return url.QueryEscape(text) }

// answerWire is an answer's shape, which has room for the words of a refusal.
type answerWire interface{ words() refusalWire }

// refusalWire is every shape in which the mall refuses: the inventory and item APIs, the gateway before them, the order API.
type refusalWire struct {
	Errors []itemError `json:"errors"`

	Results struct {
		ErrorCode string `json:"errorCode"`
		Message   string `json:"message"`
	} `json:"Results"`

	MessageModelList []orderMessage `json:"MessageModelList"`
}

func (w refusalWire) words() refusalWire { return w }

type itemError struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	Metadata struct {
		PropertyPath string `json:"propertyPath"`
	} `json:"metadata"`
}

type orderMessage struct {
	MessageType string `json:"messageType"`
	MessageCode string `json:"messageCode"`
	Message     string `json:"message"`
	OrderNumber string `json:"orderNumber"`
}

func (m orderMessage) isError() bool { return m.MessageType == "ERROR" }

// first is the mall's own code and words of what it refused first.
func (w refusalWire) first() (code, message string) {
	if w.Results.ErrorCode != "" {
		return w.Results.ErrorCode, w.Results.Message
	}
	if len(w.Errors) > 0 {
		return w.Errors[0].Code, w.Errors[0].Message
	}
	for _, m := range w.MessageModelList {
		if m.isError() {
			return m.MessageCode, m.Message
		}
	}
	return "", ""
}

// refusedOrders tells whether the order API refused the call, and not only orders that it names.
func (w refusalWire) refusedOrders() bool {
	for _, m := range w.MessageModelList {
		if m.isError() && m.OrderNumber == "" {
			return true
		}
	}
	return false
}

// number is a whole number that may be missing, null or in quotes. What is no number does not fail the order around it.
type number struct {
	value int64
	ok    bool
}

func (n *number) UnmarshalJSON(data []byte) error {
	text := strings.TrimSpace(string(bytes.Trim(data, `"`)))
	value, err := strconv.ParseInt(text, 10, 64)
	*n = number{value: value, ok: err == nil}
	return nil
}

// is tells whether the number is there and equals v: how the mall writes its flags.
func (n number) is(v int64) bool { return n.ok && n.value == v }

// text is a text or a number that may be missing or null.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = text(s)
		return nil
	}
	var n json.Number
	if json.Unmarshal(data, &n) == nil {
		*t = text(n.String())
	}
	return nil
}

type searchRequest struct {
	DateType               int         `json:"dateType"`
	StartDatetime          string      `json:"startDatetime"`
	EndDatetime            string      `json:"endDatetime"`
	OrderProgressList      []int       `json:"orderProgressList"`
	PaginationRequestModel pageRequest `json:"PaginationRequestModel"`
}

type pageRequest struct {
	RequestRecordsAmount int         `json:"requestRecordsAmount"`
	RequestPage          int         `json:"requestPage"`
	SortModelList        []sortModel `json:"SortModelList"`
}

type sortModel struct {
	SortColumn    int `json:"sortColumn"`
	SortDirection int `json:"sortDirection"`
}

type searchAnswer struct {
	refusalWire
	OrderNumberList         *[]string `json:"orderNumberList"`
	PaginationResponseModel struct {
		TotalRecordsAmount number `json:"totalRecordsAmount"`
		TotalPages         number `json:"totalPages"`
	} `json:"PaginationResponseModel"`
}

type getRequest struct {
	OrderNumberList []string `json:"orderNumberList"`
	Version         int      `json:"version"`
}

type getAnswer struct {
	refusalWire
	OrderModelList *[]json.RawMessage `json:"OrderModelList"`
}

// orderModel is what an order says of stock. The buyer, the addresses, the money and the remarks are left out on purpose.
type orderModel struct {
	OrderNumber             text           `json:"orderNumber"`
	OrderProgress           number         `json:"orderProgress"`
	OrderDatetime           text           `json:"orderDatetime"`
	ShippingCmplRptDatetime text           `json:"shippingCmplRptDatetime"`
	ModifyFlag              number         `json:"modifyFlag"`
	ChangeReasonModelList   []struct{}     `json:"ChangeReasonModelList"`
	PackageModelList        []packageModel `json:"PackageModelList"`
}

type packageModel struct {
	BasketID          text        `json:"basketId"`
	PackageDeleteFlag number      `json:"packageDeleteFlag"`
	ItemModelList     []itemModel `json:"ItemModelList"`
}

type itemModel struct {
	ItemDetailID   text       `json:"itemDetailId"`
	ItemName       text       `json:"itemName"`
	ItemNumber     text       `json:"itemNumber"`
	ManageNumber   text       `json:"manageNumber"`
	Units          number     `json:"units"`
	SelectedChoice text       `json:"selectedChoice"`
	DeleteItemFlag number     `json:"deleteItemFlag"`
	SkuModelList   []skuModel `json:"SkuModelList"`
}

type skuModel struct {
	VariantID            text `json:"variantId"`
	MerchantDefinedSkuID text `json:"merchantDefinedSkuId"`
	SkuInfo              text `json:"skuInfo"`
}

type pair struct {
	ManageNumber string `json:"manageNumber"`
	VariantID    string `json:"variantId"`
}

type stockLine struct {
	pair
	Mode     string `json:"mode"`
	Quantity int64  `json:"quantity"`
}

type upsertRequest struct {
	Inventories []stockLine `json:"inventories"`
}

type bulkGetRequest struct {
	Inventories []pair `json:"inventories"`
}

type bulkGetAnswer struct {
	refusalWire
	Inventories *[]struct {
		pair
		Quantity *int64 `json:"quantity"`
		Updated  text   `json:"updated"`
	} `json:"inventories"`
}

type expiryAnswer struct {
	refusalWire
	ExpiryDate *string `json:"expiryDate"`
}

type itemsAnswer struct {
	refusalWire
	NextCursorMark string `json:"nextCursorMark"`
	Results        *[]struct {
		Item itemWire `json:"item"`
	} `json:"results"`
}

type itemWire struct {
	ManageNumber string                 `json:"manageNumber"`
	ItemNumber   text                   `json:"itemNumber"`
	Title        text                   `json:"title"`
	Variants     map[string]variantWire `json:"variants"`
}

type variantWire struct {
	MerchantDefinedSkuID text            `json:"merchantDefinedSkuId"`
	SelectorValues       json.RawMessage `json:"selectorValues"` // option values; shown to people when they are texts
}

// refOf spells a listing: the product's number as the mall folds it, and the SKU's number as it stands.
func refOf(manageNumber, variantID string) channel.Ref {
	return channel.Ref(strings.ToLower(manageNumber) + "/" + variantID)
}

// refWithoutSKU spells what an order from before the shop's SKU migration sold. It names no listing that can be written
// or read; it is the same for every order of the same choice, so that a person can say once what it was.
func refWithoutSKU(manageNumber, choice string) channel.Ref {
	return refOf(manageNumber, "/"+strings.Join(strings.Fields(choice), " "))
}

// pairOf is the inverse of refOf, false for what names no SKU.
func pairOf(ref channel.Ref) (pair, bool) {
	manageNumber, variantID, ok := strings.Cut(string(ref), "/")
	return pair{manageNumber, variantID}, ok && manageNumber != "" && variantID != "" && variantID[0] != '/'
}

// codes are the words under which the merchant may know a SKU, the most exact first. The product's own numbers stand for a
// SKU only where it is the only one, and SKU numbers that the mall made up are counted per product: they say nothing.
func codes(merchantSKU, variantID, manageNumber, itemNumber string, only bool) []match.Code {
	var list []match.Code
	add := func(kind match.Kind, code string) {
		code = strings.TrimSpace(code)
		if code != "" && !slices.ContainsFunc(list, func(c match.Code) bool { return c.Text == code }) {
			list = append(list, match.Code{Kind: kind, Text: code})
		}
	}
	add(match.SKU, merchantSKU)
	if !madeUp(variantID) {
		add(match.Variant, variantID)
	}
	if only {
		add(match.Manage, manageNumber)
		add(match.Item, itemNumber)
	}
	return list
}

// madeUp tells whether the mall numbered the SKU itself: r-sku00000001.
func madeUp(variantID string) bool {
	digits, ok := strings.CutPrefix(variantID, "r-sku")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}
