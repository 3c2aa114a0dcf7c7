package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"soroi/internal/allocation"
)

// ruleForm is the editor's form of one rule up to 10 that only the first shop gets, and one above that splits 60 : 40.
func ruleForm(m *merchant, id, version string) url.Values {
	a, b := fmt.Sprint(m.shops[0].ID), fmt.Sprint(m.shops[1].ID)
	return url.Values{"id": {id}, "version": {version}, "name": {"絞る"}, "rules": {"2"}, "do": {"save"},
		"r0.from": {"0"}, "r0.to": {"１０"}, "r0." + a + ".kind": {"same"}, "r0." + b + ".kind": {""}, "r0.others.kind": {"stop"},
		"r1.from": {"11"}, "r1.to": {""}, "r1." + a + ".kind": {"percent"}, "r1." + a + ".n": {"60"}, "r1." + b + ".kind": {"percent"}, "r1." + b + ".n": {"40"}, "r1.others.kind": {"stop"}}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1", "B-2")
	ctx := context.Background()
	if v := m.browser.page("/patterns"); !strings.Contains(v.html, "パターンはまだありません") {
		t.Error("nothing is said where there is none")
	}
	m.browser.page("/patterns/new")

	for name, change := range map[string]func(url.Values){
		"規則 1 の範囲「x〜１０」が読めません": func(f url.Values) { f.Set("r0.from", "x") },
		"11〜12 のときの規則がありません":   func(f url.Values) { f.Set("r1.from", "13") },
		"両方が 5〜10 に当てはまります":    func(f url.Values) { f.Set("r1.from", "5") },
		"の数「many」が読めません":       func(f url.Values) { f.Set("r1."+fmt.Sprint(m.shops[0].ID)+".n", "many") },
		"120% は使えません":          func(f url.Values) { f.Set("r1."+fmt.Sprint(m.shops[0].ID)+".n", "120") },
		"パターン名「」は使えません":        func(f url.Values) { f.Set("name", " ") },
	} {
		f := ruleForm(m, "0", "0")
		change(f)
		if v := m.browser.post("/patterns/new", "/patterns", f); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, name) || !strings.Contains(v.html, `value="１０"`) {
			t.Errorf("%s: %d", name, v.Code)
		}
	}
	if list, _, err := m.db.ListPatterns(ctx, m.tenant); err != nil || len(list) != 0 {
		t.Fatalf("something wrong was saved: %+v, %v", list, err)
	}

	// The preview says what shops would show, before anything is saved.
	f := ruleForm(m, "0", "0")
	f.Set("sku", "A-1")
	v := m.browser.post("/patterns/new", "/patterns/preview", f)
	if v.Code != http.StatusOK || !strings.Contains(v.html, "本店 <b>10</b>") || !strings.Contains(v.html, "二号店 <b>10 → 0</b>") {
		t.Errorf("preview of a SKU: %d %s", v.Code, v.html)
	}

	if v := m.browser.post("/patterns/new", "/patterns", ruleForm(m, "0", "0")); v.Code != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", v.Code, v.html)
	}
	list, plain, err := m.db.ListPatterns(ctx, m.tenant)
	if err != nil || len(list) != 1 || plain != 2 || list[0].Name != "絞る" || list[0].Rules[1].Shares[0].Share != (allocation.Share{Kind: allocation.Percent, N: 6000}) || list[0].Rules[0].To != 10 {
		t.Fatalf("saved: %+v, %v", list, err)
	}
	id := fmt.Sprint(list[0].ID)
	if v := m.browser.page("/patterns"); !strings.Contains(v.html, "10 以下：本店 同数、ほかは停止") || !strings.Contains(v.html, "11 以上：本店 60%、二号店 40%、ほかは停止") {
		t.Error("the list does not say what it does")
	}
	if v := m.browser.post("/patterns/new", "/patterns", ruleForm(m, "0", "0")); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "同じ名前のパターンがあります") {
		t.Errorf("the name twice: %d", v.Code)
	}

	if v := m.browser.post("/patterns", "/patterns/default", url.Values{"id": {id}}); v.Code != http.StatusSeeOther {
		t.Errorf("default: %d", v.Code)
	}
	v = m.browser.page("/patterns/" + id)
	if !strings.Contains(v.html, `name="r0.to" value="10"`) || !strings.Contains(v.html, "掲載数は何も変わりません") {
		t.Error("the editor of a pattern in force")
	}
	f = ruleForm(m, id, "1")
	f.Set("r0."+fmt.Sprint(m.shops[0].ID)+".kind", "stop")
	if v = m.browser.post("/patterns/"+id, "/patterns/preview", f); !strings.Contains(v.html, "2 個が 0 になる") || strings.Contains(v.html, "<html lang") {
		t.Errorf("what saving would do: %s", v.html)
	}
	f.Set("do", "add")
	if v = m.browser.post("/patterns/"+id, "/patterns", f); v.Code != http.StatusOK || !strings.Contains(v.html, `name="r2.from"`) {
		t.Errorf("a rule more without scripts: %d", v.Code)
	}
	f.Set("do", "remove.0")
	if v = m.browser.post("/patterns/"+id, "/patterns", f); v.Code != http.StatusOK || strings.Contains(v.html, `name="r1.from"`) {
		t.Errorf("a rule less without scripts: %d", v.Code)
	}

	if v = m.browser.post("/patterns/"+id, "/patterns", ruleForm(m, id, "1")); v.Code != http.StatusSeeOther {
		t.Errorf("saving again: %d", v.Code)
	}
	if v = m.browser.post("/patterns/"+id, "/patterns", ruleForm(m, id, "1")); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "ほかの人がこのパターンを変更しました") {
		t.Errorf("two people at once: %d", v.Code)
	}
	if v = m.browser.post("/patterns/"+id, "/patterns/"+id+"/delete", nil); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "標準のパターンは削除できません") {
		t.Errorf("deleting the default: %d", v.Code)
	}
	m.browser.post("/patterns", "/patterns/default", url.Values{"id": {"0"}})
	if v = m.browser.post("/patterns/"+id, "/patterns/"+id+"/delete", nil); v.Code != http.StatusSeeOther {
		t.Errorf("deleting: %d", v.Code)
	}
	for _, path := range []string{"/patterns/" + id, "/patterns/x", "/patterns/new?from=" + id} {
		if v := m.browser.get(path); v.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, v.Code)
		}
	}
}

