package rakuten

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
)

var blue = mallsim.Key{Item: "t-shirt-01", Variant: "blue-M"}

// shop is a mall with a caller that knows its key.
type shop struct {
	*testing.T
	mall *mallsim.Mall
	*Server
	license string
}

func open(t *testing.T, mo mallsim.Options, o Options) *shop {
	t.Helper()
	m := mallsim.New(clock.System{}, mo)
	for _, l := range []mallsim.Listing{
		{Key: blue, Code: "TS-01-BL-M", Title: "Tシャツ 青 M", Stock: 10},
		{Key: mallsim.Key{Item: "t-shirt-01", Variant: "blue-l"}, Title: "Tシャツ 青 L", Stock: 5},
		{Key: mallsim.Key{Item: "mug-07"}, Code: "MUG", Title: "マグカップ", Stock: 3},
	} {
		if err := m.AddListing(l); err != nil {
			t.Fatal(err)
		}
	}
	if o.LimitScale == 0 {
		o.LimitScale = 1000
	}
	s := New(m, o)
	_, license := s.Credentials()
	return &shop{T: t, mall: m, Server: s, license: license}
}

type reply struct {
	status int
	text   string
	body   map[string]any
}

func (s *shop) call(method, path, body string, change ...func(*http.Request)) reply {
	s.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	secret, _ := s.Credentials()
	r.Header.Set("Authorization", "ESA "+base64.StdEncoding.EncodeToString([]byte(secret+":"+s.license)))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	for _, fn := range change {
		fn(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Body)
	out := reply{status: w.Code, text: string(text)}
	json.Unmarshal(text, &out.body)
	return out
}

// refused checks a status and a code anywhere in the answer.
func (s *shop) refused(what string, r reply, status int, code string) {
	s.Helper()
	if r.status != status || !strings.Contains(r.text, `"`+code) && !strings.Contains(r.text, code+`"`) {
		s.Errorf("%s: %d %s, want %d %s", what, r.status, r.text, status, code)
	}
}

func (s *shop) stock(k mallsim.Key, want int64) {
	s.Helper()
	if got, _ := s.mall.Stock(k); got != want {
		s.Errorf("%s shows %d, want %d", k, got, want)
	}
}

func (s *shop) buy(units ...int64) string {
	s.Helper()
	var b mallsim.Basket
	for _, n := range units {
		b.Lines = append(b.Lines, mallsim.Want{Key: blue, Units: n})
	}
	o, err := s.mall.Place(b)
	if err != nil {
		s.Fatal(err)
	}
	return o.Number
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

const upsert = "/es/2.0/inventories/bulk-upsert"

func lines(text ...string) string { return `{"inventories":[` + strings.Join(text, ",") + `]}` }

func line(item, variant, mode string, n int) string {
	return fmt.Sprintf(`{"manageNumber":%q,"variantId":%q,"mode":%q,"quantity":%d}`, item, variant, mode, n)
}

func TestAuth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, mallsim.Options{}, Options{})
		get := func(change ...func(*http.Request)) reply {
			return s.call("GET", "/es/2.0/inventories/manage-numbers/mug-07/variants/mug-07", "", change...)
		}
		if r := get(); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.text)
		}
		sealed := base64.StdEncoding.EncodeToString([]byte("SP000000_soroi:" + s.license))
		for _, bad := range []string{"", "ESA", "ESA ***", "Bearer " + sealed, "ESA " + base64.StdEncoding.EncodeToString([]byte("SP000000_soroi:SLother")),
			"ESA " + base64.StdEncoding.EncodeToString([]byte("SPother:"+s.license))} {
			s.refused("auth "+bad, get(header("Authorization", bad)), 401, "ES01-01")
		}
		s.refused("expiry", s.call("GET", "/es/1.0/license-management/license-key/expiry-date?licenseKey="+s.license, ""), 200, "expiryDate")
		s.refused("expiry of a stranger", s.call("GET", "/es/1.0/license-management/license-key/expiry-date?licenseKey=SLx", ""), 404, "GE0014")

		old := s.license
		time.Sleep(80 * 24 * time.Hour)
		s.IssueKey("SL000000_next")
		if r := get(); r.status != 200 {
			t.Errorf("the old key died with the new one's birth: %s", r.text)
		}
		s.license = "SL000000_next"
		s.refused("a fresh key", get(), 401, "ES01-01")
		time.Sleep(20 * time.Minute)
		if r := get(); r.status != 200 {
			t.Errorf("the new key: %s", r.text)
		}
		s.license = old
		if r := get(); r.status != 200 {
			t.Errorf("two keys do not overlap: %s", r.text)
		}
		time.Sleep(10 * 24 * time.Hour)
		s.refused("an ended key", get(), 401, "ES01-01")
		s.license = "SL000000_next"
		s.Tick(OpGet, false)
		s.refused("an unticked function", get(), 400, "ES04-01")
	})
}

