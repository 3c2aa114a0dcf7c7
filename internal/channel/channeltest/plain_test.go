package channeltest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// plain is a right connector for plainMall, and with a flaw a wrong one.
type plain struct {
	deps channel.Deps
	key  channel.Secret
	can  channel.Can
	flaw string
}

func (p *plain) String() string   { return "plain" }
func (p *plain) GoString() string { return "plain" }

// whole can do nearly everything, bare nearly nothing.
var (
	whole = channel.Can{Write: channel.CompareAndSet, ChangedSince: true, Unlimited: true, Webhook: true, ListListings: true,
		Check: true, Keyed: true, ReturnsOnCancel: channel.ReturnsAlways}
	bare = channel.Can{Write: channel.Overwrite, Async: true, ReturnsOnCancel: channel.ReturnsAlways}
)

const plainLateness = time.Minute

func plainSpec(can channel.Can, flaw string) channel.Spec {
	return channel.Spec{
		Kind: "plain", Name: "試験店", Can: can,
		Fields: []channel.Field{{Key: "key", Label: "鍵", LabelEN: "key", Secret: true, Required: true},
			{Key: channel.BaseURL, Label: "接続先", LabelEN: "address", Required: true}},
		Limits: channel.Limits{PushItems: 8, ReadItems: 30, RefreshOrders: 12, Largest: 5000, History: plainHistory,
			Lag: 2 * time.Second, Lateness: plainLateness, Poll: time.Minute, PushBucket: "all",
			Rates: []channel.Rate{{Bucket: "all", Calls: 10, Per: time.Second, Burst: 1}}},
		Open: func(s channel.Settings, d channel.Deps) (channel.Connector, error) {
			if wrong := s.Check(plainSpec(can, flaw), true); len(wrong) > 0 && flaw != "opens with anything" {
				return nil, wrong[0]
			}
			return &plain{d, s["key"], can, flaw}, nil
		},
	}
}

