"""Waiting for tweets to be settled, for those who asked for it over HTTP: few at a time, and never for ever."""

import threading
import time
from collections.abc import Sequence
from datetime import datetime

from twitter_manager.capacity import LAST_ANSWER_SECONDS, SEATS
from twitter_manager.models import Tweet, TweetOfAccount
from twitter_manager.services.context import Context
from twitter_manager.storage import tweets
from twitter_manager.timestamps import later

__all__ = ["Waiting", "is_settled"]

_LOOK_AGAIN = 0.2  # seconds: another process may have settled it
_PER_TWEET = 0.001  # looking at a thousand costs something


def is_settled(tweet: Tweet, until: datetime) -> bool:
    """Whether nothing more will happen to the tweet before `until`."""
    if tweet.status in ("posted", "failed", "canceled", "draft"):
        return True
    if tweet.status in ("held", "unconfirmed"):
        return tweet.needs_decision or tweet.due_at is None or tweet.due_at > until
    return tweet.status == "pending" and tweet.due_at is None


class Waiting:
    """The seats for those who wait."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seats = threading.BoundedSemaphore(SEATS)

    def try_enter(self) -> bool:
        """Takes a seat; False when all are taken. Who got one must `leave`."""
        return self._seats.acquire(blocking=False)

    def leave(self) -> None:
        """Gives the seat back."""
        self._seats.release()

    def until_settled(self, tweet_ids: Sequence[int], *, seconds: float) -> Sequence[TweetOfAccount]:
        """How the tweets stand when all are settled or `seconds` are over; when the service stops, as soon as none of
        them is being sent. Deleted ones are missing."""
        ends = time.monotonic() + seconds
        until = later(self._context.clock(), seconds)
        left = set(tweet_ids)
        look_at = left
        with self._context.signals.watching(tweet_ids) as watch:
            while True:
                now = tweets.get_many(self._context.db, sorted(look_at))
                left -= look_at - {each.tweet.id for each in now if not is_settled(each.tweet, until)}
                if not left or time.monotonic() >= ends or self._stops(now):
                    return tweets.get_many(self._context.db, tweet_ids)
                pause = _LOOK_AGAIN + len(left) * _PER_TWEET
                look_at = watch.wait(min(pause, max(0.0, ends - time.monotonic()))) & left or left

    def _stops(self, now: Sequence[TweetOfAccount]) -> bool:
        """At shutdown: nothing is being sent, or it takes so long that the caller would get no answer at all."""
        signals = self._context.signals
        sending = any(each.tweet.status == "posting" for each in now)
        return signals.stopping.is_set() and (not sending or signals.stopping_for > LAST_ANSWER_SECONDS)
