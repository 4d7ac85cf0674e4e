"""GET /api/v1/tweets: search and filters, alone, together and with a cursor."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.service import Service, assert_error


def ids(service: Service, **query: object) -> list[int]:
    """What the list shows; its total is how many these are."""
    answer = service.client.get("/api/v1/tweets", query_string=query)
    assert answer.status_code == 200, answer.text
    assert answer.json["total"] == len(answer.json["tweets"])
    return [row["id"] for row in answer.json["tweets"]]


def change(service: Service, tweet: int, **columns: object) -> None:
    """The row as it would be after a long story."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    with service.services.db.transaction() as tx:
        tx.execute(f"UPDATE tweet SET {sets} WHERE id = :id", id=tweet, **columns)


def test_words_in_the_text(service: Service, alice: int) -> None:
    launch = service.tweet(alice, "Große Neuigkeit: wir starten die Café-App 🚀")
    tokyo = service.tweet(alice, "来週東京タワーでイベントがあります")
    service.tweet(alice, "something else")
    assert ids(service, q="cafe") == ids(service, q="STARTEN neuig*") == ids(service, q="🚀") == [launch]
    assert ids(service, q='"die café"') == [launch]
    assert ids(service, q='"café die"') == ids(service, q="!!!") == []
    assert ids(service, q="東京") == ids(service, q="タワー") == [tokyo]
    assert len(ids(service, q="")) == len(ids(service, q="  ")) == 3


def test_a_text_that_was_changed_or_deleted(service: Service, alice: int) -> None:
    changed, deleted = service.tweet(alice, "first words"), service.tweet(alice, "first words again")
    service.client.patch(f"/api/v1/tweets/{changed}", json={"text": "other words"})
    service.client.delete(f"/api/v1/tweets/{deleted}")
    assert ids(service, q="first") == []
    assert ids(service, q="words") == ids(service, q="other") == [changed]


def test_words_together_with_other_filters(service: Service, alice: int, worker: object) -> None:
    bob = service.connect("bob")
    waiting, out = service.tweet(alice, "launch tomorrow"), service.tweet(alice, "launch today")
    of_bob = service.tweet(bob, "launch, says bob")
    service.client.post(f"/api/v1/tweet/post/{out}")
    assert ids(service, q="launch") == [of_bob, out, waiting]
    assert ids(service, q="launch", status="pending") == [of_bob, waiting]
    assert ids(service, q="launch", status="pending", account_id=alice) == [waiting]
    assert ids(service, q="launch", account_id=bob, since="2026-11-20T14:05:00Z") == [of_bob]
    assert ids(service, q="launch", until="2026-11-20T14:05:00Z") == []


def test_a_cursor_through_what_was_found(service: Service, alice: int) -> None:
    numbers = [service.tweet(alice, f"found {n}") for n in range(5)]
    service.tweet(alice, "other")
    first = service.client.get("/api/v1/tweets?q=found&limit=2").json
    service.tweet(alice, "found meanwhile")
    cursor = first["next_cursor"]
    second = service.client.get(f"/api/v1/tweets?q=found&limit=2&cursor={cursor}").json
    last = service.client.get(f"/api/v1/tweets?q=found&limit=2&cursor={second['next_cursor']}").json
    seen = [row["id"] for page in (first, second, last) for row in page["tweets"]]
    assert seen == numbers[::-1]
    assert (first["total"], last["total"], last["next_cursor"]) == (5, 6, None)
    second_page = service.client.get("/api/v1/tweets?q=found&limit=2&page=2").json
    assert [row["text"] for row in second_page["tweets"]] == ["found 3", "found 2"]


def test_several_statuses(service: Service, alice: int, worker: object) -> None:
    out, waiting, draft = (service.tweet(alice, text) for text in ("out", "waits", "draft"))
    service.client.post(f"/api/v1/tweet/post/{out}")
    change(service, draft, status="draft")
    assert ids(service, status="published,draft") == [draft, out]
    assert ids(service, status="pending,pending,held") == [waiting]
    assert ids(service, status="draft,pending", account_id=alice) == [draft, waiting]


def test_thread_batch_error_and_decision(service: Service, alice: int) -> None:
    tweets = [service.tweet(alice, f"tweet {n}") for n in range(5)]
    with service.services.db.transaction() as tx:
        tx.execute("INSERT INTO thread (id, account_id) VALUES (7, :id)", id=alice)
        tx.execute("INSERT INTO batch (id) VALUES (8)")
    change(service, tweets[0], thread_id=7, position=1, batch_id=8)
    change(service, tweets[1], thread_id=7, position=2)
    change(service, tweets[2], status="failed", error_code="post_refused", batch_id=8)
    change(service, tweets[3], status="unconfirmed", error_code="doubtful_match", needs_decision=1)
    assert ids(service, thread_id=7) == [tweets[1], tweets[0]]
    assert ids(service, batch_id=8) == [tweets[2], tweets[0]]
    assert ids(service, batch_id=8, status="failed,held") == [tweets[2]]
    assert ids(service, thread_id=7, batch_id=8) == [tweets[0]]
    assert ids(service, error_code="post_refused") == ids(service, error_code="post_refused", account_id=alice)
    assert ids(service, error_code="post_refused") == [tweets[2]]
    assert ids(service, needs_decision=1) == ids(service, needs_decision="true", account_id=alice) == [tweets[3]]
    assert ids(service, needs_decision=0) == tweets[::-1]
    assert ids(service, thread_id=99) == ids(service, batch_id=99) == ids(service, error_code="unheard_of") == []


