package webtest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"soroi/internal/web/webtest"
)

// serve answers every path with a page of that body, under a policy as strict as ours; /gone and /broken with their status.
func serve(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
		switch r.URL.Path {
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		case "/refused":
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, "<p>棚卸</p>")
		case "/throws.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `console.error("said aloud"); throw new Error("thrown")`)
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<!doctype html><title>t</title><link rel=icon href=data:,>"+body)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTabReadsAPage(t *testing.T) {
	t.Parallel()
	tab := webtest.Open(t)
	address := serve(t, `<h1>在庫</h1><form action="/next"><input name="q"><button>探す</button></form>`)
	tab.Go(address)
	tab.Type("input", "プリンター")
	tab.Click("button")
	tab.Until(`location.pathname === "/next"`)
	if got := tab.Text("h1"); got != "在庫" {
		t.Errorf("the heading is %q", got)
	}
	if got := webtest.Eval[string](tab, `new URLSearchParams(location.search).get("q")`); got != "プリンター" {
		t.Errorf("the form sent %q", got)
	}
	tab.Go(address + "/refused")
	if faults := tab.Faults(); faults != nil {
		t.Errorf("a good page has faults: %q", faults)
	}
}

func TestTabNotesFaults(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"an uncaught error", `<script src="/throws.js"></script>`, "thrown"},
		{"an error on the console", `<script src="/throws.js"></script>`, "said aloud"},
		{"what the policy refuses", `<script>1</script>`, "security: "},
		{"an asset that is not there", `<img src="/gone">`, "404 for "},
		{"an asset that breaks", `<img src="/broken">`, "500 for "},
		{"another machine", `<a href="http://soroi.invalid/">x</a>`, "asks another machine: http://soroi.invalid/"},
	}
	tab := webtest.Open(t)
	for _, tt := range tests {
		tab.Go(serve(t, tt.body))
		if tt.name == "another machine" {
			tab.Click("a")
			tab.Until(`location.protocol === "chrome-error:"`)
		}
		if faults := tab.Faults(); !strings.Contains(strings.Join(faults, "\n"), tt.want) {
			t.Errorf("%s: the faults %q do not say %q", tt.name, faults, tt.want)
		}
	}
}
