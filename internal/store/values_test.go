package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"testing"

	"soroi/internal/channel"
	"soroi/internal/match"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// TestRows sends lists of every size about which the engines' parts differ, with and without NULLs, and wants them back unchanged.
func TestRows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, n := range []int{0, 1, 3, 4, 255, 256, 257, 1000, 4095, 4096, 4097, 9000} {
			for _, nulls := range []bool{false, true} {
				rows := make([]store.ListedRow, n)
				for i := range rows {
					rows[i] = store.ListedRow{Place: int64(i), Ref: sql.NullInt64{Int64: math.MaxInt64 - int64(i), Valid: true},
						Name: sql.NullString{String: fmt.Sprintf(`名 "%d", {x} \ 'y'`, i), Valid: true}, Sure: sql.NullBool{Bool: i%2 == 0, Valid: true}}
					if nulls && i%3 == 2 {
						rows[i].Ref, rows[i].Sure = sql.NullInt64{}, sql.NullBool{}
					}
					if nulls && i%7 == 0 {
						rows[i].Name = sql.NullString{}
					}
				}
				back, err := db.Listed(context.Background(), rows)
				if err != nil {
					t.Fatal(err)
				}
				slices.SortFunc(back, func(a, b store.ListedRow) int { return int(a.Place - b.Place) })
				if !slices.Equal(back, rows) {
					t.Errorf("%d rows (NULLs: %v) came back as %d rows that differ", n, nulls, len(back))
				}
			}
		}
	})
}

// A shop's pages may repeat a listing, in one page and in the next; the last word on it counts.
func TestTakeListings_same_listing_twice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCounter(t, db)
		result, err := db.TakeListings(context.Background(), c.tenant, c.lease, []channel.Listing{
			{Ref: "B-1", Title: "first"}, {Ref: "A-1", Codes: []match.Code{{Text: "A-1"}}, Title: "A"}, {Ref: "B-1", Codes: []match.Code{{Text: "none"}}, Title: "last"}})
		if err != nil {
			t.Fatal(err)
		}
		if result.Listings != 2 {
			t.Errorf("%d listings taken, want 2", result.Listings)
		}
		page, err := db.ListListings(context.Background(), c.tenant, store.ListingQuery{Show: store.ListingsUnlinked})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Rows) != 1 || page.Rows[0].Title != "last" {
			t.Errorf("listings without a SKU: %+v, want B-1 once, with its last title", page.Rows)
		}
	})
}
