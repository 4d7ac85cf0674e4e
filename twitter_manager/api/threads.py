"""Threads: posts that answer each other (contract §5.2, §5.3)."""

from collections.abc import Sequence
from typing import Annotated

from flask import Response, jsonify, url_for
from pydantic import BeforeValidator, Field

from twitter_manager.api import posting
from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.account_names import AccountFields, get_account
from twitter_manager.api.openapi.fields import Id, ResponseModel, Time, XId
from twitter_manager.api.openapi.operations import ANY_CODE, Chapter, Operation, Resource, flag
from twitter_manager.api.post_requests import ACCOUNT_ERRORS, POST_ERRORS, PartBody, Timing
from twitter_manager.api.publishing import Warnings, warnings_to_json
from twitter_manager.api.tweet_responses import (
    Attempt,
    PostUrl,
    Status,
    Tweet,
    XWords,
    attempt_to_json,
    error_sentence,
    next_attempt_at,
    post_to_json,
    refuse_failed,
    tweet_to_json,
    why_not_yet,
)
from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, SlowDown, XRefused
from twitter_manager.models import TweetOfAccount
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.publishing.thread_states import THREAD_STATES, next_part, status_of_thread
from twitter_manager.services.publishing.warnings import PublishWarning
from twitter_manager.storage import attempts, threads
from twitter_manager.timestamps import to_text

__all__ = ["ThreadBody", "ThreadPart", "blueprint"]

_MAX_PARTS = 100

blueprint = Resource(
    "threads",
    __name__,
    url_prefix="/api/v1/threads",
    chapter=Chapter(
        "Threads", "Posts that answer each other: publish them, see how they stand, go on, take them down."
    ),
)


def _part(value: object) -> object:
    """A text alone is a part without options."""
    return {"text": value} if isinstance(value, str) else value


Parts = Annotated[
    list[Annotated[PartBody, BeforeValidator(_part, json_schema_input_type=str | PartBody)]],
    Field(min_length=1, max_length=_MAX_PARTS),
]


class ThreadBody(Timing, AccountFields):
    """A thread: each part answers the one before, the first one `reply_to_tweet_id` if that is given."""

    tweets: Parts
    reply_to_tweet_id: inputs.XId | None = None

    def to_publish_request(self, account_id: int) -> tuple[PublishRequest, Sequence[Post]]:
        """The first part with when and where, and the posts after it."""
        first, *others = self.tweets
        publish_request = PublishRequest(
            account_id=account_id,
            post=first.to_post(reply_to=self.reply_to_tweet_id),
            schedule_at=self.schedule_at,
            next_slot=self.takes_slot(),
            late_policy=self.late_policy,
            allow_duplicate=self.allow_duplicate,
        )
        return publish_request, [part.to_post() for part in others]


ThreadStatus = Annotated[str, Field(json_schema_extra={"enum": list(THREAD_STATES)}, examples=["posted"])]
PartCount = Annotated[int, Field(ge=0, examples=[1])]


class ThreadPart(ResponseModel):
    """A part of a thread."""

    post_id: Id
    tweet_id: Annotated[XId | None, Field(description="The part's id at X; null while it is not there.")]
    text: Annotated[str, Field(examples=["First"])]
    url: Annotated[PostUrl, Field(examples=["https://x.com/alice/status/1991877265411923968"])]
    status: Annotated[Status, Field(examples=["posted"])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]


def _part_to_json(found: TweetOfAccount) -> dict[str, object]:
    """A part in the answer to publishing a thread."""
    return {**post_to_json(found), "text": found.tweet.content}


class ThreadTaken(ResponseModel):
    """It is on X, or kept for its time."""

    success: Annotated[bool, Field(examples=[True])]
    thread_id: Id
    status: ThreadStatus
    thread_count: PartCount
    posted_count: Annotated[PartCount, Field(description="How many parts are at X.")]
    tweets: list[ThreadPart]
    created_at: Time
    warnings: Warnings


