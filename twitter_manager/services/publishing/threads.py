"""Threads: publishing one, resuming it after its last part at X, deleting it."""

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from twitter_manager.errors import Conflict, NotFound
from twitter_manager.models import UNSETTLED, Thread, Tweet
from twitter_manager.services import audit
from twitter_manager.services.context import Context
from twitter_manager.services.posts import Post, PublishRequest, named_in_thread
from twitter_manager.services.publishing.enqueue import (
    AccountCache,
    CheckedRequest,
    check_account,
    check_request,
    check_worker,
    enqueue,
    enqueue_problems,
)
from twitter_manager.services.publishing.slots import FreeSlots
from twitter_manager.services.publishing.thread_states import status_of_thread
from twitter_manager.services.publishing.tweets import Tweets
from twitter_manager.services.publishing.warnings import (
    PublishWarning,
    warnings_of_parts,
    warnings_of_texts,
    warnings_of_windows,
)
from twitter_manager.services.seats import Seats
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import attempts, idempotency_keys, threads
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.idempotency_keys import IdempotentCall
from twitter_manager.timestamps import later

__all__ = ["StartedThread", "Threads"]

DELETING_SECONDS = 180.0  # longer than the calls that one post takes: a renewal and the deletion, each twice


@dataclass(frozen=True, slots=True)
class StartedThread:
    thread: Thread
    warnings: Sequence[PublishWarning]


