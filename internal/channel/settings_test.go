package channel_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"soroi/internal/channel"
)

func formSpec(hosts ...string) channel.Spec {
	return channel.Spec{Name: "見本", Hosts: hosts, Fields: []channel.Field{
		{Key: "id", Required: true}, {Key: "secret", Required: true, Secret: true}, {Key: "note"},
		{Key: channel.BaseURL, Default: "https://api.example.com"}, {Key: "token_url"},
	}}
}

func TestSettings_Check(t *testing.T) {
	t.Parallel()
	mall := []string{"api.example.com", ".shops.example.com"}
	full := func(pairs ...string) channel.Settings {
		s := channel.Settings{"id": "me", "secret": "s3cret"}
		for i := 0; i < len(pairs); i += 2 {
			s[pairs[i]] = channel.Secret(pairs[i+1])
		}
		return s
	}
	for _, c := range []struct {
		name      string
		settings  channel.Settings
		hosts     []string
		testMalls bool
		want      string // "field code" of each finding
	}{
		{"all there", full(), mall, false, ""},
		{"nothing there", nil, mall, false, "id required secret required"},
		{"blanks are nothing", full("id", " \t\n"), mall, false, "id required"},
		{"the mall's own address", full(channel.BaseURL, "https://api.example.com/v2"), mall, false, ""},
		{"a shop below the mall's domain", full(channel.BaseURL, "https://mine.shops.example.com"), mall, false, ""},
		{"a domain that ends alike", full(channel.BaseURL, "https://evilshops.example.com"), mall, false, "base_url host"},
		{"the domain itself", full(channel.BaseURL, "https://shops.example.com"), mall, false, "base_url host"},
		{"another host", full(channel.BaseURL, "https://127.0.0.1:9000"), mall, false, "base_url host"},
		{"the mall's name as a user", full(channel.BaseURL, "https://api.example.com@evil.example"), mall, false, "base_url host"},
		{"plain HTTP", full(channel.BaseURL, "http://api.example.com"), mall, false, "base_url https"},
		{"no address", full(channel.BaseURL, "api.example.com"), mall, false, "base_url url"},
		{"a file", full(channel.BaseURL, "file:///etc/passwd"), mall, false, "base_url url"},
		{"not to be parsed", full(channel.BaseURL, "https://a b"), mall, false, "base_url url"},
		{"every address is checked", full("token_url", "http://x.example"), mall, false, "token_url https"},
		{"a simulated mall", full(channel.BaseURL, "http://127.0.0.1:9000"), mall, true, ""},
		{"a simulated mall needs an address, too", full(channel.BaseURL, "127.0.0.1"), mall, true, "base_url url"},
		{"one's own cart", full(channel.BaseURL, "https://shop.example.net"), nil, false, ""},
		{"one's own cart in the clear", full(channel.BaseURL, "http://shop.example.net"), nil, false, "base_url https"},
		{"two findings", channel.Settings{"secret": "s3cret", channel.BaseURL: "x"}, mall, false, "id required base_url url"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, wrong := range c.settings.Check(formSpec(c.hosts...), c.testMalls) {
				got = append(got, wrong.Field, wrong.Code)
				if strings.Contains(wrong.Error(), "s3cret") {
					t.Errorf("the finding tells a secret: %v", wrong)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestSettings_Get(t *testing.T) {
	t.Parallel()
	s := channel.Settings{"id": "  me\n", channel.BaseURL: " "}
	for key, want := range map[string]string{"id": "me", channel.BaseURL: "https://api.example.com", "note": "", "unknown": ""} {
		if got := s.Get(formSpec(), key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// A secret is seen by none of the ways in which values come into logs, answers and messages.
func TestSecret_is_not_shown(t *testing.T) {
	t.Parallel()
	s := channel.Settings{"secret": "s3cret"}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{string(text), fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%s %q %v", s["secret"], s["secret"], s["secret"])} {
		if strings.Contains(shown, "s3cret") {
			t.Errorf("%s", shown)
		}
	}
	if s["secret"].Reveal() != "s3cret" {
		t.Error("the secret itself is lost")
	}
}
