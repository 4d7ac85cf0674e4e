"""Two workers that die and stand still at random moments, on an X that has bad days, with the time moved by hand: what
takes the long run minutes takes seconds here, so many runs are made.

A worker is a set of services with a clock of its own, and dies when that clock is asked once too often: every
transaction and every last moment before a call begins with it. Whatever the dead one tries then fails as well.
"""

import random
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import requests

from tests.chaos.tweet_texts import texts
from tests.support import databases
from twitter_manager import timestamps
from twitter_manager.config import Settings
from twitter_manager.errors import ServiceError
from twitter_manager.services import Services, build, prepare
from twitter_manager.services.accounts.connect import ConnectionFailed
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.services.dispatch.recovery import reap_worker
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World
from twitter_manager.storage import accounts, lanes, tweet_lists
from twitter_manager.storage.tweet_lists import TweetFilter
from twitter_manager.timestamps import later

TWEETS = 24
NAMES = ("ann", "ben")
MAX_ROUNDS = 3000
TIMELINE = "GET /2/users/{id}/tweets"


class Death(BaseException):
    """The process is gone."""


class Time:
    """The same for everybody, moved by hand."""

    def __init__(self) -> None:
        self.moved = 0.0

    def __call__(self) -> datetime:
        return later(timestamps.now(), self.moved)


@dataclass
class Life:
    """One life of a worker: its services, the task it does next, the one it stands still in front of, and how long it
    lives."""

    id: str
    settings: Settings
    time: Time
    beats: int
    following: LaneTask | None = None
    frozen: LaneTask | None = None
    thaws_at: datetime | None = None
    services: Services = field(init=False)

    def __post_init__(self) -> None:
        self.services = build(self.settings, clock=self._beat)

    @property
    def is_over(self) -> bool:
        """Whether it died."""
        return self.beats < 0

    def _beat(self) -> datetime:
        self.beats -= 1
        if self.is_over:
            raise Death
        return self.time()


class Story:
    """One run: the two lives, X, and chance."""

    def __init__(self, settings: Settings, *, time: Time, world: World, chance: random.Random) -> None:
        self.settings, self.time, self.world, self.chance = settings, time, world, chance
        self.lives = 0
        self.written = texts(TWEETS, chance=chance, repeat_every=5)
        self.owner = build(settings, clock=time)
        self.workers = [self._born(), self._born()]

    def close(self) -> None:
        for services in (self.owner, *(life.services for life in self.workers)):
            services.close()

    def connect(self, name: str) -> int:
        """As the owner of the account does it."""
        begun = self.owner.connections.begin(api_key_id=None)
        answer = requests.get(f"{begun.auth_url}&mock_user={name}", allow_redirects=False, timeout=10)
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        return self.owner.connections.finish(state=begun.state, code=code, error=None).account.id

    def is_over(self) -> bool:
        """Every tweet is posted."""
        return tweet_lists.count(self.owner.db, TweetFilter(statuses=("posted",))) == TWEETS

    def go_on(self) -> None:
        """One of the two does something, or dies of it."""
        life = self.chance.choice(self.workers)
        try:
            self._act(life)
        except (Death, sqlite3.OperationalError, psycopg.Error):  # the last transaction of the dead stays open
            if not life.is_over:
                raise
            self._reap(life)
        self._reconnect_the_lost()
        self._answer_questions()

    def _act(self, life: Life) -> None:
        task = life.frozen or life.following or life.services.dispatcher.claim_next(life.id)
        life.following = None
        if task is None:
            self._pass_time()
        elif life.frozen is None and self.chance.random() < 0.05:
            life.frozen = task
            life.thaws_at = later(self.time(), self.chance.choice([1, 30, LEASE_SECONDS + 1, 400]))
        elif life.thaws_at is not None and self.time() < life.thaws_at:
            self.time.moved += 1
        else:
            life.frozen = life.thaws_at = None
            life.following = life.services.dispatcher.run_and_claim_next(task, life.id)

    def _pass_time(self) -> None:
        due = lanes.next_due(self.owner.db)
        wait = 5.0 if due is None else (due - self.time()).total_seconds()
        self.time.moved += min(max(wait, 0.05), 5.0)

    def _born(self) -> Life:
        self.lives += 1
        life = Life(f"life{self.lives}", self.settings, self.time, beats=self.chance.randrange(5, 150))
        self.owner.maintenance.beat(worker_id=life.id, host=socket.gethostname())
        return life

    def _reap(self, dead: Life) -> None:
        """Its lines are closed; a successor finds what it left, or only its lease runs out."""
        dead.services.close()
        at = self.workers.index(dead)
        self.workers[at] = self._born()
        with self.owner.db.transaction() as tx:
            if self.chance.random() < 0.7:
                reap_worker(tx, dead.id, certainly_dead=True)

    def _reconnect_the_lost(self) -> None:
        """A pair that died with its worker may cost the account; its owner connects it again."""
        for account in accounts.list_all(self.owner.db):
            if account.status == "failed":
                assert account.error_code == "refresh_lost"
                with suppress(ServiceError, ConnectionFailed):  # X has a bad day for connecting, too: once more, later
                    self.connect(account.username)

    def _answer_questions(self) -> None:
        """After five attempts that never reached X the owner is asked, and says so. Nothing else is ever asked."""
        for found in tweet_lists.list_page(self.owner.db, TweetFilter(statuses=("unconfirmed",)), limit=TWEETS):
            assert found.tweet.error_code in ("x_unclear", "x_cannot_be_asked", "refresh_lost", "attempts_exhausted")
            if found.tweet.error_code == "attempts_exhausted":
                on_x = [post.original for post in self.world.posts()]
                assert on_x.count(found.tweet.content) < self.written.count(found.tweet.content)
                self.owner.tweets.resolve(found.tweet.id, twitter_id=None)


