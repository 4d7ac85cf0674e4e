"""A worker that stands still past its lease while a second one does its work, and then goes on.

Two sets of services work on one database, as two processes would; the clock is moved instead of waiting, and the
first one's line to X holds its call for as long as the test wants.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.chaos.exactly_once import sends
from tests.chaos.line_to_x import Line
from tests.support import databases
from tests.support.clock import ShiftedClock
from twitter_manager.config import Settings
from twitter_manager.services import Services, build, prepare
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World
from twitter_manager.storage import attempts, tweets, workers
from twitter_manager.timestamps import later

TEXT = "Who sends me, and how often? 🤔 https://example.com/lease?a=1&b=2"
PAST_THE_LEASE = LEASE_SECONDS + 1


class Frozen:
    """A task of the first worker that is under way in a thread."""

    def __init__(self, task: LaneTask) -> None:
        self._thread = threading.Thread(target=task.execute)
        self._thread.start()

    def ends(self) -> None:
        """Waits for it."""
        self._thread.join(30)
        assert not self._thread.is_alive()


class Two:
    """Two workers on one database with one tweet that is due, the first one's line, and X."""

    def __init__(self, first: Services, second: Services, *, line: Line, world: World, clock: ShiftedClock) -> None:
        self.first, self.second, self.line, self.world, self._clock = first, second, line, world, clock
        account = _connected(second)
        self.tweet_id = second.tweets.create(account_id=account, text=TEXT)
        with second.db.transaction() as tx:
            workers.beat(tx, worker_id="second", host="here")
        second.publishing.post_pending(None)

    @property
    def status(self) -> str:
        """Where the tweet stands."""
        return tweets.get(self.second.db, self.tweet_id).status

    @property
    def on_x(self) -> list[str]:
        """The ids of its posts."""
        return [post.id for post in self.world.posts()]

    def pass_time(self, seconds: float) -> None:
        """For both workers and X."""
        self._clock.moved += seconds

    def intent_of_first(self) -> LaneTask:
        """The first worker takes the lane and writes the intent; the call is not made yet."""
        task = self.first.dispatcher.claim_next("first")
        assert task is not None
        assert self.status == "posting"
        return task

    def first_waits_for(self, what: str) -> Frozen:
        """The first worker calls X and stands still with its "request" or its "answer" on the line."""
        task = self.intent_of_first()
        (self.line.hold_requests if what == "request" else self.line.hold_answers)()
        frozen = Frozen(task)
        self.line.wait_until_held(what)
        return frozen

    def run_second(self) -> None:
        """The second worker does the one thing that is due, waiting for its time if need be."""
        for _ in range(30):
            task = self.second.dispatcher.claim_next("second")
            if task is not None:
                task.execute()
                return
            self.pass_time(2)
        raise AssertionError("nothing became due in a minute")

    def second_works_until(self, status: str) -> None:
        """The second worker takes turns."""
        for _ in range(12):
            if self.status == status:
                return
            self.run_second()
            self.pass_time(10)
        raise AssertionError(f"it is {self.status}, not {status}")

    def nothing_is_left_to_do(self) -> None:
        """Neither now nor later."""
        for seconds in (0, 60, 3600):
            self.pass_time(seconds)
            assert self.second.dispatcher.claim_next("second") is None

    def is_posted_once(self) -> None:
        """Both ends agree."""
        tweet = tweets.get(self.second.db, self.tweet_id)
        assert (tweet.status, [tweet.twitter_id], tweet.twin_twitter_id) == ("posted", self.on_x, None)
        assert attempts.find_unsettled(self.second.db, self.tweet_id) is None
        self.nothing_is_left_to_do()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    clock = ShiftedClock()
    with ExitStack() as stack:
        world = stack.enter_context(closing(World(tmp_path / "x.db", clock=clock, seed=1)))
        world.change(duplicates_refused=False)
        x_url = stack.enter_context(running(world))
        line = stack.enter_context(Line(x_url))
        settings = prepare(_settings(tmp_path, x_url)).settings
        first = stack.enter_context(closing(build(replace(settings, twitter_api_url=line.url), clock=clock)))
        second = stack.enter_context(closing(build(settings, clock=clock)))
        yield Two(first, second, line=line, world=world, clock=clock)


def _settings(folder: Path, x_url: str) -> Settings:
    return Settings(
        root=folder,
        mock_mode=False,
        twitter_client_id="the-client",
        twitter_api_url=x_url,
        twitter_authorize_url=f"{x_url}/i/oauth2/authorize",
        **databases.fields_of(folder),
    )


