package archtest

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

const dependenciesPage = "docs/dependencies.md"

// licences that a dependency may be under; the page names what is allowed beside them, with the reason.
var licences = []string{"MIT", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Apache-2.0", "MPL-2.0"}

// neverShipped are programs of their own that tests start; their licence reaches nothing of ours.
var neverShipped = []string{"@vendure/core"}

// Dependencies holds style 1.10: each direct dependency has a whole row in docs/dependencies.md, no row outlives its
// dependency, and go.mod knows which of them are direct.
func Dependencies(t *Tree) []Finding {
	rows := make(map[string][]string)
	for line := range strings.Lines(t.read(dependenciesPage)) {
		row, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
		if !ok {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(row, "|"), "|")
		if name, ok := strings.CutPrefix(strings.TrimSpace(cells[0]), "`"); ok && strings.HasSuffix(name, "`") {
			rows[strings.TrimSuffix(name, "`")] = cells
		}
	}
	var found []Finding
	complain := func(where, format string, args ...any) {
		found = append(found, Finding{Path: where, Why: fmt.Sprintf(format, args...)})
	}
	direct := directModules(t, complain)
	for _, name := range t.Files {
		if path.Base(name) == "package.json" && !strings.Contains("/"+name, "/testdata/") {
			direct = append(direct, npmPackages(t, name, complain)...)
		}
	}
	for _, name := range direct {
		if rows[name] == nil {
			complain(dependenciesPage, "%s is used and has no row: what for, what it replaces, licence", name)
		}
	}
	for name, cells := range rows {
		if !slices.Contains(direct, name) {
			complain(dependenciesPage, "%s has a row and is not used any more", name)
		}
		if len(cells) != 4 || slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) == "" }) {
			complain(dependenciesPage, "the row of %s must say name, what for, what it replaces, licence", name)
		} else if licence := strings.TrimSpace(cells[3]); !slices.Contains(licences, licence) && !slices.Contains(neverShipped, name) {
			complain(dependenciesPage, "%s is under %q, which is none of %s", name, licence, strings.Join(licences, ", "))
		}
	}
	return found
}

// directModules gives the modules that our packages import and those of the pinned tools.
func directModules(t *Tree, complain func(where, format string, args ...any)) []string {
	required := make(map[string]bool) // module → marked as indirect
	var tools []string
	for line := range strings.Lines(t.read("go.mod")) {
		line, comment, _ := strings.Cut(strings.TrimSpace(line), "//")
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		switch {
		case strings.HasPrefix(line, "tool "):
			tools = append(tools, strings.TrimSpace(strings.TrimPrefix(line, "tool ")))
		case len(fields) == 2 && strings.HasPrefix(fields[1], "v"):
			required[fields[0]] = strings.TrimSpace(comment) == "indirect"
		case len(fields) == 1 && strings.Contains(fields[0], ".") && strings.Contains(fields[0], "/"):
			tools = append(tools, fields[0]) // in a block of tools
		}
	}
	var direct []string
	for _, file := range t.Go {
		for _, spec := range file.AST.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil || strings.HasPrefix(imported, "soroi/") || !strings.Contains(strings.Split(imported, "/")[0], ".") {
				continue
			}
			module := moduleOf(imported, required)
			switch {
			case module == "":
				complain(file.Path, "%s is in no module that go.mod requires", imported)
			case slices.Contains(direct, module):
			default:
				direct = append(direct, module)
				if required[module] {
					complain("go.mod", "%s is imported and marked indirect: run go mod tidy", module)
				}
			}
		}
	}
	for _, tool := range tools {
		if module := moduleOf(tool, required); module != "" && !slices.Contains(direct, module) {
			direct = append(direct, module)
		}
	}
	return direct
}

func moduleOf(imported string, required map[string]bool) string {
	for module := imported; module != "."; module = path.Dir(module) {
		if _, ok := required[module]; ok {
			return module
		}
	}
	return ""
}

func npmPackages(t *Tree, name string, complain func(where, format string, args ...any)) []string {
	var manifest struct {
		Dependencies    map[string]string `json:"dependencies"`
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal([]byte(t.read(name)), &manifest); err != nil {
		complain(name, "cannot be read: %v", err)
		return nil
	}
	var names []string
	for _, group := range []map[string]string{manifest.Dependencies, manifest.DevDependencies} {
		for dependency, version := range group {
			names = append(names, dependency)
			if strings.ContainsAny(version, "^~*><x ") {
				complain(name, "%s must be pinned to one version, not %q", dependency, version)
			}
		}
	}
	return names
}
