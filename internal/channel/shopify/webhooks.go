package shopify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

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

// EnsureWebhooks subscribes address to every topic that it is not subscribed to yet, and says how many were missing. Shopify drops a
// subscription after eight failed deliveries in a row, so this is called at start and daily. address is an https address.
func (c *connector) EnsureWebhooks(ctx context.Context, address string) (created int, err error) {
	have, err := c.subscriptions(ctx, address)
	if err != nil {
		return 0, err
	}
	for _, topic := range topics {
		if have[topic] {
			continue
		}
		var answer struct {
			Create *struct {
				UserErrors []userError `json:"userErrors"`
			} `json:"webhookSubscriptionCreate"`
		}
		variables := map[string]any{"topic": topic, "subscription": map[string]any{"uri": address, "format": "JSON"}}
		if err := c.ask(ctx, docSubscribe, variables, &answer); err != nil {
			return created, err
		}
		if answer.Create == nil {
			return created, unreadable(docSubscribe.Op, "the answer says nothing about the subscription")
		}
		if len(answer.Create.UserErrors) > 0 {
			return created, &channel.Error{Kind: channel.Invalid, Op: docSubscribe.Op, Code: topic,
				Message: answer.Create.UserErrors[0].Message, NotDone: true}
		}
		created++
	}
	return created, nil
}

// subscriptions are the topics that address is subscribed to.
func (c *connector) subscriptions(ctx context.Context, address string) (map[string]bool, error) {
	have := map[string]bool{}
	for after := any(nil); ; {
		var answer struct {
			Subscriptions *struct {
				Nodes []struct {
					Topic string `json:"topic"`
					URI   string `json:"uri"`
				} `json:"nodes"`
				PageInfo *page `json:"pageInfo"`
			} `json:"webhookSubscriptions"`
		}
		if err := c.ask(ctx, docWebhooks, map[string]any{"after": after}, &answer); err != nil {
			return nil, err
		}
		if answer.Subscriptions == nil || answer.Subscriptions.PageInfo == nil {
			return nil, unreadable(docWebhooks.Op, "the answer holds no page of subscriptions")
		}
		for _, s := range answer.Subscriptions.Nodes {
			if s.URI == address {
				have[s.Topic] = true
			}
		}
		next := answer.Subscriptions.PageInfo
		if !next.HasNextPage {
			return have, nil
		}
		if next.EndCursor == "" || next.EndCursor == after {
			return nil, unreadable(docWebhooks.Op, "there is a next page and no way to it")
		}
		after = next.EndCursor
	}
}
