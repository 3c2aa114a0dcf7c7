// Package replay feeds a real order stream through simulated malls, the real connectors over HTTP and the real engine, and reports
// whether everything stayed in line.
package replay

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EventKind says what one line of the stream means.
type EventKind int

// The kinds of event.
const (
	Sale     EventKind = iota // a customer wants units
	GiveBack                  // a cancelled or returned line: the number of its document begins with C
	WriteOff                  // units gone without an order
	Found                     // units that turned up without an order
)

// Event is one line of the stream. SKU indexes Stream.Codes.
type Event struct {
	Row      int // line of the file, the header is 1
	Kind     EventKind
	Invoice  string
	SKU      int
	Units    int64 // > 0
	At       time.Time
	Customer string
}

// Stream is a whole order stream, in time order; lines of one moment keep the order of the file.
type Stream struct {
	Events  []Event
	Codes   []string // every code that is stock, as first written; codes that differ in case are different codes
	Ignored map[string]int
	Lines   int
	First   time.Time
	Last    time.Time
}

// MerchantCodes are the codes under which the merchant of a replay keeps each SKU, and under which every mall lists it: the stream's own
// where every mall allows them (up to 24 letters, digits and hyphens), else a code made of its place in the stream.
func (s *Stream) MerchantCodes() []string {
	codes := make([]string, len(s.Codes))
	for i, code := range s.Codes {
		codes[i] = code
		odd := strings.ContainsFunc(code, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
		})
		if odd || len(code) > 24 || strings.Trim(code, "-") != code {
			codes[i] = fmt.Sprintf("stream-sku-%d", i+1)
		}
	}
	return codes
}

// ColumnError says that a file is no order stream.
type ColumnError struct {
	Missing []string
	Found   []string
}

func (e *ColumnError) Error() string {
	return fmt.Sprintf("column %s is missing; the file has %s. An order stream needs InvoiceNo, StockCode, Quantity and InvoiceDate, and may have UnitPrice and CustomerID",
		strings.Join(e.Missing, ", "), strings.Join(e.Found, ", "))
}

// RowError says what is wrong with one line.
type RowError struct {
	Line   int
	Column string
	Value  string
	Reason string
}

func (e *RowError) Error() string {
	return fmt.Sprintf("line %d, column %s: %q %s", e.Line, e.Column, e.Value, e.Reason)
}

// mostRowErrors bounds the list of bad lines that is told at once.
const mostRowErrors = 20

// ReadFile reads a stream from a CSV file, gzipped or not, and keeps the events from from (when not zero) until before until (when not
// zero). The file is refused as a whole when a line cannot be read: the error joins a *RowError for each, up to twenty.
func ReadFile(path string, from, until time.Time) (*Stream, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = bufio.NewReaderSize(f, 1<<20)
	if head, err := in.(*bufio.Reader).Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		zipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		in = zipped
	}
	s, err := Read(in, from, until)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Read is ReadFile for a stream that is open already and not zipped.
func Read(in io.Reader, from, until time.Time) (*Stream, error) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	columns, err := readHeader(header)
	if err != nil {
		return nil, err
	}
	p := &parser{columns: columns, stream: &Stream{Ignored: make(map[string]int)}, codes: make(map[string]int), from: from, until: until}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		p.line(line, record)
		if len(p.wrong) >= mostRowErrors {
			p.wrong = append(p.wrong, errors.New("and perhaps more: the first twenty are listed"))
			break
		}
	}
	if len(p.wrong) > 0 {
		return nil, errors.Join(p.wrong...)
	}
	s := p.stream
	if len(s.Events) == 0 {
		return nil, errors.New("the stream has no line in the given span of time")
	}
	// An invoice is one order, though its lines may have been typed over several minutes.
	began := make(map[string]time.Time, len(s.Events)/8)
	for _, e := range s.Events {
		if at, there := began[e.Invoice]; !there || e.At.Before(at) {
			began[e.Invoice] = e.At
		}
	}
	for i := range s.Events {
		s.Events[i].At = began[s.Events[i].Invoice]
	}
	slices.SortStableFunc(s.Events, func(a, b Event) int { return a.At.Compare(b.At) })
	s.First, s.Last = s.Events[0].At, s.Events[len(s.Events)-1].At
	return s, nil
}

