"""kill -9 at each step of a tweet's way: afterwards it is on X once, or certainly still waits.

The process is killed while X (or the database) keeps it at the very step, so nothing in the service is touched.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.chaos.exactly_once import assert_each_once, refreshes, sends
from tests.support.eventually import eventually
from tests.support.service_process import Installation
from twitter_manager.simulator.world import World

TEXT = "Once & only once: https://example.com/once?x=1 🎯"
TOKEN = "/2/oauth2/token"
TIMELINE = "/2/users/{id}/tweets"
ABSENT_SECONDS = 100.0  # the last look is made 45 s after the attempt was over


def arrives(world: World, method: str, path: str, *, after: int = 0) -> None:
    """Waits until X got that call, `after` so many earlier ones."""
    eventually(
        lambda: len(world.calls(method=method, path=path)) > after,
        seconds=30,
        what=f"X gets {method} {path}",
        every=0.005,
    )


def test_right_after_it_was_created(service: Installation, world: World) -> None:
    running = service.start()
    account = service.connect("ann")
    service.create(account, TEXT)
    running.kill()
    service.start()
    assert service.count("pending") == 1
    service.post_pending()
    service.wait_until_posted(1, seconds=30)
    assert_each_once(world, service, [TEXT])
    assert sends(world) == 1


def test_after_the_request_was_written_and_x_took_it(service: Installation, world: World) -> None:
    running = service.start()
    service.create(service.connect("ann"), TEXT)
    world.faults.accepts_then_stays_silent()
    service.post_pending()
    arrives(world, "POST", "/2/tweets")
    running.kill()
    service.start()
    service.wait_until_posted(1, seconds=30)
    assert_each_once(world, service, [TEXT])
    assert sends(world) == 1


def test_after_x_answered_and_before_that_was_stored(service: Installation, world: World) -> None:
    running = service.start()
    service.create(service.connect("ann"), TEXT)
    world.faults.is_slow(0.7)
    service.post_pending()
    arrives(world, "POST", "/2/tweets")
    with service.locked_database():
        time.sleep(1.0)  # X's answer is there, and cannot be stored
        running.kill()
    assert service.statuses() == {TEXT: "posting"}
    service.start()
    service.wait_until_posted(1, seconds=30)
    assert_each_once(world, service, [TEXT])
    assert sends(world) == 1


def test_during_a_reading(service: Installation, world: World) -> None:
    running = service.start()
    service.create(service.connect("ann"), TEXT)
    world.faults.accepts_then_cuts_the_line()
    world.faults.is_slow(30, call="GET /2/users/{id}/tweets")
    service.post_pending()
    arrives(world, "GET", TIMELINE)
    running.kill()
    service.start()
    service.wait_until_posted(1, seconds=30)
    assert_each_once(world, service, [TEXT])
    assert sends(world) == 1


def test_during_a_refresh_after_x_rotated_while_the_old_access_token_is_good(
    service: Installation, world: World
) -> None:
    running = service.start()
    service.create(service.connect("ann"), TEXT)
    service.age_tokens(7200 - 240)  # under five minutes are left
    world.faults.is_slow(30, call="POST /2/oauth2/token")
    service.post_pending()
    arrives(world, "POST", TOKEN, after=1)
    running.kill()
    service.start()
    service.wait_until_posted(1, seconds=30)
    assert_each_once(world, service, [TEXT])
    assert (sends(world), refreshes(world, connected=1)) == (1, 1)
    assert [account["status"] for account in service.accounts()] == ["active"]


@pytest.mark.chaos
@pytest.mark.timeout(240)
def test_during_a_refresh_after_x_rotated_when_the_old_access_token_is_over(
    service: Installation, world: World
) -> None:
    """X offers no way back: the account is lost with a code of its own, and everything goes on when it is back."""
    running = service.start()
    service.create(service.connect("ann"), TEXT)
    service.age_tokens(7200)
    world.expire_access_tokens()
    world.faults.is_slow(90, call="POST /2/oauth2/token")
    service.post_pending()
    arrives(world, "POST", TOKEN, after=1)
    running.kill()
    service.start()
    eventually(
        lambda: [account["status"] for account in service.accounts()] == ["failed"], seconds=120, what="it is lost"
    )
    assert service.count("held") == 1
    assert sends(world) == 0
    service.connect("ann")
    service.wait_until_posted(1, seconds=30)
    assert_each_once(world, service, [TEXT])


@contextmanager
def _deaf_listener() -> Iterator[str]:
    """Takes connections and says nothing: who speaks TLS to it never gets to write a request."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield f"https://127.0.0.1:{sock.getsockname()[1]}"


def _killed_before_the_call(service: Installation) -> None:
    running = service.start()
    service.create(service.connect("ann"), TEXT)
    running.kill()
    with _deaf_listener() as url:
        running = service.start(TWITTER_API_URL=url)
        service.post_pending()
        eventually(lambda: service.statuses() == {TEXT: "posting"}, seconds=8, what="the intent is on the disk")
        running.kill()


def _killed_before_x_took_it(service: Installation, world: World) -> None:
    running = service.start()
    service.create(service.connect("ann"), TEXT)
    world.faults.stays_silent()
    service.post_pending()
    arrives(world, "POST", "/2/tweets")
    running.kill()


def test_between_the_intent_and_the_call_nothing_is_sent_on_doubt(service: Installation, world: World) -> None:
    _killed_before_the_call(service)
    service.start()
    arrives(world, "GET", TIMELINE)
    assert sends(world) == 0
    assert [tweet["status"] for tweet in service.tweets()] == ["unconfirmed"]


@pytest.mark.chaos
@pytest.mark.timeout(240)
@pytest.mark.parametrize("before_the_call", [True, False], ids=["before the call", "before X took it"])
def test_what_never_reached_x_goes_out_after_three_readings(
    service: Installation, world: World, before_the_call: bool
) -> None:
    if before_the_call:
        _killed_before_the_call(service)
    else:
        _killed_before_x_took_it(service, world)
    service.start()
    sent_before = sends(world)
    service.wait_until_posted(1, seconds=ABSENT_SECONDS)
    assert len(world.calls(method="GET", path=TIMELINE)) == 3
    assert sends(world) == sent_before + 1
    assert_each_once(world, service, [TEXT])


def test_killed_at_once_after_many_were_created(install: Callable[..., Installation], world: World) -> None:
    """A 2xx means it is on the disk."""
    service = install()
    running = service.start()
    account = service.connect("ann")
    handed_over = []
    for number in range(30):
        handed_over.append(f"{TEXT} {number}")
        service.create(account, handed_over[-1])
    running.kill()
    assert list(service.statuses()) == handed_over


def test_a_start_after_others_were_killed_in_the_middle(service: Installation, world: World) -> None:
    """Nothing half-made stands in the way of the next start."""
    for milliseconds in (50, 150, 250, 350):
        half = service.begin_to_start()
        time.sleep(milliseconds / 1000)
        half.kill()
    service.start()
    service.create(service.connect("ann"), TEXT)
    service.post_pending()
    service.wait_until_posted(1, seconds=30)
    assert_each_once(world, service, [TEXT])
