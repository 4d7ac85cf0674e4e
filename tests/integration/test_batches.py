"""POST /api/v1/tweets/batch: each taken or refused for itself, or all together, or only tried."""

import json
import time
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.storage import tweet_states

SOON = "2026-11-20T14:10:00Z"


@pytest.fixture
def bob(service: Service) -> int:
    return service.connect("bob")


def submit(service: Service, *posts: dict[str, Any], **more: object) -> TestResponse:
    body = {"tweets": [{"schedule_at": SOON, **post} for post in posts], **more}
    return service.client.post("/api/v1/tweets/batch", data=json.dumps(body), content_type="application/json")


def total(service: Service) -> int:
    number: int = service.client.get("/api/v1/tweets").json["total"]
    return number


def test_each_goes_out_from_its_account(service: Service, alice: int, bob: int) -> None:
    answer = submit(service, {"account_id": alice, "text": "From Alice"}, {"account_id": bob, "text": "From Bob"})
    assert answer.status_code == 202, answer.text
    assert [(post["account_id"], post["status"], post["error"]) for post in answer.json["posts"]] == [
        (alice, "scheduled", None),
        (bob, "scheduled", None),
    ]
    service.clock.forward(300)
    service.run_due()
    batch = service.client.get(f"/api/v1/batches/{answer.json['batch_id']}").json
    assert (batch["total"], batch["counts"]) == (2, {"posted": 2})
    assert [post["post_id"] for post in batch["posts"]] == [post["post_id"] for post in answer.json["posts"]]
    assert [post.original for name in ("alice", "bob") for post in service.world.posts(name)] == [
        "From Alice",
        "From Bob",
    ]


def test_now(service: Service, alice: int) -> None:
    with BackgroundWorker(service):
        body = {"tweets": [{"account_id": alice, "text": f"Number {number}"} for number in range(3)]}
        answer = service.client.post("/api/v1/tweets/batch", json=body)
        assert [post["status"] for post in answer.json["posts"]] == ["pending"] * 3
    service.run_due()
    assert [post.original for post in service.world.posts("alice")] == ["Number 0", "Number 1", "Number 2"]


def test_one_is_refused_and_the_others_are_taken(service: Service, alice: int) -> None:
    answer = submit(
        service,
        {"account_id": alice, "text": "Hello"},
        {"account_id": alice, "text": "x" * 281},
        {"account_id": alice, "text": "Hello"},
    )
    assert answer.status_code == 202
    first, second, third = answer.json["posts"]
    assert first["status"] == "scheduled"
    assert (second["post_id"], second["status"], second["error_code"]) == (None, "refused", "text_too_long")
    assert (third["error_code"], third["existing_post_id"]) == ("duplicate", first["post_id"])
    assert total(service) == 1


def test_all_or_nothing(service: Service, alice: int) -> None:
    posts = [{"account_id": alice, "text": "Hello"}, {"account_id": alice, "text": ""}]
    answer = submit(service, *posts, atomic=True)
    assert (answer.status_code, answer.json["code"]) == (422, "batch_refused")
    assert [(post["post_id"], post["status"]) for post in answer.json["posts"]] == [
        (None, "scheduled"),
        (None, "refused"),
    ]
    assert total(service) == 0
    assert submit(service, posts[0], atomic=True).status_code == 202


def test_a_trial_does_nothing(service: Service, alice: int) -> None:
    answer = submit(
        service, {"account_id": alice, "text": "Hello"}, {"account_id": alice, "text": "Hello"}, dry_run=True
    )
    assert answer.status_code == 200
    assert answer.json["batch_id"] is None
    assert [(post["post_id"], post["status"]) for post in answer.json["posts"]] == [
        (None, "scheduled"),
        (None, "refused"),
    ]
    assert "existing_post_id" not in answer.json["posts"][1], "there is none"
    assert total(service) == 0
    assert_error(service.client.get("/api/v1/batches/1"), 404, "batch_not_found")


def test_a_trial_names_the_tweet_that_is_there_already(service: Service, alice: int) -> None:
    [existing] = submit(service, {"account_id": alice, "text": "Hello"}).json["posts"]
    [tried] = submit(service, {"account_id": alice, "text": "Hello"}, dry_run=True).json["posts"]
    assert (tried["error_code"], tried["existing_post_id"]) == ("duplicate", existing["post_id"])
    assert (tried["post_id"], tried["existing_tweet_id"]) == (None, None)


