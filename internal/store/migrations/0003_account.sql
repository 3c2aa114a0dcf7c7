CREATE TABLE account (
  tenant_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  login TEXT NOT NULL,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL,
  language TEXT NOT NULL DEFAULT 'ja',
  created_at BIGINT NOT NULL,
  CONSTRAINT account_pkey PRIMARY KEY (tenant_id, account_id),
  CONSTRAINT account_tenant_id_login_key UNIQUE (tenant_id, login),
  CONSTRAINT account_role_check CHECK (role IN ('owner', 'staff'))
);

-- Only a hash of the session's token is kept.
CREATE TABLE session (
  tenant_id BIGINT NOT NULL,
  token_hash TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  CONSTRAINT session_pkey PRIMARY KEY (tenant_id, token_hash),
  CONSTRAINT session_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, account_id)
);

CREATE TABLE api_token (
  tenant_id BIGINT NOT NULL,
  api_token_id BIGINT NOT NULL,
  token_hash TEXT NOT NULL,
  name TEXT NOT NULL,
  may_write BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0,
  revoked_at BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT api_token_pkey PRIMARY KEY (tenant_id, api_token_id),
  CONSTRAINT api_token_tenant_id_token_hash_key UNIQUE (tenant_id, token_hash)
);
