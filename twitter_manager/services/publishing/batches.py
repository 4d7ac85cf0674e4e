"""Many posts in one call: each is taken or refused for itself, or all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import NotFound, ServiceError
from twitter_manager.models import Batch, Tweet
from twitter_manager.services.context import Context
from twitter_manager.services.posts import PublishRequest, problems_of_post
from twitter_manager.services.publishing.enqueue import check_worker, enqueue, enqueue_problems
from twitter_manager.services.rate_limits.forecast import PublishWarning, forecast, warnings_of_texts
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import batches, idempotency_keys
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.idempotency_keys import IdempotentCall
from twitter_manager.twitter.text.matching import canonical

__all__ = ["BatchItem", "Batches", "TakenBatch"]


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What became of one request: its tweet, or why it was refused."""

    request: PublishRequest
    tweet: Tweet | None
    refusal: ServiceError | None


@dataclass(frozen=True, slots=True)
class TakenBatch:
    """What became of all of them. `batch`: None where nothing was kept (a trial, or an atomic batch with a refusal):
    then none of the tweets exists."""

    batch: Batch | None
    posts: Sequence[BatchItem]
    warnings: Sequence[PublishWarning]


class _Undone(Exception):
    """Ends a transaction that is not to be kept; carries what it would have done."""

    def __init__(self, taken: TakenBatch) -> None:
        super().__init__()
        self.taken = taken


class Batches:
    """Takes batches."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def publish(
        self,
        requests: Sequence[PublishRequest],
        *,
        dry_run: bool = False,
        atomic: bool = False,
        idempotency: IdempotentCall | None = None,
    ) -> TakenBatch:
        """Takes what can be taken; with `atomic` everything or nothing; with `dry_run` says what would be taken.

        Raises NotFound for an account that does not exist, NotNow without a worker.
        """
        refusals = [next(problems_of_post(request.post), None) for request in requests]  # weighing texts needs no lock
        try:
            with self._context.db.transaction() as tx:
                idempotency_keys.check_free(tx, idempotency)
                if any(request.schedule_at is None and not request.draft for request in requests):
                    check_worker(tx, tx.now)
                batch = batches.insert(tx)
                posts = [
                    self._place(tx, index, request, refusals[index], batch.id) for index, request in enumerate(requests)
                ]
                taken = [post.request for post in posts if post.tweet]
                warnings = [
                    *_same_texts(taken),
                    *warnings_of_texts([request.post for request in taken]),
                    *forecast(tx, taken, tx.now, placed=True),
                ]
                if dry_run or (atomic and any(post.refusal for post in posts)):
                    raise _Undone(TakenBatch(None, [_undone(post, posts) for post in posts], warnings))
                idempotency_keys.insert(tx, idempotency, subject_id=batch.id)
                self._wake(tx, posts)
        except _Undone as undone:
            return undone.taken
        return TakenBatch(batch, posts, warnings)

    def _place(
        self, tx: Transaction, index: int, request: PublishRequest, refusal: ServiceError | None, batch_id: int
    ) -> BatchItem:
        try:
            problems = enqueue_problems(tx, request, tx.now, is_refused=refusal is not None)
            refusal = next(problems, None) or refusal
        except NotFound as error:
            error.field = f"tweets.{index}.account_id"
            raise
        if refusal is not None:
            return BatchItem(request, None, refusal)
        return BatchItem(request, enqueue(tx, request, batch_id=batch_id), None)

    def _wake(self, tx: Transaction, posts: Sequence[BatchItem]) -> None:
        due: dict[int, datetime] = {}
        for tweet in (post.tweet for post in posts):
            if tweet is not None and tweet.due_at is not None:
                due[tweet.twitter_account_id] = min(tweet.due_at, due.get(tweet.twitter_account_id, tweet.due_at))
        for account_id, moment in due.items():
            wake_lane(self._context, tx, account_id, moment)


def _undone(post: BatchItem, posts: Sequence[BatchItem]) -> BatchItem:
    """What is left of it when nothing is kept: an equal one of the same batch is not there either."""
    made = {each.tweet.id for each in posts if each.tweet}
    if post.refusal is not None and post.refusal.details.get("existing_post_id") in made:
        post.refusal.details = {}
    return post


def _same_texts(requests: Sequence[PublishRequest]) -> list[PublishWarning]:
    """X forbids what several accounts say in the same words."""
    first: dict[str, int] = {}
    for request in requests:
        if first.setdefault(canonical(request.post.text), request.account_id) != request.account_id:
            return [PublishWarning(code="same_text")]
    return []
