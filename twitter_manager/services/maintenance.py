"""What is done on a clock: the worker's beat, dead workers reaped, expired rows deleted, due times checked."""

import logging
from datetime import datetime
from typing import Protocol

from twitter_manager.services import backoff
from twitter_manager.services.accounts import tokens
from twitter_manager.services.accounts.connect import STATE_SECONDS
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch import decisions
from twitter_manager.services.dispatch.recovery import reap_worker
from twitter_manager.services.wakeup import hold_for_resting_app, hold_for_resting_lane, wake_environment, wake_lane
from twitter_manager.services.webhooks import deliveries
from twitter_manager.storage import (
    account_tokens,
    app_rests,
    attempts,
    audit,
    batches,
    idempotency_keys,
    lanes,
    oauth_states,
    rate_windows,
    restored,
    service_state,
    tweet_holds,
    webhook_deliveries,
    webhooks,
    workers,
    x_calls,
)
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter.rate_limits import MAX_WINDOW

__all__ = ["Maintenance"]

DAY = 86_400.0
DELIVERIES_KEPT = 30 * DAY
REFUSALS_KEPT = 30 * DAY
SILENCE_OF_THE_DEAD = 10.0  # a worker beats every 3 s
AUDIT_KEPT = 90 * DAY
MAX_PRUNED = 1000  # in one transaction: other writers wait for it
MAX_PIECES = 20  # one after the other: the beat waits for them
MAX_REST = 1800.0  # of a lane, unless X named a time
MAX_PROBE_WAIT = 3600.0  # of the app
MAX_CHECK = 300.0  # unless X named a time

log = logging.getLogger("twitter_manager.services")


class _Delete(Protocol):
    """Deletes up to `limit` rows from before `moment`; returns how many."""

    def __call__(self, tx: Transaction, moment: datetime, *, limit: int) -> int: ...


class Maintenance:
    """Small jobs; each may run at any time and any number of times."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def beat(self, *, worker_id: str, host: str) -> None:
        with self._context.db.transaction(account_id=()) as tx:
            workers.beat(tx, worker_id=worker_id, host=host)

    def hold_for_rests(self) -> None:
        """Holds what became due while X refuses the whole app, or while its lane rests."""
        db = self._context.db
        mock = service_state.mock_mode(db)
        if app_rests.find(db, mock=mock) is not None:
            with db.transaction() as tx:
                hold_for_resting_app(self._context, tx, mock=mock)
        resting = {lane.account_id for lane in lanes.list_resting_with_due(db, now=self._context.clock())}
        if resting:
            with db.transaction(account_id=resting) as tx:
                for lane in lanes.list_resting_with_due(tx, now=tx.now):
                    if lane.account_id in resting:
                        hold_for_resting_lane(self._context, tx, lane)

    def sign_off(self, worker_id: str) -> None:
        """The worker must have no lane any more."""
        with self._context.db.transaction(account_id=()) as tx:
            workers.delete(tx, worker_id)

    def reap_dead_workers(self, *, worker_id: str, host: str) -> int:
        """Frees the lanes of dead workers; returns how many there were. A frozen one holds its lock, and is not dead.

        Where a lock can be lost without its worker, that one must have been silent for some beats, too; and its calls
        to X may still be going on.
        """
        db, reaped = self._context.db, 0
        locks, silent = db.worker_locks, earlier(self._context.clock(), SILENCE_OF_THE_DEAD)
        for other in workers.list_others(db, but=worker_id):
            if (other.host != host) if locks.only_this_machine else (other.seen_at > silent):
                continue
            with locks.taken_over(other.id) as is_free:
                if is_free:
                    with db.transaction() as tx:
                        reap_worker(tx, other.id, certainly_dead=locks.only_this_machine)
                    reaped += 1
        if reaped:
            self._context.notifier.wake()
        return reaped

    def prune_oauth_states(self) -> int:
        return self._prune(oauth_states.delete_older_than, STATE_SECONDS)

    def prune_idempotency_keys(self) -> int:
        return self._prune(idempotency_keys.delete_older_than, idempotency_keys.RETENTION_SECONDS)

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
        return self._prune(x_calls.delete_older_than, MAX_WINDOW.total_seconds())

    def clamp_waits(self) -> None:
        """After the clock was set back no wait lasts longer than the longest that begins now."""
        with self._context.db.transaction() as tx:
            rest, probe = later(tx.now, MAX_REST), later(tx.now, MAX_PROBE_WAIT)
            check = later(tx.now, MAX_CHECK)
            changed = (
                lanes.clamp_future(
                    tx, rest=rest, window_rest=tx.now + MAX_WINDOW, lease=later(tx.now, backoff.LEASE_SECONDS)
                )
                + app_rests.clamp_future(tx, until=probe)
                + account_tokens.clamp_refresh_leases(tx, until=later(tx.now, tokens.LEASE_SECONDS))
                + attempts.clamp_future(
                    tx, started=earlier(tx.now, DAY), over=later(tx.now, decisions.CALL_SECONDS), check=check
                )
                + tweet_holds.clamp_future(tx, held=probe, check=check)
                + webhook_deliveries.clamp_future(tx, latest=later(tx.now, max(deliveries.PAUSES)))
                + webhooks.clamp_future(
                    tx, lease=later(tx.now, deliveries.LEASE_SECONDS), rest=later(tx.now, deliveries.MAX_REST)
                )
            )
            if changed:
                log.warning("the clock was set back: %s waits were shortened", changed)
                for mock in (False, True):
                    wake_environment(self._context, tx, mock=mock)

    def prune_workers(self) -> int:
        """Rows of other machines' workers that ended without signing off, after a day."""
        with self._context.db.transaction(account_id=()) as tx:
            return workers.delete_unseen_since(tx, earlier(tx.now, DAY))

    def prune_batches(self) -> int:
        """Batches of which nothing was accepted, after 30 days."""
        return self._prune(
            batches.delete_empty_older_than, REFUSALS_KEPT, rows_each=100
        )  # up to 1,000 refused rows each

    def prune_deliveries(self) -> int:
        return self._prune(webhook_deliveries.delete_older_than, DELIVERIES_KEPT)

    def prune_audit(self) -> int:
        return self._prune(audit.delete_older_than, AUDIT_KEPT)

    def _prune(self, delete: _Delete, age: float, *, rows_each: int = 1) -> int:
        """Some thousands in short transactions; what is left is deleted a minute later."""
        limit, pruned = max(1, MAX_PRUNED // rows_each), 0
        for _ in range(MAX_PIECES):
            with self._context.db.transaction(account_id=()) as tx:
                deleted = delete(tx, earlier(tx.now, age), limit=limit)
            pruned += deleted
            if deleted < limit:
                break
        return pruned

    def repair_lanes(self) -> int:
        """Repairs lanes that would be due too late. There should be none: each is a bug, and logged."""
        db = self._context.db
        late = lanes.list_due_too_late(db, now=self._context.clock())
        # a lane whose account is looked for after a restore is due for that alone
        wrong = [each for each in late if restored.find(db, each) is None]
        for account_id in wrong:
            with db.transaction(account_id=account_id) as tx:
                log.error("lane %s was due too late; repaired", account_id)
                wake_lane(self._context, tx, account_id, tx.now)
        return len(wrong)
