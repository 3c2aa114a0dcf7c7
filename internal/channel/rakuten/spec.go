package rakuten

import (
	"encoding/base64"
	"strings"
	"time"

	"soroi/internal/channel"
)

// The mall's bounds, see docs/channels/rakuten.md.
const (
	host = "https://api.rms.rakuten.co.jp"

	pushItems  = 400
	readItems  = 1000
	getOrders  = 100
	searchPage = 1000
	ceiling    = 15_000              // hits that paging reaches
	longest    = 63 * 24 * time.Hour // span of one search, both ends included
	largest    = 99_999
	itemPage   = 100
)

// What this connector decides for itself.
const (
	// history stays a day inside the 730 that the mall answers for, so that clocks may differ.
	history = 729 * 24 * time.Hour
	// lateness is what we promise of the order list; the mall promises nothing.
	lateness = 2 * time.Minute
	// overlap is how far each pull looks back beyond that promise. It costs nothing while its orders fit one search.
	overlap = time.Hour
	// sweepEvery is how often cancelled orders are looked for among all those of the last 63 days.
	sweepEvery = time.Hour
	// ordersPerPage bounds one PullOrders: a search and three calls for the details.
	ordersPerPage = 3 * getOrders
)

// The buckets of the pace.
const (
	bucketWrite  = "write"  // bulk-upsert
	bucketRead   = "read"   // bulk-get
	bucketOrders = "orders" // searchOrder and getOrder
	bucketItems  = "items"  // item search and the key's end
)

// Setting keys beside channel.BaseURL.
const (
	fieldSecret  = "service_secret"
	fieldLicense = "license_key"
)

// Spec is 楽天市場 as data.
func Spec() channel.Spec {
	return channel.Spec{
		Kind: "rakuten",
		Name: "楽天市場",
		Fields: []channel.Field{
			{Key: fieldSecret, Label: "serviceSecret", LabelEN: "serviceSecret", Secret: true, Required: true,
				Help:   "RMS の「店舗様向け情報・サービス」›「WEB APIサービス」に表示される SP で始まる文字列です。",
				HelpEN: "Begins with SP. In RMS: store services, WEB API service."},
			{Key: fieldLicense, Label: "licenseKey", LabelEN: "licenseKey", Secret: true, Required: true,
				Help: "同じ画面で発行する SL で始まる文字列です。90 日で失効します。利用機能編集で、受注の検索と取得、在庫の一括登録更新と一括取得、" +
					"商品検索、ライセンスキー有効期限取得にチェックを入れてください。発行直後の 10〜30 分は使えません。",
				HelpEN: "Begins with SL; issued on the same page and valid for 90 days. Tick the functions for order search and get, " +
					"inventory bulk-upsert and bulk-get, item search and license key expiry. A new key works after 10 to 30 minutes."},
			{Key: channel.BaseURL, Label: "接続先", LabelEN: "Address", Default: host,
				Help: "通常は変更しません。", HelpEN: "Leave as it is."},
		},
		Hosts: []string{"api.rms.rakuten.co.jp"},
		Can: channel.Can{
			Write:            channel.Delta,
			RefusesBelowZero: true, // IE0117
			ListListings:     true,
			Check:            true,
			ReturnsOnCancel:  channel.ReturnsDepends,
			ReadAfter:        true,
		},
		Limits: channel.Limits{
			PushItems:     pushItems,
			ReadItems:     readItems,
			RefreshOrders: getOrders,
			PushBucket:    bucketWrite,
			Rates: []channel.Rate{
				{Bucket: bucketWrite, Calls: 1, Per: time.Second, Burst: 1},
				{Bucket: bucketRead, Calls: 5, Per: time.Second, Burst: 1},
				{Bucket: bucketOrders, Calls: 1, Per: time.Second, Burst: 2},
				{Bucket: bucketItems, Calls: 1, Per: time.Second, Burst: 1},
			},
			Largest:  largest,
			History:  history,
			Lag:      5 * time.Second,
			Lateness: lateness,
			Poll:     15 * time.Second,
		},
		Open: open,
	}
}

func open(settings channel.Settings, deps channel.Deps) (channel.Connector, error) {
	spec := Spec()
	if wrong := settings.Check(spec, true); len(wrong) > 0 {
		return nil, wrong[0]
	}
	secret, license := settings.Get(spec, fieldSecret), settings.Get(spec, fieldLicense)
	return &connector{
		deps:    deps,
		base:    strings.TrimRight(settings.Get(spec, channel.BaseURL), "/"),
		auth:    channel.Secret("ESA " + base64.StdEncoding.EncodeToString([]byte(secret+":"+license))),
		license: channel.Secret(license),
	}, nil
}
