"""Creating tweets and making them due. Nothing here calls X: the lane's worker does."""

from collections.abc import Sequence
from dataclasses import dataclass

from twitter_manager.errors import Conflict
from twitter_manager.models import Tweet
from twitter_manager.services.context import Context
from twitter_manager.services.posts import PublishRequest, check_text, fingerprint
from twitter_manager.services.publishing.enqueue import (
    AccountCache,
    check_account,
    check_request,
    check_worker,
    enqueue,
    enqueue_problems,
)
from twitter_manager.services.rate_limits.forecast import PublishWarning, forecast, warnings_of_texts
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import accounts, attempts, idempotency_keys, tweet_states, tweets
from twitter_manager.storage.idempotency_keys import IdempotentCall
from twitter_manager.storage.tweets import NewTweet

__all__ = ["Published", "Publishing"]


@dataclass(frozen=True, slots=True)
class Published:
    tweet: Tweet
    warnings: Sequence[PublishWarning]


class Publishing:
    def __init__(self, context: Context) -> None:
        self._context = context

    def create(self, *, account_id: int, text: str, idempotency: IdempotentCall | None = None) -> Tweet:
        """A pending tweet without a due time. Raises Invalid, NotFound, Conflict; on return it is on the disk."""
        check_text(text)
        with self._context.db.transaction() as tx:
            account = accounts.get(tx, account_id)
            check_account(tx, account)
            new = NewTweet(account_id=account.id, content=text, fingerprint=fingerprint(text))
            tweet = tweets.insert(tx, new)
            idempotency_keys.insert(tx, idempotency, subject_id=tweet.id)
        return tweet

    def publish(self, request: PublishRequest, *, idempotency: IdempotentCall | None = None) -> Published:
        """Raises Invalid, NotFound, Conflict, NotNow; on return the tweet is on the disk."""
        checked = check_request(request)
        for problem in checked.problems:
            raise problem
        with self._context.db.transaction() as tx:
            idempotency_keys.check_free(tx, idempotency)
            cache = AccountCache(tx)
            for problem in enqueue_problems(tx, checked, cache, tx.now):
                raise problem
            if request.schedule_at is None and not request.draft:
                check_worker(tx, tx.now)
            warnings = [*warnings_of_texts([request.post]), *forecast(tx, [request], tx.now, mock=cache.mock)]
            tweet = enqueue(tx, checked)
            idempotency_keys.insert(tx, idempotency, subject_id=tweet.id)
            if tweet.due_at is not None:
                wake_lane(self._context, tx, tweet.twitter_account_id, tweet.due_at)
        return Published(tweet, warnings)

    def post_now(self, tweet_id: int, *, idempotency: IdempotentCall | None = None) -> None:
        """A pending tweet goes out before those merely due. Raises NotFound, Conflict, Invalid, NotNow."""
        with self._context.db.transaction() as tx:
            tweet = tweets.get(tx, tweet_id)
            if tweet.status != "pending":
                raise Conflict("tweet_not_pending", status=tweet.status)
            check_account(tx, accounts.get(tx, tweet.twitter_account_id))
            check_worker(tx, tx.now)
            if not tweet_states.make_due(tx, tweet_id, post_now=True):
                raise Conflict("part_waits")
            idempotency_keys.insert(tx, idempotency, subject_id=tweet_id)
            wake_lane(self._context, tx, tweet.twitter_account_id, tx.now)

    def post_pending(self, account_id: int | None) -> list[int]:
        """Makes every pending tweet of this environment (of one account, if given) due; returns their ids, in order.

        Raises NotFound, Conflict, Invalid, NotNow.
        """
        with self._context.db.transaction() as tx:
            if account_id is not None:
                check_account(tx, accounts.get(tx, account_id))
            check_worker(tx, tx.now)
            due = tweet_states.make_pending_due(tx, account_id)
            for each in sorted({tweet.twitter_account_id for tweet in due}):
                wake_lane(self._context, tx, each, tx.now)
        return [tweet.id for tweet in due]

    def resolve(self, tweet_id: int, *, twitter_id: str | None, idempotency: IdempotentCall | None = None) -> Tweet:
        """The owner's decision on an unconfirmed tweet: at X as `twitter_id`, or (None) not there: then it goes out.

        Raises NotFound, Conflict.
        """
        with self._context.db.transaction() as tx:
            tweet = tweets.get(tx, tweet_id)
            attempt = attempts.find_unsettled(tx, tweet_id)
            if tweet.status != "unconfirmed" or not tweet.needs_decision:
                raise Conflict("tweet_not_unconfirmed", status=tweet.status)
            if twitter_id is None:
                if attempt is not None:
                    attempts.close(tx, attempt.id, outcome="absent", over_at=tx.now, error_code="owners_word")
                tweet_states.send_again(tx, tweet_id)
            else:
                if tweets.adopted_ids(tx, tweet.twitter_account_id, [twitter_id]):
                    raise Conflict("twitter_id_taken", field="twitter_id")
                tweet_states.mark_posted(tx, tweet_id, twitter_id=twitter_id, posted_at=tx.now)
                if attempt is not None:
                    attempts.record_posted(tx, attempt.id, twitter_id=twitter_id, http_status=None)
            idempotency_keys.insert(tx, idempotency, subject_id=tweet_id)
            wake_lane(self._context, tx, tweet.twitter_account_id, tx.now)
        return tweets.get(self._context.db, tweet_id)
