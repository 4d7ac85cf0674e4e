"""Posting now, and what the caller learns of it."""

from typing import Annotated

from pydantic import Field

from twitter_manager.api import posting
from twitter_manager.api.http import inputs
from twitter_manager.api.openapi.accounts import Count
from twitter_manager.api.openapi.operations import ACCOUNT_ID, ANY_CODE, Operation, Resource
from twitter_manager.api.openapi.schemas import Answer, Id, Time, XId
from twitter_manager.api.openapi.tweets import Status
from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, XRefused

__all__ = ["RESOURCE"]


class TweetPosted(Answer):
    """It is on X."""

    message: Annotated[str, Field(examples=["Tweet posted"])]
    tweet_id: Id
    twitter_id: XId
    url: Annotated[str, Field(examples=["https://x.com/alice/status/1991877265411923968"])]


class TweetWaits(Answer):
    """It is kept and goes out by itself; it is not known yet when, or whether it did already."""

    message: Annotated[str, Field(examples=["The tweet is on its way; look again in a moment"])]
    tweet_id: Id
    status: Annotated[Status, Field(examples=["posting"])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]


class PostingDetail(Answer):
    """What became of one of them so far."""

    tweet_id: Id
    status: Annotated[Status, Field(examples=["posted"])]
    twitter_id: XId | None
    error: Annotated[str | None, Field(examples=[None])]


class PendingPosted(Answer):
    """How many went out; the five numbers sum to `total`."""

    total: Annotated[Count, Field(examples=[1])]
    posted: Annotated[Count, Field(examples=[1])]
    failed: Count
    held: Count
    unconfirmed: Count
    in_progress: Count
    details: list[PostingDetail]


RESOURCE = Resource(
    name="Posting",
    description="Tell pending tweets to go out, and wait for what X says.",
    operations={
        "posting.post_one": Operation(
            bodies=(inputs.NoFields,),
            answers={200: TweetPosted, 202: TweetWaits},
            errors={
                NotFound: ("tweet_not_found",),
                Conflict: ("tweet_not_pending", "part_waits", "other_world"),
                Invalid: ("oauth1_not_supported",),
                XRefused: ANY_CODE,
                NotNow: ("no_worker",),
            },
        ),
        "posting.post_all": Operation(
            query=(ACCOUNT_ID,),
            bodies=(posting.WhichAccount,),
            example={"account_id": 1},
            answers={200: PendingPosted, 202: PendingPosted},
            errors={
                NotFound: ("account_not_found",),
                Conflict: ("other_world",),
                Invalid: ("oauth1_not_supported",),
                NotNow: ("no_worker",),
            },
        ),
    },
)
