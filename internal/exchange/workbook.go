package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds of what a workbook unpacks to. Sheets and long lists of texts go to temporary files; the rest is held in memory.
const (
	maxWorkbookParts  = 10_000
	maxWorkbookBytes  = 2 << 30
	maxStringsBytes   = 128 << 20
	maxPictureBytes   = 64 << 20
	maxHeldBytes      = 16 << 20 // of parts that are parsed or kept whole: styles, small sheets
	maxElementBytes   = 1 << 20  // of one element: a cell's text, an element's attributes
	maxRowCells       = 16384    // Excel's own
	workbookInMemory  = 1 << 20
	maxFormulasListed = 10_000
)

// workbook is an .xlsx that somebody saved instead of CSV.
type workbook struct {
	file   *excelize.File
	copied string // the temporary file
}

// openWorkbook unpacks a workbook. One that is damaged, or would unpack to more than the bounds, gives a *Problem.
func openWorkbook(in Input, dir string) (*workbook, error) {
	archive, err := zip.NewReader(io.NewSectionReader(in, 0, in.Size()), in.Size())
	if err != nil {
		return nil, broke(err)
	}
	if p := checkParts(archive); p != nil {
		return nil, p
	}
	if part, err := findPart(archive, "xl/sharedStrings.xml"); err == nil {
		content, err := part.Open()
		if err == nil {
			_, err = io.Copy(io.Discard, &bounded{in: content})
			err = errors.Join(err, content.Close())
		}
		if err != nil {
			return nil, broke(err)
		}
	}
	// The library reads a file by its name without loading it; of a reader it takes all into memory.
	copied, err := os.CreateTemp(dir, "soroi-workbook-*.xlsx")
	if err != nil {
		return nil, fmt.Errorf("unpack the workbook: %w", err)
	}
	b := &workbook{copied: copied.Name()}
	_, err = io.Copy(copied, io.NewSectionReader(in, 0, in.Size()))
	if err = errors.Join(err, copied.Close()); err != nil {
		b.close()
		return nil, fmt.Errorf("unpack the workbook: %w", err)
	}
	b.file, err = excelize.OpenFile(b.copied, excelize.Options{TmpDir: dir, UnzipSizeLimit: maxWorkbookBytes, UnzipXMLSizeLimit: workbookInMemory, CultureInfo: excelize.CultureNameJaJP,
		ShortDatePattern: "yyyy/m/d", LongDatePattern: "yyyy年m月d日"})
	if err != nil {
		b.close()
		return nil, broke(err)
	}
	return b, nil
}

// checkParts looks at what is in the container before any of it is unpacked. Sizes are what the container says; reading past them fails.
func checkParts(archive *zip.Reader) *Problem {
	var all, pictures, held uint64
	kind := "zip"
	for _, part := range archive.File {
		name := strings.ToLower(strings.ReplaceAll(part.Name, "\\", "/"))
		all += part.UncompressedSize64
		switch {
		case name == "xl/workbook.xml":
			kind = ""
		case name == "xl/workbook.bin":
			kind = "xlsb"
		case name == "word/document.xml":
			kind = "Word"
		case name == "ppt/presentation.xml":
			kind = "PowerPoint"
		case name == "content.xml" && kind == "zip":
			kind = "OpenDocument"
		}
		switch {
		case name == "xl/sharedstrings.xml":
			if part.UncompressedSize64 > maxStringsBytes {
				return &Problem{Code: WorkbookTooLarge, Hint: "sharedStrings.xml > " + megabytes(maxStringsBytes)}
			}
		case strings.HasPrefix(name, "xl/worksheets/sheet") && part.UncompressedSize64 > workbookInMemory:
		case strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels") || strings.HasSuffix(name, ".vml"):
			held += part.UncompressedSize64
		default:
			pictures += part.UncompressedSize64
		}
	}
	switch {
	case kind != "":
		return &Problem{Code: FileNotTable, Hint: kind}
	case len(archive.File) > maxWorkbookParts:
		return &Problem{Code: WorkbookTooLarge, Hint: fmt.Sprintf("%d parts > %d", len(archive.File), maxWorkbookParts)}
	case all > maxWorkbookBytes:
		return &Problem{Code: WorkbookTooLarge, Hint: "> " + megabytes(maxWorkbookBytes)}
	case pictures > maxPictureBytes:
		return &Problem{Code: WorkbookTooLarge, Hint: "pictures and the like > " + megabytes(maxPictureBytes)}
	case held > maxHeldBytes:
		return &Problem{Code: WorkbookTooLarge, Hint: "styles and the like > " + megabytes(maxHeldBytes)}
	}
	return nil
}

func (b *workbook) close() error {
	var err error
	if b.file != nil {
		err = b.file.Close()
	}
	return errors.Join(err, os.Remove(b.copied))
}

func (b *workbook) names() []string { return b.file.GetSheetList() }

