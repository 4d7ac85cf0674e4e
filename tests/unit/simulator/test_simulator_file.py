"""When the file that holds the simulated X cannot be used: nobody is told that something happened which did not."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.clock import Clock
from tests.support.simulator import Caller
from twitter_manager.simulator.adapter import SimulatorAdapter
from twitter_manager.simulator.server import running
from twitter_manager.simulator.state_file import PATIENCE_S
from twitter_manager.simulator.world import World, WorldUnavailable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "simulator.db"


@pytest.fixture
def world(path: Path, clock: Clock) -> Iterator[World]:
    world = World(path, clock=clock, patience=0.05)
    yield world
    world.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_nothing_is_made_before_the_first_use(path: Path, world: World) -> None:
    assert not path.exists()
    assert world.posts() == []
    assert path.exists()


def test_a_locked_file_is_as_an_x_that_does_not_pick_up(path: Path, world: World, alice: Caller) -> None:
    with locked(path):
        began = time.monotonic()
        with pytest.raises(requests.exceptions.ConnectTimeout):
            alice.post("one")
        assert time.monotonic() - began < 1
    assert world.posts() == []
    assert alice.post("one").status_code == 201


def test_a_file_locked_from_the_start_is_told_at_the_first_call(path: Path, clock: Clock, alice: Caller) -> None:
    late = World(path, clock=clock, patience=0.05)
    session = requests.Session()
    session.mount("https://", SimulatorAdapter(late))
    with locked(path), pytest.raises(requests.exceptions.ConnectTimeout):
        Caller(session, alice.token).post("one")
    assert Caller(session, alice.token).post("one").status_code == 201
    late.close()


def test_nobody_waits_longer_than_three_seconds() -> None:
    assert PATIENCE_S <= 3


def test_a_file_that_was_moved_away_is_missed_and_not_made_again(path: Path, world: World, alice: Caller) -> None:
    alice.posted("before")
    away = path.rename(path.with_name("away.db"))
    with pytest.raises(requests.exceptions.ConnectTimeout):
        alice.post("meanwhile")
    assert not path.exists()
    away.rename(path)
    alice.posted("after")
    assert [post.original for post in world.posts()] == ["before", "after"]


def test_a_replaced_file_waits_for_the_old_wal_to_go(path: Path, world: World, alice: Caller, tmp_path: Path) -> None:
    alice.posted("in the old one")
    other = World(tmp_path / "other.db")
    other.write("bob", "in the new one")
    other.close()
    (tmp_path / "other.db").replace(path)
    with pytest.raises(WorldUnavailable, match=r"simulator\.db-wal") as caught:
        world.posts()
    assert caught.value.nothing_done
    path.with_name("simulator.db-wal").unlink()
    assert [post.original for post in world.posts()] == ["in the new one"]


def test_a_file_that_goes_away_during_a_change_leaves_it_unclear(path: Path, world: World) -> None:
    world.user("alice")
    with pytest.raises(WorldUnavailable) as caught, world.transaction() as db:
        db.execute("UPDATE user SET name = 'changed'")
        away = path.rename(path.with_name("away.db"))
    assert not caught.value.nothing_done
    away.rename(path)
    assert world.user("alice").name != "changed"


def test_a_full_disk_leaves_the_post_unclear(world: World, alice: Caller) -> None:
    with world.transaction() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        for number in range(500):
            alice.post(f"{number} {'x' * 250}")
    assert not isinstance(caught.value, requests.exceptions.ConnectTimeout)
    with world.transaction() as db:
        db.execute("PRAGMA max_page_count = 100000")
    assert alice.post("there is room again").status_code == 201


def test_what_is_no_database_is_said_to_be_unavailable(path: Path, world: World) -> None:
    path.write_bytes(b"no database at all " * 100)
    with pytest.raises(WorldUnavailable) as caught:
        world.posts()
    assert caught.value.nothing_done


def test_a_folder_that_cannot_be_made_is_said_to_be_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorldUnavailable):
        World(tmp_path / "file" / "simulator.db").posts()


def test_a_fault_of_ours_stays_what_it_is(world: World) -> None:
    with pytest.raises(sqlite3.OperationalError, match="syntax"), world.transaction() as db:
        db.execute("SELEC 1")
    assert world.posts() == []


def test_over_http_it_is_a_503(path: Path, world: World, alice: Caller) -> None:
    with running(world) as base, requests.Session() as session:
        caller = Caller(session, alice.token, base)
        with locked(path):
            refused = caller.post("one")
        assert (refused.status_code, refused.json()["status"]) == (503, 503)
        assert caller.post("one").status_code == 201
