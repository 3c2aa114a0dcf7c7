// Package importer takes files into the books (取込): it checks a file against what is there and stages what it would do, applies that in once-only
// parts, and takes it back. A person decides between checking and applying. It promises that
//
//   - nothing of a file is passed over without a finding that says so;
//   - an import is applied whole or not at all: what cannot be finished is taken back;
//   - each part happens once, whatever dies when: its key is the import's id and its place, and the books know which keys they have seen;
//   - memory does not grow with the file.
package importer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"soroi/internal/clock"
	"soroi/internal/exchange"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// Service checks, applies and undoes imports for one process. It is safe for concurrent use.
type Service struct {
	db      *store.DB
	clock   clock.Clock
	log     *slog.Logger
	holder  string
	changed func() // stock or settings have changed: plan now

	checks   sync.WaitGroup // that Start began
	checking context.Context
	stop     context.CancelFunc

	afterPosting func() // tests stop the world here
}

// New makes a service; Run goes on with what is unfinished. changed may be nil.
func New(db *store.DB, c clock.Clock, log *slog.Logger, changed func()) *Service {
	if changed == nil {
		changed = func() {}
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	s := &Service{db: db, clock: c, log: log, holder: "import-" + hex.EncodeToString(b[:]), changed: changed, afterPosting: func() {}}
	s.checking, s.stop = context.WithCancel(context.Background())
	return s
}

const (
	holdFor  = 20 * time.Second // how long a silent process keeps an import
	partRows = 1000             // rows that are looked at, and posted, together
	tick     = 500 * time.Millisecond

	keepUploads = 7 * 24 * time.Hour  // how long a file waits for a person to say what its columns are
	keepStaged  = 30 * 24 * time.Hour // how long the rows are kept of an import that can neither be applied nor undone any more
	trimEvery   = time.Hour
	mostTrimmed = 5000 // rows that one transaction takes away
)

// Options say how a file is to be read. The zero value finds everything out.
type Options struct {
	Encoding  exchange.Encoding `json:",omitempty"`
	Delimiter byte              `json:",omitempty"`
	SheetName string            `json:",omitempty"`
	// HeaderLine is the line on which the headers stand, from 1; 0 finds it out.
	HeaderLine int `json:",omitempty"`
	// Ask makes Begin give an *UnknownColumnsError where which column is what is not known; else the file is refused. Columns makes it do so in any case.
	Ask     bool              `json:"-"`
	Columns bool              `json:"-"`
	Mode    stock.Mode        `json:",omitempty"` // for rows that do not say; "" is set
	Mapping *exchange.Mapping `json:",omitempty"`
}

// Begin opens a file and begins an import of it. Check then reads it; both belong to this process. A file that cannot be read at all gives an
// *exchange.Problem and begins nothing.
func (s *Service) Begin(ctx context.Context, tenant stock.TenantID, kind, name, actor string, in exchange.Input, o Options) (*Check, error) {
	if _, known := kinds[kind]; !known {
		return nil, fmt.Errorf("there is no kind of import called %q", kind)
	}
	sheet, err := s.open(ctx, tenant, kind, name, in, &o)
	if err != nil {
		return nil, err
	}
	options, err := json.Marshal(o)
	if err != nil {
		return nil, errors.Join(err, sheet.Close())
	}
	job, err := s.db.AddImport(ctx, tenant, store.Import{Kind: kind, FileName: name, Digest: sheet.SHA256, Options: string(options), Bytes: sheet.Size, Actor: actor}, s.holder, holdFor)
	if err != nil {
		return nil, errors.Join(err, sheet.Close())
	}
	return &Check{service: s, tenant: tenant, Import: job, sheet: sheet, options: o}, nil
}

// Check is a file that is being checked.
type Check struct {
	Import store.Import

	service *Service
	tenant  stock.TenantID
	sheet   *exchange.Sheet
	options Options
	// Receipts go wherever the caller wants them besides the books.
	Receipts exchange.ReceiptOptions
	Progress func(rows, bytes int64) // may be nil
}

// Run reads the file and stages what it would do; nothing is changed. It closes the file. What is wrong with the file is in the import, not in the
// error: that is about the books, or ErrImportState when somebody has discarded the import meanwhile. A check that breaks off is discarded.
func (c *Check) Run(ctx context.Context) (store.Import, error) {
	job, err := c.run(ctx)
	if err != nil && !errors.Is(err, store.ErrImportState) {
		gone := c.service.db.MoveImport(context.WithoutCancel(ctx), c.tenant, c.Import.ID, store.ImportDiscarded, "checking broke off: "+err.Error())
		if gone != nil && !errors.Is(gone, store.ErrImportState) {
			err = errors.Join(err, gone)
		}
	}
	return job, err
}

// Start runs a check beside the caller; it is discarded when the service's Run ends first. after is called at its end.
func (s *Service) Start(c *Check, after func()) {
	s.checks.Go(func() {
		defer after()
		if _, err := c.Run(s.checking); err != nil && !errors.Is(err, store.ErrImportState) {
			s.log.Error("check of an import", "tenant", c.tenant, "import", c.Import.ID, "error", err)
		}
	})
}

func (c *Check) run(ctx context.Context) (store.Import, error) {
	defer c.sheet.Close()
	receipt, err := kinds[c.Import.Kind].check(ctx, c)
	state, failure := store.ImportChecked, ""
	var problem *exchange.Problem
	if errors.As(err, &problem) {
		text, marshalErr := json.Marshal(problem)
		state, failure, err = store.ImportRefused, string(text), marshalErr
	}
	if err != nil {
		return c.Import, err
	}
	text := []byte("")
	if receipt != nil {
		if text, err = json.Marshal(receipt); err != nil {
			return c.Import, fmt.Errorf("keep the receipt: %w", err)
		}
		if state == store.ImportChecked && receipt.Rows.Used == 0 {
			state = store.ImportRefused
		}
	}
	if err := c.service.db.ImportChecked(ctx, c.tenant, c.Import.ID, c.service.holder, state, string(text), failure); err != nil {
		return c.Import, err
	}
	return c.service.db.LoadImport(ctx, c.tenant, c.Import.ID)
}

// Run goes on with imports that are to be applied, cancelled or undone, whoever began them, until ctx ends. Checks that Start began have ended when it returns.
func (s *Service) Run(ctx context.Context) {
	defer s.checks.Wait()
	defer s.stop()
	var trimmed time.Time
	for ctx.Err() == nil {
		tenants, err := s.db.ListTenants(ctx)
		busy := false
		for _, t := range tenants {
			more, stepErr := s.Step(ctx, t.ID)
			busy = busy || more
			err = errors.Join(err, stepErr)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("imports", "error", err)
		}
		if err == nil && busy {
			continue
		}
		if now := s.clock.Now(); now.Sub(trimmed) >= trimEvery {
			trimmed = now
			s.trim(ctx, tenants)
		}
		if s.clock.Sleep(ctx, tick) != nil {
			return
		}
	}
}

// trim takes away what is left of imports that nobody will come back to.
func (s *Service) trim(ctx context.Context, tenants []store.Tenant) {
	now := s.clock.Now()
	for _, t := range tenants {
		for more := true; more && ctx.Err() == nil; {
			n, err := s.db.TrimImports(ctx, t.ID, now.Add(-keepUploads), now.Add(-keepStaged), mostTrimmed)
			if err != nil && ctx.Err() == nil {
				s.log.Error("trim imports", "tenant", t.ID, "error", err)
			}
			more = err == nil && n == mostTrimmed
		}
	}
}
