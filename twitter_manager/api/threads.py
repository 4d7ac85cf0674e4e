"""Threads: posts that answer each other (contract §5.2, §5.3)."""

from collections.abc import Sequence

from flask import Blueprint, Response, jsonify, url_for

from twitter_manager.api import posting
from twitter_manager.api.http import current, inputs
from twitter_manager.api.post_bodies import ThreadBody
from twitter_manager.api.refusals import refuse_failed
from twitter_manager.api.shapes import attempt_to_json, thread_part_to_json, tweet_to_json, warnings_to_json
from twitter_manager.errors import NotFound
from twitter_manager.models import TweetOfAccount
from twitter_manager.services.publishing.thread_states import next_part, status_of_thread
from twitter_manager.services.rate_limits.forecast import PublishWarning
from twitter_manager.storage import attempts, threads
from twitter_manager.timestamps import to_text

__all__ = ["blueprint", "published"]

blueprint = Blueprint("threads", __name__, url_prefix="/api/v1/threads")


@blueprint.post("")
def publish() -> tuple[Response, int]:
    """Publishes a thread part by part and waits up to 20 s for what X says, or keeps it for its time."""
    publish_request, others = inputs.body(ThreadBody).to_publish_request()
    taken = current.services().threads.publish(publish_request, others, idempotency=current.idempotent_call())
    return published(taken.thread.id, taken.warnings)


@blueprint.get("/<thread_id>")
def show(thread_id: str) -> Response:
    """A thread with its parts, their states and their attempts."""
    number = inputs.to_id(thread_id, field="thread_id")
    db = current.services().db
    thread, parts = threads.get(db, number), threads.list_parts(db, number)
    tries = attempts.list_of_thread(db, number)
    rows = [
        {**tweet_to_json(part), "attempts": [attempt_to_json(each) for each in tries if each.tweet_id == part.tweet.id]}
        for part in parts
    ]
    place = {"thread_id": thread.id, "account_id": thread.account_id, "created_at": to_text(thread.created_at)}
    return jsonify({**place, **_standing(parts), "tweets": rows})


@blueprint.post("/<thread_id>/resume")
def resume(thread_id: str) -> tuple[Response, int]:
    """Goes on behind the last part that is at X, and answers as publishing does."""
    number = inputs.to_id(thread_id, field="thread_id")
    inputs.body(inputs.NoFields)
    current.services().threads.resume(number, idempotency=current.idempotent_call())
    return published(number)


@blueprint.delete("/<thread_id>")
def delete(thread_id: str) -> Response:
    """Deletes a thread here, and with `from_twitter=1` its posts at X first, the last one first."""
    number = inputs.to_id(thread_id, field="thread_id")
    taken_down = current.services().threads.delete(number, from_x=inputs.flag_in_query("from_twitter"))
    return jsonify({"message": "Thread deleted", "thread_id": number, "deleted_posts": taken_down})


def published(thread_id: int, warnings: Sequence[PublishWarning] = ()) -> tuple[Response, int]:
    """What became of a thread that was taken; waits for it where it goes out now. Raises NotFound, XRefused."""
    services = current.services()
    thread, parts = threads.get(services.db, thread_id), threads.list_parts(services.db, thread_id)
    if status_of_thread(parts) != "scheduled":
        parts = services.waiting.for_thread(thread_id, seconds=posting.ONE_SECONDS)
    if not parts:  # it was deleted meanwhile
        raise NotFound("thread_not_found")
    rows = [thread_part_to_json(part) for part in parts]
    part = next_part(parts)
    if part is not None and part.status == "failed":
        refuse_failed(part, thread_id=thread_id, tweets=rows)
    standing = _standing(parts)
    answer = {"success": True, "thread_id": thread_id, **standing, "tweets": rows}
    answer |= {"created_at": to_text(thread.created_at), "warnings": warnings_to_json(warnings)}
    if standing["status"] in ("posted", "scheduled"):
        return jsonify(answer), 201
    return jsonify({**answer, "status_url": url_for("threads.show", thread_id=thread_id)}), 202


def _standing(parts: Sequence[TweetOfAccount]) -> dict[str, object]:
    posted = sum(part.tweet.status == "posted" for part in parts)
    return {"status": status_of_thread(parts), "thread_count": len(parts), "posted_count": posted}
