package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// edit makes an edit of the catalogue.
func (b *books) edit(e store.CatalogEdit) store.CatalogAnswer {
	b.t.Helper()
	answer, err := b.db.EditCatalog(context.Background(), b.tenant, e)
	b.must(err)
	return answer
}

// made is edit where no row may be refused.
func (b *books) made(e store.CatalogEdit) store.CatalogAnswer {
	b.t.Helper()
	answer := b.edit(e)
	if err := answer.Refused(); err != nil || !answer.Applied {
		b.t.Fatalf("refused: %v", err)
	}
	return answer
}

// entry tells of a SKU in one line, as it is in the books: product/code name (values) codes.
func (b *books) entry(code string) string {
	b.t.Helper()
	answer := b.edit(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: code, Must: store.MustExist}}, Dry: true})
	if answer.Refused() != nil {
		return answer.Refused().Error()
	}
	return entryText(*answer.SKUs[0].After)
}

func entryText(e store.SKUEntry) string {
	text := e.Product + "/" + e.Code + " " + e.Name + " (" + strings.Trim(strings.Join(e.Options[:], ","), ",") + ")"
	for _, c := range e.Codes {
		text += " " + string(c.Kind) + ":" + c.Code
	}
	if !e.ArchivedAt.IsZero() {
		text += " archived"
	}
	return text
}

// product tells of a product in one line.
func (b *books) product(code string) string {
	b.t.Helper()
	answer := b.edit(store.CatalogEdit{Products: []store.ProductEdit{{Code: code, Must: store.MustExist}}, Dry: true})
	if answer.Refused() != nil {
		return answer.Refused().Error()
	}
	p := *answer.Products[0].After
	text := p.Code + " " + p.Name + " (" + strings.Trim(strings.Join(p.Options[:], ","), ",") + ")"
	if !p.ArchivedAt.IsZero() {
		text += " archived"
	}
	return text
}

func (b *books) wants(got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%q, want %q", got, want)
	}
}

var colourAndSize = stock.OptionNames{"カラー", "サイズ"}

// shirt is a product of two colours and two sizes.
func shirt() store.CatalogEdit {
	e := store.CatalogEdit{Products: []store.ProductEdit{{Code: "KZ", Must: store.MustBeNew, Name: new("長袖Tシャツ"), Options: &colourAndSize}}}
	for _, o := range []stock.Options{{"紺", "M"}, {"紺", "L"}, {"白", "M"}, {"白", "L"}} {
		e.SKUs = append(e.SKUs, store.SKUEdit{Code: "KZ-" + o[0] + "-" + o[1], Must: store.MustBeNew, Product: new("KZ"), Options: &o})
	}
	return e
}

