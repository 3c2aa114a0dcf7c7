package yahoo

import (
	"strings"
	"time"

	"soroi/internal/channel"
)

// The settings of a shop.
const (
	fieldSeller       = "seller_id"
	fieldClientID     = "client_id"
	fieldClientSecret = "client_secret"
	fieldRefreshToken = "refresh_token"
	fieldKey          = "public_key"
	fieldKeyVersion   = "public_key_version"
	fieldConsentedOn  = "consented_on"
	fieldKeyUntil     = "public_key_until"
)

// The buckets: each address of the mall has a limit of its own. See docs/channels/yahoo.md.
const (
	opOrderCount = "orderCount"
	opOrderList  = "orderList"
	opOrderInfo  = "orderInfo"
	opSetStock   = "setStock"
	opGetStock   = "getStock"
	opItemList   = "myItemList"
	opItem       = "getItem"
	opToken      = "token"
)

const (
	defaultBase = "https://circus.shopping.yahooapis.jp"
	loginHost   = "https://auth.login.yahoo.co.jp"

	// perCall is the pause between two calls of one address. The mall allows one a second; the rest keeps two calls that
	// travel at different speed from arriving too close together.
	perCall = 1030 * time.Millisecond
	// lateness is our own margin: the mall promises nothing about when an order joins the list.
	lateness = 3 * time.Minute
	history  = 30 * 24 * time.Hour
	// consentLasts is the life of a refresh token, counted from the owner's consent. A refresh does not renew it.
	consentLasts = 28 * 24 * time.Hour
)

// Spec describes Yahoo!ショッピング. The numbers and their sources are in docs/channels/yahoo.md.
func Spec() channel.Spec {
	return channel.Spec{
		Kind:   "yahoo",
		Name:   "Yahoo!ショッピング",
		Fields: fields(),
		Can: channel.Can{
			Write:           channel.Delta,
			ListListings:    true,
			Check:           true,
			ReturnsOnCancel: channel.ReturnsDepends,
			ReadAfter:       true,
		},
		Limits: channel.Limits{
			PushItems:     1000,
			ReadItems:     1000,
			RefreshOrders: 200,
			Rates: []channel.Rate{
				{Bucket: opOrderCount, Calls: 1, Per: perCall, Burst: 1},
				{Bucket: opOrderList, Calls: 1, Per: perCall, Burst: 1},
				{Bucket: opOrderInfo, Calls: 1, Per: perCall, Burst: 1},
				{Bucket: opSetStock, Calls: 1, Per: perCall, Burst: 1},
				{Bucket: opGetStock, Calls: 1, Per: perCall, Burst: 1},
				{Bucket: opItemList, Calls: 1, Per: perCall, Burst: 1},
				{Bucket: opItem, Calls: 1, Per: perCall, Burst: 1},
				{Bucket: opToken, Calls: 1, Per: perCall, Burst: 1},
			},
			PushBucket: opSetStock,
			Largest:    largest,
			History:    history,
			Lag:        2 * time.Second,
			Lateness:   lateness,
			Poll:       15 * time.Second,
		},
		Hosts: []string{"circus.shopping.yahooapis.jp", "test.circus.shopping.yahooapis.jp"},
		Open:  open,
	}
}

