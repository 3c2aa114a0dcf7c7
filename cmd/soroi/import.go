package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"soroi/internal/clock"
	"soroi/internal/exchange"
	"soroi/internal/importer"
	"soroi/internal/stock"
	"soroi/internal/store"
)

// importFlags are what an import is told besides its file.
type importFlags struct {
	common
	tenant, language              string
	mode, encoding, mapping       string
	receipt, refused              string
	dryRun, partial, again, quiet bool
}

func (f *importFlags) lang() exchange.Language { return exchange.Language(f.language) }

// say gives the words in the language that was asked for.
func (f *importFlags) say(japanese, english string, args ...any) string {
	return fmt.Sprintf(exchange.Words{JA: japanese, EN: english}.In(f.lang()), args...)
}

func importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import KIND FILE",
		Short: "Take a file into the books: checked first, applied whole or not at all, once",
		Long: `Import checks FILE against the books and says what would change; then it applies that. Where a row cannot be used, nothing is applied unless
--partial is given. The status is 1 when rows were refused or nothing was applied. KIND is one of: ` + strings.Join(importKinds(), ", ") + `.
A FILE of - is read from standard input. An import that was broken off is finished by the same command, or by a running "soroi serve".`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(importKinds(), args[0]) {
				return fmt.Errorf("there is no kind of import called %q; there are: %s", args[0], strings.Join(importKinds(), ", "))
			}
			return withTenant(cmd.Context(), f.common, f.tenant, func(db *store.DB, id stock.TenantID) error { return f.run(cmd, db, id, args[0], args[1]) })
		},
	}
	flags := cmd.Flags()
	f.bindAll(cmd)
	flags.StringVar(&f.mode, "mode", "", "for rows that do not say: set, add or subtract (default: set)")
	flags.StringVar(&f.encoding, "encoding", "", "the file's encoding: utf-8, cp932, utf-16le, utf-16be (default: found out)")
	flags.StringVar(&f.mapping, "mapping", "", "the `name` of a saved column mapping, or a JSON file with one")
	flags.StringVar(&f.receipt, "receipt", "", "write the whole receipt, every finding in it, to this JSON `file`")
	flags.StringVar(&f.refused, "refused", "", "write the rows that cannot be used, with the reasons, to this CSV `file`")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only check: nothing is changed")
	flags.BoolVar(&f.partial, "partial", false, "apply the good rows where others are refused")
	flags.BoolVar(&f.again, "again", false, "apply a file that has been applied before")
	cmd.AddCommand(importUndoCommand())
	return cmd
}

func (f *importFlags) bindAll(cmd *cobra.Command) {
	f.common.bind(cmd)
	cmd.Flags().StringVar(&f.tenant, "tenant", "", "the merchant's `code`, where there are several")
	cmd.Flags().StringVar(&f.language, "language", "ja", "ja or en")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
}

// importKinds are the kinds that can be imported.
func importKinds() []string {
	var list []string
	for _, format := range exchange.Formats() {
		if importer.Takes(format.Name) {
			list = append(list, format.Name)
		}
	}
	return list
}

// options are how the file is to be read.
func (f *importFlags) options(ctx context.Context, service *importer.Service, tenant stock.TenantID, kind string) (importer.Options, error) {
	o := importer.Options{Mode: stock.Mode(f.mode), Encoding: exchange.Encoding(f.encoding)}
	switch o.Mode {
	case "", stock.Set, stock.Add, stock.Subtract:
	default:
		return o, fmt.Errorf("--mode %q is not one of set, add, subtract", f.mode)
	}
	if f.encoding != "" && !slices.Contains(exchange.Encodings, o.Encoding) {
		return o, fmt.Errorf("--encoding %q is not one of utf-8, utf-8-bom, cp932, utf-16le, utf-16be", f.encoding)
	}
	if f.mapping == "" {
		return o, nil
	}
	saved, err := service.FindMapping(ctx, tenant, f.mapping)
	switch {
	case err == nil:
		o.Mapping = saved
	case errors.Is(err, store.ErrNotFound):
		text, err := os.ReadFile(f.mapping)
		if errors.Is(err, fs.ErrNotExist) {
			return o, f.noMapping(ctx, service, tenant)
		}
		if err != nil {
			return o, err
		}
		o.Mapping = new(exchange.Mapping)
		if err := json.Unmarshal(text, o.Mapping); err != nil {
			return o, fmt.Errorf("--mapping %s: %w", f.mapping, err)
		}
	default:
		return o, err
	}
	if o.Mapping.Format != "" && o.Mapping.Format != kind {
		return o, fmt.Errorf("--mapping %s is for files of kind %q, not %q", f.mapping, o.Mapping.Format, kind)
	}
	return o, nil
}