// What is exported is imported again as what it was; an import says first what it would do, and a mistake keeps all of it out.
func TestPatterns_text(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	ctx := context.Background()
	m.browser.page("/patterns/text")
	text := "soroi patterns 1\n\npattern 半分\nrule 0..\n  本店 = 50%\n  others = stop\n\npattern 同じ\nrule 0..\n  others = same\n"
	if v := m.browser.post("/patterns/text", "/patterns/text", url.Values{"text": {strings.Replace(text, "本店", "三号店", 1)}, "do": {"apply"}}); v.Code != http.StatusUnprocessableEntity ||
		!strings.Contains(v.html, "5 行目：店舗「三号店」がありません") {
		t.Errorf("a shop that is not there: %d", v.Code)
	}
	if v := m.browser.post("/patterns/text", "/patterns/text", url.Values{"text": {text}}); v.Code != http.StatusOK || strings.Count(v.html, "新しく作る") != 2 {
		t.Errorf("what it would do: %d", v.Code)
	}
	if list, _, _ := m.db.ListPatterns(ctx, m.tenant); len(list) != 0 {
		t.Error("asking has saved something")
	}
	if v := m.browser.post("/patterns/text", "/patterns/text", url.Values{"text": {text}, "do": {"apply"}}); v.Code != http.StatusSeeOther {
		t.Errorf("taking over: %d", v.Code)
	}
	v := m.browser.get("/patterns.txt")
	if !strings.Contains(v.html, "本店 = 50%") {
		t.Errorf("exported: %s", v.html)
	}
	exported := v.html
	if v := m.browser.post("/patterns/text", "/patterns/text", url.Values{"text": {exported}}); strings.Count(v.html, "同じ内容なので変わらない") != 2 {
		t.Error("the same text changes something")
	}
	changed := strings.Replace(exported, "50%", "40%", 1)
	if v := m.browser.post("/patterns/text", "/patterns/text", url.Values{"text": {changed}, "do": {"apply"}}); v.Code != http.StatusSeeOther {
		t.Errorf("changed: %d", v.Code)
	}
	list, _, err := m.db.ListPatterns(ctx, m.tenant)
	versions := map[string]int64{}
	for _, p := range list {
		versions[p.Name] = p.Version
	}
	if err != nil || versions["半分"] != 2 || versions["同じ"] != 1 {
		t.Errorf("versions: %v, %v", versions, err)
	}
}

