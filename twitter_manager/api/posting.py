"""Posting now: one pending tweet, or all of them. The worker posts; the request only waits for it, not for ever."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.http import access, current, inputs
from twitter_manager.api.http.account_names import AccountCriterion, account_in_query, find_account
from twitter_manager.api.openapi.fields import Count, Id, ResponseModel, Time, XId
from twitter_manager.api.openapi.operations import ACCOUNT, ACCOUNT_ID, ANY_CODE, Chapter, Operation, Resource
from twitter_manager.api.tweet_responses import (
    Status,
    XWords,
    error_sentence,
    next_attempt_at,
    refuse_failed,
    url_of,
    why_not_yet,
)
from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, XRefused
from twitter_manager.models import Tweet, TweetOfAccount

__all__ = ["ALL_SECONDS", "ONE_SECONDS", "blueprint"]

ONE_SECONDS = 20.0
ALL_SECONDS = 60.0
_OUTCOMES = ("posted", "failed", "held", "unconfirmed")  # by which it counts; whatever else is in progress

blueprint = Resource(
    "posting",
    __name__,
    url_prefix="/api/v1",
    chapter=Chapter("Posting", "Tell pending tweets to go out, and wait for what X says."),
)


class TweetPosted(ResponseModel):
    """It is on X."""

    message: Annotated[str, Field(examples=["Tweet posted"])]
    tweet_id: Id
    twitter_id: XId
    url: Annotated[str, Field(examples=["https://x.com/alice/status/1991877265411923968"])]


class TweetWaits(ResponseModel):
    """It is kept and goes out by itself; it is not known yet when, or whether it did already."""

    accepted: Annotated[bool, Field(description="It is kept, whatever becomes of it.", examples=[True])]
    message: Annotated[str, Field(examples=["The tweet is on its way; look again in a moment"])]
    tweet_id: Id
    status: Annotated[Status, Field(examples=["posting"])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(description="Why not yet.", examples=[None])]
    hint: Annotated[str | None, Field(description="What to do about it.", examples=[None])]
    twitter: Annotated[XWords | None, Field(description="X's own words.", examples=[None])]


def _response_for_one(found: TweetOfAccount) -> tuple[Response, int]:
    tweet = found.tweet
    if tweet.status == "failed":
        refuse_failed(tweet)
    if tweet.status == "posted":
        posted = {"message": "Tweet posted", "tweet_id": tweet.id, "twitter_id": tweet.twitter_id, "url": url_of(found)}
        return jsonify(posted), 200
    waits = {
        "tweet_id": tweet.id,
        "status": tweet.status,
        "next_attempt_at": next_attempt_at(tweet),
        **why_not_yet(tweet),
    }
    return jsonify({"accepted": True, "message": _why_not_yet(tweet), **waits}), 202


def _why_not_yet(tweet: Tweet) -> str:
    return error_sentence(tweet) or "The tweet is on its way; look again in a moment"


def _posted(tweet_id: int) -> tuple[Response, int]:
    """What became of a tweet that was to go out now; waits for it. Raises NotFound, XRefused."""
    found = current.services().waiting.for_tweets([tweet_id], seconds=ONE_SECONDS)
    if not found:
        raise NotFound("tweet_not_found")
    return _response_for_one(found[0])


@blueprint.post("/tweet/post/<tweet_id>")
@Operation(
    bodies=(inputs.NoFields,),
    responses={200: TweetPosted, 202: TweetWaits},
    errors={
        NotFound: ("tweet_not_found",),
        Conflict: ("tweet_not_pending", "part_waits", "other_world"),
        Invalid: ("oauth1_not_supported",),
        XRefused: ANY_CODE,
        NotNow: ("no_worker",),
    },
    rebuild=_posted,
)
def post_one(tweet_id: str) -> tuple[Response, int]:
    """Posts one pending tweet now and waits up to 20 s for what X says."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    inputs.body(inputs.NoFields)
    current.services().publishing.post_now(number, idempotency=current.idempotent_call())
    return _posted(number)


class WhichAccount(AccountCriterion):
    """Whose pending tweets; everybody's by default."""


class PostingDetail(ResponseModel):
    """What became of one of them so far."""

    tweet_id: Id
    status: Annotated[Status, Field(examples=["posted"])]
    twitter_id: XId | None
    error: Annotated[str | None, Field(examples=[None])]


def _detail(tweet: Tweet) -> dict[str, object]:
    return {
        "tweet_id": tweet.id,
        "status": tweet.status,
        "twitter_id": tweet.twitter_id,
        "error": error_sentence(tweet),
    }


class PendingPosted(ResponseModel):
    """How many went out; the five numbers sum to `total`."""

    total: Annotated[Count, Field(examples=[1])]
    posted: Annotated[Count, Field(examples=[1])]
    failed: Count
    held: Count
    unconfirmed: Count
    in_progress: Count
    details: list[PostingDetail]


class PendingUnderWay(PendingPosted):
    """What is known by now; the rest goes on by itself."""

    accepted: Annotated[bool, Field(description="It is kept, whatever becomes of it.", examples=[True])]


def _response_for_all(found: Sequence[TweetOfAccount]) -> tuple[Response, int]:
    tally = Counter(_outcome(each.tweet) for each in found)
    outcomes = {name: tally[name] for name in (*_OUTCOMES, "in_progress")}
    details = [_detail(each.tweet) for each in found]
    answer = {"total": len(found), **outcomes, "details": details}
    return (jsonify({"accepted": True, **answer}), 202) if outcomes["in_progress"] else (jsonify(answer), 200)


def _outcome(tweet: Tweet) -> str:
    return tweet.status if tweet.status in _OUTCOMES else "in_progress"


@blueprint.post("/tweets/post-pending")
@Operation(
    query=(ACCOUNT_ID, ACCOUNT),
    bodies=(WhichAccount,),
    example={"account_id": 1},
    responses={200: PendingPosted, 202: PendingUnderWay},
    errors={
        NotFound: ("account_not_found",),
        Conflict: ("other_world",),
        Invalid: ("oauth1_not_supported",),
        NotNow: ("no_worker",),
    },
)
def post_all() -> tuple[Response, int]:
    """Posts all pending tweets, of one account or of all, and waits up to 60 s for what X says."""
    asked = inputs.body(WhichAccount)
    inputs.check_not_empty("account_id", "account")
    account_id = find_account(asked) or account_in_query()
    services = current.services()
    numbers = services.publishing.post_pending(account_id, among=access.among())
    found = services.waiting.for_tweets(numbers, seconds=ALL_SECONDS) if numbers else []
    return _response_for_all(found)
