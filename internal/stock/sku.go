package stock

// TenantID names one merchant (契約). Every row, query and log line belongs to exactly one.
type TenantID int64

// ProductID names a product (商品): a group of SKUs that differ in colour, size and the like.
type ProductID int64

// SKUID names one SKU. People see its code, never this number.
type SKUID int64

// LocationID names a place where units lie (保管場所).
type LocationID int64

// Supply says how a SKU's sellable quantity comes about.
type Supply string

const (
	// Stocked goods sell what is on hand and not committed.
	Stocked Supply = "stocked"
	// MadeToOrder goods (受注生産) sell a fixed figure, whatever lies on the shelf.
	MadeToOrder Supply = "made_to_order"
	// MadeToOrderUnlimited goods never run out.
	MadeToOrderUnlimited Supply = "made_to_order_unlimited"
)

// Terms are the merchant's settings of one SKU that decide what can be sold.
type Terms struct {
	Supply  Supply
	Secured int64 // 確保在庫: units kept back from every shop, ≥ 0
	Figure  int64 // for MadeToOrder: the quantity that is offered, ≥ 0
}

// Sellable is what all shops together may offer (販売可能数, design 1): max(0, available − secured), or the figure of a
// made-to-order SKU.
func (t Terms) Sellable(b Balance) Quantity {
	switch t.Supply {
	case MadeToOrderUnlimited:
		return Unlimited
	case MadeToOrder:
		return Units(t.Figure)
	default:
		return Units(b.Available() - t.Secured)
	}
}
