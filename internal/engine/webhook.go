package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// HookPath is where a shop's webhooks come in, below Options.PublicURL.
func HookPath(tenant stock.TenantID, shop channel.ShopID) string {
	return fmt.Sprintf("/hooks/%d/%d", tenant, shop)
}

// HookAddress is where a shop's webhooks come in, "" when Options.PublicURL is not set.
func (s *Service) HookAddress(tenant stock.TenantID, shop channel.ShopID) string {
	if s.options.PublicURL == "" {
		return ""
	}
	return s.options.PublicURL + HookPath(tenant, shop)
}

const (
	hookLater = 10 * time.Minute // after a failure, or while nothing may be sent to the shop
	// pullGap is the least time between two pulls that webhooks ask for: they come in bursts, and reading costs of what writing needs.
	pullGap = time.Second
	// noteEvery is how often the process that runs a shop notes that webhooks come.
	noteEvery = time.Minute
)

// hookLoop has the shop send its webhooks here: at start, once more whenever the shop goes live, and every HookEvery, since a shop may
// drop by itself what it could not deliver for a while. It never holds up the other loops: without webhooks, polling goes on.
func (r *runner) hookLoop(ctx context.Context) {
	every, address := r.service.options.HookEvery, r.service.HookAddress(r.tenant, r.held().Shop)
	if address == "" || !r.shop.Spec.Can.Subscribe {
		return
	}
	wait := time.Duration(0)
	for r.hookWake.wait(ctx, r.service.clock, wait) {
		if wait = r.resting(); wait > 0 {
			continue
		}
		wait = every
		err := r.subscribe(ctx, address)
		switch {
		case err == nil:
		case errors.Is(err, store.ErrHandsOff):
			wait = min(hookLater, every)
		case errors.Is(err, store.ErrLeaseLost) || ctx.Err() != nil:
			return
		default:
			wait = min(hookLater, every)
			r.log.Warn("no webhooks", "address", address, "error", err)
			if err := r.service.db.LoopFailed(ctx, r.tenant, r.held().Shop, store.LoopHook, err); err != nil && ctx.Err() == nil {
				r.log.Error("record failure", "loop", store.LoopHook, "error", err)
			}
			r.service.tell()
		}
	}
}

// subscribe asks the shop once, unless nothing may be sent to it.
func (r *runner) subscribe(ctx context.Context, address string) error {
	lease := r.held()
	former, err := r.service.db.BeginSubscribe(ctx, r.tenant, lease)
	if err != nil {
		return err
	}
	if err := r.shop.Subscribe(channel.OnlyIf(ctx, r.stillOurs), address, former); err != nil {
		return err
	}
	if err := r.service.db.Subscribed(ctx, r.tenant, lease, address); err != nil {
		return err
	}
	if former != address {
		r.log.Info("the shop sends webhooks", "address", address)
	}
	r.service.tell()
	return nil
}

// Notify takes a webhook in: when the shop's signature is right, its orders are pulled now, by whichever process runs the shop. The error
// is store.ErrNotFound when there is no such shop, or a *channel.Error.
func (s *Service) Notify(ctx context.Context, tenant stock.TenantID, shop channel.ShopID, header http.Header, body []byte) error {
	if r := s.runner(tenant, shop); r != nil {
		if err := r.shop.VerifyWebhook(header, body); err != nil {
			return err
		}
		r.notified.Store(true)
		r.pullWake.set()
		if now := s.clock.Now(); now.Sub(r.state().NotifiedAt) < noteEvery {
			return nil
		}
		return s.db.Notified(ctx, tenant, shop)
	}
	shops, err := s.db.ListShops(ctx, tenant)
	if err != nil {
		return err
	}
	for _, known := range shops {
		if known.ID != shop {
			continue
		}
		opened, err := s.Open(known.Kind, known.Settings)
		if err != nil {
			return &channel.Error{Kind: channel.Auth, Op: "settings", Message: err.Error(), NotDone: true}
		}
		if err := opened.VerifyWebhook(header, body); err != nil {
			return err
		}
		return s.db.Notified(ctx, tenant, shop)
	}
	return store.ErrNotFound
}
