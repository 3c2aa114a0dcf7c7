package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"soroi/internal/stock"
)

// ImportMapping is how files of a merchant's own making are read (列の対応), kept under a name.
type ImportMapping struct {
	Name      string
	Kind      string // of the imports that it is for
	Body      string // JSON of exchange.Mapping
	Actor     string
	ChangedAt time.Time
}

// MostImportMappings bounds the mappings of one tenant.
const MostImportMappings = 200

// SaveImportMapping keeps a mapping under its name, in place of the one that has it. One mapping more than MostImportMappings gives ErrTooMany.
func (db *DB) SaveImportMapping(ctx context.Context, tenant stock.TenantID, m ImportMapping) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		var others int64
		if err := tx.one(ctx, []any{&others}, "SELECT COUNT(*) FROM import_mapping WHERE tenant_id = $1 AND name <> $2", m.Name); err != nil {
			return err
		}
		if others >= MostImportMappings {
			return ErrTooMany
		}
		id, err := tx.newID(ctx)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `INSERT INTO import_mapping (tenant_id, import_mapping_id, name, kind, body, actor, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (tenant_id, name) DO UPDATE SET kind = excluded.kind, body = excluded.body, actor = excluded.actor, changed_at = excluded.changed_at`,
			id, m.Name, m.Kind, m.Body, m.Actor, micros(tx.now))
		return err
	})
	if err != nil {
		return fmt.Errorf("save the column mapping %q: %w", m.Name, err)
	}
	return nil
}

// ListImportMappings lists a tenant's mappings by name.
func (db *DB) ListImportMappings(ctx context.Context, tenant stock.TenantID) ([]ImportMapping, error) {
	var list []ImportMapping
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		list = list[:0]
		return tx.query(ctx, func(rows *sql.Rows) error {
			var m ImportMapping
			var changed int64
			err := rows.Scan(&m.Name, &m.Kind, &m.Body, &m.Actor, &changed)
			m.ChangedAt = instant(changed)
			list = append(list, m)
			return err
		}, "SELECT name, kind, body, actor, changed_at FROM import_mapping WHERE tenant_id = $1 ORDER BY name")
	})
	if err != nil {
		return nil, fmt.Errorf("list column mappings: %w", err)
	}
	return list, nil
}

// DeleteImportMapping removes a mapping, or gives ErrNotFound. Imports that were read with it stay as they are.
func (db *DB) DeleteImportMapping(ctx context.Context, tenant stock.TenantID, name string) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		n, err := tx.changed(ctx, "DELETE FROM import_mapping WHERE tenant_id = $1 AND name = $2", name)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete the column mapping %q: %w", name, err)
	}
	return nil
}

// UploadID names a file that waits for a person.
type UploadID int64

// Upload is a file that waits for a person to say which of its columns is what.
type Upload struct {
	ID        UploadID
	Kind      string
	Mode      stock.Mode
	FileName  string
	Bytes     int64
	Actor     string
	CreatedAt time.Time
}

// uploadPart is how many bytes of a file stand in one row: a multiple of 3, so that base64 needs no padding.
const uploadPart = 192 << 10

// AddUpload keeps a file of u.Bytes bytes, part by part; it can be found once all of it is there.
func (db *DB) AddUpload(ctx context.Context, tenant stock.TenantID, u Upload, file io.Reader) (UploadID, error) {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		id, err := tx.newID(ctx)
		if err != nil {
			return err
		}
		u.ID = UploadID(id)
		_, err = tx.exec(ctx, `INSERT INTO import_upload (tenant_id, import_upload_id, kind, mode, file_name, bytes, actor, created_at) VALUES ($1, $2, $3, $4, $5, -1, $6, $7)`,
			id, u.Kind, string(u.Mode), u.FileName, u.Actor, micros(tx.now))
		return err
	})
	buf := make([]byte, uploadPart)
	for part, end := int64(0), false; err == nil && !end; part++ {
		n, readErr := io.ReadFull(file, buf)
		end = errors.Is(readErr, io.EOF) || errors.Is(readErr, io.ErrUnexpectedEOF)
		if readErr != nil && !end {
			err = readErr
			break
		}
		body := base64.StdEncoding.EncodeToString(buf[:n])
		err = db.Write(ctx, tenant, func(tx *Tx) error {
			_, err := tx.exec(ctx, "INSERT INTO import_upload_part (tenant_id, import_upload_id, part, body) VALUES ($1, $2, $3, $4)", int64(u.ID), part, body)
			return err
		})
	}
	if err == nil {
		err = db.Write(ctx, tenant, func(tx *Tx) error {
			_, err := tx.exec(ctx, "UPDATE import_upload SET bytes = $3 WHERE tenant_id = $1 AND import_upload_id = $2", int64(u.ID), u.Bytes)
			return err
		})
	}
	if err != nil {
		return 0, fmt.Errorf("keep the file %q: %w", u.FileName, err)
	}
	return u.ID, nil
}

// LoadUpload reads a file that waits into w, or gives ErrNotFound.
func (db *DB) LoadUpload(ctx context.Context, tenant stock.TenantID, id UploadID, w io.Writer) (Upload, error) {
	u := Upload{ID: id}
	var created int64
	err := db.Read(ctx, tenant, func(tx *Tx) error {
		return tx.one(ctx, []any{&u.Kind, &u.Mode, &u.FileName, &u.Bytes, &u.Actor, &created},
			"SELECT kind, mode, file_name, bytes, actor, created_at FROM import_upload WHERE tenant_id = $1 AND import_upload_id = $2 AND bytes >= 0", int64(id))
	})
	u.CreatedAt = instant(created)
	for part, rest := int64(0), u.Bytes; err == nil && rest > 0; part++ {
		var body string
		err = db.Read(ctx, tenant, func(tx *Tx) error {
			return tx.one(ctx, []any{&body}, "SELECT body FROM import_upload_part WHERE tenant_id = $1 AND import_upload_id = $2 AND part = $3", int64(id), part)
		})
		if err != nil {
			break
		}
		var data []byte
		if data, err = base64.StdEncoding.DecodeString(body); err == nil {
			rest -= int64(len(data))
			_, err = w.Write(data)
		}
	}
	if err != nil {
		return Upload{}, fmt.Errorf("read the file that waits as %d: %w", id, err)
	}
	return u, nil
}

// DeleteUpload throws a file that waits away; one that is gone is no error.
func (db *DB) DeleteUpload(ctx context.Context, tenant stock.TenantID, id UploadID) error {
	err := db.Write(ctx, tenant, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM import_upload_part WHERE tenant_id = $1 AND import_upload_id = $2", int64(id)); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "DELETE FROM import_upload WHERE tenant_id = $1 AND import_upload_id = $2", int64(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("throw the file that waits as %d away: %w", id, err)
	}
	return nil
}
