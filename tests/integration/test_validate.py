"""POST /api/v1/tweets/validate: what would happen, and nothing happens."""

import json
import time
from typing import Any

import pytest

from tests.support.service import Service, assert_error


def validate(service: Service, **body: object) -> dict[str, Any]:
    answer = service.client.post("/api/v1/tweets/validate", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json
    return report


def codes(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem["field"], problem["code"]) for problem in report["problems"]]


def test_a_post_that_is_fine(service: Service, alice: int) -> None:
    report = validate(service, account_id=alice, text="Hello https://example.com 🎉")
    assert (report["valid"], report["problems"], report["warnings"]) == (True, [], [])
    assert report["parts"] == [
        {
            "weighted_length": 6 + 23 + 1 + 2,
            "remaining": 280 - 32,
            "permille": 114,
            "valid_range": [0, 27],
            "urls": ["https://example.com"],
        }
    ]
    assert report["estimated_cost_usd"] == 0.2
    assert service.client.get("/api/v1/tweets").json["total"] == 0
    assert service.world.posts("alice") == []


def test_every_problem_at_once(service: Service, alice: int) -> None:
    report = validate(
        service,
        account_id=alice,
        text="x" * 281,
        media_ids=[1],
        quote_tweet_id="1234567890123",
        schedule_at="2026-11-20T13:00:00Z",
    )
    assert not report["valid"]
    assert codes(report) == [
        ("text", "text_too_long"),
        ("media_ids", "media_not_found"),
        ("quote_tweet_id", "not_together"),
        ("schedule_at", "schedule_in_the_past"),
    ]
    assert report["problems"][0]["message"]


def test_a_duplicate(service: Service, alice: int) -> None:
    body = {"account_id": alice, "text": "Hello", "schedule_at": "2026-11-20T14:10:00Z"}
    existing = service.client.post("/api/v1/tweets", json=body).json["post_id"]
    [problem] = validate(service, **body)["problems"]
    assert (problem["code"], problem["existing_post_id"]) == ("duplicate", existing)
    assert validate(service, **body, allow_duplicate=True)["valid"]


def test_a_thread(service: Service, alice: int) -> None:
    report = validate(service, account_id=alice, tweets=["One", {"text": ""}, "Three https://example.com"])
    assert codes(report) == [("tweets.1.text", "text_empty")]
    assert [part["weighted_length"] for part in report["parts"]] == [3, 0, 29]
    assert report["estimated_cost_usd"] == 0.23


def test_a_thread_that_is_there_already(service: Service, alice: int) -> None:
    thread = {"account_id": alice, "tweets": ["One", "Two"], "schedule_at": "2026-11-20T14:10:00Z"}
    existing = service.client.post("/api/v1/threads", json=thread).json["tweets"][0]["post_id"]
    report = validate(service, **thread)
    assert codes(report) == [("tweets.0.text", "duplicate")], "by the name it has in the body"
    assert report["problems"][0]["existing_post_id"] == existing


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("9999-12-31T23:30:00Z", "schedule_too_far"),
        ("9999-12-31T00:00:00Z", "schedule_too_far"),
        ("0001-01-01T00:00:00Z", "schedule_in_the_past"),
        ("0001-01-01T12:00:00Z", "schedule_in_the_past"),
    ],
)
def test_times_at_the_ends_of_the_calendar(service: Service, alice: int, moment: str, code: str) -> None:
    post = {"account_id": alice, "text": "Hello", "schedule_at": moment}
    thread = {"account_id": alice, "tweets": ["Hello"], "schedule_at": moment}
    assert codes(validate(service, **post)) == codes(validate(service, **thread)) == [("schedule_at", code)]
    assert_error(service.client.post("/api/v1/tweets", json=post), 422, code, field="schedule_at")
    assert_error(service.client.post("/api/v1/threads", json=thread), 422, code, field="schedule_at")
    batch = service.client.post("/api/v1/tweets/batch", json={"tweets": [post]})
    assert [refused["error_code"] for refused in batch.json["posts"]] == [code]


def test_an_account_that_cannot_post(service: Service, alice: int) -> None:
    service.client.patch(f"/api/v1/accounts/{alice}", json={"is_active": False})
    report = validate(service, account_id=alice, text="Hello")
    assert report["valid"], "it would be taken and held"
    assert [warning["code"] for warning in report["warnings"]] == ["account_inactive"]


def test_a_full_window(service: Service, alice: int) -> None:
    posts = [
        {"account_id": alice, "text": f"Number {number}", "schedule_at": "2026-11-20T14:10:00Z"}
        for number in range(100)
    ]
    service.client.post("/api/v1/tweets/batch", json={"tweets": posts})
    report = validate(service, account_id=alice, text="Hello", schedule_at="2026-11-20T14:12:00Z")
    assert [(each["code"], each["expected_at"]) for each in report["warnings"]] == [
        ("limit_forecast", "2026-11-20T14:25:00.000Z")
    ]


