package vendure

import (
	"encoding/json"
	"testing"
	"time"
)

// What an order did to the shop's own number before it was cut cannot be seen from what is left of it, so the cut is told.
func TestSnapshot_tells_of_a_cut(t *testing.T) {
	for lines, edited := range map[string]bool{
		`[{"id":"1","quantity":3,"orderPlacedQuantity":3},{"id":"2","quantity":1,"orderPlacedQuantity":1}]`: false,
		`[{"id":"1","quantity":3,"orderPlacedQuantity":3},{"id":"2","quantity":0,"orderPlacedQuantity":1}]`: true,
		`[{"id":"1","quantity":4,"orderPlacedQuantity":3}]`:                                                 true,
		`[{"id":"1","quantity":4}]`: false,
	} {
		var o orderWire
		if err := json.Unmarshal([]byte(`{"code":"A","state":"PaymentSettled","lines":`+lines+`}`), &o); err != nil {
			t.Fatal(err)
		}
		if got := o.snapshot(time.Now()).Edited; got != edited {
			t.Errorf("%s: edited %v", lines, got)
		}
	}
}
