// Package clock is the only place where soroi asks what time it is. Everything that waits does so on a Clock, so that a
// replay can run a year in minutes and a test can decide what "now" means.
package clock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Clock tells the time and waits. Every Now is UTC. All methods are safe for concurrent use.
type Clock interface {
	// Now is the present instant in UTC.
	Now() time.Time
	// Sleep waits for d of this clock's time, or until ctx ends; then it returns ctx's error. d ≤ 0 returns at once.
	Sleep(ctx context.Context, d time.Duration) error
	// After sends the time on the returned channel once d of this clock's time has passed. The channel has room for it,
	// so a receiver that left does not hold anything up.
	After(d time.Duration) <-chan time.Time
}

// System is the machine's clock.
type System struct{}

// Now is the machine's time in UTC.
func (System) Now() time.Time { return time.Now().UTC() }

// Sleep waits for d or for the end of ctx.
func (System) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }

// After is time.After.
func (System) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Scaled runs Speed times as fast as the machine's clock. It showed From when the machine's clock showed Epoch, so two
// processes given the same three values agree on the time without talking to each other.
type Scaled struct {
	Epoch time.Time // machine time at which the scaled clock shows From
	From  time.Time // what the scaled clock shows at Epoch
	Speed float64   // > 0; 60 makes an hour a minute
}

// Now is From plus Speed times what has passed since Epoch.
func (c Scaled) Now() time.Time {
	return c.From.Add(time.Duration(float64(time.Since(c.Epoch)) * c.Speed)).UTC()
}

// Sleep waits for d of scaled time, so d/Speed of the machine's.
func (c Scaled) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, c.real(d)) }

// After fires after d of scaled time and carries the scaled time.
func (c Scaled) After(d time.Duration) <-chan time.Time {
	fired := make(chan time.Time, 1)
	time.AfterFunc(c.real(d), func() { fired <- c.Now() })
	return fired
}

func (c Scaled) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.Speed)
}

func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// ParseScaled reads what Scaled.String writes: "epoch,from,speed", both instants in microseconds since 1970.
func ParseScaled(text string) (Scaled, error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return Scaled{}, fmt.Errorf("clock %q is not epoch,from,speed", text)
	}
	epoch, err1 := strconv.ParseInt(parts[0], 10, 64)
	from, err2 := strconv.ParseInt(parts[1], 10, 64)
	speed, err3 := strconv.ParseFloat(parts[2], 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return Scaled{}, fmt.Errorf("clock %q: %w", text, err)
	}
	if speed <= 0 {
		return Scaled{}, fmt.Errorf("clock %q: the speed must be above 0", text)
	}
	return Scaled{Epoch: time.UnixMicro(epoch), From: time.UnixMicro(from).UTC(), Speed: speed}, nil
}

// String is what ParseScaled reads.
func (c Scaled) String() string {
	return fmt.Sprintf("%d,%d,%g", c.Epoch.UnixMicro(), c.From.UnixMicro(), c.Speed)
}
