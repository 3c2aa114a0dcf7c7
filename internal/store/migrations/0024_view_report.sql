-- In what a sent view is written: the language of the mail and of its file, and the file's encoding.
ALTER TABLE view_report ADD COLUMN language TEXT NOT NULL DEFAULT 'ja';
ALTER TABLE view_report ADD COLUMN encoding TEXT NOT NULL DEFAULT 'utf-8-bom';
