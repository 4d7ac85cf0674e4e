"""What an account and a tweet look like in JSON; the names are a promise to callers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from twitter_manager.error_codes import CODES, sentence_of
from twitter_manager.errors import ServiceError
from twitter_manager.models import Account, Attempt, Tweet, TweetOfAccount
from twitter_manager.services.publishing.batches import BatchItem
from twitter_manager.services.rate_limits.forecast import PublishWarning
from twitter_manager.timestamps import to_text
from twitter_manager.twitter.text.parse import ParsedText

__all__ = [
    "account_details_to_json",
    "account_to_json",
    "attempt_to_json",
    "batch_item_to_json",
    "error_sentence",
    "next_attempt_at",
    "parsed_text_to_json",
    "problem_to_json",
    "thread_part_to_json",
    "tweet_of_batch_to_json",
    "tweet_to_json",
    "twitter_words",
    "waiting_for",
    "warnings_to_json",
]

_SETTLED = ("posted", "failed", "canceled")


def account_to_json(account: Account) -> dict[str, object]:
    """An account in a list; never a token."""
    return {
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "twitter_user_id": account.x_user_id,
        "status": account.status,
        "is_active": account.status == "active",
        "followers": account.followers,
        "created_at": to_text(account.created_at),
        "linked_at": to_text(account.linked_at),
        "updated_at": to_text(account.updated_at),
        "token_expires_at": _text(account.token_expires_at),
        "mock": account.mock,
    }


def account_details_to_json(account: Account, counts: Mapping[str, int]) -> dict[str, object]:
    """One account with what it may do, how it is, and how many tweets it has; never a token."""
    return {
        **account_to_json(account),
        "scopes": account.scopes.split(),
        "health": {
            "state": "degraded" if account.status == "active" and account.unauthorized_streak else account.status,
            "error": None if account.error_code is None else sentence_of(account.error_code),
            "error_code": account.error_code,
            "needs_reconnect": account.status in ("failed", "suspended") or account.access_token is None,
            "token_issued_at": _text(account.token_issued_at),
            "token_expires_at": _text(account.token_expires_at),
        },
        "tweet_counts": {"total": sum(counts.values()), **counts},
    }


def attempt_to_json(attempt: Attempt) -> dict[str, object]:
    """One try to put a tweet on X."""
    return {
        "started_at": to_text(attempt.started_at),
        "over_at": _text(attempt.over_at),
        "outcome": attempt.outcome,
        "http_status": attempt.http_status,
        "error": None if attempt.error_code is None else sentence_of(attempt.error_code),
        "error_code": attempt.error_code,
        "twitter_id": attempt.twitter_id,
        "looks": attempt.looks_absent,
    }


def tweet_to_json(found: TweetOfAccount) -> dict[str, object]:
    """A tweet in a list."""
    tweet = found.tweet
    return {
        "id": tweet.id,
        "text": tweet.content,
        "status": tweet.status,
        "created_at": to_text(tweet.created_at),
        "updated_at": to_text(tweet.updated_at),
        "username": found.username,
        "account_id": tweet.twitter_account_id,
        "twitter_id": tweet.twitter_id,
        "url": found.url,
        "scheduled_at": _text(tweet.scheduled_at),
        "posted_at": _text(tweet.posted_at),
        "next_attempt_at": next_attempt_at(tweet),
        "error": error_sentence(tweet),
        "error_code": tweet.error_code,
        "twitter": twitter_words(tweet),
        "needs_decision": tweet.needs_decision,
        "mock": found.mock,
        "twin_twitter_id": tweet.twin_twitter_id,
        "reply_to_tweet_id": tweet.reply_to,
        "quote_tweet_id": tweet.quote_of,
        "media_ids": orjson.loads(tweet.media_ids),
        "poll": None if tweet.poll is None else orjson.loads(tweet.poll),
        "reply_settings": tweet.reply_settings,
        "community_id": tweet.community_id,
        "made_with_ai": tweet.made_with_ai,
        "paid_partnership": tweet.paid_partnership,
        "late_policy": tweet.late_policy,
        "thread_id": tweet.thread_id,
        "position": tweet.position,
        "batch_id": tweet.batch_id,
        "waiting_for": waiting_for(found),
    }


def thread_part_to_json(found: TweetOfAccount) -> dict[str, object]:
    """A part in the answer to publishing a thread."""
    return {**_post_to_json(found), "text": found.tweet.content}


def tweet_of_batch_to_json(found: TweetOfAccount) -> dict[str, object]:
    """A post of a batch, as it stands."""
    tweet = found.tweet
    whose = {"account_id": tweet.twitter_account_id, "scheduled_at": _text(tweet.scheduled_at)}
    return {**_post_to_json(found), **whose}


def _post_to_json(found: TweetOfAccount) -> dict[str, object]:
    tweet = found.tweet
    return {
        "post_id": tweet.id,
        "tweet_id": tweet.twitter_id,
        "url": found.url,
        "status": tweet.status,
        "error": error_sentence(tweet),
        "error_code": tweet.error_code,
        "next_attempt_at": next_attempt_at(tweet),
    }


def batch_item_to_json(placed: BatchItem, *, kept: bool) -> dict[str, object]:
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


def problem_to_json(problem: ServiceError) -> dict[str, object]:
    """What stands against a post: the error that would refuse it."""
    return {"field": problem.field, "code": problem.code, "message": problem.sentence, **problem.details}


def warnings_to_json(warnings: Sequence[PublishWarning]) -> list[dict[str, object]]:
    """What does not stand against a post, but should be known."""
    return [
        {
            "code": each.code,
            "message": each.sentence,
            "account_id": each.account_id,
            "expected_at": _text(each.expected_at),
        }
        for each in warnings
    ]


def parsed_text_to_json(parsed: ParsedText) -> dict[str, object]:
    """How X counts a text; ranges in UTF-16 units, first and last included."""
    return {
        "weighted_length": parsed.weighted_length,
        "remaining": parsed.remaining,
        "permille": parsed.permille,
        "valid_range": list(parsed.valid_range),
        "urls": list(parsed.urls),
    }


def error_sentence(tweet: Tweet) -> str | None:
    """Why it is held, failed or unclear, in a sentence."""
    if tweet.error_code is None:
        return None
    known = CODES.get(tweet.error_code)
    return known.sentence if known else tweet.error_code.replace("_", " ").capitalize()


def twitter_words(tweet: Tweet) -> dict[str, object] | None:
    """What X said about it: {status, title, detail}."""
    if tweet.twitter_error is None:
        return None
    words: dict[str, object] = orjson.loads(tweet.twitter_error)
    return words


def next_attempt_at(tweet: Tweet) -> str | None:
    """When it is next sent or looked for, as far as that is known."""
    return None if tweet.status == "posting" else _text(tweet.due_at)


def waiting_for(found: TweetOfAccount) -> str | None:
    """What must come first: the `previous_part` of its thread, or an unsettled `equal_tweet` of the account."""
    tweet = found.tweet
    behind = (tweet.position or 1) > 1 and tweet.reply_to is None
    if behind and tweet.status not in _SETTLED:
        return "previous_part"
    return "equal_tweet" if found.waits_for_equal else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
