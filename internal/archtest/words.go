package archtest

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

var (
	issue = regexp.MustCompile(`(#|issue )\d+`)

	// The words below are put together from halves, so that this file does not break its own rules.
	machine    = regexp.MustCompile(`(^|[^A-Za-z0-9_.])/(wo` + `rk|fa` + `rm|ro` + `ot|ho` + `me|Us` + `ers)/[A-Za-z0-9_.]|/tm` + `p/[A-Za-z0-9_]`)
	registry   = regexp.MustCompile(`(?i)\bregistry\.[a-z0-9-]+\.[a-z]+|\bnpm` + `js\.(org|com)|\b(proxy|sum)\.go` + `lang\.org|\bpy` + `pi\.org|\bdeb\.deb` + `ian\.org|\bgoproxy\.[a-z]+`)
	unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)
	resolved   = regexp.MustCompile(`"reso` + `lved"\s*:\s*"https?:`)
)

// NoMachineNames holds that the project builds anywhere: no path of one machine and no host of a package registry is
// written down, and lock files name packages and their sums, not where they were fetched from.
func NoMachineNames(t *Tree) []Finding {
	return lines(t, func(name, line string) string {
		switch {
		case path.Base(name) == "package-lock.json" && resolved.MatchString(line):
			return "the lock names the host it was fetched from: set omit-lockfile-registry-resolved=true in the folder's .npmrc and make the lock anew"
		case path.Base(name) == "package-lock.json", path.Base(name) == "LICENSE":
			return ""
		case machine.MatchString(line):
			return "a path of one machine: take it from the environment or make a temporary folder"
		case registry.MatchString(line):
			return "a package registry's host: use the registry that the machine is set up for"
		}
		return ""
	})
}

// NothingUnfinished holds that what is left to do stands in an issue, not in the code.
func NothingUnfinished(t *Tree) []Finding {
	return lines(t, func(name, line string) string {
		switch path.Ext(name) {
		case ".go", ".js", ".ts", ".css", ".html", ".sql", ".md", ".sh", "":
			if unfinished.MatchString(line) {
				return "unfinished by its own words: finish it, or write an issue and leave the words out"
			}
		}
		return ""
	})
}

// lines calls fn for each line of each text file and gathers the reasons that it returns.
func lines(t *Tree, fn func(name, line string) (why string)) []Finding {
	var found []Finding
	for _, name := range t.Files {
		text := t.read(name)
		if strings.Contains("/"+name, "/testdata/") || bytes.IndexByte([]byte(text[:min(len(text), 8000)]), 0) >= 0 {
			continue
		}
		number := 0
		for line := range strings.Lines(text) {
			number++
			if why := fn(name, line); why != "" {
				found = append(found, Finding{Path: name, Line: number, Why: why})
			}
		}
	}
	return found
}
