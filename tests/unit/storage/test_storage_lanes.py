"""Lanes: who gets which and when, when each is due, and that it is never due too late."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.clock import Clock
from tests.support.factories import (
    at,
    new_account,
    new_due_tweet,
    new_posting_tweet,
    new_tweet,
    new_unconfirmed_tweet,
    open_database,
)
from twitter_manager.models import Lane
from twitter_manager.storage import accounts, app_rests, lanes, service_state, tweet_queue, tweet_states
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.timestamps import later


def claim(db: SqliteDatabase, lease: str = "lease", *, seconds: float = 120, worker_id: str = "worker") -> Lane | None:
    with db.transaction() as tx:
        return lanes.claim(tx, lease=lease, until=later(tx.now, seconds), worker_id=worker_id)


def claimed(db: SqliteDatabase, lease: str = "lease", *, seconds: float = 120) -> int | None:
    lane = claim(db, lease, seconds=seconds)
    return lane.account_id if lane else None


def released(tx: Transaction, account_id: int) -> datetime | None:
    """When the lane is due once it is given back."""
    due_at = lanes.release(tx, account_id, "lease")
    assert lanes.get(tx, account_id).due_at == due_at
    assert lanes.list_due_too_late(tx, now=tx.now) == []
    return due_at


@pytest.fixture
def three(db: SqliteDatabase) -> list[int]:
    """Three accounts, due one second after the other, the last one first."""
    with db.transaction() as tx:
        ids = [new_account(tx, number).id for number in (1, 2, 3)]
        for number, account_id in enumerate(reversed(ids)):
            lanes.make_due(tx, account_id, at(number))
    return ids


class TestClaiming:
    def test_the_longest_due_comes_first_and_each_is_claimed_once(
        self, db: SqliteDatabase, three: list[int], clock: Clock
    ) -> None:
        clock.forward(5)
        assert [claimed(db, str(number)) for number in range(4)] == [three[2], three[1], three[0], None]

    def test_nothing_before_it_is_due(self, db: SqliteDatabase, three: list[int], clock: Clock) -> None:
        assert [claimed(db, "a"), claimed(db, "b")] == [three[2], None]
        assert lanes.next_due(db) == at(1)
        clock.forward(1)
        assert claimed(db, "c") == three[1]

    def test_what_the_claimer_gets(self, db: SqliteDatabase, three: list[int]) -> None:
        lane = claim(db, "mine", seconds=120, worker_id="w1")
        assert lane is not None
        assert (lane.account_id, lane.lease, lane.lease_until, lane.worker_id) == (three[2], "mine", at(120), "w1")
        assert lanes.get(db, three[2]) == lane

    def test_lanes_alternate(self, db: SqliteDatabase, three: list[int], clock: Clock) -> None:
        with db.transaction() as tx:
            for account_id in three:
                for number in range(3):
                    new_due_tweet(tx, account_id, f"tweet {number}")
        clock.forward(5)
        turns = []
        for _ in range(9):
            account_id = claimed(db)
            assert account_id is not None
            turns.append(account_id)
            clock.forward(0.001)
            with db.transaction() as tx:
                lanes.release(tx, account_id, "lease")
        assert turns == [three[2], three[1], three[0]] * 3

    def test_two_processes_get_different_lanes(
        self, db: SqliteDatabase, path: Path, three: list[int], clock: Clock
    ) -> None:
        other = open_database(path, clock)
        clock.forward(5)
        got = [claimed(each, str(number)) for number, each in enumerate([db, other, other, db])]
        assert sorted(account for account in got if account) == three
        other.close()

    def test_a_lease_that_ran_out_is_somebody_elses(self, db: SqliteDatabase, three: list[int], clock: Clock) -> None:
        clock.forward(-0)
        assert claimed(db, "old", seconds=10) == three[2]
        clock.forward(9.999)
        assert lanes.holds(db, three[2], "old", now=clock())
        assert [claimed(db, "b"), claimed(db, "c"), claimed(db, "d")] == [three[1], three[0], None]
        clock.forward(0.001)
        assert not lanes.holds(db, three[2], "old", now=clock())
        assert claimed(db, "new") == three[2]
        with db.transaction() as tx:
            assert not lanes.renew(tx, three[2], "old", until=at(999))
            assert lanes.renew(tx, three[2], "new", until=at(999))
            lanes.release(tx, three[2], "old")
        assert lanes.holds(db, three[2], "new", now=at(998))
        assert not lanes.holds(db, three[2], "new", now=at(999))

    def test_the_other_environment_is_left_alone(self, db: SqliteDatabase, three: list[int], clock: Clock) -> None:
        with db.transaction() as tx:
            real = new_account(tx, 9, mock=False).id
            lanes.make_due(tx, real, at(-10))
        clock.forward(5)
        assert claimed(db) == three[2]
        with db.transaction() as tx:
            service_state.set_mock_mode(tx, False)
        assert lanes.next_due(db) == lanes.oldest_overdue(db) == at(-10)
        assert [claimed(db, "a"), claimed(db, "b")] == [real, None]

    def test_while_the_app_rests_there_is_one_probe(self, db: SqliteDatabase, three: list[int], clock: Clock) -> None:
        with db.transaction() as tx:
            app_rests.put(tx, mock=True, code="usage_capped", probe_at=at(60), twitter_error="{}")
            app_rests.put(tx, mock=False, code="usage_capped", probe_at=at(5), twitter_error="{}")
        clock.forward(59)
        assert claimed(db) is None
        assert lanes.next_due(db) == at(60)
        assert lanes.oldest_overdue(db) is None
        clock.forward(1)
        assert claimed(db) == three[2]
        with db.transaction() as tx:
            assert app_rests.claim_probe(tx, mock=True, until=at(120))
            assert not app_rests.claim_probe(tx, mock=True, until=at(120))
        assert claimed(db, "b") is None

    def test_a_dead_workers_lanes_are_released(self, db: SqliteDatabase, three: list[int], clock: Clock) -> None:
        claim(db, "a", worker_id="dead")
        clock.forward(1)
        claim(db, "b", worker_id="alive")
        with db.transaction() as tx:
            assert lanes.release_all_of_worker(tx, "dead") == [three[2]]
        assert lanes.get(db, three[2]).lease is None
        assert lanes.get(db, three[1]).lease == "b"
        assert claimed(db, "c") == three[2]


class TestNextDue:
    def test_nothing_to_do(self, db: SqliteDatabase, account_id: int) -> None:
        assert lanes.next_due(db) is None
        assert lanes.oldest_overdue(db) is None

    def test_a_leased_lane_counts_from_the_end_of_its_lease(
        self, db: SqliteDatabase, three: list[int], clock: Clock
    ) -> None:
        clock.forward(5)
        for number in range(3):
            claim(db, str(number), seconds=10 + number)
        assert lanes.next_due(db) == at(15)
        assert lanes.oldest_overdue(db) is None

    def test_overdue_is_the_longest_waiting_free_one(self, db: SqliteDatabase, three: list[int]) -> None:
        claim(db)
        assert lanes.oldest_overdue(db) == at(1)


class TestRelease:
    """What is due when a lane is given back, at the clock's beginning unless said."""

    def test_nothing_left(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            lanes.make_due(tx, account_id, tx.now)
            new_tweet(tx, account_id, "nobody asked for it")
            assert released(tx, account_id) is None

    def test_the_next_tweet(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            new_due_tweet(tx, account_id, "later", due_at=at(50))
            new_due_tweet(tx, account_id, "sooner", due_at=at(20))
            assert released(tx, account_id) == at(20)

    def test_never_in_the_past_so_that_lanes_alternate(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            new_due_tweet(tx, account_id, due_at=at(-50))
            assert released(tx, account_id) == at(0)

    @pytest.mark.parametrize(("rest_until", "due_at"), [(-5, 20), (10, 20), (100, 100)])
    def test_a_rest(self, db: SqliteDatabase, account_id: int, rest_until: float, due_at: float) -> None:
        with db.transaction() as tx:
            new_due_tweet(tx, account_id, due_at=at(20))
            lanes.rest(tx, account_id, until=at(rest_until), code="rate_limited")
            assert released(tx, account_id) == at(due_at)

    def test_a_rest_does_not_hold_up_a_check(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            new_due_tweet(tx, account_id, "to be sent", due_at=at(1))
            new_unconfirmed_tweet(tx, account_id, "to be found", check_at=at(10))
            lanes.rest(tx, account_id, until=at(45), code="x_unclear")
            assert released(tx, account_id) == at(10)

    def test_a_check_that_waits_for_the_owner(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            tweet = new_unconfirmed_tweet(tx, account_id, check_at=at(10))
            tweet_states.mark_needs_decision(tx, tweet.id, error_code="doubtful_match", check_at=None)
            assert released(tx, account_id) is None

    def test_an_equal_of_an_unsettled_one_waits_and_lets_others_pass(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            new_unconfirmed_tweet(tx, account_id, "same", check_at=at(100))
            new_due_tweet(tx, account_id, "same", due_at=at(1))
            assert released(tx, account_id) == at(100)
            assert tweet_queue.next_to_send(tx, account_id) is None
            new_due_tweet(tx, account_id, "other", due_at=at(50))
            assert released(tx, account_id) == at(50)

    def test_an_equal_of_another_account_does_not_wait(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            other = new_account(tx, 2).id
            new_unconfirmed_tweet(tx, other, "same", check_at=at(100))
            lanes.make_due(tx, other, at(100))
            mine = new_due_tweet(tx, account_id, "same")
            assert released(tx, account_id) == at(0)
            assert tweet_queue.next_to_send(tx, account_id) == mine

    def test_three_unsettled_are_enough(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            new_due_tweet(tx, account_id, "next", due_at=at(5))
            for number in range(lanes.MAX_UNSETTLED - 1):
                new_unconfirmed_tweet(tx, account_id, f"{number}", check_at=at(30 + number))
            assert released(tx, account_id) == at(5)
            last = new_unconfirmed_tweet(tx, account_id, "last", check_at=at(40))
            assert released(tx, account_id) == at(30)
            assert lanes.count_unsettled(tx, account_id) == 3
            tweet_states.mark_needs_decision(tx, last.id, error_code="x_cannot_be_asked", check_at=at(40))
            assert released(tx, account_id) == at(30)
            tweet_states.mark_needs_decision(tx, last.id, error_code="doubtful_match", check_at=None)
            assert released(tx, account_id) == at(5)
            assert lanes.count_unsettled(tx, account_id) == 2

    def test_one_left_in_the_middle_of_posting_is_due_at_once(
        self, db: SqliteDatabase, account_id: int, clock: Clock
    ) -> None:
        with db.transaction() as tx:
            new_posting_tweet(tx, account_id)
        clock.forward(130)
        with db.transaction() as tx:
            assert released(tx, account_id) == at(130)

    def test_without_the_lease_it_stays_whose_it_is(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            new_due_tweet(tx, account_id)
            lanes.make_due(tx, account_id, tx.now)
        assert claimed(db, "new owner") == account_id
        with db.transaction() as tx:
            lanes.release(tx, account_id, "old owner")
        assert lanes.holds(db, account_id, "new owner", now=at(1))


class TestDueTimes:
    @pytest.mark.parametrize(("before", "asked", "after"), [(None, 10, 10), (5, 10, 5), (20, 10, 10)])
    def test_make_due_is_never_later(
        self, db: SqliteDatabase, account_id: int, before: float | None, asked: float, after: float
    ) -> None:
        with db.transaction() as tx:
            if before is not None:
                lanes.make_due(tx, account_id, at(before))
            lanes.make_due(tx, account_id, at(asked))
        assert lanes.get(db, account_id).due_at == at(after)

    def test_an_environment_made_due_where_there_is_something_to_do(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            idle, real = new_account(tx, 2).id, new_account(tx, 9, mock=False).id
            for each in (account_id, real):
                new_due_tweet(tx, each, due_at=at(60))
            lanes.make_environment_due(tx, mock=True)
        assert [lanes.get(db, each).due_at for each in (account_id, idle, real)] == [at(0), None, None]

    @pytest.mark.parametrize(
        ("due_at", "leased", "wrong"),
        [(None, False, True), (30, False, True), (20, False, False), (1, False, False), (30, True, False)],
    )
    def test_the_repair_finds_lanes_due_too_late(
        self, db: SqliteDatabase, account_id: int, due_at: float | None, leased: bool, wrong: bool
    ) -> None:
        with db.transaction() as tx:
            new_due_tweet(tx, account_id, due_at=at(20))
            if leased:
                lanes.make_due(tx, account_id, tx.now)
                lanes.claim(tx, lease="lease", until=at(120), worker_id="worker")
            if due_at is not None:
                lanes.postpone(tx, account_id, at(due_at))
            assert lanes.list_due_too_late(tx, now=tx.now) == ([account_id] if wrong else [])

    def test_a_lane_that_is_due_now_is_not_wrong(self, db: SqliteDatabase, account_id: int, clock: Clock) -> None:
        with db.transaction() as tx:
            new_due_tweet(tx, account_id, due_at=at(-20))
            assert lanes.list_due_too_late(tx, now=tx.now) == [account_id]
            lanes.make_due(tx, account_id, tx.now)
            assert lanes.list_due_too_late(tx, now=tx.now) == []


class TestRests:
    def test_the_longer_rest_counts(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            lanes.rest(tx, account_id, until=at(50), code="rate_limited")
            lanes.rest(tx, account_id, until=at(10), code="x_unclear")
        assert (lanes.get(db, account_id).rest_until, lanes.get(db, account_id).rest_code) == (at(50), "rate_limited")

    @pytest.mark.parametrize(
        ("code", "rest_until"), [("rate_limited", at(50)), ("x_unclear", None), ("unauthorized_by_x", None)]
    )
    def test_reconnecting_ends_every_rest_but_xs_own(
        self, db: SqliteDatabase, account_id: int, code: str, rest_until: datetime | None
    ) -> None:
        with db.transaction() as tx:
            lanes.rest(tx, account_id, until=at(50), code=code)
            lanes.set_trouble(tx, account_id, 4)
            lanes.end_rest(tx, account_id)
        lane = lanes.get(db, account_id)
        assert (lane.rest_until, lane.trouble_streak, lane.due_at) == (rest_until, 0, at(0))
        assert (lane.rest_code is None) == (rest_until is None)


@pytest.mark.parametrize(
    ("first", "second", "newest"),
    [
        ("1999999999999999999", "2000000000000000000", "2000000000000000000"),
        ("2000000000000000000", "1999999999999999999", "2000000000000000000"),
        ("999999999999999999", "1000000000000000000", "1000000000000000000"),
        ("1000000000000000000", "999999999999999999", "1000000000000000000"),
        ("9", "10", "10"),
        ("10", "9", "10"),
    ],
)
def test_the_highest_x_id_is_kept(db: SqliteDatabase, account_id: int, first: str, second: str, newest: str) -> None:
    with db.transaction() as tx:
        lanes.record_x_id(tx, account_id, first)
        lanes.record_x_id(tx, account_id, second)
    assert lanes.get(db, account_id).newest_x_id == newest


def test_a_lane_goes_with_its_account(db: SqliteDatabase, account_id: int) -> None:
    with db.transaction() as tx:
        tx.execute("DELETE FROM twitter_account")
        assert accounts.list_all(tx) == tx.all("SELECT * FROM lane") == []
