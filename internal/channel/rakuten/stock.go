package rakuten

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// PushStock writes in one call: a difference where an expectation is given, else the number itself. The mall answers for
// the call and not for each line: 204, or a list of what is wrong. The lines it names are surely not done. What became of
// the others is not documented, so they are Unknown and their reading back decides; a difference that was sent twice would
// stay wrong for good.
func (c *connector) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	if len(updates) > pushItems {
		return nil, malformed(bulkUpsert, "%d listings in one call; the mall takes %d", len(updates), pushItems)
	}
	outcomes := make([]channel.Outcome, len(updates))
	var request upsertRequest
	var sent []int // the update of each line
	for i, u := range updates {
		line, refused := lineFor(u)
		if refused != nil {
			outcomes[i] = channel.Outcome{State: channel.Refused, Err: refused}
			continue
		}
		request.Inventories = append(request.Inventories, line)
		sent = append(sent, i)
	}
	if len(sent) == 0 {
		return outcomes, nil
	}
	answer, err := c.send(ctx, bulkUpsert, "", request)
	if err != nil {
		return nil, err
	}
	lines, err := writtenOf(answer, len(sent))
	if err != nil {
		return nil, err
	}
	for n, i := range sent {
		outcomes[i] = lines[n]
	}
	return outcomes, nil
}

// lineFor is an update as the mall takes it, or why it cannot be sent.
func lineFor(u channel.Update) (stockLine, *channel.Error) {
	p, ok := pairOf(u.Ref)
	if !ok {
		e := malformed(bulkUpsert, "%q names no SKU", u.Ref)
		e.Kind = channel.NotFound
		return stockLine{}, e
	}
	want, ok := u.Want.Units()
	if !ok {
		e := malformed(bulkUpsert, "a SKU without limit is a setting of the product, not a quantity")
		e.Kind = channel.Unsupported
		return stockLine{}, e
	}
	if want > largest {
		return stockLine{}, malformed(bulkUpsert, "%d units; the mall takes %d", want, largest)
	}
	if u.Expect == nil {
		return stockLine{p, "ABSOLUTE", want}, nil
	}
	expected, ok := u.Expect.Units()
	if !ok || expected > largest {
		return stockLine{}, malformed(bulkUpsert, "no shop shows %s, so there is no difference to it", u.Expect)
	}
	return stockLine{p, "RELATIVE", want - expected}, nil
}

// writtenOf reads the answer to a bulk-upsert of n lines: one outcome per line, or an error for the call as a whole.
func writtenOf(answer channel.Answer, n int) ([]channel.Outcome, error) {
	outcomes := make([]channel.Outcome, n)
	if answer.Status == http.StatusNoContent {
		for i := range outcomes {
			outcomes[i].State = channel.Applied
		}
		return outcomes, nil
	}
	var words refusalWire
	readable := json.Unmarshal(answer.Body, &words) == nil
	failed := refusal(bulkUpsert, answer, words)
	if failed == nil {
		return nil, unreadable(bulkUpsert, answer, "a write ends with 204 and no body")
	}
	if !readable || answer.Status != http.StatusBadRequest || len(words.Errors) == 0 {
		return nil, failed
	}
	for _, e := range words.Errors {
		i, ok := lineNamed(e.Metadata.PropertyPath)
		if !ok || i >= n || e.Code == "IE1105" {
			return nil, failed // not about a line: the call was refused before any line was looked at
		}
		outcomes[i] = refusedLine(answer, e)
	}
	for i := range outcomes {
		if outcomes[i].State == "" {
			outcomes[i] = channel.Outcome{State: channel.Unknown, Err: &channel.Error{Kind: channel.Temporary, Op: bulkUpsert.name,
				Status: answer.Status, Message: "another line of the same call was refused"}}
		}
	}
	return outcomes, nil
}

func refusedLine(answer channel.Answer, e itemError) channel.Outcome {
	failed := &channel.Error{Kind: channel.Invalid, Op: bulkUpsert.name, Status: answer.Status, Code: e.Code, Message: e.Message, NotDone: true}
	switch e.Code {
	case "IE0117": // the result would leave 0 … 99999: the shop shows something else than expected
		return channel.Outcome{State: channel.Conflict, Err: failed}
	case "IE0500", "GE0014": // a difference to a pair without a record
		failed.Kind = channel.NotFound
	}
	return channel.Outcome{State: channel.Refused, Err: failed}
}

// lineNamed is the line that a property path is about: 3 for "inventories[3].quantity".
func lineNamed(path string) (int, bool) {
	rest, ok := strings.CutPrefix(path, "inventories[")
	if !ok {
		return 0, false
	}
	digits, _, ok := strings.Cut(rest, "]")
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(digits)
	return i, err == nil && i >= 0
}

// ReadStock reads SKUs; a pair without a record is not found. A mistyped pair that was once written has a record for a
// day, so being found is no proof that the SKU exists: ListListings is.
func (c *connector) ReadStock(ctx context.Context, refs []channel.Ref) ([]channel.Shown, error) {
	if len(refs) > readItems {
		return nil, malformed(bulkGet, "%d listings in one call; the mall takes %d", len(refs), readItems)
	}
	shown := make([]channel.Shown, len(refs))
	var request bulkGetRequest
	asked := map[pair]bool{}
	for i, ref := range refs {
		shown[i].Ref = ref
		if p, ok := pairOf(ref); ok && !asked[p] {
			asked[p] = true
			request.Inventories = append(request.Inventories, p)
		}
	}
	if len(request.Inventories) == 0 {
		return shown, nil
	}
	var answer bulkGetAnswer
	if err := c.ask(ctx, bulkGet, "", request, &answer); err != nil {
		return nil, err
	}
	read, err := shownOf(answer)
	if err != nil {
		return nil, err
	}
	for i, ref := range refs {
		if s, ok := read[ref]; ok {
			shown[i] = s
		}
	}
	return shown, nil
}

// shownOf reads the records of a bulk-get, by ref.
func shownOf(answer bulkGetAnswer) (map[channel.Ref]channel.Shown, error) {
	if answer.Inventories == nil {
		return nil, &channel.Error{Kind: channel.Unreadable, Op: bulkGet.name, Message: "the answer has no inventories"}
	}
	read := make(map[channel.Ref]channel.Shown, len(*answer.Inventories))
	for _, record := range *answer.Inventories {
		if record.ManageNumber == "" || record.VariantID == "" || record.Quantity == nil {
			return nil, &channel.Error{Kind: channel.Unreadable, Op: bulkGet.name, Message: "a record lacks its SKU or its quantity"}
		}
		at, _ := readTime(string(record.Updated)) // optional: a record is as good without it
		ref := refOf(record.ManageNumber, record.VariantID)
		read[ref] = channel.Shown{Ref: ref, Found: true, Quantity: stock.Units(*record.Quantity), At: at}
	}
	return read, nil
}
