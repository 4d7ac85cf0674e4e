"""POST /api/v1/tweets/post-pending: everything that waits."""

import pytest
from flask.testing import FlaskClient

from tests.support.service import Service, assert_error
from twitter_manager.api import posting

PATH = "/api/v1/tweets/post-pending"
OUTCOMES = ("posted", "failed", "held", "unconfirmed", "in_progress")


def test_nothing_waits(service: Service) -> None:
    service.beat()
    answer = service.client.post(PATH)
    assert answer.status_code == 200
    assert answer.json == {"total": 0, **dict.fromkeys(OUTCOMES, 0), "details": []}


def test_all_accounts_side_by_side_and_each_in_order(service: Service, alice: int, worker: object) -> None:
    bob = service.connect("bob")
    mine = [service.tweet(alice, f"a{n}") for n in range(3)]
    his = [service.tweet(bob, f"b{n}") for n in range(2)]
    answer = service.client.post(PATH, json={})
    assert answer.status_code == 200
    assert (answer.json["total"], answer.json["posted"]) == (5, 5)
    assert [post.text for post in service.world.posts("alice")] == ["a0", "a1", "a2"]
    assert [post.text for post in service.world.posts("bob")] == ["b0", "b1"]
    ids = {post.text: post.id for post in service.world.posts()}
    assert answer.json["details"] == [
        {"tweet_id": tweet, "status": "posted", "twitter_id": ids[text], "error": None}
        for tweet, text in zip([*mine, *his], ("a0", "a1", "a2", "b0", "b1"), strict=True)
    ]


@pytest.mark.parametrize("where", ["json", "query_string"])
def test_one_account_only(service: Service, alice: int, worker: object, where: str) -> None:
    bob = service.connect("bob")
    service.tweet(alice, "stays")
    service.tweet(bob, "goes")
    answer = service.client.post(PATH, **{where: {"account_id": bob}})
    assert (answer.json["total"], answer.json["posted"]) == (1, 1)
    assert [post.text for post in service.world.posts()] == ["goes"]


def test_every_outcome_is_counted_once(
    service: Service, alice: int, worker: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    # shorter than the first look for an unconfirmed tweet, which a caller of a minute would wait for
    monkeypatch.setattr(posting, "ALL_SECONDS", 1.0)
    accounts = {name: service.connect(name) for name in ("failing", "held", "unclear")}
    service.world.faults.refuses(403, user="failing")
    service.world.faults.rate_limits(user="held")
    service.world.faults.accepts_then_cuts_the_line(user="unclear")
    service.world.faults.timeline_is_unreadable(user="unclear", times=None, status=503)
    service.tweet(alice, "goes")
    tweets = {name: service.tweet(account, "hello") for name, account in accounts.items()}
    answer = service.client.post(PATH)
    assert answer.json["total"] == sum(answer.json[name] for name in OUTCOMES) == 4
    assert [answer.json[name] for name in ("posted", "failed", "held", "unconfirmed")] == [1, 1, 1, 1]
    states = {detail["tweet_id"]: detail for detail in answer.json["details"]}
    assert states[tweets["failing"]]["status"] == "failed"
    assert states[tweets["failing"]]["error"] == "Failed to post tweet"
    assert states[tweets["held"]]["error"] == "Rate limit exceeded. Please try again later."


def test_the_time_is_over(service: Service, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "ALL_SECONDS", 0.05)
    service.beat()
    tweet = service.tweet(alice, "slow")
    answer = service.client.post(PATH)
    assert answer.status_code == 202
    assert (answer.json["total"], answer.json["in_progress"]) == (1, 1)
    service.run_due()
    assert service.row(tweet)["status"] == "posted", "the rest goes on"


def test_no_worker(service: Service, alice: int) -> None:
    service.tweet(alice, "waits")
    assert_error(service.client.post(PATH), 503, "no_worker", retryable=True)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"account_id": 99}, 404, "account_not_found"),
        ({"account_id": 0}, 422, "invalid_id"),
        ({"account_id": "one"}, 422, "invalid_id"),
        ({"account_id": True}, 422, "invalid_id"),
        ({"account_id": 1.0}, 422, "invalid_id"),
        ({"account": 1}, 422, "invalid_field"),
    ],
)
def test_accounts_that_are_none(client: FlaskClient, body: dict[str, object], status: int, code: str) -> None:
    assert_error(client.post(PATH, json=body), status, code)


def test_no_account_means_all_and_an_empty_one_nobody(service: Service, alice: int, worker: object) -> None:
    service.tweet(alice, "goes")
    for empty in ({"account_id": None}, {"account": ""}):
        assert_error(service.client.post(PATH, json=empty), 422, "invalid_field")
    assert service.client.post(PATH).json["posted"] == 1
