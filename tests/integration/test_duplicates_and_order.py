"""What counts as the same tweet, what goes out first after a rest, and whose word goes before whose."""

from typing import Any

import pytest

from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.api import posting
from twitter_manager.services.dispatch import dispatcher
from twitter_manager.storage import tweet_states
from twitter_manager.twitter import tweets as x_tweets


def scheduled(service: Service, account_id: int, text: str, at: str, **more: object) -> int:
    body = {"account_id": account_id, "text": text, "schedule_at": at, **more}
    answer = service.client.post("/api/v1/tweets", json=body)
    assert answer.status_code == 201, answer.text
    number: int = answer.json["post_id"]
    return number


def texts(service: Service) -> list[str]:
    return [post.original for post in service.world.posts("alice")]


def pass_minutes(service: Service, minutes: int) -> None:
    for _ in range(minutes):
        service.clock.forward(60)
        service.beat()
        service.run_due()


class TestDuplicates:
    def test_a_part_that_waits_will_have_another_parent(self, service: Service, alice: int) -> None:
        thread = {"account_id": alice, "tweets": ["News of today", "Thank you"], "schedule_at": "2026-11-21T10:00:00Z"}
        assert service.client.post("/api/v1/threads", json=thread).status_code == 201
        scheduled(service, alice, "Thank you", "2026-11-20T15:00:00Z")

    @pytest.mark.parametrize(
        ("at", "codes"), [("2026-11-21T14:59:00Z", ["repeated_part"]), ("2026-11-21T15:01:00Z", [])]
    )
    def test_a_part_with_a_text_that_is_there_already_is_warned_of(
        self, service: Service, alice: int, at: str, codes: list[str]
    ) -> None:
        scheduled(service, alice, "Thank you", "2026-11-20T15:00:00Z")
        thread = {"account_id": alice, "tweets": ["News", "Thank you"], "schedule_at": at}
        trial = service.client.post("/api/v1/tweets/validate", json=thread).json
        made = service.client.post("/api/v1/threads", json=thread).json
        assert [each["code"] for each in trial["warnings"]] == codes
        assert [each["code"] for each in made["warnings"]] == codes
        assert trial["valid"]

    def test_what_its_owner_allowed_is_not_warned_of(self, service: Service, alice: int) -> None:
        scheduled(service, alice, "Thank you", "2026-11-20T15:00:00Z")
        thread = {"account_id": alice, "tweets": ["News", "Thank you"], "allow_duplicate": True}
        assert service.client.post("/api/v1/tweets/validate", json=thread).json["warnings"] == []

    def test_a_text_is_not_changed_into_one_that_is_there_already(self, service: Service, alice: int) -> None:
        first = scheduled(service, alice, "Same", "2026-11-20T15:00:00Z")
        second = scheduled(service, alice, "Other", "2026-11-20T16:00:00Z")
        path = f"/api/v1/tweets/{second}"
        refused = service.client.patch(path, json={"text": "Same"})
        existing = {"field": "text", "existing_post_id": first, "existing_tweet_id": None}
        assert_error(refused, 409, "duplicate", **existing)
        assert (
            service.client.patch(path, json={"text": "Same", "schedule_at": "2026-11-22T16:00:00Z"}).status_code == 200
        )
        assert service.client.patch(path, json={"text": " Other"}).status_code == 200
        assert service.client.patch(path, json={"text": "Same", "allow_duplicate": True}).status_code == 200
        assert service.client.patch(path, json={"text": "Same", "status": "canceled"}).status_code == 200

    @pytest.mark.parametrize("before", [{"draft": True}, {"schedule_at": "2026-11-20T15:00:00Z"}])
    def test_what_did_not_count_is_not_taken_up_beside_an_equal_one(
        self, service: Service, alice: int, before: dict[str, object]
    ) -> None:
        body = {"account_id": alice, "text": "Same"}
        first = service.client.post("/api/v1/tweets", json={**body, **before}).json["post_id"]
        path = f"/api/v1/tweets/{first}"
        if "draft" not in before:
            service.client.patch(path, json={"status": "canceled"})
        second = scheduled(service, alice, "Same", "2026-11-20T16:00:00Z")
        assert service.client.patch(path, json={"status": "pending"}).json["existing_post_id"] == second
        allowed = service.client.patch(path, json={"status": "pending", "allow_duplicate": True})
        assert allowed.json["status"] == "pending"

    def test_what_is_posted_is_said_to_be_so_first(self, service: Service, alice: int) -> None:
        scheduled(service, alice, "Same", "2026-11-20T15:00:00Z")
        with BackgroundWorker(service):
            posted = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "Other"}).json
        refused = service.client.patch(f"/api/v1/tweets/{posted['post_id']}", json={"text": "Same"})
        assert_error(refused, 409, "tweet_not_editable")

    def test_a_failed_one_does_not_go_out_with_a_text_that_is_there_already(self, service: Service, alice: int) -> None:
        first = scheduled(service, alice, "Same", "2026-11-20T15:00:00Z")
        service.world.faults.refuses(400, detail="No")
        with BackgroundWorker(service):
            failed = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "Other"}).json
            path = f"/api/v1/tweets/{failed['post_id']}/retry"
            assert service.client.post(path, json={"text": "Same"}).json["existing_post_id"] == first
            again = service.client.post(path, json={"text": "Same", "allow_duplicate": True})
        assert again.status_code == 200, again.text

    def test_what_is_held_since_yesterday_goes_out_soon(self, service: Service, alice: int) -> None:
        service.world.faults.runs_out_of_credits()
        body = {"account_id": alice, "text": "Same"}
        with BackgroundWorker(service):
            held = service.client.post("/api/v1/tweets", json=body).json
        assert held["status"] == "held"
        service.clock.forward(26 * 3600)
        service.beat()
        service.run_due()
        with BackgroundWorker(service):
            again = service.client.post("/api/v1/tweets", json=body)
        assert (again.status_code, again.json["existing_post_id"]) == (409, held["post_id"])

    def test_a_time_at_the_end_of_all_times(self, service: Service, alice: int) -> None:
        far = {"account_id": alice, "schedule_at": "9999-12-31T23:30:00Z"}
        for path, body in (("tweets", {**far, "text": "x"}), ("threads", {**far, "tweets": ["x"]})):
            answer = service.client.post(f"/api/v1/{path}", json=body)
            assert_error(answer, 422, "schedule_too_far", field="schedule_at")
        trial = service.client.post("/api/v1/tweets/validate", json={**far, "text": "x"})
        assert [problem["code"] for problem in trial.json["problems"]] == ["schedule_too_far"]
        scheduled(service, alice, "In good time", "2099-01-01T00:00:00Z")


