package importer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// A process dies between taking counts and noting it, at each part, forward and back: nothing counts twice, and nothing is left of what is undone or cancelled.
func TestCounts_crashes(t *testing.T) {
	t.Parallel()
	c := &leaping{}
	storetest.EachClock(t, c, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		var codes []string
		var file strings.Builder
		file.WriteString("code,counted\n")
		sum := int64(0)
		for i := range 1200 {
			codes = append(codes, fmt.Sprintf("S%04d", i))
			fmt.Fprintf(&file, "S%04d,%d\n", i, i%9)
			sum += int64(i % 9)
		}
		d := newDesk(t, db, codes...)
		open := func(name string) store.Stocktake {
			t.Helper()
			s, err := db.OpenStocktake(ctx, d.tenant, store.NewStocktake{Key: name, Name: name, Location: d.at, Picked: stock.OnShelf, Actor: "me"})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		counted := func(s store.Stocktake) (lines, units int64) {
			t.Helper()
			for after, more := "", true; more; {
				page, err := db.ListStocktakeLines(ctx, d.tenant, s, store.LineQuery{Sort: store.LinesByID, After: after, Limit: store.MostInBatch})
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range page.Lines {
					lines, units = lines+1, units+l.Count.Units
				}
				after, more = page.Next, page.Next != ""
			}
			return lines, units
		}
		check := func() store.Import {
			t.Helper()
			check, err := d.service.Begin(ctx, d.tenant, exchange.Count.Name, "counts.csv", "me", strings.NewReader(file.String()), importer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			job, err := check.Run(ctx)
			if err != nil || job.State != store.ImportChecked || job.Refused != 0 {
				t.Fatalf("%+v, %v", job, err)
			}
			return job
		}
		// dying does one part and loses what it would have noted.
		dying := func() {
			d.restart()
			ctx, cancel := context.WithCancel(ctx)
			d.service.AfterPosting(cancel)
			_, _ = d.service.Step(ctx, d.tenant)
			cancel()
			d.restart()
			c.leap(time.Minute)
		}
		to := func(job store.Import, state store.ImportState) store.Import {
			t.Helper()
			if err := db.MoveImport(ctx, d.tenant, job.ID, state, ""); err != nil {
				t.Fatal(err)
			}
			for n := 0; ; n++ {
				dying()
				if _, err := d.service.Step(ctx, d.tenant); err != nil {
					t.Fatal(err)
				}
				c.leap(time.Minute)
				job, err := db.LoadImport(ctx, d.tenant, job.ID)
				if err != nil || n > 20 {
					t.Fatalf("%+v, %v", job, err)
				}
				if !job.State.Busy() {
					return job
				}
			}
		}
		s := open("first")
		job := to(check(), store.ImportApplying)
		if lines, units := counted(s); job.State != store.ImportApplied || lines != 1200 || units != sum {
			t.Errorf("%d lines, %d units; %+v", lines, units, job)
		}
		job = to(job, store.ImportUndoing)
		if lines, _ := counted(s); job.State != store.ImportUndone || lines != 0 || job.Undone != 1200 || job.Kept != 0 {
			t.Errorf("%d lines; %+v", lines, job)
		}
		// Cancelled after a part that was taken and not noted.
		job = check()
		if err := db.MoveImport(ctx, d.tenant, job.ID, store.ImportApplying, ""); err != nil {
			t.Fatal(err)
		}
		dying()
		if lines, _ := counted(s); lines != 1000 {
			t.Errorf("%d lines after the first part", lines)
		}
		job = to(job, store.ImportCancelling)
		if lines, _ := counted(s); job.State != store.ImportCancelled || lines != 0 {
			t.Errorf("%d lines; %+v", lines, job)
		}
		// With a second one open, a file that names none is refused as a whole.
		open("second")
		again, err := d.service.Begin(ctx, d.tenant, exchange.Count.Name, "counts.csv", "me", strings.NewReader("code,counted\nS0001,3\n"), importer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if job, err = again.Run(ctx); err != nil || job.State != store.ImportRefused || !strings.Contains(strings.Join(d.problems(job), " "), "stocktake_unknown") {
			t.Errorf("%+v, %v, %v", job, d.problems(job), err)
		}
	})
}
