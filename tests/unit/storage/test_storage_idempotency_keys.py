"""Idempotency-Keys in the database: one row for each key and place, with what was made, for a day."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.factories import at
from twitter_manager.errors import Conflict
from twitter_manager.storage import api_keys, idempotency_keys
from twitter_manager.storage.idempotency_keys import RETENTION_SECONDS, IdempotentCall
from twitter_manager.storage.sqlite.engine import SqliteDatabase


@pytest.fixture
def call(db: SqliteDatabase) -> IdempotentCall:
    """What the first of two callers asks for."""
    with db.transaction() as tx:
        first = api_keys.insert(tx, key_hash="1" * 64, name="first", source="command")
        api_keys.insert(tx, key_hash="2" * 64, name="second", source="command")
    return IdempotentCall(api_key_id=first.id, method="POST", path="/api/v1/tweet", key="k", body_hash="of a body")


def insert(db: SqliteDatabase, call: IdempotentCall | None, *, subject_id: int = 7) -> None:
    with db.transaction() as tx:
        idempotency_keys.insert(tx, call, subject_id=subject_id)


def store(db: SqliteDatabase, call: IdempotentCall, answer: str = "{}", *, status: int = 201) -> bool:
    with db.transaction() as tx:
        return idempotency_keys.store_response(tx, call, status=status, answer=answer)


def insert_answer(db: SqliteDatabase, call: IdempotentCall, answer: str = "{}") -> bool:
    with db.transaction() as tx:
        return idempotency_keys.try_insert(tx, call, status=200, answer=answer)


def found(db: SqliteDatabase, call: IdempotentCall, *, seconds: float = 0) -> tuple[object, ...] | None:
    """The subject, status and answer that are found so many seconds after the start."""
    row = idempotency_keys.find(db, call, now=at(seconds))
    return None if row is None else (row.subject_id, row.status, row.answer)


def test_what_was_made_is_found_and_then_its_first_answer(db: SqliteDatabase, call: IdempotentCall) -> None:
    assert found(db, call) is None
    insert(db, call)
    assert found(db, call) == (7, None, None)
    assert store(db, call, '{"tweet_id":7}')
    assert not store(db, call, '{"another": "answer"}')
    assert found(db, call) == (7, 201, '{"tweet_id":7}')


def test_a_body_does_not_make_it_another_one_but_shows(db: SqliteDatabase, call: IdempotentCall) -> None:
    insert(db, call)
    other = replace(call, body_hash="of another body")
    row = idempotency_keys.find(db, other, now=at(0))
    assert row is not None
    assert row.body_hash == "of a body"
    with pytest.raises(Conflict):
        insert(db, other)


@pytest.mark.parametrize(
    "difference", [{"api_key_id": 2}, {"method": "PUT"}, {"path": "/api/v1/tweets"}, {"key": "K"}], ids=str
)
def test_everything_else_does(db: SqliteDatabase, call: IdempotentCall, difference: dict[str, Any]) -> None:
    other = replace(call, **difference)
    insert(db, call)
    assert found(db, other) is None
    assert not store(db, other)
    insert(db, other, subject_id=8)
    assert (found(db, call), found(db, other)) == ((7, None, None), (8, None, None))


def test_who_comes_second_makes_nothing(db: SqliteDatabase, call: IdempotentCall) -> None:
    insert(db, call)
    with pytest.raises(Conflict) as caught, db.transaction() as tx:
        api_keys.insert(tx, key_hash="3" * 64, name="made in the same transaction", source="command")
        idempotency_keys.insert(tx, call, subject_id=8)
    assert (caught.value.code, caught.value.retryable) == ("idempotency_key_in_use", True)
    assert [key.name for key in api_keys.list_all(db)] == ["first", "second"]
    assert found(db, call) == (7, None, None)


def test_without_a_key_nothing_is_noted(db: SqliteDatabase) -> None:
    insert(db, None)
    assert db.all("SELECT * FROM idempotency_key") == []


def test_an_answer_about_nothing_that_was_made_is_kept_once(db: SqliteDatabase, call: IdempotentCall) -> None:
    assert not store(db, call)
    assert insert_answer(db, call, '{"deleted":3}')
    assert not insert_answer(db, call, '{"deleted":0}')
    assert not store(db, call)
    assert found(db, call) == (None, 200, '{"deleted":3}')


def test_after_a_day_it_is_as_if_it_were_not_there(db: SqliteDatabase, call: IdempotentCall, clock: Clock) -> None:
    insert(db, call)
    assert found(db, call, seconds=RETENTION_SECONDS) == (7, None, None)
    assert found(db, call, seconds=RETENTION_SECONDS + 0.001) is None
    clock.forward(RETENTION_SECONDS + 0.001)
    assert not store(db, call)
    insert(db, replace(call, body_hash="of another body"), subject_id=8)
    assert found(db, call, seconds=RETENTION_SECONDS + 1) == (8, None, None)
    assert store(db, call)
    clock.forward(RETENTION_SECONDS + 0.001)
    assert insert_answer(db, call, "later")
    assert found(db, call, seconds=2 * RETENTION_SECONDS + 1) == (None, 200, "later")


def test_old_ones_are_forgotten(db: SqliteDatabase, call: IdempotentCall, clock: Clock) -> None:
    insert(db, call)
    clock.forward(60)
    insert(db, replace(call, key="later"))
    with db.transaction() as tx:
        assert idempotency_keys.delete_older_than(tx, at(30), limit=10) == 1
    assert [row["key"] for row in db.all("SELECT key FROM idempotency_key")] == ["later"]
