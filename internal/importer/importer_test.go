package importer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"soroi/internal/clock"
	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// desk is a merchant with SKUs and somebody who imports.
type desk struct {
	t       *testing.T
	db      *store.DB
	tenant  stock.TenantID
	at      stock.LocationID
	skus    map[string]stock.SKUID
	service *importer.Service
}

func newDesk(t *testing.T, db *store.DB, codes ...string) *desk {
	t.Helper()
	d := &desk{t: t, db: db}
	d.tenant, d.at = storetest.Tenant(t, db, "desk")
	var rows []store.NewSKU
	for _, c := range codes {
		rows = append(rows, store.NewSKU{Code: c, Name: "品 " + c})
	}
	var err error
	if d.skus, err = db.AddSKUs(context.Background(), d.tenant, rows); err != nil {
		t.Fatal(err)
	}
	d.restart()
	return d
}

// restart is another process.
func (d *desk) restart() {
	d.service = importer.New(d.db, clock.System{}, slog.New(slog.NewTextHandler(io.Discard, nil)), nil)
}

func (d *desk) set(code string, mode stock.Mode, units int64) {
	d.t.Helper()
	_, err := d.db.ChangeStock(context.Background(), d.tenant, store.ChangeRequest{Cause: stock.ByHand, Kind: stock.Adjustment, Document: "by hand",
		Rows: []stock.Change{{SKU: d.skus[code], Location: d.at, Mode: mode, Units: units, AllowNegative: true}}})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) onHand(code string) int64 {
	d.t.Helper()
	s, err := d.db.LoadSKU(context.Background(), d.tenant, code)
	if err != nil {
		d.t.Fatal(err)
	}
	return s.Balance.OnHand
}

// leaping is a clock that can be put forward.
type leaping struct {
	clock.System
	ahead atomic.Int64
}

func (c *leaping) Now() time.Time        { return c.System.Now().Add(time.Duration(c.ahead.Load())) }
func (c *leaping) leap(by time.Duration) { c.ahead.Add(int64(by)) }

func (d *desk) check(file string, o importer.Options) store.Import {
	d.t.Helper()
	c, err := d.service.Begin(context.Background(), d.tenant, "stock", "zaiko.csv", "me", strings.NewReader(file), o)
	if err != nil {
		d.t.Fatal(err)
	}
	job, err := c.Run(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	return job
}

func (d *desk) move(job store.Import, to store.ImportState) store.Import {
	d.t.Helper()
	if err := d.db.MoveImport(context.Background(), d.tenant, job.ID, to, ""); err != nil {
		d.t.Fatal(err)
	}
	job, err := d.service.Finish(context.Background(), d.tenant, job.ID, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return job
}

func (d *desk) problems(job store.Import) []string {
	d.t.Helper()
	list, err := d.db.ListImportFindings(context.Background(), d.tenant, job.ID, 0, 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	var said []string
	for _, f := range list {
		var p exchange.Problem
		if err := json.Unmarshal([]byte(f.Problem), &p); err != nil {
			d.t.Fatal(err)
		}
		said = append(said, fmt.Sprintf("%d %s", f.Line, p.Code))
	}
	return said
}

func (d *desk) verify() {
	d.t.Helper()
	found, err := d.db.Verify(context.Background(), d.tenant, nil)
	if err != nil || !found.OK() {
		d.t.Errorf("the books do not hold: %+v, %v", found, err)
	}
}

func TestStock(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := newDesk(t, db, "A-1", "a-1", "B-2", "00123", "C-3")
		d.set("B-2", stock.Set, 5)
		job := d.check("SKUコード,在庫数,方法,理由,色\r\nA-1,１０,上書き,棚卸,赤\r\na-1,3,,,\r\nB-2,2,減算,,\r\nB-2,1,減算,,\r\n123,4,,,\r\nZ-9,1,,,\r\nB-2,9,減算,,\r\nC-3,-1,,,\r\nA-1,11,,,\r\n", importer.Options{})
		if job.State != store.ImportChecked || job.Staged != 4 || job.Refused != 5 || job.Changing != 4 || job.UnitsBefore != 5 || job.UnitsAfter != 15 {
			t.Fatalf("checked: %+v", job)
		}
		if got := strings.Join(d.problems(job), ", "); got != "9 negative_number, 6 code_eaten_zeros, 7 code_unknown, 8 negative_result, 10 code_repeated" {
			t.Errorf("findings: %s", got)
		}
		var receipt exchange.Receipt
		if err := json.Unmarshal([]byte(job.Receipt), &receipt); err != nil || receipt.Rows.Read != 9 || receipt.Rows.Used != 4 || receipt.Rows.Refused != 5 || len(receipt.Columns) != 5 {
			t.Errorf("receipt: %+v, %v", receipt.Rows, err)
		}
		if d.onHand("A-1") != 0 || d.onHand("B-2") != 5 {
			t.Error("checking has changed something")
		}
		rows, err := db.ListImportRows(context.Background(), d.tenant, job.ID, store.ImportDown, 0, 10)
		if err != nil || len(rows) != 2 || rows[1].Before != 3 || rows[1].After != 2 {
			t.Errorf("what falls: %+v, %v", rows, err)
		}

		job = d.move(job, store.ImportApplying)
		if job.State != store.ImportApplied || job.Applied != 4 || d.onHand("A-1") != 10 || d.onHand("a-1") != 3 || d.onHand("B-2") != 2 || d.onHand("00123") != 0 {
			t.Errorf("applied: %+v, %d %d %d", job, d.onHand("A-1"), d.onHand("a-1"), d.onHand("B-2"))
		}
		if err := db.MoveImport(context.Background(), d.tenant, job.ID, store.ImportApplying, ""); !errors.Is(err, store.ErrImportState) {
			t.Errorf("applied twice: %v", err)
		}
		again, err := db.FindApplied(context.Background(), d.tenant, "stock", job.Digest, 0)
		if err != nil || len(again) != 1 {
			t.Errorf("the same file again: %+v, %v", again, err)
		}
		d.verify()

		d.set("A-1", stock.Add, 7) // somebody has counted since
		job = d.move(job, store.ImportUndoing)
		if job.State != store.ImportUndone || job.Undone != 3 || job.Kept != 1 || d.onHand("A-1") != 17 || d.onHand("a-1") != 0 || d.onHand("B-2") != 5 {
			t.Errorf("undone: %+v, %d %d %d", job, d.onHand("A-1"), d.onHand("a-1"), d.onHand("B-2"))
		}
		d.verify()
	})
}

// What can no longer be applied turns the whole file back, whatever part it is in.
func TestStock_turns_back(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var codes []string
		var file strings.Builder
		file.WriteString("code,units\n")
		for i := range 2500 {
			codes = append(codes, fmt.Sprintf("S%04d", i))
			fmt.Fprintf(&file, "S%04d,1\n", i)
		}
		d := newDesk(t, db, codes...)
		d.set("S2400", stock.Set, 1)
		job := d.check(file.String(), importer.Options{Mode: stock.Subtract})
		if job.Staged != 1 || job.Refused != 2499 || job.State != store.ImportChecked {
			t.Fatalf("checked: %+v", job)
		}
		d.set("S0000", stock.Set, 1)
		job = d.check(file.String(), importer.Options{Mode: stock.Add})
		if job.Staged != 2500 {
			t.Fatalf("checked: %+v", job)
		}
		if err := db.MoveImport(context.Background(), d.tenant, job.ID, store.ImportApplying, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := d.service.Step(context.Background(), d.tenant); err != nil { // the first part
			t.Fatal(err)
		}
		job = d.move(job, store.ImportCancelling)
		if job.State != store.ImportCancelled || job.Applied != 1000 || job.Undone != 1000 {
			t.Errorf("cancelled in the middle: %+v", job)
		}
		for i, c := range []string{"S0000", "S0999", "S1000", "S2400"} {
			if want := []int64{1, 0, 0, 1}[i]; d.onHand(c) != want {
				t.Errorf("%s has %d, want %d", c, d.onHand(c), want)
			}
		}
		d.verify()

		job = d.check(file.String(), importer.Options{Mode: stock.Add})
		d.move(job, store.ImportApplying)
		job = d.check(file.String(), importer.Options{Mode: stock.Subtract})
		if job.Staged != 2500 {
			t.Fatalf("checked: %+v", job)
		}
		d.set("S2400", stock.Set, 0)
		job = d.move(job, store.ImportApplying)
		if job.State != store.ImportCancelled || !strings.Contains(job.Failure, "line 2402") || d.onHand("S0000") != 2 || d.onHand("S1500") != 1 {
			t.Errorf("refused in the third part: %+v, %d %d", job, d.onHand("S0000"), d.onHand("S1500"))
		}
		d.verify()
	})
}

