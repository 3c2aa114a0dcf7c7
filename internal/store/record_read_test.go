package store_test

import (
	"context"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// A listing that shows no number keeps the shop's reason; one that is simply gone says so; and the next number that is read ends both.
func TestRecordRead_says_why_there_is_no_number(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		s := newScreens(t, db)
		lease := s.leases[0]
		list, err := db.ListToRead(ctx, s.tenant, lease.Shop, 10, time.Now(), time.Now(), false)
		if err != nil || len(list) != 3 {
			t.Fatal(list, err)
		}
		byRef := map[channel.Ref]store.ListingID{}
		for _, l := range list {
			byRef[l.Ref] = l.ID
		}
		read := func(shown ...channel.Shown) {
			t.Helper()
			var ids []store.ListingID
			for _, one := range shown {
				ids = append(ids, byRef[one.Ref])
			}
			now := time.Now()
			if _, err := db.RecordRead(ctx, s.tenant, lease, now, now.Add(time.Millisecond), ids, shown); err != nil {
				t.Fatal(err)
			}
		}
		want := func(code string, kind channel.ErrorKind, mallCode string) {
			t.Helper()
			sku, err := db.LoadSKU(ctx, s.tenant, code)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range sku.Listings {
				if l.Shop == lease.Shop && (l.ErrorKind != kind || l.ErrorCode != mallCode) {
					t.Errorf("%s: %q %q %q, want %q %q", code, l.ErrorKind, l.ErrorCode, l.ErrorText, kind, mallCode)
				}
			}
		}
		read(channel.Shown{Ref: "a", Err: &channel.Error{Kind: channel.Uncounted, Code: "NOT_STOCKED", Message: "tick the location"}}, channel.Shown{Ref: "b"},
			channel.Shown{Ref: "x", Found: true, Quantity: stock.Units(1)})
		want("A-1", channel.Uncounted, "NOT_STOCKED")
		want("B-2", channel.NotFound, "")
		read(channel.Shown{Ref: "a", Found: true, Quantity: stock.Units(3)}, channel.Shown{Ref: "b", Found: true})
		want("A-1", "", "")
		want("B-2", "", "")
	})
}
