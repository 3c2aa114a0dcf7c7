package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// resolved tells what each code came to, in one line: the way and the SKU, or the candidates.
func (b *books) resolved(codes ...string) []string {
	b.t.Helper()
	found, err := b.db.ResolveCodes(context.Background(), b.tenant, codes)
	b.must(err)
	var list []string
	for _, code := range codes {
		r := found[code]
		text := string(r.Match)
		if r.Found() {
			text += " " + r.Code
			if r.Via != r.Code {
				text += " via " + r.Via
			}
			if r.SKU != b.id(r.Code) {
				text += " with another id"
			}
		}
		if r.Archived {
			text += " archived"
		}
		for _, c := range r.Candidates {
			text += " " + c.Code
			if c.Archived {
				text += "(archived)"
			}
		}
		list = append(list, text)
	}
	return list
}

func TestResolveCodes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBooks(t, db, "a")
		other := newBooks(t, db, "b")
		other.skus("THEIRS", "kz-1")
		b.skus("KZ-1", "kz-1", "Kz-2", "ぱんだ-1", "0012345", "00777", "000777", "OLD", "NEW", "S-1", "S-2", "s-3", "S-3", "GONE", "gone")
		code := func(sku, code string) {
			b.t.Helper()
			key := strings.ToLower(code) // these codes fold to their lower case
			_, err := db.Exec(context.Background(), "INSERT INTO sku_code (tenant_id, sku_id, code, code_key, kind) VALUES ($1, $2, $3, $4, 'other')", int64(b.tenant), int64(b.id(sku)), code, key)
			b.must(err)
		}
		code("KZ-1", "4901234567894")
		code("S-1", "SET-9")
		code("S-2", "SET-9")
		code("S-1", "set-8")
		code("Kz-2", "ALT-2")
		code("Kz-2", "alt-2")
		code("NEW", "OLD")
		for _, sku := range []string{"OLD", "s-3", "GONE"} {
			_, err := db.Exec(context.Background(), "UPDATE sku SET archived_at = 5 WHERE tenant_id = $1 AND code = $2", int64(b.tenant), sku)
			b.must(err)
		}
		for _, tt := range []struct{ name, code, want string }{
			{"codes that differ only in case stay apart", "KZ-1", "code KZ-1"},
			{"the other one of them", "kz-1", "code kz-1"},
			{"alike to two is nobody's", "Kz-1", "ambiguous KZ-1 kz-1"},
			{"alike to one", "ＫＺ－２", "folded Kz-2"},
			{"alike by kana and dash", "パンダ―１", "folded ぱんだ-1"},
			{"a further code", "4901234567894", "other KZ-1 via 4901234567894"},
			{"a further code in wide digits", "４９０１２３４５６７８９４", "folded KZ-1 via 4901234567894"},
			{"a further code of two", "SET-9", "ambiguous S-1 S-2"},
			{"two further codes of one", "Alt-2", "folded Kz-2 via ALT-2"},
			{"one of two further codes of one", "alt-2", "other Kz-2 via alt-2"},
			{"a further code, alike", "SET-8", "folded S-1 via set-8"},
			{"handed on by an archived one", "OLD", "other NEW via OLD"},
			{"the one in use before the archived one", "ｓ-３", "folded S-3"},
			{"exactly the archived one", "s-3", "code s-3 archived"},
			{"archived, and another is alike", "GONE", "code GONE archived"},
			{"unknown", "KZ-9", "unknown"},
			{"of another tenant", "THEIRS", "unknown"},
			{"zeros that are missing are shown, not guessed", "12345", "unknown 0012345"},
			{"of several lengths", "777", "unknown 00777 000777"},
			{"too many zeros are another code", "00012345", "unknown"},
			{"nothing", "", "unknown"},
			{"nothing that could be folded", "・", "unknown"},
		} {
			if got := b.resolved(tt.code)[0]; got != tt.want {
				t.Errorf("%s: %q gives %q, want %q", tt.name, tt.code, got, tt.want)
			}
		}
		if got := b.resolved("KZ-1", "KZ-9", "KZ-1", "kz-1"); !slices.Equal(got, []string{"code KZ-1", "unknown", "code KZ-1", "code kz-1"}) {
			t.Errorf("together they give %q", got)
		}
	})
}

// A database from before there were keys gets them at the next start, in any number of steps, and only once.
func TestMigrate_folds_the_keys_of_old_rows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		const many = 4500 // more than two steps
		var list []string
		for i := range many {
			list = append(list, fmt.Sprintf("Code-%d シャツ", i))
		}
		b.skus(list...)
		run := func(statement string) int64 {
			t.Helper()
			n, err := db.Exec(ctx, statement, int64(b.tenant))
			b.must(err)
			return n
		}
		run("INSERT INTO sku_code (tenant_id, sku_id, code, code_key, kind) SELECT tenant_id, sku_id, 'JAN-' || code, '', 'other' FROM sku WHERE tenant_id = $1")
		wrong := func() string {
			return fmt.Sprint(run("UPDATE sku SET name = name WHERE tenant_id = $1 AND code_key <> LOWER(code)"), run("UPDATE sku_code SET kind = kind WHERE tenant_id = $1 AND code_key <> LOWER(code)"),
				len(b.search("シャツ code-4499")))
		}
		if got := wrong(); got != fmt.Sprint(0, many, 1) {
			t.Errorf("of the rows that were just added %s", got)
		}
		run("UPDATE sku SET code_key = '' WHERE tenant_id = $1")
		run("DELETE FROM search_text WHERE tenant_id = $1")
		run("DELETE FROM search_word WHERE tenant_id = $1")
		_, err := db.Migrate(ctx)
		b.must(err)
		if got := wrong(); got != fmt.Sprint(many, many, 0) {
			t.Errorf("a tenant that was folded by these rules is folded again: %s", got)
		}
		run("UPDATE tenant SET folded = 0 WHERE tenant_id = $1")
		_, err = db.Migrate(ctx)
		b.must(err)
		if got := wrong(); got != fmt.Sprint(0, 0, 1) {
			t.Errorf("after folding %s", got)
		}
		for _, text := range []string{"jan-code-17", "シャツ code-17"} {
			if got := b.search(text); !slices.Contains(got, "Code-17") {
				t.Errorf("%s finds %q", text, got)
			}
		}
	})
}