// noMapping says that there is no mapping of the name that was given, and which there are.
func (f *importFlags) noMapping(ctx context.Context, service *importer.Service, tenant stock.TenantID) error {
	list, err := service.Mappings(ctx, tenant)
	if err != nil {
		return err
	}
	names := []string{}
	for _, m := range list {
		names = append(names, strconv.Quote(m.ImportMapping.Name))
	}
	if len(names) == 0 {
		return fmt.Errorf("--mapping %q: no column mapping is saved, and there is no file of that name", f.mapping)
	}
	return fmt.Errorf("--mapping %q: there is no column mapping and no file of that name; saved are %s", f.mapping, strings.Join(names, ", "))
}

func (f *importFlags) run(cmd *cobra.Command, db *store.DB, tenant stock.TenantID, kind, path string) error {
	ctx := cmd.Context()
	service := importer.New(db, clock.System{}, f.logger(), nil)
	o, err := f.options(ctx, service, tenant, kind)
	if err != nil {
		return err
	}
	in, name, done, err := openInput(cmd.InOrStdin(), path)
	if err != nil {
		return err
	}
	defer done()
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(in, 0, in.Size())); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	earlier, err := db.FindApplied(ctx, tenant, kind, hex.EncodeToString(digest.Sum(nil)), 0)
	if err != nil {
		return err
	}
	for _, e := range earlier {
		if e.State == store.ImportApplying && !f.dryRun {
			fmt.Fprintln(cmd.ErrOrStderr(), f.say("同じファイルの取込 %d が途中で止まっています。その続きから反映します。", "Import %d of the same file was broken off; it is finished now.", e.ID))
			return f.finish(cmd, db, service, tenant, e)
		}
	}
	if len(earlier) > 0 {
		words := f.say("このファイルは取込 %d として反映済みです(%s)。", "This file has been applied as import %d (%s).", earlier[0].ID, earlier[0].EndedAt.In(jst).Format(time.DateTime))
		if !f.dryRun && !f.again {
			return errors.New(words + f.say("もう一度反映するには --again を付けてください。", " Give --again to apply it once more."))
		}
		fmt.Fprintln(cmd.ErrOrStderr(), words)
	}
	job, err := f.check(cmd, service, tenant, kind, name, in, o)
	if err != nil {
		return err
	}
	if job.State != store.ImportChecked {
		return exitCode(1)
	}
	switch {
	case f.dryRun:
		err = db.MoveImport(ctx, tenant, job.ID, store.ImportDiscarded, "a dry run")
		fmt.Fprintln(cmd.OutOrStdout(), f.say("確認だけです。何も変えていません。", "A dry run: nothing was changed."))
	case job.Refused > 0 && !f.partial:
		err = db.MoveImport(ctx, tenant, job.ID, store.ImportDiscarded, "rows were refused")
		fmt.Fprintln(cmd.OutOrStdout(), f.say("使えない行があるため、何も変えていません。直して取り込むか、--partial で使える行だけを反映してください。",
			"Nothing was changed, because rows were refused. Put them right, or apply the others with --partial."))
	default:
		if err := db.MoveImport(ctx, tenant, job.ID, store.ImportApplying, ""); err != nil {
			return err
		}
		return f.finish(cmd, db, service, tenant, job)
	}
	if err == nil && job.Refused > 0 {
		err = exitCode(1)
	}
	return err
}

