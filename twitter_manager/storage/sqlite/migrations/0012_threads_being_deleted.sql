BEGIN IMMEDIATE;

-- until when the posts of a thread are being deleted at X; nobody resumes it meanwhile
ALTER TABLE thread ADD COLUMN deleting_until TEXT;

PRAGMA user_version = 12;
COMMIT;