@pytest.fixture
def story(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Story]:
    time, chance = Time(), random.Random(request.param)
    with ExitStack() as stack:
        world = stack.enter_context(closing(World(tmp_path / "x.db", clock=time, seed=request.param)))
        world.change(duplicates_refused=False, visibility_delay=chance.choice([0, 0, 3, 20]))
        url = stack.enter_context(running(world))
        settings = Settings(
            root=tmp_path,
            mock_mode=False,
            twitter_client_id="the-client",
            twitter_api_url=url,
            twitter_authorize_url=f"{url}/i/oauth2/authorize",
            **databases.fields_of(tmp_path),
        )
        yield stack.enter_context(closing(Story(prepare(settings).settings, time=time, world=world, chance=chance)))


def _bad_days(world: World, chance: random.Random) -> None:
    """Each kind at up to a tenth of the calls, a different mixture each time."""
    days = world.faults

    def often() -> dict[str, Any]:
        return {"times": None, "probability": chance.choice([0.0, 0.02, 0.05, 0.1])}

    days.accepts_then_answers(503, **often())
    days.accepts_then_cuts_the_line(**often())
    days.accepts_then_answers_garbage(**often())
    days.accepts_then_answers_nothing(**often())
    days.fails(502, **often())
    days.cuts_the_line(**often())
    days.rate_limits(reset_in=3, **often())
    days.refuses_the_token(**often())
    days.runs_out_of_credits(times=2, probability=0.02)
    days.timeline_is_unreadable(**often())
    days.cuts_the_line(call=TIMELINE, **often())
    days.rate_limits(reset_in=3, call=TIMELINE, **often())
    days.token_endpoint_fails(503, **often())
    days.rotates_then_cuts_the_line(times=1, probability=0.05)


def _tell(story: Story) -> None:
    ids = [story.connect(name) for name in NAMES]
    for number, text in enumerate(story.written):
        story.owner.tweets.create(account_id=ids[number % len(ids)], text=text)
    _bad_days(story.world, story.chance)
    story.owner.publishing.post_pending(None)
    expiring = story.chance.randrange(20, 200)
    for round_number in range(MAX_ROUNDS):
        if story.is_over():
            break
        if round_number == expiring:
            story.time.moved += story.chance.choice([600, 6900, 7300])
        story.go_on()
    assert story.is_over(), tweet_lists.list_page(story.owner.db, TweetFilter(), limit=50)
    assert Counter(post.original for post in story.world.posts()) == Counter(story.written)
    found = tweet_lists.list_page(story.owner.db, TweetFilter(), limit=50)
    assert {each.tweet.twitter_id for each in found} == {post.id for post in story.world.posts()}


@pytest.mark.parametrize("story", range(20), indirect=True)
def test_each_tweet_is_on_x_once_whatever_happened(story: Story) -> None:
    _tell(story)


@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", range(100, 200), indirect=True)
def test_each_tweet_is_on_x_once_in_a_hundred_more_stories(story: Story) -> None:
    _tell(story)
