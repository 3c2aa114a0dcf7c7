package exchange

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Every code has its sentences in both languages and a next step, and every row of the table has its code.
func TestEveryCodeHasItsSentence(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := make(map[Code]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Code" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared[Code(value)] = true
		}
		return true
	})
	if len(declared) < 50 {
		t.Fatalf("only %d codes found", len(declared))
	}
	for code := range declared {
		p := &Problem{Code: code, Header: "列", Value: "値", Hint: "ヒント", Line: 3, EndLine: 4, Offset: 5}
		for _, text := range []string{p.Sentence(Japanese), p.Next(Japanese), p.Sentence(English), p.Next(English)} {
			if len(text) < 8 || strings.ContainsAny(text, "{}") {
				t.Errorf("%s says %q", code, text)
			}
		}
		if ja := p.Sentence(Japanese) + p.Next(Japanese); !strings.HasSuffix(ja, "。") && !strings.HasSuffix(ja, "?") {
			t.Errorf("%s is no whole sentence: %s", code, ja)
		}
		switch p.Fate() {
		case FileRefused, RowRefused, RowIgnored, RowNoted, ColumnIgnored:
		default:
			t.Errorf("%s has no fate", code)
		}
	}
	for code := range reasons {
		if !declared[code] {
			t.Errorf("the table has %q, which is no code", code)
		}
	}
	for kind, code := range suspectCodes {
		if reasons[code].fate != RowRefused {
			t.Errorf("%s is not refused", kind)
		}
	}
}
