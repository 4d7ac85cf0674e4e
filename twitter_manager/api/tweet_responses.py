"""What a tweet and its attempts look like in a response; the names are a promise to callers."""

from datetime import datetime
from typing import Annotated, Literal, NoReturn

import orjson
from pydantic import Field

from twitter_manager import models
from twitter_manager.api.http import current
from twitter_manager.api.openapi.fields import Count, Id, ResponseModel, Time, XId
from twitter_manager.error_codes import CODES, hint_of, sentence_of
from twitter_manager.errors import XRefused
from twitter_manager.models import TWEET_STATUSES as STATUSES
from twitter_manager.models import TweetStatus
from twitter_manager.services.environments import post_url
from twitter_manager.timestamps import to_text

__all__ = [
    "STATUSES",
    "Attempt",
    "PostUrl",
    "Status",
    "StatusCounts",
    "Tweet",
    "TweetStatus",
    "XWords",
    "attempt_to_json",
    "error_sentence",
    "next_attempt_at",
    "post_to_json",
    "refuse_failed",
    "tweet_to_json",
    "url_of",
    "waiting_for",
    "why_not_yet",
]

Status = Annotated[TweetStatus, Field(examples=["pending"])]
PostUrl = Annotated[
    str | None,
    Field(description="Where a person sees the post: at X, or in mock mode on the simulated X's page."),
]


class XWords(ResponseModel):
    """X's own words."""

    status: Annotated[int | None, Field(description="X's HTTP status; null: X did not answer.", examples=[403])]
    title: Annotated[str, Field(examples=["Forbidden"])]
    detail: Annotated[str, Field(examples=["You are not allowed to create a Tweet with duplicate content."])]


def _x_words(tweet: models.Tweet) -> dict[str, object] | None:
    """What X said about it: {status, title, detail}."""
    if tweet.twitter_error is None:
        return None
    words: dict[str, object] = orjson.loads(tweet.twitter_error)
    return words


class Poll(ResponseModel):
    """A question with 2 to 4 answers."""

    options: Annotated[list[str], Field(min_length=2, max_length=4, examples=[["Yes", "No"]])]
    duration_minutes: Annotated[int, Field(ge=5, le=10_080)]


