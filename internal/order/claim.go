package order

import "soroi/internal/stock"

// Claim is what one order line holds of the stock (引当). It is recorded beside the line, and only posting a difference
// changes it.
type Claim struct {
	Held     int64 // committed: sold and not yet shipped
	Shipped  int64 // left the shelf
	Returned int64 // came back to the shelf
}

// Wants is the claim that a line asks for.
//
// Units that have been shipped stay shipped when the order is cancelled or cut afterwards: they left, and only a return
// brings them back. So a line may have more shipped than wanted; it then holds nothing.
func (l Line) Wants(recorded Claim) Claim {
	shipped := l.Shipped
	if l.Wanted == 0 || l.Wanted < recorded.Shipped {
		shipped = max(shipped, recorded.Shipped)
	}
	return Claim{
		Held:     max(l.Wanted-shipped, 0),
		Shipped:  shipped,
		Returned: max(l.Returned, recorded.Returned),
	}
}

// Step is one movement that leads from one claim to another.
type Step struct {
	Kind           stock.MovementKind
	OnHandDelta    int64
	CommittedDelta int64
}

// Steps lead from the recorded claim to the wanted one. Shipping takes units off the shelf and out of committed at once;
// what then remains of the difference is claimed or given back; returns come last. Nothing to do is an empty list.
func (c Claim) Steps(wanted Claim) []Step {
	var steps []Step
	left := wanted.Shipped - c.Shipped
	if claimed := wanted.Held - c.Held + left; claimed != 0 {
		steps = append(steps, Step{Kind: stock.Claimed, CommittedDelta: claimed})
	}
	if left != 0 {
		steps = append(steps, Step{Kind: stock.Shipment, OnHandDelta: -left, CommittedDelta: -left})
	}
	if back := wanted.Returned - c.Returned; back != 0 {
		steps = append(steps, Step{Kind: stock.Return, OnHandDelta: back})
	}
	return steps
}

// Distance is how many units lie between two claims: those that are held, have left or have come back in one and not in the other.
func (c Claim) Distance(o Claim) int64 {
	between := func(a, b int64) int64 { return max(a-b, b-a) }
	return between(c.Held, o.Held) + between(c.Shipped, o.Shipped) + between(c.Returned, o.Returned)
}
