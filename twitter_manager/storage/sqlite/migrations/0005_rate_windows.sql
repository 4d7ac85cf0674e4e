BEGIN IMMEDIATE;

-- the calls to X of the last day, counted by sliding windows; account_id is NULL for calls with the app's own token,
-- and where the account was let go meanwhile: for the app's limits they go on counting, and for the account, too, if
-- the same X user (x_user_id) is connected again
CREATE TABLE x_call (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER REFERENCES twitter_account (id) ON DELETE SET NULL,
    mock INTEGER NOT NULL CHECK (mock IN (0, 1)),
    endpoint TEXT NOT NULL,
    called_at TEXT NOT NULL,
    x_user_id TEXT,
    CHECK (account_id IS NULL OR x_user_id IS NULL)
) STRICT;
CREATE INDEX x_call_of_former_account ON x_call (x_user_id, mock) WHERE x_user_id IS NOT NULL;
CREATE TRIGGER x_call_outlives_account BEFORE DELETE ON twitter_account
BEGIN
    UPDATE x_call SET x_user_id = old.x_user_id, account_id = NULL WHERE account_id = old.id;
END;
CREATE TRIGGER x_call_of_account_again AFTER INSERT ON twitter_account
BEGIN
    UPDATE x_call SET account_id = new.id, x_user_id = NULL WHERE x_user_id = new.x_user_id AND mock = new.mock;
END;
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
