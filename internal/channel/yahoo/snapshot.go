package yahoo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"soroi/internal/order"
)

// The order states of the mall that mean something for stock. See docs/channels/yahoo.md.
const (
	statusReserved   = "1"
	statusProcessing = "2"
	statusOnHold     = "3"
	statusCancelled  = "4"
	statusDone       = "5"

	shipped = "3"
	arrived = "4"

	cancelledForShortage = "210"
)

// stockClosed tells the merchant what the mall does by itself after a cancel for lack of stock. soroi can neither see nor
// undo it.
const stockClosed = "欠品によるキャンセルのため、この商品は「在庫クローズ」になり、在庫数にかかわらず売り切れと表示されます。" +
	"ストアクリエイターProで在庫クローズを解除してください。 / Cancelled for lack of stock: Yahoo! now shows these goods as sold out " +
	"whatever their quantity, until the stock-close flag is cleared in StoreCreator Pro."

// snapshot says what an order means for stock, and names the orders that were split off it. l is the order as the list has
// it, or what is known of it.
func snapshot(o xmlOrder, l listed, asked time.Time) (order.Snapshot, []string) {
	s := order.Snapshot{Number: l.Number, PlacedAt: l.PlacedAt, State: order.Open}
	problem := func(format string, args ...any) { s.Problems = append(s.Problems, fmt.Sprintf(format, args...)) }

	if n := strings.TrimSpace(o.OrderID); n != "" && n != l.Number {
		// An answer about another order would claim the wrong goods.
		return bare(l, asked, fmt.Sprintf("the shop answered about order %s instead", short(n))), nil
	}
	if placed, err := readTime(o.OrderTime); err == nil {
		s.PlacedAt = placed
	} else {
		problem("the time when the order was placed cannot be read: %v", err)
	}
	changed, err := readTime(o.LastUpdateTime)
	if err != nil {
		// Without a time of change the moment of asking orders the snapshot: it is later than every change it shows.
		problem("the time of the last change cannot be read: %v", err)
		changed = asked
	}
	s.Version = order.Version{Revision: revision(changed, o.Version), AskedAt: asked}

	status := strings.TrimSpace(o.OrderStatus)
	ship := strings.TrimSpace(o.ShipStatus)
	if ship == "" {
		ship = strings.TrimSpace(o.FlatShipStatus)
	}
	left := status == statusDone || ship == shipped || ship == arrived
	switch {
	case status == statusCancelled:
		s.State = order.Cancelled
	case left:
		s.State = order.Shipped
	}
	switch status {
	case statusReserved, statusProcessing, statusOnHold, statusCancelled, statusDone:
	default:
		problem("order status %q is not known; the order is treated as open", short(status))
	}
	if status == statusCancelled && strings.TrimSpace(o.CancelReason) == cancelledForShortage {
		problem("%s", stockClosed)
	}

	keys := make(map[string]bool, len(o.Items))
	for i, item := range o.Items {
		line, wrong := readLine(item)
		if wrong != "" {
			problem("line %d: %s", i+1, wrong)
		}
		if line.Key == "" {
			s.Incomplete = true
			continue
		}
		if keys[line.Key] {
			problem("line %d: the number %s is there twice", i+1, short(line.Key))
		}
		for again, key := 2, line.Key; keys[line.Key]; again++ {
			line.Key = key + "#" + strconv.Itoa(again)
		}
		keys[line.Key] = true
		if bought, err := strconv.ParseInt(strings.TrimSpace(item.OriginalNum), 10, 64); err == nil && bought != line.Wanted {
			s.Edited = true
		}
		if left {
			line.Shipped = line.Wanted
		}
		if status == statusCancelled {
			line.Wanted = 0
		}
		s.Lines = append(s.Lines, line)
	}
	if len(o.Items) == 0 {
		problem("the shop shows no goods in this order")
		s.Incomplete = true
	}
	return s, childrenOf(o)
}

// readLine reads one line of an order. A line without a key cannot be claimed; what else is wrong is told and borne.
func readLine(item xmlItem) (order.Line, string) {
	code := strings.TrimSpace(item.ItemID)
	sub := strings.TrimSpace(item.SubCode)
	line := order.Line{Key: strings.TrimSpace(item.LineID), Title: strings.TrimSpace(item.Title), Code: code}
	if sub != "" {
		line.Code = sub
	}
	if option := strings.TrimSpace(item.SubCodeOption); option != "" {
		line.Title = strings.TrimSpace(line.Title + " " + option)
	}
	if line.Key == "" {
		return order.Line{}, "it has no number"
	}
	var wrong []string
	if code == "" {
		wrong = append(wrong, "it names no goods")
	} else {
		line.Ref = ref(code, sub)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(item.Quantity), 10, 64)
	if err != nil || n < 0 {
		wrong = append(wrong, fmt.Sprintf("the quantity %q cannot be read", short(item.Quantity)))
		n, err = strconv.ParseInt(strings.TrimSpace(item.OriginalNum), 10, 64)
		if err != nil || n < 0 {
			return order.Line{}, strings.Join(wrong, "; ")
		}
		wrong = append(wrong, fmt.Sprintf("the %d units of the time of the order are claimed", n))
	}
	line.Wanted = n
	return line, strings.Join(wrong, "; ")
}

// childrenOf are the orders that were split off this one.
func childrenOf(o xmlOrder) []string {
	var numbers []string
	for _, text := range o.ChildOrderIDs {
		numbers = append(numbers, strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })...)
	}
	return numbers
}

// gone is an order that the shop no longer has.
func gone(l listed, asked time.Time) order.Snapshot {
	s := bare(l, asked, "the shop no longer has this order")
	s.Version.Revision = l.Revision
	return s
}

// bare is an order of which nothing but its number and time is known. Its revision is just below the listed one, so that
// any proper answer replaces it and the loop over open orders keeps asking.
func bare(l listed, asked time.Time, problem string) order.Snapshot {
	return order.Snapshot{
		Number:     l.Number,
		PlacedAt:   l.PlacedAt,
		State:      order.Open,
		Version:    order.Version{Revision: max(l.Revision-l.Revision%1_000_000, 0), AskedAt: asked},
		Problems:   []string{problem},
		Incomplete: true,
	}
}
