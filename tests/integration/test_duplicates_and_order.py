"""What goes out first, what counts as the same post twice, and which post at X is which tweet."""

from collections import Counter
from typing import Any

import pytest

from tests.conftest import BackgroundWorker, Clock, Service, assert_error
from twitter_manager.api import posting
from twitter_manager.services import turns
from twitter_manager.storage import tweets
from twitter_manager.twitter import tweets as x_tweets

HOUR = 3600
FOX = "The quick brown fox jumps over the lazy dog"


def schedule(service: Service, account_id: int, text: str, at: str) -> int:
    answer = service.client.post("/api/v1/tweets", json={"account_id": account_id, "text": text, "schedule_at": at})
    assert answer.status_code == 201, answer.text
    number: int = answer.json["post_id"]
    return number


def post(service: Service, tweet_id: int) -> None:
    """It is told to go out, and everything that is due is done; in a bounded number of steps."""
    service.beat()
    service.services.publishing.post_now(tweet_id)
    step, steps = service.services.turns.next("test"), 0
    while step is not None:
        step = service.services.turns.follow(step, "test") or service.services.turns.next("test")
        steps += 1
        assert steps < 20, "the worker spins"


def doubtful(service: Service, account_id: int) -> int:
    """A tweet of which only its owner can say whether it is at X: nearly the same stands there."""
    service.world.faults.cuts_the_line()
    tweet_id = service.tweet(account_id, FOX)
    post(service, tweet_id)
    service.world.write("alice", f"{FOX}s")
    pass_time(service, 120)
    assert service.row(tweet_id)["error_code"] == "doubtful_match"
    return tweet_id


def resolve(service: Service, tweet_id: int, twitter_id: str) -> Any:
    return service.client.post(f"/api/v1/tweets/{tweet_id}/resolve", json={"as": "posted", "twitter_id": twitter_id})


def pass_time(service: Service, seconds: float) -> None:
    for _ in range(round(seconds / 60)):
        service.clock.forward(60)
        service.beat()
        service.run_due()


def texts_at_x(service: Service) -> list[str]:
    return [each.original for each in service.world.posts("alice")]


