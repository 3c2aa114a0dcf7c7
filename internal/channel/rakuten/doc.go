// Package rakuten connects a shop in 楽天市場 through RMS WEB SERVICE: orders by the 楽天ペイ受注API, stock by InventoryAPI 2.0,
// listings by ItemAPI 2.0. What the mall does and what is only believed of it is in docs/channels/rakuten.md.
//
// Buyers' names and addresses come with every order. This package declares no field for them, so they are never decoded,
// kept, logged or put into an error.
package rakuten