def test_one_text_for_several_accounts(service: Service, alice: int, bob: int) -> None:
    body = {"account_ids": [alice, bob, alice], "text": "Hello", "schedule_at": SOON}
    answer = service.client.post("/api/v1/tweets/batch", json=body)
    assert [post["account_id"] for post in answer.json["posts"]] == [alice, bob]
    assert [warning["code"] for warning in answer.json["warnings"]] == ["same_text"]


def test_the_forecast_is_for_the_whole_batch(service: Service, alice: int) -> None:
    answer = submit(service, *({"account_id": alice, "text": f"Number {number}"} for number in range(250)))
    [warning] = answer.json["warnings"]
    assert (warning["code"], warning["expected_at"]) == ("limit_forecast", "2026-11-20T14:40:00.000Z")


def test_bodies_that_cannot_be(service: Service, alice: int) -> None:
    for body, field in (
        ({}, "tweets"),
        ({"tweets": []}, "tweets"),
        ({"tweets": {}}, "tweets"),
        ({"tweets": [{"account_id": alice, "text": "Hello"}] * 1001}, "tweets"),
        ({"account_ids": [], "text": "Hello"}, "account_ids"),
        ({"account_ids": alice, "text": "Hello"}, "account_ids"),
        ({"account_ids": [alice] * 1001, "text": "Hello"}, "account_ids"),
        ({"account_ids": [alice], "text": "Hello", "atomic": 1}, "atomic"),
        ({"account_ids": [alice], "account_id": alice, "text": "Hello"}, "account_id"),
        ({"tweets": [{}], "colour": "red"}, "colour"),
    ):
        assert_error(service.client.post("/api/v1/tweets/batch", json=body), 422, "invalid_field", field=field)


def test_an_account_that_is_not_there_costs_its_own_row_only(service: Service, alice: int) -> None:
    rows = [{"account_id": 4711, "text": "Hello"}, {"account_id": alice, "text": "Hello"}]
    first, second = submit(service, *rows).json["posts"]
    assert (first["account_id"], first["status"], first["error_code"], first["field"]) == (
        4711,
        "refused",
        "account_not_found",
        "account_id",
    )
    assert second["status"] == "scheduled"


def test_a_thousand(service: Service, alice: int) -> None:
    posts = [{"account_id": alice, "text": f"Number {number}"} for number in range(1000)]
    answer = submit(service, *posts)
    assert {post["status"] for post in answer.json["posts"]} == {"scheduled"}
    assert service.client.get(f"/api/v1/batches/{answer.json['batch_id']}").json["total"] == 1000


@pytest.mark.parametrize("text", ["bad \ud83d end", "\udc00", "https://\ud83d.example.com/"])
def test_half_an_emoji_costs_its_own_row_only_however_it_is_taken(service: Service, alice: int, text: str) -> None:
    posts = [{"account_id": alice, "text": each} for each in ("one", text, "two", text)]
    for more in ({"dry_run": True}, {"atomic": True}, {}):
        answer = submit(service, *posts, **more)
        assert answer.status_code in (200, 202, 422), answer.text
        if not more:
            assert [row.get("error_code") for row in answer.json["posts"]] == [
                None,
                "text_invalid",
                None,
                "text_invalid",
            ]
    assert total(service) == 2


@pytest.mark.parametrize("text", ["a." * 2450, "https://a.co/" + "x" * 4800, "b" * 4900])
def test_texts_that_take_long_to_weigh_are_refused_in_bulk(service: Service, alice: int, text: str) -> None:
    rows = [{"account_id": alice, "text": f"{number} {text}"} for number in range(800)]
    shared = {"account_ids": [alice + number for number in range(1000)], "text": text}
    for body, field in (({"tweets": rows}, "tweets"), (shared, "account_ids")):
        began = time.thread_time()
        answer = service.client.post("/api/v1/tweets/batch", json=body)
        assert time.thread_time() - began < 1
        shape = assert_error(answer, 422, "invalid_field", field=field)
        assert "characters of at most 400000" in shape["error"]


def test_a_batch_of_hopeless_texts_is_refused_soon(service: Service, alice: int) -> None:
    began = time.process_time()
    answer = submit(service, *({"account_id": alice, "text": "see a.co " * 450} for _ in range(90)))
    assert time.process_time() - began < 2
    assert {row["error_code"] for row in answer.json["posts"]} == {"text_too_long"}


