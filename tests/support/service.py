"""The service as a test calls it: through its HTTP API, in the process of the test."""

import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.clock import Clock
from twitter_manager.error_codes import CODES
from twitter_manager.services import Services
from twitter_manager.simulator.world import World

__all__ = ["JSON", "PAGE", "BackgroundWorker", "Service", "assert_error"]

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


@dataclass
class Service:
    """An installation in a folder of its own. `client` sends the key with every call."""

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
        """Without a key."""
        return self.app.test_client()

    @property
    def world(self) -> World:
        return self.services.simulated()

    def begin(self, **query: object) -> dict[str, str]:
        """Begins a connection: auth_url and state."""
        answer = self.client.get("/api/v1/auth/twitter", query_string=query)
        assert answer.status_code == 200, answer.text
        begun: dict[str, str] = answer.json
        return begun

    def consent(self, auth_url: str, username: str) -> str:
        """The person consents; returns where X redirects the browser (path and query)."""
        answer = self.anonymous.get(_local(f"{auth_url}&mock_user={username}"))
        assert answer.status_code == 302, answer.text
        return _local(answer.headers["Location"])

    def connect(self, username: str) -> int:
        """Connects the person's account, as the README says; returns its id."""
        back = self.consent(self.begin()["auth_url"], username)
        answer = self.anonymous.get(back, headers=JSON)
        assert answer.status_code == 200, answer.text
        self.connected[username] = answer.json["account"]["id"]
        return self.connected[username]

    def tweet(self, account_id: int, text: str) -> int:
        """Returns the id of a pending tweet."""
        answer = self.client.post("/api/v1/tweet", json={"account_id": account_id, "text": text})
        assert answer.status_code == 201, answer.text
        number: int = answer.json["tweet_id"]
        return number

    def row(self, tweet_id: int) -> dict[str, Any]:
        """The tweet as in the list."""
        listed = self.client.get("/api/v1/tweets").json["tweets"]
        found: dict[str, Any] = next(tweet for tweet in listed if tweet["id"] == tweet_id)
        return found

    def beat(self) -> None:
        """Stores a worker's heartbeat."""
        self.services.maintenance.beat(worker_id="test", host="test")

    def run_due(self) -> None:
        task = self.services.dispatcher.claim_next("test")
        while task is not None:
            task = self.services.dispatcher.run_and_claim_next(task, "test") or self.services.dispatcher.claim_next(
                "test"
            )


class BackgroundWorker:
    """Runs what is due by the test's clock, while the test waits for a response."""

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


def assert_error(answer: TestResponse, status: int, code: str, **more: object) -> dict[str, Any]:
    """Checks the error shape, with this status and code and these further fields; returns it."""
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
