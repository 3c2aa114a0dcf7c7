package exchange

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func TestMapping_recognises(t *testing.T) {
	t.Parallel()
	m := Mapping{Headers: []string{"品番", "棚の数", "色"}}
	for _, c := range []struct {
		name             string
		headers          []string
		want             bool
		missing, further []string
	}{
		{"as it was", []string{"品番", "棚の数", "色"}, true, nil, nil},
		{"another order, other width", []string{"色", "品番 ", "棚の数"}, true, nil, nil},
		{"renamed", []string{"品番", "棚数", "色"}, false, []string{"棚の数"}, []string{"棚数"}},
		{"one less", []string{"品番", "棚の数"}, false, []string{"色"}, nil},
		{"one more", []string{"品番", "棚の数", "色", "色"}, false, nil, []string{"色"}},
	} {
		missing, further := m.Compare(c.headers)
		if got := m.Recognises(c.headers); got != c.want || !slices.Equal(missing, c.missing) || !slices.Equal(further, c.further) {
			t.Errorf("%s: %v, missing %q, further %q", c.name, got, missing, further)
		}
	}
	if (&Mapping{}).Recognises(nil) {
		t.Error("a mapping without headers knows every file without any")
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	_, err := Columns("stock", []string{"品名", "棚の数"}, nil)
	if p, is := errors.AsType[*Problem](err); !is || p.Code != ColumnMissing && p.Code != ColumnMissingNear {
		t.Errorf("strange headers: %v", err)
	}
	m := &Mapping{Columns: []MappedColumn{{"品名", "code"}, {"棚の数", "units"}}}
	uses, err := Columns("stock", []string{"棚の数", "色", "品名"}, m)
	if err != nil || uses[0].Key != "units" || uses[1].Key != "" || uses[2].Key != "code" {
		t.Errorf("mapped: %+v, %v", uses, err)
	}
	if _, err = Columns("nothing", nil, nil); err == nil {
		t.Error("a format that is none")
	}
	for _, f := range Formats() {
		if _, err := readerOf(f.Name); err != nil {
			t.Error(err)
		}
	}
	s, err := Open(bytes.NewReader([]byte("在庫表,\n11月,\nSKUコード,在庫数\nA,1\n")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if line, err := HeaderLine(s, "stock"); err != nil || line != 3 {
		t.Errorf("headers below a title: line %d, %v", line, err)
	}
}
