BEGIN IMMEDIATE;

-- What is looked for in a text. Chinese, Japanese, Thai and their like put no blanks between words, Korean joins
-- particles to them, and an emoji stands close to a word: so each such sign is a word of its own here, and 東京 is two
-- that follow each other, which 東京タワー has. The signs are those of storage/search_words.py (a test compares): © and the
-- like, Thai U+0E01 to Myanmar U+109F, Hangul 1100, Khmer 1780, arrows to dingbats 2100, CJK 2E80 to Yi A4C6, Hangul
-- A960 and AC00, CJK F900, narrow kana FF66, old kana 1B000, emoji 1F000, CJK 20000.
CREATE VIEW tweet_words (id, content) AS
SELECT id, CASE WHEN content NOT GLOB '*[¦©®°ก-႟ᄀ-ᇿក-៹℀-⯿⺀-꓆ꥠ-ꥼ가-ퟻ豈-龎ｦ-ￜ𛀀-𛋻🀀-🯹𠀀-𲎯]*' THEN content
ELSE (
    WITH RECURSIVE sign (n, one) AS (
        SELECT 1, substr(content, 1, 1)
        UNION ALL SELECT n + 1, substr(content, n + 1, 1) FROM sign WHERE n < length(content))
    SELECT group_concat(
        CASE WHEN one GLOB '[¦©®°ก-႟ᄀ-ᇿក-៹℀-⯿⺀-꓆ꥠ-ꥼ가-ퟻ豈-龎ｦ-ￜ𛀀-𛋻🀀-🯹𠀀-𲎯]' THEN ' ' || one || ' ' ELSE one END, '')
    FROM sign)
END
FROM tweet;

-- The index of those words, without the texts themselves. A word is of letters, marks, digits, private signs, symbols
-- (emoji) and what SQLite's Unicode does not know (younger emoji), but not of U+FE0E, U+FE0F (which of its two looks a
-- sign has) and U+20E3 (a keycap), which stand behind the dots. `prefix`: a word's first letters find it as fast as it.
CREATE VIRTUAL TABLE tweet_text USING fts5 (
    content, content = 'tweet_words', content_rowid = 'id', columnsize = 0, prefix = '1 2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co So Cn' separators '.︎.️.⃣'"
);
INSERT INTO tweet_text (tweet_text) VALUES ('rebuild');

CREATE TRIGGER tweet_text_added AFTER INSERT ON tweet
BEGIN
    INSERT INTO tweet_text (rowid, content) SELECT id, content FROM tweet_words WHERE id = new.id;
END;
-- what is taken out must be what was put in: hence before, while the old text is there
CREATE TRIGGER tweet_text_leaves BEFORE UPDATE OF content ON tweet WHEN old.content <> new.content
BEGIN
    INSERT INTO tweet_text (tweet_text, rowid, content)
    SELECT 'delete', id, content FROM tweet_words WHERE id = old.id;
END;
CREATE TRIGGER tweet_text_changed AFTER UPDATE OF content ON tweet WHEN old.content <> new.content
BEGIN
    INSERT INTO tweet_text (rowid, content) SELECT id, content FROM tweet_words WHERE id = new.id;
END;
CREATE TRIGGER tweet_text_gone BEFORE DELETE ON tweet
BEGIN
    INSERT INTO tweet_text (tweet_text, rowid, content)
    SELECT 'delete', id, content FROM tweet_words WHERE id = old.id;
END;

-- From a time to the ids that can be meant, since lists go by id: `period` is the ten minutes ('2026-11-20T14:0') in
-- which all tweets from `first_id` up to the next row's were made. Right also where the clock was put back.
CREATE TABLE tweet_period (
    first_id INTEGER PRIMARY KEY,
    period TEXT NOT NULL
) STRICT;
CREATE INDEX tweet_period_by_time ON tweet_period (period, first_id);
INSERT INTO tweet_period (first_id, period)
SELECT id, period
FROM (
    SELECT id, substr(created_at, 1, 15) AS period, lag(substr(created_at, 1, 15)) OVER (ORDER BY id) AS earlier
    FROM tweet)
WHERE period IS NOT earlier;
CREATE TRIGGER tweet_period_begun AFTER INSERT ON tweet
WHEN substr(new.created_at, 1, 15) IS NOT (SELECT period FROM tweet_period ORDER BY first_id DESC LIMIT 1)
BEGIN
    INSERT INTO tweet_period (first_id, period) VALUES (new.id, substr(new.created_at, 1, 15));
END;

CREATE INDEX tweet_by_error ON tweet (error_code, id) WHERE error_code IS NOT NULL;
CREATE INDEX tweet_error_of_account ON tweet (twitter_account_id, error_code, id) WHERE error_code IS NOT NULL;
CREATE INDEX tweet_to_decide ON tweet (id) WHERE needs_decision = 1;

PRAGMA user_version = 6;
COMMIT;
