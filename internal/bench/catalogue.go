package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// catalogue makes a clothing merchant's products, the same ones each time: the i-th of them with its SKUs by colour and size. Codes begin with the brand, so
// that what is called alike lies together, as it does in real catalogues.
type catalogue struct {
	r      *rand.Rand
	brands []string
	skus   int
}

var (
	garments = strings.Fields("Tシャツ ポロシャツ ワイシャツ シャツワンピース パーカー トレーナー カーディガン セーター デニムパンツ チノパンツ スカート プリーツスカート ジャケット コート ダウンジャケット レインコート " +
		"スニーカー パンプス 革靴 ブーツ サンダル 靴下 手袋 帽子 マフラー ストール 財布 トートバッグ リュックサック ベルト ネクタイ 腕時計")
	manners = strings.Fields("長袖 半袖 七分袖 ノースリーブ オーバーサイズ スリム ストレッチ 撥水 裏起毛 接触冷感 速乾 防風 軽量 定番 新作 訳あり 限定 プレミアム ベーシック ユニセックス メンズ レディース キッズ ベビー")
	fabrics = strings.Fields("オーガニックコットン 綿100% リネン ウール カシミヤ シルク 本革 合成皮革 ナイロン ポリエステル デニム コーデュロイ フリース ベロア 今治 有田焼")
	colours = strings.Fields("ブラック ホワイト ネイビー グレー ベージュ ブラウン カーキ レッド ピンク オレンジ イエロー グリーン ミント ブルー サックス パープル ワイン シルバー ゴールド マルチ")
	sizes   = strings.Fields("XS S M L XL XXL 3L 4L")
)

func newCatalogue(skus int) *catalogue {
	c := &catalogue{r: rand.New(rand.NewPCG(1, 2)), skus: skus}
	syllables := strings.Fields("ka ri no sa to mi ha ru ko ta en jo li va ne po du shi zu mo")
	for range 300 {
		brand := ""
		for range 2 + c.r.IntN(2) {
			brand += syllables[c.r.IntN(len(syllables))]
		}
		c.brands = append(c.brands, brand)
	}
	return c
}

// fill adds all of it in edits of whole products, and tells how many there are.
func (c *catalogue) fill(ctx context.Context, db *store.DB, tenant stock.TenantID) (products int, err error) {
	e := store.CatalogEdit{Bulk: true}
	for made := 0; made < c.skus; products++ {
		e.Products, e.SKUs = c.product(products, e.Products, e.SKUs, c.skus-made)
		if n := len(e.SKUs); n >= 1500 || made+n >= c.skus {
			answer, err := db.EditCatalog(ctx, tenant, e)
			if err == nil {
				err = answer.Refused()
			}
			if err != nil {
				return products, err
			}
			made += n
			e = store.CatalogEdit{Bulk: true}
		}
	}
	return products, nil
}

func (c *catalogue) product(i int, products []store.ProductEdit, skus []store.SKUEdit, most int) ([]store.ProductEdit, []store.SKUEdit) {
	one := func(list []string) string { return list[c.r.IntN(len(list))] }
	at := i * len(c.brands) * 9 / max(c.skus, 1) % len(c.brands) // brands follow each other
	brand := c.brands[at]
	code := fmt.Sprintf("%s-%06d", strings.ToUpper(brand), i)
	// A brand has a few kinds of goods.
	name := strings.Join([]string{brand, one(manners), one(fabrics), garments[(at*5+c.r.IntN(5))%len(garments)]}, " ")
	products = append(products, store.ProductEdit{Code: code, Must: store.MustBeNew, Name: &name, Options: &stock.OptionNames{"カラー", "サイズ"}})
	n := 0
	for k := range 1 + c.r.IntN(5) {
		colour := colours[(i+k*7)%len(colours)]
		for _, size := range sizes[:2+c.r.IntN(4)] {
			if n++; n > most {
				return products, skus
			}
			jan := janOf(i*100 + n)
			skus = append(skus, store.SKUEdit{Code: fmt.Sprintf("%s-%02d-%s", code, (i+k*7)%len(colours), size), Must: store.MustBeNew, Product: &code,
				Options: &stock.Options{colour, size}, Codes: &[]stock.SKUCode{{Code: jan, Kind: stock.JAN}}})
		}
	}
	return products, skus
}

// janOf is a JAN of 13 digits.
func janOf(n int) string {
	code := fmt.Sprintf("49%010d", n)
	sum := 0
	for i, d := range code {
		sum += int(d-'0') * (1 + i%2*2)
	}
	return code + string(rune('0'+(10-sum%10)%10))
}