func (p *plain) ask(ctx context.Context, op string, q plainQuestion) (plainAnswer, error) {
	var a plainAnswer
	body, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	req, err := http.NewRequest(http.MethodPost, "https://plain.example/"+op, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Authorization", p.key.Reveal())
	bucket := "all"
	switch p.flaw {
	case "keeps no pace":
		bucket = "undeclared"
	case "ignores its context":
		ctx = context.WithoutCancel(ctx)
	}
	answer, err := p.deps.Call(ctx, op, bucket, 1, req)
	switch p.flaw {
	case "tries again by itself":
		if err == nil && answer.Status >= 500 {
			req.Body = io.NopCloser(bytes.NewReader(body))
			answer, err = p.deps.Call(ctx, op, bucket, 1, req)
		}
	case "leaves a goroutine behind":
		go func() { <-make(chan bool) }()
	case "returns errors of its own":
		if err == nil && answer.Status >= 500 {
			return a, errors.New("it did not work")
		}
	}
	if err != nil {
		if e, ok := err.(*channel.Error); ok && p.flaw == "calls a lost answer undone" {
			e.NotDone = true
		}
		return a, err
	}
	if failed := answer.Failed(op, "", ""); failed != nil {
		switch p.flaw {
		case "shows its key":
			failed.Message = "the key " + p.key.Reveal() + " did not work"
		case "forgets how long to wait":
			failed.RetryAfter = 0
		case "calls a lost answer undone":
			failed.NotDone = true
		case "takes every failure for temporary":
			failed.Kind = channel.Temporary
		}
		return a, failed
	}
	if err := json.Unmarshal(answer.Body, &a); (err != nil || a.OK == nil) && p.flaw != "reads anything" {
		return a, &channel.Error{Kind: channel.Unreadable, Op: op, Status: answer.Status}
	}
	return a, nil
}

type plainCursor struct {
	From  time.Time
	After string
}

func (p *plain) PullOrders(ctx context.Context, since channel.Cursor) (channel.OrderPage, error) {
	now := p.deps.Clock.Now()
	at := plainCursor{From: now.Add(-plainHistory)}
	if p.flaw == "looks back half" {
		at.From = now.Add(-plainHistory / 2)
	}
	if since != "" {
		err := json.Unmarshal([]byte(since), &at)
		if err != nil && p.flaw != "takes any cursor" {
			return channel.OrderPage{}, &channel.Error{Kind: channel.Invalid, Op: "orders", NotDone: true}
		}
	}
	a, err := p.ask(ctx, "orders", plainQuestion{From: at.From, After: at.After, Changed: p.can.ChangedSince && p.flaw != "does not see changes"})
	if err != nil {
		return channel.OrderPage{}, err
	}
	page := channel.OrderPage{Orders: p.snapshots(a.Orders, now), More: a.More, UpTo: now.Add(-plainLateness)}
	next := plainCursor{From: now.Add(-plainLateness)}
	switch p.flaw {
	case "promises too much":
		page.UpTo = now
	case "looks back nowhere":
		next.From = now
	}
	if a.More {
		last := a.Orders[len(a.Orders)-1]
		next = plainCursor{From: last.Placed, After: last.Number}
		if p.can.ChangedSince {
			next.From = last.Changed
		}
		page.UpTo = time.Time{}
		if p.flaw == "pages by whole seconds" {
			next = plainCursor{From: next.From.Add(time.Second)}
		}
	}
	text, err := json.Marshal(next)
	page.Next = channel.Cursor(text)
	return page, err
}

func (p *plain) snapshots(orders []plainOrder, asked time.Time) []order.Snapshot {
	snapshots := make([]order.Snapshot, 0, len(orders))
	for _, o := range orders {
		s := order.Snapshot{Number: o.Number, PlacedAt: o.Placed.UTC(), State: order.Shipped, Version: order.Version{Revision: o.Revision, AskedAt: asked}}
		switch p.flaw {
		case "takes local time for UTC":
			s.PlacedAt = s.PlacedAt.Add(9 * time.Hour)
		case "forgets when it asked":
			s.Version.AskedAt = o.Changed
		}
		for _, l := range o.Lines {
			line := order.Line{Key: l.ID, Ref: channel.Ref(l.Key.Item), Title: l.Title, Wanted: l.Wanted, Shipped: l.Shipped, Returned: l.Returned}
			switch p.flaw {
			case "keys lines by listing":
				line.Key = l.Key.Item
			case "forgets edits":
				line.Wanted = l.Ordered
			case "forgets returns":
				line.Returned = 0
			case "forgets shipments":
				line.Shipped = 0
			case "names listings by code":
				line.Ref = channel.Ref(l.Code)
			case "cuts titles by bytes":
				line.Title = l.Title[:min(len(l.Title), 8)]
			}
			if line.Wanted > line.Shipped {
				s.State = order.Open
			}
			if p.flaw != "keeps a hundred lines" || len(s.Lines) < 100 {
				s.Lines = append(s.Lines, line)
			}
		}
		if o.Cancelled && p.flaw != "forgets cancels" {
			s.State = order.Cancelled
		}
		snapshots = append(snapshots, s)
	}
	return snapshots
}

func (p *plain) RefreshOrders(ctx context.Context, known []order.Known) ([]order.Snapshot, error) {
	if len(known) == 0 && p.flaw != "asks for nothing" {
		return nil, nil
	}
	asked := p.deps.Clock.Now()
	var q plainQuestion
	for _, k := range known {
		q.Numbers = append(q.Numbers, k.Number)
	}
	a, err := p.ask(ctx, "order", q)
	if err != nil {
		return nil, err
	}
	snapshots := p.snapshots(a.Orders, asked)
	for _, k := range known {
		if p.flaw != "forgets orders that are gone" && !slices.ContainsFunc(snapshots, func(s order.Snapshot) bool { return s.Number == k.Number }) {
			snapshots = append(snapshots, order.Snapshot{Number: k.Number, PlacedAt: k.PlacedAt, State: order.Open, Incomplete: true,
				Version: order.Version{AskedAt: asked}, Problems: []string{"the shop has no such order"}})
		}
	}
	return snapshots, nil
}

func (p *plain) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	outcomes := make([]channel.Outcome, len(updates))
	var q plainQuestion
	var sent []int
	for i, u := range updates {
		n, limited := u.Want.Units()
		w := plainWrite{Ref: string(u.Ref), Units: n, Unlimited: !limited, Key: u.Key}
		if u.Expect != nil && p.can.Write == channel.CompareAndSet && p.flaw != "ignores what it should expect" {
			expected, _ := u.Expect.Units()
			w.Expect = &expected
		}
		if !p.can.Keyed || p.flaw == "sends no key" {
			w.Key = ""
		}
		refuse := func(kind channel.ErrorKind) {
			outcomes[i] = channel.Outcome{State: channel.Refused, Err: &channel.Error{Kind: kind, Op: "push", NotDone: true}}
		}
		switch {
		case n > 5000 && p.flaw == "cuts what is too large":
			w.Units = 5000
		case n > 5000:
			refuse(channel.Invalid)
			continue
		case !limited && p.flaw == "sends 9999 for unlimited":
			w.Unlimited, w.Units = false, 4999
		case !limited && !p.can.Unlimited:
			refuse(channel.Unsupported)
			continue
		}
		q.Writes, sent = append(q.Writes, w), append(sent, i)
	}
	if len(sent) == 0 {
		return outcomes, nil
	}
	a, err := p.ask(ctx, "push", q)
	if err != nil {
		return nil, err
	}
	if len(a.Results) != len(sent) && p.flaw != "reads anything" {
		return nil, &channel.Error{Kind: channel.Unreadable, Op: "push"}
	}
	for n, r := range a.Results {
		outcomes[sent[n]] = p.outcome(r)
		if r.State == "done" || r.State == "conflict" {
			shown := stock.Units(r.Shown)
			outcomes[sent[n]].Shown = &shown
		}
	}
	switch p.flaw {
	case "turns the outcomes round":
		slices.Reverse(outcomes)
	case "fails all for one":
		for _, o := range outcomes {
			if o.State == channel.Refused {
				for i := range outcomes {
					outcomes[i] = o
				}
			}
		}
	}
	return outcomes, nil
}

