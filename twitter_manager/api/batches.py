"""Batches: up to 1,000 posts in one call (contract §5.1b)."""

from collections import Counter
from typing import Annotated

from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.account_names import Username, get_account, list_accounts
from twitter_manager.api.openapi.fields import Count, Id, ResponseModel, Time, XId
from twitter_manager.api.openapi.operations import Operation
from twitter_manager.api.post_requests import PostBody, PostFields
from twitter_manager.api.publishing import Warnings, blueprint, warnings_to_json
from twitter_manager.api.tweet_responses import STATUSES, PostUrl, Status, StatusCounts, post_to_json
from twitter_manager.errors import Invalid, NotFound, NotNow
from twitter_manager.models import TweetOfAccount
from twitter_manager.services.posts import PublishRequest
from twitter_manager.services.publishing.batches import BatchItem
from twitter_manager.storage import batches
from twitter_manager.timestamps import to_text

__all__ = ["BatchPost", "blueprint"]

_MAX_POSTS = 1000


class BatchBody(inputs.Body):
    """Up to 1,000 posts."""

    tweets: Annotated[list[PostBody], Field(min_length=1, max_length=_MAX_POSTS)]
    dry_run: bool = False
    atomic: bool = False

    def to_publish_requests(self) -> list[PublishRequest]:
        """One request per post."""
        whose = [get_account(post, place=f"tweets.{index}.") for index, post in enumerate(self.tweets)]
        return [post.to_publish_request(account_id) for post, account_id in zip(self.tweets, whose, strict=True)]


class SharedPostBody(PostFields):
    """One post for several accounts, each named once."""

    account_ids: Annotated[list[inputs.Id], Field(min_length=1, max_length=_MAX_POSTS)] | None = None
    accounts: Annotated[list[Username], Field(min_length=1, max_length=_MAX_POSTS)] | None = None
    dry_run: bool = False
    atomic: bool = False

    def to_publish_requests(self) -> list[PublishRequest]:
        """One request per account."""
        return [self.to_publish_request(each) for each in list_accounts(self.account_ids, self.accounts)]


class BatchPost(ResponseModel):
    """What became of one post of a batch: its id, or why it was refused."""

    post_id: Id | None
    account_id: Id
    status: Annotated[str, Field(json_schema_extra={"enum": [*STATUSES, "refused"]}, examples=["pending"])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: str = ""
    field: str | None = None
    existing_post_id: Id = 1
    existing_tweet_id: XId | None = None


def _placed_to_json(placed: BatchItem, *, kept: bool) -> dict[str, object]:
    """What became of one post of a batch. Where nothing was kept, none has an id."""
    row: dict[str, object] = {
        "post_id": placed.tweet.id if placed.tweet and kept else None,
        "account_id": placed.request.account_id,
        "status": placed.tweet.status if placed.tweet else "refused",
        "error": None,
    }
    if placed.refusal is not None:
        row |= {"error": placed.refusal.sentence, "error_code": placed.refusal.code, "field": placed.refusal.field}
        row |= placed.refusal.details
    return row


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
    """What was taken of a batch, where the answer that also told what was refused is lost. Raises NotFound."""
    db = current.services().db
    batch = batches.get(db, batch_id)
    posts = [_post_to_json(each) for each in batches.list_tweets(db, batch_id)]
    taken = [{name: post[name] for name in ("post_id", "account_id", "status", "error")} for post in posts]
    return jsonify({"batch_id": batch.id, "posts": taken, "warnings": []}), 202


@blueprint.post("/tweets/batch")
@Operation(
    bodies=(BatchBody, SharedPostBody),
    example={
        "tweets": [{"account_id": 1, "text": "Hello from Alice"}, {"account_id": 1, "text": "Good night from Alice"}]
    },
    responses={200: BatchTried, 202: BatchTaken},
    errors={NotFound: ("account_not_found",), Invalid: ("batch_refused",), NotNow: ("no_worker",)},
    rebuild=_taken,
)
def publish_batch() -> tuple[Response, int]:
    """Takes up to 1,000 posts, or one post for several accounts; `dry_run` only says what would be taken."""
    asked = inputs.body_by_field(("account_ids", "accounts"), SharedPostBody, BatchBody)
    taken = current.services().batches.publish(
        asked.to_publish_requests(), dry_run=asked.dry_run, atomic=asked.atomic, idempotency=current.idempotent_call()
    )
    kept = taken.batch is not None
    posts = [_placed_to_json(each, kept=kept) for each in taken.posts]
    if not kept and not asked.dry_run:
        raise Invalid("batch_refused", field="tweets", details={"posts": posts})
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


class BatchStands(ResponseModel):
    """How the posts of a batch stand."""

    batch_id: Id
    created_at: Time
    total: Count
    counts: Annotated[StatusCounts, Field(description="By status.", examples=[{"posted": 1}])]
    posts: list[PostOfBatch]


@blueprint.get("/batches/<batch_id>")
@Operation(responses={200: BatchStands}, errors={NotFound: ("batch_not_found",)})
def show_batch(batch_id: str) -> Response:
    """How the posts of a batch stand."""
    number = inputs.to_id(batch_id, field="batch_id")
    db = current.services().db
    batch = batches.get(db, number)
    found = batches.list_tweets(db, number)
    counts = Counter(each.tweet.status for each in found)
    posts = [_post_to_json(each) for each in found]
    place = {"batch_id": batch.id, "created_at": to_text(batch.created_at), "total": len(found), "counts": counts}
    return jsonify({**place, "posts": posts})
