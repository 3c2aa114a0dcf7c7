package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var templateWord = regexp.MustCompile(`\bt "((?:[^"\\]|\\.)*)"`)

// japaneseWords are all Japanese sentences that the screens can say: the argument of t in templates, and each Japanese string in
// the screens' Go. The storybook's goods and the tests are not screens.
func japaneseWords(t *testing.T) map[string]string {
	t.Helper()
	words := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "storybook" || d.Name() == "dist"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".html"):
			text, err := os.ReadFile(path)
			for _, m := range templateWord.FindAllStringSubmatch(string(text), -1) {
				words[m[1]] = path
			}
			return err
		case strings.HasSuffix(path, "_test.go") || strings.HasPrefix(filepath.Base(path), "english") || !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && hasJapanese(text) {
					words[text] = path
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func hasJapanese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
	})
}

func TestWords(t *testing.T) {
	words := japaneseWords(t)
	if len(words) < 100 {
		t.Fatalf("found only %d sentences: the search for them is broken", len(words))
	}
	t.Run("each sentence has its English", func(t *testing.T) {
		for _, word := range slices.Sorted(maps.Keys(words)) {
			if english[word] == "" {
				t.Errorf("%s: %q has no English", words[word], word)
			}
		}
	})
	t.Run("no English without a sentence", func(t *testing.T) {
		for word := range english {
			if words[word] == "" {
				t.Errorf("%q is not said anywhere", word)
			}
		}
	})
	t.Run("the English takes the same arguments", func(t *testing.T) {
		verb := regexp.MustCompile(`%[-+0-9.]*[a-z]`)
		for word, other := range english {
			a, b := verb.FindAllString(word, -1), verb.FindAllString(other, -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("%q takes %v but %q takes %v", word, a, other, b)
			}
		}
	})
	t.Run("page text in templates goes through t", func(t *testing.T) {
		action := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
		err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && d.Name() == "node_modules" {
				return cmpSkip(err)
			}
			if !strings.HasSuffix(path, ".html") {
				return nil
			}
			text, err := os.ReadFile(path)
			for i, line := range strings.Split(action.ReplaceAllString(string(text), ""), "\n") {
				if hasJapanese(line) && !strings.Contains(line, "hreflang") {
					t.Errorf("%s:%d: %q stands outside t", path, i+1, line)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func cmpSkip(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}