func (p *plain) outcome(r plainResult) channel.Outcome {
	switch {
	case r.State == "done", p.flaw == "takes accepted for applied" && r.State == "open":
		return channel.Outcome{State: channel.Applied}
	case r.State == "open":
		return channel.Outcome{State: channel.Accepted, Ticket: channel.Ticket(r.Ticket)}
	case r.State == "conflict" && p.flaw != "takes conflicts for refusals":
		return channel.Outcome{State: channel.Conflict, Err: &channel.Error{Kind: channel.Invalid, Op: "push", NotDone: true}}
	}
	kind := channel.NotFound
	if p.flaw == "does not know what is gone" {
		kind = channel.Invalid
	}
	return channel.Outcome{State: channel.Refused, Err: &channel.Error{Kind: kind, Op: "push", NotDone: true}}
}

func (p *plain) ConfirmPush(ctx context.Context, tickets []channel.Ticket) ([]channel.Outcome, error) {
	if len(tickets) == 0 {
		return nil, nil
	}
	var q plainQuestion
	for _, ticket := range tickets {
		q.Tickets = append(q.Tickets, string(ticket))
	}
	a, err := p.ask(ctx, "confirm", q)
	if err != nil {
		return nil, err
	}
	var outcomes []channel.Outcome
	for _, r := range a.Results {
		outcomes = append(outcomes, p.outcome(r))
	}
	return outcomes, nil
}

func (p *plain) ReadStock(ctx context.Context, refs []channel.Ref) ([]channel.Shown, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	var q plainQuestion
	for _, ref := range refs {
		q.Refs = append(q.Refs, string(ref))
	}
	a, err := p.ask(ctx, "read", q)
	if err != nil {
		return nil, err
	}
	shown := make([]channel.Shown, len(refs))
	for i, ref := range refs {
		shown[i].Ref = ref
		for _, item := range a.Items {
			if item.Ref == string(ref) {
				shown[i] = channel.Shown{Ref: ref, Found: true, Quantity: stock.Units(item.Units), At: item.Updated.UTC()}
				if item.Unlimited {
					shown[i].Quantity = stock.Unlimited
				}
			}
		}
		if p.flaw == "reads a missing listing as 0" {
			shown[i].Found = true
		}
	}
	if p.flaw == "reads in the mall's order" {
		slices.SortFunc(shown, func(a, b channel.Shown) int { return cmp.Compare(a.Ref, b.Ref) })
	}
	return shown, nil
}

func (p *plain) ListListings(ctx context.Context, since channel.Cursor) (channel.ListingPage, error) {
	a, err := p.ask(ctx, "list", plainQuestion{After: string(since)})
	if err != nil {
		return channel.ListingPage{}, err
	}
	page := channel.ListingPage{More: a.More && p.flaw != "lists one page"}
	for _, item := range a.Items {
		q := stock.Units(item.Units)
		page.Listings = append(page.Listings, channel.Listing{Ref: channel.Ref(item.Ref), Codes: []match.Code{{Kind: match.SKU, Text: item.Code}}, Title: item.Title, Quantity: &q})
		page.Next = channel.Cursor(item.Ref)
	}
	return page, nil
}

func (p *plain) Check(ctx context.Context) (channel.Checked, error) {
	if p.flaw == "checks nothing" {
		return channel.Checked{}, nil
	}
	_, err := p.ask(ctx, "order", plainQuestion{})
	return channel.Checked{}, err
}

