package channeltest

import (
	"fmt"
	"strconv"
	"strings"

	"soroi/internal/channel"
)

// Table is the table of channels in docs/channels/README.md, made from what the channels declare.
func Table(specs []channel.Spec) string {
	var b strings.Builder
	b.WriteString("| channel | writes | finds changed orders | webhook | SKUs a push / a read | pushes a second | after a cancel the shop's number | history |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, s := range specs {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s | %d / %d | %s | %s | %s |\n", s.Name, s.Kind, writing(s.Can), yes(s.Can.ChangedSince),
			yes(s.Can.Webhook), s.Limits.PushItems, s.Limits.ReadItems, pushRate(s.Limits), returning[s.Can.ReturnsOnCancel], days(s.Limits))
	}
	return b.String()
}

func writing(c channel.Can) string {
	words := map[channel.Write]string{channel.Overwrite: "the number", channel.Delta: "a difference", channel.CompareAndSet: "compares and sets"}[c.Write]
	if c.Keyed {
		words += ", once per key"
	}
	if c.Async {
		words += ", answers later"
	}
	if c.ReadAfter {
		words += ", answers prove little"
	}
	return words
}

var returning = map[channel.Returning]string{channel.ReturnsAlways: "rises", channel.ReturnsNever: "stays", channel.ReturnsDepends: "depends: read back"}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func pushRate(l channel.Limits) string {
	for _, r := range l.Rates {
		if r.Bucket == l.PushBucket {
			return strconv.FormatFloat(r.Calls/r.Per.Seconds()/max(l.PushCost, 1), 'g', 3, 64)
		}
	}
	return "no limit known"
}

func days(l channel.Limits) string {
	if l.History == 0 {
		return "everything"
	}
	return fmt.Sprintf("%d days", int(l.History.Hours()/24))
}
