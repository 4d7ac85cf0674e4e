"""Callers of several web processes, who repeat a call under its Idempotency-Key until it is done, and note what is
answered."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import requests
from flask import Response
from werkzeug.test import TestResponse

from tests.support.documented_client import bare_app, faults_of
from tests.support.service_process import Installation

__all__ = ["Call", "Callers"]

Call = tuple[str, dict[str, Any]]  # a POST

PATIENCE = 120.0


@dataclass
class Callers:
    """They take turns at the `webs`. What is wrong with an answer is in `faults`; `longest`: seconds of a call that
    does not wait for X."""

    webs: Sequence[Installation]
    faults: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    _turn: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> requests.Response:
        """One call at the next web process. Raises requests.RequestException when nothing answers."""
        with self._guard:
            self._turn += 1
            web = self.webs[self._turn % len(self.webs)]
        began = time.monotonic()
        headers = {"X-API-Key": web.api_key, **({"Idempotency-Key": key} if key else {})}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, web.url + path, json=body, headers=headers, timeout=60)
        self._note(method, path, answer, time.monotonic() - began)
        return answer

    def insist(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST what is due now until it is done, without waiting for X; the same is never done twice."""
        body = {**body, "schedule_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        key, ends = uuid4().hex, time.monotonic() + PATIENCE
        while True:
            answer = self.ask("POST", path, body, key=key)
            if answer.status_code < 300:
                found: dict[str, Any] = answer.json()
                return found
            assert answer.status_code in (409, 503), answer.text
            assert time.monotonic() < ends, f"not taken within {PATIENCE:.0f} s: {answer.text}"
            time.sleep(0.3)

    def look_around(self, until: threading.Event) -> None:
        """Reads lists and health, all the time."""
        while not until.wait(0.1):
            for path in ("/api/v1/tweets?status=posted&limit=5", "/api/v1/stats", "/api/v1/health"):
                self.ask("GET", path)

    def hand_over(self, calls: Sequence[Call], *, at_once: int) -> list[dict[str, Any]]:
        """All of them, some at a time; the answers in their order."""
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda call: self.insist(*call), calls))

    def _note(self, method: str, path: str, answer: requests.Response, seconds: float) -> None:
        with self._guard:
            word = answer.json().get("code") or ",".join(answer.json().get("reason_codes", ()))
            self.answers[f"{answer.status_code} {word}".strip()] += 1
            self.longest = max(self.longest, seconds)
            self.faults += _faults_of(method, path, answer)


def _faults_of(method: str, path: str, answer: requests.Response) -> list[str]:
    """In what it differs from the OpenAPI document."""
    endpoint, _ = bare_app().url_map.bind("").match(path.partition("?")[0], method)
    shown = Response(answer.content, status=answer.status_code, content_type=answer.headers.get("Content-Type"))
    found = faults_of(endpoint, cast("TestResponse", shown))
    if answer.status_code == 503 and "code" in answer.json() and "Retry-After" not in answer.headers:
        found.append(f"{endpoint}: 503 {answer.json()['code']} without Retry-After")
    return found
