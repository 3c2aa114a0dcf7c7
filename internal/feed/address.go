package feed

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Policy says which addresses a webhook may have. What merchants type makes this process call, so by itself it may only reach what anybody can
// reach: never the machine it runs on, its neighbours, or a cloud's data about itself.
type Policy struct {
	// Private allows addresses that are not public. It is for an operator whose receivers are in the same network.
	Private bool
	// Test allows this machine's own addresses, and plain HTTP to them. It is for tests and for simulated malls.
	Test bool
}

// AddressError says why an address is refused.
type AddressError struct {
	Code   string // "url", "https", "user", "long" or "private"
	Reason string
}

func (e *AddressError) Error() string { return e.Reason }

const longestURL = 1000

// CheckURL refuses what can be seen of an address before it is called: the error is an *AddressError. A name is looked up when it is called, each
// time, since it may stand for another address then.
func (p Policy) CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case len(raw) > longestURL:
		return &AddressError{"long", "the address is longer than 1000 bytes"}
	case err != nil || u.Hostname() == "" || u.Opaque != "" || u.Fragment != "" || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return &AddressError{"url", "this is not an address; it begins with https:// and has no fragment"}
	case u.User != nil:
		return &AddressError{"user", "an address may not hold a user name or password; calls are signed instead"}
	case u.Scheme != "https" && u.Scheme != "http":
		return &AddressError{"url", "this is not an address; it begins with https://"}
	case u.Scheme == "http" && !(p.Test && local(u.Hostname())):
		return &AddressError{"https", "the address begins with http://; it must begin with https://"}
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !p.allows(ip) || local(u.Hostname()) && !p.Test && !p.Private {
		return errPrivate
	}
	return nil
}

var errPrivate = &AddressError{"private", "the address is not a public one; an operator can allow that with --webhook-private"}

// local tells whether a host is this machine by its name or number.
func local(host string) bool {
	if host = strings.TrimSuffix(strings.ToLower(host), "."); host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// notPublic are the ranges of IANA's registries of special-purpose addresses that are not globally reachable (RFC 6890 and its updates, read
// 2026-11-25), and those in which an IPv4 address hides.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// translated is where a network puts the IPv4 addresses that it translates to (RFC 6052).
var translated = netip.MustParsePrefix("64:ff9b::/96")

func (p Policy) allows(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if translated.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if p.Test && ip.IsLoopback() || p.Private {
		return true
	}
	for _, prefix := range notPublic {
		if prefix.Contains(ip) {
			return false
		}
	}
	return true
}

// transport carries the calls. Each address is judged when it is dialled, after its name was looked up, so a name that stands for a private address is
// found whatever it stood for before. No proxy is asked: it would look names up for itself.
func (p Policy) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !p.allows(at.Addr()) {
			return errPrivate
		}
		return nil
	}}
	return &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 1, MaxIdleConns: 64, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, ForceAttemptHTTP2: true}
}
