package api

import (
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"soroi/internal/event"
	"soroi/internal/feed"
	"soroi/internal/store"
)

// Webhook is an address that is given events.
type Webhook struct {
	ID             int64              `json:"id"`
	Name           string             `json:"name"`
	URL            string             `json:"url"`
	Kinds          []event.Kind       `json:"kinds"` // empty for all
	Most           int                `json:"most"`
	State          store.WebhookState `json:"state"`
	StopReason     *string            `json:"stop_reason"`
	Position       int64              `json:"position"`
	Waiting        int64              `json:"waiting"`
	Failures       int64              `json:"failures"`
	FailingSince   *time.Time         `json:"failing_since"`
	NextAt         *time.Time         `json:"next_at"`
	TakenAt        *time.Time         `json:"taken_at"`
	OldSecretUntil *time.Time         `json:"old_secret_until"`
	CreatedBy      string             `json:"created_by"`
	CreatedAt      time.Time          `json:"created_at"`
}

// Webhooks are all of a tenant's.
type Webhooks struct {
	Items []Webhook `json:"items"`
}

// NewWebhook is a webhook with the secret that is shown once.
type NewWebhook struct {
	Webhook Webhook `json:"webhook"`
	Secret  string  `json:"secret"`
}

// WebhookCall is one call of a webhook, as it is remembered.
type WebhookCall struct {
	Number  int64     `json:"number"`
	Type    string    `json:"type"`
	ID      string    `json:"id"`
	First   int64     `json:"first"`
	Last    int64     `json:"last"`
	Events  int       `json:"events"`
	Attempt int64     `json:"attempt"`
	SentAt  time.Time `json:"sent_at"`
	Took    float64   `json:"took"` // seconds
	Status  *int      `json:"status"`
	Error   *string   `json:"error"`
	Answer  string    `json:"answer"`
	Taken   bool      `json:"taken"`
}

// WebhookCalls is a page of them, the newest first.
type WebhookCalls struct {
	Items      []WebhookCall `json:"items"`
	NextCursor *string       `json:"next_cursor"`
}

// Bounds of a webhook.
const (
	longestWebhookName = 80
	usualMost          = 100
	usualOverlap       = 24 // hours
	longestOverlap     = 7 * 24
)

func webhookOf(w store.Webhook) Webhook {
	kinds := w.Kinds
	if kinds == nil {
		kinds = []event.Kind{}
	}
	return Webhook{ID: int64(w.ID), Name: w.Name, URL: w.URL, Kinds: kinds, Most: w.Most, State: w.State, StopReason: filled(w.StopReason), Position: w.Position, Waiting: w.Waiting,
		Failures: w.Failures, FailingSince: instant(w.FailingSince), NextAt: instant(w.NextAt), TakenAt: instant(w.TakenAt), OldSecretUntil: instant(w.OldUntil),
		CreatedBy: w.Actor, CreatedAt: w.CreatedAt}
}

func callOf(c store.CallRow) WebhookCall {
	call := WebhookCall{Number: c.Number, Type: c.Kind, ID: c.ID, First: c.First, Last: c.Last, Events: c.Events, Attempt: c.Attempt, SentAt: c.SentAt, Took: c.Took.Seconds(),
		Error: filled(c.Error), Answer: c.Answer, Taken: c.Taken()}
	if c.Status != 0 {
		call.Status = &c.Status
	}
	return call
}

// filled is a text that may be missing.
func filled(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (a *API) listWebhooks(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	list, err := a.deps.DB.ListWebhooks(r.ctx(), r.token.Tenant)
	if err != nil {
		return err
	}
	answer := Webhooks{Items: []Webhook{}}
	for _, w := range list {
		answer.Items = append(answer.Items, webhookOf(w))
	}
	return r.answer(http.StatusOK, answer)
}

// webhook reads the webhook of the path.
func (a *API) webhook(r *request) (store.Webhook, error) {
	if err := r.parameters().err; err != nil {
		return store.Webhook{}, err
	}
	return a.findWebhook(r)
}

func (a *API) findWebhook(r *request) (store.Webhook, error) {
	text := r.r.PathValue("id")
	missing := problem(unknownWebhook, "No webhook has the number %q. GET /api/v1/webhooks lists all.", text)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return store.Webhook{}, missing
	}
	w, err := a.deps.DB.LoadWebhook(r.ctx(), r.token.Tenant, store.WebhookID(id))
	if errors.Is(err, store.ErrNotFound) {
		return w, missing
	}
	return w, err
}

