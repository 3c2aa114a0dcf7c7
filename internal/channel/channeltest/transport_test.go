package channeltest

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
)

// exchange sends one request with a body through the transport and reads the whole answer.
func exchange(ctx context.Context, h http.HandlerFunc) (status int, body string, err error) {
	client := &http.Client{Transport: &Transport{Handler: h}, Timeout: time.Minute}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://mall.example/orders?since=3", strings.NewReader("question"))
	if err != nil {
		return 0, "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(read), err
}

func TestTransportCarriesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status, body, err := exchange(t.Context(), func(w http.ResponseWriter, r *http.Request) {
			asked, err := io.ReadAll(r.Body)
			if err != nil || r.Host != "mall.example" || r.URL.Query().Get("since") != "3" || r.Method != http.MethodPost {
				t.Errorf("the handler got %s %s %s (%v)", r.Method, r.Host, r.URL, err)
			}
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, "answer to "+string(asked))
		})
		if status != 201 || body != "answer to question" || err != nil {
			t.Errorf("got %d %q %v", status, body, err)
		}
	})
}

func TestTransportBreaksAsANetworkDoes(t *testing.T) {
	for name, x := range map[string]struct {
		handler http.HandlerFunc
		body    string
		err     error
	}{
		"reset before the header": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", syscall.ECONNRESET},
		"abort within the body": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}, "half", io.ErrUnexpectedEOF},
		"less than announced": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "half")
		}, "half", io.ErrUnexpectedEOF},
		"nothing at all": {func(http.ResponseWriter, *http.Request) {}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if _, body, err := exchange(t.Context(), x.handler); body != x.body || !errors.Is(err, x.err) {
					t.Errorf("got %q %v, want %q %v", body, err, x.body, x.err)
				}
			})
		})
	}
}

func TestTransportCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); panic(http.ErrAbortHandler) }
		drip := func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "first ")
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		for name, handler := range map[string]http.HandlerFunc{"before the header": hang, "within the body": drip} {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			began := time.Now()
			_, _, err := exchange(ctx, handler)
			if took := time.Since(began); err == nil || took != 5*time.Second {
				t.Errorf("%s: %v after %v, want an error after 5s", name, err, took)
			}
			cancel()
		}
	})
}
