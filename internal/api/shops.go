package api

import (
	"net/http"
	"time"

	"soroi/internal/store"
)

// Shop is how a shop is.
type Shop struct {
	ID           int64      `json:"id"`
	Name         string     `json:"name"`
	Channel      string     `json:"channel"`
	Mode         store.Mode `json:"mode"`
	InOutage     bool       `json:"in_outage"`
	Listings     int64      `json:"listings"`
	Linked       int64      `json:"linked"`
	Backlog      Backlog    `json:"backlog"`
	Lag          Lag        `json:"lag"`
	OrdersUpTo   *time.Time `json:"orders_pulled_at"`
	LastPushedAt *time.Time `json:"pushed_at"`
	Error        *ShopError `json:"error"`
}

// Backlog is how many listings wait, by lane.
type Backlog struct {
	ToZero      int64 `json:"to_zero"`
	Falling     int64 `json:"falling"`
	RaisingZero int64 `json:"raising_from_zero"`
	Rest        int64 `json:"rest"`
	FullPass    int64 `json:"full_pass"`
}

// Lag is how long the shop took to show a change within the last hour, in seconds.
type Lag struct {
	Items int64   `json:"items"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
}

// Shops are all of a tenant's.
type Shops struct {
	Items []Shop `json:"items"`
}

// lagSpan is over how long the lag is measured.
const lagSpan = time.Hour

func (a *API) listShops(r *request) error {
	if err := r.parameters().err; err != nil {
		return err
	}
	now := a.deps.Clock.Now()
	list, _, err := a.deps.DB.ListShopStatus(r.ctx(), r.token.Tenant, now.Add(-lagSpan))
	if err != nil {
		return err
	}
	answer := Shops{Items: []Shop{}}
	for _, s := range list {
		item := Shop{ID: int64(s.Shop.ID), Name: s.Shop.Name, Channel: string(s.Shop.Kind), Mode: s.Shop.Mode, InOutage: s.Shop.InOutage(now), Listings: s.Listings, Linked: s.Linked,
			Backlog: Backlog{s.Backlog[store.ToZero], s.Backlog[store.Falling], s.Backlog[store.RaisingZero], s.Backlog[store.Rest], s.Backlog[store.FullPass]},
			Lag:     Lag{s.Lag.Items, s.Lag.P50.Seconds(), s.Lag.P99.Seconds()}, OrdersUpTo: instant(s.Pulled()), LastPushedAt: instant(s.PushedAt)}
		if loop, bad := s.Trouble(); bad {
			item.Error = &ShopError{string(loop.ErrorKind), loop.ErrorCode, loop.ErrorText}
		}
		answer.Items = append(answer.Items, item)
	}
	return r.answer(http.StatusOK, answer)
}
