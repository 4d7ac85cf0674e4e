BEGIN IMMEDIATE;

-- When somebody revoked the key. NULL with is_active = 0: a value of the setting API_KEY that a later one replaced; set
-- again, it works again, and a revoked one never does.
ALTER TABLE api_key ADD COLUMN revoked_at TEXT CHECK (revoked_at IS NULL OR is_active = 0);

-- The setting's value in force was active until somebody revoked it: where none is, that may be any of them.
UPDATE api_key SET revoked_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE is_active = 0
    AND (source = 'command' OR NOT EXISTS (
        SELECT 1 FROM api_key AS other WHERE other.source = 'setting' AND other.is_active = 1));

PRAGMA user_version = 7;
COMMIT;
