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

// ParseFaults reads faults as a command line gives them, separated by commas: mall:kind, and behind that in any order
// p=probability, n=times, op=pattern, delay=span. The mall * is all of them. An example: rakuten:timeout_after:p=0.02,*:slow:delay=3s:n=5.
func ParseFaults(text string) ([]Fault, error) {
	var list []Fault
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		parts := strings.Split(entry, ":")
		if len(parts) < 2 {
			return nil, fmt.Errorf("fault %q is not of the form mall:kind", entry)
		}
		f := Fault{Mall: parts[0]}
		if f.Mall == "*" {
			f.Mall = ""
		}
		f.Kind = mallsim.FaultKind(parts[1])
		for _, part := range parts[2:] {
			name, value, _ := strings.Cut(part, "=")
			var err error
			switch name {
			case "p":
				f.Probability, err = strconv.ParseFloat(value, 64)
			case "n":
				f.Times, err = strconv.Atoi(value)
			case "op":
				f.Op = value
			case "delay":
				f.Delay, err = time.ParseDuration(value)
			default:
				return nil, fmt.Errorf("fault %q: %q is none of p, n, op and delay", entry, name)
			}
			if err != nil {
				return nil, fmt.Errorf("fault %q: %s cannot be %q", entry, name, value)
			}
		}
		if !f.Valid() {
			return nil, fmt.Errorf("fault %q cannot act: the kinds are %v", entry, mallsim.FaultKinds())
		}
		list = append(list, f)
	}
	return list, nil
}
