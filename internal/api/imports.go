package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// largestFile bounds a file that is imported.
const largestFile = exchange.DefaultMaxBytes

const (
	importsPath  = "/api/v1/imports"
	mappingsPath = "/api/v1/import-mappings"
)

// Import is a file on its way into the books.
type Import struct {
	ID            int64             `json:"id"`
	Kind          string            `json:"kind"`
	Name          string            `json:"name"`
	State         store.ImportState `json:"state"`
	Bytes         int64             `json:"bytes"`
	BytesRead     int64             `json:"bytes_read"`
	Rows          ImportCounts      `json:"rows"`
	UnitsBefore   int64             `json:"units_before"`
	UnitsAfter    int64             `json:"units_after"`
	Receipt       json.RawMessage   `json:"receipt"`
	Problem       json.RawMessage   `json:"problem"`
	AppliedBefore []int64           `json:"applied_before"`
	Actor         string            `json:"actor"`
	CreatedAt     time.Time         `json:"created_at"`
	StartedAt     *time.Time        `json:"started_at"`
	EndedAt       *time.Time        `json:"ended_at"`
}

// ImportCounts counts the rows of an import.
type ImportCounts struct {
	Read     int64 `json:"read"`
	Usable   int64 `json:"usable"`
	Refused  int64 `json:"refused"`
	Changing int64 `json:"changing"`
	Applied  int64 `json:"applied"`
	Undone   int64 `json:"undone"`
	Kept     int64 `json:"kept"`
}

// ImportRow is a usable row of an import, and what it changes.
type ImportRow struct {
	Line    int64      `json:"line"`
	Label   string     `json:"label"`
	Mode    stock.Mode `json:"mode"`
	Units   int64      `json:"units"`
	Before  int64      `json:"before"`
	After   int64      `json:"after"`
	Changes bool       `json:"changes"`
	State   string     `json:"state"`
}

// ImportRowPage is a page of rows.
type ImportRowPage struct {
	Items      []ImportRow `json:"items"`
	NextCursor *string     `json:"next_cursor"`
}

// ImportFindingPage is a page of findings.
type ImportFindingPage struct {
	Items      []json.RawMessage `json:"items"`
	NextCursor *string           `json:"next_cursor"`
}

func (a *API) answerImport(r *request, status int, i store.Import) error {
	answer := Import{ID: int64(i.ID), Kind: i.Kind, Name: i.FileName, State: i.State, Bytes: i.Bytes, BytesRead: i.BytesRead,
		Rows:        ImportCounts{i.RowsRead, i.Staged, i.Refused, i.Changing, i.Applied, i.Undone, i.Kept},
		UnitsBefore: i.UnitsBefore, UnitsAfter: i.UnitsAfter, AppliedBefore: []int64{}, Actor: i.Actor, CreatedAt: i.CreatedAt, StartedAt: instant(i.StartedAt), EndedAt: instant(i.EndedAt)}
	if i.Receipt != "" {
		answer.Receipt = json.RawMessage(i.Receipt)
	}
	if importer.ProblemOf(i) != nil {
		answer.Problem = json.RawMessage(i.Failure)
	}
	earlier, err := a.deps.DB.FindApplied(r.ctx(), r.token.Tenant, i.Kind, i.Digest, i.ID)
	if err != nil {
		return err
	}
	for _, e := range earlier {
		answer.AppliedBefore = append(answer.AppliedBefore, int64(e.ID))
	}
	return r.answer(status, answer)
}

// addImport takes a file and checks it beside the answer.
func (a *API) addImport(r *request) error {
	p := r.parameters("kind", "mode", "name", "encoding", "mapping")
	kind, name := p.text("kind"), p.text("name")
	if !importer.Takes(kind) {
		p.refuse("kind", "There is no kind of import called %q. docs/csv.md lists them.", kind)
	}
	o := importer.Options{Mode: stock.Mode(p.choice("mode", string(stock.Set), string(stock.Add), string(stock.Subtract))),
		Encoding: exchange.Encoding(p.choice("encoding", string(exchange.UTF8), string(exchange.UTF8BOM), string(exchange.CP932), string(exchange.UTF16LE), string(exchange.UTF16BE)))}
	if name == "" || len(name) > 255 {
		p.refuse("name", "name must be the file's name, of 1 to 255 bytes.")
	}
	if p.err != nil {
		return p.err
	}
	if saved := p.text("mapping"); saved != "" {
		m, err := a.deps.Import.FindMapping(r.ctx(), r.token.Tenant, saved)
		if errors.Is(err, store.ErrNotFound) {
			return unknownMappingProblem(saved)
		}
		if err != nil {
			return err
		}
		if m.Format != kind {
			return parameterProblem("mapping", "The column mapping %q is for files of kind %q, not %q.", saved, m.Format, kind)
		}
		o.Mapping = m
	}
	spool, err := exchange.NewSpool(r.r.Body, "", largestFile)
	var c *importer.Check
	if err == nil {
		if c, err = a.deps.Import.Begin(r.ctx(), r.token.Tenant, kind, name, r.token.Name, spool, o); err != nil {
			err = errors.Join(err, spool.Close())
		}
	}
	if unusable, is := errors.AsType[*exchange.Problem](err); is {
		return problem(unusableFile, "%s %s Nothing was imported.", unusable.Sentence(exchange.English), unusable.Next(exchange.English))
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return problem(tooLarge, "The file is larger than %d bytes. Send it in several files.", int64(largestFile))
	}
	if err != nil {
		return err
	}
	a.deps.Import.Start(c, func() { _ = spool.Close() }) // a file that stays in the temporary folder harms nobody
	r.w.Header().Set("Location", importsPath+"/"+strconv.FormatInt(int64(c.Import.ID), 10))
	return a.answerImport(r, http.StatusCreated, c.Import)
}