func (a *API) loadWebhook(r *request) error {
	w, err := a.webhook(r)
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, webhookOf(w))
}

// form reads what a body says about a webhook, over what it was. The state is "" where the body says none.
func (a *API) form(r *request, was store.WebhookForm, required ...string) (form store.WebhookForm, state store.WebhookState, err error) {
	v, err := r.read()
	if err != nil {
		return form, "", err
	}
	b, form := &body{}, was
	optional := []string{"name", "url", "kinds", "most"}
	if len(required) == 0 {
		optional = append(optional, "state")
	}
	object, ok := b.object(v, "", required, optional)
	if !ok {
		return form, "", b.problem()
	}
	if _, there := object["name"]; there {
		form.Name = strings.TrimSpace(b.text(object, "name", "", 1, longestWebhookName))
		if form.Name == "" {
			b.wrong("/name", "must not be empty.")
		}
	}
	if _, there := object["url"]; there {
		form.URL = b.text(object, "url", "", 1, 2000)
		var refused *feed.AddressError
		if errors.As(a.deps.Feed.CheckURL(form.URL), &refused) {
			b.wrong("/url", "%s.", refused)
		}
	}
	if _, there := object["most"]; there {
		form.Most = int(b.number(object, "most", "", 1, store.LargestMost))
	}
	if v, there := object["kinds"]; there {
		form.Kinds = b.kinds(v)
	}
	state = store.WebhookState(b.choice(object, "state", "", string(store.WebhookActive), string(store.WebhookPaused)))
	return form, state, b.problem()
}

func (b *body) kinds(v any) []event.Kind {
	list, ok := v.([]any)
	if !ok {
		b.wrong("/kinds", "must be an array, not %s.", typeOf(v))
		return nil
	}
	var words []string
	for i, v := range list {
		word, ok := v.(string)
		if !ok {
			b.wrong("/kinds/"+strconv.Itoa(i), "must be a string, not %s.", typeOf(v))
			continue
		}
		words = append(words, word)
	}
	kinds, err := event.ParseKinds(words)
	if err != nil {
		b.wrong("/kinds", "%s.", err)
	}
	return kinds
}

func taken(err error, name string) error {
	var conflict *store.ConflictError
	if errors.As(err, &conflict) {
		return problem(nameTaken, "A webhook has the name %q already. Give this one another name.", name)
	}
	return err
}

func (a *API) addWebhook(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	form, _, err := a.form(r, store.WebhookForm{Most: usualMost}, "name", "url")
	if err != nil {
		return err
	}
	w, secret, err := a.deps.DB.AddWebhook(r.ctx(), r.token.Tenant, form, r.token.Name)
	if err != nil {
		return taken(err, form.Name)
	}
	r.w.Header().Set("Location", "/api/v1/webhooks/"+strconv.FormatInt(int64(w.ID), 10))
	return r.answer(http.StatusCreated, NewWebhook{webhookOf(w), secret.Reveal()})
}

func (a *API) changeWebhook(r *request) error {
	w, err := a.webhook(r)
	if err != nil {
		return err
	}
	was := store.WebhookForm{Name: w.Name, URL: w.URL, Kinds: w.Kinds, Most: w.Most}
	form, state, err := a.form(r, was)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(form, was) {
		if err := a.deps.DB.SetWebhook(r.ctx(), r.token.Tenant, w.ID, form); err != nil {
			return taken(err, form.Name)
		}
	}
	switch state {
	case store.WebhookActive:
		err = a.deps.DB.ResumeWebhook(r.ctx(), r.token.Tenant, w.ID)
	case store.WebhookPaused:
		err = a.deps.DB.PauseWebhook(r.ctx(), r.token.Tenant, w.ID)
	}
	if err == nil {
		w, err = a.findWebhook(r)
	}
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, webhookOf(w))
}

