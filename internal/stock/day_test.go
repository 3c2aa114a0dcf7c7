package stock_test

import (
	"testing"
	"time"
	_ "time/tzdata" // machines without the zones

	"soroi/internal/stock"
)

func TestDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, at, day, start string // at and start in UTC
	}{
		{"Asia/Tokyo", "2026-03-31T15:00:00Z", "2026-04-01", "2026-03-31T15:00:00Z"},
		{"Asia/Tokyo", "2026-03-31T14:59:59Z", "2026-03-31", "2026-03-30T15:00:00Z"},
		{"UTC", "1970-01-01T00:00:00Z", "1970-01-01", "1970-01-01T00:00:00Z"},
		{"UTC", "1969-12-31T23:00:00Z", "1969-12-31", "1969-12-31T00:00:00Z"},
		{"America/New_York", "2026-03-08T04:59:59Z", "2026-03-07", "2026-03-07T05:00:00Z"},
		{"America/New_York", "2026-03-09T03:59:59Z", "2026-03-08", "2026-03-08T05:00:00Z"}, // a day of 23 hours
		{"America/Santiago", "2025-09-07T12:00:00Z", "2025-09-07", "2025-09-07T04:00:00Z"}, // clocks went from 24:00 to 1:00
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		day := stock.DayOf(at, zone)
		if day.String() != c.day {
			t.Errorf("%s in %s is on %s, want %s", c.at, c.zone, day, c.day)
		}
		if got := day.Start(zone).Format(time.RFC3339); got != c.start {
			t.Errorf("%s in %s begins at %s, want %s", day, c.zone, got, c.start)
		}
		if back, err := stock.ParseDay(day.String()); err != nil || back != day || stock.DateDay(day.Date()) != day {
			t.Errorf("%s comes back as %s, %v", day, back, err)
		}
	}
	if _, err := stock.ParseDay("2026-02-30"); err == nil {
		t.Error("a day that is not there was read")
	}
}
