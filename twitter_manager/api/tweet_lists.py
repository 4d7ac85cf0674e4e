"""The list of tweets, and by which criteria it can be asked for."""

import re
from datetime import datetime

from flask import Response, jsonify, request

from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.account_names import account_in_query
from twitter_manager.api.openapi.fields import Count, NextCursorBefore, Page, ResponseModel, Rows
from twitter_manager.api.openapi.operations import (
    ACCOUNT,
    ACCOUNT_ID,
    CURSOR,
    LIMIT,
    OUR_ID,
    PAGE,
    Operation,
    Parameter,
    flag,
)
from twitter_manager.api.tweet_responses import STATUSES, Tweet, tweet_to_json
from twitter_manager.api.tweets import blueprint
from twitter_manager.errors import Invalid, NotFound
from twitter_manager.storage import accounts, tweet_lists
from twitter_manager.storage.tweet_lists import TweetFilter
from twitter_manager.timestamps import from_text

__all__ = ["blueprint"]

_MAX_SEARCH = 200
_SYNONYMS = {"published": "posted"}
_CODE = re.compile(r"[a-z0-9_]{1,64}")
_PLUS_READ_AS_BLANK = re.compile(r" (?=[0-9:]{2,5}\Z)")


def _time(name: str, description: str) -> Parameter:
    return Parameter(name=name, schema={"type": "string", "format": "date-time"}, description=description)


_WORD = {"type": "string", "enum": [*STATUSES, "published"]}
_FILTERS = (
    Parameter(
        name="status",
        schema={"type": "array", "items": _WORD, "minItems": 1},
        description="With one of these statuses; `published` is the older word for `posted`.",
    ),
    ACCOUNT_ID,
    ACCOUNT,
    Parameter(
        name="q",
        schema={"type": "string", "maxLength": _MAX_SEARCH},
        description="With these words in the text.",
    ),
    Parameter(name="thread_id", schema=OUR_ID, description="Parts of this thread."),
    Parameter(name="batch_id", schema=OUR_ID, description="Posts of this batch."),
    Parameter(
        name="error_code",
        schema={"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
        description="Held, failed or unclear for this reason.",
    ),
    flag("needs_decision", "1: only those that ask their owner."),
    _time("since", "Made at this time or later."),
    _time("until", "Made before this time."),
)


class TweetList(ResponseModel):
    """A page of the tweets."""

    tweets: list[Tweet]
    total: Count
    page: Page
    limit: Rows
    next_cursor: NextCursorBefore


@blueprint.get("/tweets")
@Operation(
    query=(*_FILTERS, CURSOR, PAGE, LIMIT),
    responses={200: TweetList},
    errors={NotFound: ("account_not_found",)},
)
def show_page() -> Response:
    """The tweets that meet every filter, newest first; `q` looks for words. `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    which = _filter_in_query()
    db = current.services().db
    if which.account_id is not None:
        accounts.get(db, which.account_id)
    found = tweet_lists.list_page(db, which, limit=limit + 1, offset=(page - 1) * limit if which.before is None else 0)
    rows = [tweet_to_json(each) for each in found[:limit]]
    more = inputs.cursor_before(found[limit - 1].tweet.id) if len(found) > limit else None
    place = {"page": page, "limit": limit, "next_cursor": more}
    return jsonify({"tweets": rows, "total": tweet_lists.count(db, which), **place})


def _filter_in_query() -> TweetFilter:
    """The criteria that are given. Raises Invalid naming the parameter."""
    return TweetFilter(
        statuses=_statuses(),
        account_id=account_in_query(),
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
    if len(given) > _MAX_SEARCH:
        raise Invalid("invalid_field", sentence=f"q must have at most {_MAX_SEARCH} characters", field="q")
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
