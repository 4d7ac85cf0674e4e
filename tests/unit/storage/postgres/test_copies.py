"""Copies of a PostgreSQL database: pg_dump and pg_restore."""

import os
import stat
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from psycopg import sql

from tests.support import databases
from tests.support.factories import new_account, new_tweet
from twitter_manager.crypto import hash_key
from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.storage import api_keys, restored, service_state, tweets
from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.database import Database
from twitter_manager.storage.postgres import connection, migrations, replaced_schema
from twitter_manager.storage.postgres.copies import PostgresCopies
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.timestamps import later

TEXT = "a tab\tand\na line \\N"


def look_first(database: Database) -> None:
    with database.transaction() as tx:
        restored.mark_accounts(tx, check_at=later(tx.now, 2))


@pytest.fixture
def copy(db: PostgresDatabase, url: str, tmp_path: Path) -> Path:
    with db.transaction() as tx:
        account = new_account(tx, 1)
        new_tweet(tx, account.id, TEXT)
        service_state.put(tx, service_state.CANARY, "encrypted\tcanary")
    path = tmp_path / "copy.dump"
    PostgresCopies(url).write_to(path)
    return path


def test_what_a_copy_holds(url: str, copy: Path) -> None:
    found = PostgresCopies(url).contents(copy)
    assert found.is_known
    assert (found.damage, found.version) == (None, found.needed)
    assert (found.counts["tweet"], found.counts["twitter_account"], found.counts["webhook"]) == (1, 1, 0)
    assert found.tweets == {"pending": 1}
    assert found.tokens == (("user1", "encrypted access"), ("user1", "encrypted refresh"))


def test_it_comes_back_marked_and_the_earlier_one_is_kept(
    db: PostgresDatabase, opened: Callable[..., PostgresDatabase], url: str, copy: Path
) -> None:
    there = PostgresCopies(url)
    with db.transaction() as tx:
        after = new_tweet(tx, 1, "after the copy")
    assert there.has_data()
    with pytest.raises(CopyFailed, match="in use"):
        there.put_in_place(copy, prepare=look_first)
    db.close()
    kept = there.put_in_place(copy, prepare=look_first)
    assert kept is not None
    assert "_replaced_" in kept
    back = opened()
    assert [row["content"] for row in back.all("SELECT content FROM tweet")] == [TEXT]
    assert restored.count(back) == 1
    with back.transaction() as tx:
        assert new_tweet(tx, 1, "new").id > after.id + 1000
        tx.execute(f'DROP SCHEMA "{kept.split()[1]}" CASCADE')


@pytest.mark.parametrize("version", [number for number, _ in migrations.SHIPPED])
def test_a_copy_of_an_older_version(server: databases.Server, tmp_path: Path, version: int) -> None:
    url = server.empty()
    migrations.migrate(connection.address(url), [each for each in migrations.SHIPPED if each[0] <= version])
    with databases.link(url) as link:
        link.execute(
            "INSERT INTO twitter_account (x_user_id, username, access_token) VALUES ('1', 'alice', 'encrypted');"
            " INSERT INTO tweet (twitter_account_id, content, fingerprint) VALUES (1, 'of old', 'f1'),"
            " (1, 'gone', 'f2');"
            " DELETE FROM tweet WHERE content = 'gone'"
        )
    there, copy = PostgresCopies(url), tmp_path / "copy.dump"
    there.write_to(copy)
    assert there.contents(copy).version == version
    there.put_in_place(copy, prepare=look_first)
    back, fresh = (_schema_in_words(each) for each in (url, server.url_of("fresh")))
    assert back == fresh
    with databases.link(url) as link:
        assert link.execute("SELECT n FROM tweet_count").fetchone() == (1,)
        assert link.execute("SELECT last_value FROM tweet_id_seq").fetchone() == (1_000_002,)


def _schema_in_words(url: str) -> list[str]:
    """Without the key of a dump, which is another one each time."""
    command = ["pg_dump", "--schema-only", "--schema=public", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if "restrict" not in line]


def test_a_copy_that_cannot_be_put_in_place_leaves_everything(
    db: PostgresDatabase, opened: Callable[..., PostgresDatabase], url: str, copy: Path
) -> None:
    db.close()

    def fail(_: Database) -> None:
        raise CopyFailed("not now")

    with pytest.raises(CopyFailed, match="not now"):
        PostgresCopies(url).put_in_place(copy, prepare=fail)
    assert tweets.get(opened(), 1).content == TEXT


def test_which_keys_were_revoked_is_known_while_there_is_a_database(
    db: PostgresDatabase, url: str, server: databases.Server
) -> None:
    with db.transaction() as tx:
        for name in ("leaked", "good"):
            made = api_keys.insert(tx, key_hash=hash_key(name), name=name, source="command")
            assert name == "good" or api_keys.revoke(tx, made.id)
    assert PostgresCopies(url).revoked_keys() == {hash_key("leaked")}
    assert PostgresCopies(server.empty()).revoked_keys() == frozenset()


class Killed(BaseException):
    """As kill -9: nothing is put right any more."""


