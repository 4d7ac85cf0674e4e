"""Lists by the time at which tweets go out or went out: the right ones, and at the same cost at any depth."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from tests.support.clock import Clock
from tests.support.factories import new_account, open_database
from tests.unit.storage.sqlite.test_tweet_search import Watched
from twitter_manager.models import Tweet
from twitter_manager.storage import tweet_lists
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.tweet_lists import NEWEST_FIRST, Order, Position, TweetFilter, TweetTime

COUNT = 20_000
# times that are neither in the order of the ids nor all different; a third of the posted ones was never scheduled
MINUTES = "strftime('%Y-%m-%dT%H:%M:%fZ', '2026-11-20', '+' || ({}) || ' minutes')"
FILL = f"""
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {COUNT})
    INSERT INTO tweet (twitter_account_id, content, fingerprint, status, twitter_id, error_code, batch_id,
        scheduled_at, posted_at, created_at)
    SELECT 1 + (n / 2 % 2), 'word' || (n % 7), n,
        CASE WHEN n % 100 = 0 THEN 'failed' WHEN n % 2 = 1 THEN 'posted' ELSE 'scheduled' END,
        CASE WHEN n % 2 = 1 THEN 1000000 + n END, CASE WHEN n % 100 = 0 THEN 'post_refused' END,
        CASE WHEN n < 200 THEN 1 END,
        CASE WHEN n % 2 = 0 OR n % 3 > 0 THEN {MINUTES.format("n * 7919 % 10007")} END,
        CASE WHEN n % 2 = 1 THEN {MINUTES.format("n * 6271 % 10009")} END,
        {MINUTES.format("n")}
    FROM numbers