class Threads:
    def __init__(self, context: Context, tweets: Tweets, seats: Seats) -> None:
        self._context = context
        self._tweets = tweets
        self._seats = seats

    def publish(
        self, request: PublishRequest, others: Sequence[Post], *, idempotency: IdempotentCall | None = None
    ) -> StartedThread:
        """`request` is for the first part; each of the `others` replies to the one before it.

        Raises Invalid naming `tweets.<index>.<field>`, NotFound, Conflict, NotNow; on return it is on the disk.
        """
        posts = (request.post, *others)
        parts = [check_request(dataclasses.replace(request, post=post)) for post in posts]
        for index, part in enumerate(parts):
            for problem in part.problems:
                raise named_in_thread(problem, index)
        of_texts = warnings_of_texts(posts, is_thread=True)
        with self._context.db.transaction(account_id=request.account_id) as tx:
            idempotency_keys.check_free(tx, idempotency)
            cache, parts = AccountCache(tx), _in_slot(parts, FreeSlots(tx, tx.now))
            for problem in enqueue_problems(tx, parts[0], cache, tx.now):
                raise named_in_thread(problem)
            if parts[0].request.schedule_at is None:
                check_worker(tx, tx.now)
            warnings = [
                *of_texts,
                *warnings_of_parts(tx, parts, tx.now),
                *warnings_of_windows(tx, [part.request for part in parts], tx.now, mock=cache.mock),
            ]
            thread = self._insert(tx, parts)
            idempotency_keys.insert(tx, idempotency, subject_id=thread.id)
            audit.record(tx, "thread", thread.id, account_id=thread.account_id, counts={"tweets": len(parts)})
        return StartedThread(thread, warnings)

    def _insert(self, tx: Transaction, parts: Sequence[CheckedRequest]) -> Thread:
        first = parts[0].request
        thread = threads.insert(tx, account_id=first.account_id)
        for position, part in enumerate(parts, 1):
            enqueue(tx, part, thread_id=thread.id, position=position)
        wake_lane(self._context, tx, thread.account_id, first.schedule_at or tx.now)
        return thread

    def resume(self, thread_id: int, *, idempotency: IdempotentCall | None = None) -> None:
        """The thread goes on after its last part that is at X. Raises NotFound, Conflict, Invalid, NotNow."""
        with self._context.db.transaction(account_id=threads.get(self._context.db, thread_id).account_id) as tx:
            thread = threads.get(tx, thread_id)
            check_account(tx, thread.account_id)
            check_worker(tx, tx.now)
            if thread.deleting_until is not None and thread.deleting_until > tx.now:
                raise Conflict("thread_in_flight", retryable=True)
            if not threads.resume(tx, thread_id):
                status = status_of_thread(threads.list_parts(tx, thread_id))
                raise Conflict("thread_not_stopped", status=status)
            idempotency_keys.insert(tx, idempotency, subject_id=thread_id)
            wake_lane(self._context, tx, thread.account_id, tx.now)
            audit.record(tx, "thread", thread_id, account_id=thread.account_id)

    def delete(self, thread_id: int, *, from_x: bool) -> int:
        """Deletes the thread here, and with `from_x` its posts at X before that, the last part first.

        Returns how many posts were deleted at X. Raises NotFound; Conflict while a part is being sent (no further one
        goes out then); XRefused: what was deleted by then is deleted here, too; NotNow.
        """
        if from_x:
            with self._seats.taken():
                return self._delete_from_x(thread_id)
        with self._context.db.transaction(account_id=threads.get(self._context.db, thread_id).account_id) as tx:
            parts = _stop(tx, thread_id)
            is_gone = not _may_be_at_x_twice(tx, parts) and threads.delete(tx, thread_id, keep_posts=True)
        if not is_gone:  # it stays stopped
            raise Conflict("thread_in_flight", retryable=True)
        return 0

    def _delete_from_x(self, thread_id: int) -> int:
        account_id = threads.get(self._context.db, thread_id).account_id
        taken_down, is_gone = 0, False
        try:
            while not is_gone:  # a part may be posted meanwhile: then that post, too
                for tweet in self._posts_to_delete(thread_id, account_id):
                    self._extend_deleting(thread_id, account_id)
                    with suppress(NotFound):  # another caller deleted it meanwhile
                        self._tweets.delete(tweet.id, from_x=True)
                    taken_down += 1
                with self._context.db.transaction(account_id=account_id) as tx:
                    is_gone = threads.delete(tx, thread_id, keep_posts=False) or not threads.list_parts(tx, thread_id)
        finally:
            if not is_gone:
                with self._context.db.transaction(account_id=account_id) as tx:
                    threads.end_deleting(tx, thread_id)
        return taken_down

    def _posts_to_delete(self, thread_id: int, account_id: int) -> Sequence[Tweet]:
        """Stops the thread: the parts of it that are at X, the last one first."""
        with self._context.db.transaction(account_id=account_id) as tx:
            parts = _stop(tx, thread_id)
            in_flight = any(tweet.status in UNSETTLED for tweet in parts) or _may_be_at_x_twice(tx, parts)
        if in_flight:
            raise Conflict("thread_in_flight", retryable=True)
        return [tweet for tweet in reversed(parts) if tweet.twitter_id is not None]

    def _extend_deleting(self, thread_id: int, account_id: int) -> None:
        """Before each post. Raises Conflict when somebody resumed the thread, which needs the rest of its posts."""
        with self._context.db.transaction(account_id=account_id) as tx:
            until = later(tx.now, DELETING_SECONDS)
            if not threads.begin_deleting(tx, thread_id, until=until) and threads.list_parts(tx, thread_id):
                raise Conflict("thread_in_flight", retryable=True)


def _in_slot(parts: Sequence[CheckedRequest], free: FreeSlots) -> list[CheckedRequest]:
    """All of them at the one slot that a thread takes, if it wants one."""
    at = free.resolve(parts[0].request).schedule_at
    return [dataclasses.replace(part, request=dataclasses.replace(part.request, schedule_at=at)) for part in parts]


def _may_be_at_x_twice(q: Queries, parts: Sequence[Tweet]) -> bool:
    return attempts.is_second_post_possible(q, [tweet.id for tweet in parts])


def _stop(tx: Transaction, thread_id: int) -> Sequence[Tweet]:
    """No further part goes out; returns the parts. Raises NotFound."""
    thread = threads.get(tx, thread_id)
    threads.stop(tx, thread_id)
    audit.record(tx, "thread", thread_id, account_id=thread.account_id)
    return [part.tweet for part in threads.list_parts(tx, thread_id)]
