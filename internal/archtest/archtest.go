// Package archtest is the tests about the code itself: what reviews forget, held as rules that fail with their reason
// (style 2 and 11). A rule is a function from a Tree to Findings and reads files only, so it costs milliseconds; each has
// a test that shows it a small tree which breaks it.
package archtest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Finding is one place that breaks a rule.
type Finding struct {
	Path string // from the root of the repository
	Line int    // from 1; 0 when the finding is about the whole file or folder
	Why  string // the rule and its reason
}

// String is the finding as an editor can jump to it.
func (f Finding) String() string {
	if f.Line == 0 {
		return f.Path + ": " + f.Why
	}
	return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Why)
}

// Tree is the repository as the rules see it.
type Tree struct {
	FS    fs.FS
	Files []string  // every file that could be committed, in order
	Go    []*GoFile // the Go files among them, testdata left out
}

// GoFile is one parsed Go file.
type GoFile struct {
	Path string
	Dir  string
	Test bool // a _test.go file
	AST  *ast.File
	set  *token.FileSet
}

// ignored are the folders that hold nothing of ours: .gitignore names them, and git itself.
var ignored = []string{".git", "node_modules", "bin", "build", "tmp"}

// Load reads the tree under the root of a repository. It fails on a Go file that does not parse.
func Load(root fs.FS) (*Tree, error) {
	t := &Tree{FS: root}
	set := token.NewFileSet()
	var broken []error
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone since its folder was read
		case err != nil:
			return err
		case entry.IsDir() && (slices.Contains(ignored, entry.Name()) || name == "internal/web/ui/dist"):
			return fs.SkipDir
		case entry.IsDir(), name == ".git": // a file in a working tree beside the repository's own
			return nil
		}
		t.Files = append(t.Files, name)
		if path.Ext(name) != ".go" || strings.Contains("/"+name, "/testdata/") {
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			broken = append(broken, err)
			return nil
		}
		t.Go = append(t.Go, &GoFile{Path: name, Dir: path.Dir(name), Test: strings.HasSuffix(name, "_test.go"), AST: parsed, set: set})
		return nil
	})
	return t, errors.Join(append(broken, err)...)
}

// read gives a file's text, empty when there is none.
func (t *Tree) read(name string) string {
	b, err := fs.ReadFile(t.FS, name)
	if err != nil {
		return ""
	}
	return string(b)
}

// exists reports whether there is such a file or folder.
func (t *Tree) exists(name string) bool {
	_, err := fs.Stat(t.FS, name)
	return err == nil
}

// folders gives the names of the folders directly under dir that hold files of ours, in order.
func (t *Tree) folders(dir string) []string {
	var names []string
	for _, file := range t.Files {
		rest, ok := strings.CutPrefix(file, dir+"/")
		name, _, deeper := strings.Cut(rest, "/")
		if ok && deeper && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// at is a finding at a node of the file.
func (f *GoFile) at(node ast.Node, format string, args ...any) Finding {
	return Finding{Path: f.Path, Line: f.set.Position(node.Pos()).Line, Why: fmt.Sprintf(format, args...)}
}

// imports gives the import paths of the file and the names by which it calls them.
func (f *GoFile) imports() map[string]string {
	names := make(map[string]string)
	for _, spec := range f.AST.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has checked it
		}
		name := path.Base(imported)
		if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(imported))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}

// uses calls fn for every name of another package that the file mentions.
func (f *GoFile) uses(fn func(node ast.Node, imported, name string)) {
	imports := f.imports()
	ast.Inspect(f.AST, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && imports[pkg.Name] != "" {
			fn(sel, imports[pkg.Name], sel.Sel.Name)
		}
		return true
	})
}

// under reports whether dir is room or a folder within it.
func under(dir, room string) bool {
	return dir == room || strings.HasPrefix(dir, room+"/")
}

// underAny reports whether dir is one of the rooms or within one.
func underAny(dir string, rooms ...string) bool {
	return slices.ContainsFunc(rooms, func(room string) bool { return under(dir, room) })
}
