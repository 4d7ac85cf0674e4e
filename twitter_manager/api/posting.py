"""Posting now: one pending tweet, or all of them. The worker posts; the request only waits for it, not for ever."""

from collections import Counter
from collections.abc import Sequence

from flask import Blueprint, Response, jsonify

from twitter_manager.api import current, inputs
from twitter_manager.api.refusals import refuse_failed
from twitter_manager.api.shapes import error_sentence, next_attempt_at
from twitter_manager.errors import NotFound
from twitter_manager.models import Tweet, TweetOfAccount

__all__ = ["blueprint", "posted_one"]

ONE_SECONDS = 20.0
ALL_SECONDS = 60.0
_OUTCOMES = ("posted", "failed", "held", "unconfirmed")  # by which it counts; whatever else is in progress

blueprint = Blueprint("posting", __name__, url_prefix="/api/v1")


class WhichAccount(inputs.Body):
    """Whose pending tweets; everybody's by default."""

    account_id: inputs.Id | None = None


@blueprint.post("/tweet/post/<tweet_id>")
def post_one(tweet_id: str) -> tuple[Response, int]:
    """Posts one pending tweet now and waits up to 20 s for what X says."""
    number = inputs.to_id(tweet_id, field="tweet_id")
    inputs.body(inputs.NoFields)
    current.services().publishing.post_now(number, once=current.once())
    return posted_one(number)


def posted_one(tweet_id: int) -> tuple[Response, int]:
    """What became of a tweet that was to go out now; waits for it. Raises NotFound, XRefused."""
    found = current.services().waiting.for_tweets([tweet_id], seconds=ONE_SECONDS)
    if not found:
        raise NotFound("tweet_not_found")
    return _answer_for_one(found[0])


@blueprint.post("/tweets/post-pending")
def post_all() -> tuple[Response, int]:
    """Posts all pending tweets, of one account or of all, and waits up to 60 s for what X says."""
    asked = inputs.body(WhichAccount)
    account_id = asked.account_id or inputs.id_in_query("account_id")
    services = current.services()
    numbers = services.publishing.post_pending(account_id)
    found = services.waiting.for_tweets(numbers, seconds=ALL_SECONDS) if numbers else []
    return _answer_for_all(found)


def _answer_for_one(found: TweetOfAccount) -> tuple[Response, int]:
    tweet = found.tweet
    if tweet.status == "failed":
        refuse_failed(tweet)
    if tweet.status == "posted":
        posted = {"message": "Tweet posted", "tweet_id": tweet.id, "twitter_id": tweet.twitter_id, "url": found.url}
        return jsonify(posted), 200
    waits = {"tweet_id": tweet.id, "status": tweet.status, "next_attempt_at": next_attempt_at(tweet)}
    return jsonify({"message": _why_not_yet(tweet), **waits}), 202


def _why_not_yet(tweet: Tweet) -> str:
    return error_sentence(tweet) or "The tweet is on its way; look again in a moment"


def _answer_for_all(found: Sequence[TweetOfAccount]) -> tuple[Response, int]:
    tally = Counter(_outcome(each.tweet) for each in found)
    outcomes = {name: tally[name] for name in (*_OUTCOMES, "in_progress")}
    details = [_detail(each.tweet) for each in found]
    status = 202 if outcomes["in_progress"] else 200
    return jsonify({"total": len(found), **outcomes, "details": details}), status


def _outcome(tweet: Tweet) -> str:
    return tweet.status if tweet.status in _OUTCOMES else "in_progress"


def _detail(tweet: Tweet) -> dict[str, object]:
    return {
        "tweet_id": tweet.id,
        "status": tweet.status,
        "twitter_id": tweet.twitter_id,
        "error": error_sentence(tweet),
    }
