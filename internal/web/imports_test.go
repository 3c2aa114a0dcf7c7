package web_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"soroi/internal/stock"
	"soroi/internal/store"
)

// upload sends a file as the form of the imports page does.
func (m *merchant) upload(token, kind, mode, name, text string) visit {
	m.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{{"token", token}, {"kind", kind}, {"mode", mode}} {
		if err := form.WriteField(field[0], field[1]); err != nil {
			m.t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = file.Write([]byte(text))
	}
	if err != nil || form.Close() != nil {
		m.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/imports", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return m.browser.do(r)
}

// imported uploads a file, waits for its check, and gives the address of its page.
func (m *merchant) imported(kind, mode, text string) string {
	m.t.Helper()
	v := m.upload(m.browser.get("/imports").Field("token"), kind, mode, "zaiko.csv", text)
	if v.Code != http.StatusSeeOther {
		m.t.Fatalf("upload: %d %s", v.Code, v.html)
	}
	m.settled(v.to())
	return v.to()
}

// settled waits until an import does not go on by itself.
func (m *merchant) settled(to string) store.Import {
	m.t.Helper()
	var id store.ImportID
	if _, err := fmt.Sscanf(to, "/imports/%d", &id); err != nil {
		m.t.Fatal(err)
	}
	job, err := m.db.LoadImport(context.Background(), m.tenant, id)
	for err == nil && job.State == store.ImportChecking {
		job, err = m.db.LoadImport(context.Background(), m.tenant, id)
	}
	if err == nil && job.State.Busy() {
		job, err = m.imports.Finish(context.Background(), m.tenant, id, nil)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return job
}

func (m *merchant) says(v visit, words ...string) {
	m.t.Helper()
	for _, w := range words {
		if !strings.Contains(v.html, w) {
			m.t.Errorf("the page does not say %q:\n%s", w, v.html)
		}
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m *merchant) {
		m.stocked("A-1", "B-2", "00123")
		m.says(m.browser.page("/imports"), "まだ何も取り込んでいません", "列の説明とひな形")
		file := "SKUコード,在庫数,色\r\nA-1,25,<b>赤</b>\r\nB-2,0,\r\n123,5,\r\n=cmd,1,\r\n00123,10,\r\n"
		to := m.imported("stock", "set", file)
		if m.onHand("A-1") != 10 {
			t.Error("checking has changed something")
		}
		v := m.browser.page(to)
		m.says(v, "確認済み", "30 → 35", "使えない2行を除いて反映する", "色", "使いません。", "00123")
		m.says(m.browser.page(to+"?show=zero"), "B-2")
		if v := m.browser.page(to + "?show=up"); strings.Contains(v.html, "/sku?code=B-2") {
			t.Error("what falls is among what rises")
		}
		csv := m.browser.get(to + "/findings.csv")
		if csv.Code != http.StatusOK || !strings.Contains(csv.html, `=""=cmd""`) || strings.Contains(csv.html, ",=cmd") {
			t.Errorf("findings: %d %s", csv.Code, csv.html)
		}
		back := m.browser.get(to + "/refused.csv")
		if back.Code != http.StatusOK || !strings.Contains(back.html, "123,5,,4,") || strings.Contains(back.html, "A-1") || strings.Contains(back.html, ",=cmd") {
			t.Errorf("refused rows: %d %s", back.Code, back.html)
		}
		mended := m.imported("stock", "set", strings.ReplaceAll(strings.ReplaceAll(back.html, "123,5", "00123,5"), `"=""=cmd"""`, "B-2"))
		if job := m.settled(mended); job.Refused != 0 || job.Staged != 2 {
			t.Errorf("refused rows, put right and taken in again: %+v", job)
		}
		m.browser.post(mended, mended+"/discard", nil)
		if v := m.browser.get(mended + "/refused.csv"); v.Code != http.StatusNotFound {
			t.Errorf("no row was refused: %d", v.Code)
		}
		if v := m.browser.post(to, to+"/apply", nil); v.Code != http.StatusUnprocessableEntity || !strings.Contains(v.html, `class="wrong"`) {
			t.Errorf("refused rows were passed over without asking: %d", v.Code)
		}
		if v := m.browser.post(to, to+"/apply", url.Values{"partial": {"1"}}); v.Code != http.StatusSeeOther || v.to() != to {
			t.Errorf("apply: %d %s", v.Code, v.html)
		}
		m.says(m.browser.page(to), "反映中", "取り消す")
		if job := m.settled(to); job.State != store.ImportApplied || m.onHand("A-1") != 25 || m.onHand("B-2") != 0 || m.onHand("00123") != 10 {
			t.Errorf("applied: %+v, %d %d %d", job, m.onHand("A-1"), m.onHand("B-2"), m.onHand("00123"))
		}
		m.says(m.browser.page(to), "3行を反映しました", "元に戻す")

		again := m.imported("stock", "set", file)
		m.says(m.browser.page(again), "前にも反映しています")
		if v := m.browser.post(again, again+"/discard", nil); v.Code != http.StatusSeeOther {
			t.Errorf("discard: %d", v.Code)
		}
		m.says(m.browser.page(again), "反映せずに終わりました")

		m.says(m.browser.page(to+"/undo"), "すべての行を安全に元に戻せます")
		m.change("B-2", stock.Add, 4) // somebody has counted since
		m.says(m.browser.page(to+"/undo"), "そのまま残します", "B-2")
		m.browser.post(to, to+"/undo", nil)
		if job := m.settled(to); job.State != store.ImportUndone || m.onHand("A-1") != 10 || m.onHand("B-2") != 4 {
			t.Errorf("undone: %+v, %d %d", job, m.onHand("A-1"), m.onHand("B-2"))
		}
		m.says(m.browser.page(to+"?show=kept"), "そのまま残しました", "B-2")
		m.says(m.browser.page("/imports"), "zaiko.csv", "元に戻しました", "破棄")
	})
}

func TestImports_refused(t *testing.T) {
	t.Parallel()
	m := stocked(t, "A-1")
	token := m.browser.get("/imports").Field("token")
	for _, c := range []struct {
		token, kind, mode, name, text string
		code                          int
		says                          string
	}{
		{"forged", "stock", "set", "a.csv", "code,units\nA-1,3\n", http.StatusForbidden, "有効期限"},
		{token, "stock", "set", "a.csv", "", http.StatusUnprocessableEntity, "a.csv"},
		{token, "stock", "set", "", "x", http.StatusUnprocessableEntity, "ファイルを選んでください"},
		{token, "stock", "double", "a.csv", "code,units\nA-1,3\n", http.StatusUnprocessableEntity, "選択肢から"},
		{token, "everything", "set", "a.csv", "code,units\nA-1,3\n", http.StatusUnprocessableEntity, "選択肢から"},
		{token, "stock", "set", "a.pdf", "%PDF-1.4 and so on", http.StatusUnprocessableEntity, "PDF"},
	} {
		v := m.upload(c.token, c.kind, c.mode, c.name, c.text)
		if v.Code != c.code || !strings.Contains(v.html, c.says) {
			t.Errorf("%s %s %q: %d does not say %q", c.kind, c.mode, c.name, v.Code, c.says)
		}
		for _, fault := range v.Faults(v.Field("token")) {
			t.Errorf("%q: %s", c.name, fault)
		}
	}
	v := m.upload(token, "stock", "set", "a.csv", "色,柄\r\n赤,水玉\r\n")
	m.says(m.browser.page(v.to()), "どの列が何かを選びます", "SKUコード")
	if v := m.browser.get("/imports/999999"); v.Code != http.StatusNotFound {
		t.Errorf("an import that is not there: %d", v.Code)
	}
	if v := m.browser.get("/import-template/stock"); v.Code != http.StatusOK || !strings.Contains(v.html, "SKUコード") {
		t.Errorf("template: %d %s", v.Code, v.html)
	}
}
