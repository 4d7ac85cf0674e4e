BEGIN IMMEDIATE;

-- where to tell what happens; `events` is a JSON list of the kinds it asked for, `secret` is encrypted
CREATE TABLE webhook (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL CHECK (url <> ''),
    description TEXT NOT NULL DEFAULT '',
    events TEXT NOT NULL CHECK (json_valid(events)),
    secret TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    error_code TEXT,
    lease TEXT,
    lease_until TEXT,
    tried_at TEXT,
    rest_until TEXT,
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since TEXT,
    failed_at TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    CHECK ((lease IS NULL) = (lease_until IS NULL)),
    CHECK ((failures = 0) = (failing_since IS NULL)),
    CHECK ((failures = 0) = (failed_at IS NULL))
) STRICT;

-- the queue and the log: one event for one webhook, with what was to be told at that moment
CREATE TABLE webhook_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL UNIQUE DEFAULT ('msg_' || lower(hex(randomblob(16)))),
    event TEXT NOT NULL,
    data TEXT NOT NULL CHECK (json_valid(data)),
    about TEXT,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    queued_at TEXT NOT NULL,
    next_attempt_at TEXT,
    last_status INTEGER,
    error_code TEXT,
    error_detail TEXT,
    created_at TEXT NOT NULL,
    delivered_at TEXT,
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK (status <> 'delivered' OR delivered_at IS NOT NULL)
) STRICT;
CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook_id, id) WHERE status = 'pending';
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_delivery_age ON webhook_delivery (queued_at);
CREATE INDEX webhook_delivery_about ON webhook_delivery (about, created_at) WHERE about IS NOT NULL;

-- Events are written by triggers, so that no way of changing a row can forget one, and in the change's own transaction.
-- Where nobody listens they end at their WHEN.

-- what is told, put in here, is queued for everyone who asked for that event; `about` is told once an hour only
CREATE VIEW event AS SELECT '' AS type, '' AS data, '' AS about, '' AS happened_at WHERE 0;
CREATE TRIGGER event_queued INSTEAD OF INSERT ON event
BEGIN
    INSERT INTO webhook_delivery (webhook_id, event, data, about, queued_at, next_attempt_at, created_at)
    SELECT webhook.id, new.type, new.data, new.about, new.happened_at, new.happened_at, new.happened_at
    FROM webhook
    WHERE webhook.is_active = 1 AND EXISTS (SELECT 1 FROM json_each(webhook.events) WHERE value = new.type)
        AND (new.about IS NULL OR NOT EXISTS (
            SELECT 1 FROM webhook_delivery AS told
            WHERE told.about = new.about AND told.webhook_id = webhook.id
                AND told.created_at > strftime('%Y-%m-%dT%H:%M:%fZ', new.happened_at, '-1 hour')))
    ORDER BY webhook.id;
END;

-- what is said of a tweet: the fields of GET /api/v1/tweets that its row knows
CREATE VIEW tweet_told AS
SELECT tweet.id, json_object(
    'id', tweet.id,
    'account_id', tweet.twitter_account_id,
    'username', account.username,
    'text', tweet.content,
    'status', tweet.status,
    'twitter_id', tweet.twitter_id,
    'url', 'https://x.com/' || account.username || '/status/' || tweet.twitter_id,
    'error_code', tweet.error_code,
    'twitter', CASE WHEN json_valid(tweet.twitter_error) THEN json(tweet.twitter_error) END,
    'needs_decision', json(iif(tweet.needs_decision, 'true', 'false')),
    'next_attempt_at', tweet.due_at,
    'thread_id', tweet.thread_id,
    'position', tweet.position,
    'batch_id', tweet.batch_id,
    'created_at', tweet.created_at,
    'updated_at', tweet.updated_at,
    'scheduled_at', tweet.scheduled_at,
    'posted_at', tweet.posted_at,
    'mock', json(iif(account.mock, 'true', 'false'))) AS data
FROM tweet JOIN twitter_account AS account ON account.id = tweet.twitter_account_id;

-- One trigger for all that a tweet tells: each further one would cost every change, even where nobody listens.
CREATE TRIGGER tweet_change_is_told AFTER UPDATE OF status, error_code, needs_decision ON tweet
WHEN new.status <> 'posting' AND EXISTS (SELECT 1 FROM webhook WHERE is_active = 1)
BEGIN
    INSERT INTO event (type, data, happened_at)
    SELECT 'tweet.' || new.status, data, new.updated_at FROM tweet_told
    WHERE id = new.id AND new.status IN ('posted', 'failed') AND old.status <> new.status;

    -- held until this very moment is no news: it goes out again at once; held on for the same reason is none either
    INSERT INTO event (type, data, about, happened_at)
    SELECT 'tweet.held', data, 'tweet ' || new.id || ' held ' || coalesce(new.error_code, ''), new.updated_at
    FROM tweet_told
    WHERE id = new.id AND new.status = 'held' AND (new.due_at IS NULL OR new.due_at > new.updated_at)
        AND (old.status <> 'held' OR old.error_code IS NOT new.error_code OR old.due_at <= old.updated_at);

    INSERT INTO event (type, data, happened_at)
    SELECT 'tweet.needs_decision', data, new.updated_at FROM tweet_told
    WHERE id = new.id AND new.needs_decision = 1 AND old.needs_decision = 0;

    -- a part that does not go out by itself any more; what its owner takes back is no news to its owner
    INSERT INTO event (type, data, happened_at)
    SELECT 'thread.broken', json_object(
        'thread_id', new.thread_id,
        'account_id', new.twitter_account_id,
        'error_code', new.error_code,
        'parts', (SELECT count(*) FROM tweet AS part WHERE part.thread_id = new.thread_id),
        'posted', (SELECT count(*) FROM tweet AS part WHERE part.thread_id = new.thread_id AND part.status = 'posted'),
        'tweet', json(data)), new.updated_at
    FROM tweet_told
    WHERE id = new.id AND new.thread_id IS NOT NULL
        AND (old.status <> new.status OR old.error_code IS NOT new.error_code)
        AND (new.status = 'failed' OR (new.status = 'held' AND new.error_code = 'late')
            OR (new.status = 'canceled' AND new.error_code = 'too_late' AND new.position = 1));
END;

CREATE TRIGGER account_loss_is_told AFTER UPDATE OF status ON twitter_account
WHEN new.status IN ('failed', 'suspended') AND old.status <> new.status
    AND EXISTS (SELECT 1 FROM webhook WHERE is_active = 1)
BEGIN
    INSERT INTO event (type, data, happened_at) VALUES ('account.failed', json_object(
        'id', new.id,
        'username', new.username,
        'name', new.name,
        'twitter_user_id', new.x_user_id,
        'status', new.status,
        'error_code', new.error_code,
        'updated_at', new.updated_at,
        'mock', json(iif(new.mock, 'true', 'false'))), new.updated_at);
END;

-- once per rest: a probe in vain updates the row
CREATE TRIGGER app_rest_is_told AFTER INSERT ON app_rest WHEN EXISTS (SELECT 1 FROM webhook WHERE is_active = 1)
BEGIN
    INSERT INTO event (type, data, happened_at) VALUES ('app.resting', json_object(
        'error_code', new.code,
        'since', new.since,
        'next_attempt_at', new.probe_at,
        'twitter', CASE WHEN json_valid(new.twitter_error) THEN json(new.twitter_error) END,
        'mock', json(iif(new.mock, 'true', 'false'))), new.since);
END;

PRAGMA user_version = 4;
COMMIT;
