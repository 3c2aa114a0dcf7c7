// Package all is the one list of channels. Deleting a channel's folder and its line here removes the channel.
package all

import (
	"soroi/internal/channel"
	"soroi/internal/channel/rakuten"
	"soroi/internal/channel/shopify"
	"soroi/internal/channel/vendure"
	"soroi/internal/channel/yahoo"
)

// Specs lists every channel that soroi speaks, in the order in which screens offer them.
func Specs() []channel.Spec {
	return []channel.Spec{
		rakuten.Spec(),
		yahoo.Spec(),
		shopify.Spec(),
		vendure.Spec(),
	}
}
