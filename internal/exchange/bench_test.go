package exchange_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"soroi/internal/exchange"
)

// longFile is a file of any length that repeats a block of rows, so that a test's own memory does not depend on it.
type longFile struct {
	header, block string
	times         int
}

func (f *longFile) Size() int64 { return int64(len(f.header) + len(f.block)*f.times) }

func (f *longFile) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		switch {
		case at >= f.Size():
			return n, io.EOF
		case at < int64(len(f.header)):
			n += copy(p[n:], f.header[at:])
		default:
			n += copy(p[n:], f.block[int((at-int64(len(f.header)))%int64(len(f.block))):])
		}
	}
	return n, nil
}

// stockFile is a file of stock as a warehouse writes it: a code, a quantity, a mode and a name; rows is a multiple of 1,000. Of bad rows every
// one is refused.
func stockFile(t testing.TB, rows int, encoding exchange.Encoding, bad bool) *longFile {
	t.Helper()
	number := "%d"
	if bad {
		number = "x%d"
	}
	var block strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&block, "TS-%08d,"+number+",加算,長袖シャツ ソ表 ネイビー\r\n", i*7919, i)
	}
	f := &longFile{header: "SKUコード,在庫数,処理,商品名\r\n", block: block.String(), times: rows / 1000}
	if encoding == exchange.CP932 {
		f.header, f.block = cp932(t, f.header), cp932(t, f.block)
	}
	return f
}

// readAll reads a file of stock to its end, and gives the receipt.
func readAll(t testing.TB, in exchange.Input, o exchange.ReadOptions) *exchange.Receipt {
	t.Helper()
	sheet, err := exchange.Open(in, exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sheet.Close()
	rows, err := exchange.Read(sheet, exchange.Stock, o)
	if err != nil {
		t.Fatal(err)
	}
	for range rows.All() {
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if err := rows.Receipt().Close(); err != nil {
		t.Fatal(err)
	}
	return rows.Receipt()
}

func BenchmarkRead(b *testing.B) {
	for _, encoding := range []exchange.Encoding{exchange.UTF8, exchange.CP932} {
		for _, bad := range []bool{false, true} {
			name := string(encoding)
			if bad {
				name += "_all_refused"
			}
			b.Run(name, func(b *testing.B) {
				const rows = 100_000
				in := stockFile(b, rows, encoding, bad)
				b.SetBytes(in.Size())
				b.ReportAllocs()
				for b.Loop() {
					r := readAll(b, in, exchange.ReadOptions{Receipt: exchange.ReceiptOptions{JSON: io.Discard, Refused: io.Discard}})
					if r.Rows.Read != rows || (r.Rows.Refused == rows) != bad {
						b.Fatalf("%+v", r.Rows)
					}
				}
				b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	rows := make([]exchange.StockRow, 1000)
	for i := range rows {
		rows[i] = exchange.StockRow{SKU: exchange.SKURef{Codes: []string{fmt.Sprintf("TS-%08d", i)}}, Units: int64(i), Reason: "長袖シャツ ソ表"}
	}
	for _, encoding := range []exchange.Encoding{exchange.UTF8BOM, exchange.CP932} {
		b.Run(string(encoding), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w, err := exchange.NewWriter(io.Discard, exchange.Stock, exchange.WriteOptions{Encoding: encoding})
				if err == nil {
					err = w.Write(rows...)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// Memory does not grow with the file (design 2.9): what is alive in the middle of a million rows is what is alive in the middle of ten
// thousand, whether the rows are good or all of them are refused. Garbage is collected before counting, so only what is held counts.
func TestMemoryIsConstant(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a million rows; run without -short (issue 3)")
	}
	alive := func(rows int, bad bool) int64 {
		var most uint64
		measure := func() {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		in := stockFile(t, rows, exchange.CP932, bad)
		watch := &watcher{measure: measure, longFile: in}
		r := readAll(t, watch, exchange.ReadOptions{Receipt: exchange.ReceiptOptions{JSON: io.Discard, Refused: io.Discard}})
		if r.Rows.Read != int64(rows) || watch.measured < 3 {
			t.Fatalf("%+v, measured %d times", r.Rows, watch.measured)
		}
		return int64(most)
	}
	for _, bad := range []bool{false, true} {
		alive(10_000, bad) // tables that are made once
		rows := 1_000_000
		if bad {
			rows = 100_000 // each writes three sentences twice, which takes its time
		}
		few, many := alive(10_000, bad), alive(rows, bad)
		t.Logf("refused %v: %d KB alive in 10,000 rows, %d KB in %d", bad, few>>10, many>>10, rows)
		if many > few+(1<<20) {
			t.Errorf("refused %v: %d KB are alive in 10,000 rows, %d KB in %d", bad, few>>10, many>>10, rows)
		}
	}
}

// watcher is a file that measures a few times while it is read, once in each quarter of it.
type watcher struct {
	*longFile
	measure  func()
	measured int
	quarter  int64
}

func (w *watcher) ReadAt(p []byte, off int64) (int, error) {
	if quarter := off * 4 / w.Size(); quarter != w.quarter {
		w.quarter = quarter
		w.measure()
		w.measured++
	}
	return w.longFile.ReadAt(p, off)
}
