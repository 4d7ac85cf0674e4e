"""Stories of a thread whose owner does anything at any moment while X has bad days: it ends whole or goes on when it is
resumed, each post answers the one before, in order, nothing twice."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.service import Service
from twitter_manager.api import posting
from twitter_manager.timestamps import to_text

DAYS = ("refuses", "rate_limits", "accepts_then_cuts_the_line", "cuts_the_line", "does_not_see_the_parent")
SOON, LATER = "2026-11-20T14:05:00Z", "2026-11-20T14:20:00Z"


class Story:
    """One thread, one owner, one die."""

    def __init__(self, service: Service, seed: int) -> None:
        self._service = service
        self._chance = random.Random(seed)
        self._account = service.connect("alice")
        self._client = service.client
        self._name = f"Story {seed}, part"
        self.told: list[object] = []
        self._deeds: dict[str, Callable[[dict[str, Any]], object]] = {
            "waits": lambda part: self._pass(self._chance.choice([5, 60, 700, 7200])),
            "deletes it": lambda part: self._ask("DELETE", f"tweets/{part['id']}"),
            "takes it down": lambda part: self._ask("DELETE", f"tweets/{part['id']}?from_twitter=1"),
            "cancels it": lambda part: self._ask("PATCH", f"tweets/{part['id']}", status="canceled"),
            "takes it up": lambda part: self._ask("PATCH", f"tweets/{part['id']}", status="pending"),
            "writes it anew": lambda part: self._ask("PATCH", f"tweets/{part['id']}", text=part["text"]),
            "moves it": lambda part: self._ask("PATCH", f"tweets/{part['id']}", schedule_at=self._in(600)),
            "retries it": lambda part: self._ask("POST", f"tweets/{part['id']}/retry"),
            "resumes": lambda part: self._ask("POST", f"threads/{self._thread}/resume"),
            "cleans up refused": lambda part: self._ask("POST", "tweets/cleanup", statuses=["failed", "canceled"]),
            "cleans up posted": lambda part: self._ask("POST", "tweets/cleanup", statuses=["posted"]),
            "leaves and comes back": lambda part: self._leave_and_come_back(),
        }
        self._thread = self._begin()

    def tell(self) -> None:
        """Some deeds, each to some part."""
        for _ in range(self._chance.randint(2, 8)):
            parts = self.parts()
            if parts:
                deed = self._chance.choice(list(self._deeds))
                part = self._chance.choice(parts)
                self.told.append((deed, part["position"], part["status"], self._deeds[deed](part)))
                self._pass(0)

    def end(self) -> None:
        """Good days again; the owner resumes the thread where it stopped."""
        self._service.world.faults.clear()
        for _ in range(60):
            self._pass(120)
            status = self._client.get(f"/api/v1/threads/{self._thread}").json.get("status")
            if status in (None, "posted"):
                return
            if status in ("broken", "held"):
                self.told.append(("resumes", status, self._ask("POST", f"threads/{self._thread}/resume")))

    def parts(self) -> list[dict[str, Any]]:
        """What is left of it here."""
        found: list[dict[str, Any]] = self._client.get(f"/api/v1/threads/{self._thread}").json.get("tweets", [])
        return found

    def assert_whole(self) -> None:
        parts = self.parts()
        assert {part["status"] for part in parts} <= {"posted"}, self.told
        on_x = [post for post in self._service.world.posts("alice") if post.original.startswith(self._name)]
        texts = [post.original for post in on_x]
        assert texts == sorted(set(texts)), (self.told, "twice, or out of order")
        there = {post.id: post for post in on_x}
        answers = [there[part["twitter_id"]].in_reply_to for part in parts if part["twitter_id"] in there]
        assert None not in answers[1:], (self.told, "torn")

    def _begin(self) -> int:
        for _ in range(self._chance.randint(0, 2)):
            day = self._chance.choice(DAYS)
            getattr(self._service.world.faults, day)(skip=self._chance.randint(0, 4))
            self.told.append(day)
        thread = {
            "account_id": self._account,
            "tweets": [f"{self._name} {number}" for number in range(self._chance.randint(2, 5))],
            "schedule_at": self._chance.choice([SOON, LATER]),
            "late_policy": self._chance.choice(["publish", "skip", "hold"]),
        }
        number: int = self._client.post("/api/v1/threads", json=thread).json["thread_id"]
        return number

    def _ask(self, method: str, path: str, **body: object) -> int:
        self._service.beat()
        return self._client.open(f"/api/v1/{path}", method=method, json=body or None).status_code

    def _leave_and_come_back(self) -> int:
        self._ask("PATCH", f"accounts/{self._account}", is_active=False)
        self._service.run_due()
        return self._ask("PATCH", f"accounts/{self._account}", is_active=True)

    def _pass(self, seconds: float) -> None:
        self._service.clock.forward(seconds)
        self._service.beat()
        self._service.run_due()

    def _in(self, seconds: float) -> str:
        return to_text(self._service.clock() + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "seed", [*range(20), *(pytest.param(seed, marks=pytest.mark.chaos) for seed in range(20, 1000))]
)
def test_it_ends_whole(service: Service, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "ONE_SECONDS", 0.0)  # nobody waits
    story = Story(service, seed)
    story.tell()
    story.end()
    story.assert_whole()
