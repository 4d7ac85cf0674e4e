"""Migrations: from nothing, from older, from newer, from foreign files; a broken one leaves no trace."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.sqlite.migrations import SHIPPED, Script, migrate

NEWEST = SHIPPED[-1][0]
NEXT = NEWEST + 1


def next_script(*statements: str) -> tuple[Script, ...]:
    """What is shipped, and one migration more."""
    body = ";\n".join(statements)
    return (*SHIPPED, (NEXT, f"BEGIN IMMEDIATE;\n{body};\nPRAGMA user_version = {NEXT};\nCOMMIT;\n"))


def run(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


def version(path: Path) -> object:
    return run(path, "PRAGMA user_version")[0][0]


def tables(path: Path) -> set[object]:
    return {name for (name,) in run(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.bak"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "a.db"


@pytest.fixture
def migrated(path: Path) -> Path:
    migrate(path)
    run(path, "INSERT INTO service_state VALUES ('kept', 'yes')")
    return path


def test_from_nothing(path: Path) -> None:
    migrate(path)
    assert version(path) == NEWEST
    assert {"api_key", "twitter_account", "tweet", "oauth_state"} <= tables(path)
    assert run(path, "PRAGMA journal_mode") == [("wal",)]
    assert copies(path) == []


def test_once_more_changes_nothing(migrated: Path) -> None:
    migrate(migrated)
    assert run(migrated, "SELECT * FROM service_state") == [("kept", "yes")]
    assert copies(migrated) == []


def test_an_older_database_is_copied_and_brought_up(migrated: Path) -> None:
    migrate(migrated, next_script("CREATE TABLE more (x)", "DELETE FROM service_state"))
    assert version(migrated) == NEXT
    assert "more" in tables(migrated)
    (copy,) = copies(migrated)
    assert version(copy) == NEWEST
    assert run(copy, "SELECT * FROM service_state") == [("kept", "yes")]
    assert run(copy, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE TABLE more (x)", "INSERT INTO nothing VALUES (1)"),
        ("CREATE TABLE more (x)", "INSERT INTO oauth_state (state) VALUES ('short')"),
        ("CREATE TABLE more (x)", "this is no SQL"),
        ("CREATE TABLE more (x)", "INSERT INTO lane (account_id, mock) VALUES (4711, 0)"),
    ],
    ids=["a missing table", "a broken check", "a broken statement", "a reference to nothing"],
)
def test_a_broken_migration_leaves_nothing(migrated: Path, statements: tuple[str, ...]) -> None:
    with pytest.raises(StartRefused, match="DATABASE_URL"):
        migrate(migrated, next_script(*statements))
    assert version(migrated) == NEWEST
    assert "more" not in tables(migrated)
    assert run(migrated, "SELECT * FROM service_state") == [("kept", "yes")]
    migrate(migrated, next_script("CREATE TABLE more (x)"))
    assert version(migrated) == NEXT


def test_a_database_newer_than_the_program_is_refused_untouched(migrated: Path) -> None:
    run(migrated, f"PRAGMA user_version = {NEXT}")
    before = migrated.read_bytes()
    with pytest.raises(StartRefused, match=f"version {NEXT}, newer than this program"):
        migrate(migrated)
    assert migrated.read_bytes() == before


def test_a_database_of_another_program_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    run(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StartRefused, match="some other program"):
        migrate(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"a letter to my grandmother" * 100)
    with pytest.raises(StartRefused, match="cannot be prepared"):
        migrate(path)
    assert path.read_bytes() == b"a letter to my grandmother" * 100


def test_a_folder_that_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartRefused, match=r"^DATABASE_URL: a\.db cannot be prepared") as refused:
        migrate(tmp_path / "file" / "a.db")
    assert "\n" not in str(refused.value)


def test_a_running_program_does_not_touch_a_database_of_another_version(migrated: Path) -> None:
    run(migrated, f"PRAGMA user_version = {NEXT}")
    db = SqliteDatabase(migrated)
    with pytest.raises(StorageUnavailable) as away:
        db.one("SELECT 1 AS one")
    assert f"version {NEXT}" in away.value.why
    with pytest.raises(StorageUnavailable), db.transaction():
        pytest.fail("it began")
    db.close()


@pytest.mark.parametrize(("number", "script"), SHIPPED)
def test_each_script_is_one_transaction_that_sets_its_version(number: int, script: str) -> None:
    assert script.lstrip().startswith("BEGIN IMMEDIATE;")
    assert script.rstrip().endswith(f"PRAGMA user_version = {number};\nCOMMIT;")
    assert script.count("COMMIT;") == 1


def test_versions_count_up_without_a_gap() -> None:
    assert [number for number, _ in SHIPPED] == list(range(1, NEWEST + 1))


@pytest.mark.parametrize(("in_force", "revoked"), [(1, [0, 1, 0, 0]), (0, [1, 1, 1, 0])])
def test_a_key_that_was_revoked_before_is_known_to_be_revoked(path: Path, in_force: int, revoked: list[int]) -> None:
    number = next(number for number, script in SHIPPED if "ADD COLUMN revoked_at" in script)
    migrate(path, [script for script in SHIPPED if script[0] < number])
    for key, source, active in (
        ("1", "setting", 0),
        ("2", "command", 0),
        ("3", "setting", in_force),
        ("4", "command", 1),
    ):
        run(path, f"INSERT INTO api_key (key_hash, source, is_active) VALUES ('{key * 64}', '{source}', {active})")
    migrate(path)
    assert run(path, "SELECT revoked_at IS NOT NULL FROM api_key ORDER BY id") == [(each,) for each in revoked]
