"""Which tweets a list is to show, out of the query."""

import re
from datetime import datetime

from flask import request

from twitter_manager.api import inputs
from twitter_manager.errors import Invalid
from twitter_manager.models import TWEET_STATUSES as STATUSES
from twitter_manager.models import TweetStatus as Status
from twitter_manager.storage.tweet_lists import TweetFilter
from twitter_manager.timestamps import from_text

__all__ = ["MAX_SEARCH", "STATUSES", "Status", "filter_in_query"]

MAX_SEARCH = 200
_SYNONYMS = {"published": "posted"}
_CODE = re.compile(r"[a-z0-9_]{1,64}")
_PLUS_READ_AS_BLANK = re.compile(r" (?=[0-9:]{2,5}\Z)")


def filter_in_query() -> TweetFilter:
    """The criteria that are given. Raises Invalid naming the parameter."""
    return TweetFilter(
        statuses=_statuses(),
        account_id=inputs.id_in_query("account_id"),
        words=_words(),
        thread_id=inputs.id_in_query("thread_id"),
        batch_id=inputs.id_in_query("batch_id"),
        error_code=_error_code(),
        needs_decision=inputs.flag_in_query("needs_decision"),
        since=_moment("since"),
        until=_moment("until"),
        before=inputs.cursor_in_query(),
    )


def _statuses() -> tuple[str, ...] | None:
    """One status or several with commas between them."""
    given = request.args.get("status")
    if given is None:
        return None
    statuses = tuple(dict.fromkeys(_SYNONYMS.get(each, each) for each in given.split(",")))
    if not set(statuses) <= set(STATUSES):
        raise Invalid("invalid_field", sentence=f"status must be one of {', '.join(STATUSES)}", field="status")
    return statuses


def _words() -> str | None:
    """What is looked for; nothing but blanks looks for nothing."""
    given = request.args.get("q", "")
    if len(given) > MAX_SEARCH:
        raise Invalid("invalid_field", sentence=f"q must have at most {MAX_SEARCH} characters", field="q")
    return given if given.strip() else None


def _error_code() -> str | None:
    given = request.args.get("error_code")
    if given is not None and not _CODE.fullmatch(given):
        raise Invalid("invalid_field", sentence="error_code must be a code such as post_refused", field="error_code")
    return given


def _moment(name: str) -> datetime | None:
    given = request.args.get(name)
    if given is None:
        return None
    try:
        return from_text(_PLUS_READ_AS_BLANK.sub("+", given))  # `+01:00` that nobody encoded
    except ValueError as error:
        sentence = f"{name} must be a time with its offset, such as 2026-11-20T14:05:00Z"
        raise Invalid("invalid_field", sentence=sentence, field=name) from error
