BEGIN IMMEDIATE;

-- the calls to X of the last day, counted by sliding windows; account_id is NULL for calls with the app's own token,
-- and where the account was let go meanwhile: for the app's limits they go on counting
CREATE TABLE x_call (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER REFERENCES twitter_account (id) ON DELETE SET NULL,
    mock INTEGER NOT NULL CHECK (mock IN (0, 1)),
    endpoint TEXT NOT NULL,
    called_at TEXT NOT NULL
) STRICT;
CREATE INDEX x_call_of_account ON x_call (account_id, called_at);
CREATE INDEX x_call_of_endpoint ON x_call (account_id, endpoint, called_at);
CREATE INDEX x_call_of_app ON x_call (mock, endpoint, called_at);
CREATE INDEX x_call_age ON x_call (called_at);

-- what X's headers last said: per account and endpoint, without an account for the app's own token
CREATE TABLE rate_window (
    account_id INTEGER REFERENCES twitter_account (id) ON DELETE CASCADE,
    mock INTEGER NOT NULL CHECK (mock IN (0, 1)),
    endpoint TEXT NOT NULL,
    call_limit INTEGER CHECK (call_limit > 0),
    remaining INTEGER CHECK (remaining >= 0),
    reset_at TEXT,
    seen_at TEXT NOT NULL,
    CHECK ((remaining IS NULL) = (reset_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX rate_window_of ON rate_window (coalesce(account_id, 0), endpoint, mock);

-- a call uses up what X said is left, in the transaction that takes it
CREATE TRIGGER x_call_uses_rate_window AFTER INSERT ON x_call
BEGIN
    UPDATE rate_window SET remaining = remaining - 1
    WHERE coalesce(account_id, 0) = coalesce(new.account_id, 0) AND endpoint = new.endpoint AND mock = new.mock
        AND remaining > 0;
END;

PRAGMA user_version = 5;
COMMIT;
