-- What decides sellable, and when to order. secured_as is '' where nothing is said: the SKU then follows its product, the product
-- secures nothing. A percentage is of available and rounds up. A reorder point of NULL follows the product, or is none.
ALTER TABLE product ADD COLUMN secured_as TEXT NOT NULL DEFAULT '' CONSTRAINT product_secured_as_check CHECK (secured_as IN ('', 'units', 'percent'));
ALTER TABLE product ADD COLUMN secured BIGINT NOT NULL DEFAULT 0 CONSTRAINT product_secured_check CHECK (secured >= 0);
ALTER TABLE product ADD COLUMN secured_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE product ADD COLUMN reorder_point BIGINT CONSTRAINT product_reorder_point_check CHECK (reorder_point >= 0);
ALTER TABLE sku ADD COLUMN secured_as TEXT NOT NULL DEFAULT '' CONSTRAINT sku_secured_as_check CHECK (secured_as IN ('', 'units', 'percent'));
ALTER TABLE sku ADD COLUMN secured_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE sku ADD COLUMN reorder_point BIGINT CONSTRAINT sku_reorder_point_check CHECK (reorder_point >= 0);
UPDATE sku SET secured_as = 'units' WHERE secured > 0;

-- A made-to-order figure is a standing one, or a capacity per day of the tenant's time zone.
ALTER TABLE sku ADD COLUMN daily BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE tenant ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'Asia/Tokyo';
CREATE INDEX sku_daily_idx ON sku (tenant_id, sku_id) WHERE daily;

-- The day that the planner has been told of last.
ALTER TABLE tenant ADD COLUMN day BIGINT NOT NULL DEFAULT 0;

-- Units that orders placed on a day hold or have taken, less what was cancelled of them. day counts from 1970-01-01 in the tenant's time zone.
CREATE TABLE sku_day (
  tenant_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  day BIGINT NOT NULL,
  sold BIGINT NOT NULL,
  CONSTRAINT sku_day_pkey PRIMARY KEY (tenant_id, sku_id, day)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX sku_day_day_idx ON sku_day (tenant_id, day, sku_id);

-- Until now every tenant was in Japan: 9 hours ahead, without summer time.
INSERT INTO sku_day (tenant_id, sku_id, day, sold)
  SELECT sale_line.tenant_id, sale_line.sku_id, (sale.placed_at + 32400000000) / 86400000000, CAST(SUM(held + shipped - base_shipped) AS BIGINT)
  FROM sale_line JOIN sale ON sale.tenant_id = sale_line.tenant_id AND sale.sale_id = sale_line.sale_id
  WHERE sale_line.sku_id IS NOT NULL GROUP BY 1, 2, 3 HAVING SUM(held + shipped - base_shipped) <> 0;

-- Units that are expected (入荷予定). What has arrived is a movement; received counts it here.
CREATE TABLE inbound (
  tenant_id BIGINT NOT NULL,
  inbound_id BIGINT NOT NULL,
  sku_id BIGINT NOT NULL,
  document TEXT NOT NULL,
  units BIGINT NOT NULL,
  received BIGINT NOT NULL DEFAULT 0,
  due_day BIGINT,
  note TEXT NOT NULL DEFAULT '',
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  closed_at BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT inbound_pkey PRIMARY KEY (tenant_id, inbound_id),
  CONSTRAINT inbound_tenant_id_sku_id_document_key UNIQUE (tenant_id, sku_id, document),
  CONSTRAINT inbound_tenant_id_sku_id_fkey FOREIGN KEY (tenant_id, sku_id) REFERENCES sku (tenant_id, sku_id),
  CONSTRAINT inbound_units_check CHECK (units >= 0),
  CONSTRAINT inbound_received_check CHECK (received >= 0)
);

CREATE INDEX inbound_open_idx ON inbound (tenant_id, sku_id) WHERE closed_at = 0;

-- What planning found last, so that lists of stock-outs and of what to order need no sums: level is 0 fine or not counted (made to order,
-- archived), 1 at or below the reorder point, 2 out (available ≤ 0), 3 oversold (available < 0); sold_7 and sold_30 are of the last days, today being
-- one of them; inbound is what is still expected; urgency is
-- minus (level × 4,000,000,000 + shortfall), so that what presses most comes first. Every SKU has a row. The last index holds
-- all that those lists show and sort by, the SKUs of a product side by side.
ALTER TABLE sku_plan ADD COLUMN available BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku_plan ADD COLUMN secured BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku_plan ADD COLUMN reorder_point BIGINT;
ALTER TABLE sku_plan ADD COLUMN level BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku_plan ADD COLUMN product_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku_plan ADD COLUMN sold_7 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku_plan ADD COLUMN sold_30 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku_plan ADD COLUMN inbound BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sku_plan ADD COLUMN urgency BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sku_plan_level_idx ON sku_plan (tenant_id, sku_id, level) WHERE level > 0;
CREATE INDEX sku_plan_urgency_idx ON sku_plan (tenant_id, urgency, sku_id) WHERE level > 0;
CREATE INDEX sku_plan_low_idx ON sku_plan (tenant_id, product_id, sku_id, level, urgency, available, secured, reorder_point, sold_7, sold_30, inbound) WHERE level > 0;
INSERT INTO sku_plan (tenant_id, sku_id, marked, planned, rank, since)
  SELECT tenant_id, sku_id, 1, 0, 1, created_at FROM sku WHERE TRUE ON CONFLICT (tenant_id, sku_id) DO UPDATE SET marked = sku_plan.marked + 1;

-- From one name of an option to the next.
CREATE INDEX product_option1_name_idx ON product (tenant_id, option1_name);
CREATE INDEX product_option2_name_idx ON product (tenant_id, option2_name);
CREATE INDEX product_option3_name_idx ON product (tenant_id, option3_name);
