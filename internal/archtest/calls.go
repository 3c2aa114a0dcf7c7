package archtest

import (
	"go/ast"
	"slices"
	"strings"
)

// The places that may do what the others must be given.
var (
	clockRooms = []string{"internal/clock"}
	edgeRooms  = []string{"cmd", "internal/app"}
)

// refusal is a set of names of one package that only some rooms may mention.
type refusal struct {
	imported string
	names    string   // separated by spaces; "*" is all but those in except
	except   string   // with "*"
	rooms    []string // that may
	mains    bool     // package main may, too
	tests    bool     // tests and their helpers may, too
	why      string
}

var refusals = []refusal{
	{imported: "time", names: "Now Since Until Sleep After AfterFunc NewTimer NewTicker Tick", rooms: clockRooms, tests: true,
		why: "time comes from the clock.Clock that was given, so that a replay and a test decide what now is"},
	{imported: "net/http", names: "DefaultClient DefaultServeMux Get Head Post PostForm Handle HandleFunc ListenAndServe ListenAndServeTLS",
		why: "the HTTP client and the server are values that were given: the package-wide ones have no limit on time and belong to nobody"},
	{imported: "fmt", names: "Print Printf Println", rooms: edgeRooms, mains: true,
		why: "write to the io.Writer that was given: only a command owns the terminal"},
	{imported: "os", names: "Getenv LookupEnv Environ ExpandEnv Stdout Stderr Stdin", rooms: edgeRooms, mains: true, tests: true,
		why: "the environment is read once, at start-up, and passed on as values"},
	{imported: "os", names: "Exit", rooms: []string{"cmd"}, mains: true, tests: true,
		why: "return an error: leaving the process skips what others have deferred"},
	{imported: "math/rand", names: "*", except: "New NewSource NewZipf Rand Source Source64 Zipf", tests: true,
		why: "randomness is an argument with a seed, so that a run can be repeated"},
	{imported: "math/rand/v2", names: "*", except: "New NewPCG NewChaCha8 NewZipf Rand Source PCG ChaCha8 Zipf", tests: true,
		why: "randomness is an argument with a seed, so that a run can be repeated"},
	{imported: "log/slog", names: "Default SetDefault Debug Info Warn Error Log LogAttrs DebugContext InfoContext WarnContext ErrorContext With", rooms: edgeRooms, mains: true,
		why: "log with the *slog.Logger that was given: it knows its tenant and shop"},
}

// CallsInTheirPlace holds style 11: what reaches for the world outside is done in one place and passed in everywhere else.
func CallsInTheirPlace(t *Tree) []Finding {
	var found []Finding
	for _, file := range t.Go {
		file.uses(func(node ast.Node, imported, name string) {
			for _, r := range refusals {
				if r.imported == imported && r.refuses(name) && !r.allows(file) {
					found = append(found, file.at(node, "no %s.%s here: %s", imported, name, r.why))
				}
			}
		})
	}
	return found
}

func (r refusal) refuses(name string) bool {
	if r.names == "*" {
		return !slices.Contains(strings.Fields(r.except), name)
	}
	return slices.Contains(strings.Fields(r.names), name)
}

func (r refusal) allows(file *GoFile) bool {
	return underAny(file.Dir, r.rooms...) ||
		r.tests && (file.Test || underAny(file.Dir, helpers...)) ||
		r.mains && file.AST.Name.Name == "main"
}

// NothingByImport holds style 1.6: no package does anything because it was imported.
func NothingByImport(t *Tree) []Finding {
	var found []Finding
	for _, file := range t.Go {
		for _, decl := range file.AST.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				found = append(found, file.at(fn, "no func init: nothing happens by being imported; wiring is one file you can read"))
			}
		}
	}
	return found
}

// PanicsAreDocumented holds style 7: only a broken program panics, and the place says how it would be broken: in the
// function's comment, in a comment beside the panic, or in its message. Leaving a handler by http.ErrAbortHandler is none.
func PanicsAreDocumented(t *Tree) []Finding {
	var found []Finding
	for _, file := range t.Go {
		if file.Test || underAny(file.Dir, helpers...) {
			continue
		}
		for _, decl := range file.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			documented := strings.Contains(strings.ToLower(fn.Doc.Text()), "panic")
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				switch name, ok := call.Fun.(*ast.Ident); {
				case ok && name.Name == "panic" && !documented && !file.commented(call) && !explains(call.Args):
					found = append(found, file.at(call, "panic is only for a broken program, and a comment or the message must say how it would be broken; else return an error"))
				case ok && (name.Name == "print" || name.Name == "println"):
					found = append(found, file.at(call, "no %s: write to the io.Writer that was given", name.Name))
				}
				return true
			})
		}
	}
	return found
}

// commented reports whether a comment ends on the node's line or on one of the two before it.
func (f *GoFile) commented(node ast.Node) bool {
	line := f.set.Position(node.Pos()).Line
	for _, group := range f.AST.Comments {
		if end := f.set.Position(group.End()).Line; line-2 <= end && end <= line {
			return true
		}
	}
	return false
}

// explains reports whether the arguments of a panic hold a message, or are how a handler is left.
func explains(args []ast.Expr) bool {
	said := false
	for _, arg := range args {
		ast.Inspect(arg, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				said = said || len(n.Value) > len(`"…"`)
			case *ast.SelectorExpr:
				said = said || n.Sel.Name == "ErrAbortHandler"
			}
			return true
		})
	}
	return said
}

// ConnectorsOnlyTranslate holds style 4: no goroutine, no logging and no waiting in a channel's folder.
func ConnectorsOnlyTranslate(t *Tree) []Finding {
	var found []Finding
	for _, file := range t.Go {
		if r := roomOf(file.Dir); r == nil || r.path != "internal/channel/*" || file.Test {
			continue
		}
		for _, spec := range file.AST.Imports {
			if spec.Path.Value == `"log/slog"` {
				found = append(found, file.at(spec, "a connector does not log: channel.Shop does, once for all channels"))
			}
		}
		ast.Inspect(file.AST, func(n ast.Node) bool {
			if statement, ok := n.(*ast.GoStmt); ok {
				found = append(found, file.at(statement, "a connector starts no goroutine: channel.Shop owns what runs"))
			}
			return true
		})
	}
	return found
}

// SkipsSayWhy holds style 11: a skipped test names the environment variable that brings it back, or an issue's number. The
// connectors' suite skips what a channel does not declare.
func SkipsSayWhy(t *Tree) []Finding {
	var found []Finding
	for _, file := range t.Go {
		if under(file.Dir, "internal/channel/channeltest") {
			continue
		}
		for _, decl := range file.AST.Decls {
			var skips []ast.Node
			named := false
			ast.Inspect(decl, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if name := n.Sel.Name; name == "Skip" || name == "Skipf" || name == "SkipNow" {
						if on, ok := n.X.(*ast.Ident); ok && (on.Name == "t" || on.Name == "b" || on.Name == "f" || on.Name == "tb") {
							skips = append(skips, n)
						}
					}
				case *ast.BasicLit:
					named = named || strings.Contains(n.Value, "SOROI_") || issue.MatchString(n.Value)
				}
				return true
			})
			if named {
				continue
			}
			for _, skip := range skips {
				found = append(found, file.at(skip, "a skip names the SOROI_ variable that brings the test back, or an issue's number: else a green run hides it"))
			}
		}
	}
	return found
}
