BEGIN IMMEDIATE;

CREATE TABLE api_key (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key_hash TEXT NOT NULL UNIQUE CHECK (length(key_hash) = 64),
    name TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT 'command' CHECK (source IN ('setting', 'command')),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1))
) STRICT;

CREATE TABLE twitter_account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    x_user_id TEXT CHECK (x_user_id GLOB '[0-9]*' AND x_user_id NOT GLOB '*[^0-9]*'),
    username TEXT NOT NULL CHECK (username <> '') COLLATE NOCASE,
    name TEXT NOT NULL DEFAULT '',
    mock INTEGER NOT NULL DEFAULT 0 CHECK (mock IN (0, 1)),
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'failed', 'inactive')),
    error_code TEXT,
    access_token TEXT,
    access_token_secret TEXT,
    refresh_token TEXT,
    scopes TEXT NOT NULL DEFAULT '',
    token_expires_at TEXT,
    token_issued_at TEXT,
    token_version INTEGER NOT NULL DEFAULT 0,
    refresh_lease TEXT,
    refresh_lease_until TEXT,
    refresh_sent_at TEXT,
    refresh_failures INTEGER NOT NULL DEFAULT 0 CHECK (refresh_failures >= 0),
    unauthorized_streak INTEGER NOT NULL DEFAULT 0 CHECK (unauthorized_streak >= 0),
    followers INTEGER CHECK (followers >= 0),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    linked_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    UNIQUE (mock, x_user_id),
    UNIQUE (mock, username),
    -- only a row of OAuth 1.0a times may lack the X user id, and such a row is of no use
    CHECK (x_user_id IS NOT NULL OR access_token_secret IS NOT NULL),
    CHECK (status <> 'active' OR access_token IS NOT NULL),
    CHECK ((refresh_lease IS NULL) = (refresh_lease_until IS NULL))
) STRICT;

CREATE TRIGGER oauth1_account_is_of_no_use AFTER INSERT ON twitter_account
WHEN new.access_token_secret IS NOT NULL AND new.status <> 'failed'
BEGIN
    UPDATE twitter_account SET status = 'failed', error_code = 'oauth1_not_supported' WHERE id = new.id;
END;