func TestEditCatalog_adds_and_changes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		other := newBooks(t, db, "b")
		other.made(shirt())
		b.plan()

		dry := shirt()
		dry.Dry = true
		if answer := b.made(dry); answer.SKUs[3].After.Name != "長袖Tシャツ 白 L" || !answer.SKUs[3].Changed() {
			t.Errorf("the dry run tells of %+v", answer.SKUs[3].After)
		}
		b.wants(b.product("KZ"), `code "KZ" is no product's`)

		answer := b.made(shirt())
		if r := answer.SKUs[0]; r.Before != nil || r.After.ID != b.id("KZ-紺-M") || r.After.ProductID != answer.Products[0].After.ID || r.After.ProductID == 0 {
			t.Errorf("added %+v", r.After)
		}
		b.wants(b.product("KZ"), "KZ 長袖Tシャツ (カラー,サイズ)")
		b.wants(b.entry("KZ-紺-M"), "KZ/KZ-紺-M 長袖Tシャツ 紺 M (紺,M)")
		if totals, err := db.Totals(context.Background(), b.tenant); err != nil || totals.Unplanned != 4 {
			t.Errorf("%d SKUs are marked for planning, %v", totals.Unplanned, err)
		}
		b.plan()

		// A name of its own stays when the product is renamed; the others follow. So do codes and options, each for itself.
		b.made(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: "KZ-紺-L", Name: new("特別なシャツ")},
			{Code: "KZ-白-M", NewCode: new("kz-白-M"), Codes: &[]stock.SKUCode{{Code: "4901234567894", Kind: stock.JAN}, {Code: "kz-白-M", Kind: stock.OtherCode}, {Code: "OLD", Kind: stock.OtherCode},
				{Code: "OLD", Kind: stock.OtherCode}}}}})
		b.made(store.CatalogEdit{Products: []store.ProductEdit{{Code: "KZ", NewCode: new("KZ2"), Name: new("長袖シャツ")}}})
		b.wants(b.entry("KZ-紺-M"), "KZ2/KZ-紺-M 長袖シャツ 紺 M (紺,M)")
		b.wants(b.entry("KZ-紺-L"), "KZ2/KZ-紺-L 特別なシャツ (紺,L)")
		b.wants(b.entry("kz-白-M"), "KZ2/kz-白-M 長袖シャツ 白 M (白,M) jan:4901234567894 other:OLD")
		b.made(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: "KZ-紺-L", Name: new("")}, {Code: "KZ-紺-M", Options: &stock.Options{"濃紺", "M"}},
			{Code: "kz-白-M", Codes: &[]stock.SKUCode{{Code: "4901234567894", Kind: stock.OtherCode}}}}})
		b.wants(b.entry("KZ-紺-L"), "KZ2/KZ-紺-L 長袖シャツ 紺 L (紺,L)")
		b.wants(b.entry("KZ-紺-M"), "KZ2/KZ-紺-M 長袖シャツ 濃紺 M (濃紺,M)")
		b.wants(b.entry("kz-白-M"), "KZ2/kz-白-M 長袖シャツ 白 M (白,M) other:4901234567894")
		if found := b.resolved("4901234567894", "KZ-白-M", "ｋｚ－紺－ｌ"); !slices.Equal(found, []string{"other kz-白-M via 4901234567894", "folded kz-白-M", "folded KZ-紺-L"}) {
			t.Errorf("the codes resolve to %q", found)
		}
		if n := len(b.stock(store.StockQuery{Text: "長袖シャツ"}).Rows); n != 4 {
			t.Errorf("the new name finds %d SKUs", n)
		}

		// Nothing of this has touched what is sold, or the other tenant.
		if totals, err := db.Totals(context.Background(), b.tenant); err != nil || totals.Unplanned != 0 {
			t.Errorf("%d SKUs are marked for planning, %v", totals.Unplanned, err)
		}
		other.wants(other.entry("KZ-白-M"), "KZ/KZ-白-M 長袖Tシャツ 白 M (白,M)")
	})
}

func TestEditCatalog_moves_between_products(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.skus("A-1 靴 25", "A-2 靴 26")
		b.plan()
		b.wants(b.product("A-1"), "A-1 靴 25 ()")
		answer := b.made(store.CatalogEdit{Products: []store.ProductEdit{{Code: "A", Name: new("靴"), Options: &stock.OptionNames{"サイズ"}}},
			SKUs: []store.SKUEdit{{Code: "A-1", Product: new("A"), Options: &stock.Options{"25"}}, {Code: "A-2", Product: new("A"), Options: &stock.Options{"26"}},
				{Code: "A-3", Product: new("A"), Options: &stock.Options{"27"}}, {Code: "B-1", Name: new("靴下")}, {Code: "C-1", Product: new("C"), Name: new("紐")}}})
		b.wants(b.entry("A-1"), "A/A-1 靴 25 (25)")
		b.wants(b.entry("A-3"), "A/A-3 靴 27 (27)")
		b.wants(b.entry("B-1"), "B-1/B-1 靴下 ()")
		b.wants(b.product("C"), "C 紐 ()")
		b.wants(b.product("A-1"), `code "A-1" is no product's`) // it had been made for the SKU alone
		if totals, err := db.Totals(context.Background(), b.tenant); err != nil || totals.Unplanned != 5 {
			t.Errorf("%d SKUs are marked for planning, %v", totals.Unplanned, err)
		}

		// Every edit can be taken back.
		undo := store.CatalogEdit{}
		var added []string
		for _, r := range answer.SKUs {
			if e, ok := r.Undo(); ok {
				undo.SKUs = append(undo.SKUs, e)
			} else if r.Before == nil {
				added = append(added, r.After.Code)
			}
		}
		b.made(undo)
		removed, err := db.DeleteUnused(context.Background(), b.tenant, added)
		b.must(err)
		if !slices.Equal(removed, []string{"A-3", "B-1", "C-1"}) {
			t.Errorf("removed %q", removed)
		}
		b.wants(b.entry("A-1"), "A-1/A-1 靴 25 ()")
		b.wants(b.entry("A-3"), `code "A-3" is no SKU's`)
		b.wants(b.product("A"), `code "A" is no product's`)
		b.wants(b.product("C"), `code "C" is no product's`)
	})
}

