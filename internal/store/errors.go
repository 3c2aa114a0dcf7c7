package store

import (
	"errors"
	"fmt"
)

// ErrNotFound says that there is no such row in this tenant.
var ErrNotFound = errors.New("not found")

// ErrAgain says that the transaction met another one and may be run again.
var ErrAgain = errors.New("transaction must run again")

// ErrLeaseLost says that another process runs the shop now. Whoever gets it stops working for the shop at once.
var ErrLeaseLost = errors.New("the shop's lease is held by another process")

// ConflictError says that a row breaks a rule of the schema.
type ConflictError struct {
	Key string // name of the constraint: sku_tenant_id_code_key; empty for a missing reference on SQLite
}

func (e *ConflictError) Error() string { return fmt.Sprintf("conflict with %s", e.Key) }
