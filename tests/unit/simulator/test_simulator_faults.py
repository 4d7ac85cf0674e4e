"""Bad days on command, in this process: what the caller gets, and what X did."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.clock import Clock
from tests.support.simulator import API, Caller, refresh
from twitter_manager.simulator import faults
from twitter_manager.simulator.bad_days import BadDays
from twitter_manager.simulator.world import World

Command = Callable[[BadDays], Any]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (lambda x: x.accepts_then_cuts_the_line(), requests.exceptions.ConnectionError),
        (lambda x: x.accepts_then_stays_silent(), requests.exceptions.ReadTimeout),
        (lambda x: x.accepts_then_trickles(), requests.exceptions.ReadTimeout),
        (lambda x: x.is_slow(60), requests.exceptions.ReadTimeout),
    ],
)
def test_x_posts_it_and_the_caller_cannot_know(
    alice: Caller, world: World, command: Command, error: type[Exception]
) -> None:
    command(world.faults)
    with pytest.raises(error):
        alice.post("did it go out?")
    assert [post.original for post in world.posts()] == ["did it go out?"]
    assert [call.status for call in world.calls()] == [201]
    assert alice.post("a good day again").status_code == 201


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (lambda x: x.cuts_the_line(), requests.exceptions.ConnectionError),
        (lambda x: x.stays_silent(), requests.exceptions.ReadTimeout),
    ],
)
def test_the_line_fails_and_x_did_nothing(
    alice: Caller, world: World, command: Command, error: type[Exception]
) -> None:
    command(world.faults)
    with pytest.raises(error):
        alice.post("it did not")
    assert world.posts() == []


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (lambda x: x.accepts_then_answers(503), 503, "Service Unavailable"),
        (lambda x: x.accepts_then_answers(500), 500, "Internal Server Error"),
        (lambda x: x.accepts_then_answers_garbage(), 201, "upstream said"),
        (lambda x: x.accepts_then_answers_garbage(body='{"data": {}}'), 201, '{"data": {}}'),
        (lambda x: x.accepts_then_answers_nothing(), 201, ""),
        (lambda x: x.accepts_then_the_edge_answers(), 403, "developers.cloudflare.com"),
    ],
)
def test_x_posts_it_and_answers_nonsense(
    alice: Caller, world: World, command: Command, status: int, words: str
) -> None:
    command(world.faults)
    response = alice.post("posted all the same")
    assert (response.status_code, words in response.text) == (status, True)
    assert "posted all the same" not in response.text
    assert len(world.posts()) == 1


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (lambda x: x.fails(502), 502, "Bad Gateway"),
        (lambda x: x.answers_garbage(), 200, "upstream said"),
        (lambda x: x.refuses(403, detail="You may not."), 403, "You may not."),
        (lambda x: x.refuses(400), 400, "Invalid Request"),
        (lambda x: x.refuses_the_token(), 401, "Unauthorized"),
        (lambda x: x.refuses_as_duplicate(), 403, "duplicate content"),
        (lambda x: x.does_not_see_the_parent(), 403, "deleted or not visible to you"),
        (lambda x: x.runs_out_of_credits(), 402, "CreditsDepleted"),
        (lambda x: x.reaches_the_spend_cap(), 403, "spend cap reached"),
        (lambda x: x.reaches_the_spend_cap(reset_date="2026-12-01"), 403, '"reset_date":"2026-12-01"'),
        (lambda x: x.reaches_the_spend_cap(reset_date="2026-12-01"), 403, '"title":"SpendCapReached"'),
        (lambda x: x.reaches_the_spend_cap(reset_date="2026-12-01"), 403, 'problems/credits"'),
        (lambda x: x.reaches_the_usage_cap(), 429, "usage-capped"),
        (lambda x: x.client_is_forbidden(), 403, 'problems/client-forbidden"'),
        (lambda x: x.account_is_not_permitted(), 403, "Your account is not permitted to access this feature."),
        (lambda x: x.refuses_in_errors(), 400, '"message":"Your media IDs are invalid."'),
        (lambda x: x.is_over_the_daily_limit(), 403, '"code":185'),
        (
            lambda x: x.is_over_the_daily_limit(numbered=False),
            403,
            '"detail":"User is over daily status',
        ),
        (lambda x: x.takes_it_for_automated(), 403, '"code":226'),
        (lambda x: x.takes_it_for_automated(numbered=False), 403, '"detail":"This request looks like it might be'),
        (lambda x: x.asks_for_another_access_level(), 403, '"code":453'),
        (lambda x: x.asks_for_another_access_level(numbered=False), 403, '"detail":"You currently have access to a'),
        (lambda x: x.edge_refuses(), 403, '"cloudflare_error":true'),
        (lambda x: x.add("edge_page_before", options={"status": 429, "retry_after": 30}), 429, '"retry_after":30'),
        (lambda x: x.client_is_not_enrolled(), 403, "client-not-enrolled"),
        (lambda x: x.add("suspended"), 403, "account is suspended"),
        (lambda x: x.add("forbidden"), 403, "not permitted to perform this action"),
        (lambda x: x.add("refuse", options={"status": 409, "body": {"odd": 1}}), 409, '{"odd":1}'),
        (lambda x: x.rate_limits(v1_body=True), 429, '"code":88'),
    ],
)
def test_x_says_no_and_did_nothing(alice: Caller, world: World, command: Command, status: int, words: str) -> None:
    command(world.faults)
    response = alice.post("no")
    assert (response.status_code, words in response.text) == (status, True), response.text
    assert world.posts() == []


def test_a_delete_that_x_did_not_do_says_so(alice: Caller, world: World) -> None:
    post_id = alice.posted("it stays")
    world.faults.does_not_delete()
    assert alice.call("DELETE", f"/2/tweets/{post_id}").json() == {"data": {"deleted": False}}
    assert [post.id for post in world.posts()] == [post_id]


def test_a_delete_can_be_done_without_a_body(alice: Caller, world: World) -> None:
    post_id = alice.posted("it goes")
    world.faults.deletes_without_a_body()
    response = alice.call("DELETE", f"/2/tweets/{post_id}")
    assert (response.status_code, response.content, world.posts()) == (204, b"", [])


def test_an_answer_can_say_what_x_would_never_say(alice: Caller, world: World, session: requests.Session) -> None:
    world.faults.alters_its_answer(headers={"date": "no date", "x-rate-limit-reset": "9" * 30})
    response = alice.post("dated oddly")
    assert (response.status_code, response.headers["date"]) == (201, "no date")
    assert response.headers["x-rate-limit-reset"] == "9" * 30
    world.faults.alters_its_answer(fields={"expires_in": "soon"}, call="POST /2/oauth2/token")
    assert refresh(session, world.sign_in("alice").refresh_token or "").json()["expires_in"] == "soon"


def test_a_rate_limit_names_its_reset(alice: Caller, world: World, clock: Clock) -> None:
    world.faults.rate_limits(reset_in=600, daily_reset_in=7200)
    headers = alice.post("no").headers
    assert headers["x-rate-limit-remaining"] == "0"
    assert int(headers["x-rate-limit-reset"]) == int(clock().timestamp()) + 600
    assert int(headers["x-user-limit-24hour-reset"]) == int(clock().timestamp()) + 7200
    world.faults.rate_limits(reset_in=None)
    assert "x-rate-limit-reset" not in alice.post("no").headers


def test_out_of_credits_lasts_until_cleared_and_meets_every_api_call(alice: Caller, world: World) -> None:
    world.faults.runs_out_of_credits()
    assert {alice.post("no").status_code, alice.call("GET", "/2/users/me").status_code} == {402}
    assert refresh(alice.session, world.sign_in("alice").refresh_token or "").status_code == 200
    world.faults.clear()
    assert alice.post("yes").status_code == 201


def test_the_token_endpoint_speaks_its_own_way(session: requests.Session, world: World) -> None:
    token = world.sign_in("alice").refresh_token or ""
    world.faults.token_endpoint_refuses()
    refused = refresh(session, token)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    world.faults.token_endpoint_fails(503)
    assert refresh(session, token).status_code == 503
    assert refresh(session, token).status_code == 200


def test_a_rotation_whose_answer_is_lost_has_used_up_the_token(session: requests.Session, world: World) -> None:
    token = world.sign_in("alice").refresh_token or ""
    world.faults.rotates_then_cuts_the_line()
    with pytest.raises(requests.exceptions.ConnectionError):
        refresh(session, token)
    assert refresh(session, token).status_code == 400


def test_the_timeline_is_unreadable_as_often_as_commanded(alice: Caller, world: World) -> None:
    path = f"/2/users/{world.user('alice').id}/tweets"
    world.faults.timeline_is_unreadable(times=2)
    world.faults.timeline_is_unreadable(status=503)
    answers = [alice.call("GET", path) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 503, 200]
    assert ["upstream" in answer.text for answer in answers] == [True, True, False, False]


def test_a_rule_can_let_calls_pass_first_and_mean_one_user(alice: Caller, world: World) -> None:
    bob = Caller(alice.session, world.sign_in("Bob").access_token)
    world.faults.fails(skip=1, user="bob")
    assert alice.post("1").status_code == 201
    assert [bob.post(text).status_code for text in "123"] == [201, 503, 201]


def test_a_rule_can_mean_one_users_refresh(session: requests.Session, world: World) -> None:
    world.faults.token_endpoint_fails(user="bob", times=None)
    assert refresh(session, world.sign_in("alice").refresh_token or "").status_code == 200
    assert refresh(session, world.sign_in("bob").refresh_token or "").status_code == 503


def test_chance_falls_the_same_way_with_the_same_seed(alice: Caller, world: World) -> None:
    world.faults.fails(times=None, probability=0.5)

    def run() -> list[int]:
        world.faults.seed(7)
        return [alice.call("POST", "/2/tweets", json={"text": str(n)}).status_code for n in range(20)]

    world.change(duplicates_refused=False)
    first = run()
    assert first == run()
    assert {201, 503} == set(first)


def test_the_journal_names_the_fault(alice: Caller, world: World) -> None:
    world.faults.accepts_then_answers(503)
    alice.post("one")
    assert [(call.status, call.fault) for call in world.calls()] == [(503, "accept_then_error")]


def test_two_rules_strike_one_after_the_other(alice: Caller, world: World) -> None:
    world.faults.fails(500)
    world.faults.fails(502)
    assert [alice.post(text).status_code for text in "123"] == [500, 502, 201]
    assert world.faults.rules() == []


@pytest.mark.parametrize(
    "nonsense",
    [
        {"kind": "explode"},
        {"kind": "refuse", "call": "POST /2/nothing"},
        {"kind": "refuse", "probability": 2},
        {"kind": "refuse", "times": 0},
        {"kind": "refuse", "skip": -1},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(world: World, nonsense: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"call|kind|probability"):
        world.faults.add(nonsense.pop("kind"), **nonsense)


def test_the_refusal_of_an_unknown_kind_lists_those_there_are(world: World) -> None:
    with pytest.raises(ValueError, match=r"no such kind of fault: explode; there are .*accept_then_cut, .*garbage"):
        world.faults.add("explode")


def test_every_kind_gives_an_answer(alice: Caller, world: World) -> None:
    for kind in faults.kinds():
        world.faults.add(kind, times=1, options={"seconds": 0.01})
        try:
            response = alice.post(f"on a day of {kind}")
        except requests.exceptions.RequestException:
            continue
        assert response.status_code >= 200
        assert response.raw is not None


def test_an_answer_can_be_streamed(alice: Caller) -> None:
    with alice.call("POST", "/2/tweets", json={"text": "piece by piece"}, stream=True) as response:
        assert b"".join(response.iter_content(7)).startswith(b'{"data":')


def test_a_body_can_come_in_pieces(alice: Caller, world: World) -> None:
    pieces = iter([b'{"te', b'xt": "in pieces"}'])
    headers = {"Authorization": f"Bearer {alice.token}", "Content-Type": "application/json"}
    response = alice.session.post(f"{API}/2/tweets", data=pieces, headers=headers)
    assert (response.status_code, world.posts()[0].original) == (201, "in pieces")