func (p *plain) VerifyWebhook(header http.Header, body []byte) error {
	if p.flaw == "believes any webhook" || hmac.Equal([]byte(plainSign(body)), []byte(header.Get("X-Sign"))) {
		return nil
	}
	return &channel.Error{Kind: channel.Auth, Op: "webhook"}
}

func plainHarness(can channel.Can, flaw string) Harness {
	return Harness{Spec: plainSpec(can, flaw), PageOrders: plainPage, PageListings: plainItems,
		New: func(t *testing.T, s Setup) Bench { return plainBench(t, s, can.Async) }}
}

func TestWholeConnector(t *testing.T) { Run(t, plainHarness(whole, "")) }

func TestBareConnector(t *testing.T) { Run(t, plainHarness(bare, "")) }

func TestWholeConnectorThroughShop(t *testing.T) { Run(t, ThroughShop(plainHarness(whole, ""))) }

// flaw makes this test binary run the suite on a wrong connector; TestFlawsAreFound starts it so.
var flaw = flag.String("flaw", "", "run TestFlawed on a connector with this flaw")

func TestFlawed(t *testing.T) {
	if name, isBare := strings.CutPrefix(*flaw, "bare: "); isBare {
		Run(t, plainHarness(bare, name))
	} else if *flaw != "" {
		Run(t, plainHarness(whole, *flaw))
	}
}

// Each flaw is found by the sub-test that is there for it, which passes without the flaw in the tests above.
func TestFlawsAreFound(t *testing.T) {
	for flaw, found := range map[string]string{
		"looks back nowhere":                "Orders/ListedLate",
		"promises too much":                 "Orders/ListedLate",
		"pages by whole seconds":            "Orders/Pages",
		"looks back half":                   "Orders/EdgeOfHistory",
		"takes any cursor":                  "Orders/WrongCursor",
		"takes local time for UTC":          "Orders/One",
		"forgets when it asked":             "Orders/One",
		"names listings by code":            "Orders/One",
		"keys lines by listing":             "Orders/SameListingTwice",
		"keeps a hundred lines":             "Orders/ThousandLines",
		"cuts titles by bytes":              "Orders/RareLetters",
		"forgets edits":                     "Orders/Edit",
		"forgets cancels":                   "Orders/Cancel",
		"forgets shipments":                 "Orders/Ship",
		"forgets returns":                   "Orders/Return",
		"does not see changes":              "Orders/ChangesArePulled",
		"asks for nothing":                  "Orders/RefreshNone",
		"forgets orders that are gone":      "Orders/RefreshUnknown",
		"turns the outcomes round":          "Stock/GoneHarmsNobody",
		"fails all for one":                 "Stock/GoneHarmsNobody",
		"does not know what is gone":        "Stock/Gone",
		"ignores what it should expect":     "Stock/UnseenSaleStays",
		"takes conflicts for refusals":      "Stock/LostCompare",
		"sends no key":                      "Stock/SameKeyTwice",
		"cuts what is too large":            "Stock/TooLarge",
		"sends 9999 for unlimited":          "Stock/Unlimited",
		"bare: takes accepted for applied":  "Stock/Async",
		"reads a missing listing as 0":      "Read/Missing",
		"reads in the mall's order":         "Read/AtTheLimit",
		"calls a lost answer undone":        "Faults/timeout_after/push",
		"takes every failure for temporary": "Faults/Gateway/401",
		"shows its key":                     "Faults/Gateway/403",
		"forgets how long to wait":          "Faults/Gateway/429WithRetryAfter",
		"reads anything":                    "Faults/Gateway/Garbage",
		"ignores its context":               "Faults/CancelReturnsAtOnce",
		"tries again by itself":             "Faults/Gateway/500",
		"leaves a goroutine behind":         "Orders/EmptyShop",
		"returns errors of its own":         "Faults/Gateway/502",
		"keeps no pace":                     "Manners/Limits",
		"opens with anything":               "Manners/Settings",
		"lists one page":                    "Manners/ListingPages",
		"checks nothing":                    "Manners/Check",
		"believes any webhook":              "Manners/Webhook",
	} {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			pattern := "^TestFlawed$/^" + strings.ReplaceAll(found, "/", "$/^") + "$"
			wrong := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern, "-test.v", "-flaw="+flaw)
			out, err := wrong.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestFlawed/"+found) {
				t.Errorf("%s does not find it: %v\n%s", found, err, out)
			}
		})
	}
}
