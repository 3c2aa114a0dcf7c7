package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dialectFiles are the seam between the two engines: what differs lives here and nowhere else.
var dialectFiles = []string{"internal/store/dialect.go", "internal/store/sqlite.go", "internal/store/sqlite_expect.go", "internal/store/postgres.go"}

var (
	statement = regexp.MustCompile(`(?s)^\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(UNIQUE\s+)?(TABLE|INDEX)\s|ALTER\s+TABLE\s|WITH\s+\w+.*\sAS\s*\()`)
	fragment  = regexp.MustCompile(`\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|WITH|FROM|WHERE|SET|VALUES|ORDER BY|GROUP BY|RETURNING|JOIN|AND|OR|ON CONFLICT|CAST|LIMIT)\b`)
	quoted    = regexp.MustCompile(`(?s)'[^']*'|--[^\n]*|/\*.*?\*/`)
)

// refusedWords are what the two engines do not share, with what to write instead (style 6).
var refusedWords = []struct {
	word    *regexp.Regexp
	instead string
}{
	{sqlWord(`AUTOINCREMENT|(BIG|SMALL)?SERIAL|IDENTITY|ROWID`), "ids are BIGINT made in Go"},
	{sqlWord(`NOW\(|CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME|DATETIME|STRFTIME|JULIANDAY|EXTRACT|DATE_TRUNC|TO_CHAR|AGE\(|INTERVAL|TIMESTAMP|TIMESTAMPTZ|DATE\(`), "times are BIGINT microseconds from the transaction's clock, worked out in Go"},
	{sqlWord(`I?LIKE|GLOB|REGEXP|SIMILAR\s+TO`), "search a key that text.SearchKey has folded, as search_key LIKE"},
	{sqlWord(`JSONB?|JSON_\w+|JSONB_\w+`), "keep TEXT and decode it in Go"},
	{regexp.MustCompile(`->`), "keep TEXT and decode it in Go"},
	{sqlWord(`ARRAY|UNNEST|ANY\(|GENERATE_SERIES|ARRAY_AGG|STRING_AGG|GROUP_CONCAT`), "use rows: VALUES going in, one row each coming out"},
	{regexp.MustCompile(`::`), "write CAST(x AS type)"},
	{sqlWord(`RANDOM\(`), "randomness is an argument"},
	{sqlWord(`INSERT\s+OR|REPLACE\s+INTO|IFNULL|NVL|ISNULL|NOTNULL`), "use ON CONFLICT, COALESCE, IS NULL"},
	{sqlWord(`GREATEST|LEAST`), "use CASE: SQLite has none of these"},
	{regexp.MustCompile(`(?i)\b(MAX|MIN)\([^()]*,`), "use CASE: PostgreSQL's MAX and MIN take one argument"},
	{sqlWord(`FOR\s+(NO\s+KEY\s+)?UPDATE|SKIP\s+LOCKED|FOR\s+SHARE`), "lock through the dialect's forUpdate and skipLocked"},
	{sqlWord(`PRAGMA|PG_\w+|SQLITE_\w+|INFORMATION_SCHEMA`), "what belongs to one engine belongs to its file of the dialect"},
	{sqlWord(`INTEGER|INT|REAL|FLOAT|DOUBLE|VARCHAR|BYTEA|BLOB`), "the shared types are TEXT, BIGINT and BOOLEAN"},
	{regexp.MustCompile(`(?i)COLLATE`), "the database sorts by bytes; sort for people in Go"},
	{regexp.MustCompile(`\?`), "placeholders are $1, $2 …"},
}

func sqlWord(alternatives string) *regexp.Regexp {
	parts := strings.Split(alternatives, "|")
	for i, part := range parts {
		if !strings.HasSuffix(part, `\(`) && strings.Count(part, "(") == strings.Count(part, ")") {
			parts[i] = part + `\b`
		}
	}
	return regexp.MustCompile(`(?i)\b(` + strings.Join(parts, "|") + `)`)
}

// SharedSQL holds style 6: every statement is written in the words that SQLite and PostgreSQL share.
func SharedSQL(t *Tree) []Finding {
	var found []Finding
	for _, file := range t.Go {
		if file.Dir != "internal/store" || file.Test || slices.Contains(dialectFiles, file.Path) {
			continue
		}
		literals(file, func(lit *ast.BasicLit, text string) {
			if !fragment.MatchString(text) {
				return
			}
			for _, why := range refusedIn(text) {
				found = append(found, file.at(lit, "%s", why))
			}
		})
	}
	for _, name := range t.Files {
		if under(path.Dir(name), "internal/store") && strings.HasSuffix(name, ".sql") && !strings.HasSuffix(name, ".sqlite.sql") && !strings.HasSuffix(name, ".postgres.sql") {
			for i, line := range strings.Split(t.read(name), "\n") {
				for _, why := range refusedIn(line) {
					found = append(found, Finding{Path: name, Line: i + 1, Why: why})
				}
			}
		}
	}
	return found
}

// foldedLike is the one LIKE that both engines understand alike: the key and the pattern are folded, so their ideas of case do not
// meet. Neither has another word for "contains" that the other knows.
var foldedLike = regexp.MustCompile(`\bsearch_key LIKE\b`)

func refusedIn(sql string) []string {
	sql = foldedLike.ReplaceAllString(quoted.ReplaceAllString(sql, " "), " ")
	var why []string
	for _, refused := range refusedWords {
		if hit := refused.word.FindString(sql); hit != "" {
			why = append(why, fmt.Sprintf("%q is not in the SQL that SQLite and PostgreSQL share: %s", strings.TrimSpace(hit), refused.instead))
		}
	}
	return why
}

// SQLOnlyInStore holds style 1.4: no other room holds a statement.
func SQLOnlyInStore(t *Tree) []Finding {
	var found []Finding
	for _, file := range t.Go {
		if file.Test || underAny(file.Dir, "internal/store", "internal/bench", "internal/archtest") {
			continue
		}
		literals(file, func(lit *ast.BasicLit, text string) {
			if statement.MatchString(text) {
				found = append(found, file.at(lit, "only internal/store holds SQL: add a method there, beside its statement"))
			}
		})
	}
	return found
}

// literals calls fn for each string in the file, import paths left out.
func literals(file *GoFile, fn func(lit *ast.BasicLit, text string)) {
	ast.Inspect(file.AST, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Value[0] != '\'' {
				fn(n, text)
			}
		}
		return true
	})
}
