"""Publishing posts, and making pending tweets due. Nothing here calls X: the lane's worker does."""

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from twitter_manager.errors import Conflict
from twitter_manager.models import Tweet
from twitter_manager.services import audit
from twitter_manager.services.context import Context
from twitter_manager.services.posts import PublishRequest
from twitter_manager.services.publishing.enqueue import (
    AccountCache,
    check_account,
    check_request,
    check_worker,
    enqueue,
    enqueue_problems,
)
from twitter_manager.services.publishing.slots import FreeSlots
from twitter_manager.services.publishing.warnings import PublishWarning, warnings_of_texts, warnings_of_windows
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import idempotency_keys, tweet_states, tweets
from twitter_manager.storage.idempotency_keys import IdempotentCall

__all__ = ["Published", "Publishing"]


@dataclass(frozen=True, slots=True)
class Published:
    tweet: Tweet
    warnings: Sequence[PublishWarning]


class Publishing:
    def __init__(self, context: Context) -> None:
        self._context = context

    def publish(self, request: PublishRequest, *, idempotency: IdempotentCall | None = None) -> Published:
        """Raises Invalid, NotFound, Conflict, NotNow; on return the tweet is on the disk."""
        checked = check_request(request)
        for problem in checked.problems:
            raise problem
        with self._context.db.transaction(account_id=request.account_id) as tx:
            idempotency_keys.check_free(tx, idempotency)
            request = FreeSlots(tx, tx.now).resolve(request)
            checked, cache = dataclasses.replace(checked, request=request), AccountCache(tx)
            for problem in enqueue_problems(tx, checked, cache, tx.now):
                raise problem
            if request.schedule_at is None and not request.draft:
                check_worker(tx, tx.now)
            warnings = [
                *warnings_of_texts([request.post]),
                *warnings_of_windows(tx, [request], tx.now, mock=cache.mock),
            ]
            tweet = enqueue(tx, checked)
            idempotency_keys.insert(tx, idempotency, subject_id=tweet.id)
            if tweet.due_at is not None:
                wake_lane(self._context, tx, tweet.twitter_account_id, tweet.due_at)
            audit.record(tx, "tweet", tweet.id, account_id=tweet.twitter_account_id)
        return Published(tweet, warnings)

    def post_now(self, tweet_id: int, *, idempotency: IdempotentCall | None = None) -> None:
        """A pending tweet goes out before those merely due. Raises NotFound, Conflict, Invalid, NotNow."""
        with self._context.db.transaction(account_id=tweets.account_of(self._context.db, tweet_id)) as tx:
            tweet = tweets.get(tx, tweet_id)
            if tweet.status != "pending":
                raise Conflict("tweet_not_pending", status=tweet.status)
            check_account(tx, tweet.twitter_account_id)
            check_worker(tx, tx.now)
            if not tweet_states.make_due(tx, tweet_id, post_now=True):
                raise Conflict("part_waits")
            idempotency_keys.insert(tx, idempotency, subject_id=tweet_id)
            wake_lane(self._context, tx, tweet.twitter_account_id, tx.now)
            audit.record(tx, "tweet", tweet_id, account_id=tweet.twitter_account_id)

    def post_pending(self, account_id: int | None, *, among: Collection[int] | None = None) -> list[int]:
        """Makes every pending tweet of this environment (of one account, or of those `among`) due; returns their ids,
        in order.

        Raises NotFound, Conflict, Invalid, NotNow.
        """
        with self._context.db.transaction(account_id=account_id) as tx:
            if account_id is not None:
                check_account(tx, account_id)
            check_worker(tx, tx.now)
            due = tweet_states.make_pending_due(tx, among=among if account_id is None else [account_id])
            for each in sorted({tweet.twitter_account_id for tweet in due}):
                wake_lane(self._context, tx, each, tx.now)
            audit.record(tx, account_id=account_id, counts={"tweets": len(due)})
        return [tweet.id for tweet in due]