func TestWrites(t *testing.T) {
	s := open(t, mallsim.Options{}, Options{})
	mug := mallsim.Key{Item: "mug-07"}
	if r := s.call("POST", upsert, lines(line("T-Shirt-01", "blue-M", "RELATIVE", -4), line("mug-07", "mug-07", "ABSOLUTE", 7))); r.status != 204 || r.text != "" {
		t.Fatalf("%d %s", r.status, r.text)
	}
	s.stock(blue, 6)
	s.stock(mug, 7)
	if r := s.call("PUT", "/es/2.0/inventories/manage-numbers/t-shirt-01/variants/blue-M", `{"mode":"RELATIVE","quantity":-1}`); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	s.stock(blue, 5)

	many := make([]string, MaxWrites+1)
	for i := range many {
		many[i] = line("bulk", fmt.Sprint("v", i), "ABSOLUTE", 1)
	}
	cases := []struct{ name, body, code string }{
		{"nothing", "", "GE0011"},
		{"no lines", lines(), "IE0001"},
		{"not JSON", "{", "IE0002"},
		{"no mode", lines(`{"manageNumber":"a","variantId":"b","quantity":1}`), "IE0001"},
		{"odd mode", lines(line("a", "b", "ADD", 1)), "IE0002"},
		{"no quantity", lines(`{"manageNumber":"a","variantId":"b","mode":"ABSOLUTE"}`), "IE0001"},
		{"a fraction", lines(`{"manageNumber":"a","variantId":"b","mode":"ABSOLUTE","quantity":1.5}`), "IE0002"},
		{"below zero", lines(line("a", "b", "ABSOLUTE", -1)), "IE0003"},
		{"too many units", lines(line("a", "b", "ABSOLUTE", 100000)), "IE0003"},
		{"a long id", lines(line(strings.Repeat("a", 33), "b", "ABSOLUTE", 1)), "IE0004"},
		{"a pair twice", lines(line("mug-07", "mug-07", "ABSOLUTE", 1), line("MUG-07", "mug-07", "ABSOLUTE", 2)), "IE1102"},
		{"401 lines", lines(many...), "IE1101"},
		{"a delta below zero", lines(line("mug-07", "mug-07", "RELATIVE", 1), line("t-shirt-01", "blue-M", "RELATIVE", -6)), "IE0117"},
		{"a delta above the top", lines(line("mug-07", "mug-07", "RELATIVE", 99999)), "IE0117"},
		{"a delta without a record", lines(line("mug-07", "mug-07", "RELATIVE", 1), line("typo", "x", "RELATIVE", 1)), "IE0500"},
	}
	for _, c := range cases {
		s.refused(c.name, s.call("POST", upsert, c.body), 400, c.code)
	}
	s.stock(blue, 5)
	s.stock(mug, 7)
	s.refused("a wrong path", s.call("POST", upsert+"/", lines()), 400, "GE0007")
	if r := s.call("DELETE", "/es/2.0/inventories/manage-numbers/mug-07/variants/mug-07", ""); r.status != 204 {
		t.Fatal(r)
	}
	s.refused("a deleted record", s.call("GET", "/es/2.0/inventories/manage-numbers/mug-07/variants/mug-07", ""), 404, "GE0014")
	s.refused("a delta on it", s.call("POST", upsert, lines(line("mug-07", "mug-07", "RELATIVE", 1))), 400, "IE0500")
	if r := s.call("POST", upsert, lines(line("mug-07", "mug-07", "ABSOLUTE", 2))); r.status != 204 {
		t.Fatal(r)
	}
	s.stock(mug, 2)
}

