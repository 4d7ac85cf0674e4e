"""What an owner does with tweets: create, change, cancel, retry, resolve, delete here and at X, clean up."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime

from twitter_manager.errors import Conflict, Invalid, XRefused
from twitter_manager.models import EDITABLE, NO_DUPLICATE, UNSETTLED, Tweet
from twitter_manager.services import audit
from twitter_manager.services.accounts.renewal import RenewalFailed, renewal_refused
from twitter_manager.services.accounts.tokens import Tokens
from twitter_manager.services.context import Context
from twitter_manager.services.posts import check_schedule, check_text, fingerprint, reworded
from twitter_manager.services.publishing.enqueue import check_account, check_rewritten, problem_of_account
from twitter_manager.services.publishing.slots import FreeSlots
from twitter_manager.services.rate_limits import limiter
from twitter_manager.services.seats import Seats
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import accounts, attempts, idempotency_keys, threads, tweet_cleanup, tweet_states, tweets
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.idempotency_keys import IdempotentCall
from twitter_manager.storage.tweet_cleanup import CleanUp
from twitter_manager.storage.tweets import NewTweet
from twitter_manager.twitter import tweets as x_tweets
from twitter_manager.twitter.errors import RateLimited, XError

__all__ = ["Change", "CleanedUp", "Tweets"]

MAX_DELETED = 1000  # in one transaction: other writers wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """None: leave it. `status`: 'pending' or 'canceled'. `next_slot`: it takes the account's next free slot.
    `unschedule`: its time is removed, and a tweet that waited for it becomes a draft. `allow_duplicate`: it may become
    equal to another tweet of the account."""

    text: str | None = None
    schedule_at: datetime | None = None
    next_slot: bool = False
    unschedule: bool = False
    status: str | None = None
    allow_duplicate: bool = False


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

    def create(self, *, account_id: int, text: str, idempotency: IdempotentCall | None = None) -> int:
        """A pending tweet without a due time; its id. Raises Invalid, NotFound, Conflict; on return it is on the
        disk."""
        check_text(text)
        with self._context.db.transaction(account_id=account_id, shared=True) as tx:
            new = NewTweet(account_id=account_id, content=text, fingerprint=fingerprint(text))
            tweet_id = tweets.insert_if_can_post(tx, new)
            if tweet_id is None:
                raise problem_of_account(tx, account_id)
            idempotency_keys.insert(tx, idempotency, subject_id=tweet_id)
            audit.record(tx, "tweet", tweet_id, account_id=account_id)
        return tweet_id

    def change(self, tweet_id: int, change: Change) -> Tweet:
        """Raises NotFound, Invalid, Conflict: also for a tweet that may be at X."""
        if change.text is not None:
            check_text(change.text)
        with self._context.db.transaction(account_id=tweets.account_of(self._context.db, tweet_id)) as tx:
            tweet = tweets.get(tx, tweet_id)
            check_account(tx, tweet.twitter_account_id)
            if change.next_slot:
                change = _in_slot(change, FreeSlots(tx, tx.now, but=tweet_id).first(tweet.twitter_account_id))
            status, scheduled_at, due_at = _status_and_times(tweet, change, tx.now)
            text = tweet.content if change.text is None else change.text
            new_fingerprint = reworded(tweet, text)
            if not change.allow_duplicate and _may_become_duplicate(tweet, status, new_fingerprint):
                check_rewritten(tx, tweet, new_fingerprint, scheduled_at or tx.now)
            changed = tweet_states.edit(
                tx,
                tweet_id,
                content=text,
                fingerprint=new_fingerprint,
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
            audit.record(tx, "tweet", tweet_id, account_id=tweet.twitter_account_id)
        return tweets.get(self._context.db, tweet_id)

    def retry(
        self,
        tweet_id: int,
        *,
        text: str | None,
        allow_duplicate: bool = False,
        idempotency: IdempotentCall | None = None,
    ) -> Tweet:
        """A failed tweet goes out again; its attempts are kept. Raises NotFound, Invalid, Conflict."""
        if text is not None:
            check_text(text)
        with self._context.db.transaction(account_id=tweets.account_of(self._context.db, tweet_id)) as tx:
            tweet = tweets.get(tx, tweet_id)
            idempotency_keys.insert(tx, idempotency, subject_id=tweet_id)
            check_account(tx, tweet.twitter_account_id)
            content = tweet.content if text is None else text
            new_fingerprint = reworded(tweet, content)
            if tweet.status == "failed" and new_fingerprint != tweet.fingerprint and not allow_duplicate:
                check_rewritten(tx, tweet, new_fingerprint, tx.now)
            if not tweet_states.retry(tx, tweet_id, content=content, fingerprint=new_fingerprint):
                raise Conflict("tweet_not_failed", status=tweet.status)
            wake_lane(self._context, tx, tweet.twitter_account_id, tx.now)
            audit.record(tx, "tweet", tweet_id, account_id=tweet.twitter_account_id)
        return tweets.get(self._context.db, tweet_id)

    def resolve(self, tweet_id: int, *, twitter_id: str | None, idempotency: IdempotentCall | None = None) -> Tweet:
        """The owner's decision on an unconfirmed tweet: at X as `twitter_id`, or (None) not there: then it goes out.

        Raises NotFound, Conflict.
        """
        with self._context.db.transaction(account_id=tweets.account_of(self._context.db, tweet_id)) as tx:
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
            audit.record(tx, "tweet", tweet_id, account_id=tweet.twitter_account_id)
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
        if tweet.status in UNSETTLED or attempts.is_second_post_possible(self._context.db, [tweet.id]):
            raise Conflict("tweet_in_flight", status=tweet.status)
        if from_x and threads.is_being_answered(self._context.db, tweet):
            raise Conflict("thread_in_flight", retryable=True)  # the next part would reply to nothing
        if from_x:
            for post_id in (tweet.twitter_id, tweet.twin_twitter_id):
                if post_id is not None:
                    self._delete_at_x(tweet, post_id)
        with self._context.db.transaction(account_id=tweet.twitter_account_id) as tx:
            if not tweet_cleanup.delete(tx, tweet):
                return False
            self._close_gap(tx, tweet, taken_down=from_x)
            audit.record(tx, "tweet", tweet_id, account_id=tweet.twitter_account_id)
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
            with self._context.db.transaction(account_id=which.account_id) as tx:
                gone = tweet_cleanup.list_to_delete(tx, which, after=last, limit=MAX_DELETED)
                self._delete_many(tx, gone)
                deleted += len(gone)
                audit.record(tx, account_id=which.account_id, counts={"tweets": deleted})
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


def _in_slot(change: Change, free_at: datetime | None) -> Change:
    if free_at is None:
        raise Conflict("no_slots", field="schedule")
    return replace(change, schedule_at=free_at)


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
        return "pending", None, _due_as_pending(tweet, now, waits=waits)
    if change.unschedule and tweet.scheduled_at is not None:
        return _without_time(tweet, waits=waits)
    return tweet.status, tweet.scheduled_at, tweet.due_at


def _may_become_duplicate(tweet: Tweet, status: str, new_fingerprint: str) -> bool:
    """Whether it goes out with another text, or though it did not count as a duplicate before."""
    changes = tweet.status in EDITABLE and status not in NO_DUPLICATE
    return changes and (tweet.status in NO_DUPLICATE or new_fingerprint != tweet.fingerprint)


def _due_as_pending(tweet: Tweet, now: datetime, *, waits: bool) -> datetime | None:
    """What was held goes on, and what was told to go out still is; a draft, canceled or scheduled one waits to be
    told."""
    if tweet.status == "pending":
        return tweet.due_at
    return now if tweet.status == "held" and not waits else None


def _without_time(tweet: Tweet, *, waits: bool) -> tuple[str, None, None]:
    # without its time it must not go out at once: its owner has to say when
    if waits:
        raise Conflict("part_waits", field="schedule_at")
    return "draft" if tweet.status in ("scheduled", "held") else tweet.status, None, None