func TestEditCatalog_refuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("あ", stock.LongestName+1)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.made(shirt())
		b.skus("X 他の品")
		product := func(e store.ProductEdit) store.CatalogEdit {
			return store.CatalogEdit{Products: []store.ProductEdit{e}}
		}
		sku := func(list ...store.SKUEdit) store.CatalogEdit { return store.CatalogEdit{SKUs: list} }
		for _, tt := range []struct {
			name  string
			edit  store.CatalogEdit
			wrong string // field and code
		}{
			{"a product that must be there", product(store.ProductEdit{Code: "Z", Must: store.MustExist}), "code unknown"},
			{"a product that must not be there", product(store.ProductEdit{Code: "KZ", Must: store.MustBeNew, Name: new("a")}), "code exists"},
			{"a product without a code", product(store.ProductEdit{Name: new("a")}), "code missing"},
			{"a new product without a name", product(store.ProductEdit{Code: "Z"}), "name missing"},
			{"a product's name taken away", product(store.ProductEdit{Code: "KZ", Name: new("")}), "name missing"},
			{"a long name", product(store.ProductEdit{Code: "KZ", Name: &long}), "name long"},
			{"another product's code", product(store.ProductEdit{Code: "KZ", NewCode: new("X")}), "code taken"},
			{"a new code with a space", product(store.ProductEdit{Code: "KZ", NewCode: new("K ")}), "code space"},
			{"an option that has values", product(store.ProductEdit{Code: "KZ", Options: &stock.OptionNames{"カラー"}}), "option2_name in_use"},
			{"an option with a gap", product(store.ProductEdit{Code: "KZ", Options: &stock.OptionNames{"カラー", "", "柄"}}), "option3_name gap"},
			{"one product in two ways", store.CatalogEdit{Products: []store.ProductEdit{{Code: "KZ", Name: new("a")}, {Code: "KZ", Name: new("b")}}}, "code twice"},
			{"a SKU that must be there", sku(store.SKUEdit{Code: "kz-紺-M", Must: store.MustExist}), "code unknown"},
			{"a SKU that must not be there", sku(store.SKUEdit{Code: "X", Must: store.MustBeNew}), "code exists"},
			{"another SKU's code", sku(store.SKUEdit{Code: "X", NewCode: new("KZ-紺-M")}), "code taken"},
			{"a code that another row of the request takes", sku(store.SKUEdit{Code: "N", Name: new("a")}, store.SKUEdit{Code: "X", NewCode: new("N")}), "code taken"},
			{"a SKU twice", sku(store.SKUEdit{Code: "X", Name: new("a")}, store.SKUEdit{Code: "X", Name: new("a")}), "code twice"},
			{"values that are taken", sku(store.SKUEdit{Code: "N", Product: new("KZ"), Options: &stock.Options{"紺", "M"}}), "option1 same_options"},
			{"values that another row takes", sku(store.SKUEdit{Code: "KZ-紺-M", Options: &stock.Options{"紺", "S"}}, store.SKUEdit{Code: "KZ-紺-L", Options: &stock.Options{"紺", "S"}}), "option1 same_options"},
			{"a value of no option", sku(store.SKUEdit{Code: "X", Options: &stock.Options{"赤"}}), "option1 no_option"},
			{"a wrong JAN", sku(store.SKUEdit{Code: "X", Codes: &[]stock.SKUCode{{Code: "4901234567890", Kind: stock.JAN}}}), "codes jan_check"},
			{"too many codes", sku(store.SKUEdit{Code: "X", Codes: manyCodes()}), "codes many"},
			{"a SKU of a product that was refused", store.CatalogEdit{Products: []store.ProductEdit{{Code: "Z"}}, SKUs: []store.SKUEdit{{Code: "Z-1", Product: new("Z")}}, Partial: true}, "name missing"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				keep := tt.edit
				keep.SKUs = append(slices.Clip(tt.edit.SKUs), store.SKUEdit{Code: "KEPT-BACK", Name: new("a")})
				answer := b.edit(keep)
				var wrong *stock.CatalogError
				if !errors.As(answer.Refused(), &wrong) || wrong.Field+" "+wrong.Code != tt.wrong {
					t.Errorf("%v, want %s", answer.Refused(), tt.wrong)
				}
				for _, code := range []string{wrong.Code} {
					if !slices.Contains(stock.CatalogCodes(), code) {
						t.Errorf("the code %s is not among stock.CatalogCodes", code)
					}
				}
				if answer.Applied != tt.edit.Partial {
					t.Error("applied")
				}
				if got := b.entry("KEPT-BACK"); strings.HasPrefix(got, "KEPT") != tt.edit.Partial {
					t.Errorf("the row beside the refused one: %s", got)
				}
			})
		}
		// What was refused has changed nothing, and values are free again once they are changed within the same request.
		b.wants(b.entry("KZ-紺-M"), "KZ/KZ-紺-M 長袖Tシャツ 紺 M (紺,M)")
		b.wants(b.entry("X"), "X/X 他の品 ()")
		b.made(sku(store.SKUEdit{Code: "KZ-紺-M", Options: &stock.Options{"紺", "S"}}, store.SKUEdit{Code: "KZ-紺-L", Options: &stock.Options{"紺", "M"}}))
		b.wants(b.entry("KZ-紺-L"), "KZ/KZ-紺-L 長袖Tシャツ 紺 M (紺,M)")
		// Goods that came from a file without values share a product.
		b.made(sku(store.SKUEdit{Code: "N-1", Product: new("KZ")}, store.SKUEdit{Code: "N-2", Product: new("KZ")}))
	})
}