@pytest.mark.parametrize("more", ['"dry_run": true', '"dry_run": false'])
def test_half_an_emoji_costs_its_own_row_only(service: Service, alice: int, more: str) -> None:
    rows = (
        rf'{{"account_id": {alice}, "text": "bad \ud83d end", "schedule_at": "{SOON}"}}, '
        rf'{{"account_id": {alice}, "text": "Hello", "schedule_at": "{SOON}"}}'
    )
    answer = service.client.post(
        "/api/v1/tweets/batch", data=f'{{"tweets": [{rows}], {more}}}', content_type="application/json"
    )
    assert [(post["status"], post.get("error_code")) for post in answer.json["posts"]] == [
        ("refused", "text_invalid"),
        ("scheduled", None),
    ]


def test_half_an_emoji_for_several_accounts(service: Service, alice: int, bob: int) -> None:
    data = rf'{{"account_ids": [{alice}, {bob}], "text": "bad \ud83d end", "schedule_at": "{SOON}"}}'
    answer = service.client.post("/api/v1/tweets/batch", data=data, content_type="application/json")
    assert [(post["account_id"], post["error_code"]) for post in answer.json["posts"]] == [
        (alice, "text_invalid"),
        (bob, "text_invalid"),
    ]


WRONG_ROWS: list[tuple[object, list[tuple[str, str]]]] = [
    ("Hello", [("tweets.0", "invalid_field")]),
    ({"account_id": 1}, [("text", "invalid_field")]),
    ({"text": "Hello"}, [("account_id", "invalid_field")]),
    ({"account_id": 0, "text": "Hello"}, [("account_id", "invalid_id")]),
    (
        {"account_id": 1, "text": 5, "late_policy": "never"},
        [("late_policy", "invalid_field"), ("text", "invalid_field")],
    ),
    ({"account_id": 1, "text": "Hello", "colour": "red"}, [("colour", "invalid_field")]),
    ({"account_id": 1, "text": "Hello", "schedule_at": "soon"}, [("schedule_at", "invalid_field")]),
    ({"account_id": 1, "text": "Hello", "media_ids": []}, [("media_ids", "invalid_field")]),
    ({"account_id": 1, "text": "", "media_ids": [1]}, [("text", "text_empty"), ("media_ids", "media_not_found")]),
    (
        {"account_id": 4711, "text": "x" * 281, "schedule_at": "2026-11-20T13:00:00Z"},
        [("text", "text_too_long"), ("account_id", "account_not_found"), ("schedule_at", "schedule_in_the_past")],
    ),
]


def problems_of(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem["field"], problem["code"]) for problem in row["problems"]]


@pytest.mark.parametrize(("row", "expected"), WRONG_ROWS)
def test_a_row_tells_everything_that_is_wrong_with_it(
    service: Service, alice: int, row: object, expected: list[tuple[str, str]]
) -> None:
    [refused] = service.client.post("/api/v1/tweets/batch", json={"tweets": [row]}).json["posts"]
    assert problems_of(refused) == expected
    assert (refused["post_id"], refused["status"], refused["index"]) == (None, "refused", 0)
    assert (refused["field"], refused["error_code"]) == expected[0]
    assert refused["error"] == refused["problems"][0]["message"]
    account_id = row.get("account_id") if isinstance(row, dict) else None
    assert refused["account_id"] == (account_id or None), "as it was sent, where that is an id"


def test_faults_of_form_and_of_content_stand_beside_each_other_and_the_rest_is_taken(
    service: Service, alice: int
) -> None:
    rows = [row for row, _ in WRONG_ROWS]
    good = {"account_id": alice, "text": "Hello", "schedule_at": SOON}
    answer = service.client.post("/api/v1/tweets/batch", json={"tweets": [*rows, good]})
    assert answer.status_code == 202
    *refused, taken = answer.json["posts"]
    assert [row["index"] for row in refused] == list(range(len(rows)))
    assert {row["status"] for row in refused} == {"refused"}
    assert (taken["status"], total(service)) == ("scheduled", 1)


@pytest.mark.parametrize("wrong", [{"account_id": 1}, {"account_id": 4711, "text": "Hello"}])
def test_one_bad_row_refuses_all_of_an_atomic_batch(service: Service, alice: int, wrong: dict[str, object]) -> None:
    answer = submit(service, {"account_id": alice, "text": "Hello"}, wrong, atomic=True)
    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (422, "batch_refused", "tweets")
    assert [post["status"] for post in answer.json["posts"]] == ["scheduled", "refused"]
    assert total(service) == 0


def test_a_row_that_is_refused_needs_no_worker(service: Service, alice: int) -> None:
    rows = [{"account_id": alice, "text": ""}, {"account_id": alice, "text": "Hello", "schedule_at": SOON}]
    answer = service.client.post("/api/v1/tweets/batch", json={"tweets": rows})
    assert [post["status"] for post in answer.json["posts"]] == ["refused", "scheduled"]


