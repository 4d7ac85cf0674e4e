BEGIN IMMEDIATE;

-- the first answer to a POST that carried an Idempotency-Key; a row of a thing that was made stands in the transaction
-- that made it, before there is an answer
CREATE TABLE idempotency_key (
    api_key_id INTEGER NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    subject_id INTEGER,
    status INTEGER,
    answer TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (api_key_id, method, path, key),
    CHECK ((status IS NULL) = (answer IS NULL)),
    CHECK (subject_id IS NOT NULL OR status IS NOT NULL)
) STRICT;
CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at);

PRAGMA user_version = 3;
COMMIT;
