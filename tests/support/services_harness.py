"""The services on a real database and the simulated X, for tests below the HTTP API."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from tests.support.clock import Clock
from twitter_manager.models import Account, Tweet
from twitter_manager.services import Services
from twitter_manager.simulator.bad_days import BadDays
from twitter_manager.simulator.messages import Request
from twitter_manager.simulator.responses import respond
from twitter_manager.simulator.world import World
from twitter_manager.storage import accounts, tweets


class ServicesHarness:
    def __init__(self, services: Services, clock: Clock) -> None:
        self.services = services
        self.clock = clock
        services.maintenance.beat(worker_id="test", host="test")

    @property
    def x(self) -> World:
        return self.services.simulated()

    @property
    def x_has(self) -> BadDays:
        return self.x.faults

    def connect(self, name: str) -> Account:
        begun = self.services.connections.begin(api_key_id=None)
        target = f"/i/oauth2/authorize?{urlsplit(begun.auth_url).query}&mock_user={name}"
        redirect = respond(self.x, Request.from_target("GET", target, headers={}))
        where = {name.lower(): value for name, value in redirect.headers.items()}["location"]
        back = parse_qs(urlsplit(where).query)
        return self.services.connections.finish(state=back["state"][0], code=back["code"][0], error=None).account

    def due_tweet(self, account: Account, text: str = "Good morning") -> int:
        self.services.maintenance.beat(worker_id="test", host="test")
        tweet_id = self.services.tweets.create(account_id=account.id, text=text)
        self.services.publishing.post_now(tweet_id)
        return tweet_id

    def work(self) -> int:
        """Does everything that is due now; returns how many tasks there were."""
        self.services.maintenance.beat(worker_id="test", host="test")
        tasks = 0
        task = self.services.dispatcher.claim_next("test")
        while task is not None:
            task = self.services.dispatcher.run_and_claim_next(task, "test") or self.services.dispatcher.claim_next(
                "test"
            )
            tasks += 1
            assert tasks < 500, "the worker spins"
        return tasks

    def work_for(self, seconds: float) -> None:
        """Lets `seconds` pass and does everything at its due time."""
        ends = self.clock.present + timedelta(seconds=seconds)
        self.work()
        while (due := self.services.dispatcher.next_due()) is not None and due <= ends:
            self.clock.present = max(self.clock.present, due)
            # a lane may be due too early, but it is not due again for nothing
            assert self.work() or self.services.dispatcher.next_due() != due, "something is due and nothing is done"
        self.clock.present = ends

    def tweet(self, tweet_id: int) -> Tweet:
        return tweets.get(self.services.db, tweet_id)

    def account(self, account_id: int) -> Account:
        return accounts.get(self.services.db, account_id)

    def texts_at_x(self, username: str) -> list[str]:
        return [post.original for post in self.x.posts(username)]

    def calls(self, call: str) -> int:
        method, path = call.split()
        return len(self.x.calls(method=method, path=path))
