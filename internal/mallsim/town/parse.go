package town

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"soroi/internal/mallsim"
)

// named reads Options.Kinds.
func named(list []string) (names, kinds []string, err error) {
	for _, entry := range list {
		kind, name, given := strings.Cut(strings.TrimSpace(entry), "=")
		if !slices.Contains(Kinds(), kind) {
			return nil, nil, fmt.Errorf("there is no simulated mall of kind %q; there are %s", kind, strings.Join(Kinds(), ", "))
		}
		if !given {
			name = kind
			for n := 2; slices.Contains(names, name); n++ {
				name = fmt.Sprintf("%s-%d", kind, n)
			}
		}
		if name == "" || strings.ContainsAny(name, "/\\?#%\x00") || name == "." || name == ".." || slices.Contains(names, name) {
			return nil, nil, fmt.Errorf("two malls are called %q, or the name is no name", name)
		}
		names, kinds = append(names, name), append(kinds, kind)
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("a town needs a mall; there are %s", strings.Join(Kinds(), ", "))
	}
	return names, kinds, nil
}

// ParseFaults reads faults as a command line gives them, separated by commas: mall:operation=kind, and behind that, in any order
// and each after a colon, how often (3), how likely (2%) and the delay (500ms). The mall * is all of them, the operation * any;
// the operation is a path.Match pattern. An example: yahoo:setStock=timeout_after:3,*:*=slow:5%:3s.
func ParseFaults(text string) ([]Fault, error) {
	var list []Fault
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		f, err := parseFault(entry)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func parseFault(text string) (Fault, error) {
	var f Fault
	target, what, ok := strings.Cut(text, "=")
	mall, op, named := strings.Cut(target, ":")
	if !ok || !named || mall == "" || op == "" {
		return f, fmt.Errorf("fault %q is not of the form mall:operation=kind, such as yahoo:setStock=timeout_after:3", text)
	}
	if mall != "*" {
		f.Mall = mall
	}
	f.Op = op
	parts := strings.Split(what, ":")
	f.Kind = mallsim.FaultKind(parts[0])
	for _, part := range parts[1:] {
		times, err := strconv.Atoi(part)
		switch percent, is := strings.CutSuffix(part, "%"); {
		case err == nil && times < 1:
			return f, fmt.Errorf("fault %q: it would act %d times", text, times)
		case err == nil:
			f.Times = times
		case is:
			p, err := strconv.ParseFloat(percent, 64)
			if err != nil || p <= 0 || p > 100 {
				return f, fmt.Errorf("fault %q: %q is no share from 0%% to 100%%", text, part)
			}
			f.Probability = p / 100
		default:
			if f.Delay, err = time.ParseDuration(part); err != nil {
				return f, fmt.Errorf("fault %q: %q is no number of times (3), share (2%%) or delay (500ms)", text, part)
			}
		}
	}
	if !f.Valid() {
		return f, fmt.Errorf("fault %q cannot act: the kinds are %v", text, mallsim.FaultKinds())
	}
	return f, nil
}
