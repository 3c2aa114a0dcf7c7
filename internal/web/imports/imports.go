package imports

import (
	"crypto/subtle"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"soroi/internal/clock"
	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// LargestUpload bounds what a browser may send with the form.
const LargestUpload = exchange.DefaultMaxBytes + 1<<20

const (
	listed   = 30  // imports on a page
	findings = 50  // on a page
	rows     = 100 // on a page
)

// Screen serves the pages.
type Screen struct {
	db    *store.DB
	work  *importer.Service
	clock clock.Clock
	views Views
}

// New makes it.
func New(u *ui.UI, db *store.DB, work *importer.Service, c clock.Clock) (*Screen, error) {
	v, err := Parse(u)
	return &Screen{db: db, work: work, clock: c, views: v}, err
}

// List is GET /imports.
func (s *Screen) List(w http.ResponseWriter, r *http.Request) error {
	page := &List{Page: ui.FrameOf(r, ui.SectionImports, "取込"), Kind: r.FormValue("kind"), Wrong: ui.FieldErrors{}}
	return s.list(w, r, http.StatusOK, page)
}

func (s *Screen) list(w http.ResponseWriter, r *http.Request, status int, page *List) error {
	for _, format := range exchange.Formats() {
		if importer.Takes(format.Name) {
			page.Kinds = append(page.Kinds, format)
		}
	}
	if page.Kind == "" {
		page.Kind = exchange.Stock.Name
	}
	var err error
	if page.Mappings, err = s.work.Mappings(r.Context(), page.TenantID); err != nil {
		return err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // anything else is the start
	list, err := s.db.ListImports(r.Context(), page.TenantID, store.ImportID(before), listed+1)
	if err != nil {
		return err
	}
	if page.Paged = before > 0; len(list) > listed {
		list = list[:listed]
		page.Older = list[listed-1].ID
	}
	for _, i := range list {
		page.Items = append(page.Items, Item{i, exchange.Language(page.Lang)})
	}
	return s.views.List.Page(w, status, page)
}

// Upload is POST /imports. The form's token comes before the file, which is kept on disk as it comes; then it is checked beside the answer.
func (s *Screen) Upload(w http.ResponseWriter, r *http.Request) error {
	page := &List{Page: ui.FrameOf(r, ui.SectionImports, "取込"), Wrong: ui.FieldErrors{}}
	form, err := r.MultipartReader()
	if err != nil {
		return ui.ErrForm
	}
	trusted := false
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			if !trusted {
				return ui.ErrForm
			}
			page.Wrong["file"] = page.T("ファイルを選んでください。")
			return s.list(w, r, http.StatusUnprocessableEntity, page)
		}
		if err != nil {
			return ui.ErrForm
		}
		if part.FormName() == "file" {
			if !trusted {
				return ui.ErrForm
			}
			return s.take(w, r, page, part)
		}
		text, err := io.ReadAll(io.LimitReader(part, 1000))
		if err != nil {
			return ui.ErrForm
		}
		switch part.FormName() {
		case "token":
			if trusted = subtle.ConstantTimeCompare(text, []byte(page.Token)) == 1; !trusted {
				return ui.ErrForm
			}
		case "kind":
			page.Kind = string(text)
		case "mode":
			page.Mode = string(text)
		case "columns":
			page.Columns = string(text) == "1"
		}
	}
}

// take begins an import of the file that comes.
func (s *Screen) take(w http.ResponseWriter, r *http.Request, page *List, part *multipart.Part) error {
	name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
	mode := stock.Mode(page.Mode)
	if page.Kind == exchange.Stock.Name && !slices.Contains([]stock.Mode{"", stock.Set, stock.Add, stock.Subtract}, mode) {
		page.Wrong["mode"] = page.T("選択肢から選んでください。")
	}
	if !importer.Takes(page.Kind) {
		page.Wrong["kind"] = page.T("選択肢から選んでください。")
	}
	if part.FileName() == "" {
		page.Wrong["file"] = page.T("ファイルを選んでください。")
	}
	if page.Wrong.Any() {
		return s.list(w, r, http.StatusUnprocessableEntity, page)
	}
	spool, err := exchange.NewSpool(part, "", 0)
	var c *importer.Check
	if err == nil {
		c, err = s.work.Begin(r.Context(), page.TenantID, page.Kind, name, page.Actor, spool, importer.Options{Mode: mode, Ask: true, Columns: page.Columns})
		if unknown, is := errors.AsType[*importer.UnknownColumnsError](err); is && spool.Size() <= largestUnknown {
			id, err := s.keep(r, page, name, spool)
			if err = errors.Join(err, spool.Close()); err != nil {
				return err
			}
			http.Redirect(w, r, fmt.Sprintf("/import-columns/%d", id), http.StatusSeeOther)
			return nil
		} else if is {
			page.Wrong["file"] = name + ": " + page.T("列を見分けられません。大きなファイルなので、はじめの数行だけのファイルで列の対応を保存してから、もう一度取り込んでください。")
			if unknown.Problem != nil {
				page.Wrong["file"] += " " + unknown.Problem.Sentence(exchange.Language(page.Lang))
			}
			return errors.Join(spool.Close(), s.list(w, r, http.StatusUnprocessableEntity, page))
		}
		if err != nil {
			err = errors.Join(err, spool.Close())
		}
	}
	var problem *exchange.Problem
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &problem):
		lang := exchange.Language(page.Lang)
		page.Wrong["file"] = name + ": " + problem.Sentence(lang) + " " + problem.Next(lang)
		return s.list(w, r, http.StatusUnprocessableEntity, page)
	case errors.As(err, &large):
		return ui.ErrLarge
	case err != nil:
		return fmt.Errorf("take a file in: %w", err)
	}
	s.work.Start(c, func() { _ = spool.Close() }) // a file that stays in the temporary folder harms nobody
	http.Redirect(w, r, address(c.Import.ID), http.StatusSeeOther)
	return nil
}