class TestOrder:
    """What was held goes out in the place it had, not in that of the moment until which it was held."""

    def test_after_a_rest(self, service: Service, alice: int) -> None:
        service.world.faults.rate_limits(reset_in=1500)
        post(service, service.tweet(alice, "What met the limit"))
        schedule(service, alice, "Second", "2026-11-20T14:20:00Z")
        schedule(service, alice, "First", "2026-11-20T14:10:00Z")
        pass_time(service, 1560)
        assert texts_at_x(service) == ["What met the limit", "First", "Second"]

    def test_when_the_app_has_credits_again(self, service: Service, alice: int) -> None:
        service.world.faults.runs_out_of_credits(times=1, call="POST /2/tweets")
        schedule(service, alice, "Second", "2026-11-20T14:07:00Z")
        schedule(service, alice, "First", "2026-11-20T14:06:00Z")
        service.clock.forward(180)
        service.run_due()
        assert texts_at_x(service) == []
        pass_time(service, 300)
        assert texts_at_x(service) == ["First", "Second"]

    def test_late_ones_are_canceled_a_few_at_a_time(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So that who writes meanwhile does not wait for thousands."""

        def ticking(clock: Clock) -> Any:
            clock.forward(0.001)  # each transaction has a time of its own
            return clock.present

        monkeypatch.setattr(turns, "MOST_LATE", 3)
        monkeypatch.setattr(Clock, "__call__", ticking)
        late = {"account_id": alice, "schedule_at": "2026-11-20T14:10:00Z", "late_policy": "skip"}
        body = {"tweets": [{**late, "text": f"Number {number}"} for number in range(9)]}
        service.client.post("/api/v1/tweets/batch", json=body)
        service.clock.forward(2 * HOUR)
        service.run_due()
        rows = service.client.get("/api/v1/tweets").json["tweets"]
        assert [(row["status"], row["error_code"]) for row in rows] == [("canceled", "too_late")] * 9
        assert list(Counter(row["updated_at"] for row in rows).values()) == [3, 3, 3]


class TestTheSameTwice:
    def test_a_part_that_waits_will_answer_another_post(self, service: Service, alice: int) -> None:
        thread = {"account_id": alice, "tweets": ["News of today", "Thank you"], "schedule_at": "2026-11-21T10:00:00Z"}
        service.client.post("/api/v1/threads", json=thread)
        schedule(service, alice, "Thank you", "2026-11-20T15:00:00Z")

    def test_what_is_held_since_yesterday_goes_out_soon(self, service: Service, alice: int) -> None:
        service.world.faults.runs_out_of_credits()
        body = {"account_id": alice, "text": "The same"}
        with BackgroundWorker(service):
            held = service.client.post("/api/v1/tweets", json=body).json
        assert held["status"] == "held"
        service.clock.forward(26 * HOUR)
        service.beat()
        service.run_due()
        again = service.client.post("/api/v1/tweets", json=body)
        assert (again.status_code, again.json["existing_post_id"]) == (409, held["post_id"]), again.text

    def test_it_says_so_while_it_waits_for_one_that_needs_its_owner(self, service: Service, alice: int) -> None:
        doubtful(service, alice)
        second = service.tweet(alice, FOX)
        post(service, second)
        row = service.row(second)
        assert (row["status"], row["waiting_for"]) == ("pending", "equal_tweet")
        assert service.anonymous.get("/api/v1/health").status_code == 200

    def test_so_does_a_part_of_a_thread(self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(posting, "ONE_SECONDS", 0.1)  # nobody waits for the owner
        doubtful(service, alice)
        with BackgroundWorker(service):
            thread = {"account_id": alice, "tweets": ["News", FOX, "Bye"]}
            thread_id = service.client.post("/api/v1/threads", json=thread).json["thread_id"]
        pass_time(service, 300)
        parts = service.client.get(f"/api/v1/threads/{thread_id}").json["tweets"]
        assert [part["waiting_for"] for part in parts] == [None, "equal_tweet", "previous_part"]


class TestWhichPostItIs:
    """X's own word goes before that of a look or of an owner."""

    def test_x_answers_with_the_id_of_another_tweet(self, service: Service, alice: int) -> None:
        first, second = service.tweet(alice, "One"), service.tweet(alice, "Two")
        post(service, first)
        there = service.row(first)["twitter_id"]
        service.world.faults.accepts_then_answers_garbage(body=f'{{"data": {{"id": "{there}", "text": "Two"}}}}')
        post(service, second)
        assert (service.row(second)["status"], service.row(second)["twitter_id"]) == ("posted", there)
        mistaken = service.row(first)
        assert (mistaken["status"], mistaken["error_code"]) == ("unconfirmed", "id_of_another")
        assert (mistaken["twitter_id"], mistaken["needs_decision"]) == (None, True)

    def test_its_owner_takes_the_post_of_one_in_flight_for_another(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mistaken = doubtful(service, alice)
        create = x_tweets.create

        def create_while_the_owner_looks(*args: Any, **options: Any) -> Any:
            created = create(*args, **options)
            assert resolve(service, mistaken, created.id).status_code == 200
            return created

        monkeypatch.setattr(x_tweets, "create", create_while_the_owner_looks)
        in_flight = service.tweet(alice, "Something else")
        post(service, in_flight)
        assert service.row(in_flight)["status"] == "posted"
        row = service.row(mistaken)
        assert (row["status"], row["error_code"], row["needs_decision"]) == ("unconfirmed", "id_of_another", True)
        assert service.anonymous.get("/api/v1/health").status_code == 200
        assert service.client.delete(f"/api/v1/tweets/{in_flight}").status_code == 200

    def test_the_second_post_of_a_tweet_is_no_other_tweets(self, service: Service, alice: int) -> None:
        other = service.tweet(alice, "There twice")
        post(service, other)
        twin = service.world.write("alice", "There twice").id
        with service.services.db.transaction() as tx:
            tx.execute("UPDATE tweet SET twin_twitter_id = :twin WHERE id = :id", twin=twin, id=other)
        assert_error(resolve(service, doubtful(service, alice), twin), 409, "twitter_id_taken", field="twitter_id")

    def test_it_gets_to_x_while_it_is_deleted_there(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tweet_id = service.tweet(alice, "Oops")
        service.beat()
        service.services.publishing.post_now(tweet_id)
        get, seen = tweets.get, []

        def get_and_lose_time(queries: Any, number: int) -> Any:
            found = get(queries, number)
            if not seen:
                seen.append(number)
                service.run_due()
            return found

        monkeypatch.setattr(tweets, "get", get_and_lose_time)
        assert service.client.delete(f"/api/v1/tweets/{tweet_id}?from_twitter=1").status_code == 200
        assert texts_at_x(service) == []
