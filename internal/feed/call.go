package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"soroi/internal/event"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// How many webhooks this process calls at once. One tenant's slow receivers leave room for the others'.
const (
	mostCalling       = 32
	mostCallingTenant = 4
	// mostInTurn is how many calls of one webhook are made before others get its place.
	mostInTurn = 20
	// holdMargin is what a lease lasts longer than the call under it, so that a process which records late is still alone.
	holdMargin = 5 * time.Second
)

// call starts to call the webhooks that there is something to give to.
func (s *Service) call(ctx context.Context, calls *sync.WaitGroup) {
	s.each(ctx, "find webhooks to call", func(tenant stock.TenantID) error {
		due, err := s.db.DueWebhooks(ctx, tenant)
		if err != nil {
			return err
		}
		for _, id := range due {
			key := hookKey{tenant, id}
			if !s.enter(key) {
				continue
			}
			calls.Go(func() {
				defer s.leave(key)
				if err := s.give(ctx, key); err != nil && ctx.Err() == nil {
					s.log.Error("call webhook", "tenant", tenant, "webhook", id, "error", err)
				}
			})
		}
		return nil
	})
}

// enter takes a place for calling a webhook, if there is one.
func (s *Service) enter(key hookKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calling[key] || len(s.calling) >= mostCalling || s.tenants[key.tenant] >= mostCallingTenant {
		return false
	}
	s.calling[key] = true
	s.tenants[key.tenant]++
	return true
}

func (s *Service) leave(key hookKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calling, key)
	if s.tenants[key.tenant]--; s.tenants[key.tenant] == 0 {
		delete(s.tenants, key.tenant)
	}
}

// give makes a webhook's calls, one after the other, until there is nothing left to give or one was not taken.
func (s *Service) give(ctx context.Context, key hookKey) error {
	for range mostInTurn {
		call, ok, err := s.db.BeginCall(ctx, key.tenant, key.webhook, s.holder, s.options.CallTimeout+holdMargin)
		if err != nil || !ok {
			return err
		}
		result, asked := s.send(ctx, call)
		recording := context.WithoutCancel(ctx)
		if ctx.Err() != nil && !result.Taken() {
			return s.db.DropCall(recording, key.tenant, call)
		}
		state, err := s.db.EndCall(recording, key.tenant, call, result, func(failures int64) time.Duration {
			s.mu.Lock()
			defer s.mu.Unlock()
			return event.Retry(failures, asked, s.random)
		})
		if errors.Is(err, store.ErrLeaseLost) {
			s.log.Warn("webhook was taken over by another process, or removed", "tenant", key.tenant, "webhook", key.webhook)
			return nil
		}
		if err != nil {
			return err
		}
		s.log.Debug("webhook called", "tenant", key.tenant, "webhook", key.webhook, "events", call.Events, "status", result.Status, "attempt", call.Attempt)
		if state == store.WebhookStopped {
			s.log.Warn("webhook stopped", "tenant", key.tenant, "webhook", key.webhook, "status", result.Status, "error", result.Error)
		}
		if !result.Taken() {
			return nil
		}
	}
	return nil
}

// Ping tries a webhook out, whatever its state, and returns what came of it. It gives no events.
func (s *Service) Ping(ctx context.Context, tenant stock.TenantID, id store.WebhookID) (store.CallRow, error) {
	call, err := s.db.BeginPing(ctx, tenant, id)
	if err != nil {
		return store.CallRow{}, err
	}
	result, _ := s.send(ctx, call)
	return s.db.EndPing(context.WithoutCancel(ctx), tenant, call, result)
}

// What is read of a receiver's answer, and what is kept of it.
const (
	largestAnswer = 64 << 10
	keptAnswer    = 300
)

// send makes one call. asked is how long the receiver wants to be left alone. Whatever goes wrong is part of the result.
func (s *Service) send(ctx context.Context, call store.Call) (result store.CallResult, asked time.Duration) {
	start := s.clock.Now()
	defer func() { result.Took = max(s.clock.Now().Sub(start), 0) }()
	// What was allowed once may be forbidden by now.
	if err := s.CheckURL(call.URL); err != nil {
		return store.CallResult{Error: err.Error()}, 0
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel(nil)
	watch.Go(func() {
		select {
		case <-s.clock.After(s.options.CallTimeout):
			cancel(errTimeout)
		case <-ctx.Done():
		}
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, call.URL, bytes.NewReader(call.Body))
	if err != nil {
		return store.CallResult{Error: withoutURL(err)}, 0
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {"soroi-webhook/1"},
		// The convention's names are in small letters; HTTP does not tell them apart.
		http.CanonicalHeaderKey(event.HeaderID):        {call.ID},
		http.CanonicalHeaderKey(event.HeaderTimestamp): {strconv.FormatInt(start.Unix(), 10)},
		http.CanonicalHeaderKey(event.HeaderSignature): {event.Signature(call.ID, start, call.Body, call.Secrets...)}}
	resp, err := s.client.Do(req)
	if err != nil {
		return store.CallResult{Error: s.words(ctx, err)}, 0
	}
	defer resp.Body.Close()
	// The status is the answer: what its body is cut off to does not change it.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, largestAnswer))
	return store.CallResult{Status: resp.StatusCode, Answer: firstOf(body)}, retryAfter(resp.Header.Get("Retry-After"), start)
}

// words says what went wrong with a call, without its address: a query may hold a key.
func (s *Service) words(ctx context.Context, err error) string {
	if cause := context.Cause(ctx); errors.Is(cause, errTimeout) {
		return fmt.Sprintf("%s %s", noAnswer, s.options.CallTimeout)
	}
	return withoutURL(err)
}

const noAnswer = "no answer within"

// Trouble is what an error of a call is about, for those who say it in other words: "timeout", an AddressError's code, or "connection".
func Trouble(callError string) string {
	switch {
	case strings.HasPrefix(callError, noAnswer):
		return "timeout"
	case callError == errPrivate.Reason:
		return errPrivate.Code
	}
	return "connection"
}

func withoutURL(err error) string {
	var private *AddressError
	if errors.As(err, &private) {
		return private.Error()
	}
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

// firstOf is the beginning of an answer, fit for a screen.
func firstOf(body []byte) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(body[:min(len(body), 4*keptAnswer)]), "�"))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), keptAnswer)])
}

// retryAfter reads the header of that name: seconds, or a time.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