func fields() []channel.Field {
	return []channel.Field{
		{
			Key: fieldSeller, Label: "ストアアカウント", LabelEN: "Store account", Required: true,
			Help: "ストアのURL https://store.shopping.yahoo.co.jp/◯◯/ の◯◯", HelpEN: "the last part of the store's address",
		},
		{
			Key: fieldClientID, Label: "Client ID", LabelEN: "Client ID", Required: true,
			Help:   "Yahoo!デベロッパーネットワーク › アプリケーションの管理。注文APIは別に利用申請が必要です",
			HelpEN: "Yahoo! developer network, application management; the order API needs an application of its own",
		},
		{
			Key: fieldClientSecret, Label: "シークレット", LabelEN: "Client secret", Required: true, Secret: true,
			Help: "Client ID と同じ画面", HelpEN: "on the same page as the client ID",
		},
		{
			Key: fieldRefreshToken, Label: "リフレッシュトークン", LabelEN: "Refresh token", Required: true, Secret: true,
			Help:   "ストアのビジネスIDで同意したときに発行されます。同意から28日で切れます",
			HelpEN: "given when the store's business ID consents; it ends 28 days after the consent",
		},
		{
			Key: fieldConsentedOn, Label: "同意した日", LabelEN: "Day of the consent",
			Help: "例 2026-08-01。期限が近づくとお知らせします", HelpEN: "such as 2026-08-01; we warn before the 28 days end",
		},
		{
			Key: fieldKey, Label: "公開鍵", LabelEN: "Public key", Required: true, Secret: true, Long: true,
			Help:   "ストアクリエイターPro › 設定 › 暗号鍵管理。BEGIN と END の行も含めて貼り付けてください",
			HelpEN: "StoreCreator Pro, settings, key management; with the BEGIN and END lines",
		},
		{
			Key: fieldKeyVersion, Label: "公開鍵のバージョン", LabelEN: "Version of the public key", Required: true,
			Help: "公開鍵と同じ画面の数字", HelpEN: "the number beside the key",
		},
		{
			Key: fieldKeyUntil, Label: "公開鍵の有効期限", LabelEN: "End of the public key",
			Help: "例 2027-08-01。発行から1年です", HelpEN: "such as 2027-08-01; a year after it was made",
		},
		{
			Key: channel.BaseURL, Label: "APIのアドレス", LabelEN: "Address of the API", Default: defaultBase,
			Help:   "テスト環境では https://test.circus.shopping.yahooapis.jp",
			HelpEN: "https://test.circus.shopping.yahooapis.jp for the mall's test environment",
		},
	}
}

func open(s channel.Settings, deps channel.Deps) (channel.Connector, error) {
	spec := Spec()
	c := &connector{
		deps:   deps,
		seller: s.Get(spec, fieldSeller),
		base:   strings.TrimRight(s.Get(spec, channel.BaseURL), "/"),
		signer: signer{seller: s.Get(spec, fieldSeller), version: s.Get(spec, fieldKeyVersion)},
	}
	for _, key := range []string{fieldSeller, fieldClientID, fieldClientSecret, fieldRefreshToken, fieldKey, fieldKeyVersion} {
		if s.Get(spec, key) == "" {
			return nil, &channel.FieldError{Field: key, Reason: "is required", Code: "required"}
		}
	}
	var err error
	if c.signer.key, err = readKey(s.Get(spec, fieldKey)); err != nil {
		return nil, &channel.FieldError{Field: fieldKey, Reason: err.Error(), Code: "format"}
	}
	if c.consentedOn, err = readDay(s.Get(spec, fieldConsentedOn)); err != nil {
		return nil, &channel.FieldError{Field: fieldConsentedOn, Reason: "is not a day such as 2026-08-01", Code: "format"}
	}
	if c.keyUntil, err = readDay(s.Get(spec, fieldKeyUntil)); err != nil {
		return nil, &channel.FieldError{Field: fieldKeyUntil, Reason: "is not a day such as 2027-08-01", Code: "format"}
	}
	c.tokens = newTokens(deps, tokenURL(c.base), s.Get(spec, fieldClientID),
		channel.Secret(s.Get(spec, fieldClientSecret)), channel.Secret(s.Get(spec, fieldRefreshToken)))
	return c, nil
}

// tokenURL is where tokens come from: Yahoo! JAPAN's login for Yahoo!'s own addresses, the same address for a test mall.
func tokenURL(base string) string {
	for _, h := range Spec().Hosts {
		if base == "https://"+h {
			return loginHost + "/yconnect/v2/token"
		}
	}
	return base + "/yconnect/v2/token"
}

func readDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.ParseInLocation(time.DateOnly, text, japan)
}
