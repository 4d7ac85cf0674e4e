"""GET, PATCH, DELETE /api/v1/tweets/{id}, POST …/retry, POST /api/v1/tweets/cleanup."""

import pytest

from tests.support.service import BackgroundWorker, Service, assert_error


def post(service: Service, tweet: int) -> None:
    service.beat()
    service.services.publishing.post_now(tweet)
    service.run_due()


def test_one_tweet_shows_its_attempts(service: Service, alice: int) -> None:
    service.world.faults.rate_limits(reset_in=60)
    tweet = service.tweet(alice, "Twice")
    post(service, tweet)
    service.clock.forward(61)
    service.run_due()
    shown = service.client.get(f"/api/v1/tweets/{tweet}").json
    assert (shown["id"], shown["status"], shown["metrics"], shown["measured_at"]) == (tweet, "posted", None, None)
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["held", "posted"]
    assert [attempt["http_status"] for attempt in shown["attempts"]] == [429, 201]
    assert shown["attempts"][1]["twitter_id"] == shown["twitter_id"]


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("patch", ""), ("delete", ""), ("post", "/retry")])
def test_a_tweet_that_is_not_there(service: Service, method: str, path: str) -> None:
    assert_error(getattr(service.client, method)(f"/api/v1/tweets/77{path}", json={}), 404, "tweet_not_found")
    assert_error(getattr(service.client, method)(f"/api/v1/tweets/x{path}", json={}), 422, "invalid_id")


def test_text_and_time_are_changed(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Hello")
    body = {"text": "Good evening", "schedule_at": "2026-11-20T17:00:00.5+02:00"}
    shown = service.client.patch(f"/api/v1/tweets/{tweet}", json=body).json
    assert (shown["text"], shown["status"]) == ("Good evening", "scheduled")
    assert shown["scheduled_at"] == "2026-11-20T15:00:00.500Z"
    service.clock.forward(3600)
    service.run_due()
    assert service.row(tweet)["status"] == "posted"


def test_a_tweet_is_canceled(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Hello")
    assert service.client.patch(f"/api/v1/tweets/{tweet}", json={"status": "canceled"}).json["status"] == "canceled"
    assert_error(service.client.post(f"/api/v1/tweet/post/{tweet}"), 409, "tweet_not_pending")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"schedule_at": "2026-11-20T15:00:00"}, "invalid_field", "schedule_at"),
        ({"schedule_at": "tomorrow"}, "invalid_field", "schedule_at"),
        ({"schedule_at": 17}, "invalid_field", "schedule_at"),
        ({"schedule_at": "2026-11-20T14:00:00Z"}, "schedule_in_the_past", "schedule_at"),
        ({"status": "posted"}, "invalid_field", "status"),
        ({"text": " "}, "text_empty", "text"),
        ({"text": None}, "invalid_field", "text"),
        ({"status": None}, "invalid_field", "status"),
        ({"text": "a" * 281}, "text_too_long", "text"),
        ({"twitter_id": "1"}, "invalid_field", "twitter_id"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    service: Service, alice: int, body: dict[str, object], code: str, field: str
) -> None:
    tweet = service.tweet(alice, "Hello")
    assert_error(service.client.patch(f"/api/v1/tweets/{tweet}", json=body), 422, code, field=field)
    assert (service.row(tweet)["text"], service.row(tweet)["status"]) == ("Hello", "pending")


