BEGIN IMMEDIATE;

-- what a post can have beside its text; ids are X's, or ours in media_ids (JSON lists and objects)
ALTER TABLE tweet ADD COLUMN quote_of TEXT;
ALTER TABLE tweet ADD COLUMN media_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tweet ADD COLUMN poll TEXT;
ALTER TABLE tweet ADD COLUMN reply_settings TEXT;
ALTER TABLE tweet ADD COLUMN community_id TEXT;
ALTER TABLE tweet ADD COLUMN made_with_ai INTEGER NOT NULL DEFAULT 0 CHECK (made_with_ai IN (0, 1));
ALTER TABLE tweet ADD COLUMN paid_partnership INTEGER NOT NULL DEFAULT 0 CHECK (paid_partnership IN (0, 1));
ALTER TABLE tweet ADD COLUMN late_policy TEXT NOT NULL DEFAULT 'publish'
    CHECK (late_policy IN ('publish', 'skip', 'hold'));

CREATE TABLE thread (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES twitter_account (id) ON DELETE CASCADE,
    stopped_at TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE INDEX thread_of_account ON thread (account_id, id);

CREATE TABLE batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

-- a part behind the first has no due time before the part in front of it is at X
ALTER TABLE tweet ADD COLUMN thread_id INTEGER REFERENCES thread (id) ON DELETE CASCADE;
ALTER TABLE tweet ADD COLUMN position INTEGER CHECK ((position IS NULL) = (thread_id IS NULL) AND position >= 1);
ALTER TABLE tweet ADD COLUMN batch_id INTEGER REFERENCES batch (id) ON DELETE SET NULL;
CREATE UNIQUE INDEX tweet_of_thread ON tweet (thread_id, position) WHERE thread_id IS NOT NULL;
CREATE INDEX tweet_of_batch ON tweet (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX tweet_next_part ON tweet (twitter_account_id, due_at) WHERE position > 1 AND due_at IS NOT NULL;
-- what was held goes out in its old place, not in that of the moment until which it was held
CREATE INDEX tweet_order ON tweet (
    twitter_account_id, CASE status WHEN 'held' THEN coalesce(scheduled_at, created_at) ELSE due_at END)
    WHERE due_at IS NOT NULL;
CREATE INDEX tweet_waiting_part ON tweet (twitter_account_id, coalesce(scheduled_at, created_at))
    WHERE position > 1 AND due_at IS NULL AND status IN ('pending', 'scheduled');
CREATE INDEX tweet_not_wanted_late ON tweet (twitter_account_id, scheduled_at)
    WHERE late_policy <> 'publish' AND due_at IS NOT NULL;
CREATE INDEX tweet_equal ON tweet (twitter_account_id, fingerprint) WHERE status NOT IN ('draft', 'failed', 'canceled');

-- what nothing is left of is not there any more
CREATE TRIGGER thread_without_parts AFTER DELETE ON tweet WHEN old.thread_id IS NOT NULL
BEGIN
    DELETE FROM thread WHERE id = old.thread_id AND NOT EXISTS (SELECT 1 FROM tweet WHERE thread_id = old.thread_id);
END;
CREATE TRIGGER batch_without_tweets AFTER DELETE ON tweet WHEN old.batch_id IS NOT NULL
BEGIN
    DELETE FROM batch WHERE id = old.batch_id AND NOT EXISTS (SELECT 1 FROM tweet WHERE batch_id = old.batch_id);
END;

PRAGMA user_version = 2;
COMMIT;
