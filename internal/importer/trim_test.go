package importer_test

import (
	"strings"
	"testing"
	"time"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// What nobody comes back to goes, in parts; what an undo needs stays.
func TestTrim(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		d := newDesk(t, db, "A-1", "B-2")
		applied := d.take("stock", "SKUコード,在庫数\nA-1,3\nB-2,4\n")
		refused := d.take("stock", "SKUコード,在庫数\nZ-1,3\nZ-2,4\nZ-3,5\n")
		waiting := d.take("stock", "SKUコード,在庫数\nA-1,9\nZ-9,1\n") // checked, and not applied since a row is refused
		if refused.State != store.ImportRefused || waiting.State != store.ImportChecked {
			t.Fatalf("%s, %s", refused.State, waiting.State)
		}
		if _, err := db.AddUpload(ctx, d.tenant, store.Upload{Kind: "stock", FileName: "a.csv", Actor: "me"}, strings.NewReader("x,y\n1,2\n")); err != nil {
			t.Fatal(err)
		}
		trim := func(age time.Duration, limit int) (gone int) {
			t.Helper()
			at := time.Now().Add(-age)
			for {
				n, err := db.TrimImports(ctx, d.tenant, at, at, limit)
				if err != nil {
					t.Fatal(err)
				}
				gone += n
				if n < limit {
					return gone
				}
			}
		}
		if n := trim(time.Hour, 10); n != 0 {
			t.Errorf("%d rows of now are gone", n)
		}
		if n := trim(-time.Hour, 2); n < 8 { // an upload and its part, 3 findings and 3 refused rows, 1 of each, and a staged row
			t.Errorf("%d rows are gone", n)
		}
		if n := trim(-time.Hour, 10); n != 0 {
			t.Errorf("%d more", n)
		}
		for _, c := range []struct {
			job   store.Import
			state store.ImportState
			rows  int
		}{{applied, store.ImportApplied, 2}, {refused, store.ImportRefused, 0}, {waiting, store.ImportDiscarded, 0}} {
			job, err := db.LoadImport(ctx, d.tenant, c.job.ID)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := db.ListImportRows(ctx, d.tenant, c.job.ID, store.ImportAll, 0, 100)
			if err != nil || job.State != c.state || len(rows) != c.rows || job.Receipt == "" {
				t.Errorf("import %d is %s with %d rows, %v", job.ID, job.State, len(rows), err)
			}
		}
		if undone := d.move(applied, store.ImportUndoing); undone.State != store.ImportUndone || undone.Undone != 2 {
			t.Errorf("undone: %+v", undone)
		}
	})
}
