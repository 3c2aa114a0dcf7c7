package vendure

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"soroi/internal/channel"
)

// The settings of a Vendure shop.
const (
	fieldUsername = "username"
	fieldPassword = "password"
	fieldToken    = "channel_token"
	fieldLocation = "stock_location"
)

// What one call asks for at most. The shop's own bound is 1,000 per list; these keep an answer within a second on a small
// server.
const (
	pageOrders   = 50
	pageListings = 100
	stockItems   = 100
)

// bucket is the one bucket of calls: the shop has no limit of its own, so this is courtesy to a small server.
const bucket = "admin"

// lateness covers the time between the moment an order says it was placed and the moment others can see it: the shop sets
// that moment inside a transaction, and may run on several machines.
const lateness = 30 * time.Second

// history is how far back the first pull reaches. The shop keeps its orders for ever.
const history = 90 * 24 * time.Hour

// largest is the most units a listing is made to show. On hand may be more, up to the shop's 32 bits.
const largest = 1_000_000_000

// Spec is what a Vendure shop is and can do.
func Spec() channel.Spec {
	return channel.Spec{
		Kind: "vendure",
		Name: "Vendure",
		Fields: []channel.Field{
			{Key: channel.BaseURL, Label: "ショップのURL", LabelEN: "Shop address", Required: true,
				Help:   "Vendureサーバーのアドレス。Admin APIのパスが /admin-api 以外のときは、パスまで入力してください。",
				HelpEN: "Address of the Vendure server. Give the path too when the Admin API is not at /admin-api."},
			{Key: fieldUsername, Label: "管理者ID", LabelEN: "Administrator", Required: true,
				Help:   "Admin UIの「Administrators」で作成した専用の管理者。商品の読取・更新、在庫場所の読取、注文の読取の権限が必要です。",
				HelpEN: "An administrator of soroi's own, made under Administrators in the Admin UI, who may read and update the catalog, read stock locations and read orders."},
			{Key: fieldPassword, Label: "パスワード", LabelEN: "Password", Secret: true, Required: true,
				Help:   "上の管理者のパスワード。",
				HelpEN: "The password of that administrator."},
			{Key: fieldToken, Label: "チャンネルトークン", LabelEN: "Channel token",
				Help:   "複数のチャンネルがあるときだけ。Admin UIの「Channels」に表示されます。空欄なら既定のチャンネル。",
				HelpEN: "Only when the server has several channels. Shown under Channels in the Admin UI. Empty is the default channel."},
			{Key: fieldLocation, Label: "在庫場所", LabelEN: "Stock location",
				Help:   "在庫数を書き込む在庫場所の名前またはID。空欄なら最初の在庫場所。",
				HelpEN: "Name or id of the stock location whose figure soroi writes. Empty is the first one."},
		},
		Can: channel.Can{
			Write:           channel.Overwrite,
			Unlimited:       true,
			ListListings:    true,
			Check:           true,
			ReturnsOnCancel: channel.ReturnsAlways,
		},
		Limits: channel.Limits{
			PushItems:     stockItems,
			ReadItems:     stockItems,
			RefreshOrders: pageOrders,
			Rates:         []channel.Rate{{Bucket: bucket, Calls: 10, Per: time.Second, Burst: 10}},
			PushBucket:    bucket,
			PushCost:      2, // the reading before and the write
			Largest:       largest,
			History:       history,
			Lateness:      lateness,
			Poll:          15 * time.Second,
		},
		Open: open,
	}
}

// shop is the connector of one Vendure shop. It prints without its secrets.
type shop struct {
	deps     channel.Deps
	endpoint string
	channel  string // vendure-token, may be empty
	location string // name or id, may be empty
	session  *session
}

func (s *shop) String() string   { return "vendure " + s.endpoint }
func (s *shop) GoString() string { return s.String() }

func open(settings channel.Settings, deps channel.Deps) (channel.Connector, error) {
	spec := Spec()
	if wrong := settings.Check(spec, true); len(wrong) > 0 {
		return nil, wrong[0]
	}
	endpoint, err := url.Parse(settings.Get(spec, channel.BaseURL))
	if err != nil {
		return nil, &channel.FieldError{Field: channel.BaseURL, Reason: fmt.Sprintf("is no address: %v", err), Code: "url"}
	}
	if strings.Trim(endpoint.Path, "/") == "" {
		endpoint.Path = "/admin-api"
	}
	return &shop{
		deps:     deps,
		endpoint: endpoint.String(),
		channel:  settings.Get(spec, fieldToken),
		location: settings.Get(spec, fieldLocation),
		session: &session{
			username: settings.Get(spec, fieldUsername),
			password: channel.Secret(settings.Get(spec, fieldPassword)),
			turn:     make(chan struct{}, 1),
		},
	}, nil
}