def test_when_it_was_made(service: Service, alice: int) -> None:
    first = service.tweet(alice, "at five past two")  # 2026-11-20T14:05:00.123Z
    service.clock.forward(3600)
    second = service.tweet(alice, "an hour later")
    assert ids(service, since="2026-11-20T14:05:00.123Z") == [second, first]
    assert ids(service, since="2026-11-20T14:05:00.124Z") == ids(service, since="2026-11-20T16:00:00+01:00") == [second]
    assert ids(service, until="2026-11-20T15:05:00.123Z") == ids(service, until="2026-11-20T16:00:00+01:30") == [first]
    assert ids(service, since="2026-11-20T14:00:00Z", until="2026-11-20T15:00:00Z", account_id=alice) == [first]
    assert ids(service, since="2026-11-20T15:00:00Z", until="2026-11-20T14:00:00Z") == []
    plus = service.client.get("/api/v1/tweets?since=2026-11-20T16:00:00+01:00").json  # a + in a query is a blank
    assert [row["id"] for row in plus["tweets"]] == [second]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"q": "x" * 201}, "q"),
        ({"status": "failed,"}, "status"),
        ({"status": "failed,sent"}, "status"),
        ({"status": "failed held"}, "status"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-20"}, "since"),
        ({"since": "2026-11-20T14:05:00"}, "since"),
        ({"until": "2026-13-01T00:00:00Z"}, "until"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "until"),
        ({"thread_id": "one"}, "thread_id"),
        ({"batch_id": "0"}, "batch_id"),
        ({"needs_decision": "yes"}, "needs_decision"),
        ({"error_code": "Post refused"}, "error_code"),
    ],
)
def test_a_filter_that_is_none_is_named(client: FlaskClient, query: dict[str, Any], field: str) -> None:
    code = "invalid_id" if field.endswith("_id") else "invalid_field"
    assert_error(client.get("/api/v1/tweets", query_string=query), 422, code, field=field)


SYNTAX = st.sampled_from("\"'*^(){}[]:+-,;\\\0 %_aANDORNOTNEAR/東🎉\ufe0f")


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.one_of(SYNTAX, st.characters(exclude_categories=["Cs"])), max_size=200))
def test_any_text_may_be_looked_for(client: FlaskClient, words: str) -> None:
    assert client.get("/api/v1/tweets", query_string={"q": words}).status_code == 200


def test_200_characters_may_be_looked_for(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "東" * 140)
    for words in ("東" * 140, "東 " * 100):
        assert ids(service, q=words) == [tweet]
    for words in ("a " * 100, "ab* " * 50, '"' * 200, "( " * 100, "*" * 200):
        assert ids(service, q=words) == []


def scheduled(service: Service, account_id: int, at: str, **more: object) -> int:
    """A tweet for this time; its id."""
    body = {"account_id": account_id, "text": f"At {at}", "schedule_at": at, **more}
    number: int = service.client.post("/api/v1/tweets", json=body).json["post_id"]
    return number


def test_what_goes_out_tomorrow(service: Service, alice: int) -> None:
    late, early = (scheduled(service, alice, f"2026-11-21T{hour}:00:00Z") for hour in ("20", "08"))
    scheduled(service, alice, "2026-11-22T00:00:00Z")
    service.tweet(alice, "Some day")
    canceled = scheduled(service, alice, "2026-11-21T12:00:00Z")
    service.client.patch(f"/api/v1/tweets/{canceled}", json={"status": "canceled"})
    day = {"since": "2026-11-21T00:00:00Z", "until": "2026-11-22T00:00:00Z"}
    assert ids(service, status="scheduled", sort="scheduled", **day) == [early, late]
    assert ids(service, status="scheduled", time="scheduled", **day) == [late, early]
    assert ids(service, status="scheduled,canceled", sort="scheduled", **day) == [early, canceled, late]
    assert ids(service, time="scheduled", sort="created", account="@alice", **day) == [late, early, canceled]
    assert ids(service, time="created", sort="scheduled", **day) == []


