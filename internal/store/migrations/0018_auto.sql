-- How an auto rule served a SKU when it was planned last: its state is what keeps it from flapping, its shares are what a later look at the numbers explains them by.
-- body is JSON, see auto.go. At due_at the SKU is planned again though nothing of it has changed: rates fade, and shops become slower or faster.
CREATE TABLE sku_auto (
  tenant_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  body TEXT NOT NULL,
  settled_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  CONSTRAINT sku_auto_pkey PRIMARY KEY (tenant_id, sku_id),
  CONSTRAINT sku_auto_tenant_id_sku_id_fkey FOREIGN KEY (tenant_id, sku_id) REFERENCES sku (tenant_id, sku_id)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX sku_auto_due_idx ON sku_auto (tenant_id, due_at);
