"""Digits for numbers, empty fields as left out, and null that takes a value away."""

from typing import Any

import pytest

from tests.support.service import Service, assert_error

LATER = "2026-11-21T14:00:00Z"


def post(service: Service, path: str, **body: Any) -> Any:
    return service.client.post(f"/api/v1{path}", json=body)


def test_a_string_of_digits_is_an_id_wherever_one_of_ours_stands(service: Service, alice: int) -> None:
    digits = str(alice)
    assert post(service, "/tweet", account_id=digits, text="One").status_code == 201
    poll = {"options": ["a", "b"], "duration_minutes": "60"}
    scheduled = {"account_id": digits, "schedule_at": LATER}
    assert post(service, "/tweets", text="Two", poll=poll, **scheduled).status_code == 201
    assert post(service, "/tweets/batch", account_ids=[digits], text="Three", schedule_at=LATER).status_code == 202
    assert post(service, "/threads", tweets=["Four", "Five"], **scheduled).status_code == 201
    assert post(service, "/tweets/cleanup", account_id=digits, days_old="0").status_code == 200


@pytest.mark.parametrize("value", ["1.0", "+1", " 1", "١", "0x1", True, 1.5])
def test_nothing_else_is_taken_for_a_number(service: Service, alice: int, value: object) -> None:
    assert_error(post(service, "/tweet", account_id=value, text="One"), 422, "invalid_id", field="account_id")


@pytest.mark.parametrize("flag", ["1", "yes", "True", 1])
def test_only_true_and_false_are_yes_and_no(service: Service, alice: int, flag: object) -> None:
    refused = post(service, "/tweets", account_id=alice, text="One", draft=flag)
    assert_error(refused, 422, "invalid_field", field="draft")


def test_true_and_false_may_stand_in_quotes(service: Service, alice: int) -> None:
    path = f"/api/v1/accounts/{alice}"
    for text, status in (("false", "inactive"), ("true", "active")):
        assert service.client.patch(path, json={"is_active": text}).json["status"] == status
    made = post(service, "/tweets", account_id=alice, text="One", draft="true", made_with_ai="false")
    assert made.json["status"] == "draft"
    assert post(service, "/tweets/cleanup", all="true").json["deleted"] == 1
    assert post(service, "/mock-mode", enabled="true").json["enabled"] is True
    rows = [{"account_id": alice, "text": "Two", "draft": "true"}]
    assert post(service, "/tweets/batch", tweets=rows, dry_run="true").status_code == 200


@pytest.mark.parametrize(
    ("path", "field", "form"),
    [
        ("/tweets/batch", "accounts", '["alice", "bob"]'),
        ("/tweets/batch", "account_ids", "[1, 2]"),
        ("/tweets/cleanup", "statuses", '["failed"]'),
    ],
)
def test_a_text_with_commas_is_no_list_and_the_form_is_shown(
    service: Service, alice: int, path: str, field: str, form: str
) -> None:
    shape = assert_error(post(service, path, **{field: "a,b"}), 422, "invalid_field", field=field)
    assert shape["error"] == f"{field} must be a list, such as {form}"


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_optional_field_is_as_if_left_out(service: Service, alice: int, empty: object) -> None:
    optional = (
        "schedule_at late_policy allow_duplicate media_ids quote_tweet_id poll reply_settings community_id "
        "made_with_ai paid_partnership reply_to_tweet_id"
    )
    fields = dict.fromkeys(optional.split(), empty)
    made = post(service, "/tweets", account_id=alice, text="One", draft=True, **fields)
    assert (made.status_code, made.json["status"]) == (201, "draft")
    part = {"text": "Two", "media_ids": empty, "poll": empty}
    times = {"schedule_at": LATER, "late_policy": empty}
    assert post(service, "/threads", account_id=alice, tweets=[part], **times).status_code == 201
    assert_error(
        post(service, "/tweet", account_id=alice, text=empty), 422, "text_empty" if empty == "" else "invalid_field"
    )


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize(
    ("path", "others", "fields"),
    [
        ("/tweets/cleanup", {"account": "alice"}, ("statuses", "days_old", "account_id")),
        ("/tweets/cleanup", {"statuses": ["scheduled"]}, ("account", "account_id", "days_old")),
        ("/tweets/cleanup", {"all": True}, ("account",)),
        ("/tweets/post-pending", {}, ("account", "account_id")),
        ("/accounts/cleanup", {}, ("statuses",)),
        ("/webhooks/1/replay", {"since": LATER}, ("delivery_ids",)),
        ("/webhooks/1/replay", {"delivery_ids": [1]}, ("since",)),
    ],
)
def test_an_empty_criterion_is_refused_where_left_out_means_all(
    service: Service, alice: int, path: str, others: dict[str, Any], fields: tuple[str, ...], empty: object
) -> None:
    service.beat()
    tweet = post(service, "/tweets", account_id=alice, text="Kept", schedule_at=LATER).json["post_id"]
    for field in fields:
        shape = assert_error(post(service, path, **others, **{field: empty}), 422, "invalid_field", field=field)
        assert shape["error"] == f"{field} is empty: leave it out, or say which"
    assert service.row(tweet)["status"] == "scheduled"