type columnSet struct{ invoice, code, quantity, date, price, customer int }

func readHeader(header []string) (columnSet, error) {
	find := func(name string) int {
		return slices.IndexFunc(header, func(h string) bool {
			return strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")), name)
		})
	}
	c := columnSet{find("InvoiceNo"), find("StockCode"), find("Quantity"), find("InvoiceDate"), find("UnitPrice"), find("CustomerID")}
	var missing []string
	for name, at := range map[string]int{"InvoiceNo": c.invoice, "StockCode": c.code, "Quantity": c.quantity, "InvoiceDate": c.date} {
		if at < 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return c, &ColumnError{Missing: missing, Found: slices.Clone(header)}
	}
	return c, nil
}

type parser struct {
	columns     columnSet
	stream      *Stream
	codes       map[string]int
	from, until time.Time
	wrong       []error
}

func (p *parser) line(number int, record []string) {
	field := func(at int) string {
		if at < 0 || at >= len(record) {
			return ""
		}
		return strings.TrimSpace(record[at])
	}
	refuse := func(column, value, reason string) {
		p.wrong = append(p.wrong, &RowError{number, column, value, reason})
	}
	c := p.columns
	invoice, code, quantity, date := field(c.invoice), field(c.code), field(c.quantity), field(c.date)
	at, err := parseTime(date)
	switch {
	case invoice == "":
		refuse("InvoiceNo", invoice, "is empty")
		return
	case err != nil:
		refuse("InvoiceDate", date, "is no time such as 2011-12-09 08:26:00")
		return
	}
	units, err := strconv.ParseInt(quantity, 10, 64)
	if err != nil || units > 1_000_000_000 || units < -1_000_000_000 {
		refuse("Quantity", quantity, "is no whole number of units up to a thousand million")
		return
	}
	if !p.from.IsZero() && at.Before(p.from) || !p.until.IsZero() && !at.Before(p.until) {
		return
	}
	p.stream.Lines++
	kind, why := meaning(invoice, code, units, field(c.price), c.price >= 0, field(c.customer))
	if why != "" {
		p.stream.Ignored[why]++
		return
	}
	sku, known := p.codes[code]
	if !known {
		sku = len(p.stream.Codes)
		p.codes[strings.Clone(code)] = sku
		p.stream.Codes = append(p.stream.Codes, strings.Clone(code))
	}
	p.stream.Events = append(p.stream.Events, Event{Row: number, Kind: kind, Invoice: strings.Clone(invoice), SKU: sku, Units: max(units, -units), At: at,
		Customer: strings.Clone(field(c.customer))})
}

// meaning tells what a line is, or why it is left out.
func meaning(invoice, code string, units int64, price string, hasPrice bool, customer string) (kind EventKind, ignored string) {
	first := invoice[0] &^ 0x20
	free := false
	if n, err := strconv.ParseFloat(price, 64); hasPrice && err == nil {
		free = n == 0
	}
	switch {
	case code == "":
		return 0, "line without a code"
	case noStock(code):
		return 0, "code that is no stock: " + strings.ToUpper(code)
	case units == 0:
		return 0, "line of 0 units"
	case first == 'C':
		if units > 0 {
			return 0, "cancellation of a positive number"
		}
		return GiveBack, ""
	case first >= 'A' && first <= 'Z':
		return 0, "adjustment of the accounts"
	case units < 0:
		return WriteOff, ""
	case free && customer == "":
		return Found, ""
	}
	return Sale, ""
}

// notStock are codes of the well-known stream that name postage, fees, gifts of money and corrections (its SOURCE page lists some).
var notStock = []string{"POST", "DOT", "M", "D", "B", "S", "C2", "CRUK", "PADS", "AMAZONFEE", "BANK CHARGES"}

func noStock(code string) bool {
	upper := strings.ToUpper(code)
	return slices.Contains(notStock, upper) || strings.HasPrefix(upper, "GIFT_") || strings.HasPrefix(upper, "DCGS")
}

var layouts = []string{time.DateTime, "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04", "1/2/2006 15:04", time.DateOnly}

// parseTime reads the time of a line; the stream has no zone, so it is taken as UTC.
func parseTime(text string) (time.Time, error) {
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("no time: %q", text)
}