def test_what_is_no_post_at_all(service: Service, alice: int) -> None:
    wrong = service.client.post("/api/v1/tweets/validate", json={"account_id": alice, "text": "Hello", "colour": "red"})
    assert_error(wrong, 422, "invalid_field", field="colour")
    nobody = service.client.post("/api/v1/tweets/validate", json={"account_id": 4711, "text": "Hello"})
    assert_error(nobody, 404, "account_not_found")


def test_equal_parts_of_a_thread_are_warned_of(service: Service, alice: int) -> None:
    body = {"account_id": alice, "tweets": ["One", "Two", " One"], "schedule_at": "2026-11-20T14:10:00Z"}
    assert [each["code"] for each in validate(service, **body)["warnings"]] == ["equal_parts"]
    answer = service.client.post("/api/v1/threads", json=body)
    assert answer.status_code == 201, answer.text
    assert [each["code"] for each in answer.json["warnings"]] == ["equal_parts"]
    body["tweets"] = ["Three", "Four", "three"]
    assert validate(service, **body)["warnings"] == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("$TSLA and $AAPL", ["two_cashtags"]),
        ("$TSLA, $TSLA", ["two_cashtags"]),
        ("$BRK.A ($x) $y", ["two_cashtags"]),
        ("$TSLA at $420, US$5, a$b, $TOOLONGNAME", []),
    ],
)
def test_two_cashtags_are_warned_of(service: Service, alice: int, text: str, codes: list[str]) -> None:
    body: dict[str, Any] = {"account_id": alice, "text": text, "schedule_at": "2026-11-20T14:10:00Z"}
    assert [each["code"] for each in validate(service, **body)["warnings"]] == codes
    assert [each["code"] for each in service.client.post("/api/v1/tweets", json=body).json["warnings"]] == codes
    body = {"tweets": [{**body, "allow_duplicate": True}]}
    assert [each["code"] for each in service.client.post("/api/v1/tweets/batch", json=body).json["warnings"]] == codes
    assert service.client.get("/api/v1/tweets").json["total"] == 2


HALVES = ("bad \ud83d end", "https://\ud83d.example.com/", "\udc00", "a\0b", "x\ufeff")


@pytest.mark.parametrize("text", HALVES)
def test_half_an_emoji_is_named(service: Service, alice: int, text: str) -> None:
    assert codes(validate(service, account_id=alice, text=text)) == [("text", "text_invalid")]
    report = validate(service, account_id=alice, tweets=["fine", text, "fine, too"])
    assert codes(report) == [("tweets.1.text", "text_invalid")]
    assert codes(validate(service, account_id=alice, tweets=[text, "fine"])) == [("tweets.0.text", "text_invalid")]


@pytest.mark.parametrize("text", ["\u200b", "\u3164", "\u2800", "\u2060 \u00ad", "\u115f\n"])
def test_what_nobody_can_see_is_empty(service: Service, alice: int, text: str) -> None:
    assert codes(validate(service, account_id=alice, text=text)) == [("text", "text_empty")]


@pytest.mark.parametrize("text", ["\U0001fae8", "\uf8ff", "\U00033480"])
def test_signs_younger_than_this_python_are_text(service: Service, alice: int, text: str) -> None:
    assert validate(service, account_id=alice, text=text)["valid"]


def test_a_text_of_megabytes_is_refused_before_it_is_parsed(service: Service, alice: int) -> None:
    text = "https://example.com/a b.co " * 150_000
    began = time.process_time()
    report = validate(service, account_id=alice, text=text)
    assert time.process_time() - began < 1
    assert codes(report) == [("text", "text_too_long")]
    assert report["parts"][0]["weighted_length"] == len(text)
    for path, body in (
        ("/api/v1/tweets", {"account_id": alice, "text": text}),
        ("/api/v1/threads", {"account_id": alice, "tweets": ["fine", text]}),
        ("/api/v1/tweet", {"account_id": alice, "text": text}),
    ):
        began = time.process_time()
        answer = service.client.post(path, json=body)
        assert (answer.status_code, answer.json["code"]) == (422, "text_too_long"), path
        assert time.process_time() - began < 1


HALF_AN_EMOJI = r"bad \ud83d end"  # what text.slice(0, 280) makes in JavaScript; no UTF-8 can say it


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (r'{"account_id": 1, "text": "%s"}', "text"),
        (r'{"account_id": 1, "text": "https://example.com/\ud83d"}', "text"),
        (r'{"account_id": 1, "tweets": ["%s", "Two"]}', "tweets.0.text"),
        (r'{"account_id": 1, "tweets": ["One", {"text": "%s"}]}', "tweets.1.text"),
    ],
)
def test_half_an_emoji(service: Service, alice: int, body: str, field: str) -> None:
    data = body.replace("%s", HALF_AN_EMOJI)
    answer = service.client.post("/api/v1/tweets/validate", data=data, content_type="application/json")
    assert answer.status_code == 200, answer.text
    assert codes(answer.json) == [(field, "text_invalid")]
