"""A start on PostgreSQL: the tables are made once, and what is wrong is one line without a password."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support import databases
from tests.support.service_process import free_port
from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.storage import service_state
from twitter_manager.storage.postgres import connection, migrations
from twitter_manager.storage.postgres.connection import address
from twitter_manager.storage.postgres.engine import PostgresDatabase

NEWEST = migrations.SHIPPED[-1][0]
PASSWORD = "s3cret-p@ss/word"
Open = Callable[..., PostgresDatabase]


def refusal(url: str) -> str:
    with pytest.raises(StartRefused) as refused:
        PostgresDatabase(url).migrate()
    (line,) = str(refused.value).splitlines()
    assert line.startswith(("DATABASE_URL: ", "DATABASE_URL is "))
    assert "s3cret" not in line
    return line


def version(url: str) -> int:
    with databases.link(url) as link:
        row = link.execute("SELECT version FROM schema_version").fetchone()
        return int(row[0]) if row else 0


def test_several_starts_at_once_make_the_tables_once(server: databases.Server) -> None:
    url = server.empty()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: PostgresDatabase(url).migrate(), range(4)))
    assert version(url) == NEWEST


def test_a_script_that_fails_leaves_everything_as_it_was(server: databases.Server) -> None:
    url = server.empty()
    broken = (*migrations.SHIPPED, (NEWEST + 1, "CREATE TABLE more (id integer); SELECT 1 / 0;"))
    with pytest.raises(StartRefused, match="division by zero"):
        migrations.migrate(address(url), broken)
    with databases.link(url) as link:
        assert link.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_newer_database_is_refused_and_an_older_one_is_not_worked_on(server: databases.Server, opened: Open) -> None:
    url = server.empty()
    PostgresDatabase(url).migrate()
    with databases.link(url) as link:
        link.execute("UPDATE schema_version SET version = version + 1")
        assert f"version {NEWEST + 1}, newer than this program" in refusal(url)
        with pytest.raises(StorageUnavailable):
            opened(url).value("SELECT 1")
        link.execute("UPDATE schema_version SET version = version - 2")
        with pytest.raises(StorageUnavailable) as unavailable:
            opened(url).value("SELECT 1")
    assert f"this program needs {NEWEST}" in unavailable.value.why


def test_what_is_wrong_with_the_address(server: databases.Server) -> None:
    good = server.empty()
    rest = good.partition("@")[2]
    place, _, name = rest.partition("/")
    quoted = "s3cret-p%40ss%2Fword"
    assert "does not exist" in refusal(f"postgresql://postgres:{quoted}@{place}/there_is_no_such")
    assert "does not exist" in refusal(f"postgresql://nobody_known:{quoted}@{place}/{name}")
    assert "refused" in refusal(f"postgresql://postgres:{quoted}@127.0.0.1:{free_port()}/{name}")
    assert "percent" not in refusal(f"postgresql://postgres:{PASSWORD}%zz@{place}/{name}")
    assert "looks like" in refusal(f"postgresql://postgres:{quoted}@{place}/{name}?s3cret=1")


def test_a_database_in_another_encoding(server: databases.Server) -> None:
    url = server.empty(ENCODING="'LATIN1'", TEMPLATE="template0", LOCALE="'C'")
    assert "has the encoding LATIN1" in refusal(url)


def test_a_database_of_another_program(server: databases.Server) -> None:
    url = server.empty()
    with databases.link(url) as link:
        link.execute("CREATE TABLE theirs (id integer)")
    assert "some other program" in refusal(url)


def test_a_user_without_rights(server: databases.Server) -> None:
    url = server.empty()
    name = url.rpartition("/")[2]
    role = f"{name}_guest"
    server.run(f"CREATE ROLE {role} LOGIN")
    try:
        guest = url.replace("postgres@", f"{role}@")
        assert "permission denied" in refusal(guest)
        PostgresDatabase(url).migrate()
        assert "permission denied" in refusal(guest)
        with databases.link(url) as link:
            link.execute(f"DROP SCHEMA IF EXISTS other; CREATE SCHEMA other AUTHORIZATION {role}".encode())
            link.execute(f"ALTER ROLE {role} SET search_path = other".encode())
        own = PostgresDatabase(guest)
        own.migrate()
        with own.transaction() as tx:
            service_state.put(tx, "mine", "1")
        own.close()
    finally:
        with databases.link(url) as link:
            link.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}".encode())


def test_an_old_server_is_refused(server: databases.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "OLDEST_SERVER", 990_000)
    assert "too old" in refusal(server.empty())


def test_a_password_with_an_at_sign_is_not_told_as_a_host(server: databases.Server) -> None:
    assert "%40" in refusal("postgresql://user:first@s3cret@127.0.0.1:5432/any")


def test_another_program_s_table_of_versions(server: databases.Server) -> None:
    url = server.empty()
    with databases.link(url) as link:
        link.execute("CREATE TABLE schema_version (version varchar(50)); INSERT INTO schema_version VALUES ('1.1')")
    assert "some other program" in refusal(url)


def test_tables_in_another_schema_of_the_search_path(server: databases.Server) -> None:
    """Whose turn it is goes by the first schema: two services with different ones would not wait for each other."""
    url = server.empty()
    PostgresDatabase(url).migrate()
    with databases.link(url) as link:
        link.execute("CREATE SCHEMA other")
    assert "the tables are in the schema public, and search_path begins with other" in refusal(
        f"{url}?options=-csearch_path%3Dother,public"
    )
    alone = f"{url}?options=-csearch_path%3Dother"
    PostgresDatabase(alone).migrate()
    with databases.link(url) as link:
        assert link.execute("SELECT version FROM other.schema_version").fetchone() == (NEWEST,)


def test_a_pooler_that_shares_sessions(server: databases.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.empty()
    with databases.link(url) as shared:
        monkeypatch.setattr(connection, "connect", lambda *_, **__: _Borrowed(shared))
        assert "pooler" in refusal(url)


class _Borrowed:
    """A connection that others have, too."""

    def __init__(self, link: Any) -> None:
        self._link = link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def close(self) -> None:
        pass
