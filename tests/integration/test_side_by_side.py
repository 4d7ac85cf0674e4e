"""Two callers at the same moment: what one has read to decide is not changed by the other before it has written."""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.support import databases
from tests.support.factories import counted, truly_counted
from tests.support.service import Service
from twitter_manager.errors import Conflict
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.publishing import enqueue
from twitter_manager.services.rate_limits import limiter
from twitter_manager.services.rate_limits.meter import Meter
from twitter_manager.services.webhooks import endpoints
from twitter_manager.storage import idempotency_keys, oauth_states, threads, tweet_states
from twitter_manager.storage.idempotency_keys import IdempotentCall
from twitter_manager.twitter.errors import WindowExhausted
from twitter_manager.twitter.rate_limits import DAY, PER_USER, Limit
from twitter_manager.twitter.tweets import CREATE

Call = Callable[[], object]


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str], None]:
    """meet(module, name): two callers of that function wait for each other behind it, unless one is kept out."""

    def meet(module: object, name: str) -> None:
        original, barrier = getattr(module, name), threading.Barrier(2)

        def read_and_wait(*args: Any, **kw: Any) -> Any:
            found = original(*args, **kw)
            with suppress(threading.BrokenBarrierError):  # the other one waits for its turn
                barrier.wait(0.3)
            return found

        monkeypatch.setattr(module, name, read_and_wait)

    return meet


def at_once(calls: Sequence[Call]) -> list[object]:
    """What each returned or raised."""

    def outcome(call: Call) -> object:
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


def failures(outcomes: Sequence[object]) -> list[str]:
    return [getattr(each, "code", type(each).__name__) for each in outcomes if isinstance(each, Exception)]


def request(account_id: int, text: str) -> PublishRequest:
    return PublishRequest(account_id=account_id, post=Post(text=text), draft=False)


@pytest.fixture
def bob(service: Service) -> int:
    return service.connect("bob")


def test_the_same_post_is_accepted_once(service: Service, alice: int, meet: Callable[[object, str], None]) -> None:
    service.beat()
    meet(enqueue.tweets, "find_equal")
    outcomes = at_once([lambda: service.services.publishing.publish(request(alice, "Twice"))] * 2)
    assert failures(outcomes) == ["duplicate"]


def test_the_last_call_of_the_app_is_made_by_one_account(
    service: Service, alice: int, bob: int, meet: Callable[[object, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter, "PER_APP", {CREATE: Limit(20, DAY)})
    meter = Meter(service.services.db, mock=True)
    for _ in range(19):
        meter.acquire(alice, CREATE)
    meet(limiter.x_calls, "usage")
    outcomes = at_once([lambda: meter.acquire(alice, CREATE), lambda: meter.acquire(bob, CREATE)])
    assert [type(each) for each in outcomes if each is not None] == [WindowExhausted]


def test_the_last_call_of_a_window_is_made_once(
    service: Service, alice: int, meet: Callable[[object, str], None]
) -> None:
    meter = Meter(service.services.db, mock=True)
    for _ in range(PER_USER[CREATE][0].calls - 1):
        meter.acquire(alice, CREATE)
    meet(limiter.x_calls, "usage")
    outcomes = at_once([lambda: meter.acquire(alice, CREATE)] * 2)
    assert [type(each) for each in outcomes if each is not None] == [WindowExhausted]


def test_there_are_never_21_webhooks(service: Service, meet: Callable[[object, str], None]) -> None:
    def create() -> object:
        return service.services.webhooks.create(url="https://example.com/", events=["tweet.posted"], description="")

    for _ in range(endpoints.MAX_WEBHOOKS - 1):
        create()
    meet(endpoints.webhooks, "count")
    assert failures(at_once([create, create])) == ["too_many_webhooks"]


def test_a_thread_is_resumed_once(service: Service, alice: int, meet: Callable[[object, str], None]) -> None:
    service.beat()
    texts = [Post(text="Second"), Post(text="Third")]
    thread = service.services.threads.publish(request(alice, "First"), texts).thread
    with service.services.db.transaction(account_id=alice) as tx:
        threads.stop(tx, thread.id)
    meet(threads, "get")
    outcomes = at_once([lambda: service.services.threads.resume(thread.id)] * 2)
    assert failures(outcomes) == ["thread_not_stopped"]


def test_one_key_for_two_accounts_is_used_once(
    service: Service, alice: int, bob: int, meet: Callable[[object, str], None]
) -> None:
    service.beat()
    call = IdempotentCall(api_key_id=1, method="POST", path="/", key="k", body_hash="h")
    meet(idempotency_keys, "find")
    outcomes = at_once(
        [
            lambda: service.services.publishing.publish(request(alice, "One"), idempotency=call),
            lambda: service.services.publishing.publish(request(bob, "One"), idempotency=call),
        ]
    )
    assert failures(outcomes) == ["idempotency_key_in_use"]
    assert service.client.get("/api/v1/tweets").json["total"] == 1


def test_a_state_is_used_up_once(service: Service) -> None:
    state, db = service.begin()["state"], service.services.db
    begun = threading.Barrier(2)

    def consume() -> object:
        with db.transaction(account_id=()) as tx:
            with suppress(threading.BrokenBarrierError):
                begun.wait(0.3)
            return oauth_states.consume(tx, state, code_hash=None)

    assert at_once([consume, consume]).count(None) == 1


def test_batches_with_the_same_accounts_the_other_way_round(service: Service, alice: int, bob: int) -> None:
    service.beat()

    def batches(accounts: Sequence[int], name: str) -> Call:
        rows = [request(account, f"{name} {account}") for account in accounts]
        return lambda: [
            service.services.batches.publish([request(row.account_id, f"{row.post.text} {n}") for row in rows])
            for n in range(8)
        ]

    assert failures(at_once([batches((alice, bob), "forth"), batches((bob, alice), "back")])) == []
    assert service.client.get("/api/v1/tweets").json["total"] == 32


def test_accounts_do_not_wait_for_each_other(service: Service, alice: int, bob: int) -> None:
    if databases.chosen() == "sqlite":
        pytest.skip("on SQLite one transaction writes at a time")
    service.beat()
    with service.services.db.transaction(account_id=alice):
        assert service.services.publishing.publish(request(bob, "While Alice's is written")).tweet.id
        service.beat()


def test_counters_count_what_eight_threads_did(service: Service, alice: int, bob: int) -> None:
    service.beat()
    db = service.services.db

    def change(seed: int) -> Call:
        def run() -> None:
            chosen = random.Random(seed)
            for number in range(12):
                account = chosen.choice((alice, bob))
                try:
                    tweet = service.services.publishing.publish(request(account, f"{seed} {number}")).tweet
                except Conflict:
                    continue
                if chosen.random() < 0.6:
                    service.services.tweets.delete(tweet.id, from_x=False)
                elif chosen.random() < 0.5:
                    with db.transaction(account_id=None if seed == 0 else account) as tx:
                        tweet_states.cancel(tx, chosen.randint(1, tweet.id) if seed == 0 else tweet.id)

        return run

    assert failures(at_once([change(seed) for seed in range(8)])) == []
    assert counted(db) == truly_counted(db)
