"""A copy that somebody else made: its rows are taken, and nothing of it is ever run."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.test_cli import run
from tests.integration.test_copies import cli, opened
from tests.support import databases
from tests.support.clock import Clock
from tests.support.service import Service
from twitter_manager import config
from twitter_manager.config import Settings

KEY_OF_A_STRANGER = "0" * 64
_SQLITE = f"""
    CREATE TRIGGER lets_in AFTER INSERT ON tweet BEGIN
        INSERT INTO api_key (key_hash, name) VALUES ('{KEY_OF_A_STRANGER}', 'stranger');
    END;
    CREATE TRIGGER lets_in_at_a_look AFTER UPDATE ON service_state BEGIN
        INSERT OR IGNORE INTO api_key (key_hash, name) VALUES ('{KEY_OF_A_STRANGER}', 'stranger');
    END;
    CREATE VIEW of_a_stranger AS SELECT * FROM twitter_account;
    CREATE TABLE others_rows (id INTEGER PRIMARY KEY);
    DROP TRIGGER tweet_counted;
    CREATE INDEX of_a_stranger_too ON tweet (lower(content));
"""
_POSTGRESQL = f"""
    CREATE FUNCTION let_in() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.api_key (key_hash, name) VALUES ('{KEY_OF_A_STRANGER}', 'stranger') ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$;
    CREATE TRIGGER lets_in AFTER INSERT ON tweet FOR EACH ROW EXECUTE FUNCTION let_in();
    CREATE TRIGGER lets_in_always AFTER INSERT ON twitter_account FOR EACH ROW EXECUTE FUNCTION let_in();
    ALTER TABLE twitter_account ENABLE ALWAYS TRIGGER lets_in_always;
    CREATE FUNCTION count_in() RETURNS bigint LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.api_key (key_hash, name) VALUES ('{KEY_OF_A_STRANGER}', 'stranger') ON CONFLICT DO NOTHING;
        RETURN 1;
    END $$;
    CREATE MATERIALIZED VIEW of_a_stranger AS SELECT count_in();
    CREATE TABLE others_rows (id bigint DEFAULT count_in() CHECK (count_in() = 1));
    INSERT INTO others_rows DEFAULT VALUES;
    DELETE FROM api_key WHERE name = 'stranger';
    CREATE OR REPLACE FUNCTION tweet_counted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.api_key (key_hash, name) VALUES ('{KEY_OF_A_STRANGER}', 'stranger') ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$;
"""


def database_of_its_own() -> dict[str, str]:
    return {} if databases.chosen() == "sqlite" else {"DATABASE_URL": databases.server().empty()}


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    """Of the stranger: its database is changed."""
    return start(**database_of_its_own())


@pytest.fixture
def settings(elsewhere: Path) -> Settings:
    return config.load(elsewhere, database_of_its_own())


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


def change(service: Service, sqlite: str, postgresql: str) -> None:
    """As somebody who has the database, not the service."""
    if databases.chosen() == "postgresql":
        with databases.link(str(service.services.settings.database_url)) as link:
            link.execute(postgresql.encode())
    else:
        with closing(sqlite3.connect(service.services.settings.database_path)) as db:
            db.executescript(sqlite)


def names_of_objects(service: Service) -> set[str]:
    db = service.services.db
    if databases.chosen() == "sqlite":
        return {row["name"] for row in db.all("SELECT name FROM sqlite_schema")}
    return {
        row["name"]
        for row in db.all(
            """
            SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
            """
        )
    }


def test_its_rows_are_taken_and_its_triggers_functions_and_views_are_not(
    service: Service, alice: int, tmp_path: Path, elsewhere: Path, settings: Settings, clock: Clock
) -> None:
    first = service.tweet(alice, "in the copy")
    ours = names_of_objects(service)
    change(service, _SQLITE, _POSTGRESQL)
    path = tmp_path / "copy.tar"
    assert run(service, "backup", str(path), "--with-secrets")[0] == 0
    code, _, err = cli(settings, clock, "restore", str(path))
    assert code == 0, err
    there = opened(elsewhere, clock, DATABASE_URL=settings.database_url)
    assert there.tweet(alice, "and one more") > first
    assert there.client.get("/api/v1/stats").json["tweets"]["total"] == 2
    assert [key["name"] for key in there.client.get("/api/v1/keys").json["keys"]] == ["API_KEY"]
    assert names_of_objects(there) == ours
    there.services.close()


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("DROP TABLE batch_refusal", "batch_refusal"),
        ("ALTER TABLE webhook ADD COLUMN more text", "webhook"),
        ("ALTER TABLE audit DROP COLUMN code", "audit"),
        ("ALTER TABLE app_rest RENAME TO former; CREATE VIEW app_rest AS SELECT * FROM former", "app_rest"),
        (
            "DROP TABLE worker; CREATE TABLE worker (id text, host text, started_at text,"
            " seen_at text GENERATED ALWAYS AS (id || host) STORED)",
            "worker",
        ),
    ],
)
def test_one_whose_tables_are_others_is_refused_in_a_line(
    service: Service, tmp_path: Path, elsewhere: Path, settings: Settings, clock: Clock, statement: str, table: str
) -> None:
    change(service, statement, statement)
    path = tmp_path / "copy.tar"
    assert run(service, "backup", str(path), "--with-secrets")[0] == 0
    code, _, err = cli(settings, clock, "restore", str(path))
    assert (code, len(err.splitlines())) == (1, 1), err
    assert f"table {table}" in err
    there = opened(elsewhere, clock, DATABASE_URL=settings.database_url)
    assert there.client.get("/api/v1/tweets").json["total"] == 0
    there.services.close()


def test_of_its_simulated_x_too_only_the_rows_are_taken(
    service: Service, alice: int, tmp_path: Path, elsewhere: Path, settings: Settings, clock: Clock
) -> None:
    service.world.write("alice", "from the phone")
    with closing(sqlite3.connect(service.services.settings.simulator_path)) as world:
        world.executescript(
            "CREATE TRIGGER takes_away AFTER INSERT ON user BEGIN DELETE FROM post; END;"
            "CREATE VIEW of_a_stranger AS SELECT * FROM token; DROP VIEW latest_post;"
            "CREATE VIEW latest_post AS SELECT * FROM post WHERE 0;"
        )
    path = tmp_path / "copy.tar"
    assert run(service, "backup", str(path), "--with-secrets")[0] == 0
    code, _, err = cli(settings, clock, "restore", str(path))
    assert code == 0, err
    there = opened(elsewhere, clock, DATABASE_URL=settings.database_url)
    there.connect("bob")
    assert [post.text for post in there.world.posts()] == ["from the phone"]
    with closing(sqlite3.connect(there.services.settings.simulator_path)) as world:
        kinds = world.execute("SELECT type, name FROM sqlite_schema WHERE type IN ('view', 'trigger')").fetchall()
        assert kinds == [("view", "latest_post")]
    there.services.close()
