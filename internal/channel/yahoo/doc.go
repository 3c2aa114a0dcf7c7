// Package yahoo connects Yahoo!ショッピング (ストアAPI): XML and forms over HTTPS, an OAuth token beside a header made with
// the store's public key, one call a second for each address. What is known of it is in docs/channels/yahoo.md.
//
// New orders come from orderList, which names orders and their versions, and orderInfo, which shows one order. The cursor
// remembers which versions have been shown, so an order that has not changed costs no second call. Stock is written by
// setStock as a difference where we know what is shown, absolutely where we do not; the answer carries the number after
// the write.
package yahoo
