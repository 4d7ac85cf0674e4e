"""Publishing: one post, many in a batch, and a look at them beforehand (contract §5.1, §5.1b, §5.4)."""

from collections import Counter
from collections.abc import Sequence

from flask import Blueprint, Response, jsonify, url_for

from twitter_manager.api import current, inputs, posting
from twitter_manager.api.post_bodies import BatchBody, PostBody, SharedPostBody, ThreadBody
from twitter_manager.api.refusals import refuse_failed
from twitter_manager.api.shapes import (
    batch_item_to_json,
    error_sentence,
    next_attempt_at,
    parsed_text_to_json,
    problem_to_json,
    tweet_of_batch_to_json,
    url_of,
    warnings_to_json,
)
from twitter_manager.errors import Invalid
from twitter_manager.services.publishing.validate import Report
from twitter_manager.services.rate_limits.forecast import PublishWarning
from twitter_manager.storage import batches, tweets
from twitter_manager.timestamps import to_text

__all__ = ["batch_taken", "blueprint", "published"]

blueprint = Blueprint("publishing", __name__, url_prefix="/api/v1")


@blueprint.post("/tweets")
def publish() -> tuple[Response, int]:
    """Publishes a post now and waits up to 20 s for what X says, or keeps it for its time or as a draft."""
    asked = inputs.body(PostBody)
    publish_request = asked.to_publish_request(asked.account_id)
    taken = current.services().publishing.publish(publish_request, once=current.once())
    return published(taken.tweet.id, taken.warnings)


def published(tweet_id: int, warnings: Sequence[PublishWarning] = ()) -> tuple[Response, int]:
    """What became of a post that was taken; waits for it where it goes out now. Raises NotFound, XRefused."""
    services = current.services()
    found = tweets.get_of_account(services.db, tweet_id)
    if found.tweet.status not in ("scheduled", "draft"):
        settled = services.waiting.for_tweets([tweet_id], seconds=posting.ONE_SECONDS)
        found = settled[0] if settled else found
    tweet = found.tweet
    if tweet.status == "failed":
        refuse_failed(tweet, post_id=tweet.id)
    answer = {"success": True, "post_id": tweet.id, "status": tweet.status, "warnings": warnings_to_json(warnings)}
    if tweet.status in ("posted", "scheduled", "draft"):
        scheduled_at = None if tweet.scheduled_at is None else to_text(tweet.scheduled_at)
        times = {"created_at": to_text(tweet.created_at), "scheduled_at": scheduled_at}
        return jsonify({**answer, "tweet_id": tweet.twitter_id, "url": url_of(found), **times}), 201
    why = {"error": error_sentence(tweet), "error_code": tweet.error_code}
    url = url_for("tweets.show", tweet_id=tweet.id)
    return jsonify({**answer, "status_url": url, "next_attempt_at": next_attempt_at(tweet), **why}), 202


@blueprint.post("/tweets/batch")
def publish_batch() -> tuple[Response, int]:
    """Takes up to 1,000 posts, or one post for several accounts; `dry_run` only says what would be taken."""
    asked = inputs.body_by_field("account_ids", SharedPostBody, BatchBody)
    taken = current.services().batches.publish(
        asked.to_publish_requests(), dry_run=asked.dry_run, atomic=asked.atomic, once=current.once()
    )
    kept = taken.batch is not None
    posts = [batch_item_to_json(each, kept=kept) for each in taken.posts]
    if not kept and not asked.dry_run:
        raise Invalid("batch_refused", field="tweets", details={"posts": posts})
    batch_id = taken.batch.id if taken.batch else None
    answer = {"batch_id": batch_id, "posts": posts, "warnings": warnings_to_json(taken.warnings)}
    return jsonify(answer), 202 if kept else 200


def batch_taken(batch_id: int) -> tuple[Response, int]:
    """What was taken of a batch, where the answer that also told what was refused is lost. Raises NotFound."""
    db = current.services().db
    batch = batches.get(db, batch_id)
    posts = [tweet_of_batch_to_json(each) for each in batches.list_tweets(db, batch_id)]
    taken = [{name: post[name] for name in ("post_id", "account_id", "status", "error")} for post in posts]
    return jsonify({"batch_id": batch.id, "posts": taken, "warnings": []}), 202


@blueprint.get("/batches/<batch_id>")
def show_batch(batch_id: str) -> Response:
    """How the posts of a batch stand."""
    number = inputs.to_id(batch_id, field="batch_id")
    db = current.services().db
    batch = batches.get(db, number)
    found = batches.list_tweets(db, number)
    counts = Counter(each.tweet.status for each in found)
    posts = [tweet_of_batch_to_json(each) for each in found]
    place = {"batch_id": batch.id, "created_at": to_text(batch.created_at), "total": len(found), "counts": counts}
    return jsonify({**place, "posts": posts})


@blueprint.post("/tweets/validate")
def validate() -> Response:
    """Says what would become of a post or a thread, its lengths and its price, without doing anything."""
    asked = inputs.body_by_field("tweets", ThreadBody, PostBody)
    validation = current.services().validation
    if isinstance(asked, ThreadBody):
        publish_request, others = asked.to_publish_request()
        return _report(validation.report(publish_request, others, is_thread=True))
    return _report(validation.report(asked.to_publish_request(asked.account_id)))


def _report(report: Report) -> Response:
    return jsonify(
        {
            "valid": not report.problems,
            "problems": [problem_to_json(problem) for problem in report.problems],
            "parts": [parsed_text_to_json(part) for part in report.parts],
            "warnings": warnings_to_json(report.warnings),
            "estimated_cost_usd": float(report.cost),
        }
    )
