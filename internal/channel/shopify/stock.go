package shopify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
)

// attempts is how many keys a repeated push may use up, see docs/channels/shopify.md under "Once".
const attempts = 4

// PushStock sets the available quantities in one call, which the shop takes or refuses as a whole. When it refuses because of
// some of them, the others come back as Refused with a Temporary error that is NotDone: send them again.
func (c *connector) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	outcomes := make([]channel.Outcome, len(updates))
	var sent []int // positions in updates
	for i, u := range updates {
		if refused := unsendable(u); refused != nil {
			outcomes[i] = channel.Outcome{State: channel.Refused, Err: refused}
			continue
		}
		sent = append(sent, i)
	}
	if len(sent) == 0 {
		return outcomes, nil
	}
	batch := make([]change, len(sent))
	for n, i := range sent {
		batch[n] = newChange(updates[i])
	}
	results, err := c.set(ctx, batch)
	if err != nil {
		return nil, err
	}
	if oversold := staleAtZero(batch, results); len(oversold) > 0 {
		c.setOversold(ctx, batch, results, oversold)
	}
	for n, i := range sent {
		outcomes[i] = results[n]
	}
	return outcomes, nil
}

// unsendable says why an update cannot be put into a call at all, nil when it can.
func unsendable(u channel.Update) error {
	refuse := func(kind channel.ErrorKind, message string) error {
		return &channel.Error{Kind: kind, Op: docSet.Op, Message: message, NotDone: true}
	}
	if _, _, ok := split(u.Ref); !ok {
		return refuse(channel.NotFound, fmt.Sprintf("listing %q is not one of ours", u.Ref))
	}
	n, limited := u.Want.Units()
	switch {
	case !limited:
		return refuse(channel.Unsupported, "a listing without limit is made in the shop's own admin, by not tracking it")
	case n > largest:
		return refuse(channel.Invalid, fmt.Sprintf("%d is more than the shop's largest quantity, %d", n, largest))
	}
	return nil
}

// change is one update as it is sent.
type change struct {
	item, location string
	want           int64
	expect         *int64
	key            string
}

func newChange(u channel.Update) change {
	item, location, _ := split(u.Ref)
	want, _ := u.Want.Units()
	made := change{item: item, location: location, want: want, key: u.Key}
	if u.Expect != nil {
		if n, limited := u.Expect.Units(); limited {
			made.expect = &n
		}
	}
	return made
}

