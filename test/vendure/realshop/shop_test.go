package realshop

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestShop/* pins how the real server counts, which is what docs/channels/vendure.md says and the simulated shop does.
func TestShop(t *testing.T) {
	shop := Start(t)
	level := func(t *testing.T, variant string, onHand, allocated int64) {
		t.Helper()
		if h, a := shop.Level(variant); h != onHand || a != allocated {
			t.Errorf("on hand %d, allocated %d; want %d and %d", h, a, onHand, allocated)
		}
	}
	t.Run("a cart takes nothing", func(t *testing.T) {
		v := shop.AddProduct("cart", 5)
		shop.Fill(Line{v, 2})
		level(t, v, 5, 0)
	})
	t.Run("a paid order allocates, a cancel releases", func(t *testing.T) {
		v := shop.AddProduct("cancel", 5)
		number := shop.Order(Line{v, 3})
		level(t, v, 5, 3)
		shop.Cancel(number, Line{v, 1})
		level(t, v, 5, 2)
		shop.Cancel(number)
		level(t, v, 5, 0)
	})
	t.Run("a parcel takes the units, a cancelled parcel gives them back", func(t *testing.T) {
		v := shop.AddProduct("parcel", 5)
		number := shop.Order(Line{v, 3})
		parcel := shop.Pack(number, Line{v, 2})
		level(t, v, 3, 1)
		shop.Move(parcel, "Cancelled")
		level(t, v, 5, 3)
		shop.Fulfil(number)
		level(t, v, 2, 0)
	})
	t.Run("a cancel after shipping puts the units back on hand", func(t *testing.T) {
		v := shop.AddProduct("late", 5)
		number := shop.Order(Line{v, 3})
		shop.Fulfil(number)
		shop.Cancel(number, Line{v, 1})
		level(t, v, 3, 0)
	})
}

func TestLockNamesNoHost(t *testing.T) {
	lock, err := os.ReadFile(filepath.Join("..", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`"resolved": "[^"]*"`).Find(lock); found != nil {
		t.Errorf("the lock names a host, so it installs from nowhere else: %s", found)
	}
	if !regexp.MustCompile(`"integrity": "sha512-`).Match(lock) {
		t.Error("the lock pins no content")
	}
}
