BEGIN IMMEDIATE;

-- What a key may do. The keys there were may do everything, as before. `scopes` are words with blanks between them,
-- `account_ids` a JSON list: NULL is no limit, and a list whose accounts were all deleted is none of them.
ALTER TABLE api_key ADD COLUMN scopes TEXT NOT NULL DEFAULT 'admin' CHECK (scopes <> '');
ALTER TABLE api_key ADD COLUMN account_ids TEXT CHECK (account_ids IS NULL OR json_valid(account_ids));
ALTER TABLE api_key ADD COLUMN world TEXT CHECK (world IN ('mock', 'live'));
ALTER TABLE api_key ADD COLUMN expires_at TEXT;
ALTER TABLE api_key ADD COLUMN requests_per_minute INTEGER CHECK (requests_per_minute > 0);
ALTER TABLE api_key ADD COLUMN last_used_at TEXT;
ALTER TABLE api_key ADD COLUMN made_by INTEGER REFERENCES api_key (id);

-- The calls of the last minute, of keys that have a limit: a JSON object of how many were made in which second.
CREATE TABLE api_key_calls (
    api_key_id INTEGER PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    calls TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(calls))
) STRICT;

-- Whose it is: of a batch the key that sent it, of a webhook the key with limits that made it. NULL: everybody's.
ALTER TABLE batch ADD COLUMN api_key_id INTEGER REFERENCES api_key (id);
ALTER TABLE webhook ADD COLUMN api_key_id INTEGER REFERENCES api_key (id);

-- A webhook of a key with limits is told what the key may see, while the key is good. What is of no account is of the
-- whole app.
DROP TRIGGER event_queued;
CREATE TRIGGER event_queued INSTEAD OF INSERT ON event
BEGIN
    INSERT INTO webhook_delivery (webhook_id, event, data, about, queued_at, next_attempt_at, created_at)
    SELECT webhook.id, new.type, new.data, new.about, new.happened_at, new.happened_at, new.happened_at
    FROM webhook
    WHERE webhook.is_active = 1 AND EXISTS (SELECT 1 FROM json_each(webhook.events) WHERE value = new.type)
        AND (webhook.api_key_id IS NULL OR EXISTS (
            SELECT 1 FROM api_key
            WHERE api_key.id = webhook.api_key_id AND api_key.is_active = 1
                AND coalesce(api_key.expires_at > new.happened_at, 1)
                AND coalesce((api_key.world = 'mock') = coalesce(
                    json_extract(new.data, '$.mock'), json_extract(new.data, '$.tweet.mock')), api_key.world IS NULL)
                AND (api_key.account_ids IS NULL OR new.type LIKE 'app.%' OR EXISTS (
                    SELECT 1 FROM json_each(api_key.account_ids)
                    WHERE value = coalesce(json_extract(new.data, '$.account_id'), json_extract(new.data, '$.id'))))))
        AND (new.about IS NULL OR NOT EXISTS (
            SELECT 1 FROM webhook_delivery AS told
            WHERE told.about = new.about AND told.webhook_id = webhook.id
                AND told.created_at > strftime('%Y-%m-%dT%H:%M:%fZ', new.happened_at, '-1 hour')))
    ORDER BY webhook.id;
END;

PRAGMA user_version = 14;
COMMIT;
