"""Waiting until tweets are sent, for HTTP requests that asked for it: few at a time, and only for a while."""

import time
from collections.abc import Sequence
from datetime import datetime

from twitter_manager.capacity import LAST_ANSWER_SECONDS
from twitter_manager.models import FINAL, Tweet, TweetOfAccount
from twitter_manager.services.context import Context
from twitter_manager.services.publishing.thread_states import next_part
from twitter_manager.services.seats import Seats
from twitter_manager.storage import threads, tweets
from twitter_manager.timestamps import later

__all__ = ["Waiting", "is_idle_until"]

_PER_TWEET = 0.001  # seconds: reading a thousand takes time


def is_idle_until(tweet: Tweet, until: datetime) -> bool:
    """Whether nothing more will happen to the tweet before `until`."""
    if tweet.status in FINAL or tweet.status == "draft":
        return True
    if tweet.status in ("held", "unconfirmed"):
        return tweet.needs_decision or tweet.due_at is None or tweet.due_at > until
    return tweet.status == "pending" and tweet.due_at is None


class Waiting:
    def __init__(self, context: Context, seats: Seats) -> None:
        self._context = context
        self._seats = seats
        self._poll_seconds = context.db.wakeups.poll_seconds  # another process may have sent it

    def for_tweets(self, tweet_ids: Sequence[int], *, seconds: float) -> Sequence[TweetOfAccount]:
        """The tweets when nothing more will happen to them soon, or after `seconds`; when the service stops, as soon as
        none of them is being sent; at once where no seat is free. Deleted ones are missing."""
        with self._seats.offered() as sits:
            if not sits:
                return tweets.get_many(self._context.db, tweet_ids)
            return self._until_idle(tweet_ids, seconds)

    def for_thread(self, thread_id: int, *, seconds: float) -> Sequence[TweetOfAccount]:
        """The thread's parts when all are at X or it stopped, otherwise as `for_tweets`."""
        parts = threads.list_parts(self._context.db, thread_id)
        with self._seats.offered() as sits:
            return self._until_whole(thread_id, parts, seconds) if sits else parts

    def _until_idle(self, tweet_ids: Sequence[int], seconds: float) -> Sequence[TweetOfAccount]:
        ends = time.monotonic() + seconds
        until = later(self._context.clock(), seconds)
        left = set(tweet_ids)
        unread = left
        with self._context.notifier.watching(tweet_ids) as watch:
            while True:
                now = tweets.get_many(self._context.db, sorted(unread))
                left -= unread - {each.tweet.id for each in now if not is_idle_until(each.tweet, until)}
                if not left or time.monotonic() >= ends or self._stops(now):
                    return tweets.get_many(self._context.db, tweet_ids)
                pause = self._poll_seconds + len(left) * _PER_TWEET
                unread = watch.wait(min(pause, max(0.0, ends - time.monotonic()))) & left or left

    def _until_whole(self, thread_id: int, parts: Sequence[TweetOfAccount], seconds: float) -> Sequence[TweetOfAccount]:
        ends = time.monotonic() + seconds
        until = later(self._context.clock(), seconds)
        with self._context.notifier.watching([part.tweet.id for part in parts]) as watch:
            while True:
                parts = threads.list_parts(self._context.db, thread_id)
                part = next_part(parts)
                if part is None or is_idle_until(part, until) or time.monotonic() >= ends or self._stops(parts):
                    return parts
                watch.wait(min(self._poll_seconds, max(0.0, ends - time.monotonic())))

    def _stops(self, now: Sequence[TweetOfAccount]) -> bool:
        # at shutdown: the caller must get an answer before the server ends
        notifier = self._context.notifier
        sending = any(each.tweet.status == "posting" for each in now)
        return notifier.stopping.is_set() and (not sending or notifier.stopping_for > LAST_ANSWER_SECONDS)
