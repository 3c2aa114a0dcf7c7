package imports

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

const (
	largestUnknown = 64 << 20 // bytes of a file that waits for its columns to be chosen
	sampled        = 3        // rows that are shown of it
	longestName    = 60       // characters of a mapping's name
)

// Columns is the page on which a person says which column of a file is what.
type Columns struct {
	ui.Page
	Upload   store.UploadID
	FileName string
	How      How
	File     exchange.Detection
	Sheets   []string
	Kinds    []exchange.Info
	Kind     exchange.Info
	Cols     []Col
	Rest     []Constant
	Mode     string
	Name     string
	Replace  bool // a mapping of the name is there
	Replaced bool // it is to be replaced
	Like     *Like
	Why      string // what is wrong with the file as it is, or with the way it is opened
	Broken   bool   // it cannot be opened so
	Wrong    ui.FieldErrors
}

// How is how the file is opened, as chosen in the form; "" is found out.
type How struct {
	Kind, Encoding, Delimiter, Sheet, Line string
}

// Col is one column of the file.
type Col struct {
	N       int // from 0
	Header  string
	Samples []string
	Key     string // of the chosen field
	Twice   bool   // another column has the same header, so that neither can be chosen
	Wrong   string
}

// Place is the column's place in the file, from 1.
func (c Col) Place() int { return c.N + 1 }

// Constant is a value that holds for every row.
type Constant struct {
	exchange.Field
	Value string
}

// Like is the saved mapping that a file is most like, and what differs.
type Like struct {
	Name             string
	Missing, Further []string
}

// Frame is the page's.
func (p *Columns) Frame() *ui.Page { return &p.Page }

// L is the language of exchange's sentences.
func (p *Columns) L() exchange.Language { return exchange.Language(p.Lang) }

// Label names a field of the kind in the form.
func (p *Columns) Label(f exchange.Field) string {
	words := exchange.Words{JA: f.Header, EN: f.English}.In(p.L())
	if f.Required {
		words += p.T("（必須）")
	}
	return words
}

// Encodings are the choices of the form.
func (p *Columns) Encodings() []exchange.Encoding { return exchange.Encodings }

// Stock tells whether the file is about numbers on hand.
func (p *Columns) Stock() bool { return p.Kind.Name == exchange.Stock.Name }

// keep puts a file aside until its columns are chosen.
func (s *Screen) keep(r *http.Request, page *List, name string, spool *exchange.Spool) (store.UploadID, error) {
	return s.db.AddUpload(r.Context(), page.TenantID, store.Upload{Kind: page.Kind, Mode: stock.Mode(page.Mode), FileName: name, Bytes: spool.Size(), Actor: page.Actor}, io.NewSectionReader(spool, 0, spool.Size()))
}

