package all_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"soroi/internal/channel/all"
	"soroi/internal/channel/channeltest"
)

// TestTableOfChannels keeps the table in docs/channels/README.md equal to what the channels declare. With -update it writes
// the table anew.
func TestTableOfChannels(t *testing.T) {
	const path = "../../../docs/channels/README.md"
	const begin, end = "<!-- table -->\n", "<!-- end of table -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no table between %q and %q", path, begin, end)
	}
	fresh := before + begin + channeltest.Table(all.Specs()) + end + after
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if fresh != string(data) {
		t.Errorf("%s is not what the channels declare; write it anew with go test ./internal/channel/all -update", path)
	}
}
