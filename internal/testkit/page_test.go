package testkit_test

import (
	"strings"
	"testing"

	"soroi/internal/testkit"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page, fault string }{
		{"nothing", `<h1>a</h1><form method=post><input type=hidden name=token value=k><label for=a>a</label><input id=a></form>`, ""},
		{"no heading", `<p>`, "0 main headings"},
		{"no token", `<h1>a</h1><form method=POST action=/x></form>`, "no token"},
		{"another token", `<h1>a</h1><form method=post><input type=hidden name=token value=z></form>`, "no token"},
		{"no label", `<h1>a</h1><input name=q>`, "no label"},
		{"id twice", `<h1 id=a>a</h1><p id=a>`, "twice"},
		{"inline style", `<h1 style="color:red">a</h1>`, "inline style"},
		{"inline handler", `<h1 onclick="x()">a</h1>`, "inline onclick"},
		{"inline script", `<h1>a</h1><script>x()</script>`, "inline <script>"},
		{"script in an address", `<h1><a href=" JavaScript:x()">a</a></h1>`, "runs"},
		{"description of nothing", `<h1 aria-describedby="b">a</h1>`, "points to"},
		{"silent button", `<h1>a</h1><button></button>`, "says nothing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			faults := strings.Join(testkit.ParsePage(t, test.page).Faults("k"), "\n")
			if test.fault == "" && faults != "" || !strings.Contains(faults, test.fault) {
				t.Errorf("found %q, want %q", faults, test.fault)
			}
		})
	}
}
