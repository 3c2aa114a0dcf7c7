package exchange_test

import (
	"slices"
	"testing"

	"soroi/internal/exchange"
)

func TestReadParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []exchange.PartRef
	}{
		{"CUP×2 + BOX×1", []exchange.PartRef{{SKU: "CUP", Units: 2}, {SKU: "BOX", Units: 1}}},
		{" CUP-01*2;BOX-01 ", []exchange.PartRef{{SKU: "CUP-01", Units: 2}, {SKU: "BOX-01", Units: 1}}},
		{"CUP　×　１２\r\nBOX 3\n\n", []exchange.PartRef{{SKU: "CUP", Units: 12}, {SKU: "BOX", Units: 3}}},
		{"CUP x 2 ＋ BOX＊1；TEA", []exchange.PartRef{{SKU: "CUP", Units: 2}, {SKU: "BOX", Units: 1}, {SKU: "TEA", Units: 1}}},
		{"a+b×2", []exchange.PartRef{{SKU: "a+b", Units: 2}}},     // a plus within a code
		{"10x20×2", []exchange.PartRef{{SKU: "10x20", Units: 2}}}, // an x within a code
		{"4901234567894", []exchange.PartRef{{SKU: "4901234567894", Units: 1}}},
		{"なし", nil},
		{"none", nil},
		{" ", nil},
	} {
		got, problem := exchange.ReadParts(c.text)
		if problem != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, %v, want %v", c.text, got, problem, c.want)
		}
		again, problem := exchange.ReadParts(exchange.WriteParts(got))
		if problem != nil || !slices.Equal(again, got) {
			t.Errorf("%q does not come back: %v, %v", exchange.WriteParts(got), again, problem)
		}
	}
	for _, text := range []string{"CUP×0", "CUP×-1", "CUP×1.5", "CUP×10001", "CUP 緑", "CUP×2×x"} {
		if got, problem := exchange.ReadParts(text); problem == nil || problem.Code != exchange.BadPart || problem.Hint == "" {
			t.Errorf("%q: %v, %v", text, got, problem)
		}
	}
}
