BEGIN IMMEDIATE;

-- A row of a batch that was refused: where it stood and whose it was to be, and why; not its text, which its owner has.
-- It goes with its batch, or with its account.
CREATE TABLE batch_refusal (
    batch_id INTEGER NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0), -- in what was sent, from 0
    account_id INTEGER, -- as it was sent; NULL: that was no id
    twitter_account_id INTEGER REFERENCES twitter_account (id) ON DELETE CASCADE, -- NULL: there was none with that id
    after_tweet_id INTEGER NOT NULL, -- the last tweet of the batch in front of it, which may be gone by now; 0: none
    problems TEXT NOT NULL, -- JSON: [{field, code, message, …}]
    PRIMARY KEY (batch_id, position)
) STRICT;
CREATE INDEX batch_refusal_of_account ON batch_refusal (twitter_account_id) WHERE twitter_account_id IS NOT NULL;

PRAGMA user_version = 10;
COMMIT;
