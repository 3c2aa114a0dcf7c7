package town

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"soroi/internal/mallsim"
)

// Good is one SKU that every mall of the town sells.
type Good struct {
	Code    string // the merchant's own code, the same in every mall
	Product string // goods with the same Product are choices of one product; "" makes Code a product of its own
	Title   string // the product's name
	Choice  string // what tells it from its product's other SKUs: 青 M. "" for the only one
	Stock   int64  // shown by each mall at first
}

func (g Good) title() string { return strings.TrimSpace(g.Title + " " + g.Choice) }

type style struct {
	code, name string
	colours    []choice
	sizes      []choice
}

type choice struct{ code, name string }

var (
	white  = choice{"wh", "白"}
	black  = choice{"bk", "黒"}
	navy   = choice{"nv", "紺"}
	indigo = choice{"ai", "藍"}
	green  = choice{"gr", "若草"}
	red    = choice{"rd", "朱"}
	beige  = choice{"be", "生成り"}
	grey   = choice{"gy", "墨"}
	pink   = choice{"pk", "桜"}
	yellow = choice{"ye", "山吹"}

	wear  = []choice{{"s", "S"}, {"m", "M"}, {"l", "L"}, {"xl", "XL"}}
	feet  = []choice{{"23", "23cm"}, {"25", "25cm"}, {"27", "27cm"}}
	gift  = []choice{{"1", "1枚"}, {"3", "3枚組"}}
	weigh = []choice{{"100", "100g"}, {"300", "300g"}}
)

var styles = []style{
	{"ts01", "オーガニックコットン Tシャツ", []choice{white, black, navy, green}, wear},
	{"ts02", "ガーゼ長袖シャツ", []choice{beige, indigo, grey}, wear},
	{"pk01", "裏毛パーカー", []choice{grey, navy, black}, wear},
	{"lp01", "リネンワイドパンツ", []choice{beige, black, indigo}, wear},
	{"kn01", "ウールニットカーディガン", []choice{grey, red, navy}, wear},
	{"sk01", "足袋ソックス", []choice{white, black, indigo, red}, feet},
	{"sl01", "い草スリッパ", []choice{green, navy}, feet},
	{"tw01", "今治フェイスタオル", []choice{white, pink, indigo, grey}, gift},
	{"tw02", "蚊帳生地ふきん", []choice{white, yellow, pink, green}, gift},
	{"mg01", "波佐見焼 マグカップ", []choice{white, indigo, grey, yellow}, nil},
	{"pl01", "有田焼 取り皿", []choice{white, indigo, red}, nil},
	{"bw01", "美濃焼 飯碗", []choice{white, grey, pink}, nil},
	{"ch01", "塗り箸", []choice{black, red, beige}, nil},
	{"tm01", "真空断熱タンブラー", []choice{white, black, navy, green}, nil},
	{"bt01", "曲げわっぱ弁当箱", nil, []choice{{"s", "小"}, {"m", "中"}, {"l", "大"}}},
	{"fp01", "南部鉄器 フライパン", nil, []choice{{"20", "20cm"}, {"24", "24cm"}, {"26", "26cm"}}},
	{"kt01", "三徳包丁", nil, []choice{{"165", "165mm"}, {"180", "180mm"}}},
	{"tt01", "トートバッグ 帆布", []choice{beige, navy, black, red}, []choice{{"s", "小"}, {"l", "大"}}},
	{"um01", "折りたたみ傘", []choice{navy, red, grey, yellow}, nil},
	{"hk01", "綿麻ハンカチ", []choice{white, indigo, pink, green}, nil},
	{"cd01", "和ろうそく", []choice{white, red}, []choice{{"5", "5本"}, {"10", "10本"}}},
	{"in01", "お香 白檀", nil, []choice{{"20", "20本"}, {"60", "60本"}}},
	{"gt01", "宇治煎茶", nil, weigh},
	{"gt02", "加賀棒ほうじ茶", nil, weigh},
	{"cf01", "深煎りコーヒー豆", nil, weigh},
	{"ms01", "麹味噌", nil, []choice{{"500", "500g"}, {"1000", "1kg"}}},
	{"sy01", "丸大豆しょうゆ", nil, nil},
	{"hn01", "国産はちみつ", nil, weigh},
	{"bk01", "ガントチャート手帳", []choice{black, red, beige}, nil},
	{"pn01", "木軸ボールペン", []choice{beige, black}, nil},
	{"wt01", "ちりめん風呂敷", []choice{indigo, red, green, pink}, []choice{{"50", "50cm"}, {"70", "70cm"}}},
	{"zb01", "座布団カバー", []choice{indigo, grey, green, red}, nil},
	{"bl01", "羽毛ひざ掛け", []choice{grey, navy, pink}, nil},
	{"sp01", "木さじ", nil, nil},
	{"ky01", "真鍮キーホルダー", nil, nil},
}

