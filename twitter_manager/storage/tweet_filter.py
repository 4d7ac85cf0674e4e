"""Which tweets a list shows, and in which order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = ["NEWEST_FIRST", "Order", "Position", "TweetFilter", "TweetTime"]

TweetTime = Literal["created", "scheduled", "posted"]


@dataclass(frozen=True, slots=True)
class Order:
    """The time by which a list is sorted, the earliest or (`descending`) the latest first; equal times by their ids.

    `created` means by the ids alone. Another time leaves out the tweets without it: see TweetFilter.dated.
    """

    time: TweetTime
    descending: bool


NEWEST_FIRST = Order("created", descending=True)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list sorted by another time than `created` continues: after this time and id."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TweetFilter:
    """Which tweets a list shows: those that meet every criterion. None: no such criterion."""

    statuses: Collection[str] | None = None
    account_id: int | None = None
    among: Sequence[int] | None = None  # only of these accounts; not beside account_id
    words: str | None = None  # as a person types them
    thread_id: int | None = None
    batch_id: int | None = None
    error_code: str | None = None
    needs_decision: bool = False  # True: only those that ask their owner
    since: datetime | None = None  # at this time or later
    until: datetime | None = None  # before this time
    time: TweetTime = "created"  # which time these two mean
    dated: TweetTime = "created"  # only those that have this time
    # the list continues after one of these, by its order; they do not change the count
    before: int | None = None
    after: int | None = None
    after_position: Position | None = None
