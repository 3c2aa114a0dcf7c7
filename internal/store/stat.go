package store

import (
	"context"
	"math"
	"slices"
	"time"

	"soroi/internal/channel"
)

// lagStep is the width of a lag bucket: each is a twelfth longer than the one before, so a quantile is right to 8 %.
const lagStep = 1.0 + 1.0/12

// lagCounts counts lags by bucket; bucket n holds lags up to lagStep^n milliseconds.
type lagCounts map[int64]int64

func (c lagCounts) add(lag time.Duration) {
	ms := max(float64(lag)/float64(time.Millisecond), 1)
	c[int64(math.Ceil(math.Log(ms)/math.Log(lagStep)))]++
}

func bucketLag(bucket int64) time.Duration {
	return time.Duration(math.Pow(lagStep, float64(bucket)) * float64(time.Millisecond))
}

func (tx *Tx) writeLags(ctx context.Context, shop channel.ShopID, c lagCounts) error {
	buckets := make([]int64, 0, len(c))
	for b := range c {
		buckets = append(buckets, b)
	}
	slices.Sort(buckets)
	minute := tx.now.Unix() / 60
	return tx.insertRows(ctx, "lag (tenant_id, shop_id, minute, bucket, items)", "BIGINT BIGINT BIGINT BIGINT",
		" ON CONFLICT (tenant_id, shop_id, minute, bucket) DO UPDATE SET items = lag.items + excluded.items",
		len(buckets), func(args []any, i int) []any { return append(args, int64(shop), minute, buckets[i], c[buckets[i]]) })
}

// Lag tells how long a shop took, over a span of time, from a sale anywhere to its own confirmed new number.
type Lag struct {
	Items         int64
	P50, P99, Max time.Duration // right to 8 %
}