func manyCodes() *[]stock.SKUCode {
	var list []stock.SKUCode
	for i := range stock.MostCodes + 1 {
		list = append(list, stock.SKUCode{Code: fmt.Sprint(i), Kind: stock.OtherCode})
	}
	return &list
}

func TestEditCatalog_archives(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		b.made(shirt())
		shop := b.shop("楽天", "KZ-紺-M", "KZ-紺-L")
		b.set("KZ-紺-M", 5)
		b.sale(shop, "R1", "KZ-紺-M×2")
		b.plan()
		archive := func(code string, is bool) store.CatalogEdit {
			return store.CatalogEdit{SKUs: []store.SKUEdit{{Code: code, Must: store.MustExist, Archived: &is}}}
		}
		whole := func(is bool) store.CatalogEdit {
			return store.CatalogEdit{Products: []store.ProductEdit{{Code: "KZ", Must: store.MustExist, Archived: &is}}}
		}
		unplanned := func(want int64) {
			t.Helper()
			if totals, err := db.Totals(ctx, b.tenant); err != nil || totals.Unplanned != want {
				t.Errorf("%d SKUs are marked for planning, want %d, %v", totals.Unplanned, want, err)
			}
		}

		// Orders hold units: it is said, and done only when asked for again.
		for _, e := range []store.CatalogEdit{archive("KZ-紺-M", true), whole(true)} {
			var wrong *stock.CatalogError
			if answer := b.edit(e); !errors.As(answer.Refused(), &wrong) || wrong.Code != "claims" || !strings.Contains(wrong.Reason, "KZ-紺-M: orders hold 2 units") {
				t.Errorf("%v", answer.Refused())
			}
		}
		b.wants(b.product("KZ"), "KZ 長袖Tシャツ (カラー,サイズ)")
		unplanned(0)
		anyway := archive("KZ-紺-M", true)
		anyway.Anyway = true
		b.made(anyway)
		unplanned(1)
		b.wants(b.entry("KZ-紺-M"), "KZ/KZ-紺-M 長袖Tシャツ 紺 M (紺,M) archived")

		// Its values are free for another, and then it cannot come back beside it.
		b.made(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: "KZ-NEW", Product: new("KZ"), Options: &stock.Options{"紺", "M"}}}})
		if answer := b.edit(archive("KZ-紺-M", false)); answer.Refused() == nil || !strings.Contains(answer.Refused().Error(), "紺 / M is the same as of KZ-NEW") {
			t.Errorf("%v", answer.Refused())
		}

		// A product takes its SKUs with it, and brings back those that went with it.
		b.plan()
		b.made(whole(true))
		unplanned(4)
		b.wants(b.entry("KZ-白-L"), "KZ/KZ-白-L 長袖Tシャツ 白 L (白,L) archived")
		b.made(store.CatalogEdit{SKUs: []store.SKUEdit{{Code: "KZ-LATE", Product: new("KZ"), Options: &stock.Options{"赤", "M"}}}})
		b.wants(b.entry("KZ-LATE"), "KZ/KZ-LATE 長袖Tシャツ 赤 M (赤,M) archived")
		b.made(whole(false))
		b.wants(b.entry("KZ-白-L"), "KZ/KZ-白-L 長袖Tシャツ 白 L (白,L)")
		b.wants(b.entry("KZ-NEW"), "KZ/KZ-NEW 長袖Tシャツ 紺 M (紺,M)")
		b.wants(b.entry("KZ-紺-M"), "KZ/KZ-紺-M 長袖Tシャツ 紺 M (紺,M) archived")

		// One SKU that comes back brings its product back.
		b.made(whole(true))
		b.made(archive("KZ-白-L", false))
		b.wants(b.product("KZ"), "KZ 長袖Tシャツ (カラー,サイズ)")
		b.wants(b.entry("KZ-白-M"), "KZ/KZ-白-M 長袖Tシャツ 白 M (白,M) archived")
		again := b.made(archive("KZ-白-L", false))
		if again.SKUs[0].Changed() {
			t.Error("the same edit again changes something")
		}

		// What has moved or is listed cannot be deleted.
		if removed, err := db.DeleteUnused(ctx, b.tenant, []string{"KZ-紺-M", "KZ-紺-L", "KZ-白-M", "NONE"}); err != nil || !slices.Equal(removed, []string{"KZ-白-M"}) {
			t.Errorf("removed %q, %v", removed, err)
		}
	})
}

