package shopify

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"soroi/internal/channel"
	"soroi/internal/channel/channeltest"
	"soroi/internal/order"
)

type laidOut struct {
	Operation string          `json:"operation"`
	Answer    json.RawMessage `json:"answer"`
}

func orderCases(t testing.TB) map[string][]laidOut {
	t.Helper()
	files, err := filepath.Glob("testdata/orders/*.answers.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	cases := map[string][]laidOut{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".answers.json")
		var list []laidOut
		if err := json.Unmarshal(channeltest.Fixture(t, "orders/"+name+".answers.json"), &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		cases[name] = list
	}
	return cases
}

func TestOrders(t *testing.T) {
	for name, list := range orderCases(t) {
		t.Run(name, func(t *testing.T) {
			s := &shop{}
			for _, a := range list {
				s.reply(a.Operation, reply{body: string(a.Answer)})
			}
			page, err := connect(t, s, fixed{noon}).PullOrders(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Orders {
				if err := o.Check(); err != nil {
					t.Error(err)
				}
			}
			channeltest.Golden(t, "orders/"+name, page.Orders)
			checkRequests(t, s)
		})
	}
}

// The answers that the cases rest on have no field that the official schema does not know, and none that was not asked for.
func TestOrderCasesAreAnswers(t *testing.T) {
	s := schema(t)
	texts := map[string]string{}
	for _, d := range documents() {
		texts[operationName.FindStringSubmatch(d.Text)[1]] = d.Text
	}
	for name, list := range orderCases(t) {
		for _, a := range list {
			query, errs := gqlparser.LoadQueryWithRules(s, texts[a.Operation], rules.NewDefaultRules())
			if errs != nil {
				t.Fatalf("%s: %v", a.Operation, errs)
			}
			var answer struct {
				Data any `json:"data"`
			}
			if err := json.Unmarshal(a.Answer, &answer); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, wrong := range unasked(answer.Data, query.Operations[0].SelectionSet, "data") {
				t.Errorf("%s: the answer to %s has %s, which the document does not ask for", name, a.Operation, wrong)
			}
		}
	}
}

func unasked(v any, set ast.SelectionSet, path string) []string {
	var wrong []string
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			wrong = append(wrong, unasked(e, set, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case map[string]any:
		fields := map[string]*ast.Field{}
		collect(set, fields)
		for k, e := range v {
			f, ok := fields[k]
			if !ok {
				wrong = append(wrong, path+"."+k)
				continue
			}
			wrong = append(wrong, unasked(e, f.SelectionSet, path+"."+k)...)
		}
	}
	return wrong
}

func collect(set ast.SelectionSet, into map[string]*ast.Field) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			into[sel.Alias] = sel
		case *ast.InlineFragment:
			collect(sel.SelectionSet, into)
		}
	}
}

const emptyPage = `{"orders":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}`

func pageOf(next string, orders ...string) string {
	info := `{"hasNextPage":false,"endCursor":null}`
	if next != "" {
		info = fmt.Sprintf(`{"hasNextPage":true,"endCursor":%q}`, next)
	}
	return fmt.Sprintf(`{"orders":{"nodes":[%s],"pageInfo":%s}}`, strings.Join(orders, ","), info)
}

func simpleOrder(name, updated string) string {
	return fmt.Sprintf(`{"id":"gid://shopify/Order/1","name":%q,"createdAt":"2026-07-01T00:00:00Z","updatedAt":%q,"cancelledAt":null,"test":false,
		"displayFulfillmentStatus":"UNFULFILLED","lineItems":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}`, name, updated)
}

