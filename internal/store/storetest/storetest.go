// Package storetest runs a test on every engine, each on a database of its own.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"soroi/internal/clock"
	"soroi/internal/stock"
	"soroi/internal/store"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of database/sql
)

// Each runs test on a migrated, empty SQLite file, and on a migrated, empty PostgreSQL schema where SOROI_TEST_POSTGRES names a
// server. SOROI_TEST_MUST=postgres makes the lack of one a failure.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachClock(t, clock.System{}, test)
}

// EachClock is Each with another clock.
func EachClock(t *testing.T, c clock.Clock, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, Open(t, filepath.Join(t.TempDir(), "soroi.db"), c))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Open(t, Postgres(t), c))
	})
}

// Open opens and migrates a database for the length of the test.
func Open(t testing.TB, url string, c clock.Clock) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if _, err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

var schemas atomic.Int64

// Postgres makes an empty schema for the length of the test and returns the address of a database that sees nothing else.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("SOROI_TEST_POSTGRES")
	if server == "" {
		if strings.Contains(os.Getenv("SOROI_TEST_MUST"), "postgres") {
			t.Fatal("SOROI_TEST_POSTGRES names no server, and SOROI_TEST_MUST asks for one")
		}
		t.Skip("SOROI_TEST_POSTGRES names no server; make test starts one")
	}
	schema := fmt.Sprintf("soroi_%d_%d", os.Getpid(), schemas.Add(1))
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Errorf("drop schema: %v", err)
		}
		if err := admin.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// Tenant adds a merchant and returns its id and default location.
func Tenant(t testing.TB, db *store.DB, code string) (stock.TenantID, stock.LocationID) {
	t.Helper()
	tenant, err := db.AddTenant(context.Background(), code, code)
	if err != nil {
		t.Fatal(err)
	}
	location, err := db.DefaultLocation(context.Background(), tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	return tenant.ID, location
}