// check reads the file, and writes what was found to where it was asked for.
func (f *importFlags) check(cmd *cobra.Command, service *importer.Service, tenant stock.TenantID, kind, name string, in exchange.Input, o importer.Options) (store.Import, error) {
	var receipt, refused *wholeFile
	var err error
	if receipt, err = newWholeFile(f.receipt); err != nil {
		return store.Import{}, err
	}
	defer receipt.drop()
	if refused, err = newWholeFile(f.refused); err != nil {
		return store.Import{}, err
	}
	defer refused.drop()
	c, err := service.Begin(cmd.Context(), tenant, kind, name, "soroi import", in, o)
	var problem *exchange.Problem
	if errors.As(err, &problem) {
		return store.Import{}, f.unusable(cmd, receipt, name, problem)
	}
	if err != nil {
		return store.Import{}, err
	}
	c.Receipts.Language = f.lang()
	if receipt != nil {
		c.Receipts.JSON = receipt
	}
	if refused != nil {
		c.Receipts.Refused = refused
	}
	p := f.progress(cmd.ErrOrStderr(), f.say("確認", "checking"))
	c.Progress = func(rows, bytes int64) { p.show(rows, bytes, c.Import.Bytes) }
	job, err := c.Run(cmd.Context())
	p.end()
	if err != nil {
		return job, err
	}
	if problem := importer.ProblemOf(job); problem != nil {
		return job, f.unusable(cmd, receipt, name, problem)
	}
	if err := errors.Join(receipt.keep(), refused.keep()); err != nil {
		return job, err
	}
	return job, f.print(cmd.OutOrStdout(), job)
}

// unusable tells why nothing of the file can be used.
func (f *importFlags) unusable(cmd *cobra.Command, receipt *wholeFile, name string, p *exchange.Problem) error {
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %s %s\n", name, p.Sentence(f.lang()), p.Next(f.lang()))
	if receipt != nil {
		if err := receipt.file.Truncate(0); err != nil {
			return err
		}
		if _, err := receipt.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := json.NewEncoder(receipt).Encode(map[string]any{"file": map[string]string{"name": name}, "problem": p}); err != nil {
			return err
		}
	}
	return errors.Join(receipt.keep(), exitCode(1))
}

// finish applies an import that is to be applied, and says how it ended.
func (f *importFlags) finish(cmd *cobra.Command, db *store.DB, service *importer.Service, tenant stock.TenantID, job store.Import) error {
	p := f.progress(cmd.ErrOrStderr(), f.say("反映", "applying"))
	ended, err := service.Finish(cmd.Context(), tenant, job.ID, func(now store.Import) {
		if now.State == store.ImportApplying {
			p.show(now.Applied, now.Applied, now.Staged)
			return
		}
		p.show(now.Undone+now.Kept, now.Undone+now.Kept, now.Applied)
	})
	p.end()
	if err != nil && cmd.Context().Err() != nil {
		return errors.New(f.say("中断しました。同じコマンドをもう一度実行すると、取込 %d の続きから始めます。", "Broken off. The same command goes on with import %d.", job.ID))
	}
	if err != nil {
		return err
	}
	words := f.say("取込 %d：%s %d行", "Import %d: %s, %d rows", ended.ID, importer.StateWords(ended.State).In(f.lang()), ended.Applied-ended.Undone-ended.Kept)
	if ended.State == store.ImportUndone {
		words = f.say("取込 %d：%s %d行、そのまま残した行 %d", "Import %d: %s, %d rows; %d rows were left as they are", ended.ID, importer.StateWords(ended.State).In(f.lang()), ended.Undone, ended.Kept)
	}
	fmt.Fprintln(cmd.OutOrStdout(), words)
	switch {
	case ended.State == store.ImportUndone && ended.Kept == 0:
		return nil
	case ended.State == store.ImportApplied && ended.Applied > 0 && ended.Refused == 0:
		return nil
	case ended.State == store.ImportCancelled:
		fmt.Fprintln(cmd.OutOrStdout(), f.say("途中で反映できない行があり、すべて元に戻しました：%s", "A row could not be applied, and everything was taken back: %s", ended.Failure))
	}
	return exitCode(1)
}

func importUndoCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "undo ID",
		Short: "Take an applied import back by opposite movements",
		Long: `Undo takes back what import ID changed. Rows on whose SKU somebody has counted or corrected since, or whose stock would fall below zero,
are left as they are and told; the status is then 1.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return fmt.Errorf("%q is not the number of an import", args[0])
			}
			return withTenant(cmd.Context(), f.common, f.tenant, func(db *store.DB, tenant stock.TenantID) error {
				job, err := db.LoadImport(cmd.Context(), tenant, store.ImportID(id))
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("there is no import %d", id)
				}
				if err != nil {
					return err
				}
				if err := db.MoveImport(cmd.Context(), tenant, job.ID, store.ImportUndoing, ""); errors.Is(err, store.ErrImportState) {
					return errors.New(f.say("取込 %d は「%s」です。元に戻せるのは反映済みの取込だけです。", "Import %d is %q; only one that is applied can be undone.", job.ID, importer.StateWords(job.State).In(f.lang())))
				} else if err != nil {
					return err
				}
				if err := f.finish(cmd, db, importer.New(db, clock.System{}, f.logger(), nil), tenant, job); err != nil {
					kept, listErr := db.ListImportRows(cmd.Context(), tenant, job.ID, store.ImportKept, 0, 20)
					for _, row := range kept {
						fmt.Fprintln(cmd.OutOrStdout(), f.say("  %d行目 %s：あとから数が変わったため、そのまま残しました", "  line %d, %s: left as it is, because it has changed since", row.Line, row.Label))
					}
					return errors.Join(err, listErr)
				}
				return nil
			})
		},
	}
	f.bindAll(cmd)
	return cmd
}

// openInput opens a file, or keeps what comes from standard input so that it can be read twice.
func openInput(stdin io.Reader, path string) (in exchange.Input, name string, done func(), err error) {
	if path == "-" {
		spool, err := exchange.NewSpool(stdin, "", 0)
		if err != nil {
			return nil, "", nil, err
		}
		return spool, "-", func() { spool.Close() }, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, "", nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", path)
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file; give - and the data on standard input", path)
	}
	if err != nil {
		file.Close()
		return nil, "", nil, err
	}
	return io.NewSectionReader(file, 0, info.Size()), filepath.Base(path), func() { file.Close() }, nil
}

// wholeFile is a file that appears under its name once it is complete. A nil one goes nowhere.
type wholeFile struct {
	file *os.File
	path string
	kept bool
}

func newWholeFile(path string) (*wholeFile, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".soroi-*")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &wholeFile{file: file, path: path}, nil
}

func (w *wholeFile) Write(p []byte) (int, error) { return w.file.Write(p) }

func (w *wholeFile) keep() error {
	if w == nil {
		return nil
	}
	err := errors.Join(w.file.Chmod(0o644), w.file.Close())
	if err == nil {
		err = os.Rename(w.file.Name(), w.path)
	}
	w.kept = err == nil
	return err
}

// drop removes what is not complete.
func (w *wholeFile) drop() {
	if w != nil && !w.kept {
		w.file.Close()
		os.Remove(w.file.Name())
	}
}

// meter tells how far something is, at most once a second.
type meter struct {
	w     io.Writer
	what  string
	lang  exchange.Language
	begun time.Time
	shown time.Time
	first int64 // rows that were done before
	any   bool
}

func (f *importFlags) progress(w io.Writer, what string) *meter {
	if f.quiet {
		w = io.Discard
	}
	return &meter{w: w, what: what, lang: f.lang(), begun: clock.System{}.Now(), first: -1}
}

// show says how many rows are done; done and all are of one unit, in which what is left is measured.
func (m *meter) show(rows, done, all int64) {
	now := clock.System{}.Now()
	if m.first < 0 {
		m.first = rows
	}
	if now.Sub(m.shown) < time.Second {
		return
	}
	m.shown = now
	elapsed := now.Sub(m.begun).Seconds()
	var b bytes.Buffer
	fmt.Fprintf(&b, exchange.Words{JA: "%s %d行", EN: "%s: %d rows"}.In(m.lang), m.what, rows)
	if rate := float64(rows-m.first) / max(elapsed, 0.001); rate >= 1 {
		fmt.Fprintf(&b, exchange.Words{JA: " %.0f行/秒", EN: ", %.0f rows/s"}.In(m.lang), rate)
	}
	if left := importer.Remaining(done, all, elapsed); left > 0 {
		fmt.Fprintf(&b, exchange.Words{JA: " 残り約%.0f秒", EN: ", about %.0f s left"}.In(m.lang), left)
	}
	fmt.Fprintf(m.w, "\r%-70s", b.String())
	m.any = true
}

func (m *meter) end() {
	if m.any {
		fmt.Fprintln(m.w)
	}
}
