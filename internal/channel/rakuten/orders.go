package rakuten

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
)

// version of getOrder: 7 is the first that names SKUs, later ones add nothing for stock.
const version = 7

// PullOrders searches by the time of ordering, oldest first, and asks for the details of what the cursor has not seen.
// An order that the search names and getOrder does not give comes as a snapshot with a problem: looking at it again is
// then RefreshOrders' work, and nothing is skipped.
func (c *connector) PullOrders(ctx context.Context, since channel.Cursor) (channel.OrderPage, error) {
	now := c.deps.Clock.Now()
	at, err := readCursor(since, now)
	if err != nil {
		return channel.OrderPage{}, err
	}
	if at.Sweep != 0 {
		return c.sweep(ctx, at)
	}
	if at.To == 0 {
		at = at.begin(now)
	}
	found, err := c.searchWithin(ctx, &at, now)
	if err != nil {
		return channel.OrderPage{}, err
	}
	fresh, rest := found.without(at.Seen)
	snapshots, err := c.details(ctx, fresh)
	if err != nil {
		return channel.OrderPage{}, err
	}
	page := channel.OrderPage{Orders: snapshots, More: true}
	next := at
	switch {
	case rest:
		next.Seen = at.Seen.with(fresh)
	case at.Page < found.pages:
		next.Page++
		if at.Last {
			next.Seen = at.Seen.with(fresh)
		} else {
			next.Seen = nil
		}
	case !at.Last:
		next = at.next(at.To)
	default:
		next = at.ended(found, fresh)
		if at.sweeping() {
			next.Sweep, next.Page = at.To, 1
			break
		}
		page.More = false
		page.UpTo = upTo(at.To)
	}
	page.Next = next.text()
	return page, nil
}

func upTo(to int64) time.Time { return time.Unix(to, 0).UTC().Add(-lateness) }

// sweep looks through the orders that were placed within one window's length and are cancelled, for those that it has not
// given before. An order that has been shipped is final for soroi and never looked at again otherwise, and its cancel may
// still have raised the shop's own number.
func (c *connector) sweep(ctx context.Context, at cursor) (channel.OrderPage, error) {
	to := time.Unix(at.Sweep, 0)
	found, err := c.search(ctx, window{from: to.Add(-longest + time.Second), to: to, progress: []int{900}, page: at.Page, amount: searchPage})
	if err != nil {
		return channel.OrderPage{}, err
	}
	fresh, rest := found.without(at.Ended)
	snapshots, err := c.details(ctx, fresh)
	if err != nil {
		return channel.OrderPage{}, err
	}
	page := channel.OrderPage{Orders: snapshots, More: true}
	next := at
	next.Ended = at.Ended.with(fresh)
	switch {
	case rest:
	case at.Page < min(found.pages, ceiling/searchPage):
		next.Page++
	default:
		page.More = false
		page.UpTo = upTo(at.Sweep)
		next.Sweep, next.Page, next.Swept = 0, 0, at.Sweep
		next.Ended = next.Ended.since(to.Add(-longest))
	}
	page.Next = next.text()
	return page, nil
}

// ended is the cursor after a whole pull. It looks back by the overlap with all of that remembered, or, when that is more
// than one search holds, by the lateness alone.
func (c cursor) ended(found searchResult, fresh []string) cursor {
	next := c.next(c.To - int64(lateness/time.Second))
	next.Seen = c.Seen.with(fresh)
	if found.pages <= 1 {
		next = c.next(c.To - int64(overlap/time.Second))
		next.Seen = seen{}.with(found.numbers)
	}
	if next.First {
		next.First, next.Swept = false, c.To
	}
	return next
}

// since is what of the set was ordered on the day of t or later, and what does not tell its day.
func (s seen) since(t time.Time) seen {
	kept := make(seen, len(s))
	day := t.Add(-24 * time.Hour)
	for n := range s {
		if at := dayOf(n); at.IsZero() || at.After(day) {
			kept[n] = true
		}
	}
	return kept
}

