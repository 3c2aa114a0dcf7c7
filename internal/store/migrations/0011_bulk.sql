-- One action on all SKUs that a filter finds, done in parts by keyset: each part commits with how far it has come, so a crash neither skips nor
-- repeats one. filter and action are JSON of StockQuery and BulkAction.
CREATE TABLE bulk (
  tenant_id BIGINT NOT NULL,
  bulk_id BIGINT NOT NULL,
  bulk_key TEXT NOT NULL,
  filter TEXT NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  total BIGINT NOT NULL,
  seen BIGINT NOT NULL DEFAULT 0,
  changed BIGINT NOT NULL DEFAULT 0,
  refused BIGINT NOT NULL DEFAULT 0,
  after_sku_id BIGINT NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'running',
  failure TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT bulk_pkey PRIMARY KEY (tenant_id, bulk_id),
  CONSTRAINT bulk_tenant_id_bulk_key_key UNIQUE (tenant_id, bulk_key),
  CONSTRAINT bulk_state_check CHECK (state IN ('running', 'done', 'cancelled', 'failed'))
);

CREATE INDEX bulk_running_idx ON bulk (tenant_id, bulk_id) WHERE state = 'running';
