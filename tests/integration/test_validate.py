"""POST /api/v1/tweets/validate: what would happen, and nothing happens."""

from typing import Any

import pytest

from tests.conftest import Service, assert_error


def validate(service: Service, **body: object) -> dict[str, Any]:
    answer = service.client.post("/api/v1/tweets/validate", json=body)
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
