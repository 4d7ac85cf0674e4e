"""Tweets of the store: create, look at one, change it, try again, delete, settle a doubtful one."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.http import access, current, inputs
from twitter_manager.api.http.account_names import AccountCriterion, AccountFields, find_account, get_account
from twitter_manager.api.openapi.fields import Count, Id, ResponseModel, Time
from twitter_manager.api.openapi.operations import ANY_CODE, Chapter, Operation, Resource, flag
from twitter_manager.api.post_requests import TEXT_ERRORS, NextSlot, PostBody, check_one_time
from twitter_manager.api.tweet_responses import STATUSES, Attempt, Tweet, TweetStatus, attempt_to_json, tweet_to_json
from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, SlowDown, XRefused
from twitter_manager.services.publishing.tweets import Change
from twitter_manager.storage import attempts, tweet_cleanup, tweets

__all__ = ["blueprint"]

blueprint = Resource(
    "tweets",
    __name__,
    url_prefix="/api/v1",
    chapter=Chapter(
        "Tweets",
        "The store: keep a tweet, list them, look at one, change it, try again, delete, settle a doubtful one.",
    ),
)


class TweetBody(AccountFields):
    """A tweet to keep until it is told to go out."""

    _elsewhere: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (*PostBody.model_fields, "scheduled_at"), "POST /api/v1/tweets"
    )

    text: str


class TweetCreated(ResponseModel):
    """It is kept, and waits."""

    message: Annotated[str, Field(examples=["Tweet created"])]
    tweet_id: Id


def _created(tweet_id: int) -> tuple[Response, int]:
    """The answer about a tweet that was made."""
    return jsonify({"message": "Tweet created", "tweet_id": tweet_id}), 201


@blueprint.post("/tweet")
@Operation(
    bodies=(TweetBody,),
    example={"account_id": 1, "text": "Hello from Alice"},
    responses={201: TweetCreated},
    errors={
        NotFound: ("account_not_found",),
        Conflict: ("other_world",),
        Invalid: (*TEXT_ERRORS, "oauth1_not_supported"),
    },
    rebuild=_created,
)
def create() -> tuple[Response, int]:
    """Keeps a tweet as `pending`."""
    new = inputs.body(TweetBody)
    tweet_id = current.services().tweets.create(
        account_id=get_account(new), text=new.text, idempotency=current.idempotent_call()
    )
    return _created(tweet_id)


class TweetDetails(Tweet):
    """A tweet with its attempts."""

    attempts: list[Attempt]
    metrics: Annotated[dict[str, Count] | None, Field(description="Not measured yet.", examples=[None])]
    measured_at: Annotated[Time | None, Field(description="Not measured yet.", examples=[None])]


def _details(tweet_id: int) -> Response:
    """The answer that shows a tweet with its attempts. Raises NotFound."""
    db = current.services().db
    found = tweets.get_of_account(db, tweet_id)
    tries = [attempt_to_json(attempt) for attempt in attempts.list_of_tweet(db, tweet_id)]
    return jsonify({**tweet_to_json(found), "attempts": tries, "metrics": None, "measured_at": None})


@blueprint.get("/tweets/<tweet_id>")
@Operation(responses={200: TweetDetails}, errors={NotFound: ("tweet_not_found",)})
def show(tweet_id: str) -> Response:
    """One tweet with its attempts."""
    return _details(inputs.to_id(tweet_id, field="tweet_id"))


class TweetChange(inputs.PatchBody):
    """What is to be different about a tweet that is not at X. Without its time it is a draft."""

    text: str = inputs.LEFT_OUT
    schedule_at: Annotated[inputs.Moment | None, Field(description="null: takes the time away.")] = None
    schedule: NextSlot = inputs.LEFT_OUT
    status: Literal["pending", "canceled"] = inputs.LEFT_OUT
    allow_duplicate: inputs.Flag = False


@blueprint.patch("/tweets/<tweet_id>")
@Operation(
    bodies=(TweetChange,),
    example={"text": "Hello again from Alice"},
    responses={200: TweetDetails},
    errors={
        NotFound: ("tweet_not_found",),
        Conflict: ("tweet_not_editable", "part_waits", "other_world", "duplicate", "no_slots"),
        Invalid: (*TEXT_ERRORS, "schedule_in_the_past", "schedule_too_far", "oauth1_not_supported"),
    },
)
def change(tweet_id: str) -> Response:
    """Changes text, time or status of a tweet that is certainly not at X."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    asked = inputs.body(TweetChange)
    check_one_time(asked.schedule, asked.schedule_at)
    unschedule = asked.schedule_at is None and "schedule_at" in asked.model_fields_set
    wanted = Change(
        text=asked.text,
        schedule_at=asked.schedule_at,
        next_slot=asked.schedule is not None,
        unschedule=unschedule,
        status=asked.status,
        allow_duplicate=asked.allow_duplicate,
    )
    current.services().tweets.change(number, wanted)
    return _details(number)


