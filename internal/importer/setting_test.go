package importer_test

import (
	"context"
	"strings"
	"testing"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/importer"
	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// take checks a file of a kind, and applies it when nothing was refused.
func (d *desk) take(kind, file string) store.Import {
	d.t.Helper()
	c, err := d.service.Begin(context.Background(), d.tenant, kind, kind+".csv", "me", strings.NewReader(file), importer.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	job, err := c.Run(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	if job.State != store.ImportChecked || job.Refused > 0 {
		return job
	}
	return d.move(job, store.ImportApplying)
}

func (d *desk) terms(code string) stock.InForce {
	d.t.Helper()
	s, err := d.db.LoadSKU(context.Background(), d.tenant, code)
	if err != nil {
		d.t.Fatal(err)
	}
	return s.Terms
}

// changes are what the rows of an import would change, in words.
func (d *desk) changes(job store.Import) string {
	d.t.Helper()
	rows, err := d.db.ListImportRows(context.Background(), d.tenant, job.ID, store.ImportAll, 0, 100)
	if err != nil {
		d.t.Fatal(err)
	}
	var said []string
	for _, r := range rows {
		said = append(said, r.Label+": "+r.Change)
	}
	return strings.Join(said, ", ")
}

func TestSettings_terms(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := newDesk(t, db, "A-1", "B-2", "C-3")
		job := d.take("secured", "商品コード,SKUコード,確保在庫,理由\n,A-1,3,返品用\n,B-2,10%,\nC-3,,2,\n")
		if job.State != store.ImportApplied || d.changes(job) != "A-1: – → 3, B-2: – → 10%, C-3: – → 2" {
			t.Fatalf("%+v, %s, %v", job, d.changes(job), d.problems(job))
		}
		if a, b, c := d.terms("A-1").Secured, d.terms("B-2").Secured, d.terms("C-3"); a.N != 3 || a.Reason != "返品用" || b.As != stock.InPercent || c.Secured.N != 2 || !c.SecuredByProduct {
			t.Errorf("secured: %+v %+v %+v", a, b, c)
		}
		wrong := d.take("secured", "商品コード,SKUコード,確保在庫\n,A-1,4\n,A-1,5\n,Z-9,1\nP-9,,1\n,B-2,101%\n")
		if wrong.State != store.ImportChecked || wrong.Staged != 1 || strings.Join(d.problems(wrong), ", ") != "6 bad_percent, 3 code_repeated, 4 code_unknown, 5 product_unknown" {
			t.Errorf("%+v, %v", wrong, d.problems(wrong))
		}
		point := d.take("reorder", "商品コード,SKUコード,発注点\n,A-1,12\n,B-2,0\n")
		if p := d.terms("A-1").Reorder; point.State != store.ImportApplied || !p.Set || p.Units != 12 {
			t.Errorf("%+v, %+v", point, p)
		}

		// What somebody has changed since stays when the import is undone.
		d.take("secured", "商品コード,SKUコード,確保在庫\n,B-2,7\n")
		job = d.move(job, store.ImportUndoing)
		if job.State != store.ImportUndone || job.Undone != 2 || job.Kept != 1 || d.terms("A-1").Secured.N != 0 || d.terms("B-2").Secured.N != 7 || d.terms("C-3").Secured.N != 0 {
			t.Errorf("undone: %+v", job)
		}
	})
}

func TestSettings_patterns_and_links(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		d := newDesk(t, db, "A-1", "B-2")
		shop, err := db.AddShop(ctx, d.tenant, "rakuten", "楽天本店", nil)
		if err != nil {
			t.Fatal(err)
		}
		id, err := db.SavePattern(ctx, d.tenant, store.PatternChange{Pattern: allocation.Pattern{Name: "均等", Rules: allocation.Everywhere.Rules}})
		if err != nil {
			t.Fatal(err)
		}
		of := func(code string) store.SKU {
			t.Helper()
			s, err := db.LoadSKU(ctx, d.tenant, code)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		assigned := d.take("assignment", "SKUコード,配分パターン\nA-1,均等\nB-2,既定\n")
		if assigned.State != store.ImportApplied || of("A-1").Allotment.ID != id || of("B-2").Allotment.Assigned || d.changes(assigned) != "A-1: – → 均等, B-2: " {
			t.Errorf("assigned: %+v, %s, %v", assigned, d.changes(assigned), d.problems(assigned))
		}
		whole := d.take("assignment", "商品コード,SKUコード,配分パターン\nB-2,,均等\n")
		if whole.State != store.ImportApplied || of("B-2").Allotment.ID != id {
			t.Errorf("a whole product: %+v, %v", whole, d.problems(whole))
		}
		d.move(whole, store.ImportUndoing)
		both := d.take("assignment", "商品コード,SKUコード,配分パターン\nB-2,,均等\n,B-2,既定\n,A-1,均等\n")
		if strings.Join(d.problems(both), ", ") != "3 code_repeated" || both.Staged != 2 {
			t.Errorf("one SKU by its product and by itself: %+v, %v", both, d.problems(both))
		}
		if wrong := d.take("assignment", "SKUコード,配分パターン\nA-1,ない\n"); strings.Join(d.problems(wrong), ", ") != "2 pattern_unknown" {
			t.Errorf("%+v, %v", wrong, d.problems(wrong))
		}
		except := d.take("exception", "店舗,SKUコード,上限\n楽天本店,A-1,5\n楽天本店,B-2,停止\n")
		if m := of("A-1").Allotment.Most(shop.ID); except.State != store.ImportApplied || m == nil || *m != 5 || *of("B-2").Allotment.Most(shop.ID) != 0 {
			t.Errorf("exceptions: %+v, %v", except, d.problems(except))
		}
		lease, _, err := db.AcquireLease(ctx, d.tenant, shop.ID, "test", 1e12)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.TakeListings(ctx, d.tenant, lease, []channel.Listing{{Ref: "x-1", Codes: []match.Code{{Text: "nobody"}}}}); err != nil {
			t.Fatal(err)
		}
		links := d.take("link", "店舗,出品,SKUコード\n楽天本店,x-1,B-2\n")
		if links.State != store.ImportApplied || len(of("B-2").Listings) != 1 || d.changes(links) != "楽天本店 x-1: – → B-2" {
			t.Errorf("links: %+v, %v", links, d.problems(links))
		}
		if wrong := d.take("link", "店舗,出品,SKUコード\n楽天本店,x-2,B-2\nない店,x-1,B-2\n"); strings.Join(d.problems(wrong), ", ") != "3 shop_unknown, 2 listing_unknown" && strings.Join(d.problems(wrong), ", ") != "2 listing_unknown, 3 shop_unknown" {
			t.Errorf("%+v, %v", wrong, d.problems(wrong))
		}
		for _, job := range []store.Import{assigned, except, links} {
			if job = d.move(job, store.ImportUndoing); job.State != store.ImportUndone || job.Kept != 0 {
				t.Errorf("undone: %+v", job)
			}
		}
		if a, b := of("A-1"), of("B-2"); a.Allotment.Assigned || a.Allotment.Exceptions != nil || b.Allotment.Exceptions != nil || len(b.Listings) != 0 {
			t.Errorf("not as before: %+v %+v", a.Allotment, b.Listings)
		}
		d.verify()
	})
}

