"""The log of calls, and what X's headers said: counted per account, per endpoint and per world."""

import pytest

from tests.support.clock import START, Clock
from tests.support.factories import at, new_account
from twitter_manager.storage import accounts, rate_windows, x_calls
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.x_calls import Usage

POST, READ = "POST /2/tweets", "GET /2/tweets"


def calls(tx: Transaction, account_id: int | None, endpoint: str, *seconds: float, mock: bool = True) -> None:
    """Calls so long after the start."""
    for second in seconds:
        tx.now = at(second)
        x_calls.insert(tx, account_id=account_id, mock=mock, endpoint=endpoint)


def usage(tx: Transaction, account_id: int | None, endpoint: str = POST, **limits: int | None) -> Usage:
    every = {"of_account": 1, "of_endpoint": 1, "of_day": None, "of_app": None} | limits
    return x_calls.usage(tx, account_id=account_id, mock=True, endpoint=endpoint, **every)  # type: ignore[arg-type]


def put(tx: Transaction, account_id: int | None, endpoint: str = POST, *, mock: bool = True, **said: object) -> None:
    values = {"call_limit": 100, "remaining": 50, "reset_at": at(600)} | said
    rate_windows.put(tx, account_id=account_id, mock=mock, endpoint=endpoint, **values)  # type: ignore[arg-type]


@pytest.fixture
def other_id(db: SqliteDatabase) -> int:
    with db.transaction() as tx:
        return new_account(tx, 2).id


