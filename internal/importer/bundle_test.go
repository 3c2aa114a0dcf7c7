package importer_test

import (
	"strings"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestSettings_bundles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := newDesk(t, db, "CUP", "BOX", "GIFT", "PAIR", "OLD")
		d.take("stock", "SKUコード,在庫数\nCUP,10\nBOX,7\nOLD,1\n")
		sells := func(code string) stock.Quantity {
			t.Helper()
			s, err := db.LoadSKU(t.Context(), d.tenant, code)
			if err != nil {
				t.Fatal(err)
			}
			return s.Sellable()
		}
		job := d.take("bundle", "セット商品コード,構成\nGIFT,CUP×2 + BOX×1\nPAIR,\"GIFT×2\nCUP\"\n")
		if job.State != store.ImportApplied || d.changes(job) != "GIFT: – → BOX×1 + CUP×2, PAIR: – → CUP×1 + GIFT×2" {
			t.Fatalf("%+v, %s, %v", job, d.changes(job), d.problems(job))
		}
		if sells("GIFT") != stock.Units(5) || sells("PAIR") != stock.Units(2) {
			t.Errorf("gift %v, pair %v", sells("GIFT"), sells("PAIR"))
		}
		wrong := d.take("bundle", "セット商品コード,構成\nCUP,PAIR×1\nOLD,CUP×1\nBOX,CUP×1 + CUP×2\nBOX,NONE-1×1\nZ-9,CUP×1\nBOX,CUP×0\n")
		if got := strings.Join(d.problems(wrong), ", "); wrong.Staged != 0 || got != "7 bad_part, 2 bundle_on_hand, 3 bundle_on_hand, 4 part_twice, 5 code_unknown, 6 code_unknown" {
			t.Errorf("%+v, %s", wrong, got)
		}
		d.take("stock", "SKUコード,在庫数\nCUP,0\n")
		round := d.take("bundle", "セット商品コード,構成\nCUP,PAIR×1\n")
		if got := strings.Join(d.problems(round), ", "); got != "2 part_cycle" {
			t.Errorf("%+v, %s", round, got)
		}
		onShelf := d.take("stock", "SKUコード,在庫数\nGIFT,3\n")
		if got := strings.Join(d.problems(onShelf), ", "); got != "2 stock_of_bundle" {
			t.Errorf("%+v, %s", onShelf, got)
		}

		// What somebody has changed since stays when the import is undone.
		d.take("bundle", "セット商品コード,構成\nGIFT,BOX×1\n")
		job = d.move(job, store.ImportUndoing)
		if job.State != store.ImportUndone || job.Undone != 1 || job.Kept != 1 || sells("GIFT") != stock.Units(7) || sells("PAIR") != stock.Units(0) {
			t.Errorf("undone: %+v, gift %v, pair %v", job, sells("GIFT"), sells("PAIR"))
		}
	})
}
