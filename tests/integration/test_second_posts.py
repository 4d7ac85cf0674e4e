"""A posted tweet of which X may have a second post is not deleted before that is known: a lost worker leaves such."""

import pytest

from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.storage import attempts, lanes


def send_unclearly_again(service: Service, account_id: int, tweet_id: int) -> None:
    """What is known after a first attempt was answered late and a second one not at all."""
    with service.services.db.transaction() as tx:
        second = attempts.insert(tx, tweet_id=tweet_id, account_id=account_id, lease="lost", since_id=None)
        attempts.close(tx, second.id, outcome="unclear", over_at=tx.now, error_code="x_unclear")
        attempts.schedule_check(tx, second.id, tx.now)
        lanes.make_due(tx, account_id, tx.now)


def publish(service: Service, path: str, **body: object) -> int:
    with BackgroundWorker(service):
        answer = service.client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    number: int = answer.json.get("thread_id", answer.json.get("post_id"))
    return number


def reconcile(service: Service) -> None:
    for _ in range(3):
        service.clock.forward(60)
        service.beat()
        service.run_due()


@pytest.fixture
def tweet(service: Service, alice: int) -> int:
    number = publish(service, "tweets", account_id=alice, text="Hello")
    send_unclearly_again(service, alice, number)
    return number


@pytest.mark.parametrize("query", ["", "?from_twitter=1"])
def test_it_is_not_deleted_before_that_is_known(service: Service, alice: int, tweet: int, query: str) -> None:
    assert_error(service.client.delete(f"/api/v1/tweets/{tweet}{query}"), 409, "tweet_in_flight")
    assert len(service.world.posts("alice")) == 1
    reconcile(service)
    assert service.client.delete(f"/api/v1/tweets/{tweet}{query}").status_code == 200


def test_cleaning_up_skips_it(service: Service, alice: int, tweet: int) -> None:
    cleaned = service.client.post("/api/v1/tweets/cleanup", json={"statuses": ["posted"]}).json
    assert (cleaned["deleted"], cleaned["skipped"]) == (0, 1)


@pytest.mark.parametrize("query", ["", "?from_twitter=1"])
def test_nor_is_its_thread(service: Service, alice: int, query: str) -> None:
    thread = publish(service, "threads", account_id=alice, tweets=["One", "Two"])
    first = service.client.get(f"/api/v1/threads/{thread}").json["tweets"][0]["id"]
    send_unclearly_again(service, alice, first)
    assert_error(service.client.delete(f"/api/v1/threads/{thread}{query}"), 409, "thread_in_flight", retryable=True)
    assert len(service.world.posts("alice")) == 2
    reconcile(service)
    assert service.client.delete(f"/api/v1/threads/{thread}{query}").status_code == 200


def test_where_x_cannot_be_asked_it_is_deleted_all_the_same(service: Service, alice: int, tweet: int) -> None:
    service.world.faults.timeline_is_unreadable(times=None)
    for _ in range(40):
        service.clock.forward(60)
        service.beat()
        service.run_due()
    assert service.client.delete(f"/api/v1/tweets/{tweet}").status_code == 200