def test_the_accounts_of_one_text_are_rows_too(service: Service, alice: int) -> None:
    body = {"account_ids": [alice, "bob", 4711, True, alice], "text": "Hello", "schedule_at": SOON}
    posts = service.client.post("/api/v1/tweets/batch", json=body).json["posts"]
    assert [(post["account_id"], post.get("error_code")) for post in posts] == [
        (alice, None),
        (None, "invalid_id"),
        (4711, "account_not_found"),
        (None, "invalid_id"),
    ]


@pytest.mark.parametrize(
    ("post", "field"),
    [({}, "text"), ({"text": 5}, "text"), ({"text": "Hello", "colour": "red"}, "colour"), ({"text": ""}, "text")],
)
def test_a_fault_of_the_one_text_is_every_accounts(
    service: Service, alice: int, bob: int, post: dict[str, object], field: str
) -> None:
    answer = service.client.post("/api/v1/tweets/batch", json={"account_ids": [alice, bob], **post})
    assert [(row["account_id"], row["field"]) for row in answer.json["posts"]] == [(alice, field), (bob, field)]
    atomic = service.client.post("/api/v1/tweets/batch", json={"account_ids": [alice], **post, "atomic": True})
    assert (atomic.status_code, atomic.json["code"], atomic.json["field"]) == (422, "batch_refused", "account_ids")


def test_a_row_with_very_many_faults_does_not_tell_them_all(service: Service, alice: int) -> None:
    row = {"account_id": alice, "text": "Hello"} | {f"f{number}": 1 for number in range(500)}
    [refused] = service.client.post("/api/v1/tweets/batch", json={"tweets": [row]}).json["posts"]
    assert len(refused["problems"]) == 20


# what was refused is kept


