BEGIN IMMEDIATE;

-- the times of the week for an account's posts that only say "next"; a JSON list such as ["mon 09:30"]
CREATE TABLE slot_week (
    account_id INTEGER PRIMARY KEY REFERENCES twitter_account (id) ON DELETE CASCADE,
    timezone TEXT NOT NULL,
    slots TEXT NOT NULL CHECK (json_valid(slots)),
    updated_at TEXT NOT NULL
) STRICT;

PRAGMA user_version = 16;
COMMIT;
