package shopify

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"soroi/internal/mallsim"
)

// The bounds of a quantity and of a change.
const (
	largestQuantity = 1_000_000_000
	largestDelta    = 2_000_000_000
)

var reasons = []string{"correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created", "movement_received",
	"movement_updated", "other", "promotion", "quality_control", "received", "reservation_created", "reservation_deleted",
	"reservation_updated", "restock", "safety_stock", "shrinkage"}

// mutations are the fields of the mutation root.
func (c *call) mutations(f *ast.Field) bag {
	return bag{
		OpSet: c.guarded("write_inventory", OpSet, func(args map[string]any) any {
			return c.keyed(f, args, "InventorySetQuantitiesPayload", "quantities", c.set)
		}),
		OpAdjust: c.guarded("write_inventory", OpAdjust, func(args map[string]any) any {
			return c.keyed(f, args, "InventoryAdjustQuantitiesPayload", "changes", c.adjust)
		}),
		"webhookSubscriptionCreate": finder(c.subscribe),
		"webhookSubscriptionDelete": finder(c.unsubscribe),
	}
}

// keysLive is how long the mall remembers an idempotency key at least. The page does not say; a day is more than any retry.
const keysLive = 24 * time.Hour

// attempt is the first use of an idempotency key.
type attempt struct {
	arguments string
	result    result
	at        time.Time
}

// remember keeps an attempt, and now and then forgets the old ones. The caller holds writeMu.
func (s *Server) remember(key string, a attempt) {
	s.keys[key] = a
	if len(s.keys)%4096 == 0 {
		maps.DeleteFunc(s.keys, func(_ string, old attempt) bool { return a.at.Sub(old.at) > keysLive })
	}
}

// result is what a mutation came to: changes, or what was wrong.
type result struct {
	id       string
	at       time.Time
	reason   string
	document any
	changes  []changed
	problems []problem
}

type changed struct {
	key      mallsim.Key
	location Location
	name     string
	delta    int64
	after    int64
	ledger   any
}

// problem is one userError.
type problem struct {
	code    string
	message string
	field   []string
}

