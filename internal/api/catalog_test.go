package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		put := func(path, body string) answer {
			return w.do(call{method: http.MethodPut, path: path, token: w.writer, body: body, header: map[string]string{"Content-Type": "application/json"}})
		}
		products := `{"rows":[{"code":"TEE","name":"Tシャツ","options":["色","サイズ"]},{"code":"MUG","must":"add","name":"マグ"}]}`
		made := into[CatalogAnswer[Product]](w, put("/api/v1/products", products), 200)
		if made.Applied != 2 || made.Rows[0].Before != nil || made.Rows[0].After.Options[1] != "サイズ" {
			t.Errorf("%+v", made)
		}
		w.refused(put("/api/v1/products", products), rowsRefused, "another product's already") // MUG must be new
		skus := `{"rows":[{"code":"TEE-R-M","product":"TEE","options":["赤","M"],"cost":1200,"codes":[{"code":"4901234567894","kind":"jan"},{"code":"old","kind":"other"}]},{"code":"TEE-R-S","product":"TEE","options":["赤","S"]}]}`
		added := into[CatalogAnswer[SKU]](w, put("/api/v1/skus", skus), 200)
		if added.Applied != 2 || added.Rows[0].After.Name != "Tシャツ 赤 M" || len(added.Rows[0].After.Codes) != 2 || added.Rows[0].After.Cost != 1200 {
			t.Errorf("%+v", added)
		}
		again := into[CatalogAnswer[SKU]](w, put("/api/v1/skus", skus), 200)
		if again.Applied != 2 || again.Rows[0].Before == nil || again.Rows[0].Before.Code != "TEE-R-M" {
			t.Errorf("%+v", again)
		}
		w.refused(put("/api/v1/skus", `{"rows":[{"code":"TEE-X","product":"TEE","options":["赤","M"]}]}`), rowsRefused, "same")
		w.refused(put("/api/v1/skus", `{"rows":[{"code":"TEE-R-M","codes":[{"code":"4901234567890","kind":"jan"}]}]}`), rowsRefused, "last digit")
		w.refused(put("/api/v1/skus", `{"rows":[{"code":"none","must":"edit","name":"x"}]}`), rowsRefused, "no SKU's")
		w.refused(put("/api/v1/skus", `{"rows":[{"code":"x","cost":-1}]}`), invalidBody, `"/rows/0/cost"`)
		w.refused(put("/api/v1/skus", `{"rows":[{"code":"x","options":["a",1]}]}`), invalidBody, `"/rows/0/options/1"`)
		w.refused(put("/api/v1/skus", `{"rows":[{"code":"x","codes":[{"code":"y","kind":"ean"}]}]}`), invalidBody, `"/rows/0/codes/0/kind"`)
		w.refused(put("/api/v1/products", `{"rows":[{"code":"TEE","options":["色"]}]}`), rowsRefused, "still needed")

		w.plan()
		list := into[ProductPage](w, w.get("/api/v1/products?q=ｔｅｅ"), 200)
		if len(list.Items) != 1 || list.Items[0].SKUs != 2 || list.Items[0].Out != 2 || list.Items[0].ArchivedAt != nil {
			t.Errorf("%+v", list)
		}
		first := into[ProductPage](w, w.get("/api/v1/products?limit=1"), 200)
		if len(first.Items) != 1 || first.NextCursor == nil {
			t.Errorf("%+v", first)
		}
		if page := into[SKUPage](w, w.get("/api/v1/skus?product=TEE&value=S"), 200); len(page.Items) != 1 || page.Items[0].Code != "TEE-R-S" || page.Items[0].Options[0] != "赤" {
			t.Errorf("%+v", page)
		}
		if page := into[SKUPage](w, w.get("/api/v1/skus?code=TEE-R-M"), 200); len(page.Items) != 1 || page.Items[0].Codes[0].Code != "4901234567894" {
			t.Errorf("%+v", page)
		}

		// Out of use, and back; where orders hold units only when that is meant.
		w.refused(put("/api/v1/skus", `{"rows":[{"code":"TS-01","archived":true}]}`), rowsRefused, "hold")
		if out := into[CatalogAnswer[SKU]](w, put("/api/v1/skus", `{"rows":[{"code":"TS-01","archived":true,"anyway":true}]}`), 200); out.Rows[0].After.ArchivedAt == nil {
			t.Errorf("%+v", out)
		}
		if page := into[SKUPage](w, w.get("/api/v1/skus?archived=only"), 200); len(page.Items) != 1 || page.Items[0].Code != "TS-01" {
			t.Errorf("%+v", page)
		}
		into[CatalogAnswer[SKU]](w, put("/api/v1/skus", `{"rows":[{"code":"TS-01","archived":false}]}`), 200)
		part := into[CatalogAnswer[SKU]](w, put("/api/v1/skus", `{"partial":true,"rows":[{"code":"none","must":"edit"},{"code":"TEE-R-S","new_code":"TEE-RED-S"}]}`), 200)
		if part.Applied != 1 || part.Rows[0].Refused == nil || part.Rows[1].After.Code != "TEE-RED-S" {
			t.Errorf("%+v", part)
		}
		gone := into[DeletedAnswer](w, w.do(call{method: http.MethodPost, path: "/api/v1/skus/delete-unused", token: w.writer, body: `{"rows":[{"code":"TEE-RED-S"},{"code":"TS-01"},{"code":"none"}]}`,
			header: map[string]string{"Content-Type": "application/json"}}), 200)
		if len(gone.Deleted) != 1 || gone.Deleted[0] != "TEE-RED-S" || len(gone.Kept) != 2 {
			t.Errorf("%+v", gone)
		}
	})
}

