package channeltest

import (
	"context"
	"net/http"

	"soroi/internal/channel"
)

// inShop is a channel.Shop in the shape of a connector. What Shop does not hand on (tickets) is asked of the connector.
type inShop struct {
	*channel.Shop
	inner channel.Connector
}

func openShop(spec channel.Spec, settings channel.Settings, deps channel.Deps, inner channel.Connector) (channel.Connector, error) {
	shop, err := channel.OpenShop(spec, settings, channel.Access{HTTP: deps.HTTP, Clock: deps.Clock})
	if err != nil {
		return nil, err
	}
	return inShop{shop, inner}, nil
}

// PushStock is Shop.Push: the error says what befell the whole call.
func (s inShop) PushStock(ctx context.Context, updates []channel.Update) ([]channel.Outcome, error) {
	return s.Push(ctx, updates)
}

// ReadStock is Shop.Read.
func (s inShop) ReadStock(ctx context.Context, refs []channel.Ref) ([]channel.Shown, error) {
	return s.Read(ctx, refs)
}

// ConfirmPush asks the connector itself.
func (s inShop) ConfirmPush(ctx context.Context, tickets []channel.Ticket) ([]channel.Outcome, error) {
	return s.inner.(channel.Confirmer).ConfirmPush(ctx, tickets)
}

// VerifyWebhook is Shop's.
func (s inShop) VerifyWebhook(header http.Header, body []byte) error {
	return s.Shop.VerifyWebhook(header, body)
}

// Subscribe is Shop's.
func (s inShop) Subscribe(ctx context.Context, address, former string) error {
	return s.Shop.Subscribe(ctx, address, former)
}

// String is the channel's word.
func (s inShop) String() string { return "shop of " + string(s.Spec.Kind) }

// GoString is String, for %#v.
func (s inShop) GoString() string { return s.String() }