def batch_of(service: Service, batch_id: int) -> dict[str, Any]:
    answer = service.client.get(f"/api/v1/batches/{batch_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def mixed(service: Service, alice: int) -> tuple[int, list[dict[str, Any]]]:
    """A batch of which the second and the fourth of four rows are refused."""
    rows = [{"text": "One"}, {"text": "x" * 281}, {"text": "Three"}, {"text": 4}]
    answer = submit(service, *({"account_id": alice, **row} for row in rows)).json
    return answer["batch_id"], answer["posts"]


def test_refused_rows_stand_where_they_stood(service: Service, alice: int) -> None:
    batch_id, posts = mixed(service, alice)
    batch = batch_of(service, batch_id)
    assert (batch["total"], batch["counts"]) == (4, {"scheduled": 2, "refused": 2})
    assert [post["status"] for post in batch["posts"]] == ["scheduled", "refused", "scheduled", "refused"]
    assert [batch["posts"][place] for place in (1, 3)] == [posts[1], posts[3]]
    service.client.delete(f"/api/v1/tweets/{posts[0]['post_id']}")
    assert [post["status"] for post in batch_of(service, batch_id)["posts"]] == ["refused", "scheduled", "refused"]


def test_no_text_of_a_refused_row_is_kept(service: Service, alice: int) -> None:
    submit(service, {"account_id": alice, "text": "secret " * 80})
    kept = service.services.db.all("SELECT * FROM batch_refusal")
    assert len(kept) == 1
    assert "secret" not in json.dumps([list(row) for row in kept])  # type: ignore[call-overload]


def test_a_batch_of_refused_rows_alone_is_there_for_a_month(service: Service, alice: int) -> None:
    batch_id = submit(service, {"account_id": alice, "text": ""}).json["batch_id"]
    other, _ = mixed(service, alice)
    service.clock.forward(29 * 86_400)
    assert service.services.maintenance.prune_batches() == 0
    assert batch_of(service, batch_id)["counts"] == {"refused": 1}
    service.clock.forward(2 * 86_400)
    assert service.services.maintenance.prune_batches() == 1
    assert_error(service.client.get(f"/api/v1/batches/{batch_id}"), 404, "batch_not_found")
    assert batch_of(service, other)["counts"]["refused"] == 2, "it goes with its tweets"


def test_an_account_that_goes_takes_its_refused_rows(service: Service, alice: int, bob: int) -> None:
    rows = [{"account_id": alice, "text": ""}, {"account_id": bob, "text": ""}, {"account_id": bob, "text": "Hello"}]
    batch_id = submit(service, *rows).json["batch_id"]
    assert service.client.delete(f"/api/v1/accounts/{alice}").status_code == 200
    assert [(post["account_id"], post["status"]) for post in batch_of(service, batch_id)["posts"]] == [
        (bob, "refused"),
        (bob, "scheduled"),
    ]


# taking a batch back


def cancel(service: Service, batch_id: int) -> dict[str, Any]:
    answer = service.client.delete(f"/api/v1/batches/{batch_id}")
    assert answer.status_code == 200, answer.text
    taken_back: dict[str, Any] = answer.json
    return taken_back


def test_a_batch_is_taken_back(service: Service, alice: int) -> None:
    batch_id, _ = mixed(service, alice)
    taken_back = cancel(service, batch_id)
    assert (taken_back["canceled"], taken_back["skipped"]) == (2, 0)
    assert taken_back["counts"] == {"canceled": 2, "refused": 2}
    service.clock.forward(600)
    service.run_due()
    assert service.world.posts("alice") == []
    again = cancel(service, batch_id)
    assert (again["canceled"], again["counts"]) == (0, taken_back["counts"])
    assert again["posts"] == batch_of(service, batch_id)["posts"]


def test_what_is_out_stays_and_is_named(service: Service, alice: int) -> None:
    rows = [
        {"account_id": alice, "text": "Out", "schedule_at": SOON},
        {"account_id": alice, "text": "Not out", "schedule_at": "2026-11-21T14:10:00Z"},
        {"account_id": alice, "text": "A draft", "draft": True},
    ]
    batch_id = service.client.post("/api/v1/tweets/batch", json={"tweets": rows}).json["batch_id"]
    service.clock.forward(600)
    service.run_due()
    taken_back = cancel(service, batch_id)
    assert (taken_back["canceled"], taken_back["skipped"]) == (2, 1)
    assert [post["status"] for post in taken_back["posts"]] == ["posted", "canceled", "canceled"]
    assert taken_back["posts"][0]["tweet_id"] == service.world.posts("alice")[0].id
    assert len(service.world.posts("alice")) == 1, "taking it back asks nothing of X"


def test_what_may_be_at_x_stays_and_is_told_as_posted_once_that_is_known(service: Service, alice: int) -> None:
    service.world.faults.cuts_the_line()
    rows = [
        {"account_id": alice, "text": "On its way", "schedule_at": SOON},
        {"account_id": alice, "text": "Not out", "schedule_at": "2026-11-21T14:10:00Z"},
    ]
    batch_id = service.client.post("/api/v1/tweets/batch", json={"tweets": rows}).json["batch_id"]
    service.clock.forward(301)
    service.run_due()
    taken_back = cancel(service, batch_id)
    assert (taken_back["canceled"], taken_back["skipped"]) == (1, 1)
    assert taken_back["counts"] == {"unconfirmed": 1, "canceled": 1}
    for _ in range(20):
        service.clock.forward(10)
        service.beat()
        service.run_due()
    again = cancel(service, batch_id)
    assert (again["canceled"], again["skipped"], again["counts"]) == (0, 1, {"posted": 1, "canceled": 1})
    assert [post.original for post in service.world.posts("alice")] == ["On its way"]


def test_what_is_being_sent_stays_and_is_counted(service: Service, alice: int) -> None:
    taken = submit(service, *({"account_id": alice, "text": f"Number {number}"} for number in range(2))).json
    with service.services.db.transaction() as tx:
        tweet_states.begin_posting(tx, taken["posts"][0]["post_id"])
    taken_back = cancel(service, taken["batch_id"])
    assert (taken_back["canceled"], taken_back["skipped"]) == (1, 1)
    assert [post["status"] for post in taken_back["posts"]] == ["posting", "canceled"]


def test_one_batch_only_is_taken_back(service: Service, alice: int) -> None:
    batch_id = submit(service, {"account_id": alice, "text": "Taken back"}).json["batch_id"]
    submit(service, {"account_id": alice, "text": "Another batch"})
    thread = {"account_id": alice, "tweets": ["One", "Two"], "schedule_at": SOON}
    service.client.post("/api/v1/threads", json=thread)
    cancel(service, batch_id)
    service.clock.forward(600)
    service.run_due()
    assert sorted(post.original for post in service.world.posts("alice")) == ["Another batch", "One", "Two"]


def test_a_batch_that_is_not_there_is_not_taken_back(service: Service, alice: int) -> None:
    assert_error(service.client.delete("/api/v1/batches/1"), 404, "batch_not_found")
    assert_error(service.client.delete("/api/v1/batches/x"), 422, "invalid_id", field="batch_id")
