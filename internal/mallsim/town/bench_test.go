package town

import (
	"testing"

	"soroi/internal/clock"
	"soroi/internal/mallsim"
)

// BenchmarkPlace buys 14 lines in a mall with its protocol listening, 10,000 goods on sale.
func BenchmarkPlace(b *testing.B) {
	goods := Goods(10_000, 1)
	for i := range goods {
		goods[i].Stock = 1 << 40
	}
	town, err := New(clock.System{}, Options{Kinds: Kinds(), Goods: goods})
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range town.Malls() {
		b.Run(m.Kind, func(b *testing.B) {
			lines := make([]mallsim.Want, 14)
			n := 0
			for b.Loop() {
				for i := range lines {
					n += 7919
					k, _ := m.Key(goods[n%len(goods)].Code)
					lines[i] = mallsim.Want{Key: k, Units: 1}
				}
				o, err := m.Place(mallsim.Basket{Lines: lines})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := m.Core.Ship(o.Number, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
