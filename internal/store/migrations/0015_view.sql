-- Named views of a list (事前設定): query is the list's own address, without the place. At most one of a list is its home.
CREATE TABLE saved_view (
  tenant_id BIGINT NOT NULL,
  view_id BIGINT NOT NULL,
  list TEXT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  home BOOLEAN NOT NULL DEFAULT FALSE,
  actor TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  CONSTRAINT saved_view_pkey PRIMARY KEY (tenant_id, view_id),
  CONSTRAINT saved_view_tenant_id_list_name_key UNIQUE (tenant_id, list, name)
);

-- A view that is sent once a day, at an hour of the tenant's time zone. day is the last day for which sending was begun: it is written before, so a
-- crash in the middle sends nothing twice. state is sent, failed (surely not delivered: tried again) or sending (begun; after a crash nobody knows).
CREATE TABLE view_report (
  tenant_id BIGINT NOT NULL,
  view_id BIGINT NOT NULL,
  hour BIGINT NOT NULL,
  recipients TEXT NOT NULL,
  webhook BOOLEAN NOT NULL DEFAULT FALSE,
  skip_empty BOOLEAN NOT NULL DEFAULT FALSE,
  day BIGINT NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  tries BIGINT NOT NULL DEFAULT 0,
  next_try_at BIGINT NOT NULL DEFAULT 0,
  attempted_at BIGINT NOT NULL DEFAULT 0,
  sent_at BIGINT NOT NULL DEFAULT 0,
  failure TEXT NOT NULL DEFAULT '',
  CONSTRAINT view_report_pkey PRIMARY KEY (tenant_id, view_id),
  CONSTRAINT view_report_tenant_id_view_id_fkey FOREIGN KEY (tenant_id, view_id) REFERENCES saved_view (tenant_id, view_id),
  CONSTRAINT view_report_hour_check CHECK (hour >= 0 AND hour <= 23),
  CONSTRAINT view_report_state_check CHECK (state IN ('', 'sending', 'sent', 'failed'))
);
