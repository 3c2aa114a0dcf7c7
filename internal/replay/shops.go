package replay

import (
	"fmt"

	"soroi/internal/channel"
	"soroi/internal/mallsim/town"
)

// Open puts the stream's goods on sale in every mall of an empty town, each with its opening stock, and says what the shops are called there.
func Open(t *town.Town, s *Stream) error {
	goods := make([]town.Good, len(s.Codes))
	levels := Levels(s)
	for i, code := range s.MerchantCodes() {
		// A product each, so that codes that differ in case alone stay apart in malls that fold the case of a product's code.
		goods[i] = town.Good{Code: code, Product: fmt.Sprintf("item-%d", i+1), Choice: s.Codes[i], Title: "商品", Stock: levels[i]}
	}
	return t.AddGoods(goods)
}

// Connect is the malls of a town that Open has filled, as shops of a replay. base is the address of each; nil is where it listens.
func Connect(t *town.Town, s *Stream, base func(*town.Mall) string) []Connected {
	var shops []Connected
	for _, m := range t.Malls() {
		shop := Connected{Shop: Shop{Name: m.Name, Mall: m.Core}, Kind: channel.Kind(m.Kind), Settings: channel.Settings{}}
		for key, value := range m.Settings() {
			shop.Settings[key] = channel.Secret(value)
		}
		if base != nil {
			shop.Settings[channel.BaseURL] = channel.Secret(base(m))
		}
		for _, code := range s.MerchantCodes() {
			key, _ := m.Key(code)
			shop.Keys = append(shop.Keys, key)
		}
		shops = append(shops, shop)
	}
	return shops
}
