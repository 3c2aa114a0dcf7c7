package account

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress is where a request comes from, as far as that can be told: the address of the connection, or, when that is this machine or a
// private network and so may be the proxy before soroi, the last one that the proxy has written into X-Forwarded-For. "" is not known: a proxy
// that does not say stands for everybody. Of an IPv6 address it is the network, which is what one household has.
func clientAddress(r *http.Request) string {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address := connection.Addr().Unmap()
	if address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast() {
		all := r.Header.Values("X-Forwarded-For")
		if len(all) == 0 {
			return ""
		}
		list := strings.Split(all[len(all)-1], ",")
		if address, err = netip.ParseAddr(strings.TrimSpace(list[len(list)-1])); err != nil {
			return ""
		}
		address = address.Unmap().WithZone("")
	}
	if address.Is6() {
		return netip.PrefixFrom(address, 64).Masked().String()
	}
	return address.String()
}
