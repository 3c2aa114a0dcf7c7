package order

import (
	"maps"
	"slices"
)

// Recorded is what the ledger knows of an order before a snapshot is taken in.
type Recorded struct {
	Exists  bool
	Version Version
	State   State
	Lines   map[string]RecordedLine // by line key
}

// RecordedLine is one recorded line with its claim.
type RecordedLine struct {
	Line  Line
	Claim Claim
}

// LineDiff is the way of one line from its recorded claim to the one the snapshot asks for.
type LineDiff struct {
	Line Line
	From Claim
	To   Claim
	Gone bool // the snapshot no longer has the line
	New  bool // the line had not been recorded
}

// Steps are the movements of the line, none when nothing moves.
func (d LineDiff) Steps() []Step { return d.From.Steps(d.To) }

// Difference is everything that a snapshot changes.
type Difference struct {
	Stale bool // the snapshot is older than what is recorded: ignore it
	Lines []LineDiff
	// LateCancel is how many shipped units the shop has cancelled since: whether they come back to the shelf is for a
	// person to say.
	LateCancel int64
}

// Diff compares a snapshot with what is recorded. An order is historic when it was placed before soroi came to the shop: the
// units of it that had left by our first sight of it left before the shelf was counted, so they are recorded without a movement.
// The lines come in the snapshot's order, those that it no longer has last, by key.
func Diff(recorded Recorded, s Snapshot, historic bool) Difference {
	if recorded.Exists && s.Version.Before(recorded.Version) {
		return Difference{Stale: true}
	}
	var d Difference
	present := make(map[string]bool, len(s.Lines))
	for _, line := range s.Lines {
		present[line.Key] = true
		old, known := recorded.Lines[line.Key]
		from := old.Claim
		if !known && historic && !recorded.Exists {
			from = Claim{Shipped: line.Shipped, Returned: line.Returned}
		}
		if line.Ref == "" && known {
			line.Ref = old.Line.Ref
		}
		to := line.Wants(from)
		d.Lines = append(d.Lines, LineDiff{Line: line, From: from, To: to, New: !known})
		d.LateCancel += max(to.Shipped-to.Returned-line.Wanted, 0)
	}
	if s.Incomplete {
		return d
	}
	for _, key := range slices.Sorted(maps.Keys(recorded.Lines)) {
		if present[key] {
			continue
		}
		old := recorded.Lines[key]
		gone := old.Line
		gone.Wanted, gone.Shipped = 0, 0
		to := gone.Wants(old.Claim)
		if to != old.Claim || old.Line.Wanted != 0 {
			d.Lines = append(d.Lines, LineDiff{Line: gone, From: old.Claim, To: to, Gone: true})
		}
		d.LateCancel += max(to.Shipped-to.Returned, 0)
	}
	return d
}
