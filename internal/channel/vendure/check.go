package vendure

import (
	"context"

	"soroi/internal/channel"
)

// Check logs in anew and asks for one of everything that the connector needs, so that a missing permission shows here and not in
// the middle of the night. The shop does not say when a login ends.
func (s *shop) Check(ctx context.Context) (channel.Checked, error) {
	fresh := *s
	fresh.session = &session{username: s.session.username, password: s.session.password, turn: make(chan struct{}, 1)}
	var data struct {
		ActiveChannel struct {
			Code string `json:"code"`
		} `json:"activeChannel"`
		StockLocations locationsWire `json:"stockLocations"`
	}
	if _, err := fresh.ask(ctx, "check", checkDocument, nil, &data); err != nil {
		return channel.Checked{}, err
	}
	if _, err := data.StockLocations.find("check", s.location); err != nil {
		return channel.Checked{}, err
	}
	return channel.Checked{Account: data.ActiveChannel.Code}, nil
}
