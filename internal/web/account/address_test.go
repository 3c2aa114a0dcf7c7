package account

import (
	"net/http/httptest"
	"testing"
)

func TestClientAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"straight from the internet", "203.0.113.9:4711", nil, "203.0.113.9"},
		{"from the internet, with an invented header", "203.0.113.9:4711", []string{"198.51.100.1"}, "203.0.113.9"},
		{"through a proxy on this machine", "127.0.0.1:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		{"through it, with an invented entry before", "127.0.0.1:4711", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		{"in two headers", "10.0.0.2:4711", []string{"192.0.2.66", "198.51.100.1"}, "198.51.100.1"},
		{"a proxy that does not say", "[::1]:4711", nil, ""},
		{"a proxy that says nonsense", "10.0.0.2:4711", []string{"unknown"}, ""},
		{"a household", "[2001:db8:1:2:3:4:5:6]:4711", nil, "2001:db8:1:2::/64"},
		{"the same household", "127.0.0.1:4711", []string{"2001:db8:1:2::99"}, "2001:db8:1:2::/64"},
		{"an old address in a new coat", "[::ffff:203.0.113.9]:4711", nil, "203.0.113.9"},
		{"no address", "@", nil, ""},
	} {
		r := httptest.NewRequest("POST", "/signin", nil)
		r.RemoteAddr = c.remote
		for _, v := range c.forwarded {
			r.Header.Add("X-Forwarded-For", v)
		}
		if got := clientAddress(r); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
