BEGIN IMMEDIATE;

-- A file that a caller gave us: storage/media.py. Equal files have one file in the store, under one `file_key`, and a
-- row each. `frame_rate`: frames in 1,000 seconds.
CREATE TABLE media (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- an id is never given twice: posts name it
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    file_key TEXT NOT NULL CHECK (file_key <> ''),
    type TEXT NOT NULL CHECK (type IN ('photo', 'gif', 'video', 'subtitles')),
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    width INTEGER CHECK (width > 0),
    height INTEGER CHECK (height > 0),
    duration_ms INTEGER CHECK (duration_ms >= 0),
    frame_rate INTEGER CHECK (frame_rate >= 0),
    frame_count INTEGER CHECK (frame_count > 0),
    video_codec TEXT,
    audio_codec TEXT,
    alt_text TEXT,
    file_name TEXT,
    api_key_id INTEGER REFERENCES api_key (id), -- the key with limits that it belongs to; NULL: everybody's
    created_at TEXT NOT NULL,
    last_used_at TEXT -- a tweet needed it, to the day
) STRICT;
CREATE INDEX media_by_content ON media (sha256);
CREATE INDEX media_by_file ON media (file_key);
CREATE INDEX media_of_key ON media (api_key_id, id) WHERE api_key_id IS NOT NULL;

-- the subtitles of a video, one for each language
CREATE TABLE media_subtitles (
    video_id INTEGER NOT NULL REFERENCES media (id) ON DELETE CASCADE,
    language_code TEXT NOT NULL,
    subtitles_id INTEGER NOT NULL REFERENCES media (id),
    display_name TEXT NOT NULL,
    PRIMARY KEY (video_id, language_code)
) STRICT;
CREATE INDEX media_subtitles_used ON media_subtitles (subtitles_id);

-- Which tweets name which media of ours: kept by the triggers below, whatever changes tweet.media_ids. Ids of more than
-- 12 digits are X's.
CREATE TABLE tweet_media (
    tweet_id INTEGER NOT NULL REFERENCES tweet (id) ON DELETE CASCADE,
    media_id INTEGER NOT NULL REFERENCES media (id) ON DELETE CASCADE,
    PRIMARY KEY (tweet_id, media_id)
) STRICT;
CREATE INDEX tweet_media_used ON tweet_media (media_id);

CREATE TRIGGER tweet_media_named AFTER INSERT ON tweet WHEN new.media_ids <> '[]'
BEGIN
    INSERT INTO tweet_media (tweet_id, media_id)
    SELECT DISTINCT new.id, media.id FROM json_each(new.media_ids) AS named
    JOIN media ON media.id = CAST(named.value AS INTEGER) WHERE length(named.value) <= 12;
END;

CREATE TRIGGER tweet_media_changed AFTER UPDATE OF media_ids ON tweet WHEN old.media_ids <> new.media_ids
BEGIN
    DELETE FROM tweet_media WHERE tweet_id = new.id;
    INSERT INTO tweet_media (tweet_id, media_id)
    SELECT DISTINCT new.id, media.id FROM json_each(new.media_ids) AS named
    JOIN media ON media.id = CAST(named.value AS INTEGER) WHERE length(named.value) <= 12;
END;

PRAGMA user_version = 17;
COMMIT;