def _connected(services: Services) -> int:
    begun = services.connections.begin(api_key_id=None)
    answer = requests.get(f"{begun.auth_url}&mock_user=ann", allow_redirects=False, timeout=10)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    return services.connections.finish(state=begun.state, code=code, error=None).account.id


# ---- stood still before the first byte: nothing is sent


def test_awakened_before_its_first_byte_it_sends_nothing(two: Two) -> None:
    task = two.intent_of_first()
    two.pass_time(PAST_THE_LEASE)
    task.execute()
    assert sends(two.world) == 0
    assert two.status == "pending"
    two.second_works_until("posted")
    two.is_posted_once()


def test_awakened_before_its_first_byte_while_the_second_reconciles_it(two: Two) -> None:
    task = two.intent_of_first()
    two.pass_time(PAST_THE_LEASE)
    two.run_second()
    assert two.status == "unconfirmed"
    task.execute()
    assert sends(two.world) == 0
    assert two.status == "pending"  # the first one knows that it sent nothing
    two.second_works_until("posted")
    two.is_posted_once()


def test_awakened_before_its_first_byte_when_the_second_has_sent_it(two: Two) -> None:
    task = two.intent_of_first()
    two.pass_time(PAST_THE_LEASE)
    two.second_works_until("posted")
    task.execute()
    assert sends(two.world) == 1
    two.is_posted_once()


def test_awakened_before_its_first_byte_while_the_second_is_sending_it(two: Two) -> None:
    task = two.intent_of_first()
    two.pass_time(PAST_THE_LEASE)
    two.second_works_until("pending")
    its_own = two.second.dispatcher.claim_next("second")
    assert its_own is not None
    task.execute()
    assert two.status == "posting"
    its_own.execute()
    assert sends(two.world) == 1
    two.is_posted_once()


# ---- X took it, and its 201 arrives after the lease was lost


def test_a_late_201_when_nobody_came_meanwhile(two: Two) -> None:
    frozen = two.first_waits_for("answer")
    two.pass_time(PAST_THE_LEASE)
    two.line.release()
    frozen.ends()
    two.is_posted_once()


def test_a_late_201_while_the_second_reconciles_it(two: Two) -> None:
    frozen = two.first_waits_for("answer")
    two.world.faults.timeline_is_unreadable(status=503)
    two.pass_time(PAST_THE_LEASE)
    two.run_second()
    assert two.status == "unconfirmed"
    two.line.release()
    frozen.ends()
    two.is_posted_once()


def test_a_late_201_after_the_second_adopted_the_post(two: Two) -> None:
    frozen = two.first_waits_for("answer")
    two.pass_time(PAST_THE_LEASE)
    two.run_second()
    assert two.status == "posted"
    two.line.release()
    frozen.ends()
    assert sends(two.world) == 1
    two.is_posted_once()


def _hide_from_readers(two: Two) -> None:
    """X shows the post to nobody for an hour: longer than the service promises to wait."""
    two.world.show_from(two.on_x[0], later(two.world.now(), 3600))


def test_a_late_201_after_the_second_decided_that_it_is_absent(two: Two) -> None:
    frozen = two.first_waits_for("answer")
    _hide_from_readers(two)
    two.pass_time(PAST_THE_LEASE)
    two.second_works_until("pending")
    two.line.release()
    frozen.ends()
    assert sends(two.world) == 1
    two.is_posted_once()


def test_a_late_201_between_the_seconds_intent_and_its_call(two: Two) -> None:
    frozen = two.first_waits_for("answer")
    _hide_from_readers(two)
    two.pass_time(PAST_THE_LEASE)
    two.second_works_until("pending")
    its_own = two.second.dispatcher.claim_next("second")
    assert its_own is not None
    two.line.release()
    frozen.ends()
    assert two.status == "posted"
    its_own.execute()
    assert sends(two.world) == 1
    two.is_posted_once()


def test_a_late_201_after_the_second_sent_it_again_is_kept_and_shown(two: Two) -> None:
    """Where X hid an accepted post longer than anybody waits, nothing is forgotten: the second id is there."""
    frozen = two.first_waits_for("answer")
    _hide_from_readers(two)
    two.pass_time(PAST_THE_LEASE)
    two.second_works_until("posted")
    two.line.release()
    frozen.ends()
    hidden, seen = two.on_x
    tweet = tweets.get(two.second.db, two.tweet_id)
    assert (tweet.status, tweet.twitter_id, tweet.twin_twitter_id) == ("posted", seen, hidden)
    assert [attempt.outcome for attempt in attempts.list_of_tweet(two.second.db, two.tweet_id)] == [
        "posted",
        "posted",
    ]
    two.nothing_is_left_to_do()


