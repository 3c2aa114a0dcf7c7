-- A file that waits for a person to say which of its columns is what. It is kept here and not in one process's folder, so that whichever process the person
-- comes back to has it. body is base64 of the part's bytes.
CREATE TABLE import_upload (
  tenant_id BIGINT NOT NULL,
  import_upload_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  mode TEXT NOT NULL,
  file_name TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT import_upload_pkey PRIMARY KEY (tenant_id, import_upload_id)
);

CREATE INDEX import_upload_created_idx ON import_upload (tenant_id, created_at);

CREATE TABLE import_upload_part (
  tenant_id BIGINT NOT NULL,
  import_upload_id BIGINT NOT NULL,
  part BIGINT NOT NULL,
  body TEXT NOT NULL,
  CONSTRAINT import_upload_part_pkey PRIMARY KEY (tenant_id, import_upload_id, part)
);

-- The rows of a file that cannot be used, as they stand in it, so that they can be put right and taken in again. body is JSON of exchange.RefusedRow.
CREATE TABLE import_refused (
  tenant_id BIGINT NOT NULL,
  import_id BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  body TEXT NOT NULL,
  CONSTRAINT import_refused_pkey PRIMARY KEY (tenant_id, import_id, refused)
) /*sqlite WITHOUT ROWID*/;
