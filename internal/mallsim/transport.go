package mallsim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// Transport reaches a handler without a socket, for tests in which time stands still. It behaves as a network would: a handler
// that aborts before its header is a reset connection, one that aborts within its body is a body that breaks off, and a
// caller that leaves gets its context's error at once while the handler's context ends.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, leave := context.WithCancel(req.Context())
	defer leave()
	in := req.Clone(ctx)
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:1"
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	} else {
		// The caller may take its body back as soon as this returns, so the handler gets a copy.
		body, err := io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
	}
	done := make(chan answered, 1)
	go func() {
		answer := newKept()
		done <- answered{answer, run(t.handler, answer, in)}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case a := <-done:
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return a.response(req)
	}
}

type answered struct {
	answer *kept
	failed any
}

func run(h http.Handler, w http.ResponseWriter, r *http.Request) (failed any) {
	defer func() { failed = recover() }()
	h.ServeHTTP(w, r)
	return nil
}

func (a answered) response(req *http.Request) (*http.Response, error) {
	if a.failed != nil && a.failed != http.ErrAbortHandler {
		return nil, fmt.Errorf("the simulated mall broke: %v", a.failed)
	}
	if a.failed != nil && a.answer.status == 0 {
		return nil, fmt.Errorf("read: %w", syscall.ECONNRESET)
	}
	a.answer.WriteHeader(http.StatusOK)
	resp := &http.Response{Status: strconv.Itoa(a.answer.status) + " " + http.StatusText(a.answer.status), StatusCode: a.answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.answer.header, Request: req,
		ContentLength: int64(a.answer.body.Len())}
	var body io.Reader = &a.answer.body
	if a.failed != nil {
		resp.ContentLength = -1
		body = io.MultiReader(body, broken{})
	}
	if a.answer.header.Get("Content-Type") == "" && a.answer.body.Len() > 0 {
		a.answer.header.Set("Content-Type", http.DetectContentType(a.answer.body.Bytes()))
	}
	resp.Body = io.NopCloser(body)
	return resp, nil
}

// broken is the end of a body that breaks off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
