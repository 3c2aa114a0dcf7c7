package archtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// longest is how many lines a file of ours may have: one room, one purpose.
const longest = 600

// PackageComments holds style 3: every package says what it is for.
func PackageComments(t *Tree) []Finding {
	first := make(map[string]*GoFile)
	said := make(map[string]bool)
	for _, file := range t.Go {
		if file.Test {
			continue
		}
		if first[file.Dir] == nil {
			first[file.Dir] = file
		}
		want := "Package " + file.AST.Name.Name + " "
		said[file.Dir] = said[file.Dir] || strings.HasPrefix(file.AST.Doc.Text(), want) || file.AST.Name.Name == "main" && file.AST.Doc != nil
	}
	var found []Finding
	for dir, file := range first {
		if !said[dir] {
			found = append(found, file.at(file.AST.Name, "package %s has no comment that begins with its name: say what it is for and what it promises", file.AST.Name.Name))
		}
	}
	return found
}

// FilesAreShort holds that no source file outgrows one purpose. Generated files and testdata are left out.
func FilesAreShort(t *Tree) []Finding {
	generated := make(map[string]bool)
	for _, file := range t.Go {
		generated[file.Path] = ast.IsGenerated(file.AST)
	}
	var found []Finding
	for _, name := range t.Files {
		if strings.Contains("/"+name, "/testdata/") || generated[name] || !slices.Contains([]string{".go", ".js", ".ts", ".css", ".html", ".sql"}, path.Ext(name)) {
			continue
		}
		if lines := strings.Count(t.read(name), "\n"); lines > longest {
			found = append(found, Finding{Path: name, Why: fmt.Sprintf("%d lines, more than %d: it has more than one purpose, part it", lines, longest)})
		}
	}
	return found
}

// channelFiles are the same in every channel's folder, so that who knows one finds their way in the next.
var channelFiles = []string{"doc.go", "spec.go", "client.go", "wire.go", "orders.go", "stock.go", "testdata"}

// ChannelsAreComplete holds style 4 and 5: a channel is one folder with the same files everywhere, its page, its row in the
// table of channels, its simulated mall and its line in the one list.
func ChannelsAreComplete(t *Tree) []Finding {
	var found []Finding
	missing := func(kind, what string) {
		found = append(found, Finding{Path: "internal/channel/" + kind, Why: "the channel is not complete: " + what})
	}
	table := t.read("docs/channels/README.md")
	list := ""
	for _, file := range t.Go {
		if file.Dir == "internal/channel/all" && !file.Test {
			list += t.read(file.Path)
		}
	}
	for _, kind := range t.folders("internal/channel") {
		if kind == "all" || kind == "channeltest" {
			continue
		}
		for _, name := range channelFiles {
			if file := "internal/channel/" + kind + "/" + name; !t.exists(file) {
				missing(kind, file+" is missing")
			}
		}
		if page := "docs/channels/" + kind + ".md"; !t.exists(page) {
			missing(kind, page+" is missing: limits with the date they were read, quirks, what cannot be done")
		}
		if !strings.Contains(table, "("+kind+".md)") {
			missing(kind, "docs/channels/README.md has no row that links to "+kind+".md")
		}
		if mall := "internal/mallsim/" + kind; !t.exists(mall) {
			missing(kind, mall+" is missing: nothing speaks the mall's side")
		}
		if !strings.Contains(list, `"soroi/internal/channel/`+kind+`"`) {
			missing(kind, "internal/channel/all does not list it")
		}
	}
	return found
}

const (
	migrationsDir = "internal/store/migrations"
	checksumsFile = migrationsDir + "/checksums.txt"
)

var migrationName = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+?(\.(sqlite|postgres))?\.sql$`)

// Migrations holds style 6: numbers have no gaps, a file for one engine has its pair, and a landed migration is never
// edited, which checksums.txt proves.
func Migrations(t *Tree) []Finding {
	var found []Finding
	engines := make(map[int]string)
	sums := checksums(t)
	for _, name := range migrations(t) {
		full := migrationsDir + "/" + name
		parts := migrationName.FindStringSubmatch(name)
		if parts == nil {
			found = append(found, Finding{Path: full, Why: "a migration is named 0007_words.sql, or 0007_words.sqlite.sql beside 0007_words.postgres.sql"})
			continue
		}
		number := 0
		for _, digit := range parts[1] {
			number = number*10 + int(digit-'0')
		}
		engines[number] += " " + parts[3]
		switch sum, known := sums[name]; {
		case !known:
			found = append(found, Finding{Path: full, Why: "the migration has no line in checksums.txt: run go test ./internal/archtest -update once it is final"})
		case sum != checksum(t, name):
			found = append(found, Finding{Path: full, Why: "the migration has changed since it landed: databases out there have run the old one, so write a new migration instead"})
		}
	}
	for name := range sums {
		if !t.exists(migrationsDir + "/" + name) {
			found = append(found, Finding{Path: checksumsFile, Why: name + " has a checksum and no file: a landed migration stays"})
		}
	}
	for number := 1; number <= len(engines); number++ {
		switch of := engines[number]; of {
		case " ", " postgres sqlite":
		case "":
			found = append(found, Finding{Path: migrationsDir, Why: fmt.Sprintf("there is no migration %04d: numbers have no gaps", number)})
		default:
			found = append(found, Finding{Path: migrationsDir, Why: fmt.Sprintf("migration %04d must be one file for both engines, or one for each", number)})
		}
	}
	return found
}

// NewChecksums gives checksums.txt with a line for each migration that has none yet. Lines that are there stay as they are.
func NewChecksums(t *Tree) string {
	sums := checksums(t)
	for _, name := range migrations(t) {
		if _, known := sums[name]; !known {
			sums[name] = checksum(t, name)
		}
	}
	lines := make([]string, 0, len(sums))
	for name, sum := range sums {
		lines = append(lines, name+"  "+sum+"\n")
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

func migrations(t *Tree) []string {
	var names []string
	for _, name := range t.Files {
		if path.Dir(name) == migrationsDir && path.Ext(name) == ".sql" {
			names = append(names, path.Base(name))
		}
	}
	return names
}

func checksum(t *Tree, name string) string {
	sum := sha256.Sum256([]byte(t.read(migrationsDir + "/" + name)))
	return hex.EncodeToString(sum[:])
}

func checksums(t *Tree) map[string]string {
	sums := make(map[string]string)
	for line := range strings.Lines(t.read(checksumsFile)) {
		if fields := strings.Fields(line); len(fields) == 2 {
			sums[fields[0]] = fields[1]
		}
	}
	return sums
}
