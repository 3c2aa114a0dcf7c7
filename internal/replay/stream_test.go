package replay

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const header = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n"

func TestRead_what_a_line_means(t *testing.T) {
	t.Parallel()
	s, err := Read(strings.NewReader(header+
		"1,85123A,6,2010-12-01 08:26:00,2.55,17850\n"+
		"1,85123a,1,2010-12-01 08:27:00,2.55,17850\n"+ // another code, and the same order
		"1,85123A,6,2010-12-01 08:26:00,2.55,17850\n"+ // the same line twice
		"1,POST,1,2010-12-01 08:26:00,18,17850\n"+
		"C2,85123A,-6,2010-12-01 09:00:00,2.55,17850\n"+
		"3,85123A,-10,2010-12-01 10:00:00,0,\n"+
		"4,85123A,4,2010-12-01 11:00:00,0,\n"+
		"A5,B,1,2010-12-01 12:00:00,11062.06,\n"), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []EventKind
	for _, e := range s.Events {
		kinds = append(kinds, e.Kind)
	}
	want := []EventKind{Sale, Sale, Sale, GiveBack, WriteOff, Found}
	if len(kinds) != len(want) {
		t.Fatalf("events %v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Errorf("event %d is %v, want %v", i, kinds[i], want[i])
		}
	}
	if len(s.Codes) != 2 || len(Invoices(s)) != 4 || len(Invoices(s)[0]) != 3 {
		t.Errorf("codes %v, invoices %v", s.Codes, Invoices(s))
	}
	if s.Ignored["code that is no stock: POST"] != 1 || s.Ignored["code that is no stock: B"] != 1 {
		t.Errorf("left out: %v", s.Ignored)
	}
}

func TestRead_refuses_with_line_column_and_value(t *testing.T) {
	t.Parallel()
	_, err := Read(strings.NewReader(header+"1,A,6,2010-12-01 08:26:00,1,1\n2,A,many,2010-12-01 08:26:00,1,1\n3,A,1,yesterday,1,1\n"), time.Time{}, time.Time{})
	var row *RowError
	if !errors.As(err, &row) || row.Line != 3 || row.Column != "Quantity" || row.Value != "many" || !strings.Contains(err.Error(), "line 4, column InvoiceDate") {
		t.Errorf("error %v", err)
	}
	_, err = Read(strings.NewReader("Date,Code\n1,2\n"), time.Time{}, time.Time{})
	var column *ColumnError
	if !errors.As(err, &column) || len(column.Missing) != 4 {
		t.Errorf("error %v", err)
	}
}

func TestLagMeter_ends_when_no_shop_offers_what_is_gone(t *testing.T) {
	t.Parallel()
	at := func(seconds int) time.Time { return time.Date(2026, 1, 1, 0, 0, seconds, 0, time.UTC) }
	m := newLagMeter(make([]Shop, 3), 1)
	m.available[0] = 10
	for shop := range m.shown {
		m.shown[shop][0] = 10
	}
	m.shows(0, 0, 8, at(0)) // the selling shop lowers its own number
	if over := m.sold(0, map[int]int64{0: 2}, at(0)); over != 0 {
		t.Errorf("oversold %d", over)
	}
	m.shows(1, 0, 8, at(2))
	if l := m.lags(); l.Max != 0 {
		t.Errorf("measured %v before the last shop shows it", l)
	}
	m.shows(2, 0, 8, at(5))
	if l := m.lags(); l.Max != 5 {
		t.Errorf("lag %v, want 5 s", l)
	}
	if over := m.sold(1, map[int]int64{0: 9}, at(6)); over != 1 {
		t.Errorf("oversold %d, want 1: nine were sold and eight were there", over)
	}
}
