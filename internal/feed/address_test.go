package feed_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"soroi/internal/feed"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url                    string
		plain, private, inTest string // the code of the refusal, "" where it is fine
	}{
		{"https://hooks.example/soroi?key=1", "", "", ""},
		{"https://hooks.example:8443/", "", "", ""},
		{"https://8.8.8.8/", "", "", ""},
		{"https://[2606:4700::1111]/", "", "", ""},
		{"http://hooks.example/", "https", "https", "https"},
		{"http://127.0.0.1:9000/", "https", "https", ""},
		{"http://localhost:9000/", "https", "https", ""},
		{"http://10.0.0.5/", "https", "https", "https"},
		{"https://127.0.0.1/", "private", "", ""},
		{"https://localhost/", "private", "", ""},
		{"https://LOCALHOST./", "private", "", ""},
		{"https://api.localhost/", "private", "", ""},
		{"https://[::1]/", "private", "", ""},
		{"https://[::ffff:127.0.0.1]/", "private", "", ""},
		{"https://10.0.0.5/", "private", "", "private"},
		{"https://172.16.4.1/", "private", "", "private"},
		{"https://192.168.1.1/", "private", "", "private"},
		{"https://169.254.169.254/latest/meta-data/", "private", "", "private"},
		{"https://[::ffff:169.254.169.254]/", "private", "", "private"},
		{"https://[64:ff9b::a9fe:a9fe]/", "private", "", "private"},
		{"https://[64:ff9b::808:808]/", "", "", ""},
		{"https://[2002:a9fe:a9fe::]/", "private", "", "private"},
		{"https://100.64.0.1/", "private", "", "private"},
		{"https://0.0.0.0/", "private", "", "private"},
		{"https://255.255.255.255/", "private", "", "private"},
		{"https://[fe80::1%25eth0]/", "private", "", "private"},
		{"https://[fd00::1]/", "private", "", "private"},
		{"https://[ff02::1]/", "private", "", "private"},
		{"https://user@hooks.example/", "user", "user", "user"},
		{"https://user:pass@hooks.example/", "user", "user", "user"},
		{"https://hooks.example/#part", "url", "url", "url"},
		{"ftp://hooks.example/", "url", "url", "url"},
		{"file:///etc/passwd", "url", "url", "url"},
		{"https:hooks.example", "url", "url", "url"},
		{"hooks.example", "url", "url", "url"},
		{"https://", "url", "url", "url"},
		{"https://hooks.example/ x", "url", "url", "url"},
		{"https://hooks.example/\r\nX: y", "url", "url", "url"},
		{"", "url", "url", "url"},
		{"https://hooks.example/" + strings.Repeat("x", 1000), "long", "long", "long"},
	} {
		for policy, want := range map[feed.Policy]string{{}: c.plain, {Private: true}: c.private, {Test: true}: c.inTest} {
			err := policy.CheckURL(c.url)
			var refused *feed.AddressError
			got := ""
			if errors.As(err, &refused) {
				got = refused.Code
			}
			if got != want || (err == nil) != (want == "") {
				t.Errorf("%q under %+v: %v, want %q", c.url, policy, err, want)
			}
		}
	}
}

// A name is judged by the address that it stands for when it is called.
func TestTransport_refuses_what_a_name_stands_for(t *testing.T) {
	t.Parallel()
	called := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	t.Cleanup(server.Close)
	for policy, reaches := range map[feed.Policy]bool{{}: false, {Test: true}: true, {Private: true}: true} {
		called = false
		client := &http.Client{Transport: feed.Transport(policy)}
		resp, err := client.Get(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
		if err == nil {
			err = resp.Body.Close()
		}
		var refused *feed.AddressError
		if called != reaches || reaches && err != nil || !reaches && (!errors.As(err, &refused) || refused.Code != "private") {
			t.Errorf("%+v: called %v, %v", policy, called, err)
		}
		client.CloseIdleConnections()
	}
}
