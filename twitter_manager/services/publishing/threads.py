"""Threads: taking one, going on behind the last part that is out, taking it down."""

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import Conflict, NotFound
from twitter_manager.models import UNSETTLED, Thread
from twitter_manager.services.context import Context
from twitter_manager.services.posts import Post, PublishRequest, named_in_thread, problems_of_post
from twitter_manager.services.publishing.enqueue import (
    check_account,
    check_worker,
    enqueue,
    enqueue_problems,
    wake_lanes,
)
from twitter_manager.services.publishing.thread_states import status_of_thread
from twitter_manager.services.publishing.tweets import Tweets
from twitter_manager.services.rate_limits.forecast import PublishWarning, forecast
from twitter_manager.storage import accounts, idempotency_keys, threads
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.idempotency_keys import IdempotentCall

__all__ = ["StartedThread", "Threads"]


@dataclass(frozen=True, slots=True)
class StartedThread:
    """A thread that was taken, and what its owner should know."""

    thread: Thread
    warnings: Sequence[PublishWarning]


class Threads:
    """What an owner does with threads."""

    def __init__(self, context: Context, tweets: Tweets) -> None:
        self._context = context
        self._tweets = tweets

    def publish(
        self, request: PublishRequest, others: Sequence[Post], *, idempotency: IdempotentCall | None = None
    ) -> StartedThread:
        """Takes a thread: `request` for its first part, the `others` answer each other after it.

        Raises Invalid naming `tweets.<index>.<field>`, NotFound, Conflict, NotNow; on return it is on the disk.
        """
        for index, post in enumerate((request.post, *others)):
            for problem in problems_of_post(post):
                raise named_in_thread(problem, index)
        with self._context.db.transaction() as tx:
            idempotency_keys.check_free(tx, idempotency)
            for problem in enqueue_problems(tx, request, tx.now):
                raise named_in_thread(problem)
            if request.schedule_at is None:
                check_worker(tx, tx.now)
            requests = [request, *(dataclasses.replace(request, post=post) for post in others)]
            warnings = forecast(tx, requests, tx.now)
            thread = self._insert(tx, requests)
            idempotency_keys.insert(tx, idempotency, subject_id=thread.id)
        return StartedThread(thread, warnings)

    def _insert(self, tx: Transaction, requests: Sequence[PublishRequest]) -> Thread:
        thread = threads.insert(tx, account_id=requests[0].account_id)
        for position, request in enumerate(requests, 1):
            enqueue(tx, request, thread_id=thread.id, position=position)
        self._wake(tx, thread.account_id, requests[0].schedule_at or tx.now)
        return thread

    def resume(self, thread_id: int, *, idempotency: IdempotentCall | None = None) -> None:
        """The thread goes on behind its last part that is at X. Raises NotFound, Conflict, Invalid, NotNow."""
        with self._context.db.transaction() as tx:
            thread = threads.get(tx, thread_id)
            check_account(tx, accounts.get(tx, thread.account_id))
            check_worker(tx, tx.now)
            if not threads.resume(tx, thread_id):
                status = status_of_thread(threads.list_parts(tx, thread_id))
                raise Conflict("thread_not_stopped", status=status)
            idempotency_keys.insert(tx, idempotency, subject_id=thread_id)
            self._wake(tx, thread.account_id, tx.now)

    def delete(self, thread_id: int, *, from_x: bool) -> int:
        """Deletes the thread here, and with `from_x` what is out at X first, the last part first.

        Returns how many posts were taken down. Raises NotFound; Conflict while a part is on its way (no further one
        goes out then); XRefused: what was taken down by then is gone here, too.
        """
        with self._context.db.transaction() as tx:
            threads.get(tx, thread_id)
            threads.stop(tx, thread_id)
            parts = threads.list_parts(tx, thread_id)
        if any(part.tweet.status in UNSETTLED for part in parts):
            raise Conflict("thread_in_flight", retryable=True)
        out = [part.tweet for part in reversed(parts) if part.tweet.twitter_id is not None]
        for tweet in out if from_x else ():
            with suppress(NotFound):  # somebody else takes it down, too
                self._tweets.delete(tweet.id, from_x=True)
        with self._context.db.transaction() as tx:
            if not threads.delete(tx, thread_id) and threads.list_parts(tx, thread_id):
                raise Conflict("thread_in_flight", retryable=True)
        return len(out) if from_x else 0

    def _wake(self, tx: Transaction, account_id: int, due_at: datetime) -> None:
        wake_lanes(tx, {account_id}, due_at)
        tx.after_commit(self._context.notifier.wake)
