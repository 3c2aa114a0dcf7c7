package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

func TestViews(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		b := newBooks(t, db, "a")
		save := func(v store.View) store.ViewID {
			t.Helper()
			v.List = "low"
			id, err := db.SaveView(ctx, b.tenant, v)
			b.must(err)
			return id
		}
		list := func() string {
			t.Helper()
			views, err := db.ListViews(ctx, b.tenant, "low")
			b.must(err)
			var list []string
			for _, v := range views {
				text := v.Name + " " + v.Query
				if v.Home {
					text += " home"
				}
				list = append(list, text)
			}
			return strings.Join(list, ", ")
		}
		first := save(store.View{Name: "春物", Query: "value=赤", Home: true})
		second := save(store.View{Name: "在庫割れ", Query: "show=out"})
		if got := list(); got != "在庫割れ show=out, 春物 value=赤 home" {
			t.Error(got)
		}
		save(store.View{ID: second, Name: "在庫割れ", Query: "show=out&group=product", Home: true})
		if got := list(); got != "在庫割れ show=out&group=product home, 春物 value=赤" {
			t.Error(got)
		}
		save(store.View{ID: second, Name: "割れ", Query: "show=out"})
		if got := list(); got != "割れ show=out, 春物 value=赤" {
			t.Error(got)
		}
		var conflict *store.ConflictError
		if _, err := db.SaveView(ctx, b.tenant, store.View{List: "low", Name: "春物"}); !errors.As(err, &conflict) || conflict.Key != "saved_view_tenant_id_list_name_key" {
			t.Errorf("a name twice: %v", err)
		}
		if _, err := db.SaveView(ctx, b.tenant, store.View{List: "low", ID: 12345, Name: "x"}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a view that is not there: %v", err)
		}
		other := newBooks(t, db, "b")
		if _, err := db.SaveView(ctx, other.tenant, store.View{List: "low", ID: first, Name: "x"}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant's: %v", err)
		}
		b.must(db.DeleteView(ctx, other.tenant, first))
		b.must(db.DeleteView(ctx, b.tenant, second))
		if got := list(); got != "春物 value=赤" {
			t.Error(got)
		}
		for i := range store.MostViews - 1 {
			save(store.View{Name: fmt.Sprint(i)})
		}
		if _, err := db.SaveView(ctx, b.tenant, store.View{List: "low", Name: "one more"}); !errors.Is(err, store.ErrTooMany) {
			t.Errorf("one too many: %v", err)
		}
	})
}
