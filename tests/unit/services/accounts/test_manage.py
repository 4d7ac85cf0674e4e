"""Switching accounts off and on, and letting them go."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.support.eventually import eventually
from tests.support.services_harness import ServicesHarness
from twitter_manager.errors import Conflict, NotFound, StorageUnavailable, XRefused
from twitter_manager.models import Account
from twitter_manager.services.accounts.tokens import deactivate_account
from twitter_manager.storage import accounts, lanes, tweet_lists
from twitter_manager.timestamps import later

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
        harness.services.tweets.create(account_id=alice.id, text=f"Number {n}")
    kept = harness.services.tweets.create(account_id=bob.id, text="Bob's")
    removed = harness.services.accounts.remove(alice.id)
    assert (removed.accounts, removed.tweets) == (1, 3)
    assert harness.calls(REVOKE) == 2
    with pytest.raises(NotFound):
        harness.account(alice.id)
    assert harness.tweet(kept).status == "pending"
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
    kept = harness.services.accounts.clear_tokens(alice.id)
    assert (kept.status, kept.access_token, kept.refresh_token) == ("inactive", None, None)
    assert harness.tweet(tweet_id).status == "held"
    with pytest.raises(Conflict):
        harness.services.accounts.switch(alice.id, active=True)
    harness.connect("alice")
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


def test_cleaning_up_removes_the_accounts_in_these_statuses_only(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    harness.services.tweets.create(account_id=bob.id, text="Bob's")
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


def lease_lane(harness: ServicesHarness, account: Account) -> str:
    """Somebody sends something of the account."""
    with harness.services.db.transaction() as tx:
        until = later(tx.now, 120)
        assert lanes.lease_account(tx, account.id, lease="a-send", until=until, worker_id="test")
    return "a-send"


def release_lane(harness: ServicesHarness, account: Account, lease: str) -> None:
    with harness.services.db.transaction() as tx:
        lanes.release(tx, account.id, lease)


def test_an_account_that_becomes_active_while_cleaning_up_waits_for_its_lane_is_left(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.services.accounts.switch(alice.id, active=False)
    lease = lease_lane(harness, alice)
    with ThreadPoolExecutor() as pool:
        cleaning = pool.submit(harness.services.accounts.clean_up, {"inactive"})
        time.sleep(0.3)
        harness.services.accounts.switch(alice.id, active=True)
        release_lane(harness, alice, lease)
        assert cleaning.result().accounts == 0
    assert harness.account(alice.id).status == "active"
    assert harness.calls(REVOKE) == 0, "and its tokens still serve"
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


def test_an_account_that_is_connected_again_while_it_is_cleaned_up_is_left(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.services.accounts.switch(alice.id, active=False)
    harness.x_has.is_slow(0.5, times=2, call=REVOKE)
    with ThreadPoolExecutor() as pool:
        cleaning = pool.submit(harness.services.accounts.clean_up, {"inactive"})
        eventually(lambda: harness.calls(REVOKE) > 0)
        assert harness.connect("alice").id == alice.id
        assert cleaning.result().accounts == 0
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


@pytest.mark.parametrize("keeps_tweets", [True, False])
def test_a_pair_that_arrives_for_an_account_that_was_removed_is_revoked(
    harness: ServicesHarness, alice: Account, keeps_tweets: bool
) -> None:
    harness.x_has.is_slow(0.7, call=TOKEN)
    remove = harness.services.accounts.clear_tokens if keeps_tweets else harness.services.accounts.remove
    with ThreadPoolExecutor() as pool:
        renewal = pool.submit(harness.services.accounts.renew, alice.id)
        eventually(lambda: harness.calls(TOKEN) == 2)
        remove(alice.id)
        assert harness.calls(REVOKE) == 2
        with suppress(NotFound):
            renewal.result()
    assert harness.calls(REVOKE) == 4, "the old pair, and the one that came too late"


def test_a_pair_that_is_stored_while_the_old_one_is_revoked_is_revoked_too(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.is_slow(0.5, times=2, call=REVOKE)
    harness.x_has.is_slow(0.5, call=TOKEN)
    with ThreadPoolExecutor() as pool:
        renewal = pool.submit(harness.services.accounts.renew, alice.id)
        eventually(lambda: harness.calls(TOKEN) == 2)
        removal = pool.submit(harness.services.accounts.remove, alice.id)
        with suppress(NotFound):
            renewal.result()
        assert removal.result().accounts == 1
    assert harness.calls(REVOKE) == 4


def test_who_connected_again_meanwhile_keeps_what_they_connected(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.is_slow(0.7, call=TOKEN)
    with ThreadPoolExecutor() as pool:
        renewal = pool.submit(harness.services.accounts.renew, alice.id)
        eventually(lambda: harness.calls(TOKEN) == 2)
        harness.connect("alice")
        renewal.result()
    assert harness.calls(REVOKE) == 0


def test_removals_at_once_are_one_removal(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.is_slow(0.3, times=2, call=REVOKE)
    with ThreadPoolExecutor(4) as pool:
        removals = [pool.submit(harness.services.accounts.remove, alice.id) for _ in range(3)]
        cleaning = pool.submit(harness.services.accounts.clean_up, {"inactive", "failed"})
        failures = [removal.exception(timeout=10) for removal in removals]
        assert cleaning.result().accounts == 0
    assert sorted(type(failure).__name__ for failure in failures) == ["NoneType", "NotFound", "NotFound"]
    assert harness.calls(REVOKE) == 2


def test_a_lane_is_free_again_when_its_account_could_not_be_removed(
    harness: ServicesHarness, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise StorageUnavailable("disk is full")

    monkeypatch.setattr(accounts, "delete", refuse)
    with pytest.raises(StorageUnavailable):
        harness.services.accounts.remove(alice.id)
    assert lanes.get(harness.services.db, alice.id).lease is None


def test_renewals_at_once_are_one_renewal_whose_result_they_share(
    harness: ServicesHarness, another: Callable[[], ServicesHarness], alice: Account
) -> None:
    harness.x_has.is_slow(1.0, call=TOKEN)
    processes = (harness, another())
    with ThreadPoolExecutor(8) as pool:
        renewals = [pool.submit(processes[n % 2].services.accounts.renew, alice.id) for n in range(8)]
        assert {renewal.result().token_version for renewal in renewals} == {2}
    assert harness.calls(TOKEN) == 2


def test_a_renewal_that_fails_fails_for_all_who_wait_for_it(
    harness: ServicesHarness, another: Callable[[], ServicesHarness], alice: Account
) -> None:
    harness.x.change(latency=1.0)
    harness.x_has.token_endpoint_fails(503)
    processes = (harness, another())
    with ThreadPoolExecutor(8) as pool:
        renewals = [pool.submit(processes[n % 2].services.accounts.renew, alice.id) for n in range(8)]
        assert {str(renewal.exception()).split(":")[0] for renewal in renewals} == {"x_unclear"}
    assert harness.calls(TOKEN) == 2
    assert harness.account(alice.id).status == "active"


def test_a_refused_renewal_is_refused_to_all_who_wait_for_it(
    harness: ServicesHarness, another: Callable[[], ServicesHarness], alice: Account
) -> None:
    harness.x.disconnect("alice")
    harness.x.change(latency=1.0)
    processes = (harness, another())
    with ThreadPoolExecutor(8) as pool:
        renewals = [pool.submit(processes[n % 2].services.accounts.renew, alice.id) for n in range(8)]
        assert {str(renewal.exception()).split(":")[0] for renewal in renewals} == {"token_refused"}
    assert harness.calls(TOKEN) == 2