def test_a_posted_tweet_is_not_changed(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Hello")
    post(service, tweet)
    answer = service.client.patch(f"/api/v1/tweets/{tweet}", json={"text": "Another"})
    assert_error(answer, 409, "tweet_not_editable")


def test_a_failed_tweet_goes_out_again(service: Service, alice: int, worker: BackgroundWorker) -> None:
    service.world.faults.refuses(400, detail="no")
    tweet = service.tweet(alice, "Hello")
    assert service.client.post(f"/api/v1/tweet/post/{tweet}").status_code == 502
    answer = service.client.post(f"/api/v1/tweets/{tweet}/retry", json={"text": "Hello again"})
    assert answer.status_code == 200
    service.services.waiting.for_tweets([tweet], seconds=5)
    assert service.row(tweet)["status"] == "posted"
    assert [post.original for post in service.world.posts("alice")] == ["Hello again"]
    assert_error(service.client.post(f"/api/v1/tweets/{tweet}/retry"), 409, "tweet_not_failed")


def test_a_tweet_is_deleted_here_and_at_x_when_asked(service: Service, alice: int) -> None:
    here, there = service.tweet(alice, "Here"), service.tweet(alice, "There")
    post(service, here)
    post(service, there)
    assert service.client.delete(f"/api/v1/tweets/{here}").json["tweet_id"] == here
    assert service.client.delete(f"/api/v1/tweets/{there}?from_twitter=1").json["tweet_id"] == there
    assert [post.original for post in service.world.posts("alice")] == ["Here"]
    assert service.client.get("/api/v1/tweets").json["total"] == 0


def test_an_account_that_x_lets_go_while_a_post_is_deleted_has_to_be_connected_again(
    service: Service, alice: int
) -> None:
    tweet = service.tweet(alice, "There")
    post(service, tweet)
    service.clock.forward(2 * 3600 + 1)
    service.world.disconnect("alice")
    for _ in range(2):
        answer = service.client.delete(f"/api/v1/tweets/{tweet}?from_twitter=1")
        assert "retryable" not in assert_error(answer, 409, "account_needs_reconnect")
    assert service.client.get(f"/api/v1/accounts/{alice}").json["status"] == "failed"


def test_a_token_that_cannot_be_read_is_said_to_be_one(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "There")
    post(service, tweet)
    service.clock.forward(2 * 3600 + 1)
    with service.services.db.transaction() as tx:
        tx.execute("UPDATE twitter_account SET refresh_token = 'nonsense' WHERE id = :id", id=alice)
    assert_error(service.client.delete(f"/api/v1/tweets/{tweet}?from_twitter=1"), 409, "token_unreadable")


def test_a_flag_is_0_or_1(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Hello")
    answer = service.client.delete(f"/api/v1/tweets/{tweet}?from_twitter=perhaps")
    assert_error(answer, 422, "invalid_field", field="from_twitter")


def test_what_x_does_not_delete_stays(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Hello")
    post(service, tweet)
    service.world.faults.refuses(403, detail="Not yours", call="DELETE /2/tweets/{id}")
    shape = assert_error(service.client.delete(f"/api/v1/tweets/{tweet}?from_twitter=1"), 502, "delete_refused")
    assert shape["twitter"]["detail"] == "Not yours"
    assert service.row(tweet)["status"] == "posted"


def test_an_unconfirmed_tweet_is_not_deleted(service: Service, alice: int) -> None:
    service.world.faults.accepts_then_cuts_the_line()
    tweet = service.tweet(alice, "Hello")
    post(service, tweet)
    assert_error(service.client.delete(f"/api/v1/tweets/{tweet}"), 409, "tweet_in_flight")


def test_cleaning_up_by_status_age_and_account(service: Service, alice: int) -> None:
    bob = service.connect("bob")
    old = service.tweet(alice, "Old")
    service.clock.forward(3 * 86_400)
    young, other = service.tweet(alice, "Young"), service.tweet(bob, "Bob's")
    body = {"statuses": ["pending"], "days_old": 2, "account_id": alice}
    answer = service.client.post("/api/v1/tweets/cleanup", json=body)
    assert (answer.json["deleted"], answer.json["skipped"]) == (1, 0)
    assert {row["id"] for row in service.client.get("/api/v1/tweets").json["tweets"]} == {young, other}
    assert_error(service.client.get(f"/api/v1/tweets/{old}"), 404, "tweet_not_found")
    assert service.client.post("/api/v1/tweets/cleanup", json={"all": True}).json["deleted"] == 2


def test_cleaning_up_what_is_scheduled(service: Service, alice: int) -> None:
    tweet = {"account_id": alice, "text": "Later", "schedule_at": "2026-11-21T14:00:00Z"}
    assert service.client.post("/api/v1/tweets", json=tweet).status_code == 201
    answer = service.client.post("/api/v1/tweets/cleanup", json={"statuses": ["scheduled"]})
    assert (answer.json["deleted"], answer.json["skipped"]) == (1, 0)
    assert service.client.get("/api/v1/tweets").json["total"] == 0


def test_cleaning_up_without_a_criterion_deletes_nothing(service: Service, alice: int) -> None:
    service.tweet(alice, "Hello")
    for body in ({}, {"statuses": []}, {"statuses": [], "days_old": 0}, {"all": False}):
        assert_error(service.client.post("/api/v1/tweets/cleanup", json=body), 422, "no_criterion")
    assert_error(service.client.post("/api/v1/tweets/cleanup"), 422, "no_criterion")
    assert service.client.get("/api/v1/tweets").json["total"] == 1


def test_cleaning_up_for_an_account_that_is_not_there(service: Service) -> None:
    answer = service.client.post("/api/v1/tweets/cleanup", json={"account_id": 77})
    assert_error(answer, 404, "account_not_found")


@pytest.mark.parametrize("beside", [{"statuses": []}, {"statuses": ["failed"]}, {"days_old": 0}, {"account_id": 1}])
def test_all_stands_alone(service: Service, alice: int, beside: dict[str, object]) -> None:
    service.tweet(alice, "Hello")
    answer = service.client.post("/api/v1/tweets/cleanup", json={"all": True, **beside})
    assert_error(answer, 422, "invalid_field", field="all")
    assert service.client.get("/api/v1/tweets").json["total"] == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("accounts/cleanup", {}),
        ("accounts/cleanup", {"statuses": []}),
        ("accounts/cleanup", {"statuses": None}),
        ("webhooks/1/replay", {}),
        ("webhooks/1/replay", {"delivery_ids": []}),
        ("webhooks/1/replay", {"since": ""}),
    ],
)
def test_no_bulk_call_takes_nothing_for_everything(service: Service, path: str, body: dict[str, object]) -> None:
    assert_error(service.client.post(f"/api/v1/{path}", json=body), 422, "invalid_field")
