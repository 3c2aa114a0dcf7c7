package archtest

import (
	"slices"
	"strconv"
	"strings"
)

// room is a part of the house and what it may import of the rest. The first room whose path holds a package is its room.
type room struct {
	path  string   // under the repository; "*" stands for one folder's name
	may   []string // the rooms it may import besides its own
	tests []string // what its tests may import besides
	why   string
}

// Rooms that several others share.
var (
	pure   = []string{"internal/stock", "internal/order", "internal/allocation", "internal/replenish", "internal/match", "internal/text"}
	below  = with(pure, "internal/clock", "internal/channel", "internal/credential", "internal/event", "internal/mail")
	middle = with(below, "internal/store", "internal/explain", "internal/impact", "internal/whatif", "internal/importer", "internal/engine", "internal/feed", "internal/exchange", "internal/report")
	edges  = with(middle, "internal/api", "internal/web", "internal/replay", "internal/demo", "internal/mallsim", "internal/app")
	// helpers are imported by tests only, and by one another.
	helpers = []string{"internal/testkit", "internal/channel/channeltest", "internal/store/storetest", "internal/web/webtest", "test"}
)

func with(rooms []string, more ...string) []string {
	return append(append([]string(nil), rooms...), more...)
}

const (
	pureWhy  = "a rule is a function from values to values, so that it can be proved without a world around it"
	mallWhy  = "the simulated malls and the connectors read each mall's document for themselves, so that one misreading shows as a failure"
	aloneWhy = "deleting a channel is deleting its folder and its line in channel/all"
	downWhy  = "imports run downwards only: cmd → app → web, api, whatif → engine, exchange → store, channel → order, allocation, replenish, match → stock, text"
)

var rooms = []room{
	{"internal/stock", nil, nil, pureWhy},
	{"internal/text", nil, nil, pureWhy},
	{"internal/order", []string{"internal/stock", "internal/text"}, nil, pureWhy},
	{"internal/allocation", []string{"internal/stock", "internal/order", "internal/text"}, nil, pureWhy},
	{"internal/replenish", []string{"internal/stock", "internal/order", "internal/text"}, nil, pureWhy},
	{"internal/match", []string{"internal/stock", "internal/text"}, nil, pureWhy},
	{"internal/event", []string{"internal/stock"}, nil, pureWhy},
	{"internal/mail", nil, nil, "it hands a letter to a server and knows nothing of what is in it"},
	{"internal/clock", nil, nil, "everything waits on the clock; it depends on nothing"},
	{"internal/credential", with(pure, "internal/clock"), nil, "secrets are made and checked beside the store, not above it"},
	{"internal/channel/all", []string{"internal/channel"}, with(pure, "internal/mallsim", "internal/clock"), "the one list of channels, nothing more"},
	{"internal/channel/channeltest", with(pure, "internal/clock", "internal/channel"), []string{"internal/mallsim"}, "the suite judges every connector through the port"},
	{"internal/channel/*", with(pure, "internal/clock", "internal/channel"), []string{"internal/mallsim"}, aloneWhy + "; it translates and nothing else, so it needs no store and no engine"},
	{"internal/channel", with(pure, "internal/clock"), nil, "the port has no channel in it"},
	{"internal/mallsim/*", []string{"internal/mallsim", "internal/clock"}, nil, mallWhy},
	{"internal/mallsim", []string{"internal/clock"}, nil, mallWhy},
	{"internal/store", below, nil, downWhy},
	{"internal/explain", with(below, "internal/store"), nil, downWhy},
	{"internal/importer", with(below, "internal/store", "internal/exchange"), nil, downWhy + "; it takes files into the books, for screen, API and command alike"},
	{"internal/impact", with(below, "internal/store"), nil, downWhy + "; it asks what a pattern would change, for screen and API alike"},
	{"internal/engine", with(below, "internal/store"), []string{"internal/mallsim", "internal/channel/*"}, downWhy},
	{"internal/feed", with(below, "internal/store"), nil, downWhy},
	{"internal/report", with(below, "internal/store", "internal/exchange"), nil, downWhy + "; it writes lists as files, for screens and for mail alike"},
	{"internal/exchange", with(below, "internal/store"), nil, downWhy},
	{"internal/explain", with(below, "internal/store", "internal/engine"), nil, downWhy + "; it says why a number is shown, for screen, API and command alike"},
	{"internal/api", middle, []string{"internal/mallsim", "internal/channel/*"}, downWhy},
	{"internal/web", middle, []string{"internal/mallsim", "internal/channel/*", "internal/app"}, downWhy},
	{"internal/whatif", pure, nil, "it plays the pure rules against customers of its own, for screen and command alike: no store, no engine, no clock"},
	{"internal/replay", edges, []string{"internal/channel/*"}, downWhy},
	{"internal/demo", edges, []string{"internal/channel/*"}, downWhy},
	{"internal/bench", with(edges, "internal/channel/*"), nil, "a programme that measures all of it"},
	{"internal/app", with(edges, "internal/channel/all"), []string{"internal/channel/*"}, downWhy},
	{"internal/testkit", with(pure, "internal/clock"), nil, "every room's tests use it"},
	{"internal/archtest", nil, nil, "it reads the code and runs none of it"},
	{"cmd", edges, []string{"internal/channel/*"}, downWhy},
	{"test", nil, nil, "programs beside the tests know nothing of soroi"},
}