CREATE TABLE oauth_state (
    state TEXT PRIMARY KEY CHECK (length(state) BETWEEN 16 AND 500),
    code_verifier TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    mock INTEGER NOT NULL DEFAULT 0 CHECK (mock IN (0, 1)),
    api_key_id INTEGER REFERENCES api_key (id) ON DELETE CASCADE,
    account_id INTEGER REFERENCES twitter_account (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_state_age ON oauth_state (created_at);

CREATE TABLE tweet (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    twitter_account_id INTEGER NOT NULL REFERENCES twitter_account (id) ON DELETE CASCADE,
    content TEXT NOT NULL CHECK (content <> ''),
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN (
        'draft', 'pending', 'scheduled', 'posting', 'posted', 'failed', 'unconfirmed', 'held', 'canceled')),
    twitter_id TEXT CHECK (twitter_id GLOB '[0-9]*' AND twitter_id NOT GLOB '*[^0-9]*'),
    twin_twitter_id TEXT,
    reply_to TEXT,
    scheduled_at TEXT,
    due_at TEXT,
    post_now INTEGER NOT NULL DEFAULT 0 CHECK (post_now IN (0, 1)),
    error_code TEXT,
    twitter_error TEXT,
    needs_decision INTEGER NOT NULL DEFAULT 0 CHECK (needs_decision IN (0, 1)),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    posted_at TEXT,
    UNIQUE (twitter_account_id, twitter_id),
    CHECK ((status = 'posted') = (posted_at IS NOT NULL)),
    CHECK (status <> 'posted' OR twitter_id IS NOT NULL),
    CHECK (status <> 'scheduled' OR scheduled_at IS NOT NULL),
    CHECK (needs_decision = 0 OR status = 'unconfirmed'),
    CHECK (status NOT IN ('posted', 'failed', 'canceled', 'draft') OR due_at IS NULL)
) STRICT;
CREATE INDEX tweet_by_status ON tweet (status, id);
CREATE INDEX tweet_by_account ON tweet (twitter_account_id, status, id);
CREATE INDEX tweet_of_account ON tweet (twitter_account_id, id);
CREATE INDEX tweet_due ON tweet (twitter_account_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX tweet_post_now ON tweet (twitter_account_id, due_at) WHERE post_now = 1 AND due_at IS NOT NULL;
CREATE INDEX tweet_twin ON tweet (twitter_account_id, twin_twitter_id) WHERE twin_twitter_id IS NOT NULL;
CREATE INDEX tweet_unsettled ON tweet (twitter_account_id, fingerprint) WHERE status IN ('posting', 'unconfirmed');

CREATE TABLE attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tweet_id INTEGER NOT NULL REFERENCES tweet (id) ON DELETE CASCADE,
    account_id INTEGER NOT NULL REFERENCES twitter_account (id) ON DELETE CASCADE,
    lease TEXT NOT NULL,
    started_at TEXT NOT NULL,
    over_at TEXT,
    outcome TEXT NOT NULL DEFAULT 'open' CHECK (outcome IN (
        'open', 'posted', 'refused', 'held', 'not_sent', 'unclear', 'absent')),
    http_status INTEGER,
    error_code TEXT,
    twitter_id TEXT,
    since_id TEXT,
    looks_absent INTEGER NOT NULL DEFAULT 0 CHECK (looks_absent >= 0),
    looks_failed INTEGER NOT NULL DEFAULT 0 CHECK (looks_failed >= 0),
    CHECK ((outcome = 'open') = (over_at IS NULL)),
    CHECK (outcome <> 'posted' OR twitter_id IS NOT NULL)
) STRICT;
CREATE INDEX attempt_by_tweet ON attempt (tweet_id, id);
-- a tweet has one try whose end is not known at the most: the guard behind every rule of the lane
CREATE UNIQUE INDEX attempt_unsettled ON attempt (tweet_id) WHERE outcome IN ('open', 'unclear');

CREATE TABLE lane (
    account_id INTEGER PRIMARY KEY REFERENCES twitter_account (id) ON DELETE CASCADE,
    mock INTEGER NOT NULL CHECK (mock IN (0, 1)),
    due_at TEXT,
    lease TEXT,
    lease_until TEXT,
    worker_id TEXT,
    rest_until TEXT,
    rest_code TEXT,
    trouble_streak INTEGER NOT NULL DEFAULT 0 CHECK (trouble_streak >= 0),
    newest_x_id TEXT,
    CHECK ((lease IS NULL) = (lease_until IS NULL)),
    CHECK ((lease IS NULL) = (worker_id IS NULL))
) STRICT;
CREATE INDEX lane_due ON lane (mock, due_at) WHERE due_at IS NOT NULL;

-- an account and its lane come and go together
CREATE TRIGGER lane_of_account AFTER INSERT ON twitter_account
BEGIN
    INSERT INTO lane (account_id, mock) VALUES (new.id, new.mock);
END;

CREATE TABLE app_rest (
    mock INTEGER PRIMARY KEY CHECK (mock IN (0, 1)),
    code TEXT NOT NULL,
    since TEXT NOT NULL,
    probe_at TEXT NOT NULL,
    probes INTEGER NOT NULL DEFAULT 0 CHECK (probes >= 0),
    twitter_error TEXT
) STRICT;

CREATE TABLE worker (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- facts about the whole service, one row each; their names stand in storage/service_state.py
CREATE TABLE service_state (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- how many tweets an account has in each status: kept by triggers, so that stats and totals never count rows
CREATE TABLE tweet_count (
    account_id INTEGER NOT NULL REFERENCES twitter_account (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (account_id, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tweet_counted AFTER INSERT ON tweet
BEGIN
    INSERT INTO tweet_count (account_id, status, n) VALUES (new.twitter_account_id, new.status, 1)
    ON CONFLICT (account_id, status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tweet_recounted AFTER UPDATE OF status ON tweet WHEN old.status <> new.status
BEGIN
    UPDATE tweet_count SET n = n - 1 WHERE account_id = old.twitter_account_id AND status = old.status;
    INSERT INTO tweet_count (account_id, status, n) VALUES (new.twitter_account_id, new.status, 1)
    ON CONFLICT (account_id, status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tweet_uncounted AFTER DELETE ON tweet
BEGIN
    UPDATE tweet_count SET n = n - 1 WHERE account_id = old.twitter_account_id AND status = old.status;
END;

PRAGMA user_version = 1;
COMMIT;
