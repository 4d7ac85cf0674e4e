"""Many posts in one call: each is accepted or refused by itself, or all of them together."""

import dataclasses
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import ServiceError
from twitter_manager.models import Batch, Tweet
from twitter_manager.services import audit
from twitter_manager.services.context import Context
from twitter_manager.services.posts import PublishRequest
from twitter_manager.services.publishing.enqueue import (
    AccountCache,
    CheckedRequest,
    check_request,
    check_worker,
    enqueue,
    enqueue_problems,
)
from twitter_manager.services.publishing.slots import FreeSlots
from twitter_manager.services.publishing.validate import problem_to_json
from twitter_manager.services.publishing.warnings import (
    PublishWarning,
    warnings_of_accounts,
    warnings_of_texts,
    warnings_of_windows,
)
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import batches, idempotency_keys, tweet_states
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.idempotency_keys import IdempotentCall

__all__ = ["BatchItem", "BatchResult", "Batches", "UnreadableRow"]


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that is no valid request: its account, if it names one, and what is wrong with it."""

    account_id: int | None
    problems: Sequence[ServiceError]


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One row's tweet, or every reason for which it was refused."""

    account_id: int | None
    tweet: Tweet | None
    problems: Sequence[ServiceError] = ()
    request: PublishRequest | None = None  # with its time, where it was to take a slot


@dataclass(frozen=True, slots=True)
class BatchResult:
    """`batch`: None where nothing was stored (a dry run, or an atomic batch with a refusal): then none of the tweets
    exists."""

    batch: Batch | None
    posts: Sequence[BatchItem]
    warnings: Sequence[PublishWarning]


class _RolledBack(Exception):
    """Rolls a transaction back; carries what it would have done."""

    def __init__(self, result: BatchResult) -> None:
        super().__init__()
        self.result = result


class Batches:
    def __init__(self, context: Context) -> None:
        self._context = context

    def publish(
        self,
        rows: Sequence[PublishRequest | UnreadableRow],
        *,
        dry_run: bool = False,
        atomic: bool = False,
        api_key_id: int | None = None,
        idempotency: IdempotentCall | None = None,
    ) -> BatchResult:
        """Accepts what can be accepted; with `atomic` all or nothing; with `dry_run` only says what would be accepted.

        Raises NotNow without a worker.
        """
        # checking texts takes time and needs no lock
        checked = [row if isinstance(row, UnreadableRow) else check_request(row) for row in rows]
        try:
            with self._context.db.transaction(account_id=_accounts_of(checked)) as tx:
                idempotency_keys.check_free(tx, idempotency)
                batch = batches.insert(tx, api_key_id=api_key_id)
                cache, free = AccountCache(tx), FreeSlots(tx, tx.now)
                posts = [_enqueue_row(tx, cache, free, row, batch.id) for row in checked]
                accepted = [post.request for post in posts if post.request is not None]
                if any(request.schedule_at is None and not request.draft for request in accepted):
                    check_worker(tx, tx.now)
                warnings = [
                    *warnings_of_accounts(accepted),
                    *warnings_of_texts([request.post for request in accepted]),
                    *warnings_of_windows(tx, accepted, tx.now, mock=cache.mock, enqueued=True),
                ]
                if dry_run or (atomic and len(accepted) < len(posts)):
                    _clear_existing_ids(posts)
                    raise _RolledBack(BatchResult(None, posts, warnings))
                _store_refusals(tx, batch.id, posts)
                idempotency_keys.insert(tx, idempotency, subject_id=batch.id)
                self._wake(tx, posts)
                counts = {"tweets": len(accepted), "refused": len(posts) - len(accepted)}
                audit.record(tx, "batch", batch.id, account_id=_only_account(accepted), counts=counts)
        except _RolledBack as rollback:
            return rollback.result
        return BatchResult(batch, posts, warnings)

    def cancel(self, batch_id: int, *, among: Collection[int] | None = None) -> Sequence[int]:
        """Cancels what (of these accounts) is certainly not at X; returns these tweets' ids. Raises NotFound."""
        with self._context.db.transaction() as tx:
            batches.get(tx, batch_id)
            canceled = tweet_states.cancel_batch(tx, batch_id, among=among)
            audit.record(tx, "batch", batch_id, counts={"tweets": len(canceled)})
            tx.after_commit(lambda: self._context.notifier.notify_tweets(canceled))
        return canceled

    def _wake(self, tx: Transaction, posts: Sequence[BatchItem]) -> None:
        due: dict[int, datetime] = {}
        for tweet in (post.tweet for post in posts):
            if tweet is not None and tweet.due_at is not None:
                due[tweet.twitter_account_id] = min(tweet.due_at, due.get(tweet.twitter_account_id, tweet.due_at))
        for account_id, moment in due.items():
            wake_lane(self._context, tx, account_id, moment)


def _enqueue_row(
    tx: Transaction, cache: AccountCache, free: FreeSlots, row: CheckedRequest | UnreadableRow, batch_id: int
) -> BatchItem:
    if isinstance(row, UnreadableRow):
        return BatchItem(row.account_id, None, row.problems)
    account_id = row.request.account_id
    row = dataclasses.replace(row, request=free.resolve(row.request))
    problems = (*row.problems, *enqueue_problems(tx, row, cache, tx.now))
    if problems:
        return BatchItem(account_id, None, problems)
    tweet = enqueue(tx, row, batch_id=batch_id)
    free.fill(account_id, tweet.scheduled_at)
    return BatchItem(account_id, tweet, request=row.request)


def _accounts_of(checked: Sequence[CheckedRequest | UnreadableRow]) -> set[int]:
    return {row.request.account_id for row in checked if isinstance(row, CheckedRequest)}


def _only_account(accepted: Sequence[PublishRequest]) -> int | None:
    found = {request.account_id for request in accepted}
    return found.pop() if len(found) == 1 else None


def _store_refusals(tx: Transaction, batch_id: int, posts: Sequence[BatchItem]) -> None:
    last = 0
    for position, post in enumerate(posts):
        if post.tweet is not None:
            last = post.tweet.id
            continue
        batches.insert_refusal(
            tx,
            batch_id,
            position=position,
            account_id=post.account_id,
            # there may be one that the key does not see
            found=all(problem.code != "account_not_found" for problem in post.problems),
            after_tweet_id=last,
            problems=json.dumps([problem_to_json(problem) for problem in post.problems]),
        )


def _clear_existing_ids(posts: Sequence[BatchItem]) -> None:
    # rolled back: an equal tweet of the same batch does not exist either
    made = {post.tweet.id for post in posts if post.tweet}
    for problem in (problem for post in posts for problem in post.problems):
        if problem.details.get("existing_post_id") in made:
            problem.details = {}
