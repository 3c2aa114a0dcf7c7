package whatif

import (
	"fmt"
	"time"

	"soroi/internal/allocation"
)

// fourShops have 50, 25, 15 and 10 % of the sales.
func fourShops(perHour float64, every, show time.Duration) *World {
	w := &World{Units: 30}
	for i, part := range []float64{.5, .25, .15, .1} {
		w.Shops = append(w.Shops, Shop{Name: fmt.Sprint("shop ", i+1), Rate: part * perHour, Every: every.Microseconds(), Show: Lag{show.Microseconds()}, Write: allocation.Overwrite})
	}
	return w
}