// One product and one SKU are asked for by their codes; a SKU tells its pattern and its exceptions.
func TestCatalogue_one(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		rakuten := w.shopID("楽天本店")
		if p := into[ProductItem](w, w.get("/api/v1/products/"+escaped("KZ/1 001")), 200); p.Name != "革靴" || p.SKUs != 1 {
			t.Errorf("%+v", p)
		}
		w.refused(w.get("/api/v1/products/kz"), unknownProduct, "exactly as written")
		w.refused(w.get("/api/v1/skus/ts-01"), unknownSKU, "exactly as written")
		plain := into[SKUDetail](w, w.get("/api/v1/skus/TS-01"), 200)
		if plain.Name != "Tシャツ 黒" || plain.Pattern != nil || plain.Assigned || len(plain.Exceptions) != 0 {
			t.Errorf("%+v", plain)
		}
		made := into[Pattern](w, w.ask(http.MethodPost, "/api/v1/patterns", `{"name":"半分","rules":[{"from":0,"to":null,"default":{"kind":"percent","n":50}}]}`), http.StatusCreated)
		into[Patterns](w, w.ask(http.MethodPut, "/api/v1/patterns/default", `{"pattern":"半分"}`), 200)
		if followed := into[SKUDetail](w, w.get("/api/v1/skus/TS-01"), 200); followed.Pattern == nil || followed.Pattern.ID != made.ID || followed.Assigned {
			t.Errorf("%+v", followed)
		}
		into[AssignmentsAnswer](w, w.ask(http.MethodPost, "/api/v1/patterns/assignments", `{"rows":[{"code":"TS-01","pattern":"半分"}]}`), 200)
		into[ExceptionsAnswer](w, w.ask(http.MethodPost, "/api/v1/exceptions", fmt.Sprintf(`{"rows":[{"code":"TS-01","shop":%d,"most":3}]}`, rakuten)), 200)
		own := into[SKUDetail](w, w.get("/api/v1/skus/TS-01"), 200)
		if own.Pattern == nil || own.Pattern.Name != "半分" || !own.Assigned || len(own.Exceptions) != 1 || own.Exceptions[0] != (SKUException{ShopRef{rakuten, "楽天本店"}, 3}) {
			t.Errorf("%+v", own)
		}
	})
}

// With a key a batch is made once, even one that asks for new codes; 2,000 rows go at once. A row that may be archived anyway takes no other along.
func TestCatalogue_once(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.fill()
		body := `{"partial":true,"rows":[{"code":"NEW-1","must":"add","product":"NEW"},{"code":"TS-01","must":"add"}]}`
		first := w.put(http.MethodPut, "/api/v1/skus", "k1", body)
		if a := into[CatalogAnswer[SKU]](w, first, 200); a.Applied != 1 || a.Repeated || a.Rows[1].Refused == nil {
			t.Errorf("%+v", a)
		}
		woken := w.changed
		again := w.put(http.MethodPut, "/api/v1/skus", "k1", body)
		if want := strings.Replace(string(first.body), `"repeated":false`, `"repeated":true`, 1); string(again.body) != want {
			t.Errorf("again %s\nwant  %s", again.body, want)
		}
		if w.changed != woken {
			t.Error("a repeated request wakes the planner")
		}
		w.refused(w.put(http.MethodPut, "/api/v1/skus", "k1", `{"rows":[{"code":"NEW-2"}]}`), keyReused, "new key")
		products := `{"rows":[{"code":"P-1","must":"add","name":"新商品"}]}`
		into[CatalogAnswer[Product]](w, w.put(http.MethodPut, "/api/v1/products", "k2", products), 200)
		if a := into[CatalogAnswer[Product]](w, w.put(http.MethodPut, "/api/v1/products", "k2", products), 200); !a.Repeated || a.Applied != 1 || a.Rows[0].After.Name != "新商品" {
			t.Errorf("%+v", a)
		}

		w.refused(w.put(http.MethodPut, "/api/v1/skus", "", `{"rows":[{"code":"TS-01","archived":true},{"code":"DESK","archived":true,"anyway":true}]}`), rowsRefused, "hold")

		rows := make([]string, store.MostEdits+1)
		for i := range rows {
			rows[i] = fmt.Sprintf(`{"code":"M-%04d","product":"M"}`, i)
		}
		w.refused(w.put(http.MethodPut, "/api/v1/skus", "", `{"rows":[`+strings.Join(rows, ",")+`]}`), invalidBody, "at most 2000")
		if a := into[CatalogAnswer[SKU]](w, w.put(http.MethodPut, "/api/v1/skus", "k3", `{"rows":[`+strings.Join(rows[1:], ",")+`]}`), 200); a.Applied != store.MostEdits {
			t.Errorf("%d applied", a.Applied)
		}
	})
}
