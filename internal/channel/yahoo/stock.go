package yahoo

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

const largest = 999_999_999

// ref spells a listing as the mall does: item code, and after a colon the sub code of a variation.
func ref(item, sub string) channel.Ref {
	if sub == "" {
		return channel.Ref(item)
	}
	return channel.Ref(item + ":" + sub)
}

// sendable tells whether the mall can be asked about a ref at all. One bad code in the comma list would move every
// quantity behind it to another listing.
func sendable(r channel.Ref) bool {
	item, sub, _ := strings.Cut(string(r), ":")
	return item != "" && !strings.ContainsAny(string(r), ", \t\r\n") && !strings.Contains(sub, ":")
}

// PushStock writes up to a thousand quantities in one setStock: the difference where the update says what is shown, else
// the number itself. A sale that we have not seen yet stays subtracted by a difference.
func (c *connector) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	outcomes := make([]channel.Outcome, len(updates))
	var sent []int
	var codes, quantities []string
	for i, u := range updates {
		quantity, problem := quantityText(u)
		if problem != nil {
			outcomes[i] = failed(problem)
			continue
		}
		sent = append(sent, i)
		codes = append(codes, string(u.Ref))
		quantities = append(quantities, quantity)
	}
	if len(sent) == 0 {
		return outcomes, nil
	}
	answer, err := c.form(ctx, opSetStock, url.Values{
		"seller_id": {c.seller},
		"item_code": {strings.Join(codes, ",")},
		"quantity":  {strings.Join(quantities, ",")},
	})
	if err != nil {
		e := asError(opSetStock, err)
		if len(sent) == 1 && aboutItem(e) {
			// A call for one listing answers with the plain error instead of a list of one.
			outcomes[sent[0]] = failedWrite(updates[sent[0]], e)
			return outcomes, nil
		}
		return nil, e
	}
	results, wrong := readStock(opSetStock, answer)
	if wrong != nil {
		return nil, wrong
	}
	for _, i := range sent {
		outcomes[i] = results.outcome(updates[i])
	}
	return outcomes, nil
}

// quantityText is what setStock takes: 12 sets, +3 and -3 change. The error says why an update cannot be sent.
func quantityText(u channel.Update) (string, *channel.Error) {
	problem := func(kind channel.ErrorKind, message string) (string, *channel.Error) {
		return "", &channel.Error{Kind: kind, Op: opSetStock, Message: message, NotDone: true}
	}
	want, limited := u.Want.Units()
	switch {
	case !limited:
		return problem(channel.Unsupported, "Yahoo!ショッピング has no stock without limit")
	case want > largest:
		return problem(channel.Invalid, "the mall takes at most nine digits")
	case !sendable(u.Ref):
		return problem(channel.Invalid, "this is no item code of Yahoo!ショッピング")
	}
	if delta, ok := deltaOf(u); ok {
		return fmt.Sprintf("%+d", delta), nil
	}
	return strconv.FormatInt(want, 10), nil
}

// deltaOf is the difference that an update asks for, where it says what it expects to be shown.
func deltaOf(u channel.Update) (int64, bool) {
	if u.Expect == nil {
		return 0, false
	}
	expect, limited := u.Expect.Units()
	want, _ := u.Want.Units()
	return want - expect, limited && expect <= largest
}

// aboutItem tells whether a plain error speaks of the only listing of the call, not of the call itself.
func aboutItem(e *channel.Error) bool {
	switch strings.ToLower(e.Code) {
	case "st-02101", codeQuantity, "st-02106", "ed-10001", codeUnreadBack:
		return true
	}
	return false
}

// failed is the outcome of a listing whose write ended with e: refused where it surely was not done.
func failed(e *channel.Error) channel.Outcome {
	if e.NotDone {
		return channel.Outcome{State: channel.Refused, Err: e}
	}
	return channel.Outcome{State: channel.Unknown, Err: e}
}

// failedWrite is failed with one more reading: whether the mall refuses a subtraction below zero or stops at zero is not
// documented, and our quantities are always well formed. So a subtraction refused for its quantity met fewer units than
// expected.
func failedWrite(u channel.Update, e *channel.Error) channel.Outcome {
	o := failed(e)
	if delta, ok := deltaOf(u); ok && delta < 0 && o.State == channel.Refused && strings.EqualFold(e.Code, codeQuantity) {
		o.State = channel.Conflict
	}
	return o
}

