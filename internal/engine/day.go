package engine

import (
	"context"
	"time"

	"soroi/internal/stock"
)

// dayLoop tells the planner when a tenant's day begins. It looks at least once a minute, since tenants come and machines sleep.
func (s *Service) dayLoop(ctx context.Context) {
	next := make(map[stock.TenantID]time.Time)
	for ctx.Err() == nil {
		tenants, err := s.db.ListTenants(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("list tenants", "error", err)
		}
		wait := time.Minute
		for _, t := range tenants {
			if now := s.clock.Now(); !now.Before(next[t.ID]) {
				s.beginDay(ctx, t.ID, next)
			}
			wait = min(wait, max(next[t.ID].Sub(s.clock.Now()), time.Second))
		}
		if s.clock.Sleep(ctx, wait) != nil {
			return
		}
	}
}

func (s *Service) beginDay(ctx context.Context, tenant stock.TenantID, next map[stock.TenantID]time.Time) {
	marked, at, err := s.db.BeginDay(ctx, tenant)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Error("begin day", "tenant", tenant, "error", err)
		}
		return
	}
	next[tenant] = at
	if marked > 0 {
		s.planWake.set()
	}
}
