-- A webhook is an address of the merchant that is given events. position is the last that it has taken; pending the last of a call that was tried and
-- not taken yet, so that the next attempt is the same call; replays counts how often it was sent back in the feed, and version rises with each
-- change that a call under way must not undo. kinds is words divided by spaces, '' for all. held_until and token are the lease of the process that
-- calls it now. calls numbers webhook_call. Secrets are sealed with the keys of those ids; '' is in clear.
CREATE TABLE webhook (
  tenant_id BIGINT NOT NULL,
  webhook_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  most BIGINT NOT NULL,
  state TEXT NOT NULL DEFAULT 'active',
  stop_reason TEXT NOT NULL DEFAULT '',
  key_id TEXT NOT NULL DEFAULT '',
  secret TEXT NOT NULL,
  old_key_id TEXT NOT NULL DEFAULT '',
  old_secret TEXT NOT NULL DEFAULT '',
  old_until BIGINT NOT NULL DEFAULT 0,
  position BIGINT NOT NULL,
  pending BIGINT NOT NULL DEFAULT 0,
  replays BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,
  failing_since BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT NOT NULL DEFAULT 0,
  taken_at BIGINT NOT NULL DEFAULT 0,
  calls BIGINT NOT NULL DEFAULT 0,
  holder TEXT NOT NULL DEFAULT '',
  token BIGINT NOT NULL DEFAULT 0,
  held_until BIGINT NOT NULL DEFAULT 0,
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT webhook_pkey PRIMARY KEY (tenant_id, webhook_id),
  CONSTRAINT webhook_tenant_id_name_key UNIQUE (tenant_id, name),
  CONSTRAINT webhook_state_check CHECK (state IN ('active', 'paused', 'stopped')),
  CONSTRAINT webhook_stop_reason_check CHECK (stop_reason IN ('', 'failing', 'gone', 'secret')),
  CONSTRAINT webhook_most_check CHECK (most BETWEEN 1 AND 500)
);

-- The last calls of each webhook. status is 0 where there was no answer; answer holds its first bytes.
CREATE TABLE webhook_call (
  tenant_id BIGINT NOT NULL,
  webhook_id BIGINT NOT NULL,
  call BIGINT NOT NULL,
  kind TEXT NOT NULL,
  call_id TEXT NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  events BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  sent_at BIGINT NOT NULL,
  took BIGINT NOT NULL,
  status BIGINT NOT NULL,
  error_text TEXT NOT NULL,
  answer TEXT NOT NULL,
  CONSTRAINT webhook_call_pkey PRIMARY KEY (tenant_id, webhook_id, call),
  CONSTRAINT webhook_call_tenant_id_webhook_id_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook (tenant_id, webhook_id)
);
