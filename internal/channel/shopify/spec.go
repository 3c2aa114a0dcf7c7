package shopify

import (
	"net/url"
	"strings"
	"time"

	"soroi/internal/channel"
)

// Kind is this channel's word.
const Kind channel.Kind = "shopify"

// The settings of a shop.
const (
	fieldToken     = "access_token"
	fieldClientID  = "client_id"
	fieldSecret    = "client_secret"
	fieldOldSecret = "old_client_secret"
	fieldLocation  = "location"
)

// points is the bucket of the GraphQL API, signIn the one of the token endpoint.
const (
	points = "points"
	signIn = "sign_in"
)

// lateness covers the seconds by which the order search may trail the orders; clockSkew how far the shop's clock and ours
// may disagree before a pull's overlap would miss an order.
const (
	lateness  = 5 * time.Second
	clockSkew = 2 * time.Minute
	history   = 60 * 24 * time.Hour
)

// largest is the largest quantity that the shop takes, see docs/channels/shopify.md.
const largest = 1_000_000_000

// Spec is what Shopify is and can do.
func Spec() channel.Spec {
	return channel.Spec{
		Kind:  Kind,
		Name:  "Shopify",
		Hosts: []string{".myshopify.com"},
		Fields: []channel.Field{
			{Key: channel.BaseURL, Label: "ストアのアドレス", LabelEN: "Shop address", Required: true,
				Help:   "https://(ストア名).myshopify.com の形です。管理画面の「設定 › ドメイン」にあります。",
				HelpEN: "Looks like https://your-shop.myshopify.com; found in the admin under Settings › Domains."},
			{Key: fieldToken, Label: "アクセストークン", LabelEN: "Access token", Secret: true,
				Help:   "2025年までに管理画面で作ったカスタムアプリの shpat_ で始まるトークン。クライアントIDとシークレットを入れるなら空のままにします。",
				HelpEN: "The shpat_… token of a custom app made in the admin before 2026. Leave empty when giving client ID and secret."},
			{Key: fieldClientID, Label: "クライアントID", LabelEN: "Client ID",
				Help:   "Dev Dashboard で作った自社アプリの「設定」にあります。",
				HelpEN: "In the Dev Dashboard, under the settings of your own app."},
			{Key: fieldSecret, Label: "クライアントシークレット", LabelEN: "Client secret", Secret: true,
				Help:   "クライアントIDの隣にあります。Webhook の署名の確認にも使うので、アクセストークンで繋ぐ場合も入れてください。",
				HelpEN: "Beside the client ID. It also verifies webhooks, so give it along with an access token too."},
			{Key: fieldOldSecret, Label: "前のクライアントシークレット", LabelEN: "Previous client secret", Secret: true,
				Help:   "シークレットを入れ替えた直後だけ。最長1時間は前のもので署名された通知が届きます。",
				HelpEN: "Only just after rotating the secret: for up to an hour webhooks may still be signed with the old one."},
			{Key: fieldLocation, Label: "ロケーション", LabelEN: "Location",
				Help:   "在庫を連動するロケーションのID(gid://shopify/Location/123 または 123)。空なら、オンライン注文を発送する唯一のロケーションを使います。",
				HelpEN: "ID of the location whose stock is kept in line (gid://shopify/Location/123 or 123). Empty: the only one that fulfils online orders."},
		},
		Can: channel.Can{
			Write:           channel.CompareAndSet,
			ChangedSince:    true,
			Webhook:         true,
			Subscribe:       true,
			ListListings:    true,
			Check:           true,
			Keyed:           true,
			ReturnsOnCancel: channel.ReturnsDepends,
		},
		Limits: channel.Limits{
			PushItems:     250,
			ReadItems:     250,
			RefreshOrders: ordersPage,
			Rates: []channel.Rate{
				{Bucket: points, Calls: 100, Per: time.Second, Burst: 1000},
				{Bucket: signIn, Calls: 1, Per: time.Second, Burst: 5},
			},
			PushBucket: points,
			PushCost:   docSet.Cost,
			Largest:    largest,
			History:    history,
			Lag:        2 * time.Second,
			Lateness:   lateness,
			Poll:       15 * time.Second,
		},
		Open: open,
	}
}

func open(s channel.Settings, d channel.Deps) (channel.Connector, error) {
	spec := Spec()
	base := strings.TrimRight(s.Get(spec, channel.BaseURL), "/")
	if u, err := url.Parse(base); err != nil || u.Host == "" {
		return nil, &channel.FieldError{Field: channel.BaseURL, Reason: "is not an address such as https://your-shop.myshopify.com", Code: "url"}
	}
	token, id, secret := s.Get(spec, fieldToken), s.Get(spec, fieldClientID), s.Get(spec, fieldSecret)
	switch {
	case token == "" && id == "" && secret == "":
		return nil, &channel.FieldError{Field: fieldToken, Reason: "is required, or a client ID with its secret", Code: "required"}
	case token == "" && id == "":
		return nil, &channel.FieldError{Field: fieldClientID, Reason: "is required with a client secret", Code: "required"}
	case token == "" && secret == "":
		return nil, &channel.FieldError{Field: fieldSecret, Reason: "is required with a client ID", Code: "required"}
	}
	location := s.Get(spec, fieldLocation)
	if location != "" {
		location = strings.TrimPrefix(location, gidLocation)
		if !isID(location) {
			return nil, &channel.FieldError{Field: fieldLocation, Reason: "is neither gid://shopify/Location/123 nor a number", Code: "format"}
		}
	}
	c := &connector{
		deps:     d,
		base:     base,
		tokens:   newTokens(d, base, token, id, secret),
		location: &place{chosen: location},
	}
	for _, secret := range []string{secret, s.Get(spec, fieldOldSecret)} {
		if secret != "" {
			c.secrets = append(c.secrets, []byte(secret))
		}
	}
	return c, nil
}
