package mallsim

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// FaultRender writes a refusal in the words of one mall. It is called for ServerError, ServerErrorAfter, TooMany, Unavailable,
// Unauthorized, Forbidden and Conflict.
type FaultRender func(w http.ResponseWriter, k FaultKind)

// LargestRequest bounds the body of a request to a simulated mall.
const LargestRequest = 16 << 20

// Serve wraps one operation of a protocol. It counts the call, then either runs do, or lets the fault that acts on op happen
// around it. silent asks do to answer success and to change nothing. A fault that ends the connection does so by
// panic(http.ErrAbortHandler), which net/http and Transport understand.
func (m *Mall) Serve(w http.ResponseWriter, r *http.Request, op string, render FaultRender, do func(w http.ResponseWriter, silent bool)) {
	m.count(op)
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, LargestRequest)
	}
	f, struck := m.strike(op)
	if !struck {
		do(w, false)
		return
	}
	if render == nil {
		render = plainRefusal
	}
	switch f.Kind {
	case TimeoutBefore:
		m.hang(r, f.Delay)
	case TimeoutAfter:
		do(newKept(), false)
		m.hang(r, f.Delay)
	case Reset:
		drain(r)
		panic(http.ErrAbortHandler)
	case ServerErrorAfter:
		do(newKept(), false)
		m.Refused(op)
		render(w, f.Kind)
	case ServerError, TooMany, Unavailable, Unauthorized, Forbidden, Conflict:
		drain(r)
		m.Refused(op)
		render(w, f.Kind)
	case MaintenancePage:
		drain(r)
		m.Refused(op)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<!DOCTYPE html>\n<html lang=\"ja\"><head><title>メンテナンス中</title></head>"+
			"<body><h1>ただいまメンテナンス中です</h1></body></html>\n")
	case CutBody:
		kept := newKept()
		do(kept, false)
		kept.cut(w)
	case WrongType:
		kept := newKept()
		do(kept, false)
		kept.misshape(w)
	case Slow:
		delay := f.Delay
		if delay == 0 {
			delay = 2 * time.Second
		}
		if m.clock.Sleep(r.Context(), delay) != nil {
			panic(http.ErrAbortHandler)
		}
		do(w, false)
	case SilentLoss:
		do(w, true)
	case DuplicateOrders:
		do(duplicating{w}, false)
	default:
		do(w, false)
	}
}

// Duplicating tells do, from the writer it was given, that an order page should hold some orders twice.
func Duplicating(w http.ResponseWriter) bool {
	_, ok := w.(duplicating)
	return ok
}

type duplicating struct{ http.ResponseWriter }

// hang keeps the caller waiting for d, without d until it leaves, and then breaks the connection.
func (m *Mall) hang(r *http.Request, d time.Duration) {
	drain(r)
	if d > 0 {
		m.clock.Sleep(r.Context(), d)
	} else {
		<-r.Context().Done()
	}
	panic(http.ErrAbortHandler)
}

// drain reads the request to its end: only then does net/http notice that the caller has left.
func drain(r *http.Request) {
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
	}
}

func plainRefusal(w http.ResponseWriter, k FaultKind) { http.Error(w, string(k), FaultStatus(k)) }

// FaultStatus is the usual HTTP status of a fault that a FaultRender words.
func FaultStatus(k FaultKind) int {
	switch k {
	case TooMany:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	case Unauthorized:
		return http.StatusUnauthorized
	case Forbidden:
		return http.StatusForbidden
	case Conflict:
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

// kept is an answer that has not been sent.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newKept() *kept { return &kept{header: http.Header{}} }

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

func (k *kept) Write(p []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(p)
}

// cut announces the whole answer and sends half of it.
func (k *kept) cut(w http.ResponseWriter) {
	maps.Copy(w.Header(), k.header)
	w.Header().Set("Content-Length", strconv.Itoa(max(k.body.Len(), 2)))
	status := k.status
	if k.body.Len() == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	w.Write(k.body.Bytes()[:k.body.Len()/2])
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}

// misshape sends something well-formed in the answer's own language that means nothing.
func (k *kept) misshape(w http.ResponseWriter) {
	body, kind := `["?"]`, "application/json"
	if strings.Contains(k.header.Get("Content-Type"), "xml") {
		body, kind = `<?xml version="1.0" encoding="UTF-8"?><Unexpected>?</Unexpected>`, "application/xml"
	}
	w.Header().Set("Content-Type", kind)
	io.WriteString(w, body)
}

func (m *Mall) count(op string) {
	m.callMu.Lock()
	defer m.callMu.Unlock()
	m.calls[op]++
}

// Refused counts a call that the mall did not serve; protocols call it beside each refusal of their own.
func (m *Mall) Refused(op string) { m.count(op + ":refused") }

// Calls are how often each operation was called. Refused calls count twice: under the operation and under op + ":refused".
func (m *Mall) Calls() map[string]int {
	m.callMu.Lock()
	defer m.callMu.Unlock()
	return maps.Clone(m.calls)
}