// choose gives the sheet of that name, or the first one that has a cell.
func (b *workbook) choose(name string) (string, error) {
	names := b.names()
	if name != "" {
		if !slices.Contains(names, name) {
			return "", &Problem{Code: WorkbookNoSheet, Value: name, Hint: strings.Join(names, ", ")}
		}
		return name, nil
	}
	for _, name := range names {
		rows, err := b.file.Rows(name)
		if err != nil {
			continue // a chart
		}
		found := false
		for range 100 {
			if !rows.Next() {
				break
			}
			if cells, err := rows.Columns(); err == nil && slices.ContainsFunc(cells, func(cell string) bool { return cell != "" }) {
				found = true
				break
			}
		}
		if err := rows.Close(); err != nil {
			return "", broke(err)
		}
		if found {
			return name, nil
		}
	}
	return "", &Problem{Code: HeaderMissing}
}

// sheetRows reads one sheet twice side by side: as the cells are stored, and as they are shown. Which of the two is meant is decided cell by cell.
type sheetRows struct {
	stored, shown *excelize.Rows
	row           int
	rows          int // of the whole sheet, as found when it was checked
	size          int64
	unworked      map[string]string // formulas without a result, by cell
}

// rows opens a sheet. The library passes over what it cannot read, so the sheet is checked from end to end first.
func (b *workbook) rows(name string, size int64) (*sheetRows, error) {
	s := &sheetRows{size: size, unworked: make(map[string]string)}
	if err := b.check(name, s); err != nil {
		return nil, err
	}
	var err error
	if s.stored, err = b.file.Rows(name); err == nil {
		s.shown, err = b.file.Rows(name)
	}
	if err != nil {
		return nil, broke(err)
	}
	return s, nil
}

// check reads the sheet's XML to its end, counts its rows and lists the formulas that nobody has worked out.
func (b *workbook) check(name string, s *sheetRows) error {
	archive, err := zip.OpenReader(b.copied)
	if err != nil {
		return broke(err)
	}
	defer archive.Close()
	part, err := b.part(&archive.Reader, name)
	if err != nil {
		return broke(err)
	}
	content, err := part.Open()
	if err != nil {
		return broke(err)
	}
	defer content.Close()
	decoder := xml.NewDecoder(&bounded{in: content})
	depth, cells, cell, value := 0, 0, "", false
	var formula []byte // with its equals sign; nil where the cell has none
	inFormula := false
	for {
		token, err := decoder.RawToken()
		if err == io.EOF && depth == 0 {
			return nil
		}
		if err != nil {
			return broke(err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			depth++
			switch element.Name.Local {
			case "row":
				s.rows++
				cells = 0
			case "c":
				if cells++; cells > maxRowCells {
					return &Problem{Code: WorkbookTooLarge, Line: s.rows, EndLine: s.rows, Hint: fmt.Sprintf("row %d: > %d cells", s.rows, maxRowCells)}
				}
				cell, formula, value = attribute(element, "r"), nil, false
			case "f":
				formula, inFormula = []byte{'='}, true
			case "v", "is":
				value = true
			}
		case xml.CharData:
			if inFormula && len(formula) < 4*valueRunes {
				formula = append(formula, element...)
			}
		case xml.EndElement:
			depth--
			inFormula = false
			if element.Name.Local == "c" && formula != nil && !value && len(s.unworked) < maxFormulasListed {
				s.unworked[cell] = strings.ToValidUTF8(cut(string(formula), valueRunes), "…")
			}
		}
	}
}

// bounded is XML without elements of unheard-of size: nothing would read them piece by piece.
type bounded struct {
	in  io.Reader
	run int // bytes since an element began
}

var errElement = fmt.Errorf("an element of more than %s", megabytes(maxElementBytes))

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	first, last := bytes.IndexByte(p[:n], '<'), bytes.LastIndexByte(p[:n], '<')
	if first < 0 {
		b.run += n
	} else {
		b.run += first
	}
	if b.run > maxElementBytes {
		return 0, errElement
	}
	if last >= 0 {
		b.run = n - last
	}
	return n, err
}

