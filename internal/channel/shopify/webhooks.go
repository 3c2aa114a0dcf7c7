package shopify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"

	"soroi/internal/channel"
)

const opWebhook = "webhook"

// VerifyWebhook checks X-Shopify-Hmac-SHA256: base64 of the HMAC-SHA256 of the body's bytes under the client secret, the new one
// or, just after it was changed, the old one.
func (c *connector) VerifyWebhook(header http.Header, body []byte) error {
	refuse := func(message string) error {
		return &channel.Error{Kind: channel.Auth, Op: opWebhook, Message: message, NotDone: true}
	}
	if len(c.secrets) == 0 {
		return refuse("the shop's settings hold no client secret, so no webhook can be verified")
	}
	signature, err := base64.StdEncoding.DecodeString(header.Get("X-Shopify-Hmac-SHA256"))
	if err != nil || len(signature) != sha256.Size {
		return refuse("the webhook carries no signature")
	}
	valid := false
	for _, secret := range c.secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		valid = hmac.Equal(mac.Sum(nil), signature) || valid
	}
	if !valid {
		return refuse("the webhook's signature is wrong")
	}
	return nil
}

// topics are what soroi wants to hear of. Each of them only means "pull now".
var topics = []string{"ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_EDITED", "ORDERS_CANCELLED", "REFUNDS_CREATE"}

// subscription is one topic that is sent to an address.
type subscription struct {
	ID    string `json:"id"`
	Topic string `json:"topic"`
	URI   string `json:"uri"`
}

// Subscribe adds what is missing at address, then takes away what former has. Nobody reads what a webhook says, so the buyers' data is left
// out of it; updated_at makes each body differ, since the shop drops what looks like a repetition.
func (c *connector) Subscribe(ctx context.Context, address, former string) error {
	if len(c.secrets) == 0 {
		return &channel.Error{Kind: channel.Invalid, Op: docSubscribe.Op, NotDone: true,
			Message: "the shop's settings hold no client secret, so its webhooks could not be told from forged ones"}
	}
	all, err := c.subscriptions(ctx)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		if slices.ContainsFunc(all, func(s subscription) bool { return s.Topic == topic && s.URI == address }) {
			continue
		}
		var answer struct {
			Create *changedSubscription `json:"webhookSubscriptionCreate"`
		}
		variables := map[string]any{"topic": topic, "subscription": map[string]any{"uri": address, "format": "JSON", "includeFields": []string{"id", "updated_at"}}}
		if err := c.ask(ctx, docSubscribe, variables, &answer); err != nil {
			return err
		}
		if err := answer.Create.refused(docSubscribe.Op, topic); err != nil {
			return err
		}
	}
	if former == "" || former == address {
		return nil
	}
	for _, s := range all {
		if s.URI != former || !slices.Contains(topics, s.Topic) {
			continue
		}
		var answer struct {
			Delete *changedSubscription `json:"webhookSubscriptionDelete"`
		}
		if err := c.ask(ctx, docUnsubscribe, map[string]any{"id": s.ID}, &answer); err != nil {
			return err
		}
		if answer.Delete == nil {
			return unreadable(docUnsubscribe.Op, "the answer says nothing about the subscription")
		}
		// A refusal means that it is gone already, which is what was wanted.
	}
	return nil
}

type changedSubscription struct {
	UserErrors []userError `json:"userErrors"`
}

func (c *changedSubscription) refused(op, topic string) error {
	switch {
	case c == nil:
		return unreadable(op, "the answer says nothing about the subscription")
	case len(c.UserErrors) > 0:
		return &channel.Error{Kind: channel.Invalid, Op: op, Code: topic, Message: c.UserErrors[0].Message, NotDone: true}
	}
	return nil
}

// subscriptions are all that the shop sends this app.
func (c *connector) subscriptions(ctx context.Context) ([]subscription, error) {
	var all []subscription
	for after := any(nil); ; {
		var answer struct {
			Subscriptions *struct {
				Nodes    []subscription `json:"nodes"`
				PageInfo *page          `json:"pageInfo"`
			} `json:"webhookSubscriptions"`
		}
		if err := c.ask(ctx, docWebhooks, map[string]any{"after": after}, &answer); err != nil {
			return nil, err
		}
		if answer.Subscriptions == nil || answer.Subscriptions.PageInfo == nil {
			return nil, unreadable(docWebhooks.Op, "the answer holds no page of subscriptions")
		}
		all = append(all, answer.Subscriptions.Nodes...)
		next := answer.Subscriptions.PageInfo
		if !next.HasNextPage {
			return all, nil
		}
		if next.EndCursor == "" || next.EndCursor == after {
			return nil, unreadable(docWebhooks.Op, "there is a next page and no way to it")
		}
		after = next.EndCursor
	}
}
