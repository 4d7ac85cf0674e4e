"""A post to be published, and what X would refuse in it by itself: pure, without a database."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twitter_manager.error_codes import sentence_of
from twitter_manager.errors import Invalid, ServiceError
from twitter_manager.models import Tweet
from twitter_manager.timestamps import earlier
from twitter_manager.twitter.text.canonical import canonical
from twitter_manager.twitter.text.parse import ParsedText, is_blank, is_surely_too_long, is_surely_valid, parse

__all__ = [
    "LATEST_PAST",
    "Post",
    "PublishRequest",
    "check_schedule",
    "check_text",
    "fingerprint",
    "fingerprint_of",
    "named_in_thread",
    "problems_of_post",
    "reworded",
]

LATEST_PAST = 60.0  # seconds that a schedule may lie in the past, for clocks that differ
MAX_YEAR = 9000  # datetime arithmetic ends at 9999
_MAX_ID_DIGITS = 12  # of our ids; what is longer is an id of X's


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is to be posted. `media_ids` in digits, ours or X's; `poll`: {options, duration_minutes}; other ids X's."""

    text: str
    media_ids: Sequence[str] = ()
    reply_to: str | None = None
    quote_of: str | None = None
    poll: Mapping[str, Any] | None = None
    reply_settings: str | None = None
    community_id: str | None = None
    made_with_ai: bool = False
    paid_partnership: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """No `schedule_at`: now. `next_slot`: it takes the account's next free slot; `schedule_at` is that one, once it was
    looked up."""

    account_id: int
    post: Post
    schedule_at: datetime | None = None
    next_slot: bool = False
    late_policy: str = "publish"
    draft: bool = False
    allow_duplicate: bool = False


def check_text(text: str) -> None:
    """Raises Invalid for a text that X would refuse: empty, with characters X does not accept, too long."""
    for problem in _problems_of_text(text):
        raise problem


def check_schedule(schedule_at: datetime | None, now: datetime) -> None:
    """Raises Invalid for a time in the past, or too far ahead."""
    if schedule_at is not None and schedule_at < earlier(now, LATEST_PAST):
        raise Invalid("schedule_in_the_past", field="schedule_at")
    if schedule_at is not None and schedule_at.year >= MAX_YEAR:
        raise Invalid("schedule_too_far", field="schedule_at")


def named_in_thread(problem: ServiceError, index: int = 0) -> ServiceError:
    """Puts the part's index into the field: `tweets.1.text` for `text` of the second part."""
    if problem.field not in (None, "account_id", "schedule_at"):
        problem.field = f"tweets.{index}.{problem.field}"
    return problem


def problems_of_post(post: Post) -> Iterator[ServiceError]:
    """What X would refuse in the post itself."""
    yield from _problems_of_text(post.text)
    if any(len(media_id) <= _MAX_ID_DIGITS for media_id in post.media_ids):
        yield Invalid("media_not_found", field="media_ids")
    if post.poll is not None and not all(_can_be_read(option) for option in post.poll["options"]):
        yield Invalid("text_invalid", field="poll.options")
    given = [name for name, value in (("media_ids", post.media_ids), ("poll", post.poll)) if value]
    if post.quote_of is not None:
        given.append("quote_tweet_id")
    if len(given) > 1:
        yield Invalid("not_together", field=given[1])


def _can_be_read(text: str) -> bool:
    return not parse(text).invalid_characters and not is_blank(text)


def _problems_of_text(text: str) -> Iterator[Invalid]:
    if is_surely_valid(text):
        return
    if is_surely_too_long(text):
        yield Invalid("text_too_long", field="text")
        return
    parsed = parse(text)
    if parsed.invalid_characters:
        yield Invalid("text_invalid", field="text")
    elif is_blank(text):
        yield Invalid("text_empty", field="text")
    elif parsed.remaining < 0:
        yield _too_long(parsed)


def _too_long(parsed: ParsedText) -> Invalid:
    limit = parsed.weighted_length + parsed.remaining
    sentence = f"{sentence_of('text_too_long')}: weighted length {parsed.weighted_length} of {limit}"
    return Invalid("text_too_long", sentence=sentence, field="text")


def fingerprint_of(post: Post) -> str:
    poll = None if post.poll is None else json.dumps(post.poll, sort_keys=True)
    return fingerprint(post.text, quote_of=post.quote_of, media_ids=post.media_ids, poll=poll)


def reworded(tweet: Tweet, text: str) -> str:
    return fingerprint(text, quote_of=tweet.quote_of, media_ids=json.loads(tweet.media_ids), poll=tweet.poll)


def fingerprint(
    text: str, *, quote_of: str | None = None, media_ids: Sequence[str] = (), poll: str | None = None
) -> str:
    """SHA-256 in hex, equal for two posts that, with the same parent, could not be told apart on a timeline."""
    parts = [canonical(text), "", quote_of or "", *media_ids, *([poll] if poll else [])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
