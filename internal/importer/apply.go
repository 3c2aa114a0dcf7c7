package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// work is one part of an import that is applied or taken back.
type work struct {
	tenant stock.TenantID
	job    store.Import
	rows   []store.ImportRow
	back   bool
}

// key makes the part happen once. Parts are counted from the import's first row, so a part has the same key whoever does it.
func (w *work) key() string {
	do := "apply"
	if w.back {
		do = "back"
	}
	return "import/" + strconv.FormatInt(int64(w.job.ID), 10) + "/" + do + "/" + strconv.FormatInt((w.rows[0].Seq-1)/partRows, 10)
}

// Step does one part of the tenant's oldest unfinished import and tells whether there may be more to do.
func (s *Service) Step(ctx context.Context, tenant stock.TenantID) (more bool, err error) {
	job, ok, err := s.db.HoldImport(ctx, tenant, s.holder, holdFor)
	if err != nil || !ok {
		return false, err
	}
	switch job.State {
	case store.ImportApplying:
		err = s.forward(ctx, tenant, job)
	case store.ImportCancelling:
		err = s.backward(ctx, tenant, job, store.ImportCancelled)
	case store.ImportUndoing:
		err = s.backward(ctx, tenant, job, store.ImportUndone)
	}
	if errors.Is(err, store.ErrImportState) {
		return true, nil // a person was faster: the next step sees what they want
	}
	return err == nil, err
}

// forward applies one part. A part that can no longer be applied turns the whole import back.
func (s *Service) forward(ctx context.Context, tenant stock.TenantID, job store.Import) error {
	rows, err := s.db.ImportSpan(ctx, tenant, job.ID, "staged", job.Applied, partRows)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return s.db.EndImport(ctx, tenant, job.ID, s.holder, store.ImportApplying, store.ImportApplied)
	}
	w := &work{tenant: tenant, job: job, rows: rows}
	err = kinds[job.Kind].apply(ctx, s, w)
	if refused, is := errors.AsType[*refusedError](err); is {
		s.log.Warn("import turns back", "tenant", tenant, "import", job.ID, "reason", refused.Error())
		return s.db.MoveImport(ctx, tenant, job.ID, store.ImportCancelling, refused.Error())
	}
	if err != nil {
		return fmt.Errorf("apply import %d: %w", job.ID, err)
	}
	for i := range rows {
		rows[i].State = "applied"
	}
	s.changed()
	s.afterPosting()
	return s.db.RecordImport(ctx, tenant, job.ID, s.holder, holdFor, rows)
}

// backward takes one part back. Undoing keeps what something later has built on; cancelling, which follows at once, takes back everything.
func (s *Service) backward(ctx context.Context, tenant stock.TenantID, job store.Import, end store.ImportState) error {
	if job.State == store.ImportCancelling {
		if done, err := s.catchUp(ctx, tenant, job); err != nil || !done {
			return err
		}
	}
	rows, err := s.db.ImportSpan(ctx, tenant, job.ID, "applied", job.Undone+job.Kept, partRows)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return s.db.EndImport(ctx, tenant, job.ID, s.holder, job.State, end)
	}
	w := &work{tenant: tenant, job: job, rows: rows, back: true}
	if job.State == store.ImportUndoing {
		if kept, err := s.keep(ctx, w); err != nil || kept {
			return err
		}
	}
	if err := kinds[job.Kind].apply(ctx, s, w); err != nil {
		return fmt.Errorf("take import %d back: %w", job.ID, err)
	}
	for i := range rows {
		if rows[i].State == "applied" {
			rows[i].State = "undone"
		}
	}
	s.changed()
	s.afterPosting()
	return s.db.RecordImport(ctx, tenant, job.ID, s.holder, holdFor, rows)
}

// catchUp records a part that was posted and not recorded before the import was cancelled, so that it is taken back, too. done tells that there is none.
func (s *Service) catchUp(ctx context.Context, tenant stock.TenantID, job store.Import) (done bool, err error) {
	rows, err := s.db.ImportSpan(ctx, tenant, job.ID, "staged", job.Applied, partRows)
	if err != nil || len(rows) == 0 {
		return err == nil, err
	}
	w := &work{tenant: tenant, job: job, rows: rows}
	used, err := s.db.KeyUsed(ctx, tenant, w.key())
	used = used || slices.ContainsFunc(rows, func(r store.ImportRow) bool { return r.Undo != "" }) // prepared, so perhaps done
	if err != nil || !used {
		return err == nil, err
	}
	if err := kinds[job.Kind].apply(ctx, s, w); err != nil {
		return false, err
	}
	for i := range rows {
		rows[i].State = "applied"
	}
	return false, s.db.RecordImport(ctx, tenant, job.ID, s.holder, holdFor, rows)
}

// keep marks the rows of a part that cannot be undone safely, once and before the others are: what is undone must be the same however often it is tried.
func (s *Service) keep(ctx context.Context, w *work) (kept bool, err error) {
	used, err := s.db.KeyUsed(ctx, w.tenant, w.key())
	if err != nil || used {
		return false, err
	}
	unsafe, err := s.unsafe(ctx, w)
	if err != nil {
		return false, err
	}
	in := make(map[int64]bool, len(w.rows))
	for _, r := range w.rows {
		in[r.Seq] = true
	}
	var rows []store.ImportRow
	for _, u := range unsafe {
		if in[u.Seq] {
			u.State = "kept"
			rows = append(rows, u)
		}
	}
	if len(rows) == 0 {
		return false, nil
	}
	return true, s.db.RecordImport(ctx, w.tenant, w.job.ID, s.holder, holdFor, rows)
}

// unsafe are the rows of a part whose undoing would contradict something that came later.
func (s *Service) unsafe(ctx context.Context, w *work) ([]store.ImportRow, error) {
	if w.job.Kind != exchange.Stock.Name {
		return s.unsafeSettings(ctx, w)
	}
	return s.db.UnsafeUndo(ctx, w.tenant, w.job, Document(w.job), w.rows[0].Seq-1, w.rows[len(w.rows)-1].Seq, len(w.rows))
}

// Finish does the parts of one import here and now, until nothing is left to do, and returns how it ended. Where another process works on it, Finish
// waits for that one.
func (s *Service) Finish(ctx context.Context, tenant stock.TenantID, id store.ImportID, progress func(store.Import)) (store.Import, error) {
	for {
		more, err := s.Step(ctx, tenant)
		if err != nil {
			return store.Import{}, err
		}
		job, err := s.db.LoadImport(ctx, tenant, id)
		if err != nil || !job.State.Busy() {
			return job, err
		}
		if progress != nil {
			progress(job)
		}
		if !more {
			if err := s.clock.Sleep(ctx, tick); err != nil {
				return job, err
			}
		}
	}
}