func (a *API) deleteWebhook(r *request) error {
	w, err := a.webhook(r)
	if err != nil {
		return err
	}
	if err := a.deps.DB.DeleteWebhook(r.ctx(), r.token.Tenant, w.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) rotateSecret(r *request) error {
	w, err := a.webhook(r)
	if err != nil {
		return err
	}
	var v any = map[string]any{}
	if r.r.ContentLength != 0 {
		if v, err = r.read(); err != nil {
			return err
		}
	}
	b, hours := &body{}, int64(usualOverlap)
	if object, ok := b.object(v, "", nil, []string{"overlap_hours"}); ok && object["overlap_hours"] != nil {
		hours = b.number(object, "overlap_hours", "", 0, longestOverlap)
	}
	if err := b.problem(); err != nil {
		return err
	}
	secret, err := a.deps.DB.RotateSecret(r.ctx(), r.token.Tenant, w.ID, time.Duration(hours)*time.Hour, "")
	if err != nil {
		return err
	}
	if w, err = a.findWebhook(r); err != nil {
		return err
	}
	return r.answer(http.StatusOK, NewWebhook{webhookOf(w), secret.Reveal()})
}

func (a *API) replayWebhook(r *request) error {
	w, err := a.webhook(r)
	if err != nil {
		return err
	}
	v, err := r.read()
	if err != nil {
		return err
	}
	b := &body{}
	object, _ := b.object(v, "", nil, []string{"after", "from"})
	var after int64
	var from time.Time
	_, byPosition := object["after"]
	_, byTime := object["from"]
	switch {
	case len(b.errors) > 0:
	case byPosition == byTime:
		b.wrong("", "must have either after, a position, or from, a time.")
	case byPosition:
		after = b.number(object, "after", "", 0, 1<<62)
	default:
		text := b.text(object, "from", "", 1, 40)
		if from, err = time.Parse(time.RFC3339, text); err != nil && len(b.errors) == 0 {
			b.wrong("/from", "must be a time as 2026-11-25T03:00:00Z, not %q.", text)
		}
	}
	if err := b.problem(); err != nil {
		return err
	}
	if byTime {
		if after, err = a.deps.DB.FeedPositionAt(r.ctx(), r.token.Tenant, from); err != nil {
			return err
		}
	}
	if _, err = a.deps.DB.ReplayWebhook(r.ctx(), r.token.Tenant, w.ID, after); err != nil {
		if errors.Is(err, store.ErrPosition) {
			b.wrong("/after", "is after the end of the feed. GET /api/v1/events tells where that is.")
			return b.problem()
		}
		return err
	}
	if w, err = a.findWebhook(r); err != nil {
		return err
	}
	return r.answer(http.StatusOK, webhookOf(w))
}

func (a *API) pingWebhook(r *request) error {
	w, err := a.webhook(r)
	if err != nil {
		return err
	}
	call, err := a.deps.Feed.Ping(r.ctx(), r.token.Tenant, w.ID)
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, callOf(call))
}

func (a *API) listCalls(r *request) error {
	p := r.parameters("limit", "cursor")
	limit, before := p.number("limit", 200), p.number("cursor", 1<<53)
	if limit == 0 {
		limit = 50
	}
	if p.err != nil {
		return p.err
	}
	w, err := a.findWebhook(r)
	if err != nil {
		return err
	}
	list, err := a.deps.DB.ListCalls(r.ctx(), r.token.Tenant, w.ID, int64(before), limit+1)
	if err != nil {
		return err
	}
	answer := WebhookCalls{Items: []WebhookCall{}}
	for _, c := range list[:min(len(list), limit)] {
		answer.Items = append(answer.Items, callOf(c))
	}
	if len(list) > limit {
		answer.NextCursor = cursor(strconv.FormatInt(list[limit-1].Number, 10))
	}
	return r.answer(http.StatusOK, answer)
}
