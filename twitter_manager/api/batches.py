"""Batches: up to 1,000 posts in one call (contract §5.1b)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Annotated, Any, Literal

import orjson
from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.batch_requests import BatchBody, SharedPost, SharedPostBody
from twitter_manager.api.http import access, current, inputs
from twitter_manager.api.openapi.fields import Count, Id, ResponseModel, Time, XId
from twitter_manager.api.openapi.operations import Operation
from twitter_manager.api.publishing import Problem, Warnings, blueprint, warnings_to_json
from twitter_manager.api.tweet_responses import PostUrl, Status, StatusCounts, post_to_json
from twitter_manager.errors import Invalid, NotFound, NotNow
from twitter_manager.models import TweetOfAccount
from twitter_manager.services.publishing.batches import BatchItem
from twitter_manager.services.publishing.validate import problem_to_json
from twitter_manager.storage import batches
from twitter_manager.timestamps import to_text

__all__ = ["BatchPost", "blueprint"]

_OUT = ("posting", "unconfirmed", "posted")


class TakenPost(ResponseModel):
    """A post that was taken, or would be."""

    post_id: Id | None
    account_id: Id
    status: Status
    error: Annotated[str | None, Field(examples=[None])]


class RefusedPost(ResponseModel):
    """A row that was refused: the first of its problems as its error, and all of them."""

    post_id: Annotated[Id | None, Field(description="Always null.", examples=[None])]
    account_id: Annotated[Id | None, Field(description="As it was sent; null: that was no id.")]
    status: Annotated[Literal["refused"], Field(examples=["refused"])]
    error: Annotated[str, Field(examples=["The text is too long for X"])]
    error_code: Annotated[str, Field(examples=["text_too_long"])]
    field: Annotated[str | None, Field(examples=["text"])]
    index: Annotated[Count, Field(description="Which row it was, from 0; of account_ids each counts once.")]
    problems: list[Problem]
    existing_post_id: Id = 1
    existing_tweet_id: XId | None = None


BatchPost = TakenPost | RefusedPost


def _item_to_json(index: int, item: BatchItem, *, kept: bool) -> dict[str, object]:
    """What became of one row of a batch. Where nothing was kept, none has an id."""
    if item.tweet is None:
        return _refused_to_json(index, item.account_id, [problem_to_json(each) for each in item.problems])
    post_id = item.tweet.id if kept else None
    return {"post_id": post_id, "account_id": item.account_id, "status": item.tweet.status, "error": None}


def _refused_to_json(index: int, account_id: int | None, problems: Sequence[Mapping[str, object]]) -> dict[str, object]:
    first = dict(problems[0])
    return {
        "post_id": None,
        "account_id": account_id,
        "status": "refused",
        "error": first.pop("message"),
        "error_code": first.pop("code"),
        **first,
        "index": index,
        "problems": problems,
    }


class BatchTaken(ResponseModel):
    """What can be taken is on the disk and goes out by itself."""

    batch_id: Id
    posts: list[BatchPost]
    warnings: Warnings


class BatchTried(ResponseModel):
    """What would be taken; nothing was kept."""

    batch_id: Annotated[Id | None, Field(description="Always null.", examples=[None])]
    posts: list[BatchPost]
    warnings: Warnings


def _taken(batch_id: int) -> tuple[Response, int]:
    """What became of the rows of a batch, where the first answer is lost. Raises NotFound."""
    batch = batches.get(current.services().db, batch_id)
    posts = [
        post if post["status"] == "refused" else {name: post[name] for name in TakenPost.model_fields}
        for post in _posts_to_json(batch_id)
    ]
    return jsonify({"batch_id": batch.id, "posts": posts, "warnings": []}), 202


@blueprint.post("/tweets/batch")
@Operation(
    bodies=(BatchBody, SharedPostBody),
    example={
        "tweets": [{"account_id": 1, "text": "Hello from Alice"}, {"account_id": 1, "text": "Good night from Alice"}]
    },
    responses={200: BatchTried, 202: BatchTaken},
    errors={Invalid: ("batch_refused",), NotNow: ("no_worker",)},
    rebuild=_taken,
)
def publish_batch() -> tuple[Response, int]:
    """Takes up to 1,000 posts, or one post for several accounts; `dry_run` only says what would be taken."""
    asked = inputs.body_by_field(("account_ids", "accounts"), SharedPost, BatchBody)
    taken = current.services().batches.publish(
        asked.rows(),
        dry_run=asked.dry_run,
        atomic=asked.atomic,
        api_key_id=access.key_id(),
        idempotency=current.idempotent_call(),
    )
    kept = taken.batch is not None
    posts = [_item_to_json(index, each, kept=kept) for index, each in enumerate(taken.posts)]
    if not kept and not asked.dry_run:
        name = "tweets" if isinstance(asked, BatchBody) else "account_ids"
        raise Invalid("batch_refused", field=name, details={"posts": posts})
    batch_id = taken.batch.id if taken.batch else None
    answer = {"batch_id": batch_id, "posts": posts, "warnings": warnings_to_json(taken.warnings)}
    return jsonify(answer), 202 if kept else 200


class PostOfBatch(ResponseModel):
    """A post of a batch, as it stands."""

    post_id: Id
    account_id: Id
    status: Annotated[Status, Field(examples=["posted"])]
    tweet_id: XId | None
    url: Annotated[PostUrl, Field(examples=["https://x.com/alice/status/1991877265411923968"])]
    scheduled_at: Annotated[Time | None, Field(examples=[None])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]


def _post_to_json(found: TweetOfAccount) -> dict[str, object]:
    """A post of a batch, as it stands."""
    tweet = found.tweet
    whose = {"account_id": tweet.twitter_account_id, "scheduled_at": tweet.scheduled_at and to_text(tweet.scheduled_at)}
    return {**post_to_json(found), **whose}


def _posts_to_json(batch_id: int) -> list[dict[str, object]]:
    """Its posts as they stand and its refused rows, in the order in which they were sent. Who sent them sees every
    refused row; whoever else has limits, those of the accounts that there are."""
    db, among = current.services().db, access.among()
    sender = batches.get(db, batch_id).api_key_id == access.key_id()
    found = [((each.tweet.id, -1), _post_to_json(each)) for each in batches.list_tweets(db, batch_id, among=among)]
    for each in batches.list_refusals(db, batch_id, among=None if sender else among):
        row = _refused_to_json(each.position, each.account_id, orjson.loads(each.problems))
        found.append(((each.after_tweet_id, each.position), row))
    return [row for _, row in sorted(found, key=itemgetter(0))]


class BatchCounts(StatusCounts):
    """Posts of a batch by status; a status that none has may be missing."""

    refused: Count = 0


class BatchStands(ResponseModel):
    """How the posts of a batch stand."""

    batch_id: Id
    created_at: Time
    total: Count
    counts: Annotated[BatchCounts, Field(description="By status.", examples=[{"posted": 1}])]
    posts: list[PostOfBatch | RefusedPost]


def _stands(batch_id: int) -> dict[str, Any]:
    """How the posts of a batch stand. Raises NotFound."""
    batch = batches.get(current.services().db, batch_id)
    posts = _posts_to_json(batch_id)
    counts = Counter(str(post["status"]) for post in posts)
    times = {"created_at": to_text(batch.created_at)}
    return {"batch_id": batch.id, **times, "total": len(posts), "counts": counts, "posts": posts}


@blueprint.get("/batches/<batch_id>")
@Operation(responses={200: BatchStands}, errors={NotFound: ("batch_not_found",)})
def show_batch(batch_id: str) -> Response:
    """How the posts of a batch stand, and what was refused of it."""
    return jsonify(_stands(inputs.to_id(batch_id, field="batch_id")))


class BatchCanceled(BatchStands):
    """What was not out is taken back; what is at X or on its way there stays, and stands among the posts."""

    message: Annotated[str, Field(examples=["Posts canceled: 1"])]
    canceled: Annotated[Count, Field(description="So many were taken back by this call.", examples=[1])]
    skipped: Annotated[Count, Field(description="So many are at X, or on their way there.")]


@blueprint.delete("/batches/<batch_id>")
@Operation(responses={200: BatchCanceled}, errors={NotFound: ("batch_not_found",)})
def cancel_batch(batch_id: str) -> Response:
    """Cancels what is not out of a batch; what is at X or on its way there stays."""
    number = inputs.to_id(batch_id, field="batch_id")
    canceled = len(current.services().batches.cancel(number, among=access.among()))
    stands = _stands(number)
    skipped = sum(1 for post in stands["posts"] if post["status"] in _OUT)
    message = f"Posts canceled: {canceled}"
    return jsonify({"message": message, "canceled": canceled, "skipped": skipped, **stands})
