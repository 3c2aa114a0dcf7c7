package web

import (
	"io"
	"net/http"
	"net/url"
	"time"
)

// The pace of a stream: at most one message per liveGap, and one after liveAnyway even when this process saw no change, since another
// process may have made one.
const (
	liveGap    = time.Second
	liveAnyway = 5 * time.Second
)

// live is a stream that says when something on the screens may have changed. It carries no data: each part of a page fetches itself.
func (s *site) live(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	changed, stop := s.Engine.Subscribe()
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	send := func(message string) bool {
		_, err := io.WriteString(w, message)
		return err == nil && out.Flush() == nil
	}
	if !send("retry: 2000\n\n") {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-s.Clock.After(liveAnyway):
		}
		if !send("event: changed\ndata:\n\n") {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.Clock.After(liveGap):
		}
	}
}

func escapeQuery(text string) string { return url.QueryEscape(text) }
