package credential

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	old, young := NewKey(), NewKey()
	id, sealed := Keys{old}.Seal("秘密の鍵", "1/2/api_key")
	if id != old.ID() || strings.Contains(sealed, "秘密") {
		t.Errorf("sealed as %s %q", id, sealed)
	}
	if _, again := (Keys{old}).Seal("秘密の鍵", "1/2/api_key"); again == sealed {
		t.Error("the same text sealed twice is the same: one could tell equal secrets")
	}
	for name, c := range map[string]struct {
		keys              Keys
		id, sealed, about string
		want              string
		wrongKey          bool
	}{
		"its key":                      {Keys{old}, id, sealed, "1/2/api_key", "秘密の鍵", false},
		"its key after another":        {Keys{young, old}, id, sealed, "1/2/api_key", "秘密の鍵", false},
		"another key":                  {Keys{young}, id, sealed, "1/2/api_key", "", true},
		"no key":                       {nil, id, sealed, "1/2/api_key", "", true},
		"another shop":                 {Keys{old}, id, sealed, "1/3/api_key", "", false},
		"cut short":                    {Keys{old}, id, sealed[:10], "1/2/api_key", "", false},
		"changed":                      {Keys{old}, id, "A" + sealed[1:], "1/2/api_key", "", false},
		"no base64":                    {Keys{old}, id, "%%%", "1/2/api_key", "", false},
		"the id of a key it is not of": {Keys{young, old}, young.ID(), sealed, "1/2/api_key", "", false},
	} {
		got, err := c.keys.Open(c.id, c.sealed, c.about)
		var missing *KeyError
		switch {
		case got != c.want, (err == nil) != (c.want != ""), errors.As(err, &missing) != c.wrongKey:
			t.Errorf("%s: %q, %v", name, got, err)
		case c.want == "" && !c.wrongKey && !errors.Is(err, ErrSeal):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	a, b := NewKey(), NewKey()
	padded := strings.NewReplacer("-", "+", "_", "/").Replace(a.Encode()) + "="
	keys, err := ParseKeys(" " + a.Encode() + ",\n" + b.Encode() + "\n")
	if err != nil || len(keys) != 2 || keys[0] != a || keys[1] != b {
		t.Errorf("%v %v", keys, err)
	}
	if keys, err = ParseKeys(padded); err != nil || keys[0] != a {
		t.Errorf("with padding: %v %v", keys, err)
	}
	for _, bad := range []string{"", " ,", "hunter2-hunter2", a.Encode()[1:], a.Encode() + "AA"} {
		if _, err := ParseKeys(bad); err == nil || bad != "" && len(bad) > 3 && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, printed := range []string{fmt.Sprint(a), fmt.Sprintf("%#v", a), fmt.Sprint(Keys{a}), fmt.Sprintf("%+v", Keys{a})} {
		if strings.Contains(printed, a.Encode()) || strings.Contains(printed, fmt.Sprint(a.secret[:4])[1:6]) {
			t.Errorf("a printed key shows itself: %s", printed)
		}
	}
}