// noWorld names packages of the standard library that the pure rooms do without.
var noWorld = []string{"database/sql", "net", "net/http", "os", "os/exec", "log", "log/slog", "syscall", "math/rand", "math/rand/v2", "crypto/rand"}

// ImportDirection holds design 5 and style 2: every package has a room, and imports only what its room may.
func ImportDirection(t *Tree) []Finding {
	var found []Finding
	for _, file := range t.Go {
		r := roomOf(file.Dir)
		if r == nil {
			found = append(found, file.at(file.AST.Name, "the package belongs to no room: give it one in internal/archtest/imports.go, with what it may import and why"))
			continue
		}
		for _, spec := range file.AST.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser has checked it
			}
			inside, ours := strings.CutPrefix(imported, "soroi/")
			switch {
			case ours && !r.reaches(file, inside):
				found = append(found, file.at(spec, "%s may not import %s: %s", r.path, inside, r.why))
			case ours || !strings.Contains(strings.Split(imported, "/")[0], "."):
			case file.Test || underAny(file.Dir, helpers...):
			case underAny(file.Dir, pure...) && file.Dir != "internal/text", under(file.Dir, "internal/channel"), file.Dir == "internal/mallsim", file.Dir == "internal/clock":
				found = append(found, file.at(spec, "%s may not import %s: this room needs nothing but the standard library", r.path, imported))
			}
			if !file.Test && underAny(file.Dir, pure...) && slices.Contains(noWorld, imported) {
				found = append(found, file.at(spec, "%s is pure and may not import %s: %s", r.path, imported, pureWhy))
			}
			if imported == "database/sql" && !underAny(file.Dir, "internal/store", "internal/bench") {
				found = append(found, file.at(spec, "only internal/store may import database/sql: it is the one place that holds SQL, so that one text runs on both engines"))
			}
			if imported == "log" {
				found = append(found, file.at(spec, "log with the log/slog logger that was given: package log writes to a place nobody chose"))
			}
			if spec.Name != nil && spec.Name.Name == "." {
				found = append(found, file.at(spec, "no dot import: a reader must see where a name comes from"))
			}
			if spec.Name != nil && spec.Name.Name == "_" && !slices.Contains(dataOnly, imported) && !under(file.Dir, "internal/store") {
				found = append(found, file.at(spec, "no blank import: nothing happens by being imported"))
			}
		}
	}
	return found
}

// dataOnly are the packages that bring data and do nothing: embedding, and the zones of time for machines that have none.
var dataOnly = []string{"embed", "time/tzdata"}

// roomOf gives the room of a package's folder; the longest path that holds it wins.
func roomOf(dir string) *room {
	var best *room
	for i := range rooms {
		if holds(rooms[i].path, dir) && (best == nil || len(rooms[i].path) > len(best.path)) {
			best = &rooms[i]
		}
	}
	return best
}

// holds reports whether dir is the room at pattern or within it.
func holds(pattern, dir string) bool {
	if parent, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(dir, parent+"/")
	}
	return under(dir, pattern)
}

// reaches reports whether a file of the room may import a package of ours.
func (r *room) reaches(file *GoFile, inside string) bool {
	if underAny(inside, helpers...) {
		return file.Test || underAny(file.Dir, helpers...)
	}
	may := r.may
	if file.Test {
		may = with(may, r.tests...)
	}
	target := roomOf(inside)
	if target == nil {
		return false
	}
	switch {
	case siblings(r.path, file.Dir, inside):
		return false
	case target.path == r.path:
		return true
	case target.path == "internal/channel/all" && !slices.Contains(may, "internal/channel/*"):
		return slices.Contains(may, target.path)
	case target.path == "internal/channel/*":
		return slices.Contains(may, target.path) || file.Dir == "internal/channel/all"
	}
	return underAny(target.path, may...)
}

// siblings reports whether dir and inside are two folders of a room whose folders do not know one another: channels, the
// protocols of the simulated malls, and the screens.
func siblings(room, dir, inside string) bool {
	parent := ""
	switch room {
	case "internal/channel/*", "internal/mallsim/*":
		parent = strings.TrimSuffix(room, "*")
	case "internal/web":
		parent = "internal/web/"
	default:
		return false
	}
	mine, ok := strings.CutPrefix(dir, parent)
	theirs, also := strings.CutPrefix(inside, parent)
	if !ok || !also || shared(parent+theirs) || shared(parent+mine) {
		return false
	}
	mine, _, _ = strings.Cut(mine, "/")
	theirs, _, _ = strings.Cut(theirs, "/")
	return mine != theirs
}

// shared are the folders beside the screens and protocols that serve all of them, and those that gather all of them.
func shared(dir string) bool {
	return underAny(dir, "internal/web/ui", "internal/web/filter", "internal/web/bulk", "internal/web/storybook", "internal/web/webtest", "internal/mallsim/control", "internal/mallsim/town")
}
