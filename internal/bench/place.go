package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"soroi/internal/store"
)

// place is where the databases of one engine's measurements lie: files of a folder, or schemas of a server.
type place struct {
	config
	engine string
	dir    string
	admin  *sql.DB
	made   []string
	n      int
}

func newPlace(c config, engine string) (*place, error) {
	p := &place{config: c, engine: engine}
	var err error
	switch engine {
	case "sqlite":
		p.dir, err = os.MkdirTemp(c.dir, "soroi-bench-")
	case "postgres":
		p.admin, err = sql.Open("pgx", c.postgres)
	default:
		err = fmt.Errorf("there is no such engine; there is: sqlite, postgres")
	}
	return p, err
}

// version names the engine and what it promises about a commit.
func (p *place) version(ctx context.Context) (string, error) {
	var text string
	if p.engine == "postgres" {
		err := p.admin.QueryRowContext(ctx, `SELECT 'PostgreSQL ' || current_setting('server_version') || ', synchronous_commit=' || current_setting('synchronous_commit') ||
			', fsync=' || current_setting('fsync')`).Scan(&text)
		return text, err
	}
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		return "", err
	}
	err = db.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version() || ', WAL, synchronous=FULL'`).Scan(&text)
	return text, errors.Join(err, db.Close())
}

// fresh makes an empty, migrated database and returns its address.
func (p *place) fresh(ctx context.Context) (string, error) {
	p.n++
	var at string
	if p.engine == "sqlite" {
		at = filepath.Join(p.dir, fmt.Sprintf("%d.db", p.n))
	} else {
		schema := fmt.Sprintf("soroi_bench_%d_%d", os.Getpid(), p.n)
		if _, err := p.admin.ExecContext(ctx, "CREATE SCHEMA "+schema); err != nil {
			return "", err
		}
		p.made = append(p.made, schema)
		u, err := url.Parse(p.postgres)
		if err != nil {
			return "", err
		}
		q := u.Query()
		q.Set("search_path", schema)
		u.RawQuery = q.Encode()
		at = u.String()
	}
	db, err := store.Open(ctx, at, p.clock)
	if err != nil {
		return "", err
	}
	_, err = db.Migrate(ctx)
	return at, errors.Join(err, db.Close())
}

// raw opens the database past soroi, with the very settings that soroi uses.
func (p *place) raw(at string) (*sql.DB, error) {
	if p.engine == "postgres" {
		db, err := sql.Open("pgx", at)
		if err == nil {
			db.SetMaxOpenConns(16)
			db.SetMaxIdleConns(16)
		}
		return db, err
	}
	v := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-65536)", "temp_store(MEMORY)"},
		"_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: at}).EscapedPath()+"?"+v.Encode())
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// settle lets the engine finish what the filling left to do, so that no round pays for it.
func (p *place) settle(ctx context.Context, db *sql.DB) error {
	text := "PRAGMA wal_checkpoint(TRUNCATE)"
	if p.engine == "postgres" {
		text = "VACUUM ANALYZE"
	}
	_, err := db.ExecContext(ctx, text)
	return err
}

func (p *place) close() error {
	if p.engine == "sqlite" {
		return os.RemoveAll(p.dir)
	}
	var errs []error
	for _, schema := range p.made {
		_, err := p.admin.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
		errs = append(errs, err)
	}
	return errors.Join(append(errs, p.admin.Close())...)
}

// sizes prints what tables of the catalogue and their indexes take.
func (b *bench) sizes(ctx context.Context, db *sql.DB) error {
	text := "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name"
	if b.engine == "postgres" {
		text = "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = current_schema()::regnamespace"
	}
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return fmt.Errorf("sizes: %w", err)
	}
	defer rows.Close()
	groups := map[string]int64{}
	for rows.Next() {
		var name string
		var size int64
		if err := rows.Scan(&name, &size); err != nil {
			return err
		}
		switch name = strings.TrimPrefix(name, "sqlite_autoindex_"); {
		case strings.HasPrefix(name, "search_text"), strings.HasPrefix(name, "search_code"), strings.HasPrefix(name, "search_word"):
			groups[name[:len("search_text")]] += size
		case strings.HasPrefix(name, "word"):
			groups["words"] += size
		case strings.HasPrefix(name, "sku_code"):
			groups["sku_code"] += size
		case strings.HasPrefix(name, "sku_plan"):
			groups["sku_plan"] += size
		case strings.HasPrefix(name, "sku_"), name == "sku":
			groups["sku"] += size
		case strings.HasPrefix(name, "product"):
			groups["product"] += size
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		list = append(list, fmt.Sprintf("%s %d", name, groups[name]>>20))
	}
	b.line("size in MiB with indexes", "%s", strings.Join(list, ", "))
	return rows.Err()
}
