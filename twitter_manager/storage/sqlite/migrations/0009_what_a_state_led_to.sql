BEGIN IMMEDIATE;

-- a state that was used stays for its ten minutes: the browser that brought it may load the same address again
ALTER TABLE oauth_state ADD COLUMN used_at TEXT;
ALTER TABLE oauth_state ADD COLUMN code_hash TEXT CHECK (length(code_hash) = 64);
ALTER TABLE oauth_state ADD COLUMN connected_account_id INTEGER REFERENCES twitter_account (id) ON DELETE CASCADE;

PRAGMA user_version = 9;
COMMIT;
