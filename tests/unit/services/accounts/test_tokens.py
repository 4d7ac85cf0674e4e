"""Tokens: renewed once, in time, and never lost to a network's bad day."""

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account
from twitter_manager.storage import account_tokens

TOKEN = "POST /2/oauth2/token"
CREATE = "POST /2/tweets"
TWO_HOURS = 7200


def renewals(harness: ServicesHarness) -> int:
    return harness.calls(TOKEN) - 1  # the first call exchanged the code


def test_a_token_with_under_five_minutes_left_is_renewed_before_it_is_used(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.clock.forward(TWO_HOURS - 299)
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"
    assert renewals(harness) == 1
    assert harness.account(alice.id).token_version == 2


def test_a_token_with_more_time_left_is_used_as_it_is(harness: ServicesHarness, alice: Account) -> None:
    harness.clock.forward(TWO_HOURS - 301)
    harness.due_tweet(alice)
    harness.work()
    assert renewals(harness) == 0


@pytest.mark.parametrize("life", [1, 10, 60, 61, 300, 900, TWO_HOURS])
def test_an_account_posts_with_tokens_of_any_life_and_few_renewals(harness: ServicesHarness, life: int) -> None:
    harness.x.change(token_life=float(life))
    alice = harness.connect("alice")
    for minute in range(30):
        tweet_id = harness.due_tweet(alice, f"Minute {minute}")
        harness.work_for(60)
        assert harness.tweet(tweet_id).status == "posted", minute
    assert renewals(harness) <= 30, "at the most one a minute"
    assert harness.account(alice.id).status == "active"


def test_a_token_that_lives_shorter_than_x_says_posts_all_the_same(harness: ServicesHarness, alice: Account) -> None:
    for minute in range(20):
        harness.x.expire_access_tokens()
        tweet_id = harness.due_tweet(alice, f"Minute {minute}")
        harness.work_for(240)
        assert harness.tweet(tweet_id).status == "posted", minute
    assert renewals(harness) <= 40


def test_fifty_tweets_on_an_expired_token_make_one_renewal(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    harness.clock.forward(TWO_HOURS + 1)
    for n in range(25):
        harness.due_tweet(alice, f"alice {n}")
        harness.due_tweet(bob, f"bob {n}")
    harness.work_for(10)
    assert len(harness.x.posts()) == 50
    assert harness.calls(TOKEN) == 4  # two exchanges, two renewals


def test_a_401_renews_once_and_sends_again(harness: ServicesHarness, alice: Account) -> None:
    harness.clock.forward(120)
    harness.x.expire_access_tokens()
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"
    assert renewals(harness) == 1
    assert harness.calls(CREATE) == 2


def test_a_401_on_a_fresh_token_rests_the_lane_and_keeps_the_account(harness: ServicesHarness, alice: Account) -> None:
    harness.clock.forward(120)
    harness.x_has.refuses_the_token(times=3, call=CREATE)
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.account(alice.id).status == "active"
    assert harness.account(alice.id).unauthorized_streak == 1
    assert harness.tweet(tweet_id).status == "held"
    harness.work_for(29)
    assert harness.calls(CREATE) == 2
    harness.work_for(800)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.account(alice.id).unauthorized_streak == 0
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_a_401_on_a_token_that_was_replaced_meanwhile_says_nothing_of_the_new_one(
    harness: ServicesHarness, alice: Account
) -> None:
    tweet_id = harness.due_tweet(alice)
    step = harness.services.dispatcher.claim_next("test")
    assert step is not None
    harness.clock.forward(5)
    harness.services.tokens.renew(harness.account(alice.id))
    harness.x_has.refuses_the_token(call=CREATE)
    step.execute()
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.account(alice.id).unauthorized_streak == 0


def test_a_503_of_the_token_endpoint_disconnects_nobody(harness: ServicesHarness, alice: Account) -> None:
    harness.clock.forward(TWO_HOURS + 1)
    harness.x_has.token_endpoint_fails(503, times=3)
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.account(alice.id).status == "active"
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("held", "x_unclear")
    harness.work_for(120)
    assert harness.tweet(tweet_id).status == "posted"
    assert renewals(harness) == 4


def test_a_renewal_that_fails_early_leaves_the_token_that_is_there_in_use(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.clock.forward(TWO_HOURS - 200)
    harness.x_has.token_endpoint_fails(503)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(3)
    assert harness.tweet(tweet_id).status == "posted"
    assert renewals(harness) == 1


def test_a_lost_renewal_uses_the_old_token_as_long_as_x_takes_it(harness: ServicesHarness, alice: Account) -> None:
    harness.clock.forward(TWO_HOURS - 200)
    harness.x_has.rotates_then_cuts_the_line()
    first = harness.due_tweet(alice, "still on the old token")
    harness.work_for(5)
    assert harness.tweet(first).status == "posted"
    assert harness.account(alice.id).refresh_sent_at is not None
    harness.clock.forward(250)
    second = harness.due_tweet(alice, "after it expired")
    harness.work_for(5)
    account = harness.account(alice.id)
    assert (account.status, account.error_code) == ("failed", "refresh_lost")
    assert (harness.tweet(second).status, harness.tweet(second).error_code) == ("held", "refresh_lost")
    assert renewals(harness) == 2, "the old refresh token is tried once"


def test_a_refused_renewal_holds_the_tweets_and_reconnecting_releases_them(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x.disconnect("alice")
    harness.clock.forward(TWO_HOURS + 1)
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert (harness.account(alice.id).status, harness.account(alice.id).error_code) == ("failed", "token_refused")
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("held", "token_refused")
    assert harness.tweet(tweet_id).due_at is None
    again = harness.connect("alice")
    assert (again.id, again.status) == (alice.id, "active")
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


def test_a_refusal_of_our_client_loses_no_account(harness: ServicesHarness, alice: Account) -> None:
    harness.x.register_client("somebody-else", None)
    harness.clock.forward(TWO_HOURS + 1)
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.account(alice.id).status == "active"
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("held", "client_refused")
    harness.x.register_client("mock-client", None)
    harness.work_for(61)
    assert harness.tweet(tweet_id).status == "posted"


def test_a_429_of_the_token_endpoint_is_over_when_the_account_is_connected_again(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.clock.forward(TWO_HOURS + 1)
    harness.x_has.rate_limits(reset_in=3600, call=TOKEN)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(120)
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("held", "renewal_rate_limited")
    harness.connect("alice")
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


def test_an_unreadable_token_makes_only_its_account_failed(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    with harness.services.db.transaction() as tx:
        tx.execute("UPDATE twitter_account SET access_token = 'nonsense' WHERE id = :id", id=alice.id)
    lost, fine = harness.due_tweet(alice), harness.due_tweet(bob)
    harness.work()
    assert (harness.account(alice.id).status, harness.account(alice.id).error_code) == ("failed", "token_unreadable")
    assert harness.tweet(lost).status == "held"
    assert harness.tweet(fine).status == "posted"


def test_who_loses_the_race_for_a_renewal_does_not_call_x(harness: ServicesHarness, alice: Account) -> None:
    harness.clock.forward(TWO_HOURS + 1)
    with harness.services.db.transaction() as tx:
        until = harness.clock.present.replace(minute=59)
        assert account_tokens.claim_refresh(tx, alice.id, version=1, lease="other", until=until)
    harness.due_tweet(alice)
    harness.work()
    assert renewals(harness) == 0
    assert harness.account(alice.id).status == "active"


def test_a_tweet_that_is_unconfirmed_when_its_account_is_lost_is_reconciled_after_reconnecting(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work()
    harness.x.disconnect("alice")
    harness.clock.forward(TWO_HOURS + 1)
    harness.work_for(60)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision) == ("unconfirmed", True)
    harness.connect("alice")
    harness.work_for(60)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning"]
