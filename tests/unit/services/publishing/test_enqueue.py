"""What stands against requests: a post is looked at once, an account read once, and a bad text asked nothing more."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.publishing.enqueue import AccountCache, check_request, enqueue_problems
from twitter_manager.storage.database import Queries, Row, TweetSearch


@dataclass
class Listening:
    """A database, and what it was asked."""

    db: Queries
    asked: list[str] = field(default_factory=list)

    def one(self, sql: str, **parameters: object) -> Row | None:
        self.asked.append(sql)
        return self.db.one(sql, **parameters)

    def all(self, sql: str, **parameters: object) -> Sequence[Row]:
        self.asked.append(sql)
        return self.db.all(sql, **parameters)

    def value(self, sql: str, **parameters: object) -> Any:
        self.asked.append(sql)
        return self.db.value(sql, **parameters)

    @property
    def tweet_search(self) -> TweetSearch:
        return self.db.tweet_search


def request_of(account: int, text: str) -> PublishRequest:
    return PublishRequest(account_id=account, post=Post(text=text))


def codes(harness: ServicesHarness, q: Queries, cache: AccountCache, request: PublishRequest) -> list[str]:
    checked = check_request(request)
    problems = [*checked.problems, *enqueue_problems(q, checked, cache, harness.clock())]
    return [problem.code for problem in problems]


def test_the_account_and_mock_mode_are_read_once(harness: ServicesHarness, alice: Account) -> None:
    q = Listening(harness.services.db)
    cache = AccountCache(q)
    for number in range(5):
        assert codes(harness, q, cache, request_of(alice.id, f"Number {number}")) == []
    assert len([sql for sql in q.asked if "FROM twitter_account" in sql]) == 1
    assert len([sql for sql in q.asked if "FROM service_state" in sql]) == 1


@pytest.mark.parametrize("text", ["bad \ud83d end", "", "x" * 281])
def test_a_text_that_is_refused_has_no_fingerprint_and_no_equal(
    harness: ServicesHarness, alice: Account, text: str
) -> None:
    request = request_of(alice.id, text)
    q = Listening(harness.services.db)
    assert check_request(request).fingerprint == ""
    assert len(codes(harness, q, AccountCache(q), request)) == 1
    assert not [sql for sql in q.asked if "FROM tweet" in sql]


def test_an_account_that_is_not_there_hides_no_other_fault(harness: ServicesHarness) -> None:
    db = harness.services.db
    assert codes(harness, db, AccountCache(db), request_of(4711, "")) == ["text_empty", "account_not_found"]
