package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"soroi/internal/event"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// ask makes a request with a body and the writer's token.
func (w *world) ask(method, path, body string) answer {
	return w.do(call{method: method, path: path, token: w.writer, body: body, header: map[string]string{"Content-Type": "application/json"}})
}

func (w *world) hook(a answer) (h Webhook) {
	w.t.Helper()
	if a.status != http.StatusOK {
		w.t.Fatalf("%d %s", a.status, a.body)
	}
	w.must(json.Unmarshal(a.body, &h))
	return h
}

// A webhook's whole life through the API, with a receiver that checks its signatures.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var secrets []event.Secret
		var pings int
		receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			w.must(err)
			for _, s := range secrets {
				if err := event.Verify(r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), body, s, time.Now()); err != nil {
					t.Error(err)
				}
			}
			pings++
			rw.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(rw, "short and stout")
		}))
		t.Cleanup(receiver.Close)
		made := w.ask(http.MethodPost, "/api/v1/webhooks", `{"name":" 倉庫 ","url":"https://hooks.example/soroi","kinds":["oversell","stock.changed"]}`)
		golden(t, "webhook_added", answer{made.status, made.header, hideSecret(made.body)})
		var first NewWebhook
		w.must(json.Unmarshal(made.body, &first))
		path := fmt.Sprintf("/api/v1/webhooks/%d", first.Webhook.ID)
		if made.header.Get("Location") != path {
			t.Errorf("Location %q", made.header.Get("Location"))
		}
		secret, err := event.ParseSecret(first.Secret)
		w.must(err)
		secrets = append(secrets, secret)
		w.fill()
		w.number()
		golden(t, "webhooks", w.get("/api/v1/webhooks"))
		if strings.Contains(string(w.get("/api/v1/webhooks").body)+string(w.get(path).body), first.Secret) {
			t.Error("the secret can be read again")
		}
		changed := w.hook(w.ask(http.MethodPatch, path, `{"url":"`+receiver.URL+`/in","most":7,"kinds":[]}`))
		if changed.Name != "倉庫" || changed.Most != 7 || len(changed.Kinds) != 0 || changed.State != store.WebhookActive || changed.Waiting == 0 {
			t.Errorf("%+v", changed)
		}
		for _, state := range []store.WebhookState{store.WebhookPaused, store.WebhookActive, store.WebhookPaused} {
			if h := w.hook(w.ask(http.MethodPatch, path, `{"state":"`+string(state)+`"}`)); h.State != state || h.Most != 7 {
				t.Errorf("%+v", h)
			}
		}
		rotated := w.ask(http.MethodPost, path+"/secret", `{"overlap_hours":2}`)
		var second NewWebhook
		w.must(json.Unmarshal(rotated.body, &second))
		if until := second.Webhook.OldSecretUntil; second.Secret == first.Secret || until == nil || time.Until(*until) > 2*time.Hour || time.Until(*until) < time.Hour {
			t.Errorf("%s", hideSecret(rotated.body))
		}
		secret, err = event.ParseSecret(second.Secret)
		w.must(err)
		secrets = append(secrets, secret)
		ping := w.ask(http.MethodPost, path+"/ping", "")
		golden(t, "webhook_ping", answer{ping.status, ping.header, took.ReplaceAll(pingID.ReplaceAll(ping.body, []byte(`"ping_ID"`)), []byte(`"took":0`))})
		var third NewWebhook
		w.must(json.Unmarshal(w.ask(http.MethodPost, path+"/secret", "").body, &third))
		if until := third.Webhook.OldSecretUntil; until == nil || time.Until(*until) < 23*time.Hour {
			t.Errorf("a day of overlap: %v", until)
		}
		secret, err = event.ParseSecret(third.Secret)
		w.must(err)
		secrets = append(secrets[1:], secret)
		for range 3 {
			w.ask(http.MethodPost, path+"/ping", "")
		}
		var calls WebhookCalls
		w.must(json.Unmarshal(w.get(path+"/calls?limit=3").body, &calls))
		if len(calls.Items) != 3 || calls.Items[0].Number != 4 || calls.NextCursor == nil {
			t.Fatalf("%+v", calls)
		}
		var rest WebhookCalls
		w.must(json.Unmarshal(w.get(path+"/calls?limit=3&cursor="+*calls.NextCursor).body, &rest))
		if len(rest.Items) != 1 || rest.Items[0].Number != 1 || rest.NextCursor != nil || pings != 4 {
			t.Errorf("%+v", rest)
		}
		if h := w.hook(w.ask(http.MethodPost, path+"/replay", `{"after":1}`)); h.Position != 1 || h.State != store.WebhookPaused {
			t.Errorf("%+v", h)
		}
		if h := w.hook(w.ask(http.MethodPost, path+"/replay", `{"from":"2020-01-01T00:00:00+09:00"}`)); h.Position != 0 {
			t.Errorf("%+v", h)
		}
		if h := w.hook(w.ask(http.MethodPost, path+"/replay", `{"from":"2099-01-01T00:00:00Z"}`)); h.Position == 0 || h.Waiting != 0 {
			t.Errorf("%+v", h)
		}
		if a := w.ask(http.MethodDelete, path, ""); a.status != http.StatusNoContent {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := w.get(path); a.status != http.StatusNotFound {
			t.Errorf("deleted: %d", a.status)
		}
		for _, s := range []string{first.Secret, second.Secret} {
			if strings.Contains(w.log.String(), s[6:]) {
				t.Error("a secret stands in the log")
			}
		}
	})
}

