"""Whom a 403 of X's concerns: a post, an account, an endpoint or the app, and only the last one rests everything."""

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account

CREATE = "POST /2/tweets"


def test_an_account_that_is_not_permitted_delays_nobody_else(harness: ServicesHarness) -> None:
    alice, bob = harness.connect("alice"), harness.connect("bob")
    harness.x_has.account_is_not_permitted(call=CREATE, times=None, user="alice")
    refused, waiting = harness.due_tweet(alice), harness.due_tweet(alice, "Another one")
    fine = harness.due_tweet(bob)
    harness.work()
    assert harness.tweet(fine).status == "posted"
    states = {(harness.tweet(i).status, harness.tweet(i).error_code) for i in (refused, waiting)}
    assert states == {("held", "account_not_permitted")}
    assert "not permitted to access this feature" in (harness.tweet(refused).twitter_error or "")
    assert harness.services.health.report().notices == []
    assert harness.calls(CREATE) == 2


def test_its_post_is_tried_once_more_and_fails(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.account_is_not_permitted(call=CREATE, times=2)
    refused, waiting = harness.due_tweet(alice), harness.due_tweet(alice, "Another one")
    harness.work_for(901)
    tweet = harness.tweet(refused)
    assert (tweet.status, tweet.error_code) == ("failed", "account_not_permitted")
    assert "not permitted to access this feature" in (tweet.twitter_error or "")
    assert harness.tweet(waiting).status == "posted", "it was the post"


def test_a_refusal_of_the_app_that_only_one_account_gets_rests_everything_once(harness: ServicesHarness) -> None:
    alice, bob = harness.connect("alice"), harness.connect("bob")
    harness.x_has.client_is_forbidden(call=CREATE, user="alice")
    first = harness.due_tweet(alice)
    harness.work()
    assert harness.tweet(first).error_code == "client_not_enrolled"
    others = [harness.due_tweet(bob, f"bob {n}") for n in range(2)]
    second = harness.due_tweet(alice, "Another one")
    harness.work_for(400)
    assert {harness.tweet(i).status for i in others} == {"posted"}
    assert (harness.tweet(first).status, harness.tweet(first).error_code) == ("failed", "account_not_permitted")
    assert harness.tweet(second).status == "held"
    assert harness.tweet(second).error_code == "account_not_permitted"
    assert harness.services.health.report().notices == []
    harness.work_for(1000)
    assert harness.tweet(second).status == "failed"
    assert harness.services.health.report().notices == []


def test_empty_credits_never_fail_a_post(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    harness.x_has.runs_out_of_credits(call=CREATE, user="alice")
    dear = harness.due_tweet(alice)
    harness.work()
    harness.due_tweet(bob)
    harness.work_for(4000)
    assert (harness.tweet(dear).status, harness.tweet(dear).error_code) == ("held", "credits_depleted")


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize(
    ("situation", "code"),
    [("is_over_the_daily_limit", "daily_limit_reached"), ("takes_it_for_automated", "looks_automated")],
)
def test_what_concerns_the_account_for_a_while_rests_its_lane(
    harness: ServicesHarness, alice: Account, situation: str, code: str, numbered: bool
) -> None:
    bob = harness.connect("bob")
    getattr(harness.x_has, situation)(numbered=numbered, call=CREATE)
    ids = [harness.due_tweet(alice, f"alice {n}") for n in range(2)]
    harness.work()
    assert {(harness.tweet(i).status, harness.tweet(i).error_code) for i in ids} == {("held", code)}
    fine = harness.due_tweet(bob)
    harness.work()
    assert harness.tweet(fine).status == "posted"
    harness.work_for(1801)
    assert {harness.tweet(i).status for i in ids} == {"posted"}


@pytest.mark.parametrize("numbered", [True, False])
def test_another_access_level_concerns_the_app(harness: ServicesHarness, alice: Account, numbered: bool) -> None:
    harness.x_has.asks_for_another_access_level(numbered=numbered, call=CREATE)
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.tweet(tweet_id).error_code == "client_not_enrolled"
    assert [notice["code"] for notice in harness.services.health.report().notices] == ["client_not_enrolled"]


@pytest.mark.parametrize("status", [400, 401, 403, 429])
def test_a_page_of_the_edge_is_reconciled(harness: ServicesHarness, alice: Account, status: int) -> None:
    harness.x_has.accepts_then_the_edge_answers(status, call=CREATE)
    taken = harness.due_tweet(alice)
    harness.work_for(3)
    assert harness.tweet(taken).status == "posted"
    harness.x_has.edge_refuses(status, call=CREATE)
    lost = harness.due_tweet(alice, "Another one")
    harness.work()
    assert harness.tweet(lost).status == "unconfirmed"
    harness.work_for(120)
    assert harness.tweet(lost).status == "posted"
    assert len(harness.x.posts("alice")) == 2


def test_the_reason_that_x_gives_in_errors_alone_reaches_the_owner(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.refuses_in_errors("Your media IDs are invalid.")
    tweet_id = harness.due_tweet(alice)
    harness.work()
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.error_code) == ("failed", "post_refused")
    assert "Your media IDs are invalid." in (tweet.twitter_error or "")