// A pattern is assigned to what was chosen in the stock list, or to all hits of its filter, after saying what that changes.
func TestPatterns_assign(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1", "A-2", "B-1")
	m.browser.page("/patterns/new")
	if v := m.browser.post("/patterns/new", "/patterns", ruleForm(m, "0", "0")); v.Code != http.StatusSeeOther {
		t.Fatalf("saving: %d", v.Code)
	}
	list, _, err := m.db.ListPatterns(context.Background(), m.tenant)
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprint(list[0].ID)
	if v := m.browser.post("/stock", "/bulk/pattern", url.Values{"all": {"1"}, "q": {"a-"}, "back": {"/stock?q=a-"}}); v.Code != http.StatusOK || !strings.Contains(v.html, "対象 2件") {
		t.Fatalf("asking: %d", v.Code)
	}
	chosen := url.Values{"all": {"1"}, "q": {"a-"}, "back": {"/stock?q=a-"}, "key": {"one"}, "pattern_id": {id}, "do": {"check"}}
	if v := m.browser.post("/stock", "/bulk/pattern", chosen); v.Code != http.StatusOK || !strings.Contains(v.html, "2 個が 0 になる") {
		t.Errorf("what it would change: %d", v.Code)
	}
	chosen.Set("do", "run")
	for range 2 { // sent twice, it happens once
		if v := m.browser.post("/stock", "/bulk/pattern", chosen); v.Code != http.StatusSeeOther || v.to() != "/stock?q=a-" {
			t.Errorf("assigning: %d %s", v.Code, v.to())
		}
	}
	if list, plain, err := m.db.ListPatterns(context.Background(), m.tenant); err != nil || list[0].SKUs != 2 || plain != 1 {
		t.Errorf("assigned to %d, %d without, %v", list[0].SKUs, plain, err)
	}
	if v := m.browser.page("/stock?pattern=" + id); !strings.Contains(v.html, "A-2") || strings.Contains(v.html, "code=B-1") {
		t.Error("the list does not find what follows the pattern")
	}
	chosen.Set("pattern_id", "99")
	chosen.Set("key", "two")
	if v := m.browser.post("/stock", "/bulk/pattern", chosen); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "もうありません") {
		t.Errorf("a pattern that is gone: %d", v.Code)
	}
	one := url.Values{"code": {"B-1"}, "back": {"/stock"}, "key": {"three"}, "pattern_id": {id}, "do": {"run"}}
	if v := m.browser.post("/stock", "/bulk/pattern", one); v.Code != http.StatusSeeOther {
		t.Errorf("one row: %d", v.Code)
	}
	if v := m.browser.post("/stock", "/bulk/pattern", url.Values{"back": {"/stock"}}); v.Code != http.StatusSeeOther || v.to() != "/stock" {
		t.Errorf("nothing chosen: %d %s", v.Code, v.to())
	}
}

// An auto rule has no shares, only how often it may oversell; what it would do for a SKU is said with the figures.
func TestPatterns_auto(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1", "B-2")
	m.browser.page("/patterns/new")
	form := func(risk string) url.Values {
		f := url.Values{"id": {"0"}, "version": {"0"}, "rules": {"1"}, "name": {"おまかせ"}, "do": {"save"}, "sku": {"A-1"}}
		f.Set("r0.from", "0")
		f.Set("r0.others.kind", "auto")
		f.Set("r0.others.n", risk)
		return f
	}
	for _, risk := range []string{"x", "0", "51"} {
		if v := m.browser.post("/patterns/new", "/patterns", form(risk)); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "規則 1 のおまかせの確率「"+risk+"」が読めません") {
			t.Errorf("risk %s: %d", risk, v.Code)
		}
	}
	f := form("0.1")
	f.Set("r0."+fmt.Sprint(m.shops[0].ID)+".kind", "same")
	if v := m.browser.post("/patterns/new", "/patterns", f); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "規則 1 はおまかせなので") {
		t.Errorf("a share beside auto: %d", v.Code)
	}
	v := m.browser.post("/patterns/new", "/patterns/preview", form("０.０５"))
	for _, want := range []string{"規則 1（おまかせ）：残り 10、1時間に 0、1回の注文は 10 まで、遅れ ", "その間に売り切れる確率 0.0012% は 0.05% 以下なので", "本店 <b>10</b>"} {
		if !strings.Contains(v.html, want) {
			t.Errorf("preview: no %q in %s", want, v.html)
		}
	}
	if v := m.browser.post("/patterns/new", "/patterns", form("")); v.Code != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", v.Code, v.html)
	}
	list, _, err := m.db.ListPatterns(context.Background(), m.tenant)
	if err != nil || len(list) != 1 || list[0].Rules[0].Auto != allocation.UsualRisk || list[0].Rules[0].Default.Kind != "" {
		t.Fatalf("%+v, %v", list, err)
	}
	if v := m.browser.page("/patterns"); !strings.Contains(v.html, "0 以上：おまかせ（売り越しは 0.1% まで）") {
		t.Error("the list does not say that it is auto")
	}
	if v := m.browser.page(fmt.Sprintf("/patterns/%d", list[0].ID)); !strings.Contains(v.html, `<option value="auto" selected>`) || !strings.Contains(v.html, `name="r0.others.n" value="0.1"`) {
		t.Error("the editor does not show auto")
	}
	if v := m.browser.get("/patterns.txt"); !strings.Contains(v.html, "  auto 0.1%\n") {
		t.Errorf("as text: %s", v.html)
	}
}

