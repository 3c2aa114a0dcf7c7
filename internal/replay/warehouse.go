package replay

import (
	"context"
	"fmt"
	"slices"

	"soroi/internal/order"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// books is the warehouse's and the examiner's access to soroi's database, beside the running process.
type books struct {
	db       *store.DB
	tenant   stock.TenantID
	location stock.LocationID
	skus     []stock.SKUID // by the stream's SKU
}

func (b *books) Receive(ctx context.Context, key, reason string, units map[int]int64) error {
	return b.change(ctx, stock.Receipt, key, key, reason, units, stock.Add)
}

func (b *books) TakeBack(ctx context.Context, key, document string, units map[int]int64) error {
	return b.change(ctx, stock.Return, key, document, "返品", units, stock.Add)
}

func (b *books) WriteOff(ctx context.Context, key, reason string, units map[int]int64) error {
	return b.change(ctx, stock.Issue, key, key, reason, units, stock.Subtract)
}

func (b *books) Shipped(ctx context.Context, numbers []string) (map[string]bool, error) {
	states, err := b.db.SaleStates(ctx, b.tenant, numbers)
	if err != nil {
		return nil, err
	}
	shipped := make(map[string]bool)
	for number, state := range states {
		shipped[number] = state == order.Shipped
	}
	return shipped, nil
}

// change posts one document of the warehouse, once.
func (b *books) change(ctx context.Context, kind stock.MovementKind, key, document, reason string, units map[int]int64, mode stock.Mode) error {
	skus := make([]int, 0, len(units))
	for sku := range units {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	r := store.ChangeRequest{Key: key, Cause: stock.ByAPI, Kind: kind, Document: document, Actor: "warehouse", Reason: reason}
	for _, sku := range skus {
		r.Rows = append(r.Rows, stock.Change{SKU: b.skus[sku], Location: b.location, Mode: mode, Units: units[sku]})
	}
	answer, err := b.db.ChangeStock(ctx, b.tenant, r)
	if err != nil {
		return err
	}
	for i, row := range answer.Rows {
		if !row.Applied {
			return fmt.Errorf("row %d of %s refused: %s", i+1, key, row.Reason)
		}
	}
	return nil
}