// Two people who add the same SKU at once get one SKU, and a code goes to one of two who rename to it.
func TestEditCatalog_at_once(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		b.made(shirt())
		var wg sync.WaitGroup
		const people = 8
		renamed := make([]bool, people)
		for i := range people {
			wg.Go(func() {
				answer, err := db.EditCatalog(context.Background(), b.tenant, store.CatalogEdit{SKUs: []store.SKUEdit{
					{Code: fmt.Sprintf("OWN-%d", i), NewCode: new("ONE"), Product: new("TOGETHER"), Name: new("同じ品")}}})
				if err != nil {
					t.Error(err)
				}
				renamed[i] = answer.Applied
			})
			wg.Go(func() {
				e := shirt()
				e.Products[0].Must = store.MustNothing
				for k := range e.SKUs {
					e.SKUs[k].Must = store.MustNothing
				}
				e.SKUs = append(e.SKUs, store.SKUEdit{Code: "KZ-赤", Product: new("KZ"), Options: &stock.Options{"赤"}})
				if answer, err := db.EditCatalog(context.Background(), b.tenant, e); err != nil || !answer.Applied {
					t.Errorf("%+v, %v", answer.Refused(), err)
				}
			})
		}
		wg.Wait()
		if n := len(slices.DeleteFunc(renamed, func(is bool) bool { return !is })); n != 1 {
			t.Errorf("%d of %d got the code", n, people)
		}
		if n := len(b.stock(store.StockQuery{}).Rows); n != 6 {
			t.Errorf("%d SKUs", n)
		}
	})
}
