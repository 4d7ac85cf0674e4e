"""PostgreSQL's answer to a COMMIT is lost: nobody knows what is stored, and each tweet is at X exactly once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import databases
from tests.support.clock import Clock
from tests.support.postgres_line import Line, line_to
from tests.support.services_harness import ServicesHarness
from twitter_manager import config
from twitter_manager.errors import StorageUnavailable
from twitter_manager.services import build, prepare


@pytest.fixture
def line() -> Iterator[Line]:
    problem = databases.server_problem()
    if problem:
        pytest.skip(problem)
    with line_to(databases.server().url_of("lost commits")) as line:
        yield line


@pytest.fixture
def far(line: Line, tmp_path: Path) -> Iterator[ServicesHarness]:
    """A service whose database is at the end of the line."""
    prepared = prepare(config.load(tmp_path, {"DATABASE_URL": line.url}))
    clock = Clock(datetime(2026, 11, 20, 14, 0, tzinfo=UTC))
    harness = ServicesHarness(build(prepared.settings, clock=clock), clock)
    harness.x.change(duplicates_refused=False)  # so that a post sent twice is there twice
    yield harness
    harness.x.close()
    harness.services.close()


@pytest.mark.parametrize("lost", ["answer", "question"])
@pytest.mark.parametrize("passing", range(5))
def test_a_tweet_is_posted_once_whichever_commit_is_cut(
    far: ServicesHarness, line: Line, lost: str, passing: int
) -> None:
    alice, bob = far.connect("alice"), far.connect("bob")
    ids = [far.due_tweet(alice, "one"), far.due_tweet(bob, "two")]
    line.passing, line.lost = passing, lost
    for _ in range(3):
        try:
            far.work_for(1800)
        except StorageUnavailable:
            far.clock.forward(1)
    assert line.lost is None, "nothing was cut"
    assert [far.texts_at_x("alice"), far.texts_at_x("bob")] == [["one"], ["two"]]
    assert [far.tweet(each).status for each in ids] == ["posted", "posted"]


@pytest.mark.parametrize(("lost", "stored"), [("answer", 1), ("question", 0)])
def test_a_tweet_whose_storing_was_cut_is_refused_as_a_duplicate_or_stored_when_it_is_sent_again(
    far: ServicesHarness, line: Line, lost: str, stored: int
) -> None:
    alice = far.connect("alice")
    line.lost, line.passing = lost, 0
    with pytest.raises(StorageUnavailable):
        far.services.tweets.create(account_id=alice.id, text="one")
    assert far.services.db.value("SELECT count(*) FROM tweet") == stored