// What is in the editor is tried out before it is saved: against typed rates, or a SKU's own history.
func TestPatterns_try(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	m.browser.page("/patterns/new")
	editor := ruleForm(m, "0", "0")
	editor.Set("do", "try")
	v := m.browser.post("/patterns/new", "/patterns/try", editor)
	if v.Code != http.StatusOK || !strings.Contains(v.html, "「絞る」を試してみる") || strings.Contains(v.html, "こうなります") || !strings.Contains(v.html, "本店 = 60%") {
		t.Fatalf("from the editor: %d %s", v.Code, v.html)
	}
	broken := ruleForm(m, "0", "0")
	broken.Set("r1.from", "13")
	if v := m.browser.post("/patterns/new", "/patterns/try", broken); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, "のときの規則がありません") || !strings.Contains(v.html, `name="r1.from" value="13"`) {
		t.Errorf("a pattern with a mistake: %d", v.Code)
	}
	a, b := fmt.Sprint(m.shops[0].ID), fmt.Sprint(m.shops[1].ID)
	form := url.Values{"id": {"0"}, "pattern": {"soroi patterns 1\r\n\r\npattern 絞る\r\nrule 0..\r\n  本店 = same\r\n  others = stop\r\n"}, "code": {""}, "units": {"２０"}, "risk": {"0.1"}, "do": {"run"},
		"rate." + a: {"30"}, "see." + a: {"60"}, "show." + a: {"60"}, "rate." + b: {"15"}, "see." + b: {"60"}, "show." + b: {"60"}}
	v = m.browser.post("/patterns/new", "/patterns/try", form)
	for _, want := range []string{"こうなります", "<b>絞る</b>", "単純な同期", "おまかせ", "最良の固定配分", "<svg xmlns=", `name="rate.` + a + `" value="30"`} {
		if v.Code != http.StatusOK || !strings.Contains(v.html, want) {
			t.Errorf("tried: %d, no %q in %s", v.Code, want, v.html)
		}
	}
	for what, change := range map[string]func(url.Values){
		"個数「0」が読めません":        func(f url.Values) { f.Set("units", "0") },
		"売り越しの確率「99」が読めません":  func(f url.Values) { f.Set("risk", "99") },
		"本店 の数が読めません":        func(f url.Values) { f.Set("rate."+a, "many") },
		"二号店 の数が読めません":       func(f url.Values) { f.Set("see."+b, "0") },
		"どの店舗でも売れないので、試せません": func(f url.Values) { f.Set("rate."+a, "0"); f.Set("rate."+b, "0") },
	} {
		f := url.Values{}
		for k, v := range form {
			f[k] = slices.Clone(v)
		}
		change(f)
		if v := m.browser.post("/patterns/new", "/patterns/try", f); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, what) || strings.Contains(v.html, "こうなります") {
			t.Errorf("%s: %d", what, v.Code)
		}
	}
	form.Set("do", "load")
	form.Set("code", "NONE")
	if v := m.browser.post("/patterns/new", "/patterns/try", form); v.Code != http.StatusOK || !strings.Contains(v.html, "コード「NONE」の SKU はありません") || !strings.Contains(v.html, `name="rate.`+a+`" value="30"`) {
		t.Errorf("a code that is nobody's: %d", v.Code)
	}
	form.Set("code", "A-1")
	if v := m.browser.post("/patterns/new", "/patterns/try", form); v.Code != http.StatusOK || !strings.Contains(v.html, `name="units" value="10"`) || !strings.Contains(v.html, `name="rate.`+a+`" value="0"`) {
		t.Errorf("a SKU that has not sold: %d %s", v.Code, v.html)
	}
	form.Set("pattern", "soroi patterns 1\npattern x\nrule 0..\n  三号店 = same\n")
	if v := m.browser.post("/patterns/new", "/patterns/try", form); v.Code != http.StatusForbidden {
		t.Errorf("a text that is not ours: %d", v.Code)
	}
}
