"""What an owner does with stored tweets: change, cancel, retry, delete here and at X, clean up."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import Conflict, Invalid, XRefused
from twitter_manager.models import UNSETTLED, Tweet
from twitter_manager.services.accounts.renewal import RenewalFailed, renewal_refused
from twitter_manager.services.accounts.tokens import Tokens
from twitter_manager.services.context import Context
from twitter_manager.services.posts import check_schedule, check_text, reworded
from twitter_manager.services.publishing.enqueue import check_account
from twitter_manager.services.rate_limits import limiter
from twitter_manager.services.seats import Seats
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import accounts, idempotency_keys, threads, tweet_cleanup, tweet_states, tweets
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.idempotency_keys import IdempotentCall
from twitter_manager.storage.tweet_cleanup import CleanUp
from twitter_manager.twitter import tweets as x_tweets
from twitter_manager.twitter.errors import RateLimited, XError

__all__ = ["Change", "CleanedUp", "Tweets"]

MAX_DELETED = 1000  # in one transaction: other writers wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """None: leave it. `status`: 'pending' or 'canceled'. `unschedule`: its time is removed, and a tweet that waited for
    it becomes a draft."""

    text: str | None = None
    schedule_at: datetime | None = None
    unschedule: bool = False
    status: str | None = None


@dataclass(frozen=True, slots=True)
class CleanedUp:
    """How many tweets were deleted, and how many were skipped since they are being sent."""

    deleted: int
    skipped: int


class Tweets:
    def __init__(self, context: Context, tokens: Tokens, seats: Seats) -> None:
        self._context = context
        self._tokens = tokens
        self._seats = seats

    def change(self, tweet_id: int, change: Change) -> Tweet:
        """Raises NotFound, Invalid, Conflict: also for a tweet that may be at X."""
        if change.text is not None:
            check_text(change.text)
        with self._context.db.transaction() as tx:
            tweet = tweets.get(tx, tweet_id)
            check_account(tx, accounts.get(tx, tweet.twitter_account_id))
            status, scheduled_at, due_at = _status_and_times(tweet, change, tx.now)
            text = tweet.content if change.text is None else change.text
            changed = tweet_states.edit(
                tx,
                tweet_id,
                content=text,
                fingerprint=reworded(tweet, text),
                status=status,
                scheduled_at=scheduled_at,
                due_at=due_at,
            )
            if not changed:
                raise Conflict("tweet_not_editable", status=tweet.status)
            if due_at is not None:
                wake_lane(self._context, tx, tweet.twitter_account_id, due_at)
            if tweet.thread_id is not None:
                self._change_thread(tx, tweet.thread_id, tweet, change)
        return tweets.get(self._context.db, tweet_id)

    def retry(self, tweet_id: int, *, text: str | None, idempotency: IdempotentCall | None = None) -> Tweet:
        """A failed tweet goes out again; its attempts are kept. Raises NotFound, Invalid, Conflict."""
        if text is not None:
            check_text(text)
        with self._context.db.transaction() as tx:
            tweet = tweets.get(tx, tweet_id)
            idempotency_keys.insert(tx, idempotency, subject_id=tweet_id)
            check_account(tx, accounts.get(tx, tweet.twitter_account_id))
            content = tweet.content if text is None else text
            new_fingerprint = reworded(tweet, content)
            if not tweet_states.retry(tx, tweet_id, content=content, fingerprint=new_fingerprint):
                raise Conflict("tweet_not_failed", status=tweet.status)
            wake_lane(self._context, tx, tweet.twitter_account_id, tx.now)
        return tweets.get(self._context.db, tweet_id)

    def delete(self, tweet_id: int, *, from_x: bool) -> None:
        """Deletes the row, and with `from_x` the post at X before that; a thread goes on without it.

        Raises NotFound, Conflict, SlowDown, XRefused, NotNow.
        """
        with self._seats.taken() if from_x else nullcontext():
            while not self._delete(tweet_id, from_x=from_x):
                pass  # it was posted meanwhile: delete that post, too

    def _delete(self, tweet_id: int, *, from_x: bool) -> bool:
        """False where the tweet changed after it was read."""
        tweet = tweets.get(self._context.db, tweet_id)
        if tweet.status in UNSETTLED:
            raise Conflict("tweet_in_flight", status=tweet.status)
        if from_x and threads.is_being_answered(self._context.db, tweet):
            raise Conflict("thread_in_flight", retryable=True)  # the next part would reply to nothing
        if from_x:
            for post_id in (tweet.twitter_id, tweet.twin_twitter_id):
                if post_id is not None:
                    self._delete_at_x(tweet, post_id)
        with self._context.db.transaction() as tx:
            if not tweet_cleanup.delete(tx, tweet):
                return False
            self._close_gap(tx, tweet, taken_down=from_x)
        return True

    def clean_up(self, which: CleanUp) -> CleanedUp:
        """Deletes the tweets that meet every criterion, except those being sent. Raises NotFound; Invalid without any
        criterion, unless `everything` is set."""
        if not which.everything and not which.narrows:
            raise Invalid("no_criterion")
        if which.account_id is not None:
            accounts.get(self._context.db, which.account_id)
        deleted = last = 0
        while True:
            with self._context.db.transaction() as tx:
                gone = tweet_cleanup.list_to_delete(tx, which, after=last, most=MAX_DELETED)
                self._delete_many(tx, gone)
                deleted += len(gone)
                if len(gone) < MAX_DELETED:
                    return CleanedUp(deleted, tweet_cleanup.count_on_their_way(tx, which))
                last = gone[-1].id

    def _delete_many(self, tx: Transaction, gone: Sequence[Tweet]) -> None:
        tweet_cleanup.delete_many(tx, [tweet.id for tweet in gone])
        for part in sorted(gone, key=lambda tweet: tweet.position or 0, reverse=True):
            self._close_gap(tx, part, taken_down=False)

    def _change_thread(self, tx: Transaction, thread_id: int, part: Tweet, change: Change) -> None:
        """Moves the parts after it along, and wakes it if the previous part is at X."""
        if change.schedule_at is not None and part.position == 1:
            threads.reschedule(tx, thread_id, change.schedule_at)
        if change.status == "pending" and threads.chain(tx, thread_id):
            wake_lane(self._context, tx, part.twitter_account_id, tx.now)

    def _close_gap(self, tx: Transaction, gone: Tweet, *, taken_down: bool) -> None:
        if gone.thread_id is not None:
            threads.close_gap(tx, gone, taken_down=taken_down)
            wake_lane(self._context, tx, gone.twitter_account_id, gone.due_at or tx.now)

    def _delete_at_x(self, tweet: Tweet, post_id: str) -> None:
        account = accounts.get(self._context.db, tweet.twitter_account_id)
        x = self._context.environments.of(account.mock).x
        try:
            self._tokens.call(account, lambda token: x_tweets.delete(x, token, post_id, account_id=account.id))
        except RateLimited as error:
            raise limiter.slow_down(error, self._context.clock()) from error
        except XError as error:
            raise XRefused("delete_refused", twitter=error.problem.to_json()) from error
        except RenewalFailed as failure:
            raise renewal_refused(failure) from failure


def _status_and_times(tweet: Tweet, change: Change, now: datetime) -> tuple[str, datetime | None, datetime | None]:
    if change.status == "canceled":
        return "canceled", None if change.unschedule else tweet.scheduled_at, None
    waits = (tweet.position or 1) > 1 and tweet.reply_to is None
    if change.schedule_at is not None and waits:
        raise Conflict("part_waits", field="schedule_at")
    if change.schedule_at is not None:
        check_schedule(change.schedule_at, now)
        return "scheduled", change.schedule_at, change.schedule_at
    if change.status == "pending":
        # what was held goes on; what was a draft, canceled or scheduled waits for post_now
        return "pending", None, now if tweet.status == "held" and not waits else None
    if change.unschedule and tweet.scheduled_at is not None:
        return _without_time(tweet, waits=waits)
    return tweet.status, tweet.scheduled_at, tweet.due_at


def _without_time(tweet: Tweet, *, waits: bool) -> tuple[str, None, None]:
    # without its time it must not go out at once: its owner has to say when
    if waits:
        raise Conflict("part_waits", field="schedule_at")
    return "draft" if tweet.status in ("scheduled", "held") else tweet.status, None, None
