// Package shopify is the connector for Shopify shops, over the Admin GraphQL API 2026-07.
//
// Stock hangs on an inventory item at a location, so a listing's Ref is "<inventory item>@<location>", both as the number at
// the end of their global ids. Writing is compare-and-set with an idempotency key; the shop takes or refuses a call as a
// whole. Limits are points, not calls: every document below declares what it may cost. See docs/channels/shopify.md.
package shopify
