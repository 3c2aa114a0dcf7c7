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
	n      int // how much it does in a round, or in the first one where rounds last
	run    func(ctx context.Context, n int) error
	before func(ctx context.Context, n int) error // what makes the work of a round; its time does not count. May be nil
}

// time runs one round and returns the rate per second.
func (s side) time(ctx context.Context, c clock.Clock, n int) (float64, error) {
	if s.before != nil {
		if err := s.before(ctx, n); err != nil {
			return 0, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	start := c.Now()
	if err := s.run(ctx, n); err != nil {
		return 0, fmt.Errorf("%s: %w", s.name, err)
	}
	return float64(n) / c.Now().Sub(start).Seconds(), nil
}

// race lets the sides take turns for some rounds, after one that does not count, and returns each one's median rate per second. Where
// lasting is not zero, each round does what the side did in the first one in about that time; the others do n.
func race(ctx context.Context, c clock.Clock, rounds int, lasting time.Duration, sides ...side) ([]float64, error) {
	rates := make([][]float64, len(sides))
	for i, s := range sides {
		rate, err := s.time(ctx, c, s.n)
		if err != nil {
			return nil, err
		}
		if lasting > 0 {
			sides[i].n = max(int(rate*lasting.Seconds()), 1)
		}
	}
	for range rounds {
		for i, s := range sides {
			rate, err := s.time(ctx, c, s.n)
			if err != nil {
				return nil, err
			}
			rates[i] = append(rates[i], rate)
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
