BEGIN IMMEDIATE;

-- Lists in the order of the times at which tweets go out or went out: storage/tweet_lists.py. Only a posted one has
-- posted_at, so that no status narrows it.
CREATE INDEX tweet_scheduled ON tweet (scheduled_at, id) WHERE scheduled_at IS NOT NULL;
CREATE INDEX tweet_scheduled_by_status ON tweet (status, scheduled_at, id) WHERE scheduled_at IS NOT NULL;
CREATE INDEX tweet_scheduled_of_account ON tweet (twitter_account_id, scheduled_at, id) WHERE scheduled_at IS NOT NULL;
CREATE INDEX tweet_scheduled_by_account ON tweet (twitter_account_id, status, scheduled_at, id)
    WHERE scheduled_at IS NOT NULL;
CREATE INDEX tweet_posted ON tweet (posted_at, id) WHERE posted_at IS NOT NULL;
CREATE INDEX tweet_posted_of_account ON tweet (twitter_account_id, posted_at, id) WHERE posted_at IS NOT NULL;

PRAGMA user_version = 11;
COMMIT;