// broke says that a workbook cannot be read, or only by taking too much.
func broke(err error) *Problem {
	if errors.Is(err, errElement) {
		return &Problem{Code: WorkbookTooLarge, Hint: err.Error()}
	}
	return &Problem{Code: WorkbookBroken, Hint: err.Error()}
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// part finds where in the container a sheet lies, by the workbook's list and its relations.
func (b *workbook) part(archive *zip.Reader, name string) (*zip.File, error) {
	var book struct {
		Sheets []struct {
			Name string     `xml:"name,attr"`
			Attr []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	var relations struct {
		Relation []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := readPart(archive, "xl/workbook.xml", &book); err != nil {
		return nil, err
	}
	if err := readPart(archive, "xl/_rels/workbook.xml.rels", &relations); err != nil {
		return nil, err
	}
	for _, sheet := range book.Sheets {
		for _, a := range sheet.Attr {
			if sheet.Name != name || a.Name.Local != "id" {
				continue
			}
			for _, r := range relations.Relation {
				if r.ID != a.Value {
					continue
				}
				target := strings.TrimPrefix(r.Target, "/")
				if !strings.HasPrefix(r.Target, "/") {
					target = path.Join("xl", r.Target)
				}
				return findPart(archive, target)
			}
		}
	}
	return nil, fmt.Errorf("sheet %q is nowhere in the file", name)
}

func findPart(archive *zip.Reader, name string) (*zip.File, error) {
	for _, part := range archive.File {
		if strings.EqualFold(strings.ReplaceAll(part.Name, "\\", "/"), name) {
			return part, nil
		}
	}
	return nil, fmt.Errorf("%s is missing", name)
}

func readPart(archive *zip.Reader, name string, into any) error {
	part, err := findPart(archive, name)
	if err != nil {
		return err
	}
	content, err := part.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	return xml.NewDecoder(io.LimitReader(content, maxHeldBytes)).Decode(into)
}

func (s *sheetRows) close() error { return errors.Join(s.stored.Close(), s.shown.Close()) }

// offset is the share of the rows that was read, as bytes of the file.
func (s *sheetRows) offset() int64 {
	if s.rows == 0 {
		return s.size
	}
	return int64(float64(s.size) * float64(s.row) / float64(s.rows))
}

func (s *sheetRows) next() (Record, error) {
	if !s.stored.Next() || !s.shown.Next() {
		if err := errors.Join(s.stored.Error(), s.shown.Error()); err != nil {
			return Record{}, broke(err)
		}
		return Record{}, io.EOF
	}
	s.row++
	stored, err := s.stored.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return Record{}, &Problem{Code: WorkbookBroken, Line: s.row, Hint: err.Error()}
	}
	shown, err := s.shown.Columns()
	if err != nil {
		return Record{}, &Problem{Code: WorkbookBroken, Line: s.row, Hint: err.Error()}
	}
	r := Record{Line: s.row, EndLine: s.row, Cells: make([]string, max(len(stored), len(shown)))}
	total := 0
	for i := range r.Cells {
		var a, b string
		if i < len(stored) {
			a = stored[i]
		}
		if i < len(shown) {
			b = shown[i]
		}
		r.Cells[i] = meant(a, b)
		fault := Code("")
		switch total += len(r.Cells[i]); {
		case len(r.Cells[i]) > maxFieldBytes:
			fault, r.Cells[i] = FieldTooLong, cut(r.Cells[i], valueRunes)
		case total > maxRowBytes || i >= maxColumns:
			fault = RowTooLong
		case strings.ContainsRune(r.Cells[i], 0):
			fault = NULByte
		case len(s.unworked) > 0 && s.unworked[cellName(i, s.row)] != "":
			fault, r.Cells[i] = ValueFormula, s.unworked[cellName(i, s.row)]
		}
		if fault != "" && len(r.Faults) < maxRowFaults {
			r.Faults = append(r.Faults, &Problem{Code: fault, Line: s.row, EndLine: s.row, Value: cut(r.Cells[i], valueRunes), Hint: megabytes(maxFieldBytes), column: i + 1})
		}
	}
	if len(r.Cells) > maxColumns {
		r.Cells = r.Cells[:maxColumns]
	}
	return r, nil
}

func cellName(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column+1, row)
	if err != nil {
		return strconv.Itoa(column) + "/" + strconv.Itoa(row)
	}
	return name
}

// meant decides between what a cell stores and what it shows. A number counts as stored, so that 1.6 shown as 2 is not taken for 2 and
// 1.23E+12 keeps all its digits; but leading zeros, percents, dates and TRUE are only in what is shown.
func meant(stored, shown string) string {
	switch {
	case stored == shown || shown == "":
		return stored
	case !looksNumeric(stored):
		return shown
	case digits(shown) && strings.TrimLeft(shown, "0") == strings.TrimLeft(stored, "0"):
		return shown // 00123
	case strings.HasSuffix(shown, "%"), strings.ContainsAny(shown, "/:年月日"), shown == "TRUE", shown == "FALSE", strings.Count(shown, "-") > 1:
		return shown
	}
	return stored
}

func looksNumeric(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// encrypted tells whether a container of the old kind holds a workbook with a password, rather than an old workbook: by the names in
// the sector where its directory begins.
func encrypted(in Input) bool {
	head := make([]byte, 512)
	if _, err := in.ReadAt(head, 0); err != nil {
		return false
	}
	shift := binary.LittleEndian.Uint16(head[30:])
	if shift < 7 || shift > 16 {
		return false
	}
	sector := int64(1) << shift
	names := make([]byte, 4*sector)
	n, err := in.ReadAt(names, (int64(binary.LittleEndian.Uint32(head[48:]))+1)*sector)
	if err != nil && err != io.EOF {
		return false
	}
	wanted := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	return bytes.Contains(names[:n], wanted)
}
