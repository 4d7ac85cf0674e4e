BEGIN IMMEDIATE;

-- when an attempt is looked for next whose tweet is posted already, by the late answer to an earlier attempt
ALTER TABLE attempt ADD COLUMN check_at TEXT;
CREATE INDEX attempt_to_check ON attempt (account_id, check_at) WHERE check_at IS NOT NULL;

PRAGMA user_version = 13;
COMMIT;