func TestWebhooks_refused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var made NewWebhook
		w.must(json.Unmarshal(w.ask(http.MethodPost, "/api/v1/webhooks", `{"name":"a","url":"https://hooks.example/"}`).body, &made))
		if made.Webhook.Most != 100 || len(made.Webhook.Kinds) != 0 {
			t.Errorf("%+v", made.Webhook)
		}
		w.ask(http.MethodPost, "/api/v1/webhooks", `{"name":"b","url":"https://hooks.example/"}`)
		path := fmt.Sprintf("/api/v1/webhooks/%d", made.Webhook.ID)
		other, _ := storetest.Tenant(t, db, "b")
		_, foreign, err := db.AddAPIToken(t.Context(), other, "他社", true)
		w.must(err)
		for name, c := range map[string]struct {
			method, path, body, token string
			status                    int
			kind                      kind
			pointer, says             string
		}{
			"a reader adds":              {"POST", "/api/v1/webhooks", `{}`, w.reader, 403, forbidden, "", "集計"},
			"a reader changes":           {"PATCH", path, `{}`, w.reader, 403, forbidden, "", ""},
			"a reader removes":           {"DELETE", path, ``, w.reader, 403, forbidden, "", ""},
			"a reader pings":             {"POST", path + "/ping", ``, w.reader, 403, forbidden, "", ""},
			"a reader rotates":           {"POST", path + "/secret", `{}`, w.reader, 403, forbidden, "", ""},
			"a reader replays":           {"POST", path + "/replay", `{"after":0}`, w.reader, 403, forbidden, "", ""},
			"another's":                  {"GET", path, ``, foreign, 404, unknownWebhook, "", ""},
			"another's calls":            {"GET", path + "/calls", ``, foreign, 404, unknownWebhook, "", ""},
			"another's ping":             {"POST", path + "/ping", ``, foreign, 404, unknownWebhook, "", ""},
			"no number":                  {"GET", "/api/v1/webhooks/a", ``, w.writer, 404, unknownWebhook, "", `"a"`},
			"an unknown number":          {"DELETE", "/api/v1/webhooks/99", ``, w.writer, 404, unknownWebhook, "", `"99"`},
			"the wrong method":           {"PUT", path, ``, w.writer, 405, methodNotAllowed, "", "GET, HEAD, PATCH, DELETE"},
			"a method of its neighbours": {"GET", path + "/ping", ``, w.writer, 405, methodNotAllowed, "", "POST"},
			"nothing":                    {"POST", "/api/v1/webhooks", `{}`, w.writer, 400, invalidBody, "/name", "missing"},
			"an empty name":              {"POST", "/api/v1/webhooks", `{"name":"  ","url":"https://a.example"}`, w.writer, 400, invalidBody, "/name", "empty"},
			"a long name":                {"POST", "/api/v1/webhooks", `{"name":"` + strings.Repeat("長", 81) + `","url":"https://a.example"}`, w.writer, 400, invalidBody, "/name", "80"},
			"plain HTTP":                 {"POST", "/api/v1/webhooks", `{"name":"c","url":"http://a.example/"}`, w.writer, 400, invalidBody, "/url", "https://"},
			"a private address":          {"POST", "/api/v1/webhooks", `{"name":"c","url":"https://192.168.0.1/"}`, w.writer, 400, invalidBody, "/url", "--webhook-private"},
			"no address":                 {"POST", "/api/v1/webhooks", `{"name":"c","url":"hooks"}`, w.writer, 400, invalidBody, "/url", "https://"},
			"an unknown kind":            {"POST", "/api/v1/webhooks", `{"name":"c","url":"https://a.example","kinds":["stock"]}`, w.writer, 400, invalidBody, "/kinds", "stock.changed"},
			"a kind that is no word":     {"POST", "/api/v1/webhooks", `{"name":"c","url":"https://a.example","kinds":[1]}`, w.writer, 400, invalidBody, "/kinds/0", "string"},
			"kinds that are no list":     {"POST", "/api/v1/webhooks", `{"name":"c","url":"https://a.example","kinds":"all"}`, w.writer, 400, invalidBody, "/kinds", "array"},
			"too many at once":           {"POST", "/api/v1/webhooks", `{"name":"c","url":"https://a.example","most":501}`, w.writer, 400, invalidBody, "/most", "500"},
			"a state at birth":           {"POST", "/api/v1/webhooks", `{"name":"c","url":"https://a.example","state":"paused"}`, w.writer, 400, invalidBody, "/state", "unknown"},
			"an unknown field":           {"PATCH", path, `{"adress":"x"}`, w.writer, 400, invalidBody, "/adress", "url"},
			"an unknown state":           {"PATCH", path, `{"state":"stopped"}`, w.writer, 400, invalidBody, "/state", "paused"},
			"a name that is taken":       {"POST", "/api/v1/webhooks", `{"name":"a","url":"https://a.example"}`, w.writer, 409, nameTaken, "", `"a"`},
			"another's name":             {"PATCH", path, `{"name":"b"}`, w.writer, 409, nameTaken, "", `"b"`},
			"a list":                     {"PATCH", path, `[]`, w.writer, 400, invalidBody, "", "object"},
			"an overlap of weeks":        {"POST", path + "/secret", `{"overlap_hours":169}`, w.writer, 400, invalidBody, "/overlap_hours", "168"},
			"replay of nothing":          {"POST", path + "/replay", `{}`, w.writer, 400, invalidBody, "", "either"},
			"replay of both":             {"POST", path + "/replay", `{"after":1,"from":"2020-01-01T00:00:00Z"}`, w.writer, 400, invalidBody, "", "either"},
			"replay after the end":       {"POST", path + "/replay", `{"after":99}`, w.writer, 400, invalidBody, "/after", "end"},
			"replay from no time":        {"POST", path + "/replay", `{"from":"yesterday"}`, w.writer, 400, invalidBody, "/from", "2026-11-25T03:00:00Z"},
			"a made-up cursor":           {"GET", path + "/calls?cursor=x", ``, w.writer, 400, invalidParameter, "", "cursor"},
		} {
			a := w.do(call{method: c.method, path: c.path, token: c.token, body: c.body, header: map[string]string{"Content-Type": "application/json"}})
			p := a.problem(t)
			if a.status != c.status || p.Type != typePrefix+c.kind.name || !strings.Contains(p.Detail, c.says) {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
			if c.kind == invalidBody && !slices.ContainsFunc(p.Errors, func(e BodyError) bool { return e.Pointer == c.pointer }) {
				t.Errorf("%s: no error at %q: %s", name, c.pointer, a.body)
			}
		}
		list, err := db.ListWebhooks(t.Context(), w.tenant)
		if err != nil || len(list) != 2 || list[0].State != store.WebhookActive || list[0].Name != "a" || list[0].URL != "https://hooks.example/" {
			t.Errorf("something was changed: %+v", list)
		}
	})
}
