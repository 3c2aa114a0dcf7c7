package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations lists the names of all migrations, in order.
func Migrations() []string {
	entries, err := fs.ReadDir(migrationFiles, "migrations")
	if err != nil {
		return nil // an embedded folder is always there
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Migrate brings the schema to the newest form and returns the names of the migrations that it ran. Each runs whole or not at all;
// of several processes one migrates and the others wait. What the schema holds folded is folded anew where the rules have changed.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	var ran []string
	err := db.dialect.migrating(ctx, db.write, func(conn *sql.Conn) error {
		ran = nil
		done, err := migrated(ctx, conn)
		if err != nil {
			return err
		}
		for _, name := range Migrations() {
			number, err := strconv.Atoi(strings.SplitN(name, "_", 2)[0])
			if err != nil {
				return fmt.Errorf("migration %s has no number", name)
			}
			if number <= done {
				continue
			}
			text, err := migrationFiles.ReadFile("migrations/" + name)
			if err != nil {
				return err
			}
			if _, err := conn.ExecContext(ctx, db.dialect.text(string(text))); err != nil {
				return fmt.Errorf("migration %s: %w", name, err)
			}
			if _, err := conn.ExecContext(ctx, "INSERT INTO migration (number, name, applied_at) VALUES ($1, $2, $3)",
				number, name, micros(db.clock.Now())); err != nil {
				return err
			}
			ran = append(ran, name)
		}
		return nil
	})
	if err == nil {
		err = db.refold(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return ran, nil
}

// migrated is the number of the newest migration in the database. A database that is newer than this program is refused.
func migrated(ctx context.Context, conn *sql.Conn) (int, error) {
	if _, err := conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migration (
		number BIGINT NOT NULL, name TEXT NOT NULL, applied_at BIGINT NOT NULL, CONSTRAINT migration_pkey PRIMARY KEY (number))`); err != nil {
		return 0, err
	}
	var done int
	if err := conn.QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0) FROM migration").Scan(&done); err != nil {
		return 0, err
	}
	if known := len(Migrations()); done > known {
		return 0, fmt.Errorf("the database is at migration %d and this program knows only %d: use a newer soroi", done, known)
	}
	return done, nil
}

// Describe tells the schema as it is, for comparing the engines.
func (db *DB) Describe(ctx context.Context) (Schema, error) {
	return db.dialect.describe(ctx, db.read)
}

// Pending lists the migrations that have not run.
func (db *DB) Pending(ctx context.Context) ([]string, error) {
	var pending []string
	err := db.dialect.migrating(ctx, db.write, func(conn *sql.Conn) error {
		done, err := migrated(ctx, conn)
		if err == nil {
			pending = Migrations()[done:]
		}
		return err
	})
	return pending, err
}

// Backup copies a SQLite database beside itself and returns the copy's path. Other engines have tools of their own: the path is "".
func (db *DB) Backup(ctx context.Context, url string, now time.Time) (string, error) {
	if db.Engine() != "sqlite" {
		return "", nil
	}
	path := strings.TrimPrefix(url, "sqlite:") + now.UTC().Format(".20060102T150405Z.backup")
	if _, err := db.write.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return "", fmt.Errorf("back up to %s: %w", path, err)
	}
	return path, nil
}
