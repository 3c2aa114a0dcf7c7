package rakuten

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"time"

	"soroi/internal/mallsim"
)

// extra is what RMS knows of an order and the mall's core does not.
type extra struct {
	packages [][]string     // line ids per package
	restore  map[string]int // restoreInventoryFlag by line id
	asked    *int           // inventoryRestoreType of the cancel under way
	changes  []change
}

type change struct {
	ID      int     `json:"changeId"`
	Type    int     `json:"changeType"`
	Reason  int     `json:"changeReason"`
	Applied *string `json:"changeApplyDatetime"`
	Fixed   *string `json:"changeFixDatetime"`
	Done    *string `json:"changeCmplDatetime"`
}

type orderModel struct {
	Number     string         `json:"orderNumber"`
	Progress   int            `json:"orderProgress"`
	SubStatus  *int           `json:"subStatusId"`
	SubName    *string        `json:"subStatusName"`
	Ordered    string         `json:"orderDatetime"`
	Confirmed  *string        `json:"shopOrderCfmDatetime"`
	Fixed      *string        `json:"orderFixDatetime"`
	Instructed *string        `json:"shippingInstDatetime"`
	Reported   *string        `json:"shippingCmplRptDatetime"`
	CancelDue  *string        `json:"cancelDueDate"`
	Delivery   *string        `json:"deliveryDate"`
	Term       *int           `json:"shippingTerm"`
	Remarks    string         `json:"remarks"`
	Gift       int            `json:"giftCheckFlag"`
	Several    int            `json:"severalSenderFlag"`
	OrderType  int            `json:"orderType"`
	Modified   int            `json:"modifyFlag"`
	Goods      int64          `json:"goodsPrice"`
	Postage    int64          `json:"postagePrice"`
	Total      int64          `json:"totalPrice"`
	Request    int64          `json:"requestPrice"`
	Orderer    map[string]any `json:"OrdererModel,omitempty"`
	Settlement map[string]any `json:"SettlementModel,omitempty"`
	DeliveryBy map[string]any `json:"DeliveryModel,omitempty"`
	Packages   []packageModel `json:"PackageModelList"`
	Changes    []change       `json:"ChangeReasonModelList"`
}

type packageModel struct {
	BasketID int64             `json:"basketId"`
	Goods    int64             `json:"goodsPrice"`
	Deleted  int               `json:"packageDeleteFlag"`
	Sender   map[string]string `json:"SenderModel"`
	Items    []itemModel       `json:"ItemModelList"`
	Shipping []shippingModel   `json:"ShippingModelList"`
	Company  string            `json:"defaultDeliveryCompanyCode"`
}

type shippingModel struct {
	ID      int64  `json:"shippingDetailId"`
	Number  string `json:"shippingNumber"`
	Company string `json:"deliveryCompany"`
	Date    string `json:"shippingDate"`
}

type itemModel struct {
	DetailID      int64       `json:"itemDetailId"`
	ItemID        int64       `json:"itemId"`
	Name          string      `json:"itemName"`
	ItemNumber    *string     `json:"itemNumber"`
	ManageNumber  string      `json:"manageNumber"`
	Price         int64       `json:"price"`
	Units         int64       `json:"units"`
	Choice        *string     `json:"selectedChoice"`
	InventoryType int         `json:"inventoryType"`
	Restore       int         `json:"restoreInventoryFlag"`
	Deleted       int         `json:"deleteItemFlag"`
	Deal          int         `json:"dealFlag"`
	Single        int         `json:"isSingleItemShipping"`
	TaxRate       float64     `json:"taxRate"`
	PriceTaxIncl  int64       `json:"priceTaxIncl"`
	SKUs          *[]skuModel `json:"SkuModelList,omitempty"`
}

