-- A file on its way into the books (取込): staged row by row, looked at, applied in parts, and undone in parts. Nothing here changes stock: each part is
-- posted as a once-only request of its own, and its rows keep what leads back.
CREATE TABLE import_job (
  tenant_id BIGINT NOT NULL,
  import_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  file_name TEXT NOT NULL,
  digest TEXT NOT NULL,
  options TEXT NOT NULL,
  state TEXT NOT NULL,
  receipt TEXT NOT NULL DEFAULT '',
  rows_read BIGINT NOT NULL DEFAULT 0,
  bytes_read BIGINT NOT NULL DEFAULT 0,
  bytes BIGINT NOT NULL DEFAULT 0,
  staged BIGINT NOT NULL DEFAULT 0,
  refused BIGINT NOT NULL DEFAULT 0,
  changing BIGINT NOT NULL DEFAULT 0,
  units_before BIGINT NOT NULL DEFAULT 0,
  units_after BIGINT NOT NULL DEFAULT 0,
  applied BIGINT NOT NULL DEFAULT 0,
  undone BIGINT NOT NULL DEFAULT 0,
  kept BIGINT NOT NULL DEFAULT 0,
  failure TEXT NOT NULL DEFAULT '',
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  started_at BIGINT NOT NULL DEFAULT 0,
  ended_at BIGINT NOT NULL DEFAULT 0,
  holder TEXT NOT NULL DEFAULT '',
  held_until BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT import_job_pkey PRIMARY KEY (tenant_id, import_id),
  CONSTRAINT import_job_state_check CHECK (state IN ('checking', 'checked', 'refused', 'applying', 'applied', 'cancelling', 'cancelled', 'undoing', 'undone', 'discarded'))
);

CREATE INDEX import_job_busy_idx ON import_job (tenant_id, import_id) WHERE state IN ('checking', 'applying', 'cancelling', 'undoing');
CREATE INDEX import_job_digest_idx ON import_job (tenant_id, digest);

-- seq numbers the usable rows from 1 without gaps. For stock, what is asked stands in columns; for everything else request is JSON. undo is what leads
-- back, as JSON; it is '' until the row is applied.
CREATE TABLE import_row (
  tenant_id BIGINT NOT NULL,
  import_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  line BIGINT NOT NULL,
  label TEXT NOT NULL,
  sku_id BIGINT NOT NULL DEFAULT 0,
  location_id BIGINT NOT NULL DEFAULT 0,
  mode TEXT NOT NULL DEFAULT '',
  units BIGINT NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  request TEXT NOT NULL DEFAULT '',
  units_before BIGINT NOT NULL DEFAULT 0,
  units_after BIGINT NOT NULL DEFAULT 0,
  change TEXT NOT NULL DEFAULT '',
  delta BIGINT NOT NULL DEFAULT 0,
  undo TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'staged',
  CONSTRAINT import_row_pkey PRIMARY KEY (tenant_id, import_id, seq),
  CONSTRAINT import_row_state_check CHECK (state IN ('staged', 'refused', 'applied', 'undone', 'kept'))
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX import_row_sku_idx ON import_row (tenant_id, import_id, sku_id, location_id, seq) WHERE sku_id > 0;

-- Everything that the file says and the import does not do, or does otherwise than written.
CREATE TABLE import_finding (
  tenant_id BIGINT NOT NULL,
  import_id BIGINT NOT NULL,
  finding BIGINT NOT NULL,
  line BIGINT NOT NULL,
  fate TEXT NOT NULL,
  problem TEXT NOT NULL,
  CONSTRAINT import_finding_pkey PRIMARY KEY (tenant_id, import_id, finding)
) /*sqlite WITHOUT ROWID*/;

-- How a merchant's own files are read: source header to field, constants, default mode; JSON of exchange.Mapping.
CREATE TABLE import_mapping (
  tenant_id BIGINT NOT NULL,
  import_mapping_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  actor TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  CONSTRAINT import_mapping_pkey PRIMARY KEY (tenant_id, import_mapping_id),
  CONSTRAINT import_mapping_tenant_id_name_key UNIQUE (tenant_id, name)
);
