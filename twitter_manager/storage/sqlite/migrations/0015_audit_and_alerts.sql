BEGIN IMMEDIATE;

-- who changed what: one row for each call or command that writes, never with a text or a secret; it outlives what it names
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    created_at TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('key', 'command')),
    api_key_id INTEGER,
    request_id TEXT,
    method TEXT,
    route TEXT NOT NULL,
    account_id INTEGER,
    subject TEXT,
    subject_id INTEGER,
    counts TEXT CHECK (counts IS NULL OR json_valid(counts)),
    status INTEGER,
    code TEXT
) STRICT;
CREATE INDEX audit_by_time ON audit (created_at, id);
CREATE INDEX audit_of_key ON audit (api_key_id, created_at, id);
CREATE INDEX audit_of_account ON audit (account_id, created_at, id) WHERE account_id IS NOT NULL;

-- Failures in a row, of an account or ('app mock', 'app live') of X as a whole, and the alert that they led to. `rule`:
-- what it fires for, `resolved_at`: what happened before it counts for no further one.
CREATE TABLE alert (
    subject TEXT PRIMARY KEY,
    account_id INTEGER UNIQUE REFERENCES twitter_account (id) ON DELETE CASCADE,
    mock INTEGER NOT NULL CHECK (mock IN (0, 1)),
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since TEXT,
    failed_at TEXT,
    error_code TEXT,
    twitter_error TEXT,
    rule TEXT CHECK (rule IN ('in_a_row', 'of_the_hour')),
    firing_since TEXT,
    resolved_at TEXT,
    CHECK ((rule IS NULL) = (firing_since IS NULL)),
    CHECK ((failures = 0) = (failing_since IS NULL))
) STRICT;

-- how an account's attempts of some time ended, without reading the others
CREATE INDEX attempt_over ON attempt (account_id, over_at, outcome) WHERE over_at IS NOT NULL;

PRAGMA user_version = 15;
COMMIT;
