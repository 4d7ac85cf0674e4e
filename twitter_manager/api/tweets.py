"""Tweets of the store: create one that waits, list them, say what became of a doubtful one."""

from typing import Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from twitter_manager.api import current, inputs
from twitter_manager.api.shapes import tweet_to_json
from twitter_manager.errors import Invalid
from twitter_manager.storage import accounts, tweets

__all__ = ["STATUSES", "blueprint"]

STATUSES = (
    "draft",
    "pending",
    "scheduled",
    "posting",
    "posted",
    "failed",
    "unconfirmed",
    "held",
    "canceled",
)
_SYNONYMS = {"published": "posted"}

blueprint = Blueprint("tweets", __name__, url_prefix="/api/v1")


class NewTweet(inputs.Body):
    """A tweet to keep until it is told to go out."""

    account_id: inputs.Id
    text: str


class Resolution(inputs.Body):
    """The owner's word on a tweet of which the service could not find out whether it is at X."""

    as_: Literal["posted", "not_posted"] = Field(alias="as")
    twitter_id: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,18}$")


@blueprint.post("/tweet")
def create() -> tuple[Response, int]:
    """Keeps a tweet as `pending`."""
    new = inputs.body(NewTweet)
    tweet = current.services().publishing.create(account_id=new.account_id, text=new.text)
    return jsonify({"message": "Tweet created", "tweet_id": tweet.id}), 201


@blueprint.get("/tweets")
def show_page() -> Response:
    """One page of the tweets, newest first, filtered by status and account."""
    page, limit = inputs.page_in_query()
    which = tweets.TweetFilter(status=_status_in_query(), account_id=inputs.id_in_query("account_id"))
    db = current.services().db
    if which.account_id is not None:
        accounts.get(db, which.account_id)
    rows = [tweet_to_json(found) for found in tweets.list_page(db, which, page=page, limit=limit)]
    return jsonify({"tweets": rows, "total": tweets.count(db, which), "page": page, "limit": limit})


@blueprint.post("/tweets/<tweet_id>/resolve")
def resolve(tweet_id: str) -> Response:
    """Settles an unconfirmed tweet by its owner's word: it is at X under this id, or it is not there."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    word = inputs.body(Resolution)
    if (word.as_ == "posted") != (word.twitter_id is not None):
        sentence = "twitter_id goes with as: posted, and only with it"
        raise Invalid("invalid_field", sentence=sentence, field="twitter_id")
    services = current.services()
    services.publishing.resolve(number, twitter_id=word.twitter_id)
    found = tweets.get_of_account(services.db, number)
    return jsonify({"message": "Tweet resolved", "tweet_id": number, "tweet": tweet_to_json(found)})


def _status_in_query() -> str | None:
    given = request.args.get("status")
    if given is None:
        return None
    status = _SYNONYMS.get(given, given)
    if status not in STATUSES:
        raise Invalid("invalid_field", sentence=f"status must be one of {', '.join(STATUSES)}", field="status")
    return status
