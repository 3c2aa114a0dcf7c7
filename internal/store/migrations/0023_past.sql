-- What planning decided of a SKU at some moment is its last event before.
CREATE INDEX event_sku_idx ON event (tenant_id, sku_id, seq) WHERE kind = 'stock.changed';