// waiting fetches the file that the address names. The spool must be closed.
func (s *Screen) waiting(r *http.Request, page *Columns) (store.Upload, *exchange.Spool, error) {
	id, err := ui.PathID(r)
	if err != nil {
		return store.Upload{}, nil, err
	}
	var upload store.Upload
	spool, err := exchange.FillSpool("", func(w io.Writer) error {
		var err error
		upload, err = s.db.LoadUpload(r.Context(), page.TenantID, store.UploadID(id), w)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return upload, nil, ui.ErrMissing
	}
	page.Upload, page.FileName = upload.ID, upload.FileName
	return upload, spool, err
}

// ChooseColumns is GET /import-columns/{id}.
func (s *Screen) ChooseColumns(w http.ResponseWriter, r *http.Request) error {
	page := &Columns{Page: ui.FrameOf(r, ui.SectionImports, "列の対応"), Wrong: ui.FieldErrors{}}
	upload, spool, err := s.waiting(r, page)
	if err != nil {
		return err
	}
	defer spool.Close()
	page.Mode, page.Name = string(upload.Mode), strings.TrimSuffix(upload.FileName, path.Ext(upload.FileName))
	page.How.Kind = upload.Kind
	q := r.URL.Query()
	if q.Has("kind") {
		page.How = How{q.Get("kind"), q.Get("encoding"), q.Get("delimiter"), q.Get("sheet"), q.Get("line")}
	}
	sheet, err := page.open(spool)
	if err != nil {
		return err
	}
	if sheet == nil {
		return s.views.Columns.Page(w, http.StatusOK, page)
	}
	defer sheet.Close()
	if err := s.suggest(r, page, sheet); err != nil {
		return err
	}
	return s.views.Columns.Page(w, http.StatusOK, page)
}

// open opens the file as the form says, and fills in what the page says of it. It gives no sheet where that is not possible, and the page says why.
func (p *Columns) open(in exchange.Input) (*exchange.Sheet, error) {
	for _, format := range exchange.Formats() {
		if importer.Takes(format.Name) {
			p.Kinds = append(p.Kinds, format)
		}
	}
	var known bool
	if p.Kind, known = exchange.FindFormat(p.How.Kind); !known {
		p.Kind, p.How.Kind = p.Kinds[0], p.Kinds[0].Name
	}
	sheet, err := exchange.Open(in, p.How.options(p.FileName))
	if problem, is := errors.AsType[*exchange.Problem](err); is {
		p.Broken, p.Why = true, problem.Sentence(p.L())+" "+problem.Next(p.L())
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p.File, p.Sheets = sheet.Detection, sheet.SheetNames
	rows, err := sheet.Preview(sampled)
	if err != nil {
		return nil, errors.Join(err, sheet.Close())
	}
	count := make(map[string]int)
	for _, h := range sheet.Headers {
		count[h]++
	}
	for i, h := range sheet.Headers {
		c := Col{N: i, Header: h, Twice: count[h] > 1}
		for _, row := range rows {
			c.Samples = append(c.Samples, row.Cells[i])
		}
		p.Cols = append(p.Cols, c)
	}
	for _, f := range p.Kind.Fields {
		p.Rest = append(p.Rest, Constant{Field: f})
	}
	return sheet, nil
}

func (h How) options(name string) exchange.Options {
	o := exchange.Options{Name: name, SheetName: h.Sheet}
	if slices.Contains(exchange.Encodings, exchange.Encoding(h.Encoding)) {
		o.Encoding = exchange.Encoding(h.Encoding)
	}
	if h.Delimiter != "" && strings.Contains(",\t;", h.Delimiter) {
		o.Delimiter = h.Delimiter[0]
	}
	if line, err := strconv.Atoi(h.Line); err == nil && line > 0 {
		o.HeaderLine = line
	}
	return o
}

// suggest fills in a first choice: the saved mapping that the file is most like, else what the headers sound like.
func (s *Screen) suggest(r *http.Request, page *Columns, sheet *exchange.Sheet) error {
	_, err := exchange.Columns(page.Kind.Name, sheet.Headers, nil)
	if problem, is := errors.AsType[*exchange.Problem](err); is {
		page.Why = problem.Sentence(page.L())
	} else if err != nil {
		return err
	}
	if err != nil && page.How.Line == "" {
		line, err := exchange.HeaderLine(sheet, page.Kind.Name)
		if err != nil {
			return err
		}
		if line > 0 {
			page.Why = page.T("見出しは%d行目にあるようです。「見出しの行」を %d にして読み直してください。", line, line)
		}
	}
	m := exchange.Suggest(page.Kind, sheet.Headers)
	list, err := s.work.Mappings(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	best := 0
	for _, saved := range list {
		missing, further := saved.Compare(sheet.Headers)
		if same := len(sheet.Headers) - len(further); saved.Format == page.Kind.Name && same > best && same*2 >= len(saved.Headers) {
			best, m = same, saved.Mapping
			page.Like = &Like{Name: saved.ImportMapping.Name, Missing: missing, Further: further}
			page.Name, page.Mode = page.Like.Name, cmp.Or(string(saved.Mode), page.Mode)
			page.Replace, page.Replaced = true, true
		}
	}
	for _, c := range m.Columns {
		for i := range page.Cols {
			if col := &page.Cols[i]; !col.Twice && col.Key == "" && exchange.SameHeader(col.Header, c.Header) {
				col.Key = c.Key
				break
			}
		}
	}
	for _, c := range m.Constants {
		for i := range page.Rest {
			if page.Rest[i].Key == c.Key {
				page.Rest[i].Value = c.Value
			}
		}
	}
	return nil
}

// TakeColumns is POST /import-columns/{id}: the choice is kept under its name, where it has one, and the file goes on its way.
func (s *Screen) TakeColumns(w http.ResponseWriter, r *http.Request) error {
	page := &Columns{Page: ui.FrameOf(r, ui.SectionImports, "列の対応"), Wrong: ui.FieldErrors{}}
	upload, spool, err := s.waiting(r, page)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			spool.Close()
		}
	}()
	f := r.PostForm
	page.How = How{f.Get("kind"), f.Get("encoding"), f.Get("delimiter"), f.Get("sheet"), f.Get("line")}
	page.Mode, page.Name, page.Replaced = f.Get("mode"), strings.TrimSpace(f.Get("name")), f.Get("replace") == "1"
	sheet, err := page.open(spool)
	if err != nil {
		return err
	}
	if sheet == nil {
		return s.views.Columns.Page(w, http.StatusUnprocessableEntity, page)
	}
	defer sheet.Close()
	m := page.chosen(r, sheet)
	list, err := s.work.Mappings(r.Context(), page.TenantID)
	if err != nil {
		return err
	}
	page.Replace = slices.ContainsFunc(list, func(o importer.Mapping) bool { return o.ImportMapping.Name == page.Name })
	if page.Replace && !page.Replaced {
		page.Wrong["name"] = page.T("この名前の対応がすでにあります。置き換えるときは、下のチェックを付けてください。")
	}
	if !page.Wrong.Any() && page.Name != "" {
		err = s.work.SaveMapping(r.Context(), page.TenantID, page.Actor, m)
		if same, is := errors.AsType[*importer.SameHeadersError](err); is {
			page.Wrong["name"] = page.T("同じ見出しのファイルの対応「%s」がすでにあります。その名前で置き換えてください。", same.Name)
			err = nil
		}
		if errors.Is(err, store.ErrTooMany) {
			page.Wrong["name"] = page.T("対応は%d個までです。使わないものを消してください。", store.MostImportMappings)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if page.Wrong.Any() {
		return s.views.Columns.Page(w, http.StatusUnprocessableEntity, page)
	}
	c, err := s.work.Begin(r.Context(), page.TenantID, page.Kind.Name, upload.FileName, page.Actor, spool, importer.Options{Mapping: &m})
	if err != nil {
		return fmt.Errorf("take a file in with chosen columns: %w", err)
	}
	done = true
	s.work.Start(c, func() { _ = spool.Close() }) // a file that stays in the temporary folder harms nobody
	if err := s.db.DeleteUpload(r.Context(), page.TenantID, upload.ID); err != nil {
		return err
	}
	http.Redirect(w, r, address(c.Import.ID), http.StatusSeeOther)
	return nil
}

// chosen reads the mapping out of the form, and says beside each field what is wrong with it.
func (p *Columns) chosen(r *http.Request, sheet *exchange.Sheet) exchange.Mapping {
	f := r.PostForm
	m := exchange.Mapping{Name: p.Name, Format: p.Kind.Name, Headers: sheet.Headers}
	o := p.How.options("")
	m.Encoding, m.HeaderLine, m.SheetName = o.Encoding, o.HeaderLine, o.SheetName
	if o.Delimiter != 0 {
		m.Delimiter = string(rune(o.Delimiter))
	}
	if p.Stock() {
		m.Mode = stock.Mode(p.Mode)
	}
	at := make(map[string]int) // from key to column
	for i := range p.Cols {
		c := &p.Cols[i]
		c.Key = f.Get("col" + strconv.Itoa(i))
		first, twice := at[c.Key]
		switch {
		case c.Key == "":
			continue
		case c.Twice:
			c.Wrong = p.T("同じ見出しの列がほかにもあるため、選べません。ファイルの見出しを変えてください。")
		case twice:
			c.Wrong = p.T("「%s」と同じ項目です。どちらか一つにしてください。", p.Cols[first].Header)
		}
		if c.Wrong != "" {
			p.Wrong["columns"] = p.T("列の選び方を直してください。")
		}
		at[c.Key] = i
		m.Columns = append(m.Columns, exchange.MappedColumn{Header: c.Header, Key: c.Key})
	}
	for i := range p.Rest {
		c := &p.Rest[i]
		if c.Value = strings.TrimSpace(f.Get("all-" + c.Key)); c.Value != "" {
			m.Constants = append(m.Constants, exchange.MappedConstant{Key: c.Key, Value: c.Value})
		}
	}
	if p.Wrong.Any() {
		return m
	}
	if utf8.RuneCountInString(p.Name) > longestName {
		p.Wrong["name"] = p.T("%d文字までにしてください。", longestName)
	}
	_, err := exchange.Columns(p.Kind.Name, sheet.Headers, &m)
	if problem, is := errors.AsType[*exchange.Problem](err); is {
		switch problem.Code {
		case exchange.ColumnMissing, exchange.ColumnMissingNear:
			p.Wrong["columns"] = p.T("「%s」の列を選んでください。", problem.Header)
		default:
			p.Wrong["columns"] = problem.Sentence(p.L())
		}
	}
	return m
}

// DropColumns is POST /import-columns/{id}/drop: the file that waits is thrown away.
func (s *Screen) DropColumns(w http.ResponseWriter, r *http.Request) error {
	frame := ui.FrameOf(r, ui.SectionImports, "列の対応")
	id, err := ui.PathID(r)
	if err != nil {
		return err
	}
	if err := s.db.DeleteUpload(r.Context(), frame.TenantID, store.UploadID(id)); err != nil {
		return err
	}
	http.Redirect(w, r, "/imports", http.StatusSeeOther)
	return nil
}

// DeleteMapping is POST /import-mappings/delete.
func (s *Screen) DeleteMapping(w http.ResponseWriter, r *http.Request) error {
	frame := ui.FrameOf(r, ui.SectionImports, "取込")
	if err := s.db.DeleteImportMapping(r.Context(), frame.TenantID, r.PostForm.Get("name")); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	http.Redirect(w, r, "/imports#mappings", http.StatusSeeOther)
	return nil
}
