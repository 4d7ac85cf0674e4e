"""No condition of ours is NULL where true or false is meant: each is asked of rows with empty columns, beside a model
in Python, which knows no third truth value."""

import re
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.factories import at, new_account, number_from_one, put
from twitter_manager import storage
from twitter_manager.models import FINAL, NO_DUPLICATE, QUEUED, SENDABLE, TWEET_STATUSES, UNSETTLED, Tweet
from twitter_manager.storage import lanes, tweet_cleanup, tweet_holds, tweet_lists, tweet_states, tweets
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.tweet_cleanup import CleanUp
from twitter_manager.storage.tweet_lists import TweetFilter

ACCOUNTS = (1, 2)
CODES = (None, "late", "rate_limited", "x_cannot_be_asked", "attempts_exhausted")
TIMES = (None, at(-90_000), at(-60), at(60))
Row = dict[str, Any]


def optional(values: Sequence[object]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "twitter_account_id": optional(ACCOUNTS),
            "status": optional(TWEET_STATUSES),
            "fingerprint": optional(("a", "b")),
            "due_at": optional(TIMES),
            "scheduled_at": optional(TIMES),
            "created_at": optional(TIMES[1:]),
            "reply_to": optional((None, "5")),
            "error_code": optional(CODES),
            "needs_decision": st.booleans(),
            "of_thread": st.booleans(),
        }
    ),
    max_size=8,
)


class TakenBack(Exception):
    """So that the next example finds the database empty."""


def as_allowed(number: int, wanted: Row) -> Row:
    """The row as the table's constraints let it be."""
    row = {**wanted, "id": number, "content": f"tweet {number}", "updated_at": at(-30)}
    if row.pop("of_thread"):
        row |= {"thread_id": row["twitter_account_id"], "position": number}
    if row["status"] == "posted":
        row |= {"posted_at": row["scheduled_at"] or at(-30), "twitter_id": str(number)}
    if row["status"] == "scheduled":
        row["scheduled_at"] = row["scheduled_at"] or at(60)
    if row["status"] in FINAL or row["status"] == "draft":
        row["due_at"] = None
    row["needs_decision"] = row["needs_decision"] and row["status"] == "unconfirmed"
    return row


def beside_rows(examine: Callable[[Transaction, list[Tweet]], None]) -> Callable[[SqliteDatabase], None]:
    """A test that calls `examine` with many sets of tweets that are stored."""

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(rows=ROWS)
    def test(db: SqliteDatabase, rows: list[Row]) -> None:
        with pytest.raises(TakenBack), db.transaction() as tx:
            number_from_one(tx)
            for account_id in ACCOUNTS:
                assert new_account(tx, account_id).id == account_id
                put(tx, "thread", id=account_id, account_id=account_id)
            for number, row in enumerate(rows, 1):
                put(tx, "tweet", **as_allowed(number, row))
                if row["status"] == "unconfirmed":
                    attempt = {"tweet_id": number, "account_id": row["twitter_account_id"], "lease": ""}
                    put(tx, "attempt", **attempt, started_at=at(-60), over_at=at(-30), outcome="unclear")
            examine(tx, [tweets.get(tx, number) for number in range(1, len(rows) + 1)])
            raise TakenBack

    return test


def ids(found: Sequence[Tweet]) -> list[int]:
    return [tweet.id for tweet in found]


def place(tweet: Tweet) -> int:
    return 1 if tweet.position is None else tweet.position


def is_on_its_way(tweet: Tweet, others: Sequence[Tweet]) -> bool:
    def sets_going(front: Tweet) -> bool:
        told = front.due_at is not None and (front.status in ("pending", "held") or place(front) > 1)
        return front.status in UNSETTLED or told

    if tweet.due_at is not None and (tweet.status == "pending" or (tweet.status == "scheduled" and place(tweet) > 1)):
        return True
    fronts = [each for each in others if each.thread_id == tweet.thread_id and place(each) < place(tweet)]
    behind = tweet.status in QUEUED and tweet.thread_id is not None and any(map(sets_going, fronts))
    return tweet.status in UNSETTLED or behind


CLEAN_UPS = (
    CleanUp(),
    *(CleanUp(statuses=[status]) for status in TWEET_STATUSES),
    CleanUp(statuses=["scheduled", "held"], days_old=1),
    CleanUp(account_id=1),
)


@beside_rows
def test_what_is_cleaned_up(tx: Transaction, stored: list[Tweet]) -> None:
    for which in CLEAN_UPS:
        met = [
            tweet
            for tweet in stored
            if (which.statuses is None or tweet.status in which.statuses)
            and (which.days_old is None or tweet.created_at < at(-86_400 * which.days_old))
            and (which.account_id is None or tweet.twitter_account_id == which.account_id)
        ]
        staying = [tweet for tweet in met if is_on_its_way(tweet, stored)]
        leaving = [tweet for tweet in met if tweet not in staying]
        assert ids(tweet_cleanup.list_to_delete(tx, which, after=0, limit=99)) == ids(leaving)
        assert tweet_cleanup.count_on_their_way(tx, which) == len(staying)


