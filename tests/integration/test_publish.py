"""POST /api/v1/tweets: now, at a time, as a draft; with everything a post can have; twice; late; too many."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.api import posting

SOON = "2026-11-20T14:10:00Z"


def publish(service: Service, account_id: int, text: str = "Hello", **more: object) -> TestResponse:
    with BackgroundWorker(service):
        return service.client.post("/api/v1/tweets", json={"account_id": account_id, "text": text, **more})


def scheduled(service: Service, account_id: int, text: str = "Hello", **more: object) -> dict[str, Any]:
    body = {"account_id": account_id, "text": text, "schedule_at": SOON, **more}
    answer = service.client.post("/api/v1/tweets", json=body)
    assert answer.status_code == 201, answer.text
    taken: dict[str, Any] = answer.json
    return taken


def texts(service: Service, username: str = "alice") -> list[str]:
    return [post.original for post in service.world.posts(username)]


class TestNow:
    def test_it_is_at_x(self, service: Service, alice: int) -> None:
        answer = publish(service, alice)
        [post] = service.world.posts("alice")
        assert answer.status_code == 201, answer.text
        taken = answer.json
        assert (taken["success"], taken["status"], taken["tweet_id"]) == (True, "posted", post.id)
        assert taken["url"] == f"http://127.0.0.1:5555/mock/x/alice/status/{post.id}"
        assert taken["created_at"].endswith("Z")
        assert taken["warnings"] == []
        assert service.row(taken["post_id"])["twitter_id"] == post.id

    def test_x_says_no(self, service: Service, alice: int) -> None:
        service.world.faults.refuses(403, detail="Not like this")
        shape = publish(service, alice).json
        assert (shape["code"], shape["error"]) == ("post_refused", "Failed to post tweet")
        assert shape["twitter"]["detail"] == "Not like this"
        assert service.row(shape["post_id"])["status"] == "failed"

    def test_x_has_this_text_already(self, service: Service, alice: int) -> None:
        service.world.write("alice", "Hello")
        shape = publish(service, alice).json
        assert (shape["code"], shape["error"]) == ("duplicate_content", "X has this text from this account already")

    def test_an_account_that_is_switched_off(self, service: Service, alice: int) -> None:
        service.client.patch(f"/api/v1/accounts/{alice}", json={"is_active": False})
        answer = publish(service, alice)
        assert (answer.status_code, answer.json["status"]) == (202, "held")
        assert (answer.json["accepted"], answer.json["success"]) == (True, False)

    def test_only_what_is_kept_for_its_time_is_a_success_too(self, service: Service, alice: int) -> None:
        for more in ({"schedule_at": "2026-11-20T15:00:00Z"}, {"draft": True}):
            taken = publish(service, alice, f"Hello {more}", **more).json
            assert taken["success"] is True
            assert "accepted" not in taken

    def test_x_asks_to_wait(self, service: Service, alice: int) -> None:
        service.world.faults.rate_limits(reset_in=600)
        answer = publish(service, alice)
        assert answer.status_code == 202
        assert (answer.json["status"], answer.json["error_code"]) == ("held", "rate_limited")
        assert (answer.json["accepted"], answer.json["success"]) == (True, False)
        assert answer.json["next_attempt_at"] == "2026-11-20T14:15:00.000Z"
        assert service.client.get(answer.json["status_url"]).json["id"] == answer.json["post_id"]

    def test_it_takes_longer_than_anybody_waits(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(posting, "ONE_SECONDS", 0.2)
        service.world.faults.accepts_then_cuts_the_line()
        answer = publish(service, alice)
        assert (answer.status_code, answer.json["status"]) == (202, "unconfirmed")
        service.clock.forward(3)
        service.run_due()
        assert service.row(answer.json["post_id"])["status"] == "posted"
        assert texts(service) == ["Hello"]

    def test_no_worker(self, service: Service, alice: int) -> None:
        answer = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "Hello"})
        assert_error(answer, 503, "no_worker", retryable=True)
        assert service.client.get("/api/v1/tweets").json["total"] == 0


class TestWhatAPostCanHave:
    def test_everything_reaches_x(self, service: Service, alice: int) -> None:
        parent = publish(service, alice, "A post").json["tweet_id"]
        publish(
            service,
            alice,
            "What do you say?",
            reply_to_tweet_id=parent,
            poll={"options": ["Yes", "No"], "duration_minutes": 60},
            reply_settings="mentionedUsers",
            made_with_ai=True,
            paid_partnership=True,
        )
        [_, post] = service.world.posts("alice")
        assert (post.original, post.in_reply_to, post.reply_settings) == ("What do you say?", parent, "mentionedUsers")
        assert post.poll == {"options": ["Yes", "No"], "duration_minutes": 60}

    def test_the_list_shows_it(self, service: Service, alice: int) -> None:
        poll = {"options": ["Yes", "No"], "duration_minutes": 60}
        taken = scheduled(service, alice, poll=poll, late_policy="hold", community_id="1234567890123")
        row = service.row(taken["post_id"])
        assert (row["poll"], row["late_policy"], row["community_id"]) == (poll, "hold", "1234567890123")

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"text": ""}, "text_empty", "text"),
            ({"text": "x" * 281}, "text_too_long", "text"),
            ({"media_ids": [12]}, "media_not_found", "media_ids"),
            ({"media_ids": ["12"]}, "media_not_found", "media_ids"),
            ({"media_ids": []}, "invalid_field", "media_ids"),
            ({"media_ids": [1.5]}, "invalid_field", "media_ids"),
            ({"poll": {"options": ["Yes"], "duration_minutes": 60}}, "invalid_field", "poll.options"),
            ({"poll": {"options": ["Yes", "No"], "duration_minutes": 4}}, "invalid_field", "poll.duration_minutes"),
            ({"reply_settings": "everyone"}, "invalid_field", "reply_settings"),
            ({"reply_to_tweet_id": 12}, "invalid_field", "reply_to_tweet_id"),
            ({"quote_tweet_id": "12a"}, "invalid_field", "quote_tweet_id"),
            ({"reply_to_tweet_id": "0"}, "invalid_field", "reply_to_tweet_id"),
            ({"quote_tweet_id": "0"}, "invalid_field", "quote_tweet_id"),
            ({"community_id": "007"}, "invalid_field", "community_id"),
            ({"late_policy": "never"}, "invalid_field", "late_policy"),
            ({"schedule_at": "2026-11-20T14:03:59Z"}, "schedule_in_the_past", "schedule_at"),
            ({"schedule_at": "2026-11-20T14:10:00"}, "invalid_field", "schedule_at"),
            ({"colour": "red"}, "invalid_field", "colour"),
            ({"account_id": "one"}, "invalid_id", "account_id"),
        ],
    )
    def test_what_it_cannot_have(
        self, service: Service, alice: int, more: dict[str, Any], code: str, field: str
    ) -> None:
        body = {"account_id": alice, "text": "Hello", **more}
        assert_error(service.client.post("/api/v1/tweets", json=body), 422, code, field=field)

    def test_what_excludes_each_other(self, service: Service, alice: int) -> None:
        poll = {"options": ["Yes", "No"], "duration_minutes": 60}
        body = {"account_id": alice, "text": "Hello", "poll": poll, "quote_tweet_id": "1234567890123"}
        assert_error(service.client.post("/api/v1/tweets", json=body), 422, "not_together", field="quote_tweet_id")

    def test_an_account_that_is_not_there(self, service: Service) -> None:
        body = {"account_id": 4711, "text": "Hello"}
        assert_error(service.client.post("/api/v1/tweets", json=body), 404, "account_not_found")


class TestAtATime:
    def test_it_goes_out_to_the_second(self, service: Service, alice: int) -> None:
        taken = scheduled(service, alice)
        assert (taken["status"], taken["tweet_id"], taken["url"]) == ("scheduled", None, None)
        assert taken["scheduled_at"] == "2026-11-20T14:10:00.000Z"
        service.clock.forward(299)
        service.run_due()
        assert texts(service) == []
        service.clock.forward(1)
        service.run_due()
        assert texts(service) == ["Hello"]

    def test_a_clock_that_is_a_little_fast(self, service: Service, alice: int) -> None:
        taken = scheduled(service, alice, schedule_at="2026-11-20T14:04:05.123Z")
        assert taken["status"] == "scheduled"
        service.run_due()
        assert texts(service) == ["Hello"]

    def test_a_draft_stays(self, service: Service, alice: int) -> None:
        answer = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "Hello", "draft": True})
        assert (answer.status_code, answer.json["status"]) == (201, "draft")
        service.run_due()
        assert texts(service) == []
        service.client.patch(f"/api/v1/tweets/{answer.json['post_id']}", json={"schedule_at": SOON})
        service.clock.forward(300)
        service.run_due()
        assert texts(service) == ["Hello"]

    @pytest.mark.parametrize(
        ("policy", "status", "code"),
        [("publish", "posted", None), ("skip", "canceled", "too_late"), ("hold", "held", "late")],
    )
    def test_over_an_hour_late(self, service: Service, alice: int, policy: str, status: str, code: str | None) -> None:
        taken = scheduled(service, alice, late_policy=policy)
        service.clock.forward(300 + 3601)
        service.run_due()
        row = service.row(taken["post_id"])
        assert (row["status"], row["error_code"]) == (status, code)
        assert texts(service) == (["Hello"] if policy == "publish" else [])

    @pytest.mark.parametrize("policy", ["skip", "hold"])
    def test_an_hour_late_is_not_too_late(self, service: Service, alice: int, policy: str) -> None:
        scheduled(service, alice, late_policy=policy)
        service.clock.forward(300 + 3599)
        service.run_due()
        assert texts(service) == ["Hello"]

    def test_what_was_tried_in_time_is_not_late(self, service: Service, alice: int) -> None:
        scheduled(service, alice, late_policy="skip")
        service.world.faults.rate_limits(reset_in=7200)
        service.clock.forward(300)
        service.run_due()
        service.clock.forward(7201)
        service.run_due()
        assert texts(service) == ["Hello"]

    def test_a_late_one_is_released_by_its_owner_only(self, service: Service, alice: int) -> None:
        taken = scheduled(service, alice, late_policy="hold")
        service.clock.forward(300 + 3601)
        service.run_due()
        service.connect("alice")
        service.run_due()
        assert texts(service) == []
        answer = service.client.patch(f"/api/v1/tweets/{taken['post_id']}", json={"status": "pending"})
        assert answer.json["status"] == "pending"
        service.run_due()
        assert texts(service) == ["Hello"]


class TestTwice:
    def test_the_same_again(self, service: Service, alice: int) -> None:
        first = publish(service, alice).json
        shape = publish(service, alice).json
        assert (shape["code"], shape["existing_post_id"]) == ("duplicate", first["post_id"])
        assert shape["existing_tweet_id"] == first["tweet_id"]
        assert texts(service) == ["Hello"]

    def test_canonically_the_same(self, service: Service, alice: int) -> None:
        scheduled(service, alice, "Caf\u00e9  au lait")
        body = {"account_id": alice, "text": "Cafe\u0301 au lait ", "schedule_at": SOON}
        answer = service.client.post("/api/v1/tweets", json=body)
        assert answer.status_code == 409
        assert answer.json["existing_tweet_id"] is None

    @pytest.mark.parametrize(
        "difference",
        [
            {"text": "Hello!"},
            {"reply_to_tweet_id": "1234567890123"},
            {"quote_tweet_id": "1234567890123"},
            {"media_ids": ["1234567890123"]},
            {"poll": {"options": ["Yes", "No"], "duration_minutes": 60}},
            {"schedule_at": "2026-11-21T14:10:01Z"},
            {"allow_duplicate": True},
            {"draft": True},
        ],
        ids=lambda difference: next(iter(difference)),
    )
    def test_not_the_same(self, service: Service, alice: int, difference: dict[str, Any]) -> None:
        scheduled(service, alice)
        scheduled(service, alice, **difference)

    def test_one_that_was_canceled_is_none(self, service: Service, alice: int) -> None:
        taken = scheduled(service, alice)
        service.client.patch(f"/api/v1/tweets/{taken['post_id']}", json={"status": "canceled"})
        scheduled(service, alice)

    def test_another_account(self, service: Service, alice: int) -> None:
        scheduled(service, alice)
        scheduled(service, service.connect("bob"))

    def test_of_two_equal_allowed_ones_the_second_waits_for_the_first(self, service: Service, alice: int) -> None:
        service.world.change(duplicates_refused=False)
        for _ in range(2):
            scheduled(service, alice, allow_duplicate=True)
        service.world.faults.accepts_then_cuts_the_line()
        service.clock.forward(300)
        service.run_due()
        assert texts(service) == ["Hello"], "the first one is not settled"
        service.clock.forward(2)
        service.run_due()
        assert texts(service) == ["Hello", "Hello"]


class TestMoreThanXTakes:
    def test_the_101st_of_a_quarter_of_an_hour(self, service: Service, alice: int) -> None:
        for number in range(100):
            assert scheduled(service, alice, f"Number {number}")["warnings"] == []
        [warning] = scheduled(service, alice, "One too many")["warnings"]
        assert (warning["code"], warning["account_id"]) == ("limit_forecast", alice)
        assert warning["expected_at"] == "2026-11-20T14:25:00.000Z"
        service.clock.forward(-0.123)
        service.clock.forward(300)
        service.run_due()
        assert len(texts(service)) == 100
        held = service.client.get("/api/v1/tweets?status=held").json["tweets"]
        assert [(row["text"], row["error_code"], row["next_attempt_at"]) for row in held] == [
            ("One too many", "rate_limit_exceeded", warning["expected_at"])
        ]
        service.clock.forward(900)
        service.run_due()
        assert texts(service)[-1] == "One too many"