// with is the set and more numbers; neither is changed.
func (s seen) with(numbers []string) seen {
	both := make(seen, len(s)+len(numbers))
	for n := range s {
		both[n] = true
	}
	for _, n := range numbers {
		both[n] = true
	}
	return both
}

// RefreshOrders gets known orders again.
func (c *connector) RefreshOrders(ctx context.Context, known []order.Known) ([]order.Snapshot, error) {
	if len(known) > getOrders {
		return nil, malformed(getOrder, "%d orders in one call; the mall takes %d", len(known), getOrders)
	}
	numbers := make([]string, len(known))
	placed := make(map[string]time.Time, len(known))
	for i, k := range known {
		numbers[i] = k.Number
		placed[k.Number] = k.PlacedAt
	}
	snapshots, err := c.details(ctx, numbers)
	if err != nil {
		return nil, err
	}
	for i, s := range snapshots {
		if s.Incomplete && len(s.Lines) == 0 {
			snapshots[i].PlacedAt = placed[s.Number]
		}
	}
	return snapshots, nil
}

// window is one search.
type window struct {
	from, to     time.Time
	progress     []int
	page, amount int
}

type searchResult struct {
	numbers []string
	total   int64
	pages   int
}

// without is what was found and is not known yet, each once, as many as one page of orders takes; rest says that there are
// more.
func (r searchResult) without(known seen) (fresh []string, rest bool) {
	named := map[string]bool{}
	for _, n := range r.numbers {
		if !known[n] && !named[n] {
			fresh = append(fresh, n)
		}
		named[n] = true
	}
	return fresh[:min(len(fresh), ordersPerPage)], len(fresh) > ordersPerPage
}

// searchWithin searches the cursor's window and narrows it until paging reaches all of it.
func (c *connector) searchWithin(ctx context.Context, at *cursor, now time.Time) (searchResult, error) {
	for {
		found, err := c.search(ctx, window{from: time.Unix(at.From, 0), to: time.Unix(at.To, 0), progress: at.progress(now),
			page: at.Page, amount: searchPage})
		if err != nil || found.total <= ceiling || at.Page > 1 || !at.halve() {
			return found, err
		}
	}
}

func (c *connector) search(ctx context.Context, w window) (searchResult, error) {
	request := searchRequest{
		DateType:          1, // 注文日
		StartDatetime:     w.from.In(japan).Format(orderTime),
		EndDatetime:       w.to.In(japan).Format(orderTime),
		OrderProgressList: w.progress,
		PaginationRequestModel: pageRequest{RequestRecordsAmount: w.amount, RequestPage: w.page,
			SortModelList: []sortModel{{SortColumn: 1, SortDirection: 1}}},
	}
	if request.OrderProgressList == nil {
		request.OrderProgressList = cursor{}.progress(time.Time{})
	}
	var answer searchAnswer
	if err := c.ask(ctx, searchOrder, "", request, &answer); err != nil {
		return searchResult{}, err
	}
	if answer.OrderNumberList == nil || len(*answer.OrderNumberList) == 0 {
		// Nothing was found, which the mall says with a message and null where the list would be.
		if len(answer.MessageModelList) == 0 {
			return searchResult{}, &channel.Error{Kind: channel.Unreadable, Op: searchOrder.name, Message: "neither orders nor a message"}
		}
		return searchResult{}, nil
	}
	total, pages := answer.PaginationResponseModel.TotalRecordsAmount, answer.PaginationResponseModel.TotalPages
	if !total.ok || !pages.ok {
		return searchResult{}, &channel.Error{Kind: channel.Unreadable, Op: searchOrder.name, Message: "the answer does not say how many orders there are"}
	}
	for _, n := range *answer.OrderNumberList {
		if n == "" {
			return searchResult{}, &channel.Error{Kind: channel.Unreadable, Op: searchOrder.name, Message: "an order without a number"}
		}
	}
	return searchResult{numbers: *answer.OrderNumberList, total: total.value, pages: int(pages.value)}, nil
}