class Tweet(ResponseModel):
    """A tweet and where it stands."""

    id: Id
    text: Annotated[str, Field(examples=["Hello from Alice"])]
    status: Status
    created_at: Time
    updated_at: Time
    username: Annotated[str, Field(examples=["alice"])]
    account_id: Id
    twitter_id: Annotated[XId | None, Field(description="The post's id at X.", examples=[None])]
    url: Annotated[PostUrl, Field(examples=[None])]
    scheduled_at: Annotated[Time | None, Field(examples=[None])]
    posted_at: Annotated[Time | None, Field(examples=[None])]
    next_attempt_at: Annotated[
        Time | None, Field(description="When it is next sent or looked for, as far as that is known.", examples=[None])
    ]
    error: Annotated[str | None, Field(description="Why it is held, failed or unclear.", examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    twitter: Annotated[XWords | None, Field(examples=[None])]
    needs_decision: Annotated[bool, Field(description="Only its owner can say whether it is at X.")]
    mock: Annotated[bool, Field(description="It belongs to the simulated X.", examples=[True])]
    twin_twitter_id: Annotated[
        XId | None, Field(description="A second post at X for it, if that happened.", examples=[None])
    ]
    reply_to_tweet_id: Annotated[XId | None, Field(examples=[None])]
    quote_tweet_id: Annotated[XId | None, Field(examples=[None])]
    media_ids: Annotated[list[XId], Field(description="Up to 12 digits: of this service; more: X's.", examples=[[]])]
    poll: Annotated[Poll | None, Field(examples=[None])]
    reply_settings: Annotated[
        Literal["following", "mentionedUsers", "subscribers", "verified"] | None, Field(examples=[None])
    ]
    community_id: Annotated[XId | None, Field(examples=[None])]
    made_with_ai: bool
    paid_partnership: bool
    late_policy: Literal["publish", "skip", "hold"]
    thread_id: Annotated[Id | None, Field(examples=[None])]
    position: Annotated[int | None, Field(ge=1, description="Which part of its thread, from 1.", examples=[None])]
    batch_id: Annotated[Id | None, Field(examples=[None])]
    waiting_for: Annotated[
        Literal["previous_part", "equal_tweet"] | None, Field(description="What must come first.", examples=[None])
    ]


def tweet_to_json(found: models.TweetOfAccount) -> dict[str, object]:
    """A tweet in a list."""
    tweet = found.tweet
    return {
        "id": tweet.id,
        "text": tweet.content,
        "status": tweet.status,
        "created_at": to_text(tweet.created_at),
        "updated_at": to_text(tweet.updated_at),
        "username": found.username,
        "account_id": tweet.twitter_account_id,
        "twitter_id": tweet.twitter_id,
        "url": url_of(found),
        "scheduled_at": _text(tweet.scheduled_at),
        "posted_at": _text(tweet.posted_at),
        "next_attempt_at": next_attempt_at(tweet),
        "error": error_sentence(tweet),
        "error_code": tweet.error_code,
        "twitter": _x_words(tweet),
        "needs_decision": tweet.needs_decision,
        "mock": found.mock,
        "twin_twitter_id": tweet.twin_twitter_id,
        "reply_to_tweet_id": tweet.reply_to,
        "quote_tweet_id": tweet.quote_of,
        "media_ids": orjson.loads(tweet.media_ids),
        "poll": None if tweet.poll is None else orjson.loads(tweet.poll),
        "reply_settings": tweet.reply_settings,
        "community_id": tweet.community_id,
        "made_with_ai": tweet.made_with_ai,
        "paid_partnership": tweet.paid_partnership,
        "late_policy": tweet.late_policy,
        "thread_id": tweet.thread_id,
        "position": tweet.position,
        "batch_id": tweet.batch_id,
        "waiting_for": waiting_for(found),
    }


class Attempt(ResponseModel):
    """One try to put a tweet on X."""

    started_at: Time
    over_at: Time | None
    outcome: Annotated[
        str,
        Field(
            json_schema_extra={"enum": ["open", "posted", "refused", "held", "not_sent", "unclear", "absent"]},
            examples=["posted"],
        ),
    ]
    http_status: Annotated[int | None, Field(examples=[201])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    twitter_id: XId | None
    looks: Annotated[int, Field(ge=0, description="Whole readings of the timeline without this post.")]


def attempt_to_json(attempt: models.Attempt) -> dict[str, object]:
    """One try to put a tweet on X."""
    return {
        "started_at": to_text(attempt.started_at),
        "over_at": _text(attempt.over_at),
        "outcome": attempt.outcome,
        "http_status": attempt.http_status,
        "error": None if attempt.error_code is None else sentence_of(attempt.error_code),
        "error_code": attempt.error_code,
        "twitter_id": attempt.twitter_id,
        "looks": attempt.looks_absent,
    }


def url_of(found: models.TweetOfAccount) -> str | None:
    """Where a person sees the post; None while it is not there."""
    if found.tweet.twitter_id is None:  # most of a list may be so: then nobody needs the settings
        return None
    base_url = current.services().settings.base_url
    return post_url(found.username, found.tweet.twitter_id, mock=found.mock, base_url=base_url)


def post_to_json(found: models.TweetOfAccount) -> dict[str, object]:
    """A post among others: what a part of a thread and a post of a batch have in common."""
    tweet = found.tweet
    return {
        "post_id": tweet.id,
        "tweet_id": tweet.twitter_id,
        "url": url_of(found),
        "status": tweet.status,
        "error": error_sentence(tweet),
        "error_code": tweet.error_code,
        "next_attempt_at": next_attempt_at(tweet),
    }


class StatusCounts(ResponseModel):
    """Tweets by status; a status that none has may be missing."""

    draft: Count = 0
    pending: Count = 0
    scheduled: Count = 0
    posting: Count = 0
    posted: Count = 0
    failed: Count = 0
    unconfirmed: Count = 0
    held: Count = 0
    canceled: Count = 0


def refuse_failed(tweet: models.Tweet, **details: object) -> NoReturn:
    """Raises XRefused for a `failed` tweet: its code, X's own words, and `details` that tell where it stands."""
    raise XRefused(
        tweet.error_code or "post_refused",
        sentence=error_sentence(tweet),
        retryable=False,
        twitter=_x_words(tweet),
        details=details,
    )


def error_sentence(tweet: models.Tweet) -> str | None:
    """Why it is held, failed or unclear, in a sentence."""
    if tweet.error_code is None:
        return None
    known = CODES.get(tweet.error_code)
    return known.sentence if known else tweet.error_code.replace("_", " ").capitalize()


def next_attempt_at(tweet: models.Tweet) -> str | None:
    """When it is next sent or looked for, as far as that is known."""
    return None if tweet.status == "posting" else _text(tweet.due_at)


def why_not_yet(tweet: models.Tweet) -> dict[str, object]:
    """What keeps it back, what to do about that, and X's own words."""
    code = tweet.error_code
    return {"error_code": code, "hint": None if code is None else hint_of(code), "twitter": _x_words(tweet)}


def waiting_for(found: models.TweetOfAccount) -> str | None:
    """What must come first: the `previous_part` of its thread, or an unsettled `equal_tweet` of the account."""
    tweet = found.tweet
    waits = (tweet.position or 1) > 1 and tweet.reply_to is None
    if waits and tweet.status not in models.FINAL:
        return "previous_part"
    return "equal_tweet" if found.waits_for_equal else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
