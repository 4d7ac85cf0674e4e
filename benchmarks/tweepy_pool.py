"""What one would write without this service: tweepy in a pool of threads, pointed at the simulated X.

A process of its own, like the service: `python -m benchmarks.tweepy_pool` reads its order from standard input.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
import tweepy  # type: ignore[import-untyped]

__all__ = ["run"]


def run(x_url: str, tokens: Sequence[str], texts: Sequence[str], *, width: int) -> float:
    """Posts the texts, evenly over the tokens; returns the seconds it took. Raises RuntimeError when one was
    refused."""
    order = {"x_url": x_url, "tokens": list(tokens), "texts": list(texts), "width": width}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tweepy_pool"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout)


class _Session(requests.Session):
    """Sends every request to the simulated X, whatever host tweepy names."""

    def __init__(self, x_url: str) -> None:
        super().__init__()
        self.trust_env = False
        self._x_url = x_url

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kw: Any) -> requests.Response:
        path = str(url).split("://", 1)[1].partition("/")[2]
        return super().request(method, f"{self._x_url}/{path}", *args, **kw)


def _client(token: str, x_url: str) -> tweepy.Client:
    client = tweepy.Client(bearer_token=token)
    client.session = _Session(x_url)
    return client


def _post_all(x_url: str, tokens: Sequence[str], texts: Sequence[str], width: int) -> float:
    clients = [_client(token, x_url) for token in tokens]

    def post(number: int) -> str:
        made = clients[number % len(clients)].create_tweet(text=texts[number], user_auth=False)
        return str(made.data["id"])

    began = time.perf_counter()
    with ThreadPoolExecutor(width) as pool:
        ids = set(pool.map(post, range(len(texts))))
    took = time.perf_counter() - began
    if len(ids) != len(texts):
        raise RuntimeError("not every post has an id of its own")
    return took


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(_post_all(given["x_url"], given["tokens"], given["texts"], given["width"]))