type skuModel struct {
	VariantID string  `json:"variantId"`
	Code      *string `json:"merchantDefinedSkuId"`
	Info      *string `json:"skuInfo"`
}

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request, op string, _ bool) {
	body, ok := fields(w, r, op)
	if !ok {
		return
	}
	var numbers []string
	version := 7
	refused := cmp.Or(field(body, "orderNumberList", true, &numbers), field(body, "version", op == OpGetOrder, &version))
	switch {
	case refused != nil:
	case len(numbers) > MaxNumbers:
		refused = &wrong{"ERROR_011", "orderNumberListは100件までです。"}
	case version < 3 || version > 10:
		refused = &wrong{"ERROR_011", "versionの形式が不正です。"}
	}
	if refused != nil {
		s.mall.Refused(op)
		orderError(w, http.StatusBadRequest, op, refused.suffix, refused.text)
		return
	}
	now := s.mall.Clock().Now()
	models := []orderModel{}
	var missing []message
	given := make(map[string]bool, len(numbers))
	for _, number := range numbers {
		o, there := s.mall.Order(number)
		if !there || o.ListedAt.After(now) || o.PlacedAt.Before(now.Add(-maxAge)) {
			missing = append(missing, message{Type: "WARNING", Code: orderCode(op, "WARNING_101"), Text: "該当する注文がありません。", Number: &number})
			continue
		}
		if given[number] {
			continue
		}
		given[number] = true
		models = append(models, s.model(o, now, version, op == OpGetOrder))
	}
	code := "INFO_101"
	if len(models) == 0 {
		code = "INFO_102"
	}
	text := fmt.Sprintf("受注情報取得に成功しました。(取得件数%d件)", len(models))
	if mallsim.Duplicating(w) {
		models = slices.Concat(models, models[:(len(models)+1)/2])
	}
	answer(w, http.StatusOK, map[string]any{
		"MessageModelList": append([]message{{Type: "INFO", Code: orderCode(op, code), Text: text}}, missing...),
		"OrderModelList":   models,
		"version":          version,
	})
}

// model words one order. A cancelled order and a deleted line keep the units they were ordered with, as RMS keeps them.
func (s *Server) model(o mallsim.Order, now time.Time, version int, personal bool) orderModel {
	x := s.extraOf(o.Number)
	m := orderModel{Number: o.Number, Progress: s.progress(o, now), Ordered: o.PlacedAt.In(jst).Format(orderTime), OrderType: 1,
		Confirmed: moment(s.moment(o, 2, now)), Fixed: moment(s.moment(o, 3, now)), Instructed: moment(s.moment(o, 3, now)),
		Reported: moment(s.moment(o, 5, now)), Changes: x.changes}
	if len(x.changes) > 0 || o.Revision > 1 && edited(o) {
		m.Modified = 1
	}
	if personal {
		m.Orderer = map[string]any{"zipCode1": "100", "zipCode2": "0001", "prefecture": "東京都", "city": "千代田区",
			"subAddress": "架空1-1", "familyName": "見本", "firstName": "花子", "emailAddress": "buyer@example.invalid"}
		m.Settlement = map[string]any{"settlementMethodCode": 1, "settlementMethod": "クレジットカード"}
		m.DeliveryBy = map[string]any{"deliveryName": "宅配便", "deliveryClass": 1}
	}
	id := stableID(o.Number)
	for i, ids := range x.split(o) {
		p := packageModel{BasketID: 10_000_000 + id*100 + int64(i), Sender: map[string]string{"prefecture": "東京都"}, Shipping: []shippingModel{},
			Company: "1000", Items: []itemModel{}}
		gone := true
		for _, l := range o.Lines {
			if !slices.Contains(ids, l.ID) {
				continue
			}
			item := s.item(o, l, id, x, version)
			gone = gone && item.Deleted == 1
			if item.Deleted == 0 {
				p.Goods += item.Price * item.Units
			}
			p.Items = append(p.Items, item)
			if l.Shipped > 0 && len(p.Shipping) == 0 {
				p.Shipping = append(p.Shipping, shippingModel{ID: 40_000_000 + id*100 + int64(i), Number: fmt.Sprintf("%012d", id), Company: "1003",
					Date: o.ChangedAt.In(jst).Format(time.DateOnly)})
			}
		}
		if gone && m.Progress != 900 {
			p.Deleted = 1
		}
		m.Goods += p.Goods
		m.Packages = append(m.Packages, p)
	}
	if len(m.Packages) > 1 {
		m.Several = 1
	}
	m.Total, m.Request = m.Goods, m.Goods
	return m
}

func (s *Server) item(o mallsim.Order, l mallsim.OrderLine, id int64, x extra, version int) itemModel {
	const price = 1000
	var n int64
	fmt.Sscan(l.ID, &n)
	number, choice, info := l.Key.Item, "", "規格:"+variantOf(l.Key)
	m := itemModel{DetailID: 20_000_000 + id*10_000 + n, ItemID: 30_000_000 + stableID(l.Key.Item), Name: l.Title, ItemNumber: &number,
		ManageNumber: l.Key.Item, Price: price, PriceTaxIncl: price, TaxRate: 0.1, Units: l.Wanted - l.Returned, Choice: &choice,
		InventoryType: 2, Restore: x.restore[l.ID]}
	if o.Cancelled || m.Units <= 0 {
		m.Units = l.Ordered
		if !o.Cancelled && !allReturned(o) {
			m.Deleted = 1
		}
	}
	if version >= 7 {
		skus := []skuModel{}
		if o.PlacedAt.Before(s.o.SKUsSince) {
			choice = "規格:" + variantOf(l.Key)
		} else {
			sku := skuModel{VariantID: variantOf(l.Key), Info: &info}
			if l.Code != "" {
				sku.Code = &l.Code
			}
			skus = append(skus, sku)
		}
		m.SKUs = &skus
	}
	return m
}

