BEGIN IMMEDIATE;

-- What is looked for in a text, folded: κόσμος is found by κοσμος, Ёлка by елка, Arabic and Hebrew with and without
-- their points. storage/search_words.py folds texts and queries alike (here as the function search_words), and it spaces
-- the signs that are words of their own, which the view of migration 0006 did. Stored, and not worked out again when the
-- index forgets a text: another Python may know other characters. NULL: the text itself, as for all of plain ASCII.
ALTER TABLE tweet ADD COLUMN search_words TEXT;

DROP TRIGGER tweet_text_added;
DROP TRIGGER tweet_text_leaves;
DROP TRIGGER tweet_text_changed;
DROP TRIGGER tweet_text_gone;
DROP TABLE tweet_text;
DROP VIEW tweet_words;

UPDATE tweet SET search_words = search_words(content);

CREATE VIEW tweet_words (id, content) AS SELECT id, coalesce(search_words, content) FROM tweet;

-- As in migration 0006.
CREATE VIRTUAL TABLE tweet_text USING fts5 (
    content, content = 'tweet_words', content_rowid = 'id', columnsize = 0, prefix = '1 2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co So Cn' separators '.︎.️.⃣'"
);
INSERT INTO tweet_text (tweet_text) VALUES ('rebuild');

CREATE TRIGGER tweet_text_added AFTER INSERT ON tweet
BEGIN
    INSERT INTO tweet_text (rowid, content) VALUES (new.id, coalesce(new.search_words, new.content));
END;
CREATE TRIGGER tweet_text_changed AFTER UPDATE OF content, search_words ON tweet
WHEN coalesce(old.search_words, old.content) <> coalesce(new.search_words, new.content)
BEGIN
    INSERT INTO tweet_text (tweet_text, rowid, content)
    VALUES ('delete', old.id, coalesce(old.search_words, old.content));
    INSERT INTO tweet_text (rowid, content) VALUES (new.id, coalesce(new.search_words, new.content));
END;
CREATE TRIGGER tweet_text_gone AFTER DELETE ON tweet
BEGIN
    INSERT INTO tweet_text (tweet_text, rowid, content)
    VALUES ('delete', old.id, coalesce(old.search_words, old.content));
END;

PRAGMA user_version = 8;
COMMIT;
