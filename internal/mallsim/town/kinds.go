package town

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"time"

	"soroi/internal/mallsim"
	"soroi/internal/mallsim/rakuten"
	"soroi/internal/mallsim/shopify"
	"soroi/internal/mallsim/vendure"
	"soroi/internal/mallsim/yahoo"
)

// opened is a mall's protocol in front of its core.
type opened struct {
	handler  http.Handler
	settings func(base string) map[string]string // by the field keys of the channel
	secrets  map[string]string                   // what must come back with the books
	place    func(mallsim.Basket) (mallsim.Order, error)
	cancel   func(number string, c mallsim.Cancellation) (mallsim.Order, error)
	run      func(context.Context) error // what the mall does by itself: sending webhooks
}

// Kinds are the kinds of mall that a town can have.
func Kinds() []string { return []string{"rakuten", "yahoo", "shopify", "vendure"} }

// endless is a life that no replay outlasts.
const endless = 100 * 365 * 24 * time.Hour

func openKind(kind string, m *mallsim.Mall, o Options, secrets map[string]string) (opened, error) {
	switch kind {
	case "rakuten":
		return openRakuten(m, o), nil
	case "yahoo":
		return openYahoo(m, o, secrets)
	case "shopify":
		return openShopify(m, o), nil
	case "vendure":
		v := vendure.Options{Username: "soroi", Password: "simulated", SessionLife: 24 * time.Hour}
		return opened{handler: vendure.New(m, v), settings: func(base string) map[string]string {
			return map[string]string{"base_url": base, "username": v.Username, "password": v.Password}
		}}, nil
	}
	return opened{}, fmt.Errorf("there is no simulated mall of kind %q; there are %v", kind, Kinds())
}

func openRakuten(m *mallsim.Mall, o Options) opened {
	r := rakuten.Options{LimitScale: o.LimitScale, UnlimitedOrderReads: o.UnlimitedOrderReads}
	if o.EndlessCredentials {
		r.Keys = []rakuten.Key{{License: "SL000000_soroi", ExpiresAt: m.Clock().Now().Add(endless)}}
	}
	s := rakuten.New(m, r)
	settings := func(base string) map[string]string {
		secret, license := s.Credentials()
		return map[string]string{"base_url": base, "service_secret": secret, "license_key": license}
	}
	cancel := whole(m, func(number string, restock *bool) (mallsim.Order, error) {
		restore := rakuten.RestoreBySetting
		switch {
		case restock != nil && *restock:
			restore = rakuten.RestoreYes
		case restock != nil:
			restore = rakuten.RestoreNo
		}
		return s.Cancel(number, rakuten.ByShop, restore)
	})
	return opened{handler: s, settings: settings, cancel: cancel}
}

func openYahoo(m *mallsim.Mall, o Options, secrets map[string]string) (opened, error) {
	y := yahoo.Options{LimitScale: o.LimitScale, UnlimitedOrderReads: o.UnlimitedOrderReads, Endless: o.EndlessCredentials}
	if text := secrets["private_key"]; text != "" {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return opened{}, fmt.Errorf("the kept key of %s: %w", m.Name(), err)
		}
		if y.PrivateKey, err = x509.ParsePKCS1PrivateKey(der); err != nil {
			return opened{}, fmt.Errorf("the kept key of %s: %w", m.Name(), err)
		}
	} else {
		y.PrivateKey = yahoo.NewKey()
	}
	s := yahoo.New(m, y)
	refresh := s.Grant()
	settings := func(base string) map[string]string {
		c := s.Credentials()
		return map[string]string{"base_url": base, "seller_id": c.SellerID, "client_id": c.ClientID, "client_secret": c.ClientSecret,
			"refresh_token": refresh, "public_key": c.PublicKey, "public_key_version": c.KeyVersion}
	}
	kept := map[string]string{"private_key": base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(y.PrivateKey))}
	return opened{handler: s, settings: settings, secrets: kept, place: s.Buy}, nil
}

func openShopify(m *mallsim.Mall, o Options) opened {
	limits := o.LimitScale
	if o.UnlimitedOrderReads {
		// One bucket of points pays for reading and writing alike: without a rate for reading it is as large as no plan's.
		limits = 100
	}
	s := shopify.New(m, shopify.Options{LimitScale: limits, ClientID: "soroi-client", ClientSecret: "shpss_soroi",
		Client: &http.Client{Timeout: 5 * time.Second}})
	return opened{handler: s, run: s.Run, settings: func(base string) map[string]string {
		return map[string]string{"base_url": base, "client_id": "soroi-client", "client_secret": "shpss_soroi"}
	}}
}

// whole cancels shipped orders in the mall's own way and leaves everything else to the core.
func whole(m *mallsim.Mall, shipped func(string, *bool) (mallsim.Order, error)) func(string, mallsim.Cancellation) (mallsim.Order, error) {
	return func(number string, c mallsim.Cancellation) (mallsim.Order, error) {
		o, there := m.Order(number)
		left := there && slices.ContainsFunc(o.Lines, func(l mallsim.OrderLine) bool { return l.Shipped > 0 })
		if left && o.Shipped() && c.Shipped && c.Lines == nil {
			return shipped(number, c.Restock)
		}
		return m.Cancel(number, c)
	}
}
