package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"soroi/internal/channel"
	"soroi/internal/clock"
	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/match"
	"soroi/internal/stock"
	"soroi/internal/store"
	"soroi/internal/store/storetest"
)

// warehouse is a merchant's database whose stock is imported by the command.
type warehouse struct {
	t      *testing.T
	url    string
	db     *store.DB
	tenant stock.TenantID
	at     stock.LocationID
	dir    string
}

func newWarehouse(t *testing.T, codes ...string) *warehouse {
	t.Helper()
	h := &warehouse{t: t, dir: t.TempDir()}
	h.url = filepath.Join(h.dir, "soroi.db")
	h.db = storetest.Open(t, h.url, clock.System{})
	if _, err := h.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.tenant, h.at = storetest.Tenant(t, h.db, "main")
	var rows []store.NewSKU
	for _, c := range codes {
		rows = append(rows, store.NewSKU{Code: c, Name: "品 " + c})
	}
	if _, err := h.db.AddSKUs(context.Background(), h.tenant, rows); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *warehouse) file(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

func (h *warehouse) run(args ...string) (string, error) {
	h.t.Helper()
	return run(h.t, append(args, "--db", h.url)...)
}

func (h *warehouse) onHand(code string) int64 {
	h.t.Helper()
	s, err := h.db.LoadSKU(context.Background(), h.tenant, code)
	if err != nil {
		h.t.Fatal(err)
	}
	return s.Balance.OnHand
}

func (h *warehouse) has(out string, words ...string) {
	h.t.Helper()
	for _, w := range words {
		if !strings.Contains(out, w) {
			h.t.Errorf("%q is not in:\n%s", w, out)
		}
	}
}

func TestImport_stock(t *testing.T) {
	t.Parallel()
	h := newWarehouse(t, "A-1", "B-2")
	good := h.file("good.csv", "SKUコード,在庫数,色\r\nA-1,10,赤\r\nB-2,4,青\r\n")

	out, err := h.run("import", "stock", good, "--dry-run", "--receipt", filepath.Join(h.dir, "r.json"))
	if err != nil || h.onHand("A-1") != 0 {
		t.Fatalf("dry run: %v, %d\n%s", err, h.onHand("A-1"), out)
	}
	h.has(out, "行 2：使う 2、無視 0、使えない 0", "色：使いません。", "前 0 → 後 14（+14）", "何も変えていません")
	var receipt struct {
		Rows struct{ Read, Used int64 }
	}
	if text, err := os.ReadFile(filepath.Join(h.dir, "r.json")); err != nil || json.Unmarshal(text, &receipt) != nil || receipt.Rows.Used != 2 {
		t.Errorf("receipt: %s, %v", text, err)
	}

	if out, err = h.run("import", "stock", good, "--language", "en"); err != nil || h.onHand("A-1") != 10 || h.onHand("B-2") != 4 {
		t.Fatalf("applied: %v\n%s", err, out)
	}
	h.has(out, "Import ", "applied, 2 rows")
	if _, err = h.run("import", "stock", good); err == nil || !strings.Contains(err.Error(), "--again") {
		t.Errorf("the same file once more: %v", err)
	}
	if out, err = h.run("import", "stock", good, "--mode", "add", "--again"); err != nil || h.onHand("A-1") != 20 {
		t.Errorf("again: %v, %d\n%s", err, h.onHand("A-1"), out)
	}
	list, err := h.db.ListImports(t.Context(), h.tenant, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if out, err = h.run("import", "undo", fmt.Sprint(list[0].ID)); err != nil || h.onHand("A-1") != 10 || h.onHand("B-2") != 4 {
		t.Errorf("undone: %v, %d\n%s", err, h.onHand("A-1"), out)
	}
	if _, err = h.run("import", "undo", fmt.Sprint(list[0].ID)); err == nil || !strings.Contains(err.Error(), "反映済み") {
		t.Errorf("undone twice: %v", err)
	}
}

func TestImport_refused(t *testing.T) {
	t.Parallel()
	h := newWarehouse(t, "A-1", "B-2")
	half := h.file("half.csv", "SKUコード,在庫数\nA-1,10\nZ-9,1\nB-2,x\n")
	refused := filepath.Join(h.dir, "refused.csv")
	out, err := h.run("import", "stock", half, "--refused", refused)
	if err == nil || err.Error() != "exit status 1" || h.onHand("A-1") != 0 {
		t.Fatalf("refused rows: %v, %d\n%s", err, h.onHand("A-1"), out)
	}
	h.has(out, "使えない 2", "3行目", "4行目", "--partial")
	if text, err := os.ReadFile(refused); err != nil || !strings.Contains(string(text), "Z-9,1,3,") || strings.Contains(string(text), "A-1") {
		t.Errorf("refused rows: %v\n%s", err, text)
	}
	if out, err = h.run("import", "stock", half, "--partial"); err == nil || err.Error() != "exit status 1" || h.onHand("A-1") != 10 || h.onHand("B-2") != 0 {
		t.Errorf("good rows only: %v, %d\n%s", err, h.onHand("A-1"), out)
	}
	receipt := filepath.Join(h.dir, "r.json")
	if out, err = h.run("import", "stock", h.file("x.csv", "色,柄\n赤,水玉\n"), "--receipt", receipt); err == nil || !strings.Contains(out, "SKUコード") {
		t.Errorf("wrong headers: %v\n%s", err, out)
	}
	if text, err := os.ReadFile(receipt); err != nil || !json.Valid(text) || !bytes.Contains(text, []byte("header_missing")) && !bytes.Contains(text, []byte(`"problem"`)) {
		t.Errorf("receipt of an unusable file: %s, %v", text, err)
	}
	for _, args := range [][]string{{"import", "nothing", half}, {"import", "stock", half, "--mode", "double"}, {"import", "stock", half, "--encoding", "ebcdic"}, {"import", "stock", h.dir}} {
		if _, err := h.run(args...); err == nil || err.Error() == "exit status 1" {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestImport_mapping(t *testing.T) {
	t.Parallel()
	h := newWarehouse(t, "A-1")
	path := h.file("tana.csv", "品,棚の数\nA-1,6\n")
	if _, err := h.run("import", "stock", path, "--mapping", "棚"); err == nil || !strings.Contains(err.Error(), "棚") {
		t.Errorf("a mapping that is not there: %v", err)
	}
	if out, err := h.run("import", "stock", path); err == nil || h.onHand("A-1") != 0 {
		t.Errorf("unknown columns: %v\n%s", err, out)
	}
	service := importer.New(h.db, clock.System{}, slog.New(slog.DiscardHandler), nil)
	m := exchange.Mapping{Name: "棚", Format: "stock", Columns: []exchange.MappedColumn{{Header: "品", Key: "code"}, {Header: "棚の数", Key: "units"}}, Headers: []string{"品", "棚の数"}}
	if err := service.SaveMapping(t.Context(), h.tenant, "花", m); err != nil {
		t.Fatal(err)
	}
	if out, err := h.run("import", "stock", path); err != nil || h.onHand("A-1") != 6 || !strings.Contains(out, "棚") {
		t.Errorf("known: %v\n%s", err, out)
	}
	other := h.file("other.csv", "品,色,棚の数\nA-1,赤,7\n")
	if out, err := h.run("import", "stock", other, "--mapping", "棚"); err != nil || h.onHand("A-1") != 7 {
		t.Errorf("by its name: %v\n%s", err, out)
	}
	renamed := h.file("renamed.csv", "品,棚数\nA-1,8\n")
	if out, err := h.run("import", "stock", renamed, "--mapping", "棚"); err == nil || h.onHand("A-1") != 7 || !strings.Contains(out, "棚数") {
		t.Errorf("a renamed header: %v\n%s", err, out)
	}
	if _, err := h.run("import", "link", path, "--mapping", "棚"); err == nil || !strings.Contains(err.Error(), "stock") {
		t.Errorf("of another kind: %v", err)
	}
	saved := h.file("m.json", `{"columns": [{"header": "品", "key": "code"}, {"header": "棚数", "key": "units"}]}`)
	if out, err := h.run("import", "stock", renamed, "--mapping", saved); err != nil || h.onHand("A-1") != 8 {
		t.Errorf("a file: %v\n%s", err, out)
	}
	if _, err := h.run("import", "stock", renamed, "--mapping", "柵"); err == nil || !strings.Contains(err.Error(), "\"棚\"") {
		t.Errorf("which there are: %v", err)
	}
}

// No file that somebody has broken changes anything without a word: what is applied is what the receipt says.
func TestImport_hostile(t *testing.T) {
	t.Parallel()
	h := newWarehouse(t, "A-1", "B-2", "00123")
	err := filepath.WalkDir("../../internal/exchange/testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "hostile") {
			return err
		}
		before := [3]int64{h.onHand("A-1"), h.onHand("B-2"), h.onHand("00123")}
		out, runErr := h.run("import", "stock", path, "--dry-run")
		if now := [3]int64{h.onHand("A-1"), h.onHand("B-2"), h.onHand("00123")}; now != before {
			t.Errorf("%s: a dry run changed %v to %v", path, before, now)
		}
		if runErr == nil && !strings.Contains(out, "使えない 0") || strings.TrimSpace(out) == "" {
			t.Errorf("%s: %v\n%s", path, runErr, out)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestExport_stock(t *testing.T) {
	t.Parallel()
	h := newWarehouse(t, "00123", "=1+1", "髙-1")
	if _, err := h.run("import", "stock", h.file("in.csv", "code,units\n\"=\"\"00123\"\"\",7\n髙-1,3\n"), "--quiet"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(h.dir, "out.csv")
	if out, err := h.run("export", "stock", "--encoding", "cp932", "-o", path); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := h.run("import", "stock", path, "--dry-run")
	if err != nil {
		t.Errorf("the export is not read again: %v\n%s", err, out)
	}
	h.has(out, "行 3：使う 3", "変わる行 0、もともと同じ行 3", "前 10 → 後 10")
	if _, err := h.run("export", "stock", "--columns", "code,colour"); err == nil {
		t.Error("an unknown column was written")
	}
}

// What is written of the catalogue and of bundles is taken in again and changes nothing.
func TestExport_catalogue(t *testing.T) {
	t.Parallel()
	h := newWarehouse(t, "00123", "GIFT")
	products := "商品コード,商品名,SKUコード,属性1名,属性1,JANコード,照合コード,販売方法,受注枠\nTS,シャツ,TS-R,色,赤,4901234567894,old-1|old-2,,\nTS,シャツ,TS-B,色,青,,,受注生産(日産),5\n"
	for kind, file := range map[string]string{"product": products, "bundle": "セット商品コード,構成\nGIFT,00123×2\n"} {
		if out, err := h.run("import", kind, h.file(kind+".csv", file), "--quiet"); err != nil {
			t.Fatalf("%s: %v\n%s", kind, err, out)
		}
	}
	for kind, command := range map[string]string{"product": "products", "bundle": "bundles", "stock": "stock"} {
		path := filepath.Join(h.dir, command+".csv")
		if out, err := h.run("export", command, "-o", path); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		out, err := h.run("import", kind, path, "--dry-run")
		if err != nil {
			t.Errorf("the export is not read again: %v\n%s", err, out)
		}
		h.has(out, "変わる行 0")
	}
	text, err := os.ReadFile(filepath.Join(h.dir, "products.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"TS-R", "4901234567894", "old-1|old-2", "受注生産(日産)"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file does not say %q:\n%s", want, text)
		}
	}
}

// Links are written with every listing's SKU, and taken in again change nothing; a listing may be named by the code that the shop has for it.
func TestExport_links(t *testing.T) {
	t.Parallel()
	h := newWarehouse(t, "A-1", "B-2")
	ctx := t.Context()
	shop, err := h.db.AddShop(ctx, h.tenant, "rakuten", "楽天本店", nil)
	if err != nil {
		t.Fatal(err)
	}
	lease, _, err := h.db.AcquireLease(ctx, h.tenant, shop.ID, "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var listings []channel.Listing
	for ref, code := range map[string]string{"item/1": "A-1", "item/2": "x-2", "item/3": "twin", "item/4": "twin"} {
		listings = append(listings, channel.Listing{Ref: channel.Ref(ref), Codes: []match.Code{{Text: code}}, Title: ref})
	}
	if _, err := h.db.TakeListings(ctx, h.tenant, lease, listings); err != nil {
		t.Fatal(err)
	}
	if out, err := h.run("import", "link", h.file("link.csv", "店舗,出品,SKUコード\n楽天本店,X-2,B-2\n"), "--quiet"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	path := filepath.Join(h.dir, "links.csv")
	if out, err := h.run("export", "links", "-o", path); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"楽天本店,item/1,A-1", "楽天本店,item/2,B-2", "楽天本店,item/3,"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file does not say %q:\n%s", want, text)
		}
	}
	if out, err := h.run("import", "link", path, "--dry-run"); err != nil {
		t.Errorf("the export is not read again: %v\n%s", err, out)
	} else {
		h.has(out, "変わる行 0")
	}
	out, err := h.run("import", "link", h.file("twin.csv", "店舗,出品,SKUコード\n楽天本店,twin,B-2\n"), "--dry-run")
	if err == nil {
		t.Error("one of two listings was guessed")
	}
	h.has(out, "item/3, item/4")
}

// What lay at a moment is printed and written, and a moment that is none is refused with how to write one.
func TestPast(t *testing.T) {
	t.Parallel()
	h := newWarehouse(t, "A-1")
	if out, err := h.run("import", "stock", h.file("in.csv", "code,units\nA-1,10\n"), "--quiet"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := h.run("export", "stock", "--at", time.Now().Add(time.Second).Format(time.RFC3339))
	if err != nil || !strings.Contains(out, "A-1,10") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = h.run("export", "stock", "--at", "2020-01-01 09:00"); err != nil || !strings.Contains(out, "A-1,0") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = h.run("explain", "A-1", "--at", "2020-01-01"); err != nil || !strings.Contains(out, "このときまでに在庫の変動はありません") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = h.run("explain", "A-1", "--language", "en", "--at", time.Now().Add(time.Second).Format(time.RFC3339)); err != nil || !strings.Contains(out, "On hand: 10") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err = h.run("explain", "A-1", "--at", "soon"); err == nil || !strings.Contains(err.Error(), "2026-11-25 09:30") {
		t.Errorf("%v", err)
	}
}

// A command that is killed while it applies never doubles: the same command finishes what was begun.
func TestImport_killed(t *testing.T) {
	t.Parallel()
	var codes []string
	var text strings.Builder
	text.WriteString("code,units\n")
	for i := range 4000 {
		codes = append(codes, fmt.Sprintf("S%05d", i))
		fmt.Fprintf(&text, "S%05d,3\n", i)
	}
	h := newWarehouse(t, codes...)
	path := h.file("add.csv", text.String())
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestImport_child$")
	cmd.Env = append(os.Environ(), "SOROI_TEST_IMPORT="+h.url+"|"+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		list, err := h.db.ListImports(t.Context(), h.tenant, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 1 && list[0].State == store.ImportApplying && list[0].Applied > 0 || len(list) == 1 && list[0].State == store.ImportApplied {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("it never began to apply")
		}
	}
	if err := cmd.Process.Kill(); err != nil && cmd.ProcessState == nil {
		t.Log(err)
	}
	_ = cmd.Wait() // it was killed
	out, err := h.run("import", "stock", path, "--mode", "add")
	if err != nil && !strings.Contains(err.Error(), "--again") {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range codes {
		if n := h.onHand(c); n != 3 {
			t.Fatalf("%s has %d, want 3", c, n)
		}
	}
}

// TestImport_child is the process that TestImport_killed kills.
func TestImport_child(t *testing.T) {
	where := os.Getenv("SOROI_TEST_IMPORT")
	if where == "" {
		return
	}
	database, path, _ := strings.Cut(where, "|")
	if _, err := run(t, "import", "stock", path, "--mode", "add", "--db", database); err != nil {
		t.Fatal(err)
	}
}
