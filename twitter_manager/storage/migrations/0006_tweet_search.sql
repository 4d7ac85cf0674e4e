BEGIN IMMEDIATE;

-- What stands in a text to be looked for. Chinese, Japanese, Thai and their like put no blanks between words, and Korean
-- joins particles to them; an emoji stands close to a word, too. So every sign of theirs is a word of its own here, and
-- what is looked for is signs that follow each other, whatever their number: 東京タワー holds 東京 and 京. The signs are those of
-- storage/search_words.py (a test compares): © and the like, U+0E01 Thai to U+109F Myanmar, 1100 Hangul, 1780 Khmer,
-- 2100 arrows and dingbats, 2E80 CJK to A4C6 Yi, A960 and AC00 Hangul, F900 CJK, FF66 halfwidth kana, 1B000 old kana,
-- 1F000 emoji, 20000 CJK.
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

-- The index of those words, without the texts themselves. A word is letters, marks, digits, private signs, symbols (emoji)
-- and what this SQLite's Unicode does not know yet (younger emoji); the two variation selectors and the frame of a keycap
-- are none. `prefix`: the first letters of a word find it as fast as the word.
CREATE VIRTUAL TABLE tweet_text USING fts5 (
    content, content = 'tweet_words', content_rowid = 'id', columnsize = 0, prefix = '1 2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co So Cn' separators '︎️⃣'"
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

-- Lists go by id, and ids grow with time except where a clock was put back. `period` is ten minutes ('2026-11-20T14:0') in
-- which all tweets from `first_id` up to the next row's were made: from a time to the ids that can be meant, on any clock.
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
