"""Whether the work is done: the worker's sign of life, what is overdue, what rests and what waits for its owner."""

from datetime import datetime

from twitter_manager.error_codes import CODES
from twitter_manager.models import AppRest
from twitter_manager.services.doctor.check import Check, fail, ok, warn
from twitter_manager.services.health import OVERDUE, WORKER_SILENCE
from twitter_manager.timestamps import to_text

__all__ = ["app_rest", "decisions", "overdue", "worker"]


def worker(seen_at: datetime | None, now: datetime) -> Check:
    remedy = (
        "start the service (`make run` in a clone, else `twitter-manager serve`), or beside it: twitter-manager worker"
    )
    if seen_at is None:
        return warn("worker", "none runs: nothing is posted", remedy)
    age = (now - seen_at).total_seconds()
    if age > WORKER_SILENCE:
        return warn("worker", f"the last sign of life is {age:.0f} s old: nothing is posted", remedy)
    return ok("worker", f"alive {max(age, 0):.0f} s ago")


def overdue(count: int) -> Check:
    if not count:
        return ok("queue", "nothing is overdue")
    remedy = "see that a worker runs; if one does, the log says what keeps it"
    return fail("queue", f"tweets that have been due for over {OVERDUE:.0f} s: {count}", remedy)


def app_rest(rest: AppRest) -> Check:
    """For a rest that goes on: X refuses the whole app."""
    code = CODES.get(rest.code, CODES["app_misconfigured"])
    text = f"{code.sentence}, since {to_text(rest.since)}; the next try is at {to_text(rest.probe_at)}"
    return warn("app", text, code.remedy)


def decisions(count: int) -> Check:
    """Tweets of which only their owner can say whether they are at X."""
    if not count:
        return ok("decisions", "no tweet waits for your word")
    remedy = "see GET /api/v1/tweets?needs_decision=1, and answer with POST /api/v1/tweets/{id}/resolve"
    return warn("decisions", f"unclear tweets that wait for your word: {count}", remedy)
