package archtest_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"soroi/internal/archtest"
)

// TestRules shows each rule a small repository that breaks it and one beside it that does not.
func TestRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		rule  func(*archtest.Tree) []archtest.Finding
		files map[string]string
		want  []string // what the findings say, one each, in order; none when empty
	}{
		{"an order may know stock", archtest.ImportDirection, gofile("internal/order/a.go", `import "soroi/internal/stock"`), nil},
		{"stock may not know orders", archtest.ImportDirection, gofile("internal/stock/a.go", `import "soroi/internal/order"`), []string{"internal/stock may not import internal/order"}},
		{"allocation may not know the store", archtest.ImportDirection, gofile("internal/allocation/a.go", `import "soroi/internal/store"`), []string{"may not import internal/store"}},
		{"the store may not know the engine", archtest.ImportDirection, gofile("internal/store/a.go", `import "soroi/internal/engine"`), []string{"imports run downwards"}},
		{"the api may not know the screens", archtest.ImportDirection, gofile("internal/api/a.go", `import "soroi/internal/web"`), []string{"imports run downwards"}},
		{"a channel may not know another", archtest.ImportDirection, gofile("internal/channel/yahoo/a.go", `import "soroi/internal/channel/rakuten"`), []string{"deleting a channel"}},
		{"a channel's test may not know another", archtest.ImportDirection, gofile("internal/channel/yahoo/a_test.go", `import "soroi/internal/channel/rakuten"`), []string{"deleting a channel"}},
		{"a channel may not know its mall", archtest.ImportDirection, gofile("internal/channel/yahoo/a.go", `import "soroi/internal/mallsim/yahoo"`), []string{"may not import internal/mallsim/yahoo"}},
		{"a channel's test may", archtest.ImportDirection, gofile("internal/channel/yahoo/a_test.go", `import ("soroi/internal/mallsim/yahoo"; "soroi/internal/channel/channeltest")`), nil},
		{"a channel needs no store", archtest.ImportDirection, gofile("internal/channel/yahoo/a.go", `import "soroi/internal/store"`), []string{"no store and no engine"}},
		{"a mall may not know the port", archtest.ImportDirection, gofile("internal/mallsim/yahoo/a_test.go", `import "soroi/internal/channel"`), []string{"read each mall's document for themselves"}},
		{"a mall may not know another", archtest.ImportDirection, gofile("internal/mallsim/yahoo/a.go", `import "soroi/internal/mallsim/rakuten"`), []string{"may not import internal/mallsim/rakuten"}},
		{"only the wiring knows the list of channels", archtest.ImportDirection, gofile("internal/engine/a.go", `import "soroi/internal/channel/all"`), []string{"may not import internal/channel/all"}},
		{"the wiring knows it", archtest.ImportDirection, gofile("internal/app/a.go", `import "soroi/internal/channel/all"`), nil},
		{"the list knows the channels", archtest.ImportDirection, gofile("internal/channel/all/a.go", `import "soroi/internal/channel/yahoo"`), nil},
		{"the wiring knows no channel by name", archtest.ImportDirection, gofile("internal/app/a.go", `import "soroi/internal/channel/yahoo"`), []string{"may not import internal/channel/yahoo"}},
		{"a screen may not know another", archtest.ImportDirection, gofile("internal/web/sku/a.go", `import "soroi/internal/web/shops"`), []string{"may not import internal/web/shops"}},
		{"a screen knows the frame", archtest.ImportDirection, gofile("internal/web/sku/a.go", `import "soroi/internal/web/ui"`), nil},
		{"the web knows its screens", archtest.ImportDirection, gofile("internal/web/a.go", `import "soroi/internal/web/sku"`), nil},
		{"helpers serve tests only", archtest.ImportDirection, gofile("internal/engine/a.go", `import "soroi/internal/testkit"`), []string{"may not import internal/testkit"}},
		{"a package without a room", archtest.ImportDirection, gofile("internal/util/a.go", ``), []string{"belongs to no room"}},
		{"a pure room has no world", archtest.ImportDirection, gofile("internal/stock/a.go", `import ("database/sql"; "log/slog"; "net/http"; "os"; "strings")`), []string{"is pure", "only internal/store", "is pure", "is pure", "is pure"}},
		{"a pure room's test may read files", archtest.ImportDirection, gofile("internal/stock/a_test.go", `import "os"`), nil},
		{"a channel needs no library", archtest.ImportDirection, gofile("internal/channel/yahoo/a.go", `import "example.com/xml"`), []string{"nothing but the standard library"}},
		{"dot and blank imports", archtest.ImportDirection, gofile("internal/engine/a.go", `import (. "strings"; _ "net/http/pprof"; _ "embed")`), []string{"no dot import", "no blank import"}},

		{"time outside the clock", archtest.CallsInTheirPlace, gofile("internal/engine/a.go", `import "time"; var _ = time.Now; func f() { time.Sleep(time.Second); <-time.After(1); time.NewTimer(1); time.NewTicker(1) }`),
			[]string{"no time.Now", "no time.Sleep", "no time.After", "no time.NewTimer", "no time.NewTicker"}},
		{"time under another name", archtest.CallsInTheirPlace, gofile("internal/store/a.go", `import t "time"; var _ = t.Now()`), []string{"no time.Now"}},
		{"a command has a clock, too", archtest.CallsInTheirPlace, gofile("cmd/soroi/a.go", `import "time"; var _ = time.Now()`), []string{"no time.Now"}},
		{"time in its place", archtest.CallsInTheirPlace, gofile("internal/clock/a.go", `import "time"; var _ = time.Now()`), nil},
		{"time in a test", archtest.CallsInTheirPlace, gofile("internal/engine/a_test.go", `import "time"; var _ = time.Now()`), nil},
		{"somebody else's Now", archtest.CallsInTheirPlace, gofile("internal/engine/a.go", `import "soroi/internal/clock"; var _ = clock.System{}.Now()`), nil},
		{"the shared client", archtest.CallsInTheirPlace, gofile("internal/channel/yahoo/a.go", `import "net/http"; var _ = http.DefaultClient; var _, _ = http.Get("")`), []string{"no net/http.DefaultClient", "no net/http.Get"}},
		{"the terminal", archtest.CallsInTheirPlace, gofile("internal/engine/a.go", `import ("fmt"; "os"); func f() { fmt.Println(os.Getenv("A")); os.Exit(1) }`), []string{"no fmt.Println", "no os.Getenv", "no os.Exit"}},
		{"the terminal of a command", archtest.CallsInTheirPlace, gofile("cmd/soroi/a.go", `import ("fmt"; "os"); func f() { fmt.Println(os.Getenv("A")); os.Exit(1) }`), nil},
		{"dice", archtest.CallsInTheirPlace, gofile("internal/mallsim/a.go", `import ("math/rand/v2"; old "math/rand"); var _, _ = rand.IntN(3), old.Int()`), []string{"no math/rand/v2.IntN", "no math/rand.Int"}},
		{"dice with a seed", archtest.CallsInTheirPlace, gofile("internal/mallsim/a.go", `import "math/rand/v2"; var _ = rand.New(rand.NewPCG(1, 2)).IntN(3)`), nil},
		{"the shared logger", archtest.CallsInTheirPlace, gofile("internal/engine/a.go", `import "log/slog"; func f() { slog.Info("") }`), []string{"no log/slog.Info"}},

		{"an init", archtest.NothingByImport, gofile("internal/stock/a.go", `func init() {}`), []string{"no func init"}},
		{"a method called init", archtest.NothingByImport, gofile("internal/stock/a.go", `type t struct{}; func (t) init() {}`), nil},

		{"a bare panic", archtest.PanicsAreDocumented, gofile("internal/stock/a.go", "func f(err error) {\n\n\n\tpanic(err)\n}\nfunc g() { println() }"), []string{"panic is only", "no println"}},
		{"panics with their reason", archtest.PanicsAreDocumented, gofile("internal/stock/a.go", "// f panics when n is negative.\nfunc f(n int) {\n\n\n\tpanic(n)\n}\nfunc g() { panic(\"g: no rooms\") }\nfunc h(err error) {\n\t// a struct of numbers always encodes\n\tpanic(err)\n}"), nil},

		{"a connector that does more", archtest.ConnectorsOnlyTranslate, gofile("internal/channel/yahoo/a.go", `import "log/slog"; func f(l *slog.Logger) { go f(l) }`), []string{"does not log", "starts no goroutine"}},
		{"the port may", archtest.ConnectorsOnlyTranslate, gofile("internal/channel/a.go", `import "log/slog"; func f(l *slog.Logger) { go f(l) }`), nil},

		{"a skip without a reason", archtest.SkipsSayWhy, gofile("internal/stock/a_test.go", `import "testing"; func TestA(t *testing.T) { t.Skip("slow") }; func TestB(t *testing.T) { t.SkipNow() }`), []string{"a skip names", "a skip names"}},
		{"a skip with one", archtest.SkipsSayWhy, gofile("internal/stock/a_test.go", `import "testing"; func TestA(t *testing.T) { t.Skip("set SOROI_SHARED") }; func TestB(t *testing.T) { t.Skip("issue 12") }`), nil},

		{"words of one engine", archtest.SharedSQL, gofile("internal/store/a.go", "var _ = []string{`SELECT now()`, ` WHERE name LIKE $1`, `UPDATE a SET b = c::text`, `SELECT a->>'b' FROM c`, `SELECT ARRAY(SELECT 1)`, `SELECT a FROM b WHERE c = ?`, `SELECT MAX(a, b) FROM c`, `SELECT id FROM a FOR UPDATE`}"),
			[]string{`"now("`, `"LIKE"`, `"::"`, `"->"`, `"ARRAY"`, `"?"`, `"MAX(a,"`, `"FOR UPDATE"`}},
		{"words of both", archtest.SharedSQL, gofile("internal/store/a.go", "var _ = `SELECT a.id, MAX(b) FROM a WHERE kind = 'like now()?' -- an array\n ON CONFLICT DO NOTHING RETURNING updated_at`; var _ = ` AND sku.search_key LIKE $2`; var _ = \"sku: ids look like this: a::b?\""), nil},
		{"the seam", archtest.SharedSQL, gofile("internal/store/postgres.go", "var _ = `SELECT now() FOR UPDATE`"), nil},
		{"a migration for both", archtest.SharedSQL, map[string]string{"internal/store/migrations/0001_a.sql": "CREATE TABLE a (\n  id SERIAL,\n  at TIMESTAMP\n) /*sqlite WITHOUT ROWID*/;"}, []string{`"SERIAL"`, `"TIMESTAMP"`}},
		{"a migration for one", archtest.SharedSQL, map[string]string{"internal/store/migrations/0001_a.sqlite.sql": "PRAGMA x"}, nil},

		{"sql in a screen", archtest.SQLOnlyInStore, gofile("internal/web/sku/a.go", "var _ = `SELECT id FROM sku`"), []string{"only internal/store holds SQL"}},
		{"words that only begin so", archtest.SQLOnlyInStore, gofile("internal/web/sku/a.go", `var _ = "SELECTED"; var _ = "Update the shop"`), nil},

		{"no package comment", archtest.PackageComments, map[string]string{"internal/stock/a.go": "package stock", "internal/stock/b_test.go": "// Package stock is commented in a test.\npackage stock"}, []string{"no comment that begins"}},
		{"a package comment", archtest.PackageComments, map[string]string{"internal/stock/a.go": "package stock", "internal/stock/doc.go": "// Package stock counts.\npackage stock"}, nil},
		{"only tests", archtest.PackageComments, map[string]string{"internal/stock/a_test.go": "package stock"}, nil},

		{"a long file", archtest.FilesAreShort, map[string]string{"a.css": strings.Repeat("\n", 601), "b.css": strings.Repeat("\n", 600), "testdata/a.css": strings.Repeat("\n", 601), "g.go": "// Code generated by x. DO NOT EDIT.\npackage g\n" + strings.Repeat("\n", 601)}, []string{"601 lines"}},

		{"half a channel", archtest.ChannelsAreComplete, map[string]string{"internal/channel/yahoo/doc.go": "package yahoo", "internal/channel/yahoo/testdata/a": ""},
			[]string{"client.go", "orders.go", "spec.go", "stock.go", "wire.go", "docs/channels/README.md", "docs/channels/yahoo.md", "internal/channel/all", "internal/mallsim/yahoo"}},
		{"a whole channel", archtest.ChannelsAreComplete, wholeChannel(), nil},

		{"a gap, a lone half and a stranger", archtest.Migrations, map[string]string{
			"internal/store/migrations/0001_a.sqlite.sql": "", "internal/store/migrations/0003_b.sql": "", "internal/store/migrations/4.sql": "",
			"internal/store/migrations/checksums.txt": "0001_a.sqlite.sql  " + emptySum + "\n0003_b.sql  " + emptySum,
		}, []string{"0001 must be one file", "there is no migration 0002", "is named 0007_words.sql"}},
		{"edited, new and gone", archtest.Migrations, map[string]string{
			"internal/store/migrations/0001_a.sql": "edited", "internal/store/migrations/0002_b.sql": "",
			"internal/store/migrations/checksums.txt": "0001_a.sql  " + emptySum + "\n0003_c.sql  " + emptySum,
		}, []string{"0003_c.sql has a checksum and no file", "has changed since it landed", "has no line in checksums.txt"}},
		{"landed", archtest.Migrations, map[string]string{
			"internal/store/migrations/0001_a.sql": "", "internal/store/migrations/0002_b.sqlite.sql": "", "internal/store/migrations/0002_b.postgres.sql": "",
			"internal/store/migrations/checksums.txt": "0001_a.sql  " + emptySum + "\n0002_b.sqlite.sql  " + emptySum + "\n0002_b.postgres.sql  " + emptySum,
		}, nil},

		{"a quiet dependency", archtest.Dependencies, dependencies("", `import "example.com/a/v2/b"`), []string{"example.com/a/v2 is used and has no row", "example.com/tool is used and has no row", "htmx.org is used and has no row"}},
		{"stale, thin and closed rows", archtest.Dependencies, dependencies("| `example.com/a/v2` | x | y | Proprietary |\n| `example.com/tool` | x | | MIT |\n| `htmx.org` | x | y | MIT |\n| `gone` | x | y | MIT |", `import "example.com/a/v2/b"`),
			[]string{`example.com/a/v2 is under "Proprietary"`, "gone has a row and is not used", "the row of example.com/tool must say"}},
		{"indirect by mistake", archtest.Dependencies, dependencies("| `example.com/i` | x | y | MIT |\n| `example.com/tool` | x | y | MIT |\n| `htmx.org` | x | y | MIT |", `import ("example.com/i"; "example.net/z")`), []string{"marked indirect", "in no module"}},
		{"a loose version", archtest.Dependencies, map[string]string{"docs/dependencies.md": "| `htmx.org` | x | y | MIT |", "package.json": `{"devDependencies": {"htmx.org": "^2.0.0"}}`}, []string{"must be pinned"}},
		{"dependencies with their rows", archtest.Dependencies, dependencies("| `example.com/a/v2` | x | y | MIT |\n| `example.com/tool` | x | y | MIT |\n| `htmx.org` | x | y | MIT |", `import "example.com/a/v2/b"`), nil},

		{"machine names", archtest.NoMachineNames, map[string]string{"a.md": "see /ho" + "me/me/x\nand /wo" + "rk/y", "b": "https://reg" + "istry.example.com/", "package-lock.json": `"reso` + `lved": "https://x/y.tgz"`}, []string{"a path of one machine", "a path of one machine", "registry's host", "the lock names the host"}},
		{"names of no machine", archtest.NoMachineNames, map[string]string{"a.md": "homework/x, ./work/x, /tmp, net" + "work/a", "package-lock.json": `"integrity": "sha512-/wo` + `rk/x"`}, nil},
		{"left to do", archtest.NothingUnfinished, map[string]string{"a.md": "TO" + "DO: write", "b.html": "FIX" + "ME", "c.png": "TO" + "DO"}, []string{"unfinished", "unfinished"}},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, finding := range tt.rule(tree(t, tt.files)) {
				got = append(got, finding.String())
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%d findings, want %d:\n%s", len(got), len(tt.want), strings.Join(got, "\n"))
			}
			slices.Sort(got)
			for _, want := range tt.want {
				if !slices.ContainsFunc(got, func(finding string) bool { return strings.Contains(finding, want) }) {
					t.Errorf("no finding says %q:\n%s", want, strings.Join(got, "\n"))
				}
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	got := tree(t, map[string]string{
		"a.go": "package a", "internal/b/b_test.go": "package b", "internal/b/testdata/c.go": "not Go",
		".git": "gitdir: elsewhere", "node_modules/x/x.go": "package x", "internal/web/ui/node_modules/y.js": "", "bin/soroi": "", "internal/web/ui/dist/app.js": "",
	})
	if want := []string{"a.go", "internal/b/b_test.go", "internal/b/testdata/c.go"}; !slices.Equal(got.Files, want) {
		t.Errorf("Files = %q, want %q", got.Files, want)
	}
	if len(got.Go) != 2 || got.Go[0].Test || !got.Go[1].Test {
		t.Errorf("%d Go files, want a.go and the test b_test.go", len(got.Go))
	}
	if _, err := archtest.Load(fstest.MapFS{"a.go": {Data: []byte("pack")}}); err == nil {
		t.Error("a file that does not parse loads without an error")
	}
}

func TestNewChecksumsKeepsWhatLanded(t *testing.T) {
	t.Parallel()
	got := archtest.NewChecksums(tree(t, map[string]string{
		"internal/store/migrations/0001_a.sql":    "edited since",
		"internal/store/migrations/0002_b.sql":    "",
		"internal/store/migrations/checksums.txt": "0001_a.sql  " + emptySum + "\n",
	}))
	if want := "0001_a.sql  " + emptySum + "\n0002_b.sql  " + emptySum + "\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of nothing

// tree makes a repository of files.
func tree(t *testing.T, files map[string]string) *archtest.Tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	loaded, err := archtest.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// gofile is a repository of one Go file.
func gofile(name, body string) map[string]string {
	return map[string]string{name: "package p\n\n" + body}
}

func wholeChannel() map[string]string {
	files := map[string]string{
		"docs/channels/yahoo.md":                "",
		"docs/channels/README.md":               "| [Yahoo!](yahoo.md) |",
		"internal/mallsim/yahoo/server.go":      "package yahoo",
		"internal/channel/all/all.go":           `package all; import "soroi/internal/channel/yahoo"`,
		"internal/channel/yahoo/testdata/a.xml": "",
	}
	for _, name := range []string{"doc", "spec", "client", "wire", "orders", "stock"} {
		files["internal/channel/yahoo/"+name+".go"] = "package yahoo"
	}
	return files
}

// dependencies is a repository with the rows in its page and one Go file of that body.
func dependencies(rows, body string) map[string]string {
	return map[string]string{
		"docs/dependencies.md": "Rows of `things`:\n" + rows,
		"go.mod":               "module soroi\n\ntool example.com/tool/cmd/x\n\nrequire example.com/a/v2 v2.0.1\nrequire (\n\texample.com/i v1.0.0 // indirect\n\texample.com/tool v1.0.0 // indirect\n)\n",
		"package.json":         `{"dependencies": {"htmx.org": "2.0.1"}}`,
		"internal/stock/a.go":  "package stock\n" + body,
	}
}