class Retry(inputs.Body):
    """A failed tweet again, with another text if given."""

    text: str | None = None
    allow_duplicate: inputs.Flag = False


@blueprint.post("/tweets/<tweet_id>/retry")
@Operation(
    bodies=(Retry,),
    example={"text": "Hello again from Alice"},
    responses={200: TweetDetails},
    errors={
        NotFound: ("tweet_not_found",),
        Conflict: ("tweet_not_failed", "other_world", "duplicate"),
        Invalid: (*TEXT_ERRORS, "oauth1_not_supported"),
    },
    rebuild=_details,
)
def retry(tweet_id: str) -> Response:
    """Sends a failed tweet again; its attempts are kept."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    asked = inputs.body(Retry)
    current.services().tweets.retry(
        number, text=asked.text, allow_duplicate=asked.allow_duplicate, idempotency=current.idempotent_call()
    )
    return _details(number)


class TweetDeleted(ResponseModel):
    """It is gone."""

    message: Annotated[str, Field(examples=["Tweet deleted"])]
    tweet_id: Id


@blueprint.delete("/tweets/<tweet_id>")
@Operation(
    query=(flag("from_twitter", "1: the post at X first."),),
    responses={200: TweetDeleted},
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
)
def delete(tweet_id: str) -> Response:
    """Deletes a tweet here, and with `from_twitter=1` its post at X first."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    current.services().tweets.delete(number, from_x=inputs.flag_in_query("from_twitter"))
    return jsonify({"message": "Tweet deleted", "tweet_id": number})


class TweetCleanUp(AccountCriterion):
    """Criteria that a tweet must all meet to be deleted. At least one has to narrow: an empty list of statuses and 0
    days do not. Everything goes with `all`, and only with nothing beside it."""

    statuses: Annotated[list[TweetStatus], Field(max_length=len(STATUSES))] = inputs.LEFT_OUT
    days_old: Annotated[int, Field(ge=0, le=36_500), inputs.DIGITS] = inputs.LEFT_OUT
    all: inputs.Flag = False


class TweetsDeleted(ResponseModel):
    """How many are gone, and how many are on their way to X and were left."""

    message: Annotated[str, Field(examples=["Tweets deleted: 0"])]
    deleted: Count
    skipped: Count


@blueprint.post("/tweets/cleanup")
@Operation(
    bodies=(TweetCleanUp,),
    example={"statuses": ["failed", "canceled"], "days_old": 30},
    responses={200: TweetsDeleted},
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",), Invalid: ("no_criterion",)},
)
def clean_up() -> Response:
    """Deletes the tweets that meet every criterion; what is on its way to X is skipped."""
    asked = inputs.body(TweetCleanUp)
    if asked.all and asked.model_fields_set != {"all"}:
        raise Invalid("invalid_field", sentence="all stands alone, without another criterion", field="all")
    which = tweet_cleanup.CleanUp(
        statuses=asked.statuses,
        days_old=asked.days_old,
        account_id=find_account(asked),
        everything=asked.all,
        among=access.among(),
    )
    cleaned = current.services().tweets.clean_up(which)
    message = f"Tweets deleted: {cleaned.deleted}"
    return jsonify({"message": message, "deleted": cleaned.deleted, "skipped": cleaned.skipped})


class Resolution(inputs.Body):
    """The owner's word on a tweet of which the service could not find out whether it is at X."""

    as_: Literal["posted", "not_posted"] = Field(alias="as")
    twitter_id: inputs.XId | None = None


class TweetResolved(ResponseModel):
    """The owner's word is taken."""

    message: Annotated[str, Field(examples=["Tweet resolved"])]
    tweet_id: Id
    tweet: Tweet


def _resolved(tweet_id: int) -> Response:
    """The answer about a tweet that was settled. Raises NotFound."""
    found = tweets.get_of_account(current.services().db, tweet_id)
    return jsonify({"message": "Tweet resolved", "tweet_id": tweet_id, "tweet": tweet_to_json(found)})


@blueprint.post("/tweets/<tweet_id>/resolve")
@Operation(
    bodies=(Resolution,),
    example={"as": "posted", "twitter_id": "1991877265411923968"},
    responses={200: TweetResolved},
    errors={
        NotFound: ("tweet_not_found",),
        Conflict: ("tweet_not_unconfirmed", "twitter_id_taken"),
    },
    rebuild=_resolved,
)
def resolve(tweet_id: str) -> Response:
    """Settles an unconfirmed tweet by its owner's word: it is at X under this id, or it is not there."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    word = inputs.body(Resolution)
    if (word.as_ == "posted") != (word.twitter_id is not None):
        sentence = "twitter_id goes with as: posted, and only with it"
        raise Invalid("invalid_field", sentence=sentence, field="twitter_id")
    current.services().tweets.resolve(number, twitter_id=word.twitter_id, idempotency=current.idempotent_call())
    return _resolved(number)