class TestTheCallsThatStandAtTheLimits:
    def test_none_while_there_are_fewer(self, db: SqliteDatabase, account_id: int, other_id: int) -> None:
        with db.transaction() as tx:
            calls(tx, other_id, POST, 1, 2, 3)
            calls(tx, account_id, POST, 4)
            found = usage(tx, account_id, of_account=2, of_endpoint=2, of_day=2, of_app=5)
        assert found == Usage(
            of_account=None,
            of_endpoint=None,
            of_day=None,
            of_app=None,
            call_limit=None,
            remaining=None,
            reset_at=None,
        )

    def test_each_counts_its_own(self, db: SqliteDatabase, account_id: int, other_id: int) -> None:
        with db.transaction() as tx:
            calls(tx, other_id, POST, 1)
            calls(tx, account_id, POST, 2, 3)
            calls(tx, account_id, READ, 4, 5)
            calls(tx, account_id, POST, 6)
            calls(tx, None, POST, 7, 8, mock=False)
            found = usage(tx, account_id, of_account=4, of_endpoint=2, of_day=3, of_app=4)
        assert (found.of_account, found.of_endpoint, found.of_day, found.of_app) == (at(3), at(3), at(2), at(1))

    def test_the_limit_in_the_headers_says_which_call_it_is(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            calls(tx, account_id, POST, 1, 2, 3)
            assert usage(tx, account_id, of_endpoint=1).of_endpoint == at(3)
            put(tx, account_id, call_limit=3)
            found = usage(tx, account_id, of_endpoint=1)
        assert (found.of_endpoint, found.call_limit, found.remaining, found.reset_at) == (at(1), 3, 50, at(600))

    def test_headers_without_a_limit(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            calls(tx, account_id, POST, 1, 2, 3)
            put(tx, account_id, call_limit=None)
            assert usage(tx, account_id, of_endpoint=2).of_endpoint == at(2)

    def test_calls_of_the_apps_own_token(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            calls(tx, None, READ, 1, 2)
            put(tx, None, READ, remaining=7)
            found = usage(tx, None, READ, of_app=2)
            assert (found.of_account, found.of_endpoint, found.of_app, found.remaining) == (None, None, at(1), 7)
            assert usage(tx, account_id, READ).remaining is None


class TestTheLog:
    def test_lists_oldest_first(self, db: SqliteDatabase, account_id: int, other_id: int) -> None:
        with db.transaction() as tx:
            calls(tx, account_id, POST, 3, 1, 2)
            calls(tx, account_id, READ, 2.5)
            calls(tx, other_id, POST, 2)
        listed = x_calls.list_of_account(db, account_id, since=at(1))
        assert [(call.endpoint, call.called_at) for call in listed] == [(POST, at(2)), (READ, at(2.5)), (POST, at(3))]
        assert x_calls.list_of_endpoint(db, account_id, POST, since=START) == [at(1), at(2), at(3)]
        assert x_calls.count_of_app(db, POST, mock=True, since=at(1)) == (3, at(2))
        assert x_calls.count_of_app(db, POST, mock=False, since=START) == (0, None)

    def test_the_newest_is_returned(self, db: SqliteDatabase, account_id: int, other_id: int) -> None:
        with db.transaction() as tx:
            calls(tx, account_id, POST, 1, 2)
            calls(tx, other_id, POST, 3)
            calls(tx, account_id, READ, 4)
            assert x_calls.delete_newest(tx, account_id=account_id, mock=True, endpoint=POST)
            assert x_calls.list_of_endpoint(tx, account_id, POST, since=START) == [at(1)]
            assert x_calls.delete_newest(tx, account_id=account_id, mock=True, endpoint=POST)
            assert not x_calls.delete_newest(tx, account_id=account_id, mock=True, endpoint=POST)
            assert len(x_calls.list_of_endpoint(tx, other_id, POST, since=START)) == 1

    def test_old_calls_go_and_those_that_seem_to_come_were_made_by_now(
        self, db: SqliteDatabase, account_id: int, clock: Clock
    ) -> None:
        with db.transaction() as tx:
            calls(tx, account_id, POST, 1, 2, 500)
        clock.forward(100)
        with db.transaction() as tx:
            assert x_calls.delete_older_than(tx, at(2), limit=10) == 1
            assert x_calls.clamp_future(tx) == 1
            assert x_calls.list_of_endpoint(tx, account_id, POST, since=START) == [at(2), at(100)]

    def test_without_its_account_a_call_still_counts_for_the_app(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            calls(tx, account_id, POST, 1)
            put(tx, account_id)
            accounts.delete(tx, account_id)
            assert x_calls.count_of_app(tx, POST, mock=True, since=START) == (1, at(1))
            assert rate_windows.list_of_account(tx, account_id) == []


class TestWhatXSaid:
    def test_one_per_account_endpoint_and_environment(self, db: SqliteDatabase, account_id: int, other_id: int) -> None:
        with db.transaction() as tx:
            mine = [(account_id, POST, True), (account_id, READ, True)]
            others = [(other_id, POST, True), (None, POST, True), (None, POST, False)]
            for number, (owner, endpoint, mock) in enumerate([*mine, *others]):
                put(tx, owner, endpoint, mock=mock, remaining=99)
                put(tx, owner, endpoint, mock=mock, remaining=number)
                found = rate_windows.find(tx, account_id=owner, mock=mock, endpoint=endpoint)
                assert found is not None
                assert (found.remaining, found.call_limit, found.reset_at, found.seen_at) == (
                    number,
                    100,
                    at(600),
                    START,
                )
            assert [window.remaining for window in rate_windows.list_of_account(tx, account_id)] == [1, 0]
            assert rate_windows.find(tx, account_id=other_id, mock=True, endpoint=READ) is None

    def test_a_call_uses_up_what_is_left_to_its_account_and_endpoint(
        self, db: SqliteDatabase, account_id: int, other_id: int
    ) -> None:
        with db.transaction() as tx:
            owners = (account_id, other_id, None)
            for owner in owners:
                put(tx, owner, remaining=2)
                put(tx, owner, READ, remaining=2)
            calls(tx, account_id, POST, 1)
            calls(tx, None, READ, 1, 2, 3)
            left = {
                (owner, window.endpoint): window.remaining
                for owner in owners
                for endpoint in (POST, READ)
                if (window := rate_windows.find(tx, account_id=owner, mock=True, endpoint=endpoint))
            }
        assert left == {
            (account_id, POST): 1,
            (account_id, READ): 2,
            (other_id, POST): 2,
            (other_id, READ): 2,
            (None, POST): 2,
            (None, READ): 0,
        }

    @pytest.mark.parametrize(("limit", "left", "then"), [(100, 50, 51), (50, 50, 50), (None, 50, 51)])
    def test_one_is_given_back_but_never_more_than_the_limit(
        self, db: SqliteDatabase, account_id: int, limit: int | None, left: int, then: int
    ) -> None:
        with db.transaction() as tx:
            put(tx, account_id, call_limit=limit, remaining=left)
            rate_windows.return_call(tx, account_id=account_id, mock=True, endpoint=POST)
            found = rate_windows.find(tx, account_id=account_id, mock=True, endpoint=POST)
        assert found is not None
        assert found.remaining == then