@pytest.mark.parametrize("field", ["account", "account_id"])
def test_an_empty_criterion_in_the_query(service: Service, alice: int, field: str) -> None:
    assert_error(post(service, f"/tweets/post-pending?{field}="), 422, "invalid_field", field=field)


def test_null_takes_the_time_away_and_the_tweet_is_a_draft(service: Service, alice: int) -> None:
    tweet = post(service, "/tweets", account_id=alice, text="One", schedule_at=LATER).json["post_id"]
    path = f"/api/v1/tweets/{tweet}"
    assert service.client.patch(path, json={"schedule_at": "", "text": ""}).json["status"] == "scheduled"
    changed = service.client.patch(path, json={"schedule_at": None}).json
    assert (changed["status"], changed["scheduled_at"]) == ("draft", None)
    service.clock.forward(2 * 86_400)
    service.run_due()
    assert service.row(tweet)["status"] == "draft"
    assert service.client.patch(path, json={"status": "pending"}).json["status"] == "pending"
    assert service.client.patch(path, json={"schedule_at": None}).json["status"] == "pending", "it had no time"


def test_null_together_with_a_status(service: Service, alice: int) -> None:
    for status in ("pending", "canceled"):
        tweet = post(service, "/tweets", account_id=alice, text=status, schedule_at=LATER).json["post_id"]
        changed = service.client.patch(f"/api/v1/tweets/{tweet}", json={"schedule_at": None, "status": status}).json
        assert (changed["status"], changed["scheduled_at"]) == (status, None)


def test_a_thread_without_its_time_stops_and_can_be_resumed(service: Service, alice: int) -> None:
    made = post(service, "/threads", account_id=alice, tweets=["One", "Two"], schedule_at=LATER).json
    first, second = (part["post_id"] for part in made["tweets"])
    assert_error(service.client.patch(f"/api/v1/tweets/{second}", json={"schedule_at": None}), 409, "part_waits")
    assert service.client.patch(f"/api/v1/tweets/{first}", json={"schedule_at": None}).json["status"] == "draft"
    path = f"/api/v1/threads/{made['thread_id']}"
    assert service.client.get(path).json["status"] == "broken"
    service.beat()
    service.services.threads.resume(made["thread_id"])
    service.run_due()
    assert service.client.get(path).json["status"] == "posted"


def test_null_in_a_webhooks_patch(service: Service) -> None:
    made = post(service, "/webhooks", url="https://example.com/hook", events=["tweet.posted"], description="One").json
    path = f"/api/v1/webhooks/{made['webhook']['id']}"
    assert service.client.patch(path, json={"description": "", "url": ""}).json["description"] == "One"
    changed = service.client.patch(path, json={"description": None, "events": None}).json
    assert (changed["description"], len(changed["events"]) > 1) == ("", True)
    for field in ("url", "is_active"):
        assert_error(service.client.patch(path, json={field: None}), 422, "invalid_field", field=field)