class ThreadWaits(ThreadTaken):
    """It is on the disk and not settled yet: `status_url` tells what becomes of it."""

    accepted: Annotated[bool, Field(description="It is kept, whatever becomes of it.", examples=[True])]
    success: Annotated[bool, Field(description="False: it is not whole on X yet.", examples=[False])]
    status: Annotated[ThreadStatus, Field(examples=["posting"])]
    status_url: Annotated[str, Field(examples=["/api/v1/threads/1"])]
    next_attempt_at: Annotated[Time | None, Field(description="Of the part that is next.", examples=[None])]
    error: Annotated[str | None, Field(description="Why that part is not out yet.", examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    hint: Annotated[str | None, Field(description="What to do about it.", examples=[None])]
    twitter: Annotated[XWords | None, Field(description="X's own words.", examples=[None])]


def _progress(parts: Sequence[TweetOfAccount]) -> dict[str, object]:
    posted = sum(part.tweet.status == "posted" for part in parts)
    return {"status": status_of_thread(parts), "thread_count": len(parts), "posted_count": posted}


def _published(thread_id: int, warnings: Sequence[PublishWarning] = ()) -> tuple[Response, int]:
    """What became of a thread that was taken; waits for it where it goes out now. Raises NotFound, XRefused."""
    services = current.services()
    thread, parts = threads.get(services.db, thread_id), threads.list_parts(services.db, thread_id)
    if status_of_thread(parts) != "scheduled":
        parts = services.waiting.for_thread(thread_id, seconds=posting.ONE_SECONDS)
    if not parts:  # it was deleted meanwhile
        raise NotFound("thread_not_found")
    rows = [_part_to_json(part) for part in parts]
    part = next_part(parts)
    if part is not None and part.status == "failed":
        refuse_failed(part, thread_id=thread_id, tweets=rows)
    progress = _progress(parts)
    answer = {"thread_id": thread_id, **progress, "tweets": rows}
    answer |= {"created_at": to_text(thread.created_at), "warnings": warnings_to_json(warnings)}
    if part is None or progress["status"] == "scheduled":
        return jsonify({"success": True, **answer}), 201
    why = {"next_attempt_at": next_attempt_at(part), "error": error_sentence(part), **why_not_yet(part)}
    url = url_for("threads.show", thread_id=thread_id)
    return jsonify({"accepted": True, "success": False, **answer, "status_url": url, **why}), 202


@blueprint.post("")
@Operation(
    bodies=(ThreadBody,),
    example={"account_id": 1, "tweets": ["First", "Second"]},
    responses={201: ThreadTaken, 202: ThreadWaits},
    errors={
        NotFound: ("account_not_found", "thread_not_found"),
        Conflict: ACCOUNT_ERRORS,
        Invalid: POST_ERRORS,
        XRefused: ANY_CODE,
        NotNow: ("no_worker",),
    },
    rebuild=_published,
)
def publish() -> tuple[Response, int]:
    """Publishes a thread part by part and waits up to 20 s for what X says, or keeps it for its time."""
    asked = inputs.body(ThreadBody)
    publish_request, others = asked.to_publish_request(get_account(asked))
    taken = current.services().threads.publish(publish_request, others, idempotency=current.idempotent_call())
    return _published(taken.thread.id, taken.warnings)


class TweetOfThread(Tweet):
    """A part with its attempts."""

    attempts: list[Attempt]


class Thread(ResponseModel):
    """A thread with its parts, in their order."""

    thread_id: Id
    account_id: Id
    created_at: Time
    status: ThreadStatus
    thread_count: PartCount
    posted_count: PartCount
    tweets: list[TweetOfThread]


@blueprint.get("/<thread_id>")
@Operation(responses={200: Thread}, errors={NotFound: ("thread_not_found",)})
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
    head = {"thread_id": thread.id, "account_id": thread.account_id, "created_at": to_text(thread.created_at)}
    return jsonify({**head, **_progress(parts), "tweets": rows})


@blueprint.post("/<thread_id>/resume")
@Operation(
    bodies=(inputs.NoFields,),
    responses={201: ThreadTaken, 202: ThreadWaits},
    errors={
        NotFound: ("thread_not_found",),
        Conflict: ("thread_not_stopped", "thread_in_flight", "other_world"),
        Invalid: ("oauth1_not_supported",),
        XRefused: ANY_CODE,
        NotNow: ("no_worker",),
    },
    rebuild=_published,
)
def resume(thread_id: str) -> tuple[Response, int]:
    """Goes on after the last part that is at X, and answers as publishing does."""
    number = inputs.to_id(thread_id, field="thread_id")
    inputs.body(inputs.NoFields)
    current.services().threads.resume(number, idempotency=current.idempotent_call())
    return _published(number)


class ThreadDeleted(ResponseModel):
    """It is gone."""

    message: Annotated[str, Field(examples=["Thread deleted"])]
    thread_id: Id
    deleted_posts: Annotated[int, Field(ge=0, description="How many posts were taken down at X.", examples=[0])]


@blueprint.delete("/<thread_id>")
@Operation(
    query=(flag("from_twitter", "1: its posts at X first, the last one first."),),
    responses={200: ThreadDeleted},
    errors={
        NotFound: ("thread_not_found", "tweet_not_found"),
        Conflict: (
            "thread_in_flight",
            "tweet_in_flight",
            "account_needs_reconnect",
            "oauth_not_configured",
            "token_unreadable",
        ),
        SlowDown: ("rate_limit_exceeded",),
        XRefused: ANY_CODE,
        NotNow: ("too_many_waiting",),
    },
)
def delete(thread_id: str) -> Response:
    """Deletes a thread here, and with `from_twitter=1` its posts at X first, the last one first."""
    number = inputs.to_id(thread_id, field="thread_id")
    taken_down = current.services().threads.delete(number, from_x=inputs.flag_in_query("from_twitter"))
    return jsonify({"message": "Thread deleted", "thread_id": number, "deleted_posts": taken_down})
