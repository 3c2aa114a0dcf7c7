-- What searching looks into, kept in the transactions that change SKUs (kind 0) and products (kind 1); see search_index.go. search_text is the index
-- key of each in the order of its code, for reading through; the others lead from a word or a code to few hits.
CREATE TABLE search_text (
  tenant_id BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  code TEXT NOT NULL,
  id BIGINT NOT NULL,
  search_key TEXT NOT NULL,
  CONSTRAINT search_text_pkey PRIMARY KEY (tenant_id, kind, code)
) /*sqlite WITHOUT ROWID*/;

-- Codes from the front behind ">" and from the back behind "<".
CREATE TABLE search_code (
  tenant_id BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  form TEXT NOT NULL,
  id BIGINT NOT NULL,
  CONSTRAINT search_code_pkey PRIMARY KEY (tenant_id, kind, form, id)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE search_word (
  tenant_id BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  word_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  CONSTRAINT search_word_pkey PRIMARY KEY (tenant_id, kind, word_id, id)
) /*sqlite WITHOUT ROWID*/;

-- The words that a tenant's goods are called by, and the ends under which each is found. A word stays when nothing is called so any more.
CREATE TABLE word (
  tenant_id BIGINT NOT NULL,
  word TEXT NOT NULL,
  word_id BIGINT NOT NULL,
  CONSTRAINT word_pkey PRIMARY KEY (tenant_id, word)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE word_tail (
  tenant_id BIGINT NOT NULL,
  tail TEXT NOT NULL,
  word_id BIGINT NOT NULL,
  CONSTRAINT word_tail_pkey PRIMARY KEY (tenant_id, tail, word_id)
) /*sqlite WITHOUT ROWID*/;

ALTER TABLE sku DROP COLUMN search_key;
ALTER TABLE product DROP COLUMN search_key;
