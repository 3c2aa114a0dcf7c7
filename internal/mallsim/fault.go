package mallsim

import (
	"path"
	"slices"
	"time"
)

// FaultKind is a way for a mall to fail.
type FaultKind string

// The ways to fail. "After" means that the effect has happened.
const (
	TimeoutBefore    FaultKind = "timeout_before"     // no answer and no effect
	TimeoutAfter     FaultKind = "timeout_after"      // the effect happened, the answer is lost
	ServerError      FaultKind = "server_error"       // 5xx without effect
	ServerErrorAfter FaultKind = "server_error_after" // 5xx with effect
	TooMany          FaultKind = "too_many"           // 429 without effect
	MaintenancePage  FaultKind = "maintenance_page"   // a web page with status 200, no effect
	Unavailable      FaultKind = "unavailable"        // 503 without effect
	CutBody          FaultKind = "cut_body"           // the effect happened, half of the answer arrives
	WrongType        FaultKind = "wrong_type"         // the effect happened, the answer is well-formed and of another shape
	Reset            FaultKind = "reset"              // the connection breaks before any effect
	Slow             FaultKind = "slow"               // everything as usual, Delay later
	SilentLoss       FaultKind = "silent_loss"        // answers success and does nothing
	DuplicateOrders  FaultKind = "duplicate_orders"   // an order page holds some orders twice
	Unauthorized     FaultKind = "unauthorized"       // 401 without effect
	Forbidden        FaultKind = "forbidden"          // 403 without effect
	Conflict         FaultKind = "conflict"           // the mall's "somebody else is changing this", without effect
)

// FaultKinds are all of them.
func FaultKinds() []FaultKind {
	return []FaultKind{TimeoutBefore, TimeoutAfter, ServerError, ServerErrorAfter, TooMany, MaintenancePage, Unavailable, CutBody,
		WrongType, Reset, Slow, SilentLoss, DuplicateOrders, Unauthorized, Forbidden, Conflict}
}

// Fault makes operations fail. Of several that fit a call, the one injected first acts.
type Fault struct {
	Op          string        `json:"op"` // path.Match pattern on the operation's name; "" and "*" fit every operation
	Kind        FaultKind     `json:"kind"`
	Times       int           `json:"times,omitempty"`       // how often; 0 = without end
	Probability float64       `json:"probability,omitempty"` // of acting on a call that fits; 0 = 1
	Delay       time.Duration `json:"delay,omitempty"`       // Slow: default 2 s; timeouts: how long the mall hangs, default until the caller leaves
	From        time.Time     `json:"from,omitzero"`
	Until       time.Time     `json:"until,omitzero"` // acts before this moment; zero = without end
}

// Valid tells whether a fault can act: a known kind, a pattern that can be read, a count and a probability that make sense.
func (f Fault) Valid() bool {
	_, err := path.Match(f.Op, "")
	return err == nil && slices.Contains(FaultKinds(), f.Kind) && f.Times >= 0 && f.Probability >= 0 && f.Probability <= 1 && f.Delay >= 0
}

// Inject adds a fault.
func (m *Mall) Inject(f Fault) {
	m.faultMu.Lock()
	defer m.faultMu.Unlock()
	m.faults = append(m.faults, &f)
}

// ClearFaults removes them all.
func (m *Mall) ClearFaults() {
	m.faultMu.Lock()
	defer m.faultMu.Unlock()
	m.faults = nil
}

// Faults are the faults that may still act; Times is what is left of them.
func (m *Mall) Faults() []Fault {
	m.faultMu.Lock()
	defer m.faultMu.Unlock()
	m.dropSpent()
	list := make([]Fault, len(m.faults))
	for i, f := range m.faults {
		list[i] = *f
	}
	return list
}

func (m *Mall) dropSpent() {
	now := m.clock.Now()
	m.faults = slices.DeleteFunc(m.faults, func(f *Fault) bool {
		return f.Times < 0 || !f.Until.IsZero() && !now.Before(f.Until)
	})
}

// strike picks the fault that acts on a call, if one does.
func (m *Mall) strike(op string) (Fault, bool) {
	m.faultMu.Lock()
	defer m.faultMu.Unlock()
	if len(m.faults) == 0 {
		return Fault{}, false
	}
	m.dropSpent()
	now := m.clock.Now()
	for _, f := range m.faults {
		if now.Before(f.From) || !f.fits(op) || f.Probability > 0 && m.random.Float64() >= f.Probability {
			continue
		}
		if f.Times == 1 {
			f.Times = -1
		} else if f.Times > 1 {
			f.Times--
		}
		return *f, true
	}
	return Fault{}, false
}

func (f *Fault) fits(op string) bool {
	if f.Op == "" || f.Op == "*" {
		return true
	}
	ok, err := path.Match(f.Op, op)
	return ok && err == nil
}
