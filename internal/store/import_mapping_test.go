package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestImportMappings(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b, other := newBooks(t, db, "a"), newBooks(t, db, "b")
		b.must(db.SaveImportMapping(ctx, b.tenant, store.ImportMapping{Name: "卸", Kind: "stock", Body: "{}", Actor: "花"}))
		b.must(db.SaveImportMapping(ctx, other.tenant, store.ImportMapping{Name: "卸", Kind: "link", Body: "{}", Actor: "他"}))
		b.must(db.SaveImportMapping(ctx, b.tenant, store.ImportMapping{Name: "卸", Kind: "product", Body: `{"a":1}`, Actor: "月"}))
		list, err := db.ListImportMappings(ctx, b.tenant)
		b.must(err)
		if len(list) != 1 || list[0].Kind != "product" || list[0].Body != `{"a":1}` || list[0].Actor != "月" || list[0].ChangedAt.IsZero() {
			t.Errorf("%+v", list)
		}
		b.must(db.DeleteImportMapping(ctx, b.tenant, "卸"))
		if err := db.DeleteImportMapping(ctx, b.tenant, "卸"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("twice: %v", err)
		}
		if list, err = db.ListImportMappings(ctx, other.tenant); err != nil || len(list) != 1 {
			t.Errorf("another's: %+v, %v", list, err)
		}
	})
}

func TestUploads(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b, other := newBooks(t, db, "a"), newBooks(t, db, "b")
		for _, size := range []int{0, 1, 192 << 10, 192<<10 + 1} {
			file := make([]byte, size)
			_, _ = rand.Read(file)
			id, err := db.AddUpload(ctx, b.tenant, store.Upload{Kind: "stock", Mode: "add", FileName: "棚.csv", Bytes: int64(size), Actor: "花"}, bytes.NewReader(file))
			b.must(err)
			var got bytes.Buffer
			u, err := db.LoadUpload(ctx, b.tenant, id, &got)
			b.must(err)
			if !bytes.Equal(got.Bytes(), file) || u.Kind != "stock" || u.Mode != "add" || u.FileName != "棚.csv" || u.Bytes != int64(size) {
				t.Errorf("%d bytes: %+v", size, u)
			}
			if _, err := db.LoadUpload(ctx, other.tenant, id, &got); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another's file: %v", err)
			}
			b.must(db.DeleteUpload(ctx, b.tenant, id))
			if _, err := db.LoadUpload(ctx, b.tenant, id, &got); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a file that was thrown away: %v", err)
			}
		}
		if _, err := db.AddUpload(ctx, b.tenant, store.Upload{Bytes: 5}, failing{strings.NewReader("abc")}); err == nil {
			t.Error("half a file was kept")
		}
	})
}

// failing breaks off where its reader ends.
type failing struct{ r *strings.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil {
		err = errors.New("broken off")
	}
	return n, err
}
