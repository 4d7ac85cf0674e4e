"""The service behind its front door: a real SQLite file, the simulated X in the process, a clock the test turns."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.clock import Clock
from tests.support.documented_client import DocumentedClient
from twitter_manager import config
from twitter_manager.config import Settings
from twitter_manager.error_codes import CODES
from twitter_manager.factory import create_app
from twitter_manager.services import Services, build, prepare
from twitter_manager.simulator.world import World

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


@dataclass
class Service:
    """A service that was set up in a folder of its own. `client` sends the key with every call."""

    services: Services
    app: Flask
    key: str
    clock: Clock
    connected: dict[str, int] = field(default_factory=dict)

    @property
    def client(self) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base["HTTP_X_API_KEY"] = self.key
        return client

    @property
    def anonymous(self) -> FlaskClient:
        """Somebody without a key."""
        return self.app.test_client()

    @property
    def world(self) -> World:
        return self.services.simulated()

    def begin(self, **query: object) -> dict[str, str]:
        """A connection that was begun: auth_url and state."""
        answer = self.client.get("/api/v1/auth/twitter", query_string=query)
        assert answer.status_code == 200, answer.text
        begun: dict[str, str] = answer.json
        return begun

    def consent(self, auth_url: str, username: str) -> str:
        """The person says yes; where X sends the browser then (path and query)."""
        answer = self.anonymous.get(_local(f"{auth_url}&mock_user={username}"))
        assert answer.status_code == 302, answer.text
        return _local(answer.headers["Location"])

    def connect(self, username: str) -> int:
        """Connects the person's account, as the README says; its id."""
        back = self.consent(self.begin()["auth_url"], username)
        answer = self.anonymous.get(back, headers=JSON)
        assert answer.status_code == 200, answer.text
        self.connected[username] = answer.json["account"]["id"]
        return self.connected[username]

    def tweet(self, account_id: int, text: str) -> int:
        """A pending tweet; its id."""
        answer = self.client.post("/api/v1/tweet", json={"account_id": account_id, "text": text})
        assert answer.status_code == 201, answer.text
        number: int = answer.json["tweet_id"]
        return number

    def row(self, tweet_id: int) -> dict[str, Any]:
        """The tweet as the list shows it."""
        listed = self.client.get("/api/v1/tweets").json["tweets"]
        found: dict[str, Any] = next(tweet for tweet in listed if tweet["id"] == tweet_id)
        return found

    def beat(self) -> None:
        """A worker gives a sign of life."""
        self.services.maintenance.beat(worker_id="test", host="test")

    def run_due(self) -> None:
        """Does everything that is due now."""
        step = self.services.dispatcher.claim_next("test")
        while step is not None:
            step = self.services.dispatcher.run_and_claim_next(step, "test") or self.services.dispatcher.claim_next(
                "test"
            )


class BackgroundWorker:
    """Does what is due as soon as it is, by the test's clock, while the test waits for an answer."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="test-worker")
        self._failure: BaseException | None = None

    def __enter__(self) -> "BackgroundWorker":
        self._service.beat()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        notifier = self._service.services.notifier
        try:
            while not self._end.is_set():
                seen = notifier.wakes
                self._service.run_due()
                notifier.wait_for_wake(seen, 0.01)
        except BaseException as error:
            self._failure = error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Service]]:
    """start(NAME=value, …) sets a service up in this test's folder with these settings, as a first start does."""
    with ExitStack() as ends:

        def start(**environment: str) -> Service:
            settings = prepare(config.load(tmp_path, environment)).settings
            services = build(settings, clock=clock)
            ends.callback(_close, services)
            app = create_app(services=services)
            app.test_client_class = DocumentedClient
            return Service(services, app, settings.api_key or "", clock)

        yield start


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    """A service with nothing set: mock mode, keys made."""
    return start()


@pytest.fixture
def settings(service: Service) -> Settings:
    return service.services.settings


@pytest.fixture
def app(service: Service) -> Flask:
    return service.app


@pytest.fixture
def client(service: Service) -> FlaskClient:
    """Somebody with the key."""
    return service.client


@pytest.fixture
def anonymous(service: Service) -> FlaskClient:
    """Somebody without a key."""
    return service.anonymous


@pytest.fixture
def alice(service: Service) -> int:
    """Alice's account."""
    return service.connect("alice")


@pytest.fixture
def worker(service: Service) -> Iterator[BackgroundWorker]:
    """A worker beside the test."""
    with BackgroundWorker(service) as running:
        yield running


def assert_error(answer: TestResponse, status: int, code: str, **more: object) -> dict[str, Any]:
    """The one shape, with this status and code and these further fields; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    shape: dict[str, Any] = answer.json
    assert shape["code"] == code
    assert shape["request_id"] == answer.headers["X-Request-ID"]
    assert isinstance(shape["error"], str)
    assert shape["hint"] == CODES[code].remedy
    assert set(shape) - more.keys() <= {
        "error",
        "code",
        "request_id",
        "hint",
        "status",
        "field",
        "retryable",
        "next_attempt_at",
        "twitter",
    }
    assert more.items() <= shape.items(), shape
    return shape


def _local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _close(services: Services) -> None:
    services.simulated().close()
    services.close()
