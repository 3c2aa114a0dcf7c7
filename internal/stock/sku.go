package stock

// TenantID names one merchant (契約). Every row, query and log line belongs to exactly one.
type TenantID int64

// ProductID names a product (商品): a group of SKUs that differ in colour, size and the like.
type ProductID int64

// SKUID names one SKU. People see its code, never this number.
type SKUID int64

// LocationID names a place where units lie (保管場所).
type LocationID int64
