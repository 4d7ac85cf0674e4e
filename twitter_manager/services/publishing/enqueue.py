"""Putting posts into their account's queue: what stands against it, and the row it becomes. Inside a transaction."""

import json
from collections.abc import Iterator
from datetime import datetime

from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, ServiceError
from twitter_manager.models import Account, Tweet
from twitter_manager.services.health import worker_is_alive
from twitter_manager.services.posts import PublishRequest, check_schedule, fingerprint_of
from twitter_manager.storage import accounts, service_state, tweets
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.tweets import NewTweet
from twitter_manager.timestamps import earlier, later

__all__ = ["check_account", "check_worker", "enqueue", "enqueue_problems"]

DUPLICATE_SECONDS = 86_400.0


def check_account(q: Queries, account: Account) -> None:
    """Raises unless tweets for the account can be taken: it must be of this world and speak OAuth 2.0."""
    if account.access_token_secret is not None:
        raise Invalid("oauth1_not_supported", field="account_id")
    if account.mock != service_state.mock_mode(q):
        raise Conflict("other_world", field="account_id")


def check_worker(q: Queries, now: datetime) -> None:
    """Raises NotNow when nobody would send what is due now."""
    if not worker_is_alive(q, now):
        raise NotNow("no_worker", retryable=True)


def enqueue_problems(
    q: Queries, request: PublishRequest, now: datetime, *, is_refused: bool = False
) -> Iterator[ServiceError]:
    """What stands against the request beside the post itself: its account, its time, an equal tweet.

    `is_refused`: something stands against the post already, so nothing can be equal to it; its text may be anything.

    Raises NotFound, naming account_id, for an account that does not exist.
    """
    account = accounts.find(q, request.account_id)
    if account is None:
        raise NotFound("account_not_found", field="account_id")
    try:
        check_account(q, account)
    except (Invalid, Conflict) as problem:
        yield problem
    try:
        check_schedule(request.schedule_at, now)
    except Invalid as problem:
        yield problem
        return
    if not request.draft and not request.allow_duplicate and not is_refused:
        yield from _problem_of_equal(q, request, now)


def _problem_of_equal(q: Queries, request: PublishRequest, now: datetime) -> Iterator[Conflict]:
    moment = request.schedule_at or now
    equal = tweets.find_equal(
        q,
        request.account_id,
        fingerprint=fingerprint_of(request.post),
        reply_to=request.post.reply_to,
        since=earlier(moment, DUPLICATE_SECONDS),
        until=later(moment, DUPLICATE_SECONDS),
    )
    if equal is not None:
        existing = {"existing_post_id": equal.id, "existing_tweet_id": equal.twitter_id}
        yield Conflict("duplicate", field="text", details=existing)


def enqueue(
    tx: Transaction,
    request: PublishRequest,
    *,
    thread_id: int | None = None,
    position: int | None = None,
    batch_id: int | None = None,
) -> Tweet:
    """Stores the tweet. What is to go out has its due time, except a part that waits for the one in front of it.

    The caller wakes the account's lane in the same transaction.
    """
    post = request.post
    status, due_at = _course(request, tx.now)
    return tweets.insert(
        tx,
        NewTweet(
            account_id=request.account_id,
            content=post.text,
            fingerprint=fingerprint_of(post),
            status=status,
            reply_to=post.reply_to,
            quote_of=post.quote_of,
            media_ids=json.dumps(list(post.media_ids)),
            poll=None if post.poll is None else json.dumps(post.poll, sort_keys=True),
            reply_settings=post.reply_settings,
            community_id=post.community_id,
            made_with_ai=post.made_with_ai,
            paid_partnership=post.paid_partnership,
            late_policy=request.late_policy,
            scheduled_at=request.schedule_at,
            due_at=due_at if (position or 1) == 1 else None,
            post_now=status == "pending" and thread_id is None and batch_id is None,
            thread_id=thread_id,
            position=position,
            batch_id=batch_id,
        ),
    )


def _course(request: PublishRequest, now: datetime) -> tuple[str, datetime | None]:
    """Status and due time."""
    if request.draft:
        return "draft", None
    return ("pending", now) if request.schedule_at is None else ("scheduled", request.schedule_at)
