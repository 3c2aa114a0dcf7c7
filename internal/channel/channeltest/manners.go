package channeltest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
)

func mannerTests() []test {
	return []test{
		{name: "Manners/Spec", run: mannersSpec},
		{name: "Manners/Settings", run: mannersSettings},
		{name: "Manners/Limits", run: mannersLimits},
		{name: "Manners/Restart", run: mannersRestart},
		{name: "Manners/Listings", run: mannersListings, needs: func(s channel.Spec) bool { return s.Can.ListListings }},
		{name: "Manners/ListingPages", run: mannersListingPages, needs: func(s channel.Spec) bool { return s.Can.ListListings }},
		{name: "Manners/Check", run: mannersCheck, needs: func(s channel.Spec) bool { return s.Can.Check }},
		{name: "Manners/Webhook", run: mannersWebhook, needs: func(s channel.Spec) bool { return s.Can.Webhook }},
		{name: "Manners/Subscribe", run: mannersSubscribe, needs: func(s channel.Spec) bool { return s.Can.Subscribe }},
	}
}

// numbers are the orders taken in so far, sorted; pulled is the same as snapshots.
func (b *bench) numbers() []string {
	var numbers []string
	for n := range b.taken {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers
}

func (b *bench) pulled() map[string]order.Snapshot {
	seen, _ := b.pull("")
	return seen
}

func mannersSpec(b *bench) {
	s := b.spec
	if s.Kind == "" || s.Name == "" || s.Open == nil {
		b.t.Errorf("the spec lacks kind, name or Open: %+v", s)
	}
	if s.Limits.PushItems < 1 || s.Limits.ReadItems < 1 || s.Limits.RefreshOrders < 1 || s.Limits.Largest < 1 || s.Limits.Poll <= 0 {
		b.t.Errorf("a limit is missing: %+v", s.Limits)
	}
	for _, r := range s.Limits.Rates {
		if r.Bucket == "" || r.Calls <= 0 || r.Per <= 0 || r.Burst < 1 {
			b.t.Errorf("rate %+v can never let a call through", r)
		}
	}
	if len(s.Limits.Rates) > 0 && !slices.ContainsFunc(s.Limits.Rates, func(r channel.Rate) bool { return r.Bucket == s.Limits.PushBucket }) {
		b.t.Errorf("pushes draw from bucket %q, which has no rate", s.Limits.PushBucket)
	}
	if !slices.Contains([]channel.Write{channel.Overwrite, channel.Delta, channel.CompareAndSet}, s.Can.Write) {
		b.t.Errorf("Can.Write is %q", s.Can.Write)
	}
	seen := map[string]bool{}
	for _, f := range s.Fields {
		if f.Key == "" || f.Label == "" || f.LabelEN == "" || seen[f.Key] {
			b.t.Errorf("field %+v lacks key or labels, or comes twice", f)
		}
		seen[f.Key] = true
	}
	if !seen[channel.BaseURL] {
		b.t.Errorf("the settings have no %s", channel.BaseURL)
	}
	for what, both := range map[string][2]bool{
		"Lister":     {s.Can.ListListings, is[channel.Lister](b.conn)},
		"Confirmer":  {s.Can.Async, is[channel.Confirmer](b.conn)},
		"Notified":   {s.Can.Webhook, is[channel.Notified](b.conn)},
		"Subscriber": {s.Can.Subscribe, is[channel.Subscriber](b.conn)},
		"Checker":    {s.Can.Check, is[channel.Checker](b.conn)},
	} {
		if both[0] && !both[1] {
			b.t.Errorf("Can declares it, but %T is no %s", b.conn, what)
		}
	}
}

func is[T any](v any) bool { _, ok := v.(T); return ok }

// Each required field is missed by name when it is empty, and secrets do not print.
func mannersSettings(b *bench) {
	if wrong := b.Settings.Check(b.spec, true); len(wrong) != 0 {
		b.t.Errorf("the harness's settings are wrong: %v", wrong[0])
	}
	for _, f := range b.spec.Fields {
		if !f.Required || f.Default != "" {
			continue
		}
		less := channel.Settings{}
		for k, v := range b.Settings {
			if k != f.Key {
				less[k] = v
			}
		}
		_, err := b.spec.Open(less, b.newDeps())
		var field string
		if e, ok := err.(*channel.FieldError); ok {
			field = e.Field
		}
		if field != f.Key {
			b.t.Errorf("opening without %s: %v, want a FieldError that names it", f.Key, err)
		}
	}
	for _, printed := range []string{fmt.Sprintf("%v", b.conn), fmt.Sprintf("%+v", b.conn), fmt.Sprintf("%#v", b.conn), fmt.Sprintf("%s", b.conn)} {
		for _, secret := range b.Secrets {
			if strings.Contains(printed, secret) {
				b.t.Error("printing the connector shows a secret")
			}
		}
	}
}

// Whatever is asked at once, the mall never has to say "too many".
func mannersLimits(b *bench) {
	refs := b.listMany(40, 100)
	for _, ref := range refs[:10] {
		b.Place(Line{ref, 1})
	}
	b.wait(b.limits.Lateness + time.Minute)
	seen := b.pulled()
	known := b.known(seen, b.numbers()[:min(len(seen), b.limits.RefreshOrders)]...)
	var wg sync.WaitGroup
	do := func(what string, call func() error) {
		wg.Go(func() {
			if err := call(); err != nil {
				b.t.Errorf("%s under load: %v", what, err)
			}
		})
	}
	for _, ref := range refs {
		do("PushStock", func() error { _, err := b.conn.PushStock(b.ctx, []channel.Update{b.update(ref, 50, nil)}); return err })
		do("ReadStock", func() error { _, err := b.conn.ReadStock(b.ctx, []channel.Ref{ref}); return err })
		do("PullOrders", func() error { _, err := b.conn.PullOrders(b.ctx, ""); return err })
		do("RefreshOrders", func() error { _, err := b.conn.RefreshOrders(b.ctx, known); return err })
	}
	if lister, ok := b.conn.(channel.Lister); ok && b.can.ListListings {
		for range 10 {
			do("ListListings", func() error { _, err := lister.ListListings(b.ctx, ""); return err })
		}
	}
	wg.Wait()
	if n := b.Refused(); n != 0 {
		b.t.Errorf("the mall refused %d of %d calls for being too fast", n, b.transport.Calls())
	}
}

// A second connector on the same settings goes on where the first one stopped.
func mannersRestart(b *bench) {
	tea := b.list("tea", 10)
	b.Place(Line{tea, 1})
	b.wait(time.Minute)
	_, last := b.pull("")
	number := b.Place(Line{tea, 2})
	b.wait(b.limits.Lateness + time.Minute)
	b.reopen()
	if seen, _ := b.pull(last.Next); len(seen[number].Lines) != 1 {
		b.t.Errorf("after a restart order %s is not pulled with the saved cursor", number)
	}
	b.wantApplied(b.settle(b.update(tea, 4, nil)))
	b.wantShown(tea, 4)
}

func (b *bench) listings() map[channel.Ref]channel.Listing {
	b.t.Helper()
	got := map[channel.Ref]channel.Listing{}
	var since channel.Cursor
	for range 10_000 {
		page, err := b.conn.(channel.Lister).ListListings(b.ctx, since)
		if err != nil {
			b.t.Fatalf("ListListings(%q): %v", since, err)
		}
		for _, l := range page.Listings {
			got[l.Ref] = l
		}
		if !page.More {
			return got
		}
		since = page.Next
	}
	b.t.Fatal("listing never ends")
	return nil
}

func mannersListings(b *bench) {
	if got := b.listings(); len(got) != 0 {
		b.t.Errorf("an empty shop lists %+v", got)
	}
	tea := b.AddListing(Listing{Code: "tea-01", Title: "湯呑み 🍵 髙﨑窯", Units: 3})
	cup := b.AddListing(Listing{Code: "cup-02", Title: "茶碗", Units: 0})
	got := b.listings()
	for ref, want := range map[channel.Ref]Listing{tea: {"tea-01", "湯呑み 🍵 髙﨑窯", 3, false}, cup: {"cup-02", "茶碗", 0, false}} {
		l, ok := got[ref]
		if !ok || !slices.ContainsFunc(l.Codes, func(c match.Code) bool { return c.Text == want.Code }) || !strings.Contains(l.Title, want.Title) {
			b.t.Errorf("listing %s came as %+v (found: %t), want code %s and title %s", ref, l, ok, want.Code, want.Title)
		}
		if l.Quantity != nil && *l.Quantity != stock.Units(want.Units) {
			b.t.Errorf("listing %s shows %s, want %d", ref, l.Quantity, want.Units)
		}
	}
	if len(got) != 2 {
		b.t.Errorf("the shop lists %d listings, want 2", len(got))
	}
}

func mannersListingPages(b *bench) {
	refs := b.listMany(b.h.PageListings+5, 2)
	page, err := b.conn.(channel.Lister).ListListings(b.ctx, "")
	if err != nil {
		b.t.Fatal(err)
	}
	if !page.More {
		b.t.Fatalf("%d listings came in one page: Harness.PageListings is too small", len(page.Listings))
	}
	got := b.listings()
	for _, ref := range refs {
		if _, ok := got[ref]; !ok {
			b.t.Errorf("listing %s is missing", ref)
		}
	}
	if len(got) != len(refs) {
		b.t.Errorf("the shop lists %d listings, want %d", len(got), len(refs))
	}
}

func mannersCheck(b *bench) {
	checker := b.conn.(channel.Checker)
	checked, err := checker.Check(b.ctx)
	if err != nil {
		b.t.Fatalf("checking valid credentials: %v", err)
	}
	if !checked.Expires.IsZero() && !checked.Expires.After(b.clock.Now()) {
		b.t.Errorf("valid credentials ended at %v", checked.Expires)
	}
	b.Inject(Unauthorized, Any)
	_, err = checker.Check(b.ctx)
	wantKind(b, "Check with credentials that the shop refuses", err, []channel.ErrorKind{channel.Auth})
}

func mannersWebhook(b *bench) {
	tea := b.list("tea", 10)
	number := b.Place(Line{tea, 1})
	notified := b.conn.(channel.Notified)
	header, body := b.Webhook(number)
	if err := notified.VerifyWebhook(header, body); err != nil {
		b.t.Errorf("the shop's own webhook: %v", err)
	}
	tampered := bytes.Clone(body)
	tampered[len(tampered)/2] ^= 1
	for what, err := range map[string]error{
		"a changed body":     notified.VerifyWebhook(header, tampered),
		"a body cut short":   notified.VerifyWebhook(header, body[:len(body)-1]),
		"no headers at all":  notified.VerifyWebhook(nil, body),
		"somebody's own key": notified.VerifyWebhook(scrambled(header), body),
	} {
		wantKind(b, "a webhook with "+what, err, []channel.ErrorKind{channel.Auth})
	}
}

// Subscribing twice is subscribing once, what a stumble left half done is completed, and a move leaves nothing behind.
func mannersSubscribe(b *bench) {
	if !b.spec.Can.Webhook {
		b.t.Error("Can.Subscribe without Can.Webhook: what the shop sends could not be verified")
	}
	const here, there = "https://soroi.example/hooks/1/2", "https://soroi.test/hooks/1/2"
	subscriber := b.conn.(channel.Subscriber)
	subscribe := func(address, former string) {
		b.t.Helper()
		if err := subscriber.Subscribe(b.ctx, address, former); err != nil {
			b.t.Fatalf("subscribe %s: %v", address, err)
		}
	}
	b.Inject(TimeoutAfter, Any)
	if err := subscriber.Subscribe(b.ctx, here, ""); err == nil {
		b.t.Error("subscribed, though every answer was lost")
	}
	b.Heal()
	subscribe(here, "")
	events := b.Subscribed()[here]
	if events == 0 {
		b.t.Fatalf("the shop sends nothing to %s: %v", here, b.Subscribed())
	}
	subscribe(here, here)
	subscribe(here, there)
	if got := b.Subscribed(); !maps.Equal(got, map[string]int{here: events}) {
		b.t.Errorf("subscribed again: %v, want %d kinds of event", got, events)
	}
	subscribe(there, here)
	if got := b.Subscribed(); !maps.Equal(got, map[string]int{there: events}) {
		b.t.Errorf("after the move: %v, want %d kinds of event at %s", got, events, there)
	}
	err := subscriber.Subscribe(b.ctx, "http://soroi.example/hooks/1/2", there)
	wantKind(b, "an address without TLS", err, []channel.ErrorKind{channel.Invalid})
	if got := b.Subscribed(); !maps.Equal(got, map[string]int{there: events}) {
		b.t.Errorf("after a refused address: %v", got)
	}
}

// scrambled is the header with each value written backwards: of the right form, and signed by nobody.
func scrambled(h map[string][]string) map[string][]string {
	wrong := map[string][]string{}
	for name, values := range h {
		for _, v := range values {
			turned := []byte(v)
			slices.Reverse(turned)
			wrong[name] = append(wrong[name], string(turned))
		}
	}
	return wrong
}
