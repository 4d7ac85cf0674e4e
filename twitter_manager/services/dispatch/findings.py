"""What one reading of a timeline says of the tweets that were looked for: pure, X's clock is an argument."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from twitter_manager.models import Attempt, Tweet
from twitter_manager.services.dispatch import decisions
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter.text.canonical import canonical
from twitter_manager.twitter.text.matching import SeenPost, SentPost, Verdict, canonical_seen, compare

__all__ = ["BEFORE_INTENT", "Finding", "Unsettled", "match_posts"]

BEFORE_INTENT = 120.0  # seconds: X's created_at has whole seconds and X's clock is not ours
CLOCKS_DIFFER = 3.0  # seconds, where X's clock is known: both have whole seconds


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A tweet, its unclear attempt, and its first one."""

    tweet: Tweet
    attempt: Attempt
    first: Attempt

    @property
    def is_second(self) -> bool:
        """Whether the tweet is posted already, by the late answer to an earlier attempt."""
        return self.attempt.check_at is not None

    @property
    def check_at(self) -> datetime | None:
        """When it is to be looked for."""
        return self.attempt.check_at if self.is_second else self.tweet.due_at


@dataclass(frozen=True, slots=True)
class Finding:
    """What one complete reading says of one tweet: the post that is it, or posts that may be it, or neither.

    `unexplained`: posts of the time of its attempts that are no tweet of ours. X may return a post so altered that it
    is not recognized, so they are evidence against its absence.
    """

    unsettled: Unsettled
    same: SeenPost | None
    doubtful: tuple[SeenPost, ...]
    unexplained: tuple[SeenPost, ...] = ()


def match_posts(
    unsettled: Sequence[Unsettled], posts: Sequence[SeenPost], *, clock_ahead: timedelta | None
) -> list[Finding]:
    """Which of `posts` (adopted by no other tweet) are which of the tweets. Oldest first; each post matches once.

    A post that is the same as one of the tweets is no doubtful match of another. `clock_ahead`: by how much our clock
    is ahead of X's; None where X does not tell its time.
    """
    free = sorted(posts, key=lambda post: (len(post.id), post.id))
    same: dict[int, SeenPost] = {}
    for each in unsettled:
        found = next((post for post in free if _verdict(each, post, clock_ahead) is Verdict.SAME), None)
        if found is not None:
            same[each.tweet.id] = found
            free.remove(found)
    ours = {canonical(each.tweet.content) for each in unsettled}
    findings = []
    for each in unsettled:
        others = ours - {canonical(each.tweet.content)}
        doubtful = tuple(
            post
            for post in free
            if _verdict(each, post, clock_ahead) is not Verdict.OTHER and canonical_seen(post) not in others
        )
        unexplained = tuple(
            post for post in free if _is_of_its_time(each, post, clock_ahead) and canonical_seen(post) not in others
        )
        findings.append(Finding(each, same.get(each.tweet.id), doubtful, unexplained))
    return findings


def _is_of_its_time(each: Unsettled, post: SeenPost, clock_ahead: timedelta | None) -> bool:
    """Whether X made the post while the tweet was being sent, and they agree in everything that X never changes."""
    sent = _sent(each.tweet)
    if post.is_repost or post.reply_to != sent.reply_to or (post.media_count and not sent.media_count):
        return False
    if each.first.since_id is not None and int(post.first_id) <= int(each.first.since_id):
        return False
    if post.created_at is None:
        return True
    slack = BEFORE_INTENT if clock_ahead is None else CLOCKS_DIFFER
    created = post.created_at + (clock_ahead or timedelta(0))
    over = each.attempt.over_at or later(each.attempt.started_at, decisions.CALL_SECONDS)
    return earlier(each.first.started_at, slack) <= created <= later(over, slack)


def _verdict(each: Unsettled, post: SeenPost, clock_ahead: timedelta | None) -> Verdict:
    """A post that is too old is another one, whatever its text; where X's clock is not known, it is doubtful."""
    verdict = compare(_sent(each.tweet), post)
    if each.first.since_id is not None:
        # an id is the better clock: X gives them in order
        return verdict if int(post.first_id) > int(each.first.since_id) else Verdict.OTHER
    began = earlier(each.first.started_at, BEFORE_INTENT)
    if post.created_at is None or post.created_at >= began - max(clock_ahead or timedelta(0), timedelta(0)):
        return verdict
    return Verdict.DOUBTFUL if clock_ahead is None and verdict is Verdict.SAME else Verdict.OTHER


def _sent(tweet: Tweet) -> SentPost:
    media_count = len(json.loads(tweet.media_ids))
    return SentPost(text=tweet.content, reply_to=tweet.reply_to, quote_of=tweet.quote_of, media_count=media_count)
