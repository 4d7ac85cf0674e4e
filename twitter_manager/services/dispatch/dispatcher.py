"""What a worker does next: claims the lane that is due first, and chooses the one task it needs first.

Everything up to the call is one transaction: claiming the lane, recovering lost attempts, choosing, and the intent.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from twitter_manager.crypto import SecretUnreadable
from twitter_manager.errors import StorageUnavailable
from twitter_manager.models import Account, Lane, Tweet
from twitter_manager.services import alerts
from twitter_manager.services.accounts.renewal import RenewalFailed
from twitter_manager.services.accounts.tokens import Tokens, deactivate_account
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch import app_pause, decisions
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.services.dispatch.look_after_restore import LookAfterRestore
from twitter_manager.services.dispatch.reconcile import ReconcileTimeline
from twitter_manager.services.dispatch.recovery import recover_lost
from twitter_manager.services.dispatch.send import SendTweet
from twitter_manager.services.rate_limits import limiter
from twitter_manager.storage import accounts, attempts, lanes, restored, threads, tweet_holds, tweet_queue, tweet_states
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.restored import Restored
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter.tweets import CREATE

__all__ = ["Dispatcher"]

MAX_LATE = 200  # late tweets in one transaction: callers who write wait for it

log = logging.getLogger("twitter_manager.services")


class RefreshToken(LaneTask):
    """Renews the account's token; the lane's next task uses it."""

    def __init__(self, context: Context, lane: Lane, account: Account, tokens: Tokens) -> None:
        super().__init__(context, lane)
        self._account = account
        self._tokens = tokens

    def run(self) -> None:
        if self.context.notifier.stopping.is_set():
            return  # the answer might be lost
        try:
            self._tokens.renew(self._account, patience=0)  # a thread that waits holds up other lanes
        except RenewalFailed as failure:
            self.finish(self._rest, failure)

    def _rest(self, tx: Transaction, failure: RenewalFailed) -> None:
        lanes.rest(tx, self.lane.account_id, until=failure.until, code=failure.code)
        held = tweet_holds.hold_due_of_account(tx, self.lane.account_id, error_code=failure.code, until=failure.until)
        tweet_states.postpone_checks(tx, self.lane.account_id, failure.until)
        if failure.code != "renewal_rate_limited":  # a limit is no failure
            alerts.note_failure(tx, alerts.of_account(self._account), code=failure.code, twitter_error=None)
        tx.after_commit(lambda: self.context.notifier.notify_tweets(held))


class Dispatcher:
    def __init__(self, context: Context, tokens: Tokens) -> None:
        self._context = context
        self._tokens = tokens
        self._nothing_restored = False  # accounts are marked only while no worker runs

    def claim_next(self, worker_id: str) -> LaneTask | None:
        """The next task that is due, its lane leased to `worker_id`; None: nothing is due now, or the service stops."""
        return next(iter(self.claim_up_to(1, worker_id)), None)

    def claim_up_to(self, limit: int, worker_id: str) -> Sequence[LaneTask]:
        """The next tasks that are due, each of another lane, with one commit for all of them; as `claim_next`."""
        while not self._context.notifier.stopping.is_set():
            tasks: list[LaneTask] = []
            lane: Lane | None = None
            try:
                with self._context.db.transaction(account_id=()) as tx:
                    while len(tasks) < limit and (lane := _claim(tx, worker_id)) is not None:
                        task = self._choose(tx, lane)
                        if task is None:
                            break  # the lane may be due again at once, with much to do before its next task
                        tasks.append(task)
                if tasks or lane is None:
                    return tasks
            except StorageUnavailable:
                raise
            except Exception:
                if lane is None:
                    raise
                log.exception("the next task of lane %s cannot be chosen; the others go on", lane.account_id)
                with self._context.db.transaction(account_id=lane.account_id) as tx:
                    lanes.postpone(tx, lane.account_id, later(tx.now, 60))
        return []

    def run_and_claim_next(self, task: LaneTask, worker_id: str) -> LaneTask | None:
        """Does the task; returns the next one that is due, claimed in the same commit. None: as `claim_next`, or
        that is left to find out."""
        return task.execute(lambda tx: self._claimed(tx, worker_id))

    def _claimed(self, tx: Transaction, worker_id: str) -> LaneTask | None:
        lane = None if self._context.notifier.stopping.is_set() else _claim(tx, worker_id)
        return None if lane is None else self._choose(tx, lane)

    def next_due(self) -> datetime | None:
        """When there will be something to do, as far as it is known now."""
        return lanes.next_due(self._context.db)

    def _choose(self, tx: Transaction, lane: Lane) -> LaneTask | None:
        """What the lane needs first; None: nothing, and it was released."""
        mark = self._restored(tx, lane)
        if mark is not None:
            return self._look_first(tx, lane, mark)
        unsettled, checks = tweet_queue.list_unsettled(tx, lane.account_id), attempts.list_to_check(tx, lane.account_id)
        if any(tweet.status == "posting" for tweet in unsettled) or any(each.outcome == "open" for each in checks):
            recover_lost(tx, lane.account_id)
            unsettled = tweet_queue.list_unsettled(tx, lane.account_id)
            checks = attempts.list_to_check(tx, lane.account_id)
        if self._expire_overdue(tx, lane):
            lanes.release(tx, lane.account_id, lane.lease or "")  # still due: it goes on the next time it is claimed
            return None
        account = accounts.get(tx, lane.account_id)
        times = [tweet.due_at for tweet in unsettled] + [attempt.check_at for attempt in checks]
        task = self._reconcile_task(tx, lane, account, times) or self._send_task(tx, lane, account, unsettled)
        if task is None:
            self._release_idle(tx, lane)
        return task

    def _restored(self, tx: Transaction, lane: Lane) -> Restored | None:
        if self._nothing_restored:
            return None
        self._nothing_restored = not restored.is_any(tx)
        return restored.find(tx, lane.account_id)

    def _look_first(self, tx: Transaction, lane: Lane, mark: Restored) -> LaneTask | None:
        """The database is an older copy: before anything is sent, what the account posted since is read."""
        account, task = accounts.get(tx, lane.account_id), None
        if mark.check_at <= tx.now:
            task = self._with_token(
                tx,
                lane,
                account,
                lambda token: LookAfterRestore(self._context, lane, account, token, began=tx.now, mark=mark),
                probe=False,
            )
        if task is None:
            due_at = lanes.release(tx, lane.account_id, lane.lease or "")
            if mark.check_at > tx.now:
                lanes.postpone(tx, lane.account_id, mark.check_at)
            elif due_at is not None:  # the account is lost: whoever brings it back wakes the lane
                lanes.postpone(tx, lane.account_id, later(tx.now, 60))
        return task

    def _reconcile_task(
        self, tx: Transaction, lane: Lane, account: Account, check_times: Sequence[datetime | None]
    ) -> LaneTask | None:
        if not any(moment is not None and moment <= tx.now for moment in check_times):
            return None
        return self._with_token(
            tx,
            lane,
            account,
            lambda token: ReconcileTimeline(self._context, lane, account, token, began=tx.now),
            probe=False,
        )

    def _send_task(self, tx: Transaction, lane: Lane, account: Account, unsettled: Sequence[Tweet]) -> LaneTask | None:
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
        """The send, unless the rate limit is used up: then the lane rests."""
        free_at = limiter.acquire(tx, account_id=account.id, mock=account.mock, endpoint=CREATE)
        if free_at is None:
            return SendTweet.begin(self._context, tx, lane, account, token, tweet)
        app_pause.release_probe(tx, mock=account.mock, began=tx.now)
        lanes.rest(tx, lane.account_id, until=free_at, code="rate_limit_exceeded")
        self._hold_due(tx, lane, code="rate_limit_exceeded", until=free_at)
        return None

    def _hold_due(self, tx: Transaction, lane: Lane, *, code: str, until: datetime) -> None:
        held = tweet_holds.hold_due_of_account(tx, lane.account_id, error_code=code, until=until)
        tx.after_commit(lambda: self._context.notifier.notify_tweets(held))

    def _is_taken_down(self, tx: Transaction, tweet: Tweet) -> bool:
        """Cancels the tweet, which is not at X, if it is a part of a thread that its owner is deleting."""
        return (
            tweet.thread_id is not None
            and threads.is_stopped(tx, tweet.thread_id)
            and tweet_states.cancel(tx, tweet.id)
        )

    def _expire_overdue(self, tx: Transaction, lane: Lane) -> bool:
        """Cancels or holds by late_policy what is over an hour late and was never tried. True: there is more."""
        before = earlier(tx.now, decisions.TOO_LATE_SECONDS)
        gone = tweet_holds.expire_overdue(tx, lane.account_id, before=before, limit=MAX_LATE)
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
        begin: Callable[[str], LaneTask | None],
        *,
        probe: bool = True,
    ) -> LaneTask | None:
        """`begin` with the account's token in clear; its renewal first where that is needed; None: no token.

        `probe`: the task is a send, which probes for the whole app while that rests.
        """
        if account.status != "active":
            code = account.error_code or f"account_{account.status}"
            self._deactivate(tx, account, account.status, code)
            return None
        if self._tokens.wants_renewal(account, tx.now):
            return RefreshToken(self._context, lane, account, self._tokens)
        try:
            token = self._tokens.open(account)
        except SecretUnreadable:
            log.error("the token of account %s cannot be decrypted: reconnect it", account.id)
            self._deactivate(tx, account, "failed", "token_unreadable")
            return None
        return begin(token) if not probe or app_pause.may_call(tx, mock=account.mock) else None

    def _deactivate(self, tx: Transaction, account: Account, status: str, code: str) -> None:
        deactivate_account(self._context, tx, account.id, status=status, code=code)

    def _release_idle(self, tx: Transaction, lane: Lane) -> None:
        # the lane must not be due again at once, or the worker would spin
        due_at = lanes.release(tx, lane.account_id, lane.lease or "")
        if due_at is not None and due_at <= tx.now:
            log.error("lane %s is due and has nothing to do", lane.account_id)
            lanes.postpone(tx, lane.account_id, later(tx.now, 1))


def _claim(tx: Transaction, worker_id: str) -> Lane | None:
    until = later(tx.now, LEASE_SECONDS)
    return lanes.claim(tx, lease=secrets.token_hex(8), until=until, worker_id=worker_id)
