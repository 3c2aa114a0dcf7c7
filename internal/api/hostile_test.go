package api

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
	"soroi/internal/text"
)

func cp932(s string) string {
	var b []byte
	for _, r := range s {
		pair, n := text.EncodeCP932(r)
		b = append(b, pair[:n]...)
	}
	return string(b)
}

func utf16Of(s, mark string, little bool) string {
	b := []byte(mark)
	for _, u := range utf16.Encode([]rune(s)) {
		if little {
			b = append(b, byte(u), byte(u>>8))
		} else {
			b = append(b, byte(u>>8), byte(u))
		}
	}
	return string(b)
}

// workbookOf is an .xlsx whose sheet holds the given rows of XML cells.
func workbookOf(t *testing.T, rows ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, body := range map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="在庫" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + strings.Join(rows, "") + `</sheetData></worksheet>`,
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(body))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever has happened to a file on its way: each of its rows and columns is accounted for, every balance becomes what the file plainly says or the row is refused
// with a reason, and undoing brings every balance back.
func TestImports_hostile(t *testing.T) {
	t.Parallel()
	codes := []string{"A-1", "B-2", "0012345", "4901234567894", "ソ表能-1", "波〜1"}
	const row = `<row r="1"><c r="A1" t="inlineStr"><is><t>SKUコード</t></is></c><c r="B1" t="inlineStr"><is><t>在庫数</t></is></c></row>`
	// want is what A-1, B-2, … have afterwards; all have 10 before. unusable: nothing of the file can be used.
	for _, c := range []struct {
		name, file, mode       string
		want                   string
		used, ignored, refused int64
		unusable               bool
	}{
		{name: "UTF-8 with a mark", file: "\xEF\xBB\xBFSKUコード,在庫数\r\nA-1,3\r\nソ表能-1,4\r\n", want: "3 10 10 10 4 10", used: 2},
		{name: "UTF-8 without a mark, LF", file: "SKUコード,在庫数\nソ表能-1,4\n波〜1,5\n", want: "10 10 10 10 4 5", used: 2},
		{name: "CR only", file: "SKUコード,在庫数\rA-1,3\rB-2,4\r", want: "3 4 10 10 10 10", used: 2},
		{name: "CP932 with 5C in its characters", file: cp932("SKUコード,在庫数,メモ\r\nソ表能-1,4,十ソ表\r\nA-1,3,\"能,十\"\r\n"), want: "3 10 10 10 4 10", used: 2},
		{name: "CP932 with its own wave dash", file: cp932("SKUコード,在庫数\r\n波～1,5\r\n"), want: "10 10 10 10 10 5", used: 1},
		{name: "UTF-16LE with its mark and tabs", file: utf16Of("SKUコード\t在庫数\r\nソ表能-1\t4\r\n", "\xFF\xFE", true), want: "10 10 10 10 4 10", used: 1},
		{name: "UTF-16LE without its mark", file: utf16Of("SKUコード\t在庫数\r\nA-1\t4\r\n", "", true), want: "4 10 10 10 10 10", used: 1},
		{name: "UTF-16BE", file: utf16Of("SKUコード,在庫数\r\nA-1,4\r\n", "\xFE\xFF", false), want: "4 10 10 10 10 10", used: 1},
		{name: "quoted newlines and delimiters", file: "メモ,SKUコード,在庫数\r\n\"一行目\r\n二行目,\"\"三\"\"\",A-1,3\r\nx,B-2,4\r\n", want: "3 4 10 10 10 10", used: 2},
		{name: "full-width digits, grouping, signs", file: "SKUコード,在庫数\nA-1,１２\nB-2,\"1,234\"\nソ表能-1,▲3\n0012345,1.5\n", want: "12 1234 10 10 10 10", used: 2, refused: 2},
		{name: "leading zeros eaten", file: "SKUコード,在庫数\n12345,7\nA-1,3\n", want: "3 10 10 10 10 10", used: 1, refused: 1},
		{name: "a JAN in scientific notation", file: "SKUコード,在庫数\n4.90E+12,7\n4901234567894,8\n", want: "10 10 10 8 10 10", used: 1, refused: 1},
		{name: "formula cells", file: "SKUコード,在庫数\nA-1,=1+1\nB-2,\"=\"\"4\"\"\"\n\"=\"\"0012345\"\"\",5\n", want: "10 4 5 10 10 10", used: 2, refused: 1},
		{name: "a workbook with formulas", file: workbookOf(t, row,
			`<row r="2"><c r="A2" t="inlineStr"><is><t>A-1</t></is></c><c r="B2"><v>3</v></c></row>`,
			`<row r="3"><c r="A3" t="inlineStr"><is><t>B-2</t></is></c><c r="B3"><f>1+1</f><v>2</v></c></row>`,
			`<row r="4"><c r="A4" t="inlineStr"><is><t>ソ表能-1</t></is></c><c r="B4"><f>1+1</f></c></row>`), want: "3 2 10 10 10 10", used: 2, refused: 1},
		{name: "a renamed header", file: "SKUコード,棚の数\nA-1,3\n", unusable: true},
		{name: "a header twice", file: "SKUコード,在庫数,在庫数\nA-1,3,4\n", unusable: true},
		{name: "an unknown column twice", file: "SKUコード,色,在庫数,色\nA-1,赤,3,青\n", want: "3 10 10 10 10 10", used: 1},
		{name: "a quotation mark that is never closed", file: "SKUコード,在庫数\nA-1,3\n\"B-2,4\nソ表能-1,5\n", want: "3 10 10 10 10 10", used: 1, refused: 1},
		{name: "cut off in a number", file: "SKUコード,在庫数,色\nA-1,3,赤\nB-2,12", want: "3 10 10 10 10 10", used: 1, refused: 1},
		{name: "zero bytes", file: "SKUコード,在庫数\nA-1,3\nB\x00-2,4\n", want: "3 10 10 10 10 10", used: 1, refused: 1},
		{name: "wrong column counts", file: "SKUコード,在庫数\nA-1,1,000\nB-2\nソ表能-1,5\n", want: "10 10 10 10 5 10", used: 1, ignored: 1, refused: 1},
		{name: "an empty file", file: "", unusable: true},
		{name: "only a header", file: "SKUコード,在庫数\r\n", unusable: true},
		{name: "blank rows and empty cells", file: "SKUコード,在庫数\n\nA-1,\n,,\n,5\nB-2,0\n", want: "10 0 10 10 10 10", used: 1, ignored: 3, refused: 1},
		{name: "one SKU twice, set", file: "SKUコード,在庫数\nA-1,3\nA-1,4\nB-2,5\nB-2,5\n", want: "3 5 10 10 10 10", used: 3, refused: 1},
		{name: "one SKU twice, added", file: "SKUコード,在庫数\nA-1,3\nA-1,4\n", mode: "add", want: "17 10 10 10 10 10", used: 2},
		{name: "below zero", file: "SKUコード,在庫数\nA-1,6\nA-1,6\nB-2,10\n", mode: "subtract", want: "4 0 10 10 10 10", used: 2, refused: 1},
		{name: "set and added", file: "SKUコード,在庫数,処理\nA-1,3,上書き\nA-1,4,加算\n", want: "3 10 10 10 10 10", used: 1, refused: 1},
		{name: "a page that was saved as a file", file: "<html><table><tr><td>A-1</td></tr></table></html>", unusable: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				w := newWorld(t, db)
				var skus []store.NewSKU
				for _, code := range codes {
					skus = append(skus, store.NewSKU{Code: code, Name: code})
				}
				_, err := db.AddSKUs(t.Context(), w.tenant, skus)
				w.must(err)
				for _, code := range codes {
					w.set(code, 10)
				}
				onHand := func() string {
					var list []string
					for _, code := range codes {
						s, err := db.LoadSKU(t.Context(), w.tenant, code)
						w.must(err)
						n, err := json.Marshal(s.Balance.OnHand)
						w.must(err)
						list = append(list, string(n))
					}
					return strings.Join(list, " ")
				}
				before := onHand()
				query := "kind=stock&name=zaiko.csv"
				if c.mode != "" {
					query += "&mode=" + c.mode
				}
				if c.unusable {
					a := w.do(call{method: http.MethodPost, path: "/api/v1/imports?" + query, token: w.writer, body: c.file, header: map[string]string{"Content-Type": "application/octet-stream"}})
					if a.status == http.StatusCreated {
						for to := a.header.Get("Location"); ; {
							if i := w.importAt(to); i.State == store.ImportRefused {
								break
							} else if i.State != store.ImportChecking {
								t.Fatalf("the file was taken: %+v", i)
							}
						}
					} else if a.status != http.StatusUnprocessableEntity {
						t.Fatalf("%d %s", a.status, a.body)
					}
					if now := onHand(); now != before {
						t.Errorf("%s became %s", before, now)
					}
					return
				}
				to := w.sendFile(query, c.file)
				i := w.importAt(to)
				var r struct {
					Rows    struct{ Read, Used, Ignored, Refused int64 }
					Columns []struct{ Header, Key, Reason string }
				}
				w.must(json.Unmarshal(i.Receipt, &r))
				if i.State != store.ImportChecked || r.Rows.Used != c.used || r.Rows.Ignored != c.ignored || r.Rows.Refused != c.refused || r.Rows.Read != c.used+c.ignored+c.refused ||
					i.Rows.Usable != c.used || i.Rows.Refused != c.refused {
					t.Fatalf("%s %+v, %+v\n%s", i.State, r.Rows, i.Rows, i.Receipt)
				}
				for _, column := range r.Columns {
					if (column.Key == "") == (column.Reason == "") {
						t.Errorf("the column %+v is not accounted for", column)
					}
				}
				var findings ImportFindingPage
				w.must(json.Unmarshal(w.get(to+"/findings?limit=1000").body, &findings))
				refusals := 0
				for _, f := range findings.Items {
					if strings.Contains(string(f), `"row_refused"`) {
						refusals++
					}
				}
				if refusals < int(c.refused) {
					t.Errorf("%d reasons for %d refused rows", refusals, c.refused)
				}
				if now := onHand(); now != before {
					t.Errorf("checking made %s of %s", now, before)
				}
				w.step(to, "apply?partial=true", http.StatusAccepted)
				if now := onHand(); now != c.want {
					t.Errorf("%s became %s, want %s", before, now, c.want)
				}
				w.step(to, "undo", http.StatusAccepted)
				if i := w.importAt(to); onHand() != before || i.State != store.ImportUndone || i.Rows.Kept != 0 {
					t.Errorf("undone: %s, want %s; %+v", onHand(), before, i.Rows)
				}
				back := w.get(to + "/refused")
				if back.status != http.StatusOK || len(back.body) == 0 {
					t.Fatalf("refused rows: %d", back.status)
				}
				if c.refused > 0 && c.name != "one SKU twice, set" && c.name != "below zero" && c.name != "set and added" { // there the first row was the reason
					again := w.importAt(w.sendFile(query, string(back.body)))
					if again.Rows.Usable != 0 || again.Rows.Refused != c.refused {
						t.Errorf("the refused rows as they are: %+v\n%s", again.Rows, back.body)
					}
				}
			})
		})
	}
}