func (s *Screen) load(r *http.Request) (store.Import, ui.Page, error) {
	frame := ui.FrameOf(r, ui.SectionImports, "取込")
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return store.Import{}, frame, ui.ErrMissing
	}
	job, err := s.db.LoadImport(r.Context(), frame.TenantID, store.ImportID(id))
	if errors.Is(err, store.ErrNotFound) {
		err = ui.ErrMissing
	}
	return job, frame, err
}

// Show is GET /imports/{id}.
func (s *Screen) Show(w http.ResponseWriter, r *http.Request) error {
	page, err := s.show(r)
	if err != nil {
		return err
	}
	return s.views.Show.Page(w, http.StatusOK, page)
}

// Live is the part of the page that follows the import.
func (s *Screen) Live(w http.ResponseWriter, r *http.Request) error {
	page, err := s.show(r)
	if err != nil {
		return err
	}
	return s.views.Show.Fragment(w, "import", page)
}

func (s *Screen) show(r *http.Request) (*Show, error) {
	job, frame, err := s.load(r)
	if err != nil {
		return nil, err
	}
	frame.Title = job.FileName
	page := &Show{Page: frame, Item: Item{job, exchange.Language(frame.Lang)}, Now: s.clock.Now(), Problem: importer.ProblemOf(job), Wrong: ui.FieldErrors{}}
	if page.Receipt, err = importer.ReceiptOf(job); err != nil || job.State.Busy() {
		return page, err
	}
	if job.State == store.ImportChecked {
		if page.Earlier, err = s.db.FindApplied(r.Context(), page.TenantID, job.Kind, job.Digest, job.ID); err != nil {
			return nil, err
		}
	}
	q := r.URL.Query()
	page.Found, _ = strconv.ParseInt(q.Get("found"), 10, 64) // anything else is the start
	page.After, _ = strconv.ParseInt(q.Get("after"), 10, 64)
	page.Filter = store.ImportShow(q.Get("show"))
	if !q.Has("show") && job.Changing > 0 {
		page.Filter = store.ImportChanging
	}
	list, err := s.db.ListImportFindings(r.Context(), page.TenantID, job.ID, page.Found, findings+1)
	if err != nil {
		return nil, err
	}
	if len(list) > findings {
		list = list[:findings]
		page.MoreF = list[findings-1].Number
	}
	for _, f := range list {
		p, err := importer.FindingOf(f.ImportFinding)
		if err != nil {
			return nil, err
		}
		page.Findings = append(page.Findings, page.finding(p))
	}
	diff, err := s.db.ListImportRows(r.Context(), page.TenantID, job.ID, page.Filter, page.After, rows+1)
	if err != nil {
		return nil, err
	}
	if len(diff) > rows {
		diff = diff[:rows]
		page.MoreD = diff[rows-1].Seq
	}
	for _, row := range diff {
		page.Diff = append(page.Diff, Row{row})
	}
	return page, nil
}

func (p *Show) finding(problem *exchange.Problem) Finding {
	f := Finding{Problem: problem, What: problem.Sentence(p.L()), Next: problem.Next(p.L())}
	switch problem.Fate() {
	case exchange.RowRefused:
		f.Tone, f.Fate = ui.Bad, p.T("使えない")
	case exchange.RowIgnored:
		f.Tone, f.Fate = ui.Quiet, p.T("無視")
	default:
		f.Tone, f.Fate = ui.Warn, p.T("注意")
	}
	return f
}