// ReadStock reads up to a thousand listings in one getStock.
func (c *connector) ReadStock(ctx context.Context, refs []channel.Ref) ([]channel.Shown, error) {
	found := make([]channel.Shown, len(refs))
	var codes []string
	asked := make(map[channel.Ref]bool, len(refs))
	for i, r := range refs {
		found[i] = channel.Shown{Ref: r}
		if sendable(r) && !asked[r] {
			asked[r] = true
			codes = append(codes, string(r))
		}
	}
	if len(codes) == 0 {
		return found, nil
	}
	answer, err := c.form(ctx, opGetStock, url.Values{"seller_id": {c.seller}, "item_code": {strings.Join(codes, ",")}})
	if err != nil {
		e := asError(opGetStock, err)
		if len(codes) == 1 && aboutItem(e) && e.NotDone {
			return found, nil
		}
		return nil, e
	}
	results, wrong := readStock(opGetStock, answer)
	if wrong != nil {
		return nil, wrong
	}
	for i, r := range refs {
		if !asked[r] {
			continue
		}
		if found[i], wrong = results.shown(r); wrong != nil {
			return nil, wrong
		}
	}
	return found, nil
}

type xmlStock struct {
	ItemCode   string `xml:"ItemCode"`
	SubCode    string `xml:"SubCode"`
	Quantity   string `xml:"Quantity"`
	Status     string `xml:"Status"`
	UpdateTime string `xml:"UpdateTime"`
	ErrorCode  string `xml:"ErrorCode"`
	Message    string `xml:"ErrorMessage"`
}

// stockResults are the rows of a setStock or getStock answer, found by code in the mall's spelling or, failing that, by
// the code without regard to letter case.
type stockResults struct {
	op     string
	status int
	exact  map[channel.Ref]xmlStock
	folded map[string]xmlStock
}

func readStock(op string, answer channel.Answer) (stockResults, *channel.Error) {
	var a struct {
		Rows []xmlStock `xml:"Result"`
	}
	if err := decode(op, answer, &a, "ResultSet"); err != nil {
		return stockResults{}, err
	}
	r := stockResults{op: op, status: answer.Status,
		exact: make(map[channel.Ref]xmlStock, len(a.Rows)), folded: make(map[string]xmlStock, len(a.Rows))}
	for _, row := range a.Rows {
		code := ref(strings.TrimSpace(row.ItemCode), strings.TrimSpace(row.SubCode))
		r.exact[code] = row
		r.folded[strings.ToLower(string(code))] = row
	}
	return r, nil
}

func (r stockResults) row(code channel.Ref) (xmlStock, bool) {
	row, ok := r.exact[code]
	if !ok {
		row, ok = r.folded[strings.ToLower(string(code))]
	}
	return row, ok
}

// fault is the error that a row carries, nil when there is none.
func (r stockResults) fault(row xmlStock) *channel.Error {
	code := strings.TrimSpace(row.ErrorCode)
	if code == "" {
		return nil
	}
	e := &channel.Error{
		Kind: channel.Invalid, Op: r.op, Status: r.status, Code: code, Message: strings.TrimSpace(row.Message), NotDone: true,
	}
	judge(e)
	return e
}

func (r stockResults) unreadable(message string) *channel.Error {
	return &channel.Error{Kind: channel.Unreadable, Op: r.op, Status: r.status, Message: message}
}

// outcome is what became of a write. The number in the answer is the one after the write.
func (r stockResults) outcome(u channel.Update) channel.Outcome {
	row, ok := r.row(u.Ref)
	if !ok {
		return failed(r.unreadable("the answer does not name " + short(string(u.Ref))))
	}
	if e := r.fault(row); e != nil {
		return failedWrite(u, e)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(row.Quantity), 10, 64)
	if err != nil {
		return failed(r.unreadable("the answer shows no quantity for " + short(string(u.Ref))))
	}
	q := stock.Units(n)
	return channel.Outcome{State: channel.Applied, Shown: &q}
}

// shown is what the mall shows of a listing. A code that it does not answer for, or answers for with an error about the
// code, is not there.
func (r stockResults) shown(code channel.Ref) (channel.Shown, *channel.Error) {
	s := channel.Shown{Ref: code}
	row, ok := r.row(code)
	if !ok {
		return s, nil
	}
	if e := r.fault(row); e != nil {
		if e.NotDone && e.Kind == channel.Invalid || e.Kind == channel.NotFound {
			return s, nil
		}
		return s, e
	}
	quantity := strings.TrimSpace(row.Quantity)
	if status := strings.TrimSpace(row.Status); status == "0" || quantity == "" && status == "" {
		return s, nil
	}
	n, err := strconv.ParseInt(quantity, 10, 64)
	if err != nil {
		return s, r.unreadable("the quantity of " + short(string(code)) + " cannot be read")
	}
	s.Found, s.Quantity = true, stock.Units(n)
	s.At, _ = readTime(row.UpdateTime)
	return s, nil
}
