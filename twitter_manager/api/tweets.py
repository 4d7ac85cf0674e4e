"""Tweets of the store: create, list, look at one, change it, try again, delete, settle a doubtful one."""

from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field

from twitter_manager.api.http import current, inputs
from twitter_manager.api.shapes import attempt_to_json, tweet_to_json
from twitter_manager.api.tweet_lists import Status, filter_in_query
from twitter_manager.errors import Invalid
from twitter_manager.services.publishing.tweets import Change
from twitter_manager.storage import accounts, attempts, tweet_cleanup, tweet_lists, tweets

__all__ = ["blueprint", "created", "details", "resolved"]

blueprint = Blueprint("tweets", __name__, url_prefix="/api/v1")


class NewTweet(inputs.Body):
    """A tweet to keep until it is told to go out."""

    account_id: inputs.Id
    text: str


class TweetChange(inputs.Body):
    """What is to be different about a tweet that is not at X."""

    text: str | None = None
    schedule_at: inputs.Moment | None = None
    status: Literal["pending", "canceled"] | None = None


class Retry(inputs.Body):
    """A failed tweet again, with another text if given."""

    text: str | None = None


class TweetCleanUp(inputs.Body):
    """Criteria that a tweet must all meet to be deleted; no statuses in the list: any status."""

    statuses: list[Status] | None = None
    days_old: Annotated[int, Field(ge=0, le=36_500)] | None = None
    account_id: inputs.Id | None = None


class Resolution(inputs.Body):
    """The owner's word on a tweet of which the service could not find out whether it is at X."""

    as_: Literal["posted", "not_posted"] = Field(alias="as")
    twitter_id: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,18}$")


@blueprint.post("/tweet")
def create() -> tuple[Response, int]:
    """Keeps a tweet as `pending`."""
    new = inputs.body(NewTweet)
    tweet = current.services().publishing.create(
        account_id=new.account_id, text=new.text, idempotency=current.idempotent_call()
    )
    return created(tweet.id)


def created(tweet_id: int) -> tuple[Response, int]:
    """The answer about a tweet that was made."""
    return jsonify({"message": "Tweet created", "tweet_id": tweet_id}), 201


@blueprint.get("/tweets")
def show_page() -> Response:
    """The tweets that meet every filter, newest first; `q` looks for words. `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    which = filter_in_query()
    db = current.services().db
    if which.account_id is not None:
        accounts.get(db, which.account_id)
    found = tweet_lists.list_page(db, which, limit=limit + 1, offset=(page - 1) * limit if which.before is None else 0)
    rows = [tweet_to_json(each) for each in found[:limit]]
    more = inputs.cursor_before(found[limit - 1].tweet.id) if len(found) > limit else None
    place = {"page": page, "limit": limit, "next_cursor": more}
    return jsonify({"tweets": rows, "total": tweet_lists.count(db, which), **place})


@blueprint.get("/tweets/<tweet_id>")
def show(tweet_id: str) -> Response:
    """One tweet with its attempts."""
    return details(inputs.to_id(tweet_id, field="tweet_id"))


@blueprint.patch("/tweets/<tweet_id>")
def change(tweet_id: str) -> Response:
    """Changes text, time or status of a tweet that is certainly not at X."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    asked = inputs.body(TweetChange)
    wanted = Change(text=asked.text, schedule_at=asked.schedule_at, status=asked.status)
    current.services().tweets.change(number, wanted)
    return details(number)


@blueprint.post("/tweets/<tweet_id>/retry")
def retry(tweet_id: str) -> Response:
    """Sends a failed tweet again; its attempts are kept."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    current.services().tweets.retry(number, text=inputs.body(Retry).text, idempotency=current.idempotent_call())
    return details(number)


@blueprint.delete("/tweets/<tweet_id>")
def delete(tweet_id: str) -> Response:
    """Deletes a tweet here, and with `from_twitter=1` its post at X first."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    current.services().tweets.delete(number, from_x=inputs.flag_in_query("from_twitter"))
    return jsonify({"message": "Tweet deleted", "tweet_id": number})


@blueprint.post("/tweets/cleanup")
def clean_up() -> Response:
    """Deletes the tweets that meet every criterion; what is on its way to X is skipped."""
    asked = inputs.body(TweetCleanUp)
    which = tweet_cleanup.CleanUp(statuses=asked.statuses, days_old=asked.days_old, account_id=asked.account_id)
    cleaned = current.services().tweets.clean_up(which)
    message = f"Tweets deleted: {cleaned.deleted}"
    return jsonify({"message": message, "deleted": cleaned.deleted, "skipped": cleaned.skipped})


@blueprint.post("/tweets/<tweet_id>/resolve")
def resolve(tweet_id: str) -> Response:
    """Settles an unconfirmed tweet by its owner's word: it is at X under this id, or it is not there."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    word = inputs.body(Resolution)
    if (word.as_ == "posted") != (word.twitter_id is not None):
        sentence = "twitter_id goes with as: posted, and only with it"
        raise Invalid("invalid_field", sentence=sentence, field="twitter_id")
    current.services().publishing.resolve(number, twitter_id=word.twitter_id, idempotency=current.idempotent_call())
    return resolved(number)


def resolved(tweet_id: int) -> Response:
    """The answer about a tweet that was settled. Raises NotFound."""
    found = tweets.get_of_account(current.services().db, tweet_id)
    return jsonify({"message": "Tweet resolved", "tweet_id": tweet_id, "tweet": tweet_to_json(found)})


def details(tweet_id: int) -> Response:
    """The answer that shows a tweet with its attempts. Raises NotFound."""
    db = current.services().db
    found = tweets.get_of_account(db, tweet_id)
    tries = [attempt_to_json(attempt) for attempt in attempts.list_of_tweet(db, tweet_id)]
    return jsonify({**tweet_to_json(found), "attempts": tries, "metrics": None, "measured_at": None})
