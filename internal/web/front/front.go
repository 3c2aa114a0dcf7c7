package front

import (
	"fmt"
	"net/http"
	"time"

	"soroi/internal/channel"
	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/web/ui"
)

// Screen serves the front page.
type Screen struct {
	ui       *ui.UI
	db       *store.DB
	template *ui.Template
}

// New makes it.
func New(u *ui.UI, db *store.DB) (*Screen, error) {
	t, err := Parse(u)
	return &Screen{ui: u, db: db, template: t}, err
}

// How far back and how much the page looks.
const (
	lagMinutes    = 10
	attentionDays = 30
	listRows      = 12
	flowRows      = 12
)

// Show is GET /.
func (s *Screen) Show(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r)
	if err != nil {
		return err
	}
	return s.template.Page(w, http.StatusOK, page)
}

// Live is the part of the page that refreshes itself, which is all of it.
func (s *Screen) Live(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r)
	if err != nil {
		return err
	}
	return s.template.Fragment(w, "live", page)
}

func (s *Screen) page(r *http.Request) (*Page, error) {
	now := s.ui.Now()
	page := &Page{Page: ui.FrameOf(r, ui.SectionFront, "状況"), AsOf: now}
	f, err := s.db.LoadFront(r.Context(), page.TenantID, store.FrontQuery{LagSince: now.Add(-lagMinutes * time.Minute), Late: now.Add(-Patience),
		Since: now.AddDate(0, 0, -attentionDays), Rows: listRows, Flow: flowRows})
	if err != nil {
		return nil, fmt.Errorf("load the front page: %w", err)
	}
	if page.StoppedHooks, err = s.db.StoppedWebhooks(r.Context(), page.TenantID); err != nil {
		return nil, fmt.Errorf("count stopped webhooks: %w", err)
	}
	fill(page, f, now)
	return page, nil
}

// fill turns what the books say into what the page shows.
func fill(page *Page, f store.Front, now time.Time) {
	names := make(map[channel.ShopID]string, len(f.Shops))
	page.Lag = Lag{P50: f.Lag.P50, P99: f.Lag.P99, Items: f.Lag.Items, Minutes: lagMinutes}
	c := &page.Counts
	c.Behind, c.Late, c.Orders, c.Oversells = f.BehindAll, f.LateAll, f.Sales, int64(len(f.Oversold))
	for _, s := range f.Shops {
		names[s.Shop.ID] = s.Shop.Name
		c.Shops++
		c.Listings += s.Linked
		c.Unlinked += s.Unlinked
		if s.Shop.Mode == store.Live {
			c.LiveShops++
		}
		page.Shops = append(page.Shops, shop(s, now))
		if trouble, ok := s.Trouble(); ok && s.Shop.Mode != store.Paused && !s.Shop.InOutage(now) && standing(trouble, now) {
			words := page.Lang.TroubleOf(trouble.ErrorKind)
			page.Troubles = append(page.Troubles, Trouble{ShopID: int64(s.Shop.ID), Shop: s.Shop.Name, Tone: ui.Bad, What: words.What, Next: words.Next,
				Code: trouble.ErrorCode, Message: trouble.ErrorText, Since: trouble.FailedAt})
		}
	}
	c.Troubles = int64(len(page.Troubles))
	for _, b := range f.Behind {
		row := Behind{Code: b.SKUCode, Name: b.SKUName, Shop: names[b.Shop], Shown: b.Believed(), State: ui.State(b.State), Since: b.DueSince, Late: now.Sub(b.DueSince) > Patience}
		if b.Target != nil {
			row.Target = *b.Target
		}
		page.Behind = append(page.Behind, row)
	}
	c.Waiting, c.WaitingUnits, c.WaitingMore = f.Waiting.Lines, f.Waiting.Units, f.Waiting.More
	for _, l := range f.Waits {
		page.Waits = append(page.Waits, Wait{Shop: names[l.Shop], Number: l.Number, Code: l.Code, Title: l.Title, Units: l.Units, Since: l.SeenAt})
	}
	for _, o := range f.Attention {
		row := Order{Shop: names[o.Shop], Number: o.Number, PlacedAt: o.PlacedAt, Problems: o.Problems, LateCancel: o.LateCancel}
		page.Orders = append(page.Orders, row)
	}
	for _, o := range f.Oversold[:min(len(f.Oversold), listRows)] {
		page.Oversells = append(page.Oversells, Oversell{Code: o.Code, Name: o.Name, Units: -o.Balance.Available(), Shop: names[o.Shop], Document: o.Document, At: o.At})
	}
	for _, l := range f.Flow {
		page.Flow = append(page.Flow, flow(l, names))
	}
	page.Answer = Judge(page.Lang, page.Counts)
}

func shop(s store.ShopStatus, now time.Time) Shop {
	line := Shop{ID: int64(s.Shop.ID), Name: s.Shop.Name, Lag: Lag{P50: s.Lag.P50, P99: s.Lag.P99, Items: s.Lag.Items}, PulledAt: s.Pulled()}
	for lane := store.ToZero; lane < store.FullPass; lane++ {
		line.Backlog += s.Backlog[lane]
	}
	var problem channel.ErrorKind
	if trouble, ok := s.Trouble(); ok && standing(trouble, now) {
		problem = trouble.ErrorKind
	}
	line.State = ui.ShopStateOf(ui.State(s.Shop.Mode), s.Shop.InOutage(now), problem)
	return line
}

// standing tells whether a shop's failure is more than a passing one: its loop has not worked since for longer than Patience, or a
// person must do something.
func standing(l store.Loop, now time.Time) bool {
	return l.ErrorKind == channel.Auth || now.Sub(l.SucceededAt) > 2*Patience
}

func flow(l store.FlowLine, names map[channel.ShopID]string) Flow {
	f := Flow{ID: l.Number + " " + l.Line, At: l.PlacedAt, Kind: stock.Claimed, Cause: stock.ByOrder, Shop: names[l.Shop], Document: l.Number, Code: l.Code, Name: l.Name,
		CommittedDelta: l.Wanted, Available: l.Balance.Available(), Others: l.Others, Cancelled: l.State == order.Cancelled}
	for _, listing := range l.Listings {
		if listing.Shop == l.Shop {
			continue
		}
		p := Push{Shop: names[listing.Shop], Shown: listing.Expected, State: ui.State(listing.State)}
		if listing.State == store.StateInLine && listing.AnsweredAt.After(l.PlacedAt) && listing.SentAt.After(l.SeenAt) {
			p.Lag = listing.AnsweredAt.Sub(l.PlacedAt)
		}
		f.Pushes = append(f.Pushes, p)
	}
	return f
}
