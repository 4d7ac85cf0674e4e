"""What a figure is measured with: an installation of the service and a simulated X, each in a process of its own."""

import contextlib
import http.client
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import orjson
import requests

from tests.support.service_process import ROOT, Installation, Process, eventually, free_port
from twitter_manager.timestamps import from_text, now, to_text

__all__ = ["LATENCY", "ServiceUnderLoad", "SimulatedX", "folder", "in_whole_seconds", "numbered_texts"]

LATENCY = 0.15  # seconds that the simulated X takes for each answer
_BATCH = 1000  # posts in one call
Json = dict[str, Any]


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as path:
        yield Path(path)


def numbered_texts(count: int) -> list[str]:
    """`count` different texts of usual length."""
    return [
        f"Post number {number} of {count}, with about as many words as people write on an ordinary day"
        for number in range(count)
    ]


class Caller:
    """One keep-alive connection to a server: JSON in and out."""

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Content-Type": "application/json", **(headers or {})}

    def __call__(self, method: str, path: str, body: Json | None = None) -> Json:
        """The response's body. Raises RuntimeError for anything but 2xx."""
        self._line.request(method, path, orjson.dumps(body) if body is not None else None, self._headers)
        answer = self._line.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        found: Json = orjson.loads(content)
        return found

    def close(self) -> None:
        self._line.close()


class SimulatedX:
    """The simulated X in a process of its own."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        script = "import sys; from pathlib import Path; from twitter_manager.simulator import server, world\n"
        script += "server.serve(world.World(Path(sys.argv[1])), port=int(sys.argv[2]))"
        self._process = Process(
            ["-c", script, str(path / "x.db"), str(self.port)],
            environment={**os.environ, "PYTHONPATH": str(ROOT)},
            output=path / "x.out",
        )
        eventually(self._answers, seconds=30, what="the simulated X answers", every=0.02)
        self.command = Caller(self.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.command.close()
        self._process.end()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), requests.get(f"{self.url}/_simulator/state", timeout=5) as answer:
            return answer.status_code == 200
        return False

    def be_slow(self, seconds: float = LATENCY) -> None:
        """Delays every response by `seconds` from now on."""
        self.command("POST", "/_simulator/settings", {"latency": seconds})

    def sign_in(self, username: str) -> str:
        """Returns an access token of that user."""
        token: str = self.command("POST", "/_simulator/sign-in", {"username": username})["access_token"]
        return token

    def count_calls(self) -> int:
        """All calls to X; commands do not count."""
        total: int = self.command("GET", "/_simulator/calls?method=GET")["total"]
        posted: int = self.command("GET", "/_simulator/calls?method=POST")["total"]
        return total + posted

    def arrivals(self) -> list[datetime]:
        """When each of the latest thousand posts arrived, oldest first."""
        calls = self.command("GET", "/_simulator/calls?method=POST&path=/2/tweets")["calls"]
        return [from_text(call["at"]) for call in calls]


class ServiceUnderLoad:
    """The service with a simulated X, with accounts connected and a connection to call it."""

    def __init__(self, path: Path, *, accounts: int, **settings: str) -> None:
        with contextlib.ExitStack() as stack:
            self.x = stack.enter_context(SimulatedX(path / "x"))
            self.service = stack.enter_context(Installation(path / "service", x_url=self.x.url, **settings))
            self.process = self.service.start()
            self.accounts = [self.service.connect(f"user{number}") for number in range(accounts)]
            self.ask = Caller(self.service.port, {"X-API-Key": self.service.api_key})
            stack.callback(self.ask.close)
            self._ending = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def create(self, count: int) -> None:
        """Creates `count` pending tweets, evenly over the accounts."""
        for tweet in self._tweets(count):
            self.ask("POST", "/api/v1/tweet", tweet)

    def schedule(self, moments: Sequence[datetime]) -> None:
        """Creates a tweet for each of the moments, evenly over the accounts."""
        tweets = [
            {**tweet, "schedule_at": to_text(moment)}
            for tweet, moment in zip(self._tweets(len(moments)), moments, strict=True)
        ]
        for begin in range(0, len(tweets), _BATCH):
            created = self.ask("POST", "/api/v1/tweets/batch", {"tweets": tweets[begin : begin + _BATCH]})
            if {post["status"] for post in created["posts"]} != {"scheduled"}:
                raise RuntimeError("not every post was scheduled")

    def _tweets(self, count: int) -> list[Json]:
        return [
            {"account_id": self.accounts[number % len(self.accounts)], "text": text}
            for number, text in enumerate(numbered_texts(count))
        ]

    def wait_until_posted(self, count: int, *, seconds: float) -> None:
        """Polls rarely, since polling costs what is measured."""
        self.service.wait_until_posted(count, seconds=seconds)

    def posted(self) -> list[tuple[int, datetime]]:
        """Account and posted_at of every posted tweet."""
        return [(tweet["account_id"], from_text(tweet["posted_at"])) for tweet in self.service.tweets(status="posted")]


def in_whole_seconds(seconds: float) -> datetime:
    """The full second that begins in about `seconds` seconds."""
    return (now() + timedelta(seconds=seconds)).replace(microsecond=0)
