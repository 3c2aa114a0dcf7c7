package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"soroi/internal/event"
	"soroi/internal/store"
)

// EventPage is a part of the feed.
type EventPage struct {
	Items    []event.Event `json:"items"`
	Position int64         `json:"position"` // what to ask for after this page
	More     bool          `json:"more"`
	Oldest   int64         `json:"oldest"`
	Newest   int64         `json:"newest"`
}

// Bounds of reading the feed.
const (
	mostEvents  = 1000
	usualEvents = 100
	longestWait = 60 // seconds
	// waitStep is how often a waiting caller looks by itself: another process may have written.
	waitStep = time.Second
)

// latest asks for nothing that is there already.
const latest = "latest"

func (a *API) listEvents(r *request) error {
	p := r.parameters("after", "kinds", "limit", "wait")
	q := store.FeedQuery{Limit: p.number("limit", mostEvents), Kinds: p.kinds("kinds")}
	if q.Limit == 0 {
		q.Limit = usualEvents
	}
	after, given := p.position("after")
	wait := time.Duration(p.number("wait", longestWait)) * time.Second
	if p.err != nil {
		return p.err
	}
	if q.After = after; !given {
		ends, err := a.deps.DB.FeedEnds(r.ctx(), r.token.Tenant)
		if err != nil {
			return err
		}
		q.After = ends.Oldest - 1
		if p.text("after") == latest {
			q.After = ends.Newest
		}
	}
	page, err := a.waitForEvents(r, q, wait)
	if err != nil {
		return err
	}
	answer := EventPage{Items: page.Events, Position: page.Position, More: page.More, Oldest: page.Oldest, Newest: page.Newest}
	if answer.Items == nil {
		answer.Items = []event.Event{}
	}
	return r.answer(http.StatusOK, answer)
}

// waitForEvents reads the feed, and again whenever something may have happened, until there is an event or the time is over.
func (a *API) waitForEvents(r *request, q store.FeedQuery, wait time.Duration) (store.FeedPage, error) {
	changed, stop := a.deps.Feed.Subscribe()
	defer stop()
	over := a.deps.Clock.Now().Add(wait)
	for {
		page, err := a.deps.DB.ReadFeed(r.ctx(), r.token.Tenant, q)
		left := over.Sub(a.deps.Clock.Now())
		if err != nil || len(page.Events) > 0 || left <= 0 {
			return page, err
		}
		q.After = page.Position // what was looked through need not be looked through again
		select {
		case <-r.ctx().Done():
			return page, r.ctx().Err()
		case <-changed:
		case <-a.deps.Clock.After(min(left, waitStep)):
		}
	}
}

// position is a whole number from 0. given is false when the parameter is missing or "latest".
func (p *parameters) position(name string) (n int64, given bool) {
	text := p.text(name)
	if _, there := p.values[name]; !there || text == latest {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		p.refuse(name, "%s must be a position as the answer before gave it, a whole number from 0, or the word %s, not %q.", name, latest, text)
	}
	return n, true
}

// kinds are kinds of event, divided by commas.
func (p *parameters) kinds(name string) []event.Kind {
	if _, there := p.values[name]; !there {
		return nil
	}
	kinds, err := event.ParseKinds(strings.Split(p.text(name), ","))
	var unknown *event.UnknownKindError
	if errors.As(err, &unknown) {
		p.refuse(name, "%s.", unknown)
	}
	return kinds
}
