package engine

import (
	"context"
	"errors"
	"time"

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
					full, err = s.db.LookAgain(ctx, t.ID)
				}
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
	p := planning{now: s.clock.Now, shops: make(map[channel.ShopID]allocation.Shop, len(shops)), ways: make(map[channel.ShopID]allocation.Write, len(shops))}
	for _, shop := range shops {
		spec := s.specs[shop.Kind]
		p.shops[shop.ID], p.ways[shop.ID] = shop.Allocation(spec), wayOf(spec.Can)
	}
	paces, err := s.paces.of(ctx, s, tenant)
	if err != nil {
		return false, err
	}
	p.paces = paces
	parts := false
	planned, changed, err := s.db.Plan(ctx, tenant, planBatch, func(skus []*store.Unplanned) error {
		parts = false
		for _, u := range skus {
			if paces == nil && u.UnderAuto() {
				return errNoPaces
			}
			p.plan(u)
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

// planning is what planning has to know of a tenant's shops.
type planning struct {
	now   func() time.Time
	shops map[channel.ShopID]allocation.Shop
	paces map[channel.ShopID]allocation.Pace // nil where no rule is auto
	ways  map[channel.ShopID]allocation.Write
}

// plan fills in what the listings of one SKU should show next.
func (p *planning) plan(u *store.Unplanned) {
	list := make([]allocation.Shop, len(u.Listings))
	for i, l := range u.Listings {
		list[i] = p.shops[l.Shop]
	}
	u.Settle(list, p.paces)
	targets := u.Allotment.Targets(u.Sellable(), list)
	if u.Divides() {
		p.divide(u, targets)
	} else {
		for i, t := range targets {
			u.Listings[i].NewTarget = t.Quantity
		}
	}
	for i := range u.Listings {
		u.Listings[i].Risk = risk(u.Listings[i])
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