// callKey is the idempotency key of a call: made from the keys of its updates and nothing that changes, so that the same batch
// sent again is the same call. round tells repeats apart that must not be the same call.
func callKey(batch []change, round string) string {
	h := sha256.New()
	for _, c := range batch {
		fmt.Fprintf(h, "%d:%s,", len(c.key), c.key)
	}
	h.Write([]byte(round))
	sum := h.Sum(nil)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // a UUID of version 8: Shopify asks for that form
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// set sends a batch under its key. When the shop says that an earlier attempt with the key surely failed, the key is used up
// for good, so the batch goes under the next one in a fixed row: a later repeat walks the same way and finds what was done.
func (c *connector) set(ctx context.Context, batch []change) ([]channel.Outcome, error) {
	for attempt := 1; ; attempt++ {
		answer, err := c.send250(ctx, batch, callKey(batch, strconv.Itoa(attempt)))
		if err != nil {
			return nil, err
		}
		if attempt < attempts && usedUp(answer) {
			continue
		}
		return outcomes(batch, answer)
	}
}

func (c *connector) send250(ctx context.Context, batch []change, key string) (setAnswer, error) {
	quantities := make([]map[string]any, len(batch))
	for i, b := range batch {
		quantities[i] = map[string]any{
			"inventoryItemId":    gidItem + b.item,
			"locationId":         gidLocation + b.location,
			"quantity":           b.want,
			"changeFromQuantity": b.expect, // must be there; null does not compare
		}
	}
	variables := map[string]any{
		"key": key,
		"input": map[string]any{
			"name":                 "available",
			"reason":               "correction",
			"referenceDocumentUri": "gid://soroi/Push/" + key,
			"quantities":           quantities,
		},
	}
	var answer setAnswer
	if err := c.ask(ctx, docSet, variables, &answer); err != nil {
		return answer, err
	}
	if answer.Set == nil {
		return answer, unreadable(docSet.Op, "the answer says nothing about the call")
	}
	return answer, nil
}

// usedUp tells whether the call's key belongs to an attempt that failed.
func usedUp(a setAnswer) bool {
	for _, e := range a.Set.UserErrors {
		if e.Code == "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED" {
			return true
		}
	}
	return false
}

// outcomes reads the answer to a batch. The error says that nothing is known about any of it.
func outcomes(batch []change, a setAnswer) ([]channel.Outcome, error) {
	results := make([]channel.Outcome, len(batch))
	if len(a.Set.UserErrors) == 0 {
		after := map[channel.Ref]int64{}
		if a.Set.Group != nil {
			for _, ch := range a.Set.Group.Changes {
				if ch.Name == "available" && ch.After != nil && ch.Item != nil && ch.Location != nil {
					after[ref(tail(ch.Item.ID), tail(ch.Location.ID))] = *ch.After
				}
			}
		}
		for i, b := range batch {
			shown := stock.Units(b.want) // what did not change is not in the answer
			if n, ok := after[ref(b.item, b.location)]; ok {
				shown = stock.Units(n)
			}
			results[i] = channel.Outcome{State: channel.Applied, Shown: &shown}
		}
		return results, nil
	}
	for _, e := range a.Set.UserErrors {
		at := position(e.Field, len(batch))
		if at < 0 {
			outcome, err := wholeCall(e)
			if err != nil {
				return nil, err
			}
			for i := range results {
				if results[i].State == "" {
					results[i] = outcome
				}
			}
			continue
		}
		results[at] = oneRefused(e)
	}
	for i := range results {
		if results[i].State == "" {
			results[i] = channel.Outcome{State: channel.Refused, Err: &channel.Error{Kind: channel.Temporary, Op: docSet.Op, NotDone: true,
				Code: a.Set.UserErrors[0].Code, Message: "refused because of another listing in the same call; send it again"}}
		}
	}
	return results, nil
}

// position is the place in the batch that an error speaks of, from ["input", "quantities", "3", …]; -1 for the whole call.
func position(field []string, count int) int {
	for i, part := range field {
		if part == "quantities" && i+1 < len(field) {
			if n, err := strconv.Atoi(field[i+1]); err == nil && n >= 0 && n < count {
				return n
			}
		}
	}
	return -1
}

// oneRefused is the outcome of an update that the shop names in its refusal.
func oneRefused(e userError) channel.Outcome {
	failed := &channel.Error{Op: docSet.Op, Code: e.Code, Message: e.Message, NotDone: true}
	outcome := channel.Outcome{State: channel.Refused, Err: failed}
	switch e.Code {
	case "CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE":
		failed.Kind, outcome.State = channel.Temporary, channel.Conflict
	case "INVALID_INVENTORY_ITEM", "INVALID_LOCATION":
		failed.Kind = channel.NotFound
	case notStocked:
		failed.Kind = channel.Uncounted
	case "NON_MUTABLE_INVENTORY_ITEM":
		failed.Kind = channel.Unsupported
	case "SERVICE_UNAVAILABLE", "ADJUST_QUANTITIES_FAILED":
		failed.Kind = channel.Temporary
	default:
		// INVALID_QUANTITY_*, INVALID_NAME, INVALID_REASON, INVALID_REFERENCE_DOCUMENT, COMPARE_QUANTITY_REQUIRED,
		// NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR and what later versions add: sending it again changes nothing.
		failed.Kind = channel.Invalid
	}
	return outcome
}

// wholeCall is what an error that names no update means for all of them.
func wholeCall(e userError) (channel.Outcome, error) {
	failed := &channel.Error{Kind: channel.Temporary, Op: docSet.Op, Code: e.Code, Message: e.Message}
	switch e.Code {
	case "IDEMPOTENCY_CONCURRENT_REQUEST":
		failed.RetryAfter = time.Second
		return channel.Outcome{}, failed
	case "IDEMPOTENCY_KEY_PARAMETER_MISMATCH":
		// An earlier call used the key for other quantities. What became of it is not said.
		failed.Kind = channel.Invalid
		return channel.Outcome{State: channel.Unknown, Err: failed}, nil
	case "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED":
		failed.NotDone = true
		return channel.Outcome{State: channel.Refused, Err: failed}, nil
	}
	outcome := oneRefused(e)
	return outcome, nil
}

// staleAtZero are the positions where the shop refused an expected zero. The port has no number below zero, so a shop that oversold
// and shows −2 looks like one that shows 0, and comparing with 0 would be refused for ever.
func staleAtZero(batch []change, results []channel.Outcome) []int {
	var at []int
	for i, r := range results {
		if r.State == channel.Conflict && batch[i].expect != nil && *batch[i].expect == 0 {
			at = append(at, i)
		}
	}
	return at
}

// setOversold reads the refused zeros, sends those that are really below zero once more, comparing with the true number, and
// puts what became of them into results. When they cannot be read, the refusal stands: the caller reads back anyway.
func (c *connector) setOversold(ctx context.Context, batch []change, results []channel.Outcome, at []int) {
	refs := make([]channel.Ref, len(at))
	for n, i := range at {
		refs[n] = ref(batch[i].item, batch[i].location)
	}
	items, err := c.read250(ctx, refs)
	if err != nil {
		return
	}
	var below []change
	var where []int
	var round strings.Builder
	for n, i := range at {
		it, ok := items[refs[n]]
		if !ok || it.Level == nil {
			continue
		}
		if actual, _, ok := it.Level.available(); ok && actual < 0 {
			b := batch[i]
			b.expect = &actual
			below, where = append(below, b), append(where, i)
			fmt.Fprintf(&round, "from %d,", actual)
		}
	}
	if len(below) == 0 {
		return
	}
	var again []channel.Outcome
	answer, err := c.send250(ctx, below, callKey(below, round.String()))
	if err == nil {
		again, err = outcomes(below, answer)
	}
	for n, i := range where {
		if err == nil {
			results[i] = again[n]
			continue
		}
		if failed, ok := errors.AsType[*channel.Error](err); ok && !failed.NotDone {
			results[i] = channel.Outcome{State: channel.Unknown, Err: err}
		}
	}
}

// ReadStock asks by id, which answers with what was last written, not by the search index.
func (c *connector) ReadStock(ctx context.Context, refs []channel.Ref) ([]channel.Shown, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	items, err := c.read250(ctx, refs)
	if err != nil {
		return nil, err
	}
	shown := make([]channel.Shown, len(refs))
	for i, r := range refs {
		shown[i] = channel.Shown{Ref: r}
		it, ok := items[r]
		if !ok {
			continue
		}
		if shown[i].Err = it.uncounted(); shown[i].Err != nil {
			continue
		}
		n, at, ok := it.Level.available()
		if !ok {
			return nil, unreadable(docRead.Op, fmt.Sprintf("item %s comes without its available number", r))
		}
		shown[i].Found, shown[i].Quantity, shown[i].At = true, stock.Units(n), at
	}
	return shown, nil
}

// uncounted says why the shop shows no number for an item at the location, nil when it shows one.
func (it item) uncounted() error {
	failed := &channel.Error{Kind: channel.Uncounted, Op: docRead.Op, NotDone: true}
	switch {
	case !it.counts():
		failed.Code, failed.Message = "tracked: false", "Shopify does not track this item's stock; switch on Track inventory in the product's Inventory section"
	case it.Level == nil:
		failed.Code, failed.Message = notStocked, "the item is not stocked at the location; tick the location in the product's Inventory section"
	default:
		return nil
	}
	return failed
}

// notStocked is Shopify's code for an item that the location does not keep.
const notStocked = "ITEM_NOT_STOCKED_AT_LOCATION"

// counts tells whether the shop counts the item's stock at all.
func (it item) counts() bool { return it.Tracked == nil || *it.Tracked }

// read250 reads inventory items, at most 250, by ref; those that the shop does not have are missing. Refs of more than one
// location take a call for each.
func (c *connector) read250(ctx context.Context, refs []channel.Ref) (map[channel.Ref]item, error) {
	var order []string
	ids := map[string][]string{}
	for _, r := range refs {
		it, location, ok := split(r)
		if !ok {
			continue
		}
		if ids[location] == nil {
			order = append(order, location)
		}
		ids[location] = append(ids[location], gidItem+it)
	}
	found := make(map[channel.Ref]item, len(refs))
	for _, location := range order {
		var answer struct {
			Nodes []*item `json:"nodes"`
		}
		if err := c.ask(ctx, docRead, map[string]any{"ids": ids[location], "location": gidLocation + location}, &answer); err != nil {
			return nil, err
		}
		if answer.Nodes == nil {
			return nil, unreadable(docRead.Op, "the answer holds no items")
		}
		for _, it := range answer.Nodes {
			if it != nil && it.ID != "" {
				found[ref(tail(it.ID), location)] = *it
			}
		}
	}
	return found, nil
}
