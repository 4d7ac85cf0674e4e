"""Switching accounts off and on, and letting them go."""

import threading

import pytest

from tests.support.services import ServicesHarness
from twitter_manager.errors import Conflict, NotFound, XRefused
from twitter_manager.models import Account
from twitter_manager.services.accounts.tokens import deactivate_account
from twitter_manager.storage import tweet_lists

REVOKE = "POST /2/oauth2/revoke"
TOKEN = "POST /2/oauth2/token"


def test_an_account_that_is_switched_off_holds_its_tweets_until_it_is_on_again(
    harness: ServicesHarness, alice: Account
) -> None:
    tweet_id = harness.due_tweet(alice)
    off = harness.services.accounts.switch(alice.id, active=False)
    assert (off.status, off.error_code) == ("inactive", "account_inactive")
    harness.work_for(60)
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("held", "account_inactive")
    assert harness.services.accounts.switch(alice.id, active=True).status == "active"
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


def test_whoever_waits_for_tweets_of_a_lost_account_is_told_after_the_commit(
    harness: ServicesHarness, alice: Account
) -> None:
    tweet_id = harness.due_tweet(alice)
    with harness.services.notifier.watching([tweet_id]) as watch:
        with harness.services.db.transaction() as tx:
            context = harness.services.accounts._context
            deactivate_account(context, tx, alice.id, status="failed", code="token_refused")
            assert watch.wait(0) == set(), "before the commit nobody can see it"
        assert watch.wait(0) == {tweet_id}


def test_only_reconnecting_brings_a_failed_account_back(harness: ServicesHarness, alice: Account) -> None:
    harness.x.disconnect("alice")
    harness.clock.forward(7201)
    harness.due_tweet(alice)
    harness.work()
    with pytest.raises(Conflict, match="account_needs_reconnect"):
        harness.services.accounts.switch(alice.id, active=True)


def test_removing_an_account_revokes_at_x_and_takes_its_tweets_along(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    for n in range(3):
        harness.services.publishing.create(account_id=alice.id, text=f"Number {n}")
    kept = harness.services.publishing.create(account_id=bob.id, text="Bob's")
    removed = harness.services.accounts.remove(alice.id)
    assert (removed.accounts, removed.tweets) == (1, 3)
    assert harness.calls(REVOKE) == 2
    with pytest.raises(NotFound):
        harness.account(alice.id)
    assert harness.tweet(kept.id).status == "pending"
    assert tweet_lists.count_by_status(harness.services.db) == {"pending": 1}


def test_an_account_is_removed_also_when_x_cannot_revoke(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.fails(503, times=None, call=REVOKE)
    assert harness.services.accounts.remove(alice.id).accounts == 1


def test_a_send_in_flight_is_finished_before_its_account_is_removed(harness: ServicesHarness, alice: Account) -> None:
    harness.due_tweet(alice)
    step = harness.services.dispatcher.claim_next("test")
    assert step is not None
    harness.x_has.is_slow(0.5)
    sending = threading.Thread(target=step.execute)
    sending.start()
    removed = harness.services.accounts.remove(alice.id)
    sending.join()
    assert removed.tweets == 1
    calls = [(call.method, call.path) for call in harness.x.calls()]
    assert calls.index(("POST", "/2/tweets")) < calls.index(("POST", "/2/oauth2/revoke"))


def test_keeping_the_tweets_forgets_the_tokens_and_a_reconnect_goes_on(
    harness: ServicesHarness, alice: Account
) -> None:
    tweet_id = harness.due_tweet(alice)
    kept = harness.services.accounts.forget_tokens(alice.id)
    assert (kept.status, kept.access_token, kept.refresh_token) == ("inactive", None, None)
    assert harness.tweet(tweet_id).status == "held"
    with pytest.raises(Conflict):
        harness.services.accounts.switch(alice.id, active=True)
    harness.connect("alice")
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


def test_cleaning_up_removes_the_accounts_in_these_statuses_only(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    harness.services.publishing.create(account_id=bob.id, text="Bob's")
    harness.services.accounts.switch(bob.id, active=False)
    removed = harness.services.accounts.clean_up({"inactive", "failed"})
    assert (removed.accounts, removed.tweets) == (1, 1)
    assert harness.account(alice.id).status == "active"


def test_a_token_is_renewed_on_request(harness: ServicesHarness, alice: Account) -> None:
    assert harness.services.accounts.renew(alice.id).token_version == 2
    assert harness.calls(TOKEN) == 2


def test_a_refused_renewal_on_request_says_so(harness: ServicesHarness, alice: Account) -> None:
    harness.x.disconnect("alice")
    with pytest.raises(XRefused, match="token_refused"):
        harness.services.accounts.renew(alice.id)
    assert harness.account(alice.id).status == "failed"
