package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"soroi/internal/allocation"
	"soroi/internal/channel"
	"soroi/internal/stock"
)

// paceStands is how long the paces of a tenant's shops are taken as they were read.
const paceStands = time.Minute

// paces are how late shops are, of the tenants that have auto rules. Reading them for every batch that is planned would cost more than planning.
type paces struct {
	mu       sync.Mutex
	byTenant map[stock.TenantID]pacesAt
}

type pacesAt struct {
	at    time.Time
	shops map[channel.ShopID]allocation.Pace
}

// errNoPaces says that a SKU to be planned is under an auto rule, and the paces of shops were not read: the pattern is newer than they are.
var errNoPaces = errors.New("no paces of shops")

// forget has a tenant's paces read anew.
func (p *paces) forget(tenant stock.TenantID) {
	p.mu.Lock()
	delete(p.byTenant, tenant)
	p.mu.Unlock()
}

// of gives the paces of a tenant's shops; nil when no pattern of it is auto.
func (p *paces) of(ctx context.Context, s *Service, tenant stock.TenantID) (map[channel.ShopID]allocation.Pace, error) {
	now := s.clock.Now()
	p.mu.Lock()
	known, ok := p.byTenant[tenant]
	p.mu.Unlock()
	if ok && now.Sub(known.at) < paceStands {
		return known.shops, nil
	}
	known = pacesAt{at: now}
	has, err := s.db.HasAuto(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if has {
		if known.shops, err = s.db.ShopPaces(ctx, tenant, s.specs); err != nil {
			return nil, err
		}
		for id, pace := range known.shops {
			if s.options.Poll > 0 {
				pace.See = s.options.Poll.Microseconds()
				known.shops[id] = pace
			}
		}
	}
	p.mu.Lock()
	if p.byTenant == nil {
		p.byTenant = make(map[stock.TenantID]pacesAt)
	}
	p.byTenant[tenant] = known
	p.mu.Unlock()
	return known.shops, nil
}
