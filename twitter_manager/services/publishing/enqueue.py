"""Putting posts into their account's queue: what is wrong with a request, and the row it becomes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, ServiceError
from twitter_manager.models import Account, Tweet
from twitter_manager.services.health import worker_is_alive
from twitter_manager.services.posts import PublishRequest, check_schedule, fingerprint_of, problems_of_post
from twitter_manager.storage import accounts, service_state, tweets
from twitter_manager.storage.accounts import Obstacles
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.tweets import NewTweet
from twitter_manager.timestamps import earlier, later

__all__ = [
    "AccountCache",
    "CheckedRequest",
    "check_account",
    "check_request",
    "check_rewritten",
    "check_worker",
    "enqueue",
    "enqueue_problems",
    "equal_within",
    "problem_of_account",
]

DUPLICATE_SECONDS = 86_400.0


def check_account(q: Queries, account_id: int) -> None:
    """Raises NotFound, Invalid or Conflict unless the account can post: it must be of this environment and use OAuth
    2.0."""
    for problem in _problems_of_account(accounts.get_obstacles(q, account_id)):
        raise problem


def problem_of_account(q: Queries, account_id: int) -> ServiceError:
    """The first thing that stands against an account that cannot post. Raises NotFound."""
    return next(_problems_of_account(accounts.get_obstacles(q, account_id)))


def check_worker(q: Queries, now: datetime) -> None:
    """Raises NotNow when no worker would send what is due now."""
    if not worker_is_alive(q, now):
        raise NotNow("no_worker", retryable=True)


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A request, what X would refuse in its post, and the post's fingerprint: "" where something is refused."""

    request: PublishRequest
    problems: Sequence[ServiceError]
    fingerprint: str


def check_request(request: PublishRequest) -> CheckedRequest:
    """Checks the post by itself, without the database."""
    problems = tuple(problems_of_post(request.post))
    # a refused text may be anything, half an emoji for instance: it gets no fingerprint
    return CheckedRequest(request, problems, "" if problems else fingerprint_of(request.post))


class AccountCache:
    """Mock mode and the accounts as one transaction sees them, each read once."""

    def __init__(self, q: Queries) -> None:
        self._q = q
        self._found: dict[int, Account | None] = {}
        self.mock = service_state.mock_mode(q)

    def find(self, account_id: int) -> Account | None:
        if account_id not in self._found:
            self._found[account_id] = accounts.find(self._q, account_id)
        return self._found[account_id]


def enqueue_problems(q: Queries, checked: CheckedRequest, cache: AccountCache, now: datetime) -> Iterator[ServiceError]:
    """What is wrong with the request besides the post itself: its account, its time, an equal tweet.

    Where the next slot is wanted, it was looked up before.
    """
    request = checked.request
    account = cache.find(request.account_id)
    if account is None:
        yield NotFound("account_not_found", field="account_id")
    else:
        yield from _problems_of_account(
            Obstacles(oauth1=account.access_token_secret is not None, other_world=account.mock != cache.mock)
        )
    if request.next_slot and request.schedule_at is None:
        if account is not None:
            yield Conflict("no_slots", field="schedule")
        return
    try:
        check_schedule(request.schedule_at, now)
    except Invalid as problem:
        yield problem
        return
    if not request.draft and not request.allow_duplicate and not checked.problems:
        yield from _problem_of_equal(q, checked, now)


def _problems_of_account(obstacles: Obstacles) -> Iterator[ServiceError]:
    if obstacles.oauth1:
        yield Invalid("oauth1_not_supported", field="account_id")
    if obstacles.other_world:
        yield Conflict("other_world", field="account_id")


def _problem_of_equal(q: Queries, checked: CheckedRequest, now: datetime) -> Iterator[Conflict]:
    request = checked.request
    since, until = equal_within(request.schedule_at or now)
    equal = tweets.find_equal(
        q,
        request.account_id,
        fingerprint=checked.fingerprint,
        reply_to=request.post.reply_to,
        since=since,
        until=until,
    )
    if equal is not None:
        yield _duplicate(equal)


def check_rewritten(q: Queries, tweet: Tweet, fingerprint: str, moment: datetime) -> None:
    """Raises Conflict when the account has another tweet that the tweet, going out at `moment`, would be equal to."""
    if (tweet.position or 1) > 1 and tweet.reply_to is None:
        return  # a part that waits will have a parent of its own
    since, until = equal_within(moment)
    equal = tweets.find_equal(
        q,
        tweet.twitter_account_id,
        fingerprint=fingerprint,
        reply_to=tweet.reply_to,
        since=since,
        until=until,
        but=tweet.id,
    )
    if equal is not None:
        raise _duplicate(equal)


def equal_within(moment: datetime) -> tuple[datetime, datetime]:
    """From when to when an equal tweet is a duplicate of one that goes out at `moment`."""
    return earlier(moment, DUPLICATE_SECONDS), later(moment, DUPLICATE_SECONDS)


def _duplicate(equal: Tweet) -> Conflict:
    existing = {"existing_post_id": equal.id, "existing_tweet_id": equal.twitter_id}
    return Conflict("duplicate", field="text", details=existing)


def enqueue(
    tx: Transaction,
    checked: CheckedRequest,
    *,
    thread_id: int | None = None,
    position: int | None = None,
    batch_id: int | None = None,
) -> Tweet:
    """Stores the tweet of a request without problems. It gets a due time unless it is a draft, or a part that waits
    for the previous one.

    The caller calls `wakeup.wake_lane` for the account in the same transaction.
    """
    request, post = checked.request, checked.request.post
    status, due_at = _status_and_due_at(request, tx.now)
    return tweets.insert(
        tx,
        NewTweet(
            account_id=request.account_id,
            content=post.text,
            fingerprint=checked.fingerprint,
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


def _status_and_due_at(request: PublishRequest, now: datetime) -> tuple[str, datetime | None]:
    if request.draft:
        return "draft", None
    return ("pending", now) if request.schedule_at is None else ("scheduled", request.schedule_at)