// Processes die between any two steps: the import ends as if none had, and undoing restores every balance.
func TestStock_crashes(t *testing.T) {
	t.Parallel()
	c := &leaping{}
	storetest.EachClock(t, c, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		var codes []string
		for i := range 1200 {
			codes = append(codes, fmt.Sprintf("S%04d", i))
		}
		d := newDesk(t, db, codes...)
		random := rand.New(rand.NewPCG(7, 7))
		var file strings.Builder
		file.WriteString("code,units\n")
		before := make(map[string]int64)
		for _, c := range codes {
			before[c] = random.Int64N(20)
			fmt.Fprintf(&file, "%s,%d\n", c, random.Int64N(20))
		}
		restore := "code,units\n"
		for _, c := range codes {
			restore += fmt.Sprintf("%s,%d\n", c, before[c])
		}
		d.move(d.check(restore, importer.Options{}), store.ImportApplying)

		job := d.check(file.String(), importer.Options{})
		for _, to := range []store.ImportState{store.ImportApplying, store.ImportUndoing} {
			if err := db.MoveImport(ctx, d.tenant, job.ID, to, ""); err != nil {
				t.Fatal(err)
			}
			for n := 0; ; n++ {
				// The process dies after posting and before recording: the next one finds the import held by nobody.
				d.restart()
				dying, cancel := context.WithCancel(ctx)
				d.service.AfterPosting(cancel)
				_, _ = d.service.Step(dying, d.tenant)
				cancel()
				d.restart()
				if more, err := d.service.Step(ctx, d.tenant); more || err != nil {
					t.Fatalf("an import that somebody holds was taken: %v, %v", more, err)
				}
				c.leap(time.Minute)
				if _, err := d.service.Step(ctx, d.tenant); err != nil {
					t.Fatal(err)
				}
				c.leap(time.Minute)
				var err error
				if job, err = db.LoadImport(ctx, d.tenant, job.ID); err != nil {
					t.Fatal(err)
				}
				if !job.State.Busy() {
					break
				}
				if n > 20 {
					t.Fatalf("does not end: %+v", job)
				}
			}
		}
		if job.State != store.ImportUndone || job.Kept != 0 || job.Applied != 1200 || job.Undone != 1200 {
			t.Errorf("ended as %+v", job)
		}
		for _, c := range codes {
			if d.onHand(c) != before[c] {
				t.Fatalf("%s has %d, it had %d", c, d.onHand(c), before[c])
			}
		}
		d.verify()
	})
}