// details gets orders, as many calls as it takes, and gives one snapshot per number, oldest first.
func (c *connector) details(ctx context.Context, numbers []string) ([]order.Snapshot, error) {
	snapshots := make([]order.Snapshot, 0, len(numbers))
	for part := range slices.Chunk(numbers, getOrders) {
		asked := c.deps.Clock.Now()
		answer, err := c.get(ctx, part)
		if err != nil {
			return nil, err
		}
		got, err := snapshotsOf(answer, part, asked)
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, got...)
	}
	slices.SortStableFunc(snapshots, func(a, b order.Snapshot) int {
		return cmp.Or(a.PlacedAt.Compare(b.PlacedAt), cmp.Compare(a.Number, b.Number))
	})
	return snapshots, nil
}

// get asks for at most getOrders orders. An answer that refuses none but orders it names is an answer.
func (c *connector) get(ctx context.Context, numbers []string) (getAnswer, error) {
	answer, err := c.send(ctx, getOrder, "", getRequest{OrderNumberList: numbers, Version: version})
	if err != nil {
		return getAnswer{}, err
	}
	var decoded getAnswer
	readable := json.Unmarshal(answer.Body, &decoded) == nil
	if failed := refusal(getOrder, answer, decoded.words()); failed != nil {
		if failed.Kind == channel.Invalid && readable && onlyNamed(decoded.MessageModelList) {
			return decoded, nil
		}
		return getAnswer{}, failed
	}
	if !readable || decoded.OrderModelList == nil && len(decoded.MessageModelList) == 0 {
		return getAnswer{}, unreadable(getOrder, answer, "the answer is not of the known shape")
	}
	return decoded, nil
}

// onlyNamed tells whether each error is about one order.
func onlyNamed(messages []orderMessage) bool {
	named := false
	for _, m := range messages {
		if m.isError() {
			if m.OrderNumber == "" {
				return false
			}
			named = true
		}
	}
	return named
}

// snapshotsOf reads an answer about the given numbers: one snapshot for each, in their order.
func snapshotsOf(answer getAnswer, numbers []string, asked time.Time) ([]order.Snapshot, error) {
	got := map[string]order.Snapshot{}
	if answer.OrderModelList != nil {
		for _, raw := range *answer.OrderModelList {
			s, ok := snapshotOf(raw, asked)
			if !ok {
				return nil, &channel.Error{Kind: channel.Unreadable, Op: getOrder.name, Message: "an order without a number"}
			}
			got[s.Number] = s
		}
	}
	refused := map[string]string{}
	for _, m := range answer.MessageModelList {
		if m.isError() && m.OrderNumber != "" {
			refused[m.OrderNumber] = " (" + m.MessageCode + ")"
		}
	}
	snapshots := make([]order.Snapshot, len(numbers))
	for i, n := range numbers {
		s, ok := got[n]
		if !ok {
			s = order.Snapshot{Number: n, PlacedAt: dayOf(n), State: order.Open, Version: order.Version{AskedAt: asked}, Incomplete: true,
				Problems: []string{"the shop gives no details of this order" + refused[n]}}
			if s.PlacedAt.IsZero() {
				s.PlacedAt = asked
			}
		}
		snapshots[i] = s
	}
	return snapshots, nil
}