@pytest.mark.parametrize("moment", ["_restore", "_change"])
@pytest.mark.parametrize("fails", [True, False], ids=["the next one fails", "the next one succeeds"])
def test_nobody_starts_on_a_restore_that_was_killed(
    db: PostgresDatabase,
    opened: Callable[..., PostgresDatabase],
    url: str,
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    *,
    fails: bool,
) -> None:
    with db.transaction() as tx:
        leaked = api_keys.insert(tx, key_hash=hash_key("leaked"), name="leaked", source="command")
        api_keys.revoke(tx, leaked.id)
    db.close()

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(PostgresCopies, moment, killed)
        patch.setattr(replaced_schema, "undo", lambda *_: None)
        PostgresCopies(url).put_in_place(copy, prepare=look_first)
    with pytest.raises(StartRefused, match="restore again"):
        opened().migrate()
    with pytest.raises(StorageUnavailable) as refused:
        opened().value("SELECT count(*) FROM tweet")
    assert "restore again" in refused.value.why
    there = PostgresCopies(url)
    assert there.has_data(), "only --replace goes on: the earlier database may be wanted"
    assert there.revoked_keys() == {hash_key("leaked")}
    if fails:
        with pytest.raises(CopyFailed, match="not now"):
            there.put_in_place(copy, prepare=_fail)
    else:
        kept = there.put_in_place(copy, prepare=look_first)
        assert kept is not None
    again = opened()
    again.migrate()
    assert restored.count(again) == (0 if fails else 1)
    assert (api_keys.find(again, leaked.id) is not None) == fails, "the earlier database"
    schemas = again.all("SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE :like", like="public\\_replaced%")
    assert [f"schema {row['name']} of the same database" for row in schemas] == ([] if fails else [kept])
    for row in schemas:
        with again.transaction() as tx:
            assert tx.value(f"SELECT count(*) FROM {row['name']}.api_key") == 1
            tx.execute(f"DROP SCHEMA {row['name']} CASCADE")


def test_a_cut_copy_is_refused_in_a_line(url: str, copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:-2000])
    with pytest.raises(CopyFailed, match=r"pg_restore|damaged") as refused:
        PostgresCopies(url).contents(copy)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "pg_dump is not installed here"),
        (
            "echo 'pg_dump: error: aborting because of server version mismatch' >&2;"
            " echo 'pg_dump: detail: server version: 15.1; pg_dump version: 13.2' >&2; exit 1",
            "older than the server (server version: 15.1; pg_dump version: 13.2)",
        ),
        ("echo 'pg_dump: error: could not write: No space left on device' >&2; exit 1", "the disk is full"),
        (
            'test "$LC_ALL" = C && echo "No space left on device" >&2 || echo "Kein Platz" >&2; exit 1',
            "the disk is full",
        ),
        ('echo "$*" > "$(dirname "$0")/said"; exit 1', "it ended with 1"),
    ],
)
def test_what_pg_dump_lacks_is_told_in_a_line(
    db: PostgresDatabase, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, words: str
) -> None:
    with db.transaction() as tx:
        new_account(tx, 1)
    monkeypatch.setenv("PATH", str(tmp_path) if script is None else f"{tmp_path}:{os.environ['PATH']}")
    if script is not None:
        (tmp_path / "pg_dump").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "pg_dump").chmod(stat.S_IRWXU)
    with pytest.raises(CopyFailed) as refused:
        PostgresCopies(_with_password(url)).write_to(tmp_path / "copy.dump")
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    if (tmp_path / "said").exists():
        assert "of-nobody" not in (tmp_path / "said").read_text(), "others can read arguments"


@pytest.mark.parametrize("schema", ["Upper", "with space", "do.t", 'quo"te', "any*"])
def test_a_schema_of_any_name(server: databases.Server, tmp_path: Path, schema: str) -> None:
    url = server.empty()
    with databases.link(url) as link:
        link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(f"{schema}y")))
        path = sql.SQL("ALTER DATABASE {} SET search_path = {}")
        link.execute(path.format(sql.Identifier(url.rpartition("/")[2]), sql.Identifier(schema)))
    PostgresDatabase(url).migrate()
    copies, copy = PostgresCopies(url), tmp_path / "copy.dump"
    copies.write_to(copy)
    assert copies.contents(copy).is_known
    assert copies.put_in_place(copy, prepare=look_first) is not None


def test_a_copy_of_another_schema_comes_into_that_of_the_settings(server: databases.Server, copy: Path) -> None:
    url = server.empty()
    with databases.link(url) as link:
        link.execute("CREATE SCHEMA staging")
        PostgresCopies(f"{url}?options=-csearch_path%3Dstaging").put_in_place(copy, prepare=look_first)
        assert link.execute("SELECT content FROM staging.tweet").fetchone() == (TEXT,)
        assert link.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.parametrize("has_tables", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_what_else_is_in_the_schema_stays(
    server: databases.Server, copy: Path, *, has_tables: bool, fails: bool
) -> None:
    url = server.empty()
    role = f"{url.rpartition('/')[2]}_mine"
    with databases.link(url) as link:
        link.execute(f"CREATE ROLE {role} LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO {role}".encode())
        link.execute(f"GRANT CREATE ON DATABASE {url.rpartition('/')[2]} TO {role}".encode())
        link.execute("CREATE EXTENSION pg_trgm; CREATE VIEW theirs AS SELECT 1 AS one")
        mine = url.replace("postgres@", f"{role}@")
        if has_tables:
            PostgresDatabase(mine).migrate()
        before = link.execute(_ALL_OF_PUBLIC).fetchall()
        try:
            with pytest.raises(CopyFailed, match="not now") if fails else nullcontext():
                PostgresCopies(mine).put_in_place(copy, prepare=_fail if fails else look_first)
            after = link.execute(_ALL_OF_PUBLIC).fetchall()
        finally:
            link.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}".encode())
    assert after == before if fails else set(before) <= set(after)


_ALL_OF_PUBLIC = """
    SELECT relname::text, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT proname, 'function' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname LIKE 'public' ORDER BY 1, 2
"""


def _fail(_: Database) -> None:
    raise CopyFailed("not now")


def _with_password(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}password=of-nobody"
