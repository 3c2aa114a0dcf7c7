package channel_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// brokenBody ends with an error before it is over.
type brokenBody struct{ io.Reader }

func (b brokenBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func call(t *testing.T, answer transport) (channel.Answer, error) {
	t.Helper()
	d := channel.Deps{HTTP: &http.Client{Transport: answer}, Clock: clock.System{}, Pace: pace(1000, 1000)}
	req, err := http.NewRequest(http.MethodGet, "https://shop.example/v1?key=s3cret", nil)
	if err != nil {
		t.Fatal(err)
	}
	return d.Call(t.Context(), "orders", "calls", 1, req)
}

func answering(status int, contentType string, body io.Reader) transport {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(body)}, nil
	}
}

func TestCall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answer  transport
		kind    channel.ErrorKind // "" when there is an answer
		notDone bool
	}{
		{"an answer", answering(200, "application/json", strings.NewReader("{}")), "", false},
		{"an error page is an answer for the connector", answering(500, "text/html", strings.NewReader("<html>")), "", false},
		{"a maintenance page with status 200", answering(200, "text/html; charset=EUC-JP", strings.NewReader("メンテナンス")), channel.Maintenance, false},
		{"a page that does not say so", answering(200, "", strings.NewReader("\n <!DOCTYPE HTML><title>")), channel.Maintenance, false},
		{"a body that breaks off", answering(200, "application/json", brokenBody{strings.NewReader("{")}), channel.Unreadable, false},
		{"a body without end", answering(200, "application/json", io.LimitReader(zeros{}, channel.LargestAnswer+1)), channel.Unreadable, false},
		{"nobody listens", func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }, channel.Temporary, true},
		{"the connection breaks", func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET }, channel.Temporary, false},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			_, err := call(t, c.answer)
			if c.kind == "" {
				if err != nil {
					t.Errorf("%v", err)
				}
				return
			}
			var e *channel.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.NotDone != c.notDone {
				t.Errorf("%+v, want kind %s, not done %v", err, c.kind, c.notDone)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error tells the address: %v", err)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A call that never left surely had no effect.
func TestCall_ended_while_waiting_was_not_done(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := channel.Deps{HTTP: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			t.Error("the call left")
			return nil, io.EOF
		})}, Clock: clock.System{}, Pace: pace(1, 1)}
		d.Pace.Hold(time.Minute)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		req, err := http.NewRequest(http.MethodGet, "https://shop.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		var e *channel.Error
		if _, err := d.Call(ctx, "push", "calls", 1, req); !errors.As(err, &e) || !e.NotDone {
			t.Errorf("%v", err)
		}
	})
}

func TestAnswer_Failed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status  int
		after   string
		kind    channel.ErrorKind
		notDone bool
		wait    time.Duration
	}{
		{400, "", channel.Invalid, true, 0},
		{401, "", channel.Auth, true, 0},
		{403, "", channel.Auth, true, 0},
		{404, "", channel.NotFound, true, 0},
		{408, "", channel.Temporary, false, 0},
		{409, "", channel.Temporary, false, 0},
		{410, "", channel.NotFound, true, 0},
		{422, "", channel.Invalid, true, 0},
		{429, "2.5", channel.Throttled, true, 2500 * time.Millisecond},
		{429, "soon", channel.Throttled, true, 0},
		{429, "-3", channel.Throttled, true, 0},
		{429, "999999999", channel.Throttled, true, 0},
		{500, "", channel.Temporary, false, 0},
		{503, "30", channel.Maintenance, false, 30 * time.Second},
	} {
		t.Run(http.StatusText(c.status)+c.after, func(t *testing.T) {
			t.Parallel()
			a := channel.Answer{Status: c.status, Header: http.Header{}}
			a.Header.Set("Retry-After", c.after)
			e := a.Failed("op", "E1", "言葉")
			if e.Kind != c.kind || e.NotDone != c.notDone || e.RetryAfter != c.wait || e.Code != "E1" || e.Message != "言葉" || e.Status != c.status {
				t.Errorf("%+v", e)
			}
		})
	}
	for _, status := range []int{200, 204, 299} {
		if e := (channel.Answer{Status: status}).Failed("op", "", ""); e != nil {
			t.Errorf("status %d: %v", status, e)
		}
	}
}