// Findings is GET /imports/{id}/findings.csv: every finding, for a spreadsheet.
func (s *Screen) Findings(w http.ResponseWriter, r *http.Request) error {
	job, frame, err := s.load(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="findings-%d.csv"`, job.ID))
	if _, err := io.WriteString(w, "\xEF\xBB\xBF"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write([]string{frame.T("行"), frame.T("列"), frame.T("値"), frame.T("扱い"), frame.T("理由"), frame.T("次にすること")}) // Error tells at the end
	page := &Show{Page: frame}
	after := int64(0)
	for {
		list, err := s.db.ListImportFindings(r.Context(), frame.TenantID, job.ID, after, 1000)
		if err != nil {
			return err
		}
		for _, f := range list {
			p, err := importer.FindingOf(f.ImportFinding)
			if err != nil {
				return err
			}
			x := page.finding(p)
			_ = out.Write([]string{strconv.Itoa(p.Line), exchange.Safe(p.Header), exchange.Safe(p.Value), x.Fate, exchange.Safe(x.What), exchange.Safe(x.Next)}) // Error tells at the end
			after = f.Number
		}
		if out.Flush(); out.Error() != nil || len(list) < 1000 {
			return out.Error()
		}
	}
}

// Refused is GET /imports/{id}/refused.csv: the rows that cannot be used, to be put right and taken in again.
func (s *Screen) Refused(w http.ResponseWriter, r *http.Request) error {
	job, frame, err := s.load(r)
	if err != nil {
		return err
	}
	if job.Refused == 0 || job.Receipt == "" {
		return ui.ErrMissing
	}
	w.Header().Set("Content-Type", "text/csv")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="refused-%d.csv"`, job.ID))
	return s.work.WriteRefused(r.Context(), frame.TenantID, job, exchange.Language(frame.Lang), w)
}

// Template is GET /import-template/{kind}: a file to fill in.
func (s *Screen) Template(w http.ResponseWriter, r *http.Request) error {
	format, known := exchange.FindFormat(r.PathValue("kind"))
	if !known {
		return ui.ErrMissing
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="soroi-%s.csv"`, format.Name))
	return exchange.WriteTemplate(w, format, exchange.WriteOptions{Language: exchange.Language(ui.LangOf(r))})
}

// Apply is POST /imports/{id}/apply. Where rows were refused it must say that only the others are wanted.
func (s *Screen) Apply(w http.ResponseWriter, r *http.Request) error {
	job, frame, err := s.load(r)
	if err != nil {
		return err
	}
	if job.State == store.ImportChecked && job.Refused > 0 && r.PostForm.Get("partial") != "1" {
		page, err := s.show(r)
		if err != nil {
			return err
		}
		page.Wrong["partial"] = frame.T("使えない行を除いて反映するときは、ここにチェックを付けてください。")
		return s.views.Show.Page(w, http.StatusUnprocessableEntity, page)
	}
	return s.move(w, r, store.ImportApplying)
}

// Discard is POST /imports/{id}/discard.
func (s *Screen) Discard(w http.ResponseWriter, r *http.Request) error {
	return s.move(w, r, store.ImportDiscarded)
}

// Cancel is POST /imports/{id}/cancel: what is being applied is taken back.
func (s *Screen) Cancel(w http.ResponseWriter, r *http.Request) error {
	return s.move(w, r, store.ImportCancelling)
}

// Undo is POST /imports/{id}/undo.
func (s *Screen) Undo(w http.ResponseWriter, r *http.Request) error {
	return s.move(w, r, store.ImportUndoing)
}

// move takes the step that a person asks for. When somebody else was faster, the page shows how things stand now.
func (s *Screen) move(w http.ResponseWriter, r *http.Request, to store.ImportState) error {
	job, frame, err := s.load(r)
	if err != nil {
		return err
	}
	if err := s.db.MoveImport(r.Context(), frame.TenantID, job.ID, to, ""); err != nil && !errors.Is(err, store.ErrImportState) {
		return err
	}
	http.Redirect(w, r, address(job.ID), http.StatusSeeOther)
	return nil
}

// AskUndo is GET /imports/{id}/undo: what cannot be undone safely, before it is done.
func (s *Screen) AskUndo(w http.ResponseWriter, r *http.Request) error {
	job, frame, err := s.load(r)
	if err != nil {
		return err
	}
	if job.State != store.ImportApplied {
		http.Redirect(w, r, address(job.ID), http.StatusSeeOther)
		return nil
	}
	frame.Title = frame.T("%s を元に戻す", job.FileName)
	page := &Undo{Page: frame, Item: Item{job, exchange.Language(frame.Lang)}}
	if page.Stock() {
		if page.Unsafe, err = s.db.UnsafeUndo(r.Context(), page.TenantID, job, importer.Document(job), 0, job.Staged, rows+1); err != nil {
			return err
		}
	}
	if page.More = len(page.Unsafe) > rows; page.More {
		page.Unsafe = page.Unsafe[:rows]
	}
	return s.views.Undo.Page(w, http.StatusOK, page)
}
