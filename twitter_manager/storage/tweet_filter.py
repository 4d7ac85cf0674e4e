"""Which tweets a list shows, and in which order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = ["NEWEST_FIRST", "Order", "Place", "TweetFilter", "TweetTime"]

TweetTime = Literal["created", "scheduled", "posted"]


@dataclass(frozen=True, slots=True)
class Order:
    """By which time a list goes, the earliest or (`descending`) the latest first; equal times by their ids.

    By `created` it goes by the ids alone. By another time it has only those that have one: see TweetFilter.dated.
    """

    time: TweetTime
    descending: bool


NEWEST_FIRST = Order("created", descending=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list in the order of another time than `created` goes on: behind this time and id."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TweetFilter:
    """Which tweets a list shows: those that meet every criterion. None: no such criterion."""

    statuses: Collection[str] | None = None
    account_id: int | None = None
    words: str | None = None  # as a person types them
    thread_id: int | None = None
    batch_id: int | None = None
    error_code: str | None = None
    needs_decision: bool = False  # True: only those that ask their owner
    since: datetime | None = None  # at this time or later
    until: datetime | None = None  # before this time
    time: TweetTime = "created"  # which time these two mean
    dated: TweetTime = "created"  # only those that have this time
    # the list goes on behind one of these, as its order is; they do not change the count
    before: int | None = None
    after: int | None = None
    behind: Place | None = None
