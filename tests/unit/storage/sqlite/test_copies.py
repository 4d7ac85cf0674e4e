"""A copy of each version comes back, and is brought up to date."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.sqlite.copies import SqliteCopies
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.sqlite.migrations import SHIPPED, migrate

_ROWS = """
    INSERT INTO twitter_account (x_user_id, username, access_token) VALUES ('1', 'alice', 'encrypted');
    INSERT INTO tweet (twitter_account_id, content, fingerprint) VALUES (1, 'κόσμος of old', 'f1'), (1, 'gone', 'f2');
    DELETE FROM tweet WHERE content = 'gone';
"""


def test_a_name_that_is_no_text_is_told_in_a_line(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    migrate(copy)
    with closing(sqlite3.connect(copy)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    content = copy.read_bytes()
    assert content.count(b"CREATE TABLE worker (") == 1
    copy.write_bytes(content.replace(b"CREATE TABLE worker (", b"CREATE TABLE worker \xba"))
    for use in (lambda each: each.contents(copy), lambda each: each.put_in_place(copy, prepare=lambda _: None)):
        with pytest.raises(CopyFailed, match=r"damaged|malformed"):
            use(SqliteCopies(tmp_path / "database.db"))
    assert not (tmp_path / "database.db").exists()


@pytest.mark.parametrize("version", [number for number, _ in SHIPPED])
def test_a_copy_of_an_older_version(tmp_path: Path, version: int) -> None:
    copy, path = tmp_path / "copy", tmp_path / "database.db"
    migrate(copy, SHIPPED[:version])
    with closing(sqlite3.connect(copy)) as raw:
        raw.executescript(_ROWS)
    copies = SqliteCopies(path)
    assert (copies.contents(copy).version, copies.contents(copy).damage) == (version, None)
    assert copies.put_in_place(copy, prepare=lambda _: None) is None
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(("database", "."))] == ["database.db"]
    database = SqliteDatabase(path)
    found = "SELECT content FROM tweet WHERE id IN (SELECT rowid FROM tweet_text WHERE tweet_text MATCH :word)"
    assert [row["content"] for row in database.all(found, word="old")] == ["κόσμος of old"]
    assert database.value("SELECT seq FROM sqlite_sequence WHERE name = 'tweet'") == 1_000_002
    assert database.all("PRAGMA integrity_check")[0][0] == "ok"
    assert database.value("SELECT n FROM tweet_count WHERE account_id = 1 AND status = 'pending'") == 1
    database.close()
