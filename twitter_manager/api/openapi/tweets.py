"""The store of tweets: keep, list, change, send again, delete, settle."""

from typing import Annotated, Literal

from pydantic import Field

from twitter_manager.api import tweet_lists, tweets
from twitter_manager.api.openapi.accounts import Count, Page, Rows
from twitter_manager.api.openapi.operations import (
    ACCOUNT_ID,
    ANY_CODE,
    CURSOR,
    LIMIT,
    OUR_ID,
    PAGE,
    Operation,
    Parameter,
    Resource,
    flag,
)
from twitter_manager.api.openapi.schemas import Answer, Id, Time, XId, XWords
from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, SlowDown, XRefused

__all__ = ["RESOURCE", "TEXT_ERRORS", "Attempt", "Status", "Tweet"]

Status = Annotated[tweet_lists.Status, Field(examples=["pending"])]
TEXT_ERRORS = ("text_empty", "text_invalid", "text_too_long")


class TweetCreated(Answer):
    """It is kept, and waits."""

    message: Annotated[str, Field(examples=["Tweet created"])]
    tweet_id: Id


class Poll(Answer):
    """A question with 2 to 4 answers."""

    options: Annotated[list[str], Field(min_length=2, max_length=4, examples=[["Yes", "No"]])]
    duration_minutes: Annotated[int, Field(ge=5, le=10_080)]


class Tweet(Answer):
    """A tweet and where it stands."""

    id: Id
    text: Annotated[str, Field(examples=["Hello from Alice"])]
    status: Status
    created_at: Time
    updated_at: Time
    username: Annotated[str, Field(examples=["alice"])]
    account_id: Id
    twitter_id: Annotated[XId | None, Field(description="The post's id at X.", examples=[None])]
    url: Annotated[str | None, Field(description="Where a person sees the post at X.", examples=[None])]
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


class Attempt(Answer):
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


class TweetDetails(Tweet):
    """A tweet with its attempts."""

    attempts: list[Attempt]
    metrics: Annotated[None, Field(description="Not measured yet.")]
    measured_at: Annotated[None, Field(description="Not measured yet.")]


class TweetList(Answer):
    """A page of the tweets."""

    tweets: list[Tweet]
    total: Count
    page: Page
    limit: Rows
    next_cursor: Annotated[
        str | None, Field(description="For `cursor`; null: this is the last page.", examples=["before-1"])
    ]


class TweetDeleted(Answer):
    """It is gone."""

    message: Annotated[str, Field(examples=["Tweet deleted"])]
    tweet_id: Id


class TweetsDeleted(Answer):
    """How many are gone, and how many are on their way to X and were left."""

    message: Annotated[str, Field(examples=["Tweets deleted: 0"])]
    deleted: Count
    skipped: Count


class TweetResolved(Answer):
    """The owner's word is taken."""

    message: Annotated[str, Field(examples=["Tweet resolved"])]
    tweet_id: Id
    tweet: Tweet


def _moment(name: str, description: str) -> Parameter:
    return Parameter(name=name, schema={"type": "string", "format": "date-time"}, description=description)


_WORD = {"type": "string", "enum": [*tweet_lists.STATUSES, "published"]}
_FILTERS = (
    Parameter(
        name="status",
        schema={"type": "array", "items": _WORD, "minItems": 1},
        description="With one of these statuses; `published` is the older word for `posted`.",
    ),
    ACCOUNT_ID,
    Parameter(
        name="q",
        schema={"type": "string", "maxLength": tweet_lists.MAX_SEARCH},
        description="With these words in the text.",
    ),
    Parameter(name="thread_id", schema=OUR_ID, description="Parts of this thread."),
    Parameter(name="batch_id", schema=OUR_ID, description="Posts of this batch."),
    Parameter(
        name="error_code",
        schema={"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
        description="Held, failed or unclear for this reason.",
    ),
    flag("needs_decision", "1: only those that ask their owner."),
    _moment("since", "Made at this time or later."),
    _moment("until", "Made before this time."),
)
_ACCOUNT_ERRORS = {
    NotFound: ("account_not_found",),
    Conflict: ("other_world",),
    Invalid: (*TEXT_ERRORS, "oauth1_not_supported"),
}

RESOURCE = Resource(
    name="Tweets",
    description="The store: keep a tweet, list them, look at one, change it, try again, delete, settle a doubtful one.",
    operations={
        "tweets.create": Operation(
            bodies=(tweets.NewTweet,),
            example={"account_id": 1, "text": "Hello from Alice"},
            answers={201: TweetCreated},
            errors=_ACCOUNT_ERRORS,
        ),
        "tweets.show_page": Operation(
            query=(*_FILTERS, CURSOR, PAGE, LIMIT),
            answers={200: TweetList},
            errors={NotFound: ("account_not_found",)},
        ),
        "tweets.show": Operation(answers={200: TweetDetails}, errors={NotFound: ("tweet_not_found",)}),
        "tweets.change": Operation(
            bodies=(tweets.TweetChange,),
            example={"text": "Hello again from Alice"},
            answers={200: TweetDetails},
            errors={
                NotFound: ("tweet_not_found",),
                Conflict: ("tweet_not_editable", "part_waits", "other_world"),
                Invalid: (*TEXT_ERRORS, "schedule_in_the_past", "schedule_too_far", "oauth1_not_supported"),
            },
        ),
        "tweets.retry": Operation(
            bodies=(tweets.Retry,),
            example={"text": "Hello again from Alice"},
            answers={200: TweetDetails},
            errors={
                NotFound: ("tweet_not_found",),
                Conflict: ("tweet_not_failed", "other_world"),
                Invalid: (*TEXT_ERRORS, "oauth1_not_supported"),
            },
        ),
        "tweets.resolve": Operation(
            bodies=(tweets.Resolution,),
            example={"as": "posted", "twitter_id": "1991877265411923968"},
            answers={200: TweetResolved},
            errors={
                NotFound: ("tweet_not_found",),
                Conflict: ("tweet_not_unconfirmed", "twitter_id_taken"),
            },
        ),
        "tweets.delete": Operation(
            query=(flag("from_twitter", "1: the post at X first."),),
            answers={200: TweetDeleted},
            errors={
                NotFound: ("tweet_not_found",),
                Conflict: (
                    "tweet_in_flight",
                    "thread_in_flight",
                    "account_needs_reconnect",
                    "oauth_not_configured",
                    "token_unreadable",
                ),
                SlowDown: ("rate_limit_exceeded",),
                XRefused: ANY_CODE,
                NotNow: ("too_many_waiting",),
            },
        ),
        "tweets.clean_up": Operation(
            bodies=(tweets.TweetCleanUp,),
            example={"statuses": ["failed", "canceled"], "days_old": 30},
            answers={200: TweetsDeleted},
            errors={NotFound: ("account_not_found",), Invalid: ("no_criterion",)},
        ),
    },
)
