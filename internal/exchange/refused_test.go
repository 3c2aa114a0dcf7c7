package exchange_test

import (
	"bytes"
	"strings"
	"testing"

	"soroi/internal/exchange"
)

// readRefused reads a file and gives its refused rows as a file again, like itself, with the receipt.
func readRefused(t *testing.T, file string) (string, *exchange.Receipt) {
	t.Helper()
	s, err := exchange.Open(strings.NewReader(file), exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var list []exchange.RefusedRow
	rows, err := exchange.Read(s, exchange.Stock, exchange.ReadOptions{Receipt: exchange.ReceiptOptions{EachRefused: func(r exchange.RefusedRow) error {
		list = append(list, r)
		return nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for range rows.All() {
	}
	var out bytes.Buffer
	w, err := exchange.NewRefusedWriter(&out, s.Headers, exchange.RefusedLike(rows.Receipt().File, exchange.Japanese))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), rows.Receipt()
}

// A row that was broken in writing is not taken as what could be made of it, however often it comes back, until a person has said that it is right.
func TestRefused_broken_rows_wait_for_a_person(t *testing.T) {
	t.Parallel()
	back, _ := readRefused(t, "SKUコード,在庫数\r\nA-1,1,000\r\nB-2,x\r\n")
	if !strings.Contains(back, "2 要修正") || strings.Contains(back, "3 要修正") {
		t.Fatalf("%s", back)
	}
	again, receipt := readRefused(t, back)
	if receipt.Rows.Refused != 2 || strings.Count(strings.SplitN(again, "\r\n", 2)[0], "soroi: 行") != 1 || !strings.Contains(again, "2 要修正") {
		t.Errorf("%+v\n%s", receipt.Rows, again)
	}
	mended := strings.Replace(back, "A-1,1,2 要修正,", "A-1,1000,,", 1)
	if _, receipt = readRefused(t, mended); receipt.Rows.Used != 1 || receipt.Rows.Refused != 1 || receipt.Totals["units_set"] != 1000 {
		t.Errorf("%+v %v\n%s", receipt.Rows, receipt.Totals, mended)
	}
}

func TestRefused_is_like_its_file(t *testing.T) {
	t.Parallel()
	back, receipt := readRefused(t, "SKUコード;在庫数;色\nA-1;x;赤\n")
	if !strings.Contains(back, "A-1;x;赤;2;") || receipt.File.Delimiter != ";" {
		t.Errorf("%s", back)
	}
	if strings.HasPrefix(back, "\xEF\xBB\xBF") {
		t.Error("a mark that the file did not have")
	}
}
