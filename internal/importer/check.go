package importer

import (
	"context"
	"encoding/json"
	"slices"

	"soroi/internal/exchange"
	"soroi/internal/store"
)

// kind is one kind of import: how its rows are checked, applied and undone.
type kind struct {
	check func(context.Context, *Check) (*exchange.Receipt, error)
	apply func(context.Context, *Service, *work) error
}

// Takes tells whether files of a format can be imported.
func Takes(format string) bool {
	_, known := kinds[format]
	return known
}

// staged is what became of one row of a file.
type staged struct {
	row      store.ImportRow
	problems []*exchange.Problem
}

// usable tells whether the row is to be taken.
func (s staged) usable() bool {
	return !slices.ContainsFunc(s.problems, func(p *exchange.Problem) bool {
		return p.Fate() == exchange.RowRefused || p.Fate() == exchange.RowIgnored
	})
}

// checking is the check of a file of one format. look says of a part of the file's usable rows what each would do; line and label are filled in already.
func checking[T any](format *exchange.Format[T], begin func(context.Context, *Check) (func(context.Context, *exchange.Rows[T], []exchange.Row[T]) ([]staged, error), error)) func(context.Context, *Check) (*exchange.Receipt, error) {
	return func(ctx context.Context, c *Check) (*exchange.Receipt, error) {
		look, err := begin(ctx, c)
		if err != nil {
			return nil, err
		}
		var findings []store.ImportFinding
		var refusedRows []string
		receipts := c.Receipts
		receipts.Each = func(p *exchange.Problem) error {
			text, err := json.Marshal(p)
			findings = append(findings, store.ImportFinding{Line: int64(p.Line), Fate: string(p.Fate()), Problem: string(text)})
			return err
		}
		receipts.EachRefused = func(r exchange.RefusedRow) error {
			text, err := json.Marshal(r)
			refusedRows = append(refusedRows, string(text))
			return err
		}
		rows, err := exchange.Read(c.sheet, format, exchange.ReadOptions{Defaults: exchange.Defaults{Mode: c.options.Mode}, Mapping: c.options.Mapping, Receipt: receipts})
		if err != nil {
			return nil, err
		}
		var refused int64
		part := make([]exchange.Row[T], 0, partRows)
		flush := func() error {
			found, err := look(ctx, rows, part)
			if err != nil {
				return err
			}
			stage := store.ImportPart{Rows: make([]store.ImportRow, 0, len(found))}
			for i, f := range found {
				if len(f.problems) > 0 {
					if err := rows.Report(&part[i], f.problems...); err != nil {
						return err
					}
				}
				if f.usable() {
					stage.Rows = append(stage.Rows, f.row)
				}
			}
			counts := rows.Receipt().Rows
			stage.RefusedRows = refusedRows
			stage.Findings, stage.Refused, stage.RowsRead, stage.BytesRead = findings, counts.Refused-refused, counts.Read, c.sheet.Offset()
			if err := c.service.db.StageImport(ctx, c.tenant, c.Import.ID, c.service.holder, holdFor, stage); err != nil {
				return err
			}
			if c.Progress != nil {
				c.Progress(stage.RowsRead, stage.BytesRead)
			}
			refused, findings, refusedRows, part = counts.Refused, nil, nil, part[:0]
			return nil
		}
		for row := range rows.All() {
			if part = append(part, row); len(part) == partRows || len(findings) >= partRows {
				if err := flush(); err != nil {
					return nil, err
				}
			}
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
		if err := flush(); err != nil {
			return nil, err
		}
		receipt := rows.Receipt()
		return receipt, receipt.Close()
	}
}
