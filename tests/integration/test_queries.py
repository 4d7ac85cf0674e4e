"""The query of every route: what it does not take is refused by name, whoever calls and whatever the path."""

import re

import pytest
from flask import Flask

from tests.support.service import JSON, Service, assert_error
from twitter_manager.api.http.queries import OPEN
from twitter_manager.api.openapi.operations import operations_of


def test_every_route_refuses_a_parameter_it_does_not_know(app: Flask, service: Service) -> None:
    tried = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN:
            continue
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = service.client.open(f"{path}?keep_tweet=1", method=method)
            assert_error(answer, 422, "invalid_field", field="keep_tweet")
            tried += 1
    assert tried >= 35
    assert {"oauth.callback", "consent.show", "consent.decide"} == OPEN, "only where X decides what comes"


def test_every_parameter_but_a_list_stands_once_and_an_empty_one_is_left_out(app: Flask, service: Service) -> None:
    for endpoint, operation in operations_of(app).items():
        rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        path = re.sub(r"<[^>]+>", "999", rule.rule)
        for parameter in () if endpoint in OPEN else operation.query:
            plain = service.client.open(path, method=method)
            empty = service.client.open(f"{path}?{parameter.name}=", method=method)
            expected = 422 if endpoint == "posting.post_all" else plain.status_code  # left out means all there
            assert empty.status_code == expected, (path, parameter.name)
            if parameter.schema["type"] != "array":
                twice = service.client.open(f"{path}?{parameter.name}=1&{parameter.name}=1", method=method)
                assert_error(twice, 422, "invalid_field", field=parameter.name)


def test_a_misspelt_flag_deletes_nothing(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Hello")
    wrong = service.client.delete(f"/api/v1/accounts/{alice}?keep_tweet=1")
    assert "keep_tweets" in assert_error(wrong, 422, "invalid_field", field="keep_tweet")["error"]
    assert_error(service.client.delete(f"/api/v1/tweets/{tweet}?from_twiter=1"), 422, "invalid_field")
    assert service.row(tweet)["status"] == "pending"


@pytest.mark.parametrize(
    "query",
    ["status=canceled&status=pending", "status[]=canceled&status[]=pending", "status=canceled,pending", "status="],
)
def test_a_list_is_repeated_or_has_commas(service: Service, alice: int, query: str) -> None:
    pending, canceled = service.tweet(alice, "One"), service.tweet(alice, "Two")
    service.client.patch(f"/api/v1/tweets/{canceled}", json={"status": "canceled"})
    found = service.client.get(f"/api/v1/tweets?{query}").json["tweets"]
    assert {tweet["id"] for tweet in found} == {pending, canceled}
    only = service.client.get("/api/v1/tweets?status[]=pending").json["tweets"]
    assert [tweet["id"] for tweet in only] == [pending]


@pytest.mark.parametrize("query", ["limit[]=1", "status[0]=failed", "Status=failed", "%ED%A0%80=1"])
def test_other_ways_to_write_a_parameter_are_not_passed_over(service: Service, query: str) -> None:
    assert_error(service.client.get(f"/api/v1/tweets?{query}"), 422, "invalid_field")


def test_the_key_may_stand_in_the_query_of_the_api_only(service: Service) -> None:
    assert service.anonymous.get(f"/api/v1/accounts?api_key={service.key}").status_code == 200
    assert service.anonymous.get("/api/v1/health?api_key=").status_code in (200, 503)
    assert_error(service.anonymous.get(f"/docs?api_key={service.key}"), 422, "invalid_field", field="api_key")


def test_a_parameter_that_x_or_a_proxy_adds_does_not_break_a_consent(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"] + "&utm_source=x", "alice")
    answer = service.anonymous.get(f"{back}&iss=https%3A%2F%2Fx.com&state2=1&error_description=", headers=JSON)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("2027-02-30T10:00:00Z", "calendar"),
        ("2027-02-30", "calendar"),
        ("2027-02-28", "time of day"),
        ("2027-02-28T10:00:00", "its offset"),
        ("2027-02-28T25:00:00Z", "does not exist"),
        ("soon", "must be a time"),
    ],
)
def test_a_time_is_told_what_it_lacks(service: Service, alice: int, since: str, words: str) -> None:
    listed = service.client.get("/api/v1/tweets", query_string={"since": since})
    assert words in assert_error(listed, 422, "invalid_field", field="since")["error"]
    body = {"account_id": alice, "text": "Hello", "schedule_at": since}
    assert words in assert_error(service.client.post("/api/v1/tweets", json=body), 422, "invalid_field")["error"]


# the path, and the ends of answers


def test_a_slash_at_the_end_is_as_none(service: Service, alice: int) -> None:
    body = {"account_id": alice, "text": "Hello"}
    made = service.client.post("/api/v1/tweet/", json=body, headers={"Idempotency-Key": "one"})
    assert made.status_code == 201
    again = service.client.post("/api/v1/tweet", json=body, headers={"Idempotency-Key": "one"})
    assert again.headers["Idempotent-Replayed"] == "true"
    assert service.client.get(f"/api/v1/tweets/{made.json['tweet_id']}/").json["text"] == "Hello"
    assert service.anonymous.get("/api/v1/health/").status_code in (200, 503), "it needs no key"
    assert_error(service.anonymous.get("/api/v1/accounts/"), 401, "unauthorized")


def test_a_callback_with_a_slash_at_its_end_is_answered(start: "pytest.FixtureRequest") -> None:
    service = start(TWITTER_CALLBACK_URL="http://127.0.0.1:5555/back/")  # type: ignore[operator]
    for path in ("/back/", "/back"):
        assert_error(service.anonymous.get(path, headers=JSON), 400, "invalid_state")


def test_json_ends_with_a_newline(service: Service) -> None:
    for path in ("/api/v1/accounts", "/api/v1/nowhere", "/api/v1/openapi.json"):
        assert service.client.get(path).data.endswith(b"}\n")


def test_browsers_get_an_icon(service: Service) -> None:
    assert service.anonymous.get("/favicon.ico").mimetype == "image/svg+xml"
