package vendure

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// level is what the shop says of some variants, read in one call.
type level struct {
	settings  settingsWire
	locations locationsWire
	variants  map[channel.Ref]variantWire
}

// load reads the stock of the variants that the shop has; the others are missing in the result.
func (s *shop) load(ctx context.Context, op string, refs []channel.Ref) (level, error) {
	var data struct {
		GlobalSettings settingsWire  `json:"globalSettings"`
		StockLocations locationsWire `json:"stockLocations"`
		ProductVariant variantsWire  `json:"productVariants"`
	}
	if _, err := s.ask(ctx, op, stockDocument, values{"ids": refs, "take": len(refs)}, &data); err != nil {
		return level{}, err
	}
	variants, err := readVariants(op, data.GlobalSettings, data.ProductVariant.Items)
	if err != nil {
		return level{}, err
	}
	return level{data.GlobalSettings, data.StockLocations, variants}, nil
}

func readVariants(op string, settings settingsWire, items []json.RawMessage) (map[channel.Ref]variantWire, error) {
	if items == nil {
		return nil, unreadable(op, fmt.Errorf("no variants"))
	}
	if err := settings.check(); err != nil {
		return nil, unreadable(op, err)
	}
	variants := make(map[channel.Ref]variantWire, len(items))
	for _, item := range items {
		if string(item) == "null" {
			continue
		}
		var v variantWire
		if err := json.Unmarshal(item, &v); err != nil {
			return nil, unreadable(op, err)
		}
		if err := v.check(); err != nil {
			return nil, unreadable(op, err)
		}
		variants[order.Ref(v.ID)] = v
	}
	return variants, nil
}

// ReadStock returns what the shop would sell of each variant.
func (s *shop) ReadStock(ctx context.Context, refs []channel.Ref) ([]channel.Shown, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	now, err := s.load(ctx, "stock", refs)
	if err != nil {
		return nil, err
	}
	shown := make([]channel.Shown, len(refs))
	for i, ref := range refs {
		shown[i].Ref = ref
		if v, ok := now.variants[ref]; ok {
			shown[i].Found, shown[i].Quantity = true, v.quantity(now.settings)
		}
	}
	return shown, nil
}

// inputWire is one variant of a write.
type inputWire struct {
	ID             string       `json:"id"`
	TrackInventory string       `json:"trackInventory,omitempty"`
	StockLevels    []inputLevel `json:"stockLevels,omitempty"`
}

type inputLevel struct {
	Location string `json:"stockLocationId"`
	OnHand   int64  `json:"stockOnHand"`
}

// PushStock reads what is allocated and writes the on-hand figures that make the shop sell what is wanted. A sale between the
// reading and the writing is kept, since the shop counts it apart, as allocated. The write is one transaction over all updates, so
// those that the shop would refuse are left out beforehand.
func (s *shop) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	if len(updates) == 0 {
		return nil, nil
	}
	outcomes := make([]channel.Outcome, len(updates))
	refs := make([]channel.Ref, 0, len(updates))
	for i, u := range updates {
		if units, limited := u.Want.Units(); limited && units > largest {
			outcomes[i] = refused(channel.Invalid, fmt.Sprintf("%d units are more than a listing can show", units))
			continue
		}
		refs = append(refs, u.Ref)
	}
	if len(refs) == 0 {
		return outcomes, nil
	}
	before, err := s.load(ctx, "push/read", refs)
	if err != nil {
		return nil, err
	}
	location, err := before.locations.find(pushOp, s.location)
	if err != nil {
		return nil, err
	}
	inputs := make([]inputWire, 0, len(refs))
	sent := make([]int, 0, len(refs))
	for i, u := range updates {
		if outcomes[i].State != "" {
			continue
		}
		v, ok := before.variants[u.Ref]
		if !ok {
			outcomes[i] = refused(channel.NotFound, fmt.Sprintf("the shop has no variant %s", u.Ref))
			continue
		}
		input, err := v.input(before.settings, location, u.Want)
		if err != nil {
			outcomes[i] = refused(channel.Invalid, err.Error())
			continue
		}
		inputs, sent = append(inputs, input), append(sent, i)
	}
	if len(inputs) == 0 {
		return outcomes, nil
	}
	after, err := s.write(ctx, before.settings, inputs)
	if err != nil {
		return nil, err
	}
	for _, i := range sent {
		outcomes[i] = channel.Outcome{State: channel.Unknown, Err: &channel.Error{Kind: channel.Unreadable, Op: pushOp, Status: 200,
			Message: fmt.Sprintf("the answer leaves out variant %s", updates[i].Ref)}}
		if v, ok := after[updates[i].Ref]; ok {
			shown := v.quantity(before.settings)
			outcomes[i] = channel.Outcome{State: channel.Applied, Shown: &shown}
		}
	}
	return outcomes, nil
}

const pushOp = "push"

func (s *shop) write(ctx context.Context, settings settingsWire, inputs []inputWire) (map[channel.Ref]variantWire, error) {
	var data struct {
		Updated []json.RawMessage `json:"updateProductVariants"`
	}
	_, err := s.ask(ctx, pushOp, pushDocument, values{"input": inputs}, &data)
	if e, ok := err.(*channel.Error); ok && e.Code == codeNoEntity {
		// A variant that was there a moment ago is gone. Nothing was saved; the next attempt finds which one.
		e.Kind = channel.Temporary
	}
	if err != nil {
		return nil, err
	}
	return readVariants(pushOp, settings, data.Updated)
}

// input is the write that makes the shop sell what is wanted: the location's figure moves by what is missing, which with one
// location comes to wanted + allocated + threshold. A variant that the shop does not count begins to be counted.
func (w variantWire) input(settings settingsWire, location string, quantity stock.Quantity) (inputWire, error) {
	want, limited := quantity.Units()
	if !limited {
		return inputWire{ID: w.ID, TrackInventory: untracked}, nil
	}
	onHand := w.onHand(location) + want - w.saleable(settings)
	if far(onHand) {
		return inputWire{}, fmt.Errorf("on hand would have to be %d, beyond %d", onHand, math.MaxInt32)
	}
	input := inputWire{ID: w.ID, StockLevels: []inputLevel{{location, onHand}}}
	if !w.counts(settings) {
		input.TrackInventory = tracked
	}
	return input, nil
}

func refused(kind channel.ErrorKind, message string) channel.Outcome {
	return channel.Outcome{State: channel.Refused, Err: &channel.Error{Kind: kind, Op: pushOp, Message: message, NotDone: true}}
}
