package channeltest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// Transport reaches a handler in process. The request is written out and parsed again, the answer's body comes through a
// pipe while the handler is still at work, and a handler that gives up (panics with http.ErrAbortHandler, or writes less than it
// announced) is seen by the client as a reset before the first byte and as a body that breaks off after it. Cancelling the
// request ends the handler's context, as a closed connection does. It is safe for concurrent use.
type Transport struct {
	Handler http.Handler
	// Before, where set, may answer in the handler's place: it then returns true.
	before atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
	calls  atomic.Int64
}

// Intercept sets what may answer in the handler's place, nil for nothing. It returns true when it has answered.
func (tr *Transport) Intercept(fn func(http.ResponseWriter, *http.Request) bool) {
	if fn == nil {
		tr.before.Store(nil)
		return
	}
	tr.before.Store(&fn)
}

// Calls is how many requests have been sent.
func (tr *Transport) Calls() int { return int(tr.calls.Load()) }

// RoundTrip sends one request.
func (tr *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	tr.calls.Add(1)
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	server, err := overTheWire(req)
	if err != nil {
		return nil, err
	}
	handlerCtx, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, hangUp)
	server = server.WithContext(handlerCtx)
	body, sink := io.Pipe()
	answer := &answer{header: http.Header{}, sink: sink, ready: make(chan struct{})}
	go func() {
		defer stop()
		defer hangUp()
		defer func() {
			broken := recover()
			if broken != nil && broken != http.ErrAbortHandler {
				broken = fmt.Errorf("the mall's handler panicked: %v", broken)
			}
			answer.end(broken)
		}()
		if before := tr.before.Load(); before != nil && (*before)(answer, server) {
			return
		}
		tr.Handler.ServeHTTP(answer, server)
	}()
	select {
	case <-ctx.Done():
		sink.CloseWithError(ctx.Err())
		hangUp()
		return nil, ctx.Err()
	case <-answer.ready:
	}
	if answer.failed != nil {
		hangUp()
		return nil, answer.failed
	}
	stopBody := context.AfterFunc(ctx, func() { sink.CloseWithError(context.Cause(ctx)) })
	length := int64(-1)
	if n, err := strconv.ParseInt(answer.sent.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: answer.sent, ContentLength: length, Request: req,
		Body: &answerBody{PipeReader: body, closing: func() { stopBody(); hangUp() }},
	}, nil
}

type answerBody struct {
	*io.PipeReader
	closing func()
}

func (b *answerBody) Close() error {
	err := b.PipeReader.Close()
	b.closing()
	return err
}

// overTheWire is the request as a server would parse it.
func overTheWire(req *http.Request) (*http.Request, error) {
	var wire bytes.Buffer
	if err := req.Write(&wire); err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	server, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, fmt.Errorf("parsing the request: %w", err)
	}
	server.RemoteAddr = "127.0.0.1:1"
	return server, nil
}

// answer is the server's side of one exchange.
type answer struct {
	header http.Header
	sink   *io.PipeWriter
	ready  chan struct{} // closed when status and header are fixed, or failed is

	mu      sync.Mutex
	decided bool
	status  int
	sent    http.Header
	failed  error
	written int64
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.decided || status < 200 {
		return
	}
	a.decided, a.status, a.sent = true, status, a.header.Clone()
	close(a.ready)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", http.DetectContentType(p))
	}
	a.WriteHeader(http.StatusOK)
	n, err := a.sink.Write(p)
	a.written += int64(n)
	return n, err
}

func (a *answer) Flush() { a.WriteHeader(http.StatusOK) }

// end closes the answer after the handler has returned or panicked with broken.
func (a *answer) end(broken any) {
	a.mu.Lock()
	if !a.decided {
		a.decided = true
		if broken == nil {
			a.status, a.sent = http.StatusOK, a.header.Clone()
		} else if err, ok := broken.(error); ok && broken != http.ErrAbortHandler {
			a.failed = err
		} else {
			a.failed = syscall.ECONNRESET
		}
		close(a.ready)
	}
	announced, err := strconv.ParseInt(a.sent.Get("Content-Length"), 10, 64)
	a.mu.Unlock()
	if broken != nil || err == nil && a.written < announced {
		a.sink.CloseWithError(io.ErrUnexpectedEOF)
		return
	}
	a.sink.Close()
}
