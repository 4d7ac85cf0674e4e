"""When X refuses the whole app: everything rests, one call at a time tries, one notice says so."""

import logging
from datetime import datetime

from twitter_manager.services.context import Context
from twitter_manager.services.wakeup import wake_environment
from twitter_manager.storage import app_rests, tweet_holds
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import later

__all__ = ["begin", "end", "may_call", "probes_in_vain", "release_probe"]

PROBE_SECONDS = 120.0  # for one probing call, before another may try

log = logging.getLogger("twitter_manager.services")


def begin(
    context: Context,
    tx: Transaction,
    *,
    mock: bool,
    began: datetime,
    code: str,
    probe_at: datetime,
    twitter_error: str,
) -> None:
    """The app rests (on), refused by a call that began at `began`; every due tweet of the environment is held.

    A call that was in flight when the rest began is no probe.
    """
    rest = app_rests.find(tx, mock=mock)
    if rest is None:
        log.error("X refuses the whole app (%s): everything rests, one call tries again at times", code)
    if rest is None or began > rest.since:
        app_rests.put(tx, mock=mock, code=code, probe_at=probe_at, twitter_error=twitter_error)
    else:
        probe_at = rest.probe_at
    held = tweet_holds.hold_due_of_environment(tx, mock=mock, error_code=code, until=probe_at)
    tx.after_commit(lambda: context.notifier.notify_tweets(held))


def end(context: Context, tx: Transaction, *, mock: bool, began: datetime) -> None:
    """X took a call that began at `began`: what was held goes on, if the app rested before that call."""
    rest = app_rests.find(tx, mock=mock)
    if rest is None or began <= rest.since:
        return
    app_rests.delete(tx, mock=mock)
    tweet_holds.release_held_of_environment(tx, mock=mock, error_code=rest.code)
    wake_environment(context, tx, mock=mock)
    log.warning("X takes the app's calls again after %s", rest.code)


def release_probe(tx: Transaction, *, mock: bool, began: datetime) -> None:
    """The call that began at `began` said nothing about the app: if it was the probe, another one may try at once."""
    rest = app_rests.find(tx, mock=mock)
    if rest is not None and began > rest.since:
        app_rests.release_probe(tx, mock=mock)


def may_call(tx: Transaction, *, mock: bool) -> bool:
    """Whether a call may go out: the app does not rest, or this is its one probe."""
    if app_rests.find(tx, mock=mock) is None:
        return True
    return app_rests.claim_probe(tx, mock=mock, until=later(tx.now, PROBE_SECONDS))


def probes_in_vain(q: Queries, *, mock: bool) -> int:
    """How many probes failed since the app rests; 0 when it does not."""
    rest = app_rests.find(q, mock=mock)
    return rest.probes + 1 if rest else 0
