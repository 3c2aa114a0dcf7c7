package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Receipt is an import's receipt as the books keep it.
type Receipt struct {
	exchange.Receipt
	Reasons []exchange.ReasonCount `json:"reasons"` // the commonest first
}

// ReceiptOf reads the receipt of an import, nil while there is none.
func ReceiptOf(i store.Import) (*Receipt, error) {
	if i.Receipt == "" {
		return nil, nil
	}
	var r Receipt
	if err := json.Unmarshal([]byte(i.Receipt), &r); err != nil {
		return nil, fmt.Errorf("receipt of import %d: %w", i.ID, err)
	}
	return &r, nil
}

// ProblemOf is why the file of an import cannot be used, nil where the file is not to blame.
func ProblemOf(i store.Import) *exchange.Problem {
	var p exchange.Problem
	if i.Failure == "" || json.Unmarshal([]byte(i.Failure), &p) != nil {
		return nil
	}
	return &p
}

// FindingOf reads one finding about a file.
func FindingOf(f store.ImportFinding) (*exchange.Problem, error) {
	var p exchange.Problem
	if err := json.Unmarshal([]byte(f.Problem), &p); err != nil {
		return nil, fmt.Errorf("finding at line %d: %w", f.Line, err)
	}
	return &p, nil
}

var stateWords = map[store.ImportState]exchange.Words{
	store.ImportChecking:   {JA: "確認中", EN: "checking"},
	store.ImportChecked:    {JA: "確認済み", EN: "checked"},
	store.ImportRefused:    {JA: "取込不可", EN: "refused"},
	store.ImportApplying:   {JA: "反映中", EN: "applying"},
	store.ImportApplied:    {JA: "反映済み", EN: "applied"},
	store.ImportCancelling: {JA: "取消中", EN: "cancelling"},
	store.ImportCancelled:  {JA: "取消済み", EN: "cancelled"},
	store.ImportUndoing:    {JA: "元に戻し中", EN: "undoing"},
	store.ImportUndone:     {JA: "元に戻しました", EN: "undone"},
	store.ImportDiscarded:  {JA: "破棄", EN: "discarded"},
}

// StateWords names a state for people.
func StateWords(s store.ImportState) exchange.Words { return stateWords[s] }

// Remaining is how long the rest of a job takes, in seconds, at the pace so far; 0 while that is not known. done and all are in one unit, elapsed is in
// seconds.
func Remaining(done, all int64, elapsed float64) float64 {
	if done <= 0 || all <= done || elapsed <= 0 {
		return 0
	}
	return elapsed * float64(all-done) / float64(done)
}

// WriteRefused writes the rows of an import that could not be used as a file like the one that they are from, with the reasons, so that they can be put right and
// taken in again.
func (s *Service) WriteRefused(ctx context.Context, tenant stock.TenantID, job store.Import, lang exchange.Language, w io.Writer) error {
	r, err := ReceiptOf(job)
	if err != nil || r == nil {
		return err
	}
	headers := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		headers[i] = c.Header
	}
	out, err := exchange.NewRefusedWriter(w, headers, exchange.RefusedLike(r.File, lang))
	if err != nil {
		return err
	}
	for after := int64(0); ; after += partRows {
		list, err := s.db.ListRefusedRows(ctx, tenant, job.ID, after, partRows)
		if err != nil {
			return err
		}
		for i, body := range list {
			var row exchange.RefusedRow
			if err := json.Unmarshal([]byte(body), &row); err != nil {
				return fmt.Errorf("refused row %d of import %d: %w", after+int64(i)+1, job.ID, err)
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		if len(list) < partRows {
			return out.Close()
		}
	}
}