// The first pull reaches back as far as the shop lets it; pages keep the pull's own beginning; the next pull overlaps.
func TestCursor(t *testing.T) {
	s := (&shop{}).on("Orders", pageOf("next-1", simpleOrder("#1", "2026-07-31T22:00:00Z"))).
		on("Orders", pageOf("", simpleOrder("#2", "2026-08-01T02:59:50Z"))).on("Orders", emptyPage)
	first, err := connect(t, s, fixed{noon}).PullOrders(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if !first.More || !first.UpTo.IsZero() {
		t.Errorf("first page: %+v, want more to come and no promise", first)
	}
	second, err := connect(t, s, fixed{noon.Add(time.Minute)}).PullOrders(t.Context(), first.Next)
	if err != nil {
		t.Fatal(err)
	}
	if second.More || !second.UpTo.Equal(noon.Add(-lateness)) {
		t.Errorf("last page: %+v, want the promise up to the pull's beginning less the lateness", second)
	}
	if _, err := connect(t, s, fixed{noon.Add(time.Hour)}).PullOrders(t.Context(), second.Next); err != nil {
		t.Fatal(err)
	}
	asked := s.asked("Orders")
	for i, want := range []map[string]any{
		{"q": "updated_at:>='2026-06-02T03:00:00Z'", "after": nil},
		{"q": "updated_at:>='2026-06-02T03:00:00Z'", "after": "next-1"},
		{"q": "updated_at:>='2026-08-01T02:59:45Z'", "after": nil},
	} {
		if got := asked[i].Variables; got["q"] != want["q"] || got["after"] != want["after"] {
			t.Errorf("question %d is %v, want %v", i, got, want)
		}
	}
	checkRequests(t, s)
}

// A quiet shop's window follows our clock, with room for the shop's to differ; it never moves back.
func TestCursorOfAQuietShop(t *testing.T) {
	s := (&shop{}).on("Orders", emptyPage)
	page, err := connect(t, s, fixed{noon}).PullOrders(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	at, err := readCursor(page.Next)
	if err != nil {
		t.Fatal(err)
	}
	if want := noon.Add(-lateness - clockSkew); !at.Since.Equal(want) {
		t.Errorf("the next pull begins at %v, want %v", at.Since, want)
	}
	again, err := connect(t, s, fixed{noon.Add(-time.Hour)}).PullOrders(t.Context(), page.Next)
	if err != nil {
		t.Fatal(err)
	}
	if again.Next != page.Next {
		t.Errorf("with the clock set back the cursor went from %s to %s", page.Next, again.Next)
	}
}

// Orders are asked for by name; what the search finds beside them is not ours, and what it does not find is said.
func TestRefreshOrders(t *testing.T) {
	s := (&shop{}).on("Orders", pageOf("next-1", simpleOrder("#1001", "2026-08-01T00:00:00Z"), simpleOrder("#1001-X", "2026-08-01T00:00:00Z"))).
		on("Orders", pageOf("", simpleOrder("O'Hara \\1", "2026-08-01T00:00:00Z")))
	known := []order.Known{{Number: "#1001"}, {Number: `O'Hara \1`}, {Number: "#7", PlacedAt: noon, Version: order.Version{Revision: 5}}}
	got, err := connect(t, s, fixed{noon}).RefreshOrders(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0].Number != "#1001" || got[1].Number != `O'Hara \1` || got[2].Number != "#7" {
		t.Fatalf("got %+v", got)
	}
	if gone := got[2]; !gone.Incomplete || len(gone.Problems) != 1 || gone.Check() != nil || gone.Version.Revision != 5 {
		t.Errorf("the missing order came as %+v", gone)
	}
	if q := s.asked("Orders")[0].Variables["q"]; q != `name:'#1001' OR name:'O\'Hara \\1' OR name:'#7'` {
		t.Errorf("asked for %s", q)
	}
}

// What is not even an order with a number and a time stops the pull; it is never skipped.
func TestOrdersThatAreNone(t *testing.T) {
	for name, node := range map[string]string{
		"null": `null`, "a number": `7`, "no name": `{"createdAt":"2026-08-01T00:00:00Z"}`, "no time": `{"name":"#1"}`,
		"wrong time": `{"name":"#1","createdAt":"yesterday"}`,
	} {
		s := (&shop{}).on("Orders", pageOf("", node))
		if _, err := connect(t, s, fixed{noon}).PullOrders(t.Context(), ""); channel.KindOf(err) != channel.Unreadable {
			t.Errorf("%s: %v, want unreadable", name, err)
		}
	}
}