func edited(o mallsim.Order) bool {
	return slices.ContainsFunc(o.Lines, func(l mallsim.OrderLine) bool { return l.Wanted != l.Ordered })
}

func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.In(jst).Format(orderTime)
	return &text
}

// stableID is a number for a name, the same for ever.
func stableID(name string) int64 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return int64(h.Sum32() % 10_000_000)
}

// split is the order's lines by package: as Pack said, everything else in the first.
func (x extra) split(o mallsim.Order) [][]string {
	packages := [][]string{nil}
	packed := map[string]bool{}
	for i, ids := range x.packages {
		if i > 0 {
			packages = append(packages, ids)
			for _, id := range ids {
				packed[id] = true
			}
		}
	}
	for _, l := range o.Lines {
		if !packed[l.ID] {
			packages[0] = append(packages[0], l.ID)
		}
	}
	if len(packages[0]) == 0 {
		packages = packages[1:]
	}
	return packages
}

func (s *Server) extraOf(number string) extra {
	s.ruleMu.Lock()
	defer s.ruleMu.Unlock()
	if x := s.extras[number]; x != nil {
		c := *x
		c.changes = slices.Clone(x.changes)
		return c
	}
	return extra{}
}

func (s *Server) note(number string, fn func(*extra)) {
	s.ruleMu.Lock()
	defer s.ruleMu.Unlock()
	x := s.extras[number]
	if x == nil {
		x = &extra{restore: map[string]int{}}
		s.extras[number] = x
	}
	fn(x)
}

// confirmOrder moves orders from 100 on.
func (s *Server) confirmOrder(w http.ResponseWriter, r *http.Request, op string, silent bool) {
	body, ok := fields(w, r, op)
	if !ok {
		return
	}
	var numbers []string
	if refused := field(body, "orderNumberList", true, &numbers); refused != nil || len(numbers) > MaxNumbers {
		refused = cmp.Or(refused, &wrong{"ERROR_011", "orderNumberListは100件までです。"})
		orderError(w, http.StatusBadRequest, op, refused.suffix, refused.text)
		return
	}
	now := s.mall.Clock().Now()
	var messages []message
	for _, number := range numbers {
		o, there := s.mall.Order(number)
		if !there || s.progress(o, now) != 100 {
			messages = append(messages, message{"ERROR", orderCode(op, "ERROR_023"), "注文確認できない注文です。", &number})
			continue
		}
		if !silent {
			s.mall.Advance(number, "200")
		}
		messages = append(messages, message{"INFO", orderCode(op, "INFO_101"), "注文確認に成功しました。", &number})
	}
	answer(w, http.StatusOK, map[string]any{"MessageModelList": messages})
}

// cancelOrder serves cancelOrder and cancelOrderAfterShipping.
func (s *Server) cancelOrder(w http.ResponseWriter, r *http.Request, op string, silent bool) {
	body, ok := fields(w, r, op)
	if !ok {
		return
	}
	var number string
	var restore, reason int
	for _, refused := range []*wrong{
		field(body, "orderNumber", true, &number),
		field(body, "inventoryRestoreType", true, &restore),
		field(body, "changeReasonDetailApply", true, &reason),
	} {
		if refused != nil {
			orderError(w, http.StatusBadRequest, op, refused.suffix, refused.text)
			return
		}
	}
	if restore < 0 || restore > 2 || !slices.Contains([]int{1, 2, 3, 4, 5, 6, 8, 10, 13, 14, 15}, reason) {
		orderError(w, http.StatusBadRequest, op, "ERROR_011", "値の形式が不正です。")
		return
	}
	var err error
	if !silent {
		_, err = s.cancel(number, Restore(restore), reason, op == OpCancelAfterShipping)
	}
	if err != nil {
		orderError(w, http.StatusBadRequest, op, "ERROR_023", err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"MessageModelList": []message{{Type: "INFO", Code: orderCode(op, "INFO_101"), Text: "注文キャンセルに成功しました。", Number: &number}}})
}
