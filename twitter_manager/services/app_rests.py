"""When X refuses the whole app: everything rests, one call at a time tries, one notice says so."""

import json
import logging
from datetime import datetime

from twitter_manager.services import decisions
from twitter_manager.storage import app_rests, lanes, tweets
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import later
from twitter_manager.twitter.errors import Problem

__all__ = ["begin", "end", "may_call", "probes_in_vain"]

PROBE_SECONDS = 120.0  # the one probing call has so long before another may try

log = logging.getLogger("twitter_manager.services")


def begin(tx: Transaction, *, mock: bool, code: str, probe_at: datetime, problem: Problem) -> list[int]:
    """The app rests (on); every due tweet of its world is held. Returns the tweets."""
    words = json.dumps(problem.to_json())
    if app_rests.find(tx, mock=mock) is None:
        log.error("X refuses the whole app (%s): everything rests, one call tries again at times", code)
    app_rests.put(tx, mock=mock, code=code, probe_at=probe_at, twitter_error=words)
    return tweets.hold_due_of_world(tx, mock=mock, error_code=code, until=probe_at)


def end(tx: Transaction, *, mock: bool) -> None:
    """X takes the app's calls: what was held for it goes on, if it rested."""
    rest = app_rests.find(tx, mock=mock)
    if rest is None:
        return
    app_rests.delete(tx, mock=mock)
    tweets.release_held_of_world(tx, mock=mock, error_code=rest.code)
    lanes.make_world_due(tx, mock=mock)
    log.warning("X takes the app's calls again after %s", rest.code)


def may_call(tx: Transaction, *, mock: bool) -> bool:
    """Whether a call may go out: the app does not rest, or this is its one probe."""
    if app_rests.find(tx, mock=mock) is None:
        return True
    return app_rests.claim_probe(tx, mock=mock, until=later(tx.now, PROBE_SECONDS))


def probes_in_vain(q: Queries, *, mock: bool) -> int:
    """How many probes failed since the app rests; 0 when it does not."""
    rest = app_rests.find(q, mock=mock)
    return rest.probes + 1 if rest else 0


def next_probe(q: Queries, *, mock: bool, now: datetime) -> datetime:
    """When the next probe is due."""
    return decisions.probe_at(probes_in_vain(q, mock=mock), now)
