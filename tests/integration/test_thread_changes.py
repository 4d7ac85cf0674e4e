"""What owners do to the parts of a thread: whatever is deleted, canceled, moved or late, the rest keeps its order, its
time and whom it answers, and a thread that stopped goes on when it is told to."""

import threading
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.api import posting
from twitter_manager.twitter import tweets as x_tweets

TEXTS = ["First of all", "Then this", "And in the end that"]
SOON = "2026-11-20T14:10:00Z"
TOMORROW = "2026-11-21T14:10:00Z"
HOUR = 3600


def publish(service: Service, account_id: int, tweets: list[str] | None = None) -> dict[str, Any]:
    """A thread that goes out now, as far as it comes."""
    with BackgroundWorker(service):
        answer = service.client.post("/api/v1/threads", json={"account_id": account_id, "tweets": tweets or TEXTS})
    assert answer.status_code in (201, 202, 502), answer.text
    taken: dict[str, Any] = answer.json
    return taken


def schedule(service: Service, account_id: int, at: str = SOON, **more: object) -> tuple[int, list[int]]:
    """A thread for a time to come, and its parts."""
    body = {"account_id": account_id, "tweets": TEXTS, "schedule_at": at, **more}
    answer = service.client.post("/api/v1/threads", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json["thread_id"], parts_of(answer.json)


def parts_of(taken: dict[str, Any]) -> list[int]:
    return [part["post_id"] for part in taken["tweets"]]


def at_x(service: Service) -> list[tuple[str, str | None]]:
    """Text and parent of each post, in the order in which X took them."""
    return [(post.original, post.in_reply_to) for post in service.world.posts("alice")]


def texts_at_x(service: Service) -> list[str]:
    return [text for text, _ in at_x(service)]


def state(service: Service, thread_id: int) -> dict[str, Any]:
    answer = service.client.get(f"/api/v1/threads/{thread_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def statuses(service: Service, thread_id: int) -> list[str]:
    return [part["status"] for part in state(service, thread_id)["tweets"]]


def change(service: Service, part: int, **wanted: object) -> None:
    answer = service.client.patch(f"/api/v1/tweets/{part}", json=wanted)
    assert answer.status_code == 200, answer.text


def delete(service: Service, part: int, query: str = "") -> None:
    answer = service.client.delete(f"/api/v1/tweets/{part}{query}")
    assert answer.status_code == 200, answer.text


def clean_up(service: Service, *statuses: str) -> None:
    assert service.client.post("/api/v1/tweets/cleanup", json={"statuses": statuses}).status_code == 200


def resume(service: Service, thread_id: int) -> TestResponse:
    with BackgroundWorker(service):
        return service.client.post(f"/api/v1/threads/{thread_id}/resume")


def pass_time(service: Service, seconds: float, *, step: float = 60) -> None:
    for _ in range(round(seconds / step)):
        service.clock.forward(step)
        service.beat()
        service.run_due()


class TestDeletedBeforeItsTime:
    """A part is deleted before anything is out: the next one stands in its place."""

    def test_what_is_first_now_answers_whom_the_thread_answers(self, service: Service, alice: int) -> None:
        parent = publish(service, alice, ["A post"])["tweets"][0]["tweet_id"]
        _, (first, *_) = schedule(service, alice, reply_to_tweet_id=parent)
        delete(service, first)
        pass_time(service, 300)
        assert at_x(service)[1] == (TEXTS[1], parent)
        assert texts_at_x(service)[1:] == TEXTS[1:]

    def test_what_is_first_now_can_be_moved_and_the_rest_moves_with_it(self, service: Service, alice: int) -> None:
        thread_id, (first, second, _) = schedule(service, alice)
        delete(service, first)
        change(service, second, schedule_at=TOMORROW)
        pass_time(service, 600)
        assert texts_at_x(service) == []
        assert {part["scheduled_at"] for part in state(service, thread_id)["tweets"]} == {"2026-11-21T14:10:00.000Z"}

    def test_a_thread_that_was_moved_by_its_first_part_keeps_the_new_time(self, service: Service, alice: int) -> None:
        _, (first, *_) = schedule(service, alice)
        change(service, first, schedule_at=TOMORROW)
        delete(service, first)
        pass_time(service, 600)
        assert texts_at_x(service) == []
        service.clock.forward(24 * HOUR)
        pass_time(service, 60)
        assert texts_at_x(service) == TEXTS[1:]

    def test_what_was_canceled_and_taken_up_again_keeps_the_threads_time(self, service: Service, alice: int) -> None:
        _, (first, second, _) = schedule(service, alice, at=TOMORROW)
        change(service, second, status="canceled")
        change(service, second, status="pending")
        delete(service, first)
        pass_time(service, 600)
        assert texts_at_x(service) == []

    def test_late_policy_counts_for_what_is_first_now(self, service: Service, alice: int) -> None:
        thread_id, (first, *_) = schedule(service, alice, late_policy="skip")
        delete(service, first)
        pass_time(service, 5 * HOUR, step=5 * HOUR)
        assert texts_at_x(service) == []
        assert statuses(service, thread_id) == ["canceled", "canceled"]

    def test_what_is_held_for_lateness_stays_held_without_its_first_part(self, service: Service, alice: int) -> None:
        thread_id, (first, *_) = schedule(service, alice, late_policy="hold")
        pass_time(service, 5 * HOUR, step=5 * HOUR)
        delete(service, first)
        service.run_due()
        assert texts_at_x(service) == []
        assert state(service, thread_id)["status"] == "held"
        assert resume(service, thread_id).status_code == 201
        assert texts_at_x(service) == TEXTS[1:]


class TestLate:
    @pytest.mark.parametrize("policy", ["hold", "skip"])
    def test_it_goes_out_when_its_owner_resumes_it(self, service: Service, alice: int, policy: str) -> None:
        thread_id, _ = schedule(service, alice, late_policy=policy)
        pass_time(service, 3 * HOUR, step=3 * HOUR)
        assert texts_at_x(service) == []
        answer = resume(service, thread_id)
        assert (answer.status_code, answer.json["status"]) == (201, "posted"), answer.text
        assert texts_at_x(service) == TEXTS


class TestTakenDownAtX:
    """A part that is out is taken down while the next one is held: that one answers what is still there."""

    def test_the_first_part(self, service: Service, alice: int) -> None:
        service.world.faults.rate_limits(reset_in=600, skip=1)
        taken = publish(service, alice)
        delete(service, parts_of(taken)[0], "?from_twitter=1")
        pass_time(service, 660)
        assert state(service, taken["thread_id"])["status"] == "posted"
        second = service.world.posts("alice")[0].id
        assert at_x(service) == [(TEXTS[1], None), (TEXTS[2], second)]

    def test_not_while_the_part_after_it_is_on_its_way(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(posting, "ONE_SECONDS", 0.1)
        service.world.faults.cuts_the_line(skip=1)
        with BackgroundWorker(service):
            taken = service.client.post("/api/v1/threads", json={"account_id": alice, "tweets": ["One", "Two"]})
        first, second = (part["post_id"] for part in taken.json["tweets"])
        assert service.row(second)["status"] == "unconfirmed"
        path = f"/api/v1/tweets/{first}?from_twitter=1"
        assert_error(service.client.delete(path), 409, "thread_in_flight", retryable=True)
        for _ in range(20):
            service.clock.forward(10)
            service.beat()
            service.run_due()
        assert service.row(second)["status"] == "posted"
        assert service.client.delete(path).status_code == 200

    def test_a_part_in_the_middle(self, service: Service, alice: int) -> None:
        service.world.faults.rate_limits(reset_in=600, skip=2)
        taken = publish(service, alice, ["One", "Two", "Three", "Four"])
        first = taken["tweets"][0]["tweet_id"]
        delete(service, parts_of(taken)[1], "?from_twitter=1")
        pass_time(service, 660)
        assert state(service, taken["thread_id"])["status"] == "posted"
        assert texts_at_x(service) == ["One", "Three", "Four"]
        assert at_x(service)[1] == ("Three", first)


class TestStopped:
    """X refused a part, or its owner stopped the thread: nothing goes out before somebody says so."""

    @pytest.fixture
    def stopped(self, service: Service, alice: int) -> dict[str, Any]:
        """Its second part was refused, and is deleted."""
        service.world.faults.refuses(403, skip=1)
        taken = publish(service, alice)
        delete(service, parts_of(taken)[1])
        service.run_due()
        assert texts_at_x(service) == TEXTS[:1]
        assert state(service, taken["thread_id"])["status"] == "broken"
        return taken

    def test_deleting_a_part_that_is_out_sends_nothing(self, service: Service, stopped: dict[str, Any]) -> None:
        delete(service, parts_of(stopped)[0])
        service.run_due()
        assert texts_at_x(service) == TEXTS[:1]
        assert state(service, stopped["thread_id"])["status"] == "broken"

    def test_another_text_sends_nothing(self, service: Service, stopped: dict[str, Any]) -> None:
        change(service, parts_of(stopped)[2], text="Not yet")
        service.run_due()
        assert texts_at_x(service) == TEXTS[:1]

    def test_it_answers_the_last_part_though_its_row_was_cleaned_up(
        self, service: Service, stopped: dict[str, Any]
    ) -> None:
        clean_up(service, "posted")
        assert resume(service, stopped["thread_id"]).status_code == 201
        assert at_x(service)[-1] == (TEXTS[2], stopped["tweets"][0]["tweet_id"])

    def test_it_answers_the_last_part_though_row_and_refused_part_go_together(
        self, service: Service, alice: int
    ) -> None:
        service.world.faults.refuses(403, skip=1)
        taken = publish(service, alice)
        clean_up(service, "posted", "failed")
        assert resume(service, taken["thread_id"]).status_code == 201
        assert at_x(service)[-1] == (TEXTS[2], taken["tweets"][0]["tweet_id"])

    def test_a_thread_without_its_time_waits_though_a_part_is_deleted(self, service: Service, alice: int) -> None:
        thread_id, (first, second, _) = schedule(service, alice)
        change(service, first, status="pending")
        delete(service, second)
        pass_time(service, 600)
        assert texts_at_x(service) == []
        assert resume(service, thread_id).status_code == 201
        assert texts_at_x(service) == [TEXTS[0], TEXTS[2]]

    def test_a_part_that_is_taken_up_again_goes_on_with_the_thread(self, service: Service, alice: int) -> None:
        service.world.faults.rate_limits(reset_in=600, skip=1)
        taken = publish(service, alice)
        second = parts_of(taken)[1]
        change(service, second, status="canceled")
        pass_time(service, 660)
        assert texts_at_x(service) == TEXTS[:1]
        change(service, second, status="pending")
        service.run_due()
        assert texts_at_x(service) == TEXTS


class TestDeletedOnItsWay:
    def test_nothing_more_goes_out_of_a_thread_that_is_to_be_deleted(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(posting, "ONE_SECONDS", 0.1)  # nobody waits for the look
        service.world.faults.cuts_the_line(skip=1)
        thread_id = publish(service, alice)["thread_id"]
        assert_error(service.client.delete(f"/api/v1/threads/{thread_id}"), 409, "thread_in_flight", retryable=True)
        pass_time(service, 200, step=10)
        assert texts_at_x(service) == TEXTS[:1]
        assert statuses(service, thread_id) == ["posted", "canceled", "canceled"]
        resume(service, thread_id)
        assert texts_at_x(service) == TEXTS, "its owner wants it after all"

    def test_cleaning_up_leaves_the_parts_of_a_thread_that_is_half_out(self, service: Service, alice: int) -> None:
        service.world.faults.cuts_the_line(skip=1)
        thread_id, _ = schedule(service, alice)
        service.clock.forward(301)
        service.run_due()
        assert statuses(service, thread_id) == ["posted", "unconfirmed", "scheduled"]
        clean_up(service, "scheduled")
        pass_time(service, 200, step=10)
        assert texts_at_x(service) == TEXTS

    def test_two_take_it_down_at_once(self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = f"/api/v1/threads/{publish(service, alice)['thread_id']}?from_twitter=1"
        delete_at_x = x_tweets.delete
        others: list[int] = []

        def delete_while_another_does(*args: Any, **options: Any) -> None:
            delete_at_x(*args, **options)
            if not others:
                others.append(0)
                others[0] = service.client.delete(whole).status_code

        monkeypatch.setattr(x_tweets, "delete", delete_while_another_does)
        answer = service.client.delete(whole)
        assert (answer.status_code, others) == (200, [200])
        assert texts_at_x(service) == []

    @pytest.mark.parametrize("waits", [0, HOUR])
    def test_nobody_resumes_it_while_its_posts_are_deleted(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch, waits: int
    ) -> None:
        """Or, where that takes hours, whatever goes out is deleted, too."""
        service.world.faults.refuses(skip=2)
        thread_id = publish(service, alice)["thread_id"]
        delete_at_x = x_tweets.delete
        answers: list[TestResponse] = []

        def delete_while_another_resumes(*args: Any, **options: Any) -> None:
            if not answers:
                service.clock.forward(waits)
                answers.append(resume(service, thread_id))
            delete_at_x(*args, **options)

        monkeypatch.setattr(x_tweets, "delete", delete_while_another_resumes)
        path = f"/api/v1/threads/{thread_id}"
        answer = service.client.delete(f"{path}?from_twitter=1")
        if not waits:
            assert_error(answers[0], 409, "thread_in_flight", retryable=True)
            assert answer.status_code == 200, answer.text
        else:
            assert answers[0].status_code == 201, answers[0].text
            assert_error(answer, 409, "thread_in_flight", retryable=True)
            assert service.client.delete(f"{path}?from_twitter=1").status_code == 200
        assert texts_at_x(service) == []
        assert service.client.get(path).status_code == 404

    def test_who_waits_for_it_is_told_that_it_is_gone(self, service: Service, alice: int) -> None:
        service.beat()
        answers: list[TestResponse] = []
        body = {"account_id": alice, "tweets": TEXTS}
        caller = threading.Thread(target=lambda: answers.append(service.client.post("/api/v1/threads", json=body)))
        seen = service.services.notifier.wakes
        caller.start()
        service.services.notifier.wait_for_wake(seen, 10)
        assert service.client.delete("/api/v1/threads/1").status_code == 200
        caller.join()
        assert_error(answers[0], 404, "thread_not_found")