// keyed runs a mutation under its idempotency key: once, and for the same key again with the first result.
func (c *call) keyed(f *ast.Field, args map[string]any, payload, list string, run func(input map[string]any) result) any {
	input, _ := args["input"].(map[string]any)
	elements, _ := input[list].([]any)
	if len(elements) > mostElements {
		c.fail(c.op, "MAX_INPUT_SIZE_EXCEEDED", "The input array size of "+strconv.Itoa(len(elements))+" is greater than the maximum allowed of 250.")
		return nil
	}
	var key string
	if d := f.Directives.ForName("idempotent"); d != nil {
		key, _ = d.ArgumentMap(c.variables)["key"].(string)
	}
	if key == "" && c.idempotentRequired {
		c.fail(c.op, "BAD_REQUEST", "The @idempotent directive is required for this mutation but was not provided.")
		return nil
	}
	for _, e := range elements {
		if _, present := e.(map[string]any)["changeFromQuantity"]; !present && c.changeFromRequired {
			c.fail(c.op, "BAD_REQUEST", "changeFromQuantity must be given; null skips the comparison.")
			return nil
		}
	}
	if c.busy {
		return c.payload(payload, failing("IDEMPOTENCY_CONCURRENT_REQUEST", "A request with this idempotency key is still running."))
	}
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if key == "" {
		return c.payload(payload, run(input))
	}
	text, err := json.Marshal(args)
	if err != nil { // arguments came from JSON
		panic(err)
	}
	arguments := payload + string(text)
	first, used := c.keys[key]
	switch {
	case used && first.arguments != arguments:
		return c.payload(payload, failing("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "The idempotency key was used with other arguments."))
	case used && len(first.result.problems) > 0 && c.o.FailedKeysStay:
		return c.payload(payload, failing("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "The first request with this idempotency key failed."))
	case used:
		return c.payload(payload, first.result)
	}
	done := run(input)
	if !c.silent {
		c.remember(key, attempt{arguments, done, c.now()})
	}
	return c.payload(payload, done)
}

func failing(code, message string) result {
	return result{problems: []problem{{code: code, message: message, field: []string{"input"}}}}
}

// payload writes a result as the payload of a mutation.
func (c *call) payload(kind string, r result) object {
	errors := []object{}
	for _, p := range r.problems {
		errors = append(errors, object{strings.TrimSuffix(kind, "Payload") + "UserError", bag{"code": p.code, "message": p.message, "field": p.field}})
	}
	var group *object
	if len(r.problems) == 0 && (len(r.changes) > 0 || !c.o.OmitUnchanged) {
		changes := []object{}
		for _, ch := range r.changes {
			item := (*object)(nil)
			if l, ok := c.find(ch.key); ok {
				found := c.item(l)
				item = &found
			}
			changes = append(changes, object{"InventoryChange", bag{"name": ch.name, "delta": ch.delta, "quantityAfterChange": ch.after,
				"ledgerDocumentUri": ch.ledger, "item": item, "location": c.place(ch.location)}})
		}
		group = &object{"InventoryAdjustmentGroup", bag{"id": r.id, "createdAt": r.at, "reason": r.reason, "referenceDocumentUri": r.document, "changes": changes}}
	}
	return object{kind, bag{"inventoryAdjustmentGroup": group, "userErrors": errors}}
}

// wish is one element of an input array that has passed its checks.
type wish struct {
	key      mallsim.Key
	location Location
	index    int
	amount   int64  // the quantity, or the delta
	from     *int64 // what is expected to be there
	fromName string // the field that says so
	ledger   any
	adjusts  bool // from an adjust, not from a set
}

// wishes checks what set and adjust have in common: reason, document, items, locations, pairs.
func (c *call) wishes(input map[string]any, list, amount string) (found []wish, problems []problem) {
	complain := func(code, message string, field ...string) {
		problems = append(problems, problem{code, message, append([]string{"input"}, field...)})
	}
	if reason, _ := input["reason"].(string); !slices.Contains(reasons, reason) {
		complain("INVALID_REASON", "The specified reason is invalid.", "reason")
	}
	if document, given := input["referenceDocumentUri"].(string); given && !isURI(document) {
		complain("INVALID_REFERENCE_DOCUMENT", "The specified reference document is invalid.", "referenceDocumentUri")
	}
	elements, _ := input[list].([]any)
	pairs := map[string]bool{}
	for i, v := range elements {
		e := v.(map[string]any)
		at := strconv.Itoa(i)
		w := wish{index: i, amount: whole(e[amount]), ledger: e["ledgerDocumentUri"], adjusts: list == "changes"}
		itemKind, item, _, _ := readGID(e["inventoryItemId"].(string))
		key, known := c.ids.key(kindItem, item)
		_, there := c.mall.Stock(key)
		locationKind, place, _, _ := readGID(e["locationId"].(string))
		at0 := slices.IndexFunc(c.o.Locations, func(l Location) bool { return l.ID == place })
		switch {
		case itemKind != kindItem || !known || !there:
			complain("INVALID_INVENTORY_ITEM", "The specified inventory item could not be found.", list, at, "inventoryItemId")
			continue
		case locationKind != kindLocation || at0 < 0 || c.o.Locations[at0].Inactive:
			complain("INVALID_LOCATION", "The specified location could not be found.", list, at, "locationId")
			continue
		case at0 > 0 || !c.stocks(key):
			complain("ITEM_NOT_STOCKED_AT_LOCATION", "The specified inventory item is not stocked at the location.", list, at, "locationId")
			continue
		}
		pair := legacy(item) + "@" + legacy(place)
		if pairs[pair] {
			complain("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "The combination of inventoryItemId and locationId must be unique.", list, at)
			continue
		}
		pairs[pair] = true
		for _, name := range []string{"changeFromQuantity", "compareQuantity"} {
			if from, given := e[name]; given && from != nil {
				n := whole(from)
				w.from, w.fromName = &n, name
			}
		}
		w.key, w.location = key, c.o.Locations[at0]
		found = append(found, w)
	}
	return found, problems
}

func isURI(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "")
}

func (c *call) set(input map[string]any) result {
	name, _ := input["name"].(string)
	found, problems := c.wishes(input, "quantities", "quantity")
	if name != "available" && name != "on_hand" {
		problems = append(problems, problem{"INVALID_NAME", "The specified quantity name is invalid.", []string{"input", "name"}})
	}
	for _, w := range found {
		field := []string{"input", "quantities", strconv.Itoa(w.index), "quantity"}
		switch {
		case w.amount < 0:
			problems = append(problems, problem{"INVALID_QUANTITY_NEGATIVE", "The quantity can't be negative.", field})
		case w.amount > largestQuantity:
			problems = append(problems, problem{"INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 1,000,000,000.", field})
		}
		if c.compare && !c.changeFromRequired && w.from == nil && input["ignoreCompareQuantity"] != true && !hasKey(input, w.index, "changeFromQuantity") {
			problems = append(problems, problem{"COMPARE_QUANTITY_REQUIRED", "The compareQuantity argument must be given and no null, or ignoreCompareQuantity must be true.",
				[]string{"input", "quantities", strconv.Itoa(w.index), "compareQuantity"}})
		}
	}
	ignore := c.compare && input["ignoreCompareQuantity"] == true
	return c.apply(input, found, problems, name, func(w wish, now int64) (int64, bool) {
		if name == "on_hand" {
			now += c.diary.committedOf(w.key)
		}
		return w.amount - now, w.from == nil || ignore || *w.from == now
	})
}

func hasKey(input map[string]any, i int, name string) bool {
	_, has := input["quantities"].([]any)[i].(map[string]any)[name]
	return has
}

func (c *call) adjust(input map[string]any) result {
	name, _ := input["name"].(string)
	found, problems := c.wishes(input, "changes", "delta")
	if name != "available" {
		problems = append(problems, problem{"INVALID_QUANTITY_NAME", "The simulated mall adjusts available only.", []string{"input", "name"}})
	}
	for _, w := range found {
		at := strconv.Itoa(w.index)
		switch {
		case w.amount > largestDelta:
			problems = append(problems, problem{"INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 2,000,000,000.", []string{"input", "changes", at, "delta"}})
		case w.amount < -largestDelta:
			problems = append(problems, problem{"INVALID_QUANTITY_TOO_LOW", "The quantity can't be lower than -2,000,000,000.", []string{"input", "changes", at, "delta"}})
		}
		if w.ledger != nil {
			problems = append(problems, problem{"INVALID_AVAILABLE_DOCUMENT", "A ledger document cannot be given for available.", []string{"input", "changes", at, "ledgerDocumentUri"}})
		}
	}
	return c.apply(input, found, problems, name, func(w wish, now int64) (int64, bool) {
		return w.amount, w.from == nil || *w.from == now
	})
}

// apply changes everything or nothing. delta says by how much one number changes from what it is now, and whether it is what
// the caller expected. A buyer may come between looking and changing: then it looks again.
func (c *call) apply(input map[string]any, found []wish, problems []problem, name string, delta func(w wish, now int64) (int64, bool)) result {
	reason, _ := input["reason"].(string)
	r := result{id: gid("InventoryAdjustmentGroup", c.ids.of("InventoryAdjustmentGroup", c.next("group"))), at: c.now(), reason: reason,
		document: input["referenceDocumentUri"], problems: problems}
	if len(problems) > 0 {
		return r
	}
	for _, w := range found {
		now, _ := c.mall.Stock(w.key)
		if _, expected := delta(w, now); !expected {
			r.problems = append(r.problems, stale(w, name))
		}
	}
	for _, w := range found {
		if len(r.problems) > 0 {
			break
		}
		ch, ok := c.write(w, name, delta)
		if !ok {
			r.problems = append(r.problems, stale(w, name))
			continue
		}
		if ch.delta != 0 || !c.o.OmitUnchanged {
			r.changes = append(r.changes, ch)
		}
	}
	if len(r.problems) > 0 {
		for _, ch := range slices.Backward(r.changes) {
			if !c.silent {
				c.mall.AddStock(ch.key, -ch.delta, mallsim.ByPush, -largestDelta, largestDelta)
			}
		}
		r.changes = nil
	}
	return r
}

// write changes one number. False when it is not what was expected.
func (c *call) write(w wish, name string, delta func(w wish, now int64) (int64, bool)) (changed, bool) {
	ch := changed{key: w.key, location: w.location, name: name, ledger: w.ledger}
	for {
		now, there := c.mall.Stock(w.key)
		d, expected := delta(w, now)
		if !there || !expected {
			return changed{}, false
		}
		ch.delta, ch.after = d, now+d
		if name == "on_hand" {
			ch.after += c.diary.committedOf(w.key)
		}
		if c.silent {
			return ch, true
		}
		// The bounds hold only while the number is still what it was.
		if _, err := c.mall.AddStock(w.key, d, mallsim.ByPush, now+d, now+d); err == nil {
			return ch, true
		}
	}
}

func stale(w wish, name string) problem {
	list, code, field := "quantities", "CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity"
	if w.fromName == "compareQuantity" {
		code, field = "COMPARE_QUANTITY_STALE", "compareQuantity"
	}
	if w.adjusts {
		list = "changes"
	}
	return problem{code, "The quantity of " + name + " is not the expected one any more.", []string{"input", list, strconv.Itoa(w.index), field}}
}
