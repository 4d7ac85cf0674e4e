"""The status of a thread, from its parts: pure."""

from collections.abc import Sequence

from twitter_manager.models import QUEUED, Tweet, TweetOfAccount

__all__ = ["THREAD_STATES", "next_part", "status_of_thread"]

THREAD_STATES = ("pending", "scheduled", "posting", "posted", "broken", "held", "unconfirmed")


def next_part(parts: Sequence[TweetOfAccount]) -> Tweet | None:
    """The first part that is not at X; None where all are. `parts` in their order."""
    return next((part.tweet for part in parts if part.tweet.status != "posted"), None)


def status_of_thread(parts: Sequence[TweetOfAccount]) -> str:
    """`posted`, or by its next part; `broken` where nothing more happens before its owner resumes it."""
    part = next_part(parts)
    if part is None:
        return "posted"
    stopped = part.status in ("failed", "canceled", "draft")
    forgotten = part.status in QUEUED and part.due_at is None
    if stopped or forgotten:
        return "broken"
    under_way = part.status in QUEUED and parts[0].tweet.status == "posted"
    return "posting" if under_way else part.status
