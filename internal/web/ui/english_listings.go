package ui

// englishListings is what the screens about listings and links say.
var englishListings = map[string]string{}
