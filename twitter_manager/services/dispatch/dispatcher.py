"""A turn of the worker: take the lane that is due first, and do the one thing it needs first.

Everything up to the call is one transaction: claiming the lane, seeing what was left behind, choosing, and the intent.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from twitter_manager.crypto import SecretUnreadable
from twitter_manager.errors import StorageUnavailable
from twitter_manager.models import Account, Lane, Tweet
from twitter_manager.services.accounts.renewal import RenewalFailed
from twitter_manager.services.accounts.tokens import Tokens, deactivate_account
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch import app_pause, decisions
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.services.dispatch.reconcile import ReconcileTimeline
from twitter_manager.services.dispatch.recovery import recover_lost
from twitter_manager.services.dispatch.send import SendTweet
from twitter_manager.services.rate_limits import limiter
from twitter_manager.storage import accounts, lanes, threads, tweet_holds, tweet_queue, tweet_states
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter.tweets import CREATE

__all__ = ["Dispatcher"]

MAX_LATE = 200  # so many late ones in one transaction: a caller who writes waits for it

log = logging.getLogger("twitter_manager.services")


class RefreshToken(LaneTask):
    """Renews the account's token; the lane's next turn uses it."""

    def __init__(self, context: Context, lane: Lane, account: Account, tokens: Tokens) -> None:
        super().__init__(context, lane)
        self._account = account
        self._tokens = tokens

    def run(self) -> None:
        """One renewal; where it failed, the lane rests. None begins at a stop: its answer might be lost."""
        if self.context.notifier.stopping.is_set():
            return
        try:
            self._tokens.renew(self._account, patience=0)  # who waits holds up other lanes
        except RenewalFailed as failure:
            self.finish(self._rest, failure)

    def _rest(self, tx: Transaction, failure: RenewalFailed) -> None:
        lanes.rest(tx, self.lane.account_id, until=failure.until, code=failure.code)
        held = tweet_holds.hold_due_of_account(tx, self.lane.account_id, error_code=failure.code, until=failure.until)
        tweet_states.postpone_checks(tx, self.lane.account_id, failure.until)
        tx.after_commit(lambda: self.context.notifier.notify_tweets(held))


class Dispatcher:
    """Gives a worker one step after the other."""

    def __init__(self, context: Context, tokens: Tokens) -> None:
        self._context = context
        self._tokens = tokens

    def claim_next(self, worker_id: str) -> LaneTask | None:
        """The next step that is due, its lane leased to `worker_id`; None: nothing is due now, or the service stops."""
        while not self._context.notifier.stopping.is_set():
            lane: Lane | None = None
            try:
                with self._context.db.transaction() as tx:
                    lane = _claim(tx, worker_id)
                    if lane is None:
                        return None
                    step = self._choose(tx, lane)
                if step is not None:
                    return step
            except StorageUnavailable:
                raise
            except Exception:
                if lane is None:
                    raise
                log.exception("lane %s cannot take its turn; the others go on", lane.account_id)
                with self._context.db.transaction() as tx:
                    lanes.postpone(tx, lane.account_id, later(tx.now, 60))
        return None

    def run_and_claim_next(self, step: LaneTask, worker_id: str) -> LaneTask | None:
        """Does the step; returns the next one that is due, taken in the same commit. None: as `next`, or it is left
        to `next` to find out."""
        return step.execute(lambda tx: self._claimed(tx, worker_id))

    def _claimed(self, tx: Transaction, worker_id: str) -> LaneTask | None:
        lane = None if self._context.notifier.stopping.is_set() else _claim(tx, worker_id)
        return None if lane is None else self._choose(tx, lane)

    def next_due(self) -> datetime | None:
        """When there will be something to do, as far as it is known now."""
        return lanes.next_due(self._context.db)

    def _choose(self, tx: Transaction, lane: Lane) -> LaneTask | None:
        """What the lane needs first; None: nothing, and it was given back."""
        unsettled = tweet_queue.list_unsettled(tx, lane.account_id)
        if any(tweet.status == "posting" for tweet in unsettled):
            recover_lost(tx, lane.account_id)
            unsettled = tweet_queue.list_unsettled(tx, lane.account_id)
        if self._expire_overdue(tx, lane):
            lanes.release(tx, lane.account_id, lane.lease or "")  # still due: it goes on at its next turn
            return None
        account = accounts.get(tx, lane.account_id)
        step = self._look(tx, lane, account, unsettled) or self._send(tx, lane, account, unsettled)
        if step is None:
            self._release_idle(tx, lane)
        return step

    def _look(self, tx: Transaction, lane: Lane, account: Account, unsettled: Sequence[Tweet]) -> LaneTask | None:
        if not any(tweet.due_at is not None and tweet.due_at <= tx.now for tweet in unsettled):
            return None
        return self._with_token(
            tx,
            lane,
            account,
            lambda token: ReconcileTimeline(self._context, lane, account, token, began=tx.now),
            probe=False,
        )

    def _send(self, tx: Transaction, lane: Lane, account: Account, unsettled: Sequence[Tweet]) -> LaneTask | None:
        if unsettled and lanes.count_unsettled(tx, lane.account_id) >= lanes.MAX_UNSETTLED:
            return None
        tweet = tweet_queue.next_to_send(tx, lane.account_id)
        while tweet is not None and self._is_taken_down(tx, tweet):
            tweet = tweet_queue.next_to_send(tx, lane.account_id)
        if tweet is None:
            return None
        if lane.rest_until is not None and lane.rest_until > tx.now:
            self._hold_due(tx, lane, code=lane.rest_code or "x_unclear", until=lane.rest_until)
            return None
        chosen = tweet
        return self._with_token(tx, lane, account, lambda token: self._begin(tx, lane, account, token, chosen))

    def _begin(self, tx: Transaction, lane: Lane, account: Account, token: str, tweet: Tweet) -> LaneTask | None:
        """The send, unless the account has called X as often as it may: then the lane rests."""
        free_at = limiter.acquire(tx, account_id=account.id, mock=account.mock, endpoint=CREATE)
        if free_at is None:
            return SendTweet.begin(self._context, tx, lane, account, token, tweet)
        app_pause.give_back_probe(tx, mock=account.mock, began=tx.now)
        lanes.rest(tx, lane.account_id, until=free_at, code="rate_limit_exceeded")
        self._hold_due(tx, lane, code="rate_limit_exceeded", until=free_at)
        return None

    def _hold_due(self, tx: Transaction, lane: Lane, *, code: str, until: datetime) -> None:
        held = tweet_holds.hold_due_of_account(tx, lane.account_id, error_code=code, until=until)
        tx.after_commit(lambda: self._context.notifier.notify_tweets(held))

    def _is_taken_down(self, tx: Transaction, tweet: Tweet) -> bool:
        """Whether it is a part of a thread whose owner takes it down: found not to be at X, it is canceled."""
        return (
            tweet.thread_id is not None
            and threads.is_stopped(tx, tweet.thread_id)
            and tweet_states.cancel(tx, tweet.id)
        )

    def _expire_overdue(self, tx: Transaction, lane: Lane) -> bool:
        """Cancels or holds what its owners do not want so late. What was tried once goes out. True: there is more."""
        before = earlier(tx.now, decisions.TOO_LATE_SECONDS)
        gone = tweet_holds.expire_overdue(tx, lane.account_id, before=before, most=MAX_LATE)
        for tweet in gone:
            if tweet.status == "canceled" and tweet.thread_id is not None:
                threads.cancel_unsent(tx, tweet.thread_id, error_code=tweet.error_code)
        if gone:
            tx.after_commit(lambda: self._context.notifier.notify_tweets([tweet.id for tweet in gone]))
        return len(gone) == MAX_LATE

    def _with_token(
        self,
        tx: Transaction,
        lane: Lane,
        account: Account,
        step: Callable[[str], LaneTask | None],
        *,
        probe: bool = True,
    ) -> LaneTask | None:
        """The step with the account's token in clear; its renewal first where that is needed; None: no token.

        `probe`: the step is a send, which tries for the whole app if that rests.
        """
        if account.status != "active":
            code = account.error_code or f"account_{account.status}"
            self._lose(tx, account, account.status, code)
            return None
        if self._tokens.wants_renewal(account, tx.now):
            return RefreshToken(self._context, lane, account, self._tokens)
        try:
            token = self._tokens.open(account)
        except SecretUnreadable:
            log.error("the token of account %s cannot be decrypted: reconnect it", account.id)
            self._lose(tx, account, "failed", "token_unreadable")
            return None
        return step(token) if not probe or app_pause.may_call(tx, mock=account.mock) else None

    def _lose(self, tx: Transaction, account: Account, status: str, code: str) -> None:
        deactivate_account(self._context, tx, account.id, status=status, code=code)

    def _release_idle(self, tx: Transaction, lane: Lane) -> None:
        """Gives back a lane that had nothing to do; it must not be due at once again, or the worker would spin."""
        due_at = lanes.release(tx, lane.account_id, lane.lease or "")
        if due_at is not None and due_at <= tx.now:
            log.error("lane %s is due and has nothing to do", lane.account_id)
            lanes.postpone(tx, lane.account_id, later(tx.now, 1))


def _claim(tx: Transaction, worker_id: str) -> Lane | None:
    until = later(tx.now, LEASE_SECONDS)
    return lanes.claim(tx, lease=secrets.token_hex(8), until=until, worker_id=worker_id)
