package all_test

import (
	"testing"

	"soroi/internal/channel"
	"soroi/internal/channel/all"
)

// A write whose process has ended is waited for as long as the slowest channel may take (docs/escrow.md).
func TestLag_of_every_channel_is_bounded(t *testing.T) {
	t.Parallel()
	for _, spec := range all.Specs() {
		if spec.Limits.Lag > channel.LongestLag {
			t.Errorf("%s shows a write after %s, longer than %s", spec.Kind, spec.Limits.Lag, channel.LongestLag)
		}
	}
}
