package ui

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"soroi/internal/stock"
	"soroi/internal/text"
)

// JST is the zone of every time on the screens.
var jst = time.FixedZone("JST", 9*60*60)

// Today is the day of a moment in the zone of the screens.
func Today(now time.Time) stock.Day { return stock.DayOf(now, jst) }

// Number writes n with a comma after each three digits.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// ReadNumber reads a whole number as people type it: wide digits and commas are fine.
func ReadNumber(typed string) (int64, error) {
	return strconv.ParseInt(strings.ReplaceAll(text.Fold(typed), ",", ""), 10, 64)
}

// Delta writes a change with its sign; nothing changed is ±0.
func Delta(n int64) string {
	switch {
	case n > 0:
		return "+" + Number(n)
	case n == 0:
		return "±0"
	}
	return Number(n)
}

// Quantity writes what a shop shows, or a dash when it is not known.
func (l Lang) Quantity(q *stock.Quantity) string {
	if q == nil {
		return "–"
	}
	if n, ok := q.Units(); ok {
		return Number(n)
	}
	return l.T("無制限")
}

// Lag writes how long something took, as short as it stays true.
func (l Lang) Lag(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return l.T("%.1f秒", d.Seconds())
	case d < time.Minute:
		return l.T("%d秒", int(d.Seconds()))
	case d < time.Hour:
		return l.T("%d分%02d秒", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return l.T("%d時間%02d分", int(d.Hours()), int(d.Minutes())%60)
	}
	return l.T("%d日", int(d.Hours()/24))
}

// Time is an instant as people read it: in JST with seconds, the day left out when it is today. The element carries the whole of it.
func timeElement(now, at time.Time) template.HTML {
	if at.IsZero() {
		return "–"
	}
	at, now = at.In(jst), now.In(jst)
	layout := "2006/01/02 15:04:05"
	if at.Year() == now.Year() {
		layout = "01/02 15:04:05"
		if at.YearDay() == now.YearDay() {
			layout = "15:04:05"
		}
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		at.Format(time.RFC3339), at.Format("2006/01/02 15:04:05 MST"), at.Format(layout)))
}

// anchor makes an id for an element out of its parts: letters, digits, and everything else by number.
func anchor(parts ...any) string {
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteByte('-')
		}
		for _, r := range fmt.Sprint(part) {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				b.WriteRune(r)
			} else {
				fmt.Fprintf(&b, "_%x_", r)
			}
		}
	}
	return b.String()
}

// formTime is how a browser writes a day and a time in a form. Forms speak JST.
const formTime = "2006-01-02T15:04"

// FormTime writes an instant for a form, "" for none.
func FormTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(jst).Format(formTime)
}

// ReadFormTime reads what a form sent; the instant is UTC.
func ReadFormTime(typed string) (time.Time, error) {
	at, err := time.ParseInLocation(formTime, typed, jst)
	if err != nil {
		at, err = time.ParseInLocation(formTime+":05", typed, jst) // a field with seconds
	}
	return at.UTC(), err
}

// When writes an instant for the middle of a sentence: in JST, with day and seconds.
func When(at time.Time) string { return at.In(jst).Format("2006/01/02 15:04:05") }
