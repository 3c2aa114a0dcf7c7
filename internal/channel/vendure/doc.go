// Package vendure speaks for a Vendure shop: an open-source cart that merchants run themselves, reached by GraphQL through
// its Admin API. See docs/channels/vendure.md.
//
// A variant is the listing. What the shop would sell of it follows from units on hand, units allocated to orders and a
// threshold, so a quantity is written as the on-hand figure that leads to it. There is no compare-and-set, no webhook, and no
// reliable time of an order's last change: new orders are found by when they were placed, changes by looking again.
package vendure
