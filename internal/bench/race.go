package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"soroi/internal/clock"
)

// side is one of several ways to do the same work.
type side struct {
	name   string
	n      int // how much it does in a round
	run    func(ctx context.Context, n int) error
	before func(ctx context.Context, n int) error // what makes the work of a round; its time does not count. May be nil
}

// race lets the sides take turns for some rounds, after one that does not count, and returns each one's median rate per second.
func race(ctx context.Context, c clock.Clock, rounds int, sides ...side) ([]float64, error) {
	rates := make([][]float64, len(sides))
	for round := range rounds + 1 {
		for i, s := range sides {
			n := s.n
			if round == 0 {
				n = max(s.n/4, 1)
			}
			if s.before != nil {
				if err := s.before(ctx, n); err != nil {
					return nil, fmt.Errorf("%s: %w", s.name, err)
				}
			}
			start := c.Now()
			if err := s.run(ctx, n); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if round > 0 {
				rates[i] = append(rates[i], float64(n)/c.Now().Sub(start).Seconds())
			}
		}
	}
	medians := make([]float64, len(sides))
	for i := range rates {
		medians[i] = median(rates[i])
	}
	return medians, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// quantile is the smallest value that p of the values are not above.
func quantile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

// count prints a number with its thousands apart.
func count(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