"""
DAY = {"since": datetime(2026, 11, 22, tzinfo=UTC), "until": datetime(2026, 11, 23, tzinfo=UTC)}
FILTERS = {
    "nothing": TweetFilter(),
    "an account": TweetFilter(account_id=1),
    "a status": TweetFilter(statuses=("failed",)),
    "a common status": TweetFilter(statuses=("scheduled",)),
    "statuses": TweetFilter(statuses=("failed", "scheduled", "posted", "held")),
    "statuses of an account": TweetFilter(statuses=("failed", "posted"), account_id=2),
    "a day": TweetFilter(**DAY),
    "a day of an account": TweetFilter(account_id=2, **DAY),
    "a day and a status": TweetFilter(statuses=("scheduled",), **DAY),
}
SORTED = {"a batch": TweetFilter(batch_id=1), "an error": TweetFilter(error_code="post_refused")}
SLOW = {"a word": TweetFilter(words="word3"), "a day of making": TweetFilter(time="created", **DAY)}
ORDERS = [Order(time, descending) for time in get_args(TweetTime) for descending in (False, True)]
MAX_STEPS = 6_000  # of SQLite's machine, for 50 of 20,000 tweets
MORE_STEPS = {"statuses": 9_000}  # 50 of each


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteDatabase]:
    path: Path = tmp_path_factory.mktemp("lists by time") / "a.db"
    db = open_database(path, Clock())
    with db.transaction() as tx:
        new_account(tx, 1)
        new_account(tx, 2)
        tx.execute("INSERT INTO batch (id) VALUES (1)")
        tx.execute(FILL)
    yield db
    db.close()


@pytest.fixture(scope="module")
def every(large: SqliteDatabase) -> list[Tweet]:
    return [each.tweet for each in tweet_lists.list_page(large, TweetFilter(), limit=COUNT)]


def of_time(which: TweetFilter, order: Order) -> TweetFilter:
    """With since and until about the time that the list goes by."""
    return which if which is SLOW["a day of making"] else replace(which, time=order.time)


def expected(every: list[Tweet], which: TweetFilter, order: Order) -> list[int]:
    """The ids, by plain words of Python."""
    found = []
    for tweet in every:
        at = getattr(tweet, f"{order.time}_at")
        meant = getattr(tweet, f"{which.time}_at")
        if (
            at is not None
            and (which.statuses is None or tweet.status in which.statuses)
            and which.account_id in (None, tweet.twitter_account_id)
            and which.batch_id in (None, tweet.batch_id)
            and which.error_code in (None, tweet.error_code)
            and (which.words is None or which.words in tweet.content)
            and (which.since is None or (meant is not None and meant >= which.since))
            and (which.until is None or (meant is not None and meant < which.until))
        ):
            found.append((tweet.created_at if order.time == "created" else at, tweet.id))
    return [number for _, number in sorted(found, reverse=order.descending)]


def behind(which: TweetFilter, tweet: Tweet, order: Order) -> TweetFilter:
    """The list as it goes on behind the tweet."""
    if order.time != "created":
        return replace(which, after_position=Position(getattr(tweet, f"{order.time}_at"), tweet.id))
    return replace(which, before=tweet.id) if order.descending else replace(which, after=tweet.id)


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("name", [*FILTERS, *SORTED, *SLOW])
def test_the_right_ones_on_every_page(large: SqliteDatabase, every: list[Tweet], name: str, order: Order) -> None:
    which = of_time({**FILTERS, **SORTED, **SLOW}[name], order)
    ids = expected(every, which, order)
    assert tweet_lists.count(large, replace(which, dated=order.time)) == len(ids)
    by_id = {tweet.id: tweet for tweet in every}
    for begin in {0, 1, len(ids) // 2, max(0, len(ids) - 3), len(ids)}:
        place = behind(which, by_id[ids[begin - 1]], order) if 0 < begin <= len(ids) else which
        offset = 0 if place is not which else begin
        page = tweet_lists.list_page(large, place, limit=20, offset=offset, order=order)
        assert [each.tweet.id for each in page] == ids[begin : begin + 20]
        assert tweet_lists.count(large, replace(place, dated=order.time)) == len(ids)


@pytest.mark.parametrize("order", [order for order in ORDERS if order.time != "created"], ids=str)
@pytest.mark.parametrize("name", FILTERS)
def test_a_page_costs_the_same_at_any_depth(large: SqliteDatabase, every: list[Tweet], name: str, order: Order) -> None:
    which = of_time(FILTERS[name], order)
    ids = expected(every, which, order)
    by_id = {tweet.id: tweet for tweet in every}
    for depth in [begin for begin in (0, 1, len(ids) // 3, len(ids) - 60) if begin < len(ids)]:
        watched = Watched(large.path)
        place = behind(which, by_id[ids[depth - 1]], order) if depth > 0 else which
        tweet_lists.list_page(watched, place, limit=50, order=order)
        assert watched.steps <= MORE_STEPS.get(name, MAX_STEPS)
        walks = [each for each in watched.plan if each.startswith(("SEARCH tweet USING", "SCAN tweet USING"))]
        searches = [each for each in walks if "INTEGER PRIMARY KEY" not in each]
        assert all(order.time in each for each in searches), watched.plan
        if depth:
            assert all(each.startswith("SEARCH") for each in searches), watched.plan


def test_of_two_conditions_the_cursor_is_where_it_begins(large: SqliteDatabase) -> None:
    """A walk from `since` to the cursor would cost the more, the deeper one is."""
    watched = Watched(large.path)
    late = Position(datetime(2026, 11, 26, tzinfo=UTC), 5)
    since = TweetFilter(since=datetime(2026, 11, 20, tzinfo=UTC), time="scheduled", after_position=late)
    tweet_lists.list_page(watched, since, limit=50, order=Order("scheduled", descending=False))
    assert watched.steps <= MAX_STEPS
    watched = Watched(large.path)
    made = TweetFilter(since=datetime(2026, 11, 20, tzinfo=UTC), after=19_000)
    tweet_lists.list_page(watched, made, limit=50, order=Order("created", descending=False))
    assert watched.steps <= 16_000  # the periods are walked through, as for the newest first


def test_a_position_outside_of_the_times_shows_nothing_else(large: SqliteDatabase) -> None:
    since = datetime(2026, 11, 25, tzinfo=UTC)
    which = TweetFilter(since=since, time="scheduled", after_position=Position(since - timedelta(days=3), 1))
    page = tweet_lists.list_page(large, which, limit=20, order=Order("scheduled", descending=False))
    assert all(each.tweet.scheduled_at is not None and each.tweet.scheduled_at >= since for each in page)
    assert Order("created", descending=True) == NEWEST_FIRST