def test_a_late_201_for_a_tweet_whose_owner_was_asked(two: Two) -> None:
    frozen = two.first_waits_for("answer")
    two.world.faults.timeline_is_unreadable(times=None, status=503)
    two.pass_time(PAST_THE_LEASE)
    for _ in range(8):
        two.run_second()
        two.pass_time(400)
    assert tweets.get(two.second.db, two.tweet_id).needs_decision
    two.line.release()
    frozen.ends()
    assert not tweets.get(two.second.db, two.tweet_id).needs_decision
    two.is_posted_once()


# ---- X did not take it, and says so after the lease was lost


LATE_REFUSALS = {
    "429": lambda world: world.faults.rate_limits(reset_in=900),
    "401": lambda world: world.faults.refuses_the_token(call="POST /2/tweets"),
    "402": lambda world: world.faults.runs_out_of_credits(times=1, call="POST /2/tweets"),
}


@pytest.mark.parametrize("refuse", LATE_REFUSALS.values(), ids=LATE_REFUSALS.keys())
@pytest.mark.parametrize("second_came", [False, True], ids=["nobody came", "the second looks for it"])
def test_a_late_refusal_means_that_it_is_sent_again(
    two: Two, refuse: Callable[[World], int], second_came: bool
) -> None:
    refuse(two.world)
    frozen = two.first_waits_for("answer")
    two.pass_time(PAST_THE_LEASE)
    if second_came:
        two.run_second()
        assert two.status == "unconfirmed"
    two.line.release()
    frozen.ends()
    assert two.status == "held"
    two.pass_time(1000)
    two.second_works_until("posted")
    assert sends(two.world) == 2
    two.is_posted_once()


@pytest.mark.parametrize("second_came", [False, True], ids=["nobody came", "the second looks for it"])
def test_a_late_no_for_good(two: Two, second_came: bool) -> None:
    two.world.faults.refuses(403, detail="You are not permitted to perform this action.")
    frozen = two.first_waits_for("answer")
    two.pass_time(PAST_THE_LEASE)
    if second_came:
        two.run_second()
    two.line.release()
    frozen.ends()
    assert two.status == "failed"
    assert two.on_x == []
    two.nothing_is_left_to_do()


def test_a_late_503_says_nothing_and_is_reconciled(two: Two) -> None:
    two.world.faults.accepts_then_answers(503)
    frozen = two.first_waits_for("answer")
    two.pass_time(PAST_THE_LEASE)
    two.line.release()
    frozen.ends()
    assert two.status == "unconfirmed"
    two.pass_time(2)
    two.second_works_until("posted")
    assert sends(two.world) == 1
    two.is_posted_once()


def test_a_late_503_after_the_second_adopted_the_post(two: Two) -> None:
    two.world.faults.accepts_then_answers(503)
    frozen = two.first_waits_for("answer")
    two.pass_time(PAST_THE_LEASE)
    two.second_works_until("posted")
    two.line.release()
    frozen.ends()
    two.is_posted_once()


# ---- stood still during a check


def test_a_reading_from_before_the_tweet_was_sent_again_proves_nothing(two: Two) -> None:
    """The reading of a frozen check is older than the second attempt: it may not count against it."""
    two.world.faults.cuts_the_line()
    two.intent_of_first().execute()
    two.pass_time(2)
    reading = two.first.dispatcher.claim_next("first")
    assert reading is not None
    two.line.hold_answers()
    frozen = Frozen(reading)
    two.line.wait_until_held("answer")
    two.pass_time(PAST_THE_LEASE)
    two.second_works_until("pending")
    two.world.faults.accepts_then_cuts_the_line()
    two.run_second()
    assert two.status == "unconfirmed"
    two.line.release()
    frozen.ends()
    assert two.status == "unconfirmed"
    last = attempts.find_unsettled(two.second.db, two.tweet_id)
    assert last is not None
    assert last.looks_absent == 0
    two.pass_time(10)
    two.second_works_until("posted")
    assert sends(two.world) == 2
    two.is_posted_once()
