"""Access tokens that are over, all at once, and a token endpoint with bad days."""

import pytest

from tests.chaos.exactly_once import assert_each_once, refreshes, sends
from tests.support.eventually import eventually
from tests.support.service_process import Installation
from twitter_manager.simulator.world import World

NAMES = ("ann", "ben", "cem", "dot", "eve")
TWO_HOURS = 7200.0
TEN_MINUTES = 600.0


def fifty_tweets(service: Installation) -> list[str]:
    """Ten for each of five accounts, all pending."""
    accounts = [service.connect(name) for name in NAMES]
    written = [f"Post {number} of fifty 🕐 https://example.com/{number}" for number in range(50)]
    for number, text in enumerate(written):
        service.create(accounts[number % len(accounts)], text)
    return written


def all_accounts_are_active(service: Installation) -> bool:
    return {account["status"] for account in service.accounts()} == {"active"}


@pytest.mark.parametrize("known", [True, False], ids=["the service knows", "only X knows"])
def test_fifty_posts_on_expired_tokens_make_one_refresh_per_account(
    service: Installation, world: World, known: bool
) -> None:
    service.start()
    written = fifty_tweets(service)
    service.age_tokens(TWO_HOURS if known else TEN_MINUTES)
    world.expire_access_tokens()
    service.post_pending()
    service.wait_until_posted(50, seconds=60)
    assert refreshes(world, connected=len(NAMES)) == len(NAMES)
    assert sends(world) == 50 + (0 if known else len(NAMES))  # a 401 for each account told the service
    assert_each_once(world, service, written)


def test_two_workers_and_an_endpoint_that_takes_its_time_make_one_refresh_per_account(
    service: Installation, world: World
) -> None:
    service.start()
    service.start_worker()
    written = fifty_tweets(service)
    service.age_tokens(TWO_HOURS)
    world.expire_access_tokens()
    world.faults.is_slow(1.0, times=None, call="POST /2/oauth2/token")
    service.post_pending()
    service.wait_until_posted(50, seconds=60)
    assert refreshes(world, connected=len(NAMES)) == len(NAMES)
    assert_each_once(world, service, written)


def test_a_503_from_the_token_endpoint_disconnects_nobody(service: Installation, world: World) -> None:
    service.start()
    written = fifty_tweets(service)
    service.age_tokens(TWO_HOURS)
    world.expire_access_tokens()
    for name in NAMES:
        world.faults.token_endpoint_fails(503, user=name)
    service.post_pending()
    eventually(lambda: refreshes(world, connected=len(NAMES)) == len(NAMES), seconds=30, what="five times 503")
    assert all_accounts_are_active(service)
    service.wait_until_posted(50, seconds=60)
    assert refreshes(world, connected=len(NAMES)) == 2 * len(NAMES)
    assert all_accounts_are_active(service)
    assert_each_once(world, service, written)


def test_a_pair_that_got_lost_disconnects_nobody_while_x_takes_the_old_token(
    service: Installation, world: World
) -> None:
    """X rotated and the line was cut: there is no way back to the new pair, but the old access token is good."""
    service.start()
    written = fifty_tweets(service)
    service.age_tokens(TWO_HOURS - 240)  # under five minutes are left
    world.faults.rotates_then_cuts_the_line(times=len(NAMES))
    service.post_pending()
    service.wait_until_posted(50, seconds=60)
    assert refreshes(world, connected=len(NAMES)) == len(NAMES)
    assert all_accounts_are_active(service)
    assert_each_once(world, service, written)