@beside_rows
def test_what_a_list_shows(tx: Transaction, stored: list[Tweet]) -> None:
    filters: dict[TweetFilter, Callable[[Tweet], bool]] = {
        TweetFilter(error_code="late"): lambda tweet: tweet.error_code == "late",
        TweetFilter(needs_decision=True): lambda tweet: tweet.needs_decision,
        TweetFilter(thread_id=1): lambda tweet: tweet.thread_id == 1,
        TweetFilter(account_id=1, statuses=SENDABLE): lambda t: t.twitter_account_id == 1 and t.status in SENDABLE,
        TweetFilter(account_id=2, error_code="late"): lambda t: t.twitter_account_id == 2 and t.error_code == "late",
    }
    for which, belongs in filters.items():
        expected = [tweet.id for tweet in reversed(stored) if belongs(tweet)]
        assert [each.tweet.id for each in tweet_lists.list_page(tx, which, limit=99)] == expected
        assert tweet_lists.count(tx, which) == len(expected)


@beside_rows
def test_what_is_equal(tx: Transaction, stored: list[Tweet]) -> None:
    def goes_out_between(tweet: Tweet, since: datetime, until: datetime) -> bool:
        planned = tweet.scheduled_at or tweet.created_at
        moment = tweet.posted_at or max(tweet.due_at or planned, planned)
        return (tweet.status == "held" and tweet.due_at is None) or since <= moment <= until

    for reply_to in (None, "5"):
        found = tweets.find_equal(tx, 1, fingerprint="a", reply_to=reply_to, since=at(-100), until=at(100))
        equal = [
            tweet
            for tweet in stored
            if (tweet.twitter_account_id, tweet.fingerprint, tweet.reply_to) == (1, "a", reply_to)
            and not (place(tweet) > 1 and tweet.reply_to is None)
            and tweet.status not in NO_DUPLICATE
            and goes_out_between(tweet, at(-100), at(100))
        ]
        assert (found and found.id) == (equal[0].id if equal else None)


@beside_rows
def test_when_a_lane_is_due(tx: Transaction, stored: list[Tweet]) -> None:
    mine = [tweet for tweet in stored if tweet.twitter_account_id == 1]
    unsettled = [tweet for tweet in mine if tweet.status in UNSETTLED]
    moments = [tweet.updated_at if tweet.status == "posting" else tweet.due_at for tweet in unsettled]
    counting = [tweet for tweet in unsettled if not tweet.needs_decision or tweet.error_code == "x_cannot_be_asked"]
    if len(counting) < lanes.MAX_UNSETTLED:
        waiting = {tweet.fingerprint for tweet in unsettled}
        moments += [each.due_at for each in mine if each.status in SENDABLE and each.fingerprint not in waiting]
    due = [moment for moment in moments if moment is not None]
    assert lanes.count_unsettled(tx, 1) == len(counting)
    assert lanes.release(tx, 1, "") == (max(min(due), tx.now) if due else None)
    tx.execute("UPDATE lane SET due_at = NULL")
    assert (1 in lanes.list_due_too_late(tx, now=tx.now)) == bool(due)


@beside_rows
def test_what_is_made_due(tx: Transaction, stored: list[Tweet]) -> None:
    told = [tweet for tweet in stored if tweet.status == "pending" and (place(tweet) == 1 or tweet.reply_to)]
    assert ids(tweet_states.make_pending_due(tx, among=None)) == ids(told)


@beside_rows
def test_what_goes_on_when_the_account_is_back(tx: Transaction, stored: list[Tweet]) -> None:
    mine = [tweet for tweet in stored if tweet.twitter_account_id == 1]
    held = [t.id for t in mine if t.status == "held" and t.due_at is None and t.error_code != "late"]
    looked_for = [t.id for t in mine if t.status == "unconfirmed" and t.error_code != "attempts_exhausted"]
    tweet_holds.release_held_of_account(tx, 1)
    after = [tweets.get(tx, tweet.id) for tweet in stored]
    assert [tweet.id for tweet in after if tweet.id in held and tweet.status in QUEUED and tweet.due_at] == held
    assert [tweet.id for tweet in after if tweet.id in looked_for and tweet.error_code == "x_unclear"] == looked_for
    others = [tweet for tweet in after if tweet.id not in (*held, *looked_for)]
    assert others == [tweet for tweet in stored if tweet.id not in (*held, *looked_for)]


@pytest.mark.sqlite
def test_a_null_in_greatest_or_least_is_found(db: SqliteDatabase) -> None:
    assert db.value("SELECT greatest(1, 3, least(2, 5))") == 3
    for words in ("greatest(1, NULL)", "least(NULL, 1)"):
        with pytest.raises(sqlite3.OperationalError):
            db.value(f"SELECT {words}")


# What says no of a column that may be empty: it must say coalesce, or why an empty one is to be left out.
NEGATION = re.compile(r"(\b[\w.]*\w)\s+(?:<>|NOT\s+(?:IN|LIKE|BETWEEN))\s*[\w:'(]+")
MEANT_SO = {
    "twitter_id <> :twitter_id": "only a tweet with an id can have a twin",
}


@pytest.mark.sqlite
def test_nothing_says_no_of_an_empty_column(db: SqliteDatabase) -> None:
    tables = [row["name"] for row in db.all("SELECT name FROM sqlite_master WHERE sql LIKE '% STRICT%'")]
    columns = [row for table in tables for row in db.all(f"PRAGMA table_info({table})")]
    may_be_empty = {row["name"] for row in columns if not row["notnull"] and not row["pk"]} - {"status"}
    assert len(may_be_empty) > 30
    schema = [row["sql"] for row in db.all("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'table'")]
    source = [path.read_text(encoding="utf-8") for path in Path(storage.__file__).parent.glob("*.py")]
    found = {
        match[0]
        for text in schema + source
        for match in NEGATION.finditer(text)
        if match[1].rpartition(".")[2] in may_be_empty
    }
    assert found == set(MEANT_SO)