func TestOrphans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, mallsim.Options{}, Options{})
		typo := "/es/2.0/inventories/manage-numbers/mug-70/variants/mug-70"
		read := func() reply {
			return s.call("POST", "/es/2.0/inventories/bulk-get", `{"inventories":[{"manageNumber":"mug-70","variantId":"mug-70"},{"manageNumber":"mug-07","variantId":"mug-07"}]}`)
		}
		count := func(r reply) int { return len(r.body["inventories"].([]any)) }
		if got := count(read()); got != 1 {
			t.Fatalf("%d records before", got)
		}
		if r := s.call("POST", upsert, lines(line("mug-70", "mug-70", "ABSOLUTE", 4))); r.status != 204 {
			t.Fatalf("a typo was noticed: %s", r.text)
		}
		time.Sleep(23 * time.Hour)
		if r := s.call("PUT", typo, `{"mode":"RELATIVE","quantity":-1}`); r.status != 204 {
			t.Fatal(r)
		}
		time.Sleep(23 * time.Hour)
		if r := s.call("GET", typo, ""); r.body["quantity"] != 3.0 || count(read()) != 2 {
			t.Fatalf("%+v", r)
		}
		s.refused("an orphan below zero", s.call("PUT", typo, `{"mode":"RELATIVE","quantity":-4}`), 400, "IE0117")
		time.Sleep(time.Hour)
		s.refused("an orphan after its day", s.call("GET", typo, ""), 404, "GE0014")
		if s.mall.Count() != 3 {
			t.Fatal("an orphan went on sale")
		}
	})
}

func TestReads(t *testing.T) {
	s := open(t, mallsim.Options{}, Options{})
	s.mall.SetStock(blue, 4, mallsim.ByEdit)
	r := s.call("GET", "/es/2.0/inventories/bulk-get/range?minQuantity=0&maxQuantity=4", "")
	list, _ := r.body["inventories"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["variantId"] != "blue-M" {
		t.Fatalf("newest first: %s", r.text)
	}
	for query, code := range map[string]string{"": "IE0105", "?minQuantity=5&maxQuantity=4": "IE0113", "?minQuantity=x": "IE0002", "?maxQuantity=-1": "IE0003"} {
		s.refused("range"+query, s.call("GET", "/es/2.0/inventories/bulk-get/range"+query, ""), 400, code)
	}
	for i := range 1000 {
		s.mall.AddListing(mallsim.Listing{Key: mallsim.Key{Item: "many", Variant: fmt.Sprintf("%04d", i)}})
	}
	s.refused("a wide range", s.call("GET", "/es/2.0/inventories/bulk-get/range?minQuantity=0", ""), 400, "IE0116")
	pairs := make([]string, MaxReads+1)
	for i := range pairs {
		pairs[i] = fmt.Sprintf(`{"manageNumber":"many","variantId":"%04d"}`, i)
	}
	s.refused("1001 pairs", s.call("POST", "/es/2.0/inventories/bulk-get", lines(pairs...)), 400, "IE1101")
	if r := s.call("POST", "/es/2.0/inventories/bulk-get", lines(pairs[:MaxReads]...)); len(r.body["inventories"].([]any)) != 1000 {
		t.Fatal("1000 pairs were not read")
	}
	s.refused("the 401st variant", s.call("POST", upsert, lines(line("many", "new", "ABSOLUTE", 1))), 400, "IE0121")
	if r := s.call("GET", "/es/2.1/inventories/variant-lists/manage-numbers/t-shirt-01", ""); fmt.Sprint(r.body["variantList"]) != "[blue-M blue-l]" {
		t.Error(r.text)
	}
	if r := open(t, mallsim.Options{}, Options{Unmigrated: true}).call("POST", upsert, lines(line("a", "b", "ABSOLUTE", 1))); !strings.Contains(r.text, "IE1105") {
		t.Error(r.text)
	}
}

func TestNewerRecordsLoseWhatIsLeftOut(t *testing.T) {
	s := open(t, mallsim.Options{}, Options{})
	path := "/es/2.1/inventories/manage-numbers/mug-07/variants/mug-07"
	s.call("PUT", path, `{"mode":"ABSOLUTE","quantity":12,"operationLeadTime":{"normalDeliveryTimeId":1000},"shipFromIds":[3]}`)
	if r := s.call("GET", path, ""); r.body["shipFromIds"] == nil || r.body["operationLeadTime"] == nil {
		t.Fatal(r.text)
	}
	s.call("PUT", "/es/2.0/inventories/manage-numbers/mug-07/variants/mug-07", `{"mode":"ABSOLUTE","quantity":11}`)
	if r := s.call("GET", path, ""); r.body["shipFromIds"] == nil {
		t.Fatal("2.0 deleted a field it does not know")
	}
	s.call("PUT", path, `{"mode":"ABSOLUTE","quantity":10}`)
	if r := s.call("GET", path, ""); r.body["shipFromIds"] != nil || r.body["quantity"] != 10.0 {
		t.Fatal(r.text)
	}
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, mallsim.Options{}, Options{LimitScale: 1, OrdersPerSecond: 1})
		body := lines(line("mug-07", "mug-07", "ABSOLUTE", 2))
		if r := s.call("POST", upsert, body); r.status != 204 {
			t.Fatal(r)
		}
		s.refused("two writes at once", s.call("POST", upsert, body), 429, "ES04-01")
		for range 20 {
			time.Sleep(time.Second)
			if r := s.call("POST", upsert, body); r.status != 204 {
				t.Fatalf("one write a second: %s", r.text)
			}
		}
		refused := 0
		for range 60 { // two seconds at six times the rate
			if s.call("POST", "/es/2.0/inventories/bulk-get", lines(`{"manageNumber":"a","variantId":"b"}`)).status == 429 {
				refused++
			}
			time.Sleep(time.Second / 30)
		}
		if refused < 40 || refused > 48 {
			t.Errorf("%d of 60 reads refused", refused)
		}
		if calls := s.mall.Calls(); calls[OpBulkUpsert] != 22 || calls[OpBulkUpsert+":refused"] != 1 || calls["too_many:refused"] != 1+refused {
			t.Errorf("calls %v", calls)
		}
	})
}

