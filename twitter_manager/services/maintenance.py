"""What is done on a clock: the worker's beat, dead workers reaped, expired rows deleted, due times checked."""

import logging
from pathlib import Path

from filelock import FileLock, Timeout

from twitter_manager.services import backoff
from twitter_manager.services.accounts import tokens
from twitter_manager.services.accounts.connect import STATE_SECONDS
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch import decisions
from twitter_manager.services.dispatch.recovery import reap_worker
from twitter_manager.services.wakeup import hold_for_resting_app, hold_for_resting_lane, wake_environment, wake_lane
from twitter_manager.storage import (
    accounts,
    app_rests,
    attempts,
    batches,
    idempotency_keys,
    lanes,
    oauth_states,
    rate_windows,
    service_state,
    tweet_holds,
    webhook_deliveries,
    workers,
    x_calls,
)
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter.rate_limits import MAX_WINDOW

__all__ = ["Maintenance"]

DAY = 86_400.0
DELIVERIES_KEPT = 30 * DAY
REFUSALS_KEPT = 30 * DAY
LONGEST_REST = 1800.0  # of a lane, unless X named a time
LONGEST_PROBE_WAIT = 3600.0  # of the app
LONGEST_CHECK = 300.0  # unless X named a time

log = logging.getLogger("twitter_manager.services")


class Maintenance:
    """Small jobs; each may run at any time and any number of times."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def beat(self, *, worker_id: str, host: str) -> None:
        with self._context.db.transaction() as tx:
            workers.beat(tx, worker_id=worker_id, host=host)

    def hold_for_rests(self) -> None:
        """Holds what became due while X refuses the whole app, or while its lane rests."""
        db = self._context.db
        mock = service_state.mock_mode(db)
        if app_rests.find(db, mock=mock) is not None:
            with db.transaction() as tx:
                hold_for_resting_app(self._context, tx, mock=mock)
        if lanes.list_resting_with_due(db, now=self._context.clock()):
            with db.transaction() as tx:
                for lane in lanes.list_resting_with_due(tx, now=tx.now):
                    hold_for_resting_lane(self._context, tx, lane)

    def sign_off(self, worker_id: str) -> None:
        """The worker must have no lane any more."""
        with self._context.db.transaction() as tx:
            workers.delete(tx, worker_id)

    def reap_dead_workers(self, *, worker_id: str, host: str, locks: Path) -> int:
        """Frees the lanes of this machine's dead workers; returns how many there were.

        A worker holds the lock on its file as long as its process lives, also while it is frozen. The system releases
        the lock with the process, so if the lock can be taken, the worker is dead and its connections are closed.
        """
        reaped = 0
        for other in workers.list_others(self._context.db, host=host, but=worker_id):
            lock = FileLock(locks / f"{other.id}.lock", timeout=0)
            try:
                with lock, self._context.db.transaction() as tx:
                    reap_worker(tx, other.id)
            except Timeout:
                continue  # it lives
            reaped += 1
            Path(lock.lock_file).unlink(missing_ok=True)
        if reaped:
            self._context.notifier.wake()
        return reaped

    def prune_oauth_states(self) -> int:
        with self._context.db.transaction() as tx:
            return oauth_states.delete_older_than(tx, earlier(tx.now, STATE_SECONDS))

    def prune_idempotency_keys(self) -> int:
        with self._context.db.transaction() as tx:
            return idempotency_keys.delete_older_than(tx, earlier(tx.now, idempotency_keys.RETENTION_SECONDS))

    def prune_calls(self) -> int:
        """Deletes the calls to X that count in no window any more."""
        with self._context.db.transaction() as tx:
            if x_calls.clamp_future(tx):  # a clock set back must not make them count longer
                log.warning("the clock was set back: windows and rests that X named before are tried anew")
                rate_windows.delete_future(tx)
                lanes.end_window_rests(tx)
                tweet_holds.release_held_for_window(tx)
                for mock in (False, True):
                    wake_environment(self._context, tx, mock=mock)
            return x_calls.delete_older_than(tx, tx.now - MAX_WINDOW)

    def clamp_waits(self) -> None:
        """After the clock was set back no wait lasts longer than the longest that begins now."""
        with self._context.db.transaction() as tx:
            rest, probe = later(tx.now, LONGEST_REST), later(tx.now, LONGEST_PROBE_WAIT)
            check = later(tx.now, LONGEST_CHECK)
            changed = (
                lanes.clamp_future(
                    tx, rest=rest, window_rest=tx.now + MAX_WINDOW, lease=later(tx.now, backoff.LEASE_SECONDS)
                )
                + app_rests.clamp_future(tx, until=probe)
                + accounts.clamp_refresh_leases(tx, until=later(tx.now, tokens.LEASE_SECONDS))
                + attempts.clamp_future(
                    tx, started=earlier(tx.now, DAY), over=later(tx.now, decisions.CALL_SECONDS), check=check
                )
                + tweet_holds.clamp_future(tx, held=probe, check=check)
            )
            if changed:
                log.warning("the clock was set back: %s waits were shortened", changed)
                for mock in (False, True):
                    wake_environment(self._context, tx, mock=mock)

    def prune_workers(self) -> int:
        """Rows of other machines' workers that ended without signing off, after a day."""
        with self._context.db.transaction() as tx:
            return workers.delete_unseen_since(tx, earlier(tx.now, DAY))

    def prune_batches(self) -> int:
        """Batches of which nothing was accepted, after 30 days."""
        with self._context.db.transaction() as tx:
            return batches.delete_empty_older_than(tx, earlier(tx.now, REFUSALS_KEPT))

    def prune_deliveries(self) -> int:
        with self._context.db.transaction() as tx:
            return webhook_deliveries.delete_older_than(tx, earlier(tx.now, DELIVERIES_KEPT))

    def repair_lanes(self) -> int:
        """Repairs lanes that would be due too late. There should be none: each is a bug, and logged."""
        with self._context.db.transaction() as tx:
            wrong = lanes.list_due_too_late(tx)
            for account_id in wrong:
                log.error("lane %s was due too late; repaired", account_id)
                wake_lane(self._context, tx, account_id, tx.now)
        return len(wrong)