def test_by_the_time_they_went_out(service: Service, alice: int, worker: object) -> None:
    first, second, waiting = (service.tweet(alice, f"Number {n}") for n in range(3))
    for tweet in (second, first):
        service.clock.forward(60)
        service.beat()
        assert service.client.post(f"/api/v1/tweet/post/{tweet}").status_code == 200
    assert ids(service, sort="posted") == [second, first]
    assert ids(service, sort="-posted") == ids(service, sort="-posted", status="posted,pending") == [first, second]
    assert ids(service, sort="posted", status="pending") == []
    assert ids(service, sort="created") == [first, second, waiting]
    assert ids(service, sort="-created") == ids(service) == [waiting, second, first]
    went_out = service.row(first)["posted_at"]
    assert ids(service, time="posted", since=went_out) == [first]
    assert ids(service, time="posted", until=went_out) == [second]


@pytest.mark.parametrize("sort", ["created", "-created", "scheduled", "-scheduled"])
def test_a_cursor_through_a_sorted_list(service: Service, alice: int, sort: str) -> None:
    times = ["2026-11-21T10:00:00Z", "2026-11-21T08:00:00.001Z", "2026-11-21T08:00:00Z"] * 2
    for number, at in enumerate(times):
        scheduled(service, alice, at, text=f"Number {number}")
    whole = ids(service, sort=sort)
    query: dict[str, Any] = {"sort": sort, "limit": 2}
    found: list[int] = []
    while True:
        page = service.client.get("/api/v1/tweets", query_string=query).json
        found += [row["id"] for row in page["tweets"]]
        assert page["total"] == len(times)
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == whole
    assert len(found) == len(times)
    by_page = service.client.get("/api/v1/tweets", query_string={"sort": sort, "limit": 2, "page": 2}).json
    assert [row["id"] for row in by_page["tweets"]] == whole[2:4]


CURSORS = {
    "created": "after-1",
    "-created": "before-1",
    "scheduled": "scheduled-after-1795255200000-1",
    "-scheduled": "scheduled-before-1795255200000-1",
    "posted": "posted-after-1795255200000-1",
    "-posted": "posted-before-1795255200000-1",
}


@pytest.mark.parametrize("sort", CURSORS)
def test_a_cursor_of_another_sort_is_none(client: FlaskClient, sort: str) -> None:
    for other, cursor in CURSORS.items():
        answer = client.get("/api/v1/tweets", query_string={"sort": sort, "cursor": cursor})
        if other == sort:
            assert answer.status_code == 200
        else:
            assert_error(answer, 422, "invalid_field", field="cursor")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "-"}, "sort"),
        ({"sort": "status"}, "sort"),
        ({"time": "-created"}, "time"),
        ({"sort": "scheduled", "cursor": "scheduled-after-999999999999999-1"}, "cursor"),
        ({"sort": "scheduled", "cursor": "scheduled-after-1-9999999999999999999"}, "cursor"),
        ({"sort": "scheduled", "cursor": "scheduled-after-1"}, "cursor"),
    ],
    ids=str,
)
def test_a_sort_or_a_place_that_is_none(client: FlaskClient, query: dict[str, Any], field: str) -> None:
    shape = assert_error(client.get("/api/v1/tweets", query_string=query), 422, "invalid_field", field=field)
    if field == "sort":
        assert shape["error"] == "sort must be one of created, -created, scheduled, -scheduled, posted, -posted"


def test_a_part_of_a_thread_says_what_it_waits_for(service: Service, alice: int) -> None:
    first, second = service.tweet(alice, "one"), service.tweet(alice, "two")
    with service.services.db.transaction() as tx:
        tx.execute("INSERT INTO thread (id, account_id) VALUES (1, :id)", id=alice)
    change(service, first, thread_id=1, position=1)
    change(service, second, thread_id=1, position=2)
    assert [service.row(number)["waiting_for"] for number in (first, second)] == [None, "previous_part"]
    assert (service.row(second)["thread_id"], service.row(second)["position"]) == (1, 2)
    change(service, second, reply_to="1991877265411923968")
    assert service.row(second)["waiting_for"] is None
    change(service, second, reply_to=None, status="canceled")
    assert service.row(second)["waiting_for"] is None


def test_what_a_post_has_beside_its_text(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "which?")
    change(
        service,
        tweet,
        reply_to="11",
        quote_of="12",
        media_ids='["13", "1991877265411923968"]',
        poll='{"options": ["tea", "coffee"], "duration_minutes": 60}',
        reply_settings="following",
        community_id="14",
        made_with_ai=1,
        late_policy="hold",
    )
    row = service.row(tweet)
    assert {name: row[name] for name in ("reply_to_tweet_id", "quote_tweet_id", "community_id", "batch_id")} == {
        "reply_to_tweet_id": "11",
        "quote_tweet_id": "12",
        "community_id": "14",
        "batch_id": None,
    }
    assert row["media_ids"] == ["13", "1991877265411923968"]
    assert row["poll"] == {"options": ["tea", "coffee"], "duration_minutes": 60}
    assert (row["reply_settings"], row["late_policy"]) == ("following", "hold")
    assert (row["made_with_ai"], row["paid_partnership"]) == (True, False)