func TestItems(t *testing.T) {
	s := open(t, mallsim.Options{}, Options{ItemQuantities: true})
	for i := range 25 {
		s.mall.AddListing(mallsim.Listing{Key: mallsim.Key{Item: fmt.Sprintf("x%02d", i), Variant: "a"}, Title: "x"})
	}
	seen := map[string]bool{}
	cursor := "*"
	for {
		r := s.call("GET", "/es/2.0/items/search?hits=10&cursorMark="+cursor, "")
		if r.status != 200 || r.body["numFound"] != 27.0 {
			t.Fatal(r.text)
		}
		for _, x := range r.body["results"].([]any) {
			item := x.(map[string]any)["item"].(map[string]any)
			id := item["manageNumber"].(string)
			if seen[id] {
				t.Errorf("%s twice", id)
			}
			seen[id] = true
			if id == "t-shirt-01" {
				v := item["variants"].(map[string]any)
				if len(v) != 2 || item["title"] != "Tシャツ 青" || v["blue-M"].(map[string]any)["merchantDefinedSkuId"] != "TS-01-BL-M" ||
					v["blue-l"].(map[string]any)["merchantDefinedSkuId"] != nil {
					t.Errorf("item %v", item)
				}
			}
		}
		next := r.body["nextCursorMark"].(string)
		if next == cursor {
			break
		}
		cursor = next
	}
	if len(seen) != 27 {
		t.Errorf("%d items", len(seen))
	}
	for query, want := range map[string]float64{"manageNumber=MUG-07": 1, "variantId=blue-M": 1, "merchantDefinedSkuId=MUG": 1, "isItemStockout=true": 25, "variantId=BLUE-M": 0} {
		if r := s.call("GET", "/es/2.0/items/search?"+query, ""); r.body["numFound"] != want {
			t.Errorf("%s: %s", query, r.text)
		}
	}
	s.refused("too many hits", s.call("GET", "/es/2.0/items/search?hits=101", ""), 400, "IE0003")
	s.refused("far paging", s.call("GET", "/es/2.0/items/search?hits=100&offset=9950", ""), 400, "IE0003")
	s.refused("a strange cursor", s.call("GET", "/es/2.0/items/search?cursorMark=zzz", ""), 400, "IE0002")
	s.refused("no such item", s.call("GET", "/es/2.0/items/manage-numbers/none", ""), 404, "GE0014")
	if r := s.call("GET", "/es/2.0/items/inventory-related-settings/manage-numbers/t-shirt-01", ""); !strings.Contains(r.text, `"restockOnCancel":true`) {
		t.Error(r.text)
	}
}
