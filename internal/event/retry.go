package event

import (
	"math/rand/v2"
	"time"
)

// retries is how long a webhook that did not answer well is left alone, by the number of failures in a row.
var retries = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}

// GiveUpAfter is how long a webhook may fail in a row before it is stopped.
const GiveUpAfter = 72 * time.Hour

// longestAsked bounds what a receiver may ask for with Retry-After.
const longestAsked = 12 * time.Hour

// Retry is how long to wait after so many failures in a row (≥ 1): twice as long or more from step to step up to 4 hours, a fifth more or less
// by chance, so that receivers that fell together are not called together. asked is what the receiver asked for; it is waited for in any case.
func Retry(failures int64, asked time.Duration, random *rand.Rand) time.Duration {
	wait := retries[min(max(failures, 1), int64(len(retries)))-1]
	wait += time.Duration((random.Float64()*2 - 1) * float64(wait) / 5)
	return max(wait, min(asked, longestAsked))
}
