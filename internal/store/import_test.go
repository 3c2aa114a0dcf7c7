package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// A part of an import is posted only while the import is as its worker believes: one that a person has cancelled meanwhile posts nothing more.
func TestChangeStock_holds_its_import(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		tenant, at := storetest.Tenant(t, db, "hold")
		sku := addSKUs(t, db, tenant, "A")[0]
		job, err := db.AddImport(ctx, tenant, store.Import{Kind: "stock", FileName: "a.csv", Options: "{}"}, "me", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.ImportChecked(ctx, tenant, job.ID, "me", store.ImportChecked, "", ""); err != nil {
			t.Fatal(err)
		}
		if err := db.MoveImport(ctx, tenant, job.ID, store.ImportApplying, ""); err != nil {
			t.Fatal(err)
		}
		held, ok, err := db.HoldImport(ctx, tenant, "me", time.Minute)
		if err != nil || !ok || held.ID != job.ID {
			t.Fatal(held, ok, err)
		}
		post := func(key, holder string) error {
			r := receipt(sku, at, stock.Add, 1)
			r.Key, r.Hold = key, &store.ImportHold{ID: job.ID, Holder: holder, State: store.ImportApplying}
			_, err := db.ChangeStock(ctx, tenant, r)
			return err
		}
		if err := post("1", "me"); err != nil {
			t.Error(err)
		}
		if err := post("2", "another"); !errors.Is(err, store.ErrImportState) {
			t.Errorf("somebody else's: %v", err)
		}
		if err := db.MoveImport(ctx, tenant, job.ID, store.ImportCancelling, ""); err != nil {
			t.Fatal(err)
		}
		if err := post("3", "me"); !errors.Is(err, store.ErrImportState) {
			t.Errorf("after it was cancelled: %v", err)
		}
		if err := post("1", "me"); err != nil {
			t.Errorf("what was posted before gives its answer again: %v", err)
		}
		if s, err := db.LoadSKU(ctx, tenant, "A"); err != nil || s.Balance.OnHand != 1 {
			t.Errorf("%+v, %v", s.Balance, err)
		}
	})
}