class TestOrder:
    def test_after_a_limit(self, service: Service, alice: int) -> None:
        service.world.faults.rate_limits(reset_in=1500)
        service.beat()
        service.services.publishing.post_now(service.tweet(alice, "This spends it"))
        service.run_due()
        scheduled(service, alice, "second", "2026-11-20T14:20:00Z")
        scheduled(service, alice, "first", "2026-11-20T14:10:00Z")
        pass_minutes(service, 40)
        assert texts(service) == ["This spends it", "first", "second"]

    def test_after_the_app_rested(self, service: Service, alice: int) -> None:
        service.world.faults.runs_out_of_credits(times=1, call="POST /2/tweets")
        scheduled(service, alice, "second", "2026-11-20T14:07:00Z")
        scheduled(service, alice, "first", "2026-11-20T14:06:00Z")
        service.clock.forward(180)
        pass_minutes(service, 10)
        assert texts(service) == ["first", "second"]

    def test_many_late_ones_let_others_write_between(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatcher, "MAX_LATE", 3)
        for number in range(8):
            scheduled(service, alice, f"Number {number}", "2026-11-20T14:10:00Z", late_policy="skip")
        scheduled(service, alice, "In time", "2026-11-20T16:10:00Z")
        service.clock.forward(2 * 3600 + 300)
        service.run_due()
        assert texts(service) == ["In time"]
        assert service.client.get("/api/v1/tweets?status=canceled").json["total"] == 8

    def test_one_that_waits_for_an_equal_one_says_so(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(posting, "ONE_SECONDS", 0.1)
        service.world.faults.cuts_the_line()
        body = {"account_id": alice, "text": "Same", "allow_duplicate": True}
        with BackgroundWorker(service):
            unclear = service.client.post("/api/v1/tweets", json=body).json["post_id"]
            waiting = service.client.post("/api/v1/tweets", json=body).json["post_id"]
        assert service.row(unclear)["status"] == "unconfirmed"
        assert service.row(waiting)["waiting_for"] == "equal_tweet"


class TestWhoseWord:
    def test_x_goes_before_an_owner_who_took_the_wrong_post(
        self, service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first is doubtful; while the second is on its way its owner takes that one's post for the first."""
        service.world.faults.cuts_the_line()
        first, second = (service.tweet(alice, f"Read this: https://example.com/{name}") for name in "ab")
        service.beat()
        service.services.publishing.post_now(first)
        service.run_due()
        with service.services.db.transaction() as tx:
            tweet_states.mark_needs_decision(tx, first, error_code="doubtful_match", check_at=None)
        create = x_tweets.create

        def create_and_be_mistaken(*args: Any, **more: Any) -> x_tweets.CreatedPost:
            created = create(*args, **more)
            word = {"as": "posted", "twitter_id": created.id}
            assert service.client.post(f"/api/v1/tweets/{first}/resolve", json=word).status_code == 200
            return created

        monkeypatch.setattr(x_tweets, "create", create_and_be_mistaken)
        service.clock.forward(120)
        service.beat()
        service.services.publishing.post_now(second)
        service.run_due()
        (post,) = service.world.posts("alice")
        assert (service.row(second)["status"], service.row(second)["twitter_id"]) == ("posted", post.id)
        mistaken = service.row(first)
        assert (mistaken["status"], mistaken["needs_decision"]) == ("unconfirmed", True)
        assert mistaken["error_code"] == "id_of_another"
