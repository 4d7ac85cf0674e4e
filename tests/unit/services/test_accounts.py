"""Switching accounts off and on, and letting them go."""

import threading

import pytest
from services_cast import House

from twitter_manager.errors import Conflict, NotFound, XRefused
from twitter_manager.models import Account
from twitter_manager.storage import tweet_lists

REVOKE = "POST /2/oauth2/revoke"
TOKEN = "POST /2/oauth2/token"


def test_an_account_that_is_switched_off_holds_its_tweets_until_it_is_on_again(house: House, alice: Account) -> None:
    tweet_id = house.due_tweet(alice)
    off = house.services.accounts.switch(alice.id, active=False)
    assert (off.status, off.error_code) == ("inactive", "account_inactive")
    house.work_for(60)
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("held", "account_inactive")
    assert house.services.accounts.switch(alice.id, active=True).status == "active"
    house.work()
    assert house.tweet(tweet_id).status == "posted"


def test_only_reconnecting_brings_a_failed_account_back(house: House, alice: Account) -> None:
    house.x.disconnect("alice")
    house.clock.forward(7201)
    house.due_tweet(alice)
    house.work()
    with pytest.raises(Conflict, match="account_needs_reconnect"):
        house.services.accounts.switch(alice.id, active=True)


def test_removing_an_account_revokes_at_x_and_takes_its_tweets_along(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    for n in range(3):
        house.services.publishing.create(account_id=alice.id, text=f"Number {n}")
    kept = house.services.publishing.create(account_id=bob.id, text="Bob's")
    removed = house.services.accounts.remove(alice.id)
    assert (removed.accounts, removed.tweets) == (1, 3)
    assert house.calls(REVOKE) == 2
    with pytest.raises(NotFound):
        house.account(alice.id)
    assert house.tweet(kept.id).status == "pending"
    assert tweet_lists.count_by_status(house.services.db) == {"pending": 1}


def test_an_account_is_removed_also_when_x_cannot_revoke(house: House, alice: Account) -> None:
    house.x_has.fails(503, times=None, call=REVOKE)
    assert house.services.accounts.remove(alice.id).accounts == 1


def test_a_send_in_flight_is_finished_before_its_account_is_removed(house: House, alice: Account) -> None:
    house.due_tweet(alice)
    step = house.services.turns.next("test")
    assert step is not None
    house.x_has.is_slow(0.5)
    sending = threading.Thread(target=step.take)
    sending.start()
    removed = house.services.accounts.remove(alice.id)
    sending.join()
    assert removed.tweets == 1
    calls = [(call.method, call.path) for call in house.x.calls()]
    assert calls.index(("POST", "/2/tweets")) < calls.index(("POST", "/2/oauth2/revoke"))


def test_keeping_the_tweets_forgets_the_tokens_and_a_reconnect_goes_on(house: House, alice: Account) -> None:
    tweet_id = house.due_tweet(alice)
    kept = house.services.accounts.forget_tokens(alice.id)
    assert (kept.status, kept.access_token, kept.refresh_token) == ("inactive", None, None)
    assert house.tweet(tweet_id).status == "held"
    with pytest.raises(Conflict):
        house.services.accounts.switch(alice.id, active=True)
    house.connect("alice")
    house.work()
    assert house.tweet(tweet_id).status == "posted"


def test_cleaning_up_removes_the_accounts_in_these_statuses_only(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    house.services.publishing.create(account_id=bob.id, text="Bob's")
    house.services.accounts.switch(bob.id, active=False)
    removed = house.services.accounts.clean_up({"inactive", "failed"})
    assert (removed.accounts, removed.tweets) == (1, 1)
    assert house.account(alice.id).status == "active"


def test_a_token_is_renewed_on_request(house: House, alice: Account) -> None:
    assert house.services.accounts.renew(alice.id).token_version == 2
    assert house.calls(TOKEN) == 2


def test_a_refused_renewal_on_request_says_so(house: House, alice: Account) -> None:
    house.x.disconnect("alice")
    with pytest.raises(XRefused, match="token_refused"):
        house.services.accounts.renew(alice.id)
    assert house.account(alice.id).status == "failed"
