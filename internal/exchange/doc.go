// Package exchange is files in and out: CSV of any origin, tab-separated text and workbooks become typed rows and a receipt; typed rows become files
// that survive a spreadsheet. It knows no store: what a code means here is for the import that reads the rows.
//
// # Reading
//
//	sheet, err := exchange.Open(input, exchange.Options{Name: "zaiko.csv"})  // *Problem: the file cannot be used, and why
//	defer sheet.Close()
//	rows, err := exchange.Read(sheet, exchange.Stock, exchange.ReadOptions{Defaults: exchange.Defaults{Mode: stock.Add}})
//	for row := range rows.All() {       // usable rows only; row.Line is the file's
//		row.Value                   // exchange.StockRow: SKU (ways to name it), Mode, Units, Location, Reason
//		…
//		rows.Report(&row, rows.Problem(&row, "code", exchange.CodeUnknown, "")) // what only the import can know
//	}
//	if err := rows.Err(); err != nil { … }  // the file could not be read to its end
//	receipt := rows.Receipt()               // every row and column accounted for
//	err = receipt.Close()                   // completes the JSON and the refused rows' CSV
//
// An Input is anything that can be read twice: *bytes.Reader, *strings.Reader, an io.SectionReader over an *os.File; NewSpool makes one of a
// stream. Open reads it once to see what it is (Sheet.Detection, Delimiter, Headers, SHA256); options override what it finds. Read decides
// which column is which field: by the headers (rows.Layout says which mall's file it is), or by a saved Mapping. Sheet.Rewind and another Read
// go over the file again: once to check, once to apply. Memory does not grow with the file.
//
// Every *Problem has a Code that never changes, a Fate, a place, and sentences in Japanese and English that say what is wrong and what to do
// next (reasons.go). The receipt keeps the first few findings; ReceiptOptions take all of them to writers.
//
// # Formats
//
// A format is one file here: its columns with key, headers, help, example, what an empty cell means, and the two functions that put a cell into a
// row and a row into a cell. The screens' help (Info), the template (WriteTemplate), docs/csv.md and the command line's list come from it. Somebody
// else's file that says the same is a Layout of the format, recognised by headers that only it has.
//
// # Codes
//
// What a code means is for the store to say (ResolveCodes: as written, else alike when only one is). Damage then looks at those that it did
// not find: what has a spreadsheet probably done to them, and which codes may have been meant. Nothing is guessed.
//
//	suspects, err := damage.Find(ctx, looked)
//	rows.Report(&row, rows.Place(&row, "code", suspects[i].Problem()))
//
// # Writing
//
//	w, err := exchange.NewWriter(out, exchange.Stock, exchange.WriteOptions{Encoding: exchange.CP932, Columns: []string{"code", "units"}})
//	err = w.Write(rows...)
//	written, err := w.Close() // characters that the encoding lacks, and what was written for them
//
// What is written here reads back as it was, also after a spreadsheet has opened and saved it: see Protection.
package exchange