// Goods are n SKUs of a shop for clothes, crockery and tea, the same for the same seed. Past what the shop has, the same styles come
// again as later editions.
func Goods(n int, seed uint64) []Good {
	r := rand.New(rand.NewPCG(seed, 0x676f6f6473))
	goods := make([]Good, 0, n)
	for edition := 1; ; edition++ {
		for _, s := range styles {
			code, name := s.code, s.name
			if edition > 1 {
				code, name = fmt.Sprintf("%s-e%d", code, edition), fmt.Sprintf("%s %d版", name, edition)
			}
			for _, g := range s.goods(code, name) {
				if len(goods) == n {
					return goods
				}
				g.Stock = 5 + r.Int64N(60)
				if r.IntN(8) == 0 {
					g.Stock = 1 + r.Int64N(4) // the last ones, which is where malls oversell
				}
				goods = append(goods, g)
			}
		}
	}
}

func (s style) goods(code, name string) []Good {
	colours, sizes := s.colours, s.sizes
	if len(colours) == 0 {
		colours = []choice{{}}
	}
	if len(sizes) == 0 {
		sizes = []choice{{}}
	}
	var goods []Good
	for _, c := range colours {
		for _, z := range sizes {
			g := Good{Product: code, Code: code, Title: name, Choice: strings.TrimSpace(c.name + " " + z.name)}
			for _, part := range []string{c.code, z.code} {
				if part != "" {
					g.Code += "-" + part
				}
			}
			goods = append(goods, g)
		}
	}
	return goods
}

// ids gives goods the ids that a mall accepts: its own alphabet, and no two that the mall would fold together.
type ids struct {
	lower    bool              // the mall knows no capitals in an item's id
	products map[string]string // by product
	taken    map[string]bool   // folded ids
}

func newIDs(kind string) *ids {
	return &ids{lower: kind == "rakuten", products: map[string]string{}, taken: map[string]bool{}}
}

// key is the good's identity in one mall.
func (x *ids) key(g Good) mallsim.Key {
	if g.Product == "" || g.Choice == "" && g.Product == g.Code {
		return mallsim.Key{Item: x.item("code "+g.Code, g.Code)}
	}
	item := x.item("product "+g.Product, g.Product)
	return mallsim.Key{Item: item, Variant: x.free(slug(g.Code), item+"/")}
}

func (x *ids) item(owner, name string) string {
	if id, known := x.products[owner]; known {
		return id
	}
	id := slug(name)
	if x.lower {
		id = strings.ToLower(id)
	}
	id = x.free(id, "")
	x.products[owner] = id
	return id
}

// free is the id itself, or with the first number behind it that makes it the only one.
func (x *ids) free(id, within string) string {
	next := id
	for n := 2; x.taken[within+strings.ToLower(next)]; n++ {
		next = fmt.Sprintf("%s-%d", id, n)
	}
	x.taken[within+strings.ToLower(next)] = true
	return next
}

// take marks the ids of a key as used, and gives its product back to the goods that will join it.
func (x *ids) take(k mallsim.Key) {
	x.taken[strings.ToLower(k.Item)] = true
	if k.Variant != "" {
		x.taken[k.Item+"/"+strings.ToLower(k.Variant)] = true
		x.products["product "+k.Item] = k.Item
	}
}

// slug keeps what every mall allows: letters, digits and hyphens, at most 24 of them.
func slug(name string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '-'
	}, name)
	if id = strings.Trim(id[:min(len(id), 24)], "-"); id == "" {
		return "x"
	}
	return id
}
