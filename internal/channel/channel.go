// Package channel is the port through which soroi meets a shop: what a connector must do, what a channel can do, and the
// one Shop that splits, paces, retries and refuses for all of them. There is no channel in this package.
package channel

import (
	"context"
	"net/http"
	"time"

	"soroi/internal/match"
	"soroi/internal/order"
	"soroi/internal/stock"
)

// Kind is a channel's one lower-case word (モール・カート): package name, stored string, settings key and docs file.
type Kind string

// ShopID names a shop (店舗) of a tenant.
type ShopID int64

// Ref is a shop's own identity of a listing (出品). Its spelling belongs to the connector; nobody else looks inside.
type Ref = order.Ref

// Cursor says up to where a shop's orders have been pulled. It is opaque to everyone but its connector; "" is the start.
type Cursor string

// Connector speaks for one shop. It translates and nothing else: no retry, no waiting, no logging, no goroutine, no memory
// but its tokens. It is safe for concurrent use. Each error it returns is a *Error; an answer it cannot read in full is one
// too, except inside an order (see order.Snapshot.Problems). An empty batch makes no call.
type Connector interface {
	// PullOrders returns whole orders placed (and, where Can.ChangedSince says so, changed) at or after since, as the shop
	// sees them now, oldest first. Pages may overlap and repeat; they never skip. The first cursor, "", starts at
	// Limits.History before now. Next of the last page (More false) makes the following pull overlap by Limits.Lateness.
	PullOrders(ctx context.Context, since Cursor) (OrderPage, error)

	// RefreshOrders looks again at orders that are known and not final, at most Limits.RefreshOrders of them. It may leave
	// out those that have not changed. One that the shop no longer has comes back as a snapshot with a problem, Incomplete,
	// and nothing else.
	RefreshOrders(ctx context.Context, known []order.Known) ([]order.Snapshot, error)

	// PushStock asks the shop to show quantities, at most Limits.PushItems of them, each listing once. It returns one
	// Outcome per update, in the same order. An error means that nothing is known about any of them, unless Error.NotDone
	// says that the shop refused the call as a whole.
	PushStock(ctx context.Context, updates []Update) ([]Outcome, error)

	// ReadStock returns what the shop shows now, one Shown per ref, in the same order; at most Limits.ReadItems.
	ReadStock(ctx context.Context, refs []Ref) ([]Shown, error)
}

// OrderPage is one page of orders.
type OrderPage struct {
	Orders []order.Snapshot
	Next   Cursor // saved in the transaction that takes the orders in
	More   bool   // ask again at once with Next
	// UpTo is the moment up to which every order placed in this shop is now in, by the shop's clock, as far as the channel can
	// promise it. Zero while More is true or when the channel cannot tell.
	UpTo time.Time
}

// Update is one quantity to show.
type Update struct {
	Ref  Ref
	Want stock.Quantity // absolute; unlimited only where Can.Unlimited says so
	// Expect is what we believe the shop shows. With it a compare-and-set channel compares, and a delta channel sends
	// the difference. Nil writes absolutely whatever is shown: the way to zero, and the way of a channel that can only overwrite.
	Expect *stock.Quantity
	Key    string // the same for every attempt at this push, unique among pushes; at most 64 characters of [0-9a-z-]
}

// State is what became of one update.
type State string

// The states of an update.
const (
	Applied  State = "applied"  // the shop says it is done
	Accepted State = "accepted" // the shop will say later: ask Confirmer with the Ticket
	Refused  State = "refused"  // surely not done
	Conflict State = "conflict" // surely not done: Expect was wrong
	Unknown  State = "unknown"  // done or not: read back before anything else
)

// Outcome is the shop's answer to one update.
type Outcome struct {
	State  State
	Shown  *stock.Quantity // what the shop said it shows now, if it said so
	Ticket Ticket          // with Accepted
	Err    error           // a *Error, with Refused, Conflict and Unknown
}

// Ticket names a write that the shop has accepted and not finished.
type Ticket string

// Shown is what a shop shows for one listing.
type Shown struct {
	Ref      Ref
	Found    bool  // false: the shop has no such listing, or Err says why it shows no number
	Err      error `json:",omitempty"` // a *Error, where the shop has the listing and Found is false all the same
	Quantity stock.Quantity
	At       time.Time // the shop's own time of its last change of the figure, where it tells; else zero
}

// Listing is one listing as the shop describes it.
type Listing struct {
	Ref      Ref
	Codes    []match.Code // codes under which the merchant may know the SKU, the most exact first, each once
	Title    string       // product name with option values, for people
	Quantity *stock.Quantity
}

// ListingPage is one page of listings.
type ListingPage struct {
	Listings []Listing
	LeftOut  int `json:",omitempty"` // what the shop has on this page and keeps no count of, so that soroi cannot steer it
	Next     Cursor
	More     bool
}

// Lister is a connector that can list what the shop sells (Can.ListListings).
type Lister interface {
	ListListings(ctx context.Context, since Cursor) (ListingPage, error)
}

// Confirmer is a connector whose accepted pushes end later (Can.Async). It returns one Outcome per ticket, in order;
// a ticket that is still open is Accepted again.
type Confirmer interface {
	ConfirmPush(ctx context.Context, tickets []Ticket) ([]Outcome, error)
}

// Notified is a connector whose shop sends webhooks (Can.Webhook). Verify checks that the shop sent the body, without
// parsing it first; nil means "pull now". The error is a *Error of kind Auth when the signature is wrong.
type Notified interface {
	VerifyWebhook(header http.Header, body []byte) error
}

// Subscriber is a connector that can have its shop send webhooks to an address (Can.Subscribe). Subscribe makes the shop send whatever
// means "pull now" to address, an https one, and nothing to former any more; former "" or address itself means that there is none.
// It is the same however often it is called: what is subscribed already is left alone. The error is a *Error.
type Subscriber interface {
	Subscribe(ctx context.Context, address, former string) error
}

// Checker is a connector that can try its credentials without any effect (Can.Check). Expires is when they end by
// themselves, zero when they do not or the shop does not say.
type Checker interface {
	Check(ctx context.Context) (Checked, error)
}

// Checked is what a credentials check found.
type Checked struct {
	Account string    // what the shop calls itself, for the person who is setting it up
	Expires time.Time // when the credentials end
}