// dayOf is the beginning of the day that an order number names, in Japan; zero when it names none.
func dayOf(number string) time.Time {
	parts := strings.Split(number, "-")
	if len(parts) != 3 {
		return time.Time{}
	}
	t, err := time.ParseInLocation("20060102", parts[1], japan)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// snapshotOf reads one order; false when it has no number. Whatever else is wrong with it becomes a problem.
func snapshotOf(raw json.RawMessage, asked time.Time) (order.Snapshot, bool) {
	var m orderModel
	err := json.Unmarshal(raw, &m) // goes on behind a field of the wrong type, and reports it
	s := order.Snapshot{Number: string(m.OrderNumber), Version: order.Version{AskedAt: asked}}
	if s.Number == "" {
		return s, false
	}
	problem := func(format string, args ...any) { s.Problems = append(s.Problems, fmt.Sprintf(format, args...)) }
	if err != nil || m.PackageModelList == nil {
		problem("parts of the order are not of the known shape")
		s.Incomplete = true
	}
	at, ok := readTime(string(m.OrderDatetime))
	if !ok {
		problem("the time of ordering cannot be read; the day is from the order's number")
		if at = dayOf(s.Number); at.IsZero() {
			at = asked
		}
	}
	s.PlacedAt = at
	known := true
	s.State, known = stateOf(m.OrderProgress)
	if !known {
		problem("orderProgress %d is not known; the units are held", m.OrderProgress.value)
	}
	s.Edited = m.ModifyFlag.is(1) || len(m.ChangeReasonModelList) > 0
	left := s.State == order.Shipped || m.ShippingCmplRptDatetime != ""
	keys := map[string]int{}
	for p, pack := range m.PackageModelList {
		for i, item := range pack.ItemModelList {
			line, why := lineOf(item)
			if why != "" {
				problem("package %d line %d: %s", p+1, i+1, why)
			}
			if line.Wanted < 0 {
				s.Incomplete = true
				continue
			}
			line.Key = string(pack.BasketID) + "-" + string(item.ItemDetailID)
			if item.ItemDetailID == "" {
				line.Key = fmt.Sprintf("%s-at-%d", pack.BasketID, i+1)
			}
			if keys[line.Key]++; keys[line.Key] > 1 {
				problem("package %d line %d: its number %s comes twice", p+1, i+1, line.Key)
				line.Key += fmt.Sprintf("-%d", keys[line.Key])
			}
			removed := pack.PackageDeleteFlag.is(1) || item.DeleteItemFlag.is(1)
			s.Edited = s.Edited || removed
			if left && !removed {
				line.Shipped = line.Wanted
			}
			if removed || s.State == order.Cancelled {
				line.Wanted = 0
			}
			s.Lines = append(s.Lines, line)
		}
	}
	return s, true
}

// stateOf is what a status means for stock, see docs/channels/rakuten.md. An order whose cancel is pending still holds.
func stateOf(progress number) (order.State, bool) {
	switch progress.value {
	case 100, 200, 300, 400, 800:
		return order.Open, progress.ok
	case 500, 600, 700:
		return order.Shipped, progress.ok
	case 900:
		return order.Cancelled, progress.ok
	}
	return order.Open, false
}

// lineOf reads one line with its units as wanted; −1 when they cannot be read. What is wrong with it comes in words.
func lineOf(item itemModel) (order.Line, string) {
	line := order.Line{Title: string(item.ItemName), Wanted: -1}
	manage, sku := string(item.ManageNumber), skuModel{}
	if len(item.SkuModelList) > 0 {
		sku = item.SkuModelList[0]
	}
	if info := strings.Join(strings.Fields(string(sku.SkuInfo)), " "); info != "" {
		line.Title += " (" + info + ")"
	}
	var problems []string
	switch {
	case manage == "":
		problems = append(problems, "it names no product")
	case sku.VariantID != "":
		line.Ref = refOf(manage, string(sku.VariantID))
	default:
		line.Ref = refWithoutSKU(manage, string(item.SelectedChoice))
		problems = append(problems, "it names no SKU, as orders from before the shop's SKU migration do")
	}
	if len(item.SkuModelList) > 1 {
		problems = append(problems, "it names several SKUs; the first is taken")
	}
	if c := codes(string(sku.MerchantDefinedSkuID), string(sku.VariantID), manage, string(item.ItemNumber), true); len(c) > 0 {
		line.Code = c[0].Text
	}
	if !item.Units.ok || item.Units.value < 0 {
		problems = append(problems, "its units cannot be read")
	} else {
		line.Wanted = item.Units.value
	}
	return line, strings.Join(problems, "; ")
}
