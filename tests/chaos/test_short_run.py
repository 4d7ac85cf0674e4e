"""The whole way in half a minute: forty tweets, three accounts, bad days that cost little, three kills; and then every
line that the service wrote is searched for secrets.

The long form, with every kind of bad day and kills at any moment, is test_long_run.py.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.exactly_once import assert_each_once, refreshes
from tests.chaos.tweet_texts import texts
from tests.support.eventually import eventually
from tests.support.service_process import Installation, Process
from twitter_manager.simulator.world import World

TWEETS = 40
SEED = 40
EXPECTED_ERRORS = ("X refuses the whole app",)


FULL = pytest.param(
    True,
    id="no place for the log",
    marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full"),
)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("log_disk_is_full", [pytest.param(False, id="log"), FULL])
def test_forty_tweets_three_accounts_three_kills(
    install: Callable[..., Installation], world: World, log_disk_is_full: bool
) -> None:
    service = install(LOG_LEVEL="DEBUG", log_disk_is_full=log_disk_is_full)
    written = texts(TWEETS, chance=random.Random(SEED))
    running = service.start()
    accounts = [service.connect(name) for name in ("ann", "ben", "cem")]
    for number, text in enumerate(written):
        service.create(accounts[number % 3], text)
    service.age_tokens(7200)
    world.expire_access_tokens()
    _bad_days(world)
    world.change(latency=0.05)
    _provoke_refusals(service, accounts[0])
    service.post_pending()
    for posts in (6, 14, 22):
        _wait_for_posts(world, posts)
        _kill_between_calls(service, world, running)
        running = service.start()
    service.wait_until_posted(TWEETS, seconds=100)
    assert_each_once(world, service, written)
    assert refreshes(world, connected=len(accounts)) == len(accounts)
    running.ask_to_stop()
    assert running.exit_code(within=10) == 0
    assert [line for line in service.error_lines() if not any(known in line for known in EXPECTED_ERRORS)] == []
    _assert_no_secret_was_written(service, world, log_is_lost=log_disk_is_full)


def _bad_days(world: World) -> None:
    """Each user has other ones, apart from each other, so that no lane rests for long."""
    world.faults.accepts_then_answers(503, user="ann", skip=2)
    world.faults.rate_limits(user="ann", skip=3, reset_in=2)
    world.faults.accepts_then_cuts_the_line(user="ben", skip=3)
    world.faults.accepts_then_answers_garbage(user="ben", skip=4)
    world.faults.is_slow(1.5, user="cem", skip=2)
    world.faults.accepts_then_answers_nothing(user="cem", skip=2)
    world.faults.timeline_is_unreadable(user="ann")
    world.faults.timeline_is_unreadable(status=503, user="cem")


def _wait_for_posts(world: World, count: int) -> None:
    eventually(lambda: len(world.posts()) >= count, seconds=60, what=f"{count} posts at X", every=0.02)


def _kill_between_calls(service: Installation, world: World, running: Process) -> None:
    """kill -9 when nothing is on its way that X has not got: such a thing costs three looks in 45 s (the long run has
    them). It is frozen to see that."""

    def is_a_cheap_moment() -> bool:
        running.freeze()
        sent = {text for text, status in service.statuses().items() if status == "posting"}
        cheap = sent <= {post.original for post in world.posts()}
        if not cheap:
            running.thaw()
        return cheap

    eventually(is_a_cheap_moment, seconds=30, what="a cheap moment for a kill", every=0.01)
    running.kill()


def _provoke_refusals(service: Installation, account: int) -> None:
    """Calls that are refused, with something secret in many of them: the bodies are searched later."""
    state = next(iter(service.oauth_secrets))
    for method, path, body in [
        ("GET", f"/auth/callback?state={state}&code={state}", None),
        ("POST", "/api/v1/tweet", {"account_id": service.encryption_key, "text": service.api_key}),
        ("POST", "/api/v1/tweet", {"account_id": account, "text": service.api_key * 10}),
        ("GET", f"/api/v1/nothing?api_key={service.api_key}", None),
        ("GET", f"/api/v1/tweets?status={service.api_key}", None),
    ]:
        assert service.ask(method, path, json=body).status_code >= 400


def _assert_no_secret_was_written(service: Installation, world: World, *, log_is_lost: bool) -> None:
    secrets = world.secrets() | service.oauth_secrets | {service.api_key, service.encryption_key}
    assert len(secrets) > 3 * 7  # code, verifier, state, two pairs of tokens: three times
    written = {**service.written(), "bodies of errors": "\n".join(service.errors_seen)}
    assert any(name.endswith(".log") and text for name, text in written.items()) != log_is_lost
    assert {name for name, text in written.items() for secret in secrets if secret in text} == set()
