package stock

import "time"

// Day is a day of a tenant's time zone, counted from 1970-01-01.
type Day int64

// DayOf is the day on which t falls in the time zone.
func DayOf(t time.Time, zone *time.Location) Day {
	year, month, day := t.In(zone).Date()
	return DateDay(year, month, day)
}

// DateDay is the day of a date.
func DateDay(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// Start is the first moment of the day in the time zone. Where clocks skip midnight it is the moment after the gap.
func (d Day) Start(zone *time.Location) time.Time {
	t := time.Date(1970, 1, 1+int(d), 0, 0, 0, 0, zone)
	for DayOf(t, zone) < d {
		t = t.Add(15 * time.Minute)
	}
	return t.UTC()
}

// Date is the day's date.
func (d Day) Date() (year int, month time.Month, day int) {
	return time.Unix(int64(d)*24*60*60, 0).UTC().Date()
}

// String is the date as 2026-04-01.
func (d Day) String() string { return time.Unix(int64(d)*24*60*60, 0).UTC().Format(time.DateOnly) }

// ParseDay reads what String writes.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, err
	}
	return DateDay(t.Date()), nil
}
