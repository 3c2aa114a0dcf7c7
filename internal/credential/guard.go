package credential

import (
	"sync"
	"time"
)

// Guard slows down the guessing of passwords: after some tries that failed, each further one has to wait, twice as long as the one before. It
// knows nothing of accounts, so it says the same of a login that does not exist. It keeps what it needs in memory, at most mostWatched
// names, and forgets a name that has been quiet for quietAfter. It is safe for concurrent use.
type Guard struct {
	mu   sync.Mutex
	seen map[Watched]*tries
}

// Watched is what is being tried: a login, an address, or a login from an address. The zero fields say which.
type Watched struct{ Login, Address string }

type tries struct {
	failed int
	last   time.Time
	until  time.Time
}

const (
	mostWatched = 20_000
	quietAfter  = time.Hour
	firstWait   = 15 * time.Second
)

// allowance is how many tries may fail before the first wait, and the longest wait. One person who has forgotten a password tries one login
// from one address; a whole office shares an address; and a login that is attacked from everywhere must stay usable for its owner.
func (w Watched) allowance() (free int, longest time.Duration) {
	switch {
	case w.Login != "" && w.Address != "":
		return 5, 15 * time.Minute
	case w.Login != "":
		return 50, time.Minute
	}
	return 30, 15 * time.Minute
}

// names are everything that one try is counted under.
func names(login, address string) []Watched {
	list := []Watched{{Login: login}}
	if address != "" {
		list = append(list, Watched{Address: address}, Watched{Login: login, Address: address})
	}
	return list
}

// Try asks whether a password may be tried for a login from an address ("" when it is not known) at now, and counts the try as failed until
// Passed says otherwise: of many at once no more get through than one after the other. A wait above zero says how long to come back later;
// then nothing was counted.
func (g *Guard) Try(login, address string, now time.Time) (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := names(login, address)
	for _, name := range list {
		if t := g.seen[name]; t != nil && now.Sub(t.last) < quietAfter {
			wait = max(wait, t.until.Sub(now))
		}
	}
	if wait > 0 {
		return wait
	}
	if g.seen == nil {
		g.seen = make(map[Watched]*tries)
	}
	for _, name := range list {
		t := g.seen[name]
		if t == nil || now.Sub(t.last) >= quietAfter {
			g.makeRoom(now)
			t = &tries{}
			g.seen[name] = t
		}
		t.failed++
		t.last = now
		if free, longest := name.allowance(); t.failed >= free {
			t.until = now.Add(min(firstWait<<min(t.failed-free, 20), longest))
		}
	}
	return 0
}

// Passed takes back that a try failed: the password was right. What others tried on the same login or from the same address stays counted.
func (g *Guard) Passed(login, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range names(login, address) {
		t := g.seen[name]
		switch {
		case t == nil:
		case name.Login != "" && (name.Address != "" || address == ""):
			delete(g.seen, name)
		default:
			if t.failed--; t.failed <= 0 {
				delete(g.seen, name)
			} else if free, _ := name.allowance(); t.failed < free {
				t.until = time.Time{}
			}
		}
	}
}

// makeRoom drops what is quiet, and when that is not enough the names that were tried least, so that a flood of new names does not wash out
// those that are under attack.
func (g *Guard) makeRoom(now time.Time) {
	if len(g.seen) < mostWatched {
		return
	}
	for fewest := 0; len(g.seen) >= mostWatched*9/10; fewest = fewest*2 + 1 {
		for name, t := range g.seen {
			if now.Sub(t.last) >= quietAfter || t.failed <= fewest {
				delete(g.seen, name)
			}
		}
	}
}
