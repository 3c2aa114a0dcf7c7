package engine

import (
	"context"
	"errors"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// planBatch is how many SKUs one planning transaction takes: few enough to let postings in between.
const planBatch = 500

// planLoop plans changed SKUs of every tenant. Each process plans; rows that one has taken are skipped by the others.
func (s *Service) planLoop(ctx context.Context) {
	for s.planWake.wait(ctx, s.clock, s.options.Tick) {
		tenants, err := s.db.ListTenants(ctx)
		if err != nil {
			s.log.Error("list tenants", "error", err)
			continue
		}
		for more := true; more && ctx.Err() == nil; {
			more = false
			for _, t := range tenants {
				full, err := s.plan(ctx, t.ID)
				if err == nil && !full {
					full, err = s.db.Sweep(ctx, t.ID, planBatch)
				}
				if err == nil && !full {
					full, err = s.db.WakeAuto(ctx, t.ID, planBatch)
				}
				if err == nil && !full {
					full, err = s.db.StepBulk(ctx, t.ID, planBatch)
				}
				if err != nil && ctx.Err() == nil {
					s.log.Error("plan", "tenant", t.ID, "error", err)
				}
				more = more || full // one tenant's bulk never keeps another waiting for more than a batch
			}
		}
	}
}

// planAll plans until nothing is left to plan.
func (s *Service) planAll(ctx context.Context, tenant stock.TenantID) error {
	for {
		full, err := s.plan(ctx, tenant)
		if err != nil || !full {
			return err
		}
	}
}

// plan plans one batch and tells whether there may be more.
func (s *Service) plan(ctx context.Context, tenant stock.TenantID) (more bool, err error) {
	more, err = s.planBatch(ctx, tenant)
	if errors.Is(err, errNoPaces) {
		s.paces.forget(tenant)
		more, err = s.planBatch(ctx, tenant)
	}
	return more, err
}

func (s *Service) planBatch(ctx context.Context, tenant stock.TenantID) (more bool, err error) {
	shops, err := s.db.ListShops(ctx, tenant)
	if err != nil {
		return false, err
	}
	byID := make(map[channel.ShopID]allocation.Shop, len(shops))
	for _, shop := range shops {
		byID[shop.ID] = shop.Allocation(s.specs[shop.Kind])
	}
	paces, err := s.paces.of(ctx, s, tenant)
	if err != nil {
		return false, err
	}
	parts := false
	planned, changed, err := s.db.Plan(ctx, tenant, planBatch, func(skus []*store.Unplanned) error {
		parts = false
		for _, u := range skus {
			if paces == nil && u.UnderAuto() {
				return errNoPaces
			}
			planSKU(u, byID, paces)
			parts = parts || u.InBundle
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if planned > 0 {
		s.wakePublishers(tenant, changed)
		s.tell()
	}
	return planned == planBatch || parts, nil // the bundles of parts are next
}

// planSKU fills in the targets of one SKU's listings.
func planSKU(u *store.Unplanned, shops map[channel.ShopID]allocation.Shop, paces map[channel.ShopID]allocation.Pace) {
	sellable := u.Sellable()
	list := make([]allocation.Shop, len(u.Listings))
	for i, l := range u.Listings {
		list[i] = shops[l.Shop]
	}
	u.Settle(list, paces)
	for i, t := range u.Allotment.Targets(sellable, list) {
		l := &u.Listings[i]
		l.NewTarget = t.Quantity
		l.Risk = risk(*l)
	}
}

// risk orders listings inside a lane: the units by which the shop shows too much, weighed by how fast the SKU sells there, in
// thousandths. A SKU that has not sold lately counts as if it sold one unit a day.
func risk(l store.PlanListing) int64 {
	const slowest = 1000 / 24
	rate := max(l.SoldRate, slowest)
	excess := int64(1)
	if l.Expected != nil {
		excess = l.Expected.Sortable() - l.NewTarget.Sortable()
		excess = min(max(excess, -excess), 1_000_000)
	}
	return rate * (excess + 1)
}
