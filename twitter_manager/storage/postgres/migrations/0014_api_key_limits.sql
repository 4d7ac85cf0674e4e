-- What a key may do. The keys there were may do everything, as before. `scopes` are words with blanks between them,
-- `account_ids` a JSON list: NULL is no limit, and a list whose accounts were all deleted is none of them.
ALTER TABLE api_key
    ADD COLUMN scopes text NOT NULL DEFAULT 'admin' CHECK (scopes <> ''),
    ADD COLUMN account_ids text CHECK (account_ids IS NULL OR is_json(account_ids)),
    ADD COLUMN world text CHECK (world IN ('mock', 'live')),
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN requests_per_minute bigint CHECK (requests_per_minute > 0),
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN made_by bigint REFERENCES api_key (id);

-- The calls of the last minute, of keys that have a limit: a JSON object of how many were made in which second.
CREATE TABLE api_key_calls (
    api_key_id bigint PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    calls text NOT NULL DEFAULT '{}' CHECK (is_json(calls))
);

-- Whose it is: of a batch the key that sent it, of a webhook the key with limits that made it. NULL: everybody's.
ALTER TABLE batch ADD COLUMN api_key_id bigint REFERENCES api_key (id);
ALTER TABLE webhook ADD COLUMN api_key_id bigint REFERENCES api_key (id);

-- A webhook of a key with limits is told what the key may see, while the key is good. What is of no account is of the
-- whole app.
CREATE OR REPLACE FUNCTION event_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_delivery (webhook_id, event, data, about, queued_at, next_attempt_at, created_at)
    SELECT webhook.id, new.type, new.data, new.about, new.happened_at, new.happened_at, new.happened_at
    FROM webhook
    WHERE webhook.is_active = 1 AND webhook.events::jsonb ? new.type
        AND (webhook.api_key_id IS NULL OR EXISTS (
            SELECT 1 FROM api_key
            WHERE api_key.id = webhook.api_key_id AND api_key.is_active = 1
                AND coalesce(api_key.expires_at > new.happened_at, TRUE)
                AND coalesce((api_key.world = 'mock') = coalesce(
                    new.data::jsonb ->> 'mock', new.data::jsonb -> 'tweet' ->> 'mock')::boolean, api_key.world IS NULL)
                AND (api_key.account_ids IS NULL OR new.type LIKE 'app.%' OR api_key.account_ids::jsonb @> coalesce(
                    new.data::jsonb -> 'account_id', new.data::jsonb -> 'id', 'null'::jsonb))))
        AND (new.about IS NULL OR NOT EXISTS (
            SELECT 1 FROM webhook_delivery AS told
            WHERE told.about = new.about AND told.webhook_id = webhook.id
                AND told.created_at > new.happened_at - interval '1 hour'))
    ORDER BY webhook.id;
    RETURN new;
END
$$;