func TestSettings_products(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		d := newDesk(t, db, "OLD-1")
		file := "商品コード,商品名,SKUコード,属性1名,属性1,属性2名,属性2,JANコード,販売方法,受注枠\n" +
			"TS,Tシャツ,TS-R-M,カラー,赤,サイズ,M,4901234567894,,\nTS,Tシャツ,TS-R-L,カラー,赤,サイズ,L,,,\nOLD-1,,OLD-1,,,,,,受注生産,30\n"
		job := d.take("product", file)
		if job.State != store.ImportApplied || job.Changing != 3 {
			t.Fatalf("%+v, %v", job, d.problems(job))
		}
		m, err := db.LoadSKU(ctx, d.tenant, "TS-R-M")
		if err != nil || m.Product != "TS" || m.Options != [3]string{"赤", "M", ""} {
			t.Errorf("%+v, %v", m.StockRow, err)
		}
		if found, err := db.ResolveCodes(ctx, d.tenant, []string{"4901234567894"}); err != nil || found["4901234567894"].Code != "TS-R-M" {
			t.Errorf("by JAN: %+v, %v", found, err)
		}
		if old := d.terms("OLD-1"); old.Supply != stock.MadeToOrder || old.Figure != 30 {
			t.Errorf("supply: %+v", old)
		}
		if again := d.take("product", file); again.State != store.ImportApplied || again.Changing != 0 {
			t.Errorf("the same file again: %+v, %v", again, d.problems(again))
		}
		// What the file does not say stays.
		if part := d.take("product", "SKUコード,属性2\nTS-R-L,LL\n"); part.State != store.ImportApplied {
			t.Errorf("a part: %+v, %v", part, d.problems(part))
		}
		if l, err := db.LoadSKU(ctx, d.tenant, "TS-R-L"); err != nil || l.Options != [3]string{"赤", "LL", ""} || l.Product != "TS" {
			t.Errorf("%+v, %v", l.StockRow, err)
		}
		wrong := d.take("product", "商品コード,商品名,SKUコード,JANコード\nTS,シャツ,TS-1,123\nTS,スカート,TS-2,\nTS,シャツ,TS-R-M,\nTS,シャツ,TS-R-M,\n")
		if got := strings.Join(d.problems(wrong), ", "); got != "5 code_repeated, 2 catalog_rule, 3 catalog_rule" && got != "2 catalog_rule, 3 catalog_rule, 5 code_repeated" {
			t.Errorf("%+v, %s", wrong.State, got)
		}

		job = d.move(job, store.ImportUndoing)
		if job.State != store.ImportUndone || job.Undone != 2 || job.Kept != 1 { // TS-R-L has been changed since
			t.Errorf("undone: %+v", job)
		}
		if _, err := db.LoadSKU(ctx, d.tenant, "TS-R-M"); err == nil {
			t.Error("what was added is still there")
		}
		if old := d.terms("OLD-1"); old.Supply != stock.Stocked {
			t.Errorf("supply after undoing: %+v", old)
		}
	})
}
