"""Waiting for tweets to be settled, for those who asked for it over HTTP: few at a time, and never for ever."""

import threading
import time
from collections.abc import Sequence
from datetime import datetime

from twitter_manager.capacity import LAST_ANSWER_SECONDS, SEATS
from twitter_manager.models import FINAL, Tweet, TweetOfAccount
from twitter_manager.services.context import Context
from twitter_manager.services.publishing.thread_states import next_part
from twitter_manager.storage import threads, tweets
from twitter_manager.timestamps import later

__all__ = ["Waiting", "is_settled"]

_LOOK_AGAIN = 0.2  # seconds: another process may have settled it
_PER_TWEET = 0.001  # looking at a thousand costs something


def is_settled(tweet: Tweet, until: datetime) -> bool:
    """Whether nothing more will happen to the tweet before `until`."""
    if tweet.status in FINAL or tweet.status == "draft":
        return True
    if tweet.status in ("held", "unconfirmed"):
        return tweet.needs_decision or tweet.due_at is None or tweet.due_at > until
    return tweet.status == "pending" and tweet.due_at is None


class Waiting:
    """The seats for those who wait."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seats = threading.BoundedSemaphore(SEATS)

    def for_tweets(self, tweet_ids: Sequence[int], *, seconds: float) -> Sequence[TweetOfAccount]:
        """How the tweets stand when all are settled or `seconds` are over; when the service stops, as soon as none of
        them is being sent; at once where too many callers wait already. Deleted ones are missing."""
        if not self._seats.acquire(blocking=False):
            return tweets.get_many(self._context.db, tweet_ids)
        try:
            return self._until_settled(tweet_ids, seconds)
        finally:
            self._seats.release()

    def for_thread(self, thread_id: int, *, seconds: float) -> Sequence[TweetOfAccount]:
        """The thread's parts when it is whole or stopped, and otherwise as `for_tweets`."""
        parts = threads.list_parts(self._context.db, thread_id)
        if not self._seats.acquire(blocking=False):
            return parts
        try:
            return self._until_whole(thread_id, parts, seconds)
        finally:
            self._seats.release()

    def _until_settled(self, tweet_ids: Sequence[int], seconds: float) -> Sequence[TweetOfAccount]:
        ends = time.monotonic() + seconds
        until = later(self._context.clock(), seconds)
        left = set(tweet_ids)
        unread = left
        with self._context.notifier.watching(tweet_ids) as watch:
            while True:
                now = tweets.get_many(self._context.db, sorted(unread))
                left -= unread - {each.tweet.id for each in now if not is_settled(each.tweet, until)}
                if not left or time.monotonic() >= ends or self._stops(now):
                    return tweets.get_many(self._context.db, tweet_ids)
                pause = _LOOK_AGAIN + len(left) * _PER_TWEET
                unread = watch.wait(min(pause, max(0.0, ends - time.monotonic()))) & left or left

    def _until_whole(self, thread_id: int, parts: Sequence[TweetOfAccount], seconds: float) -> Sequence[TweetOfAccount]:
        ends = time.monotonic() + seconds
        until = later(self._context.clock(), seconds)
        with self._context.notifier.watching([part.tweet.id for part in parts]) as watch:
            while True:
                parts = threads.list_parts(self._context.db, thread_id)
                part = next_part(parts)
                if part is None or is_settled(part, until) or time.monotonic() >= ends or self._stops(parts):
                    return parts
                watch.wait(min(_LOOK_AGAIN, max(0.0, ends - time.monotonic())))

    def _stops(self, now: Sequence[TweetOfAccount]) -> bool:
        """At shutdown: nothing is being sent, or it takes so long that the caller would get no answer at all."""
        notifier = self._context.notifier
        sending = any(each.tweet.status == "posting" for each in now)
        return notifier.stopping.is_set() and (not sending or notifier.stopping_for > LAST_ANSWER_SECONDS)