func (a *API) findImport(r *request) (store.Import, error) {
	text := r.r.PathValue("import")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return store.Import{}, problem(unknownImport, "There is no import %q.", text)
	}
	i, err := a.deps.DB.LoadImport(r.ctx(), r.token.Tenant, store.ImportID(id))
	if errors.Is(err, store.ErrNotFound) {
		return i, problem(unknownImport, "There is no import %d.", id)
	}
	return i, err
}

func (a *API) loadImport(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	i, err := a.findImport(r)
	if err != nil {
		return err
	}
	return a.answerImport(r, http.StatusOK, i)
}

// importPage is what a page of an import's rows or findings is asked for by.
func (p *parameters) importPage() (after int64, limit int) {
	limit = p.number("limit", 1000)
	if limit == 0 {
		limit = 100
	}
	if text := p.text("cursor"); text != "" && p.err == nil {
		var err error
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			p.err = store.ErrPlace
		}
	}
	return after, limit
}

func (a *API) listImportRows(r *request) error {
	p := r.parameters("show", "limit", "cursor")
	show := store.ImportShow(p.choice("show", string(store.ImportChanging), string(store.ImportUp), string(store.ImportDown), string(store.ImportToZero), string(store.ImportKept)))
	after, limit := p.importPage()
	if p.err != nil {
		return p.err
	}
	i, err := a.findImport(r)
	if err != nil {
		return err
	}
	list, err := a.deps.DB.ListImportRows(r.ctx(), r.token.Tenant, i.ID, show, after, limit+1)
	if err != nil {
		return err
	}
	answer := ImportRowPage{Items: []ImportRow{}}
	if len(list) > limit {
		list = list[:limit]
		answer.NextCursor = cursor(strconv.FormatInt(list[limit-1].Seq, 10))
	}
	for _, row := range list {
		answer.Items = append(answer.Items, ImportRow{row.Line, row.Label, row.Mode, row.Units, row.Before, row.After, row.Before != row.After || row.Change != "", row.State})
	}
	return r.answer(http.StatusOK, answer)
}

func (a *API) listImportFindings(r *request) error {
	p := r.parameters("limit", "cursor")
	after, limit := p.importPage()
	if p.err != nil {
		return p.err
	}
	i, err := a.findImport(r)
	if err != nil {
		return err
	}
	list, err := a.deps.DB.ListImportFindings(r.ctx(), r.token.Tenant, i.ID, after, limit+1)
	if err != nil {
		return err
	}
	answer := ImportFindingPage{Items: []json.RawMessage{}}
	if len(list) > limit {
		list = list[:limit]
		answer.NextCursor = cursor(strconv.FormatInt(list[limit-1].Number, 10))
	}
	for _, f := range list {
		answer.Items = append(answer.Items, json.RawMessage(f.Problem))
	}
	return r.answer(http.StatusOK, answer)
}

// listRefusedRows gives the rows that cannot be used as a file like the one that they are from.
func (a *API) listRefusedRows(r *request) error {
	p := r.parameters("language")
	lang := p.choice("language", string(exchange.Japanese), string(exchange.English))
	if p.err != nil {
		return p.err
	}
	i, err := a.findImport(r)
	if err != nil {
		return err
	}
	r.w.Header().Set("Content-Type", "text/csv")
	return a.deps.Import.WriteRefused(r.ctx(), r.token.Tenant, i, exchange.Language(lang), r.w)
}

// applyImport applies an import. Where rows were refused the caller must say that only the others are wanted.
func (a *API) applyImport(r *request) error {
	p := r.parameters("partial")
	partial := p.choice("partial", "true", "false") == "true"
	if p.err != nil {
		return p.err
	}
	i, err := a.findImport(r)
	if err != nil {
		return err
	}
	if i.State == store.ImportChecked && i.Refused > 0 && !partial {
		return problem(rowsRefused, "%d rows of the file cannot be used, so nothing was applied. Put them right and send the file again, or apply the others with ?partial=true.", i.Refused)
	}
	return a.moveImport(r, store.ImportApplying)
}

func (a *API) undoImport(r *request) error    { return a.step(r, store.ImportUndoing) }
func (a *API) cancelImport(r *request) error  { return a.step(r, store.ImportCancelling) }
func (a *API) discardImport(r *request) error { return a.step(r, store.ImportDiscarded) }

func (a *API) step(r *request, to store.ImportState) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	return a.moveImport(r, to)
}

func (a *API) moveImport(r *request, to store.ImportState) error {
	i, err := a.findImport(r)
	if err != nil {
		return err
	}
	if err := a.deps.DB.MoveImport(r.ctx(), r.token.Tenant, i.ID, to, ""); errors.Is(err, store.ErrImportState) {
		return problem(importState, "Import %d is %s, from where it cannot become %s. GET %s/%d shows how it stands.", i.ID, i.State, to, importsPath, i.ID)
	} else if err != nil {
		return err
	}
	if i, err = a.findImport(r); err != nil {
		return err
	}
	return a.answerImport(r, http.StatusAccepted, i)
}
