"""The list of tweets, and by which criteria it can be asked for."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar, get_args

from flask import Response, jsonify

from twitter_manager import models
from twitter_manager.api.http import access, current, inputs
from twitter_manager.api.http.account_names import account_in_query
from twitter_manager.api.openapi.fields import Count, NextCursorBefore, Page, ResponseModel, Rows
from twitter_manager.api.openapi.operations import (
    ACCOUNT,
    ACCOUNT_ID,
    LIMIT,
    OUR_ID,
    PAGE,
    Operation,
    Parameter,
    flag,
)
from twitter_manager.api.tweet_responses import STATUSES, Tweet, tweet_to_json
from twitter_manager.api.tweets import blueprint
from twitter_manager.errors import Conflict, Invalid, NotFound
from twitter_manager.storage import accounts, tweet_lists
from twitter_manager.storage.tweet_lists import NEWEST_FIRST, Order, Position, TweetFilter, TweetTime

__all__ = ["blueprint"]

Word = TypeVar("Word", bound=str)

_MAX_SEARCH = 200
_SYNONYMS = {"published": "posted"}
_CODE = re.compile(r"[a-z0-9_]{1,64}")
_TIME_CURSOR = re.compile(r"(scheduled|posted)-(before|after)-([0-9]{1,15})-([0-9]{1,19})")
_NO_CURSOR = "cursor is none that this service gave for this sort"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = 253_402_300_799_999  # of the year 9999


def _time(name: str, description: str) -> Parameter:
    return Parameter(name=name, schema={"type": "string", "format": "date-time"}, description=description)


_TIMES: tuple[TweetTime, ...] = get_args(TweetTime)
_SORTS = {f"{sign}{time}": Order(time, descending=sign == "-") for time in _TIMES for sign in ("", "-")}
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
    _time("since", "At this time or later; made at it, unless `time` or `sort` say otherwise."),
    _time("until", "Before this time."),
    Parameter(
        name="time",
        schema={"type": "string", "enum": list(_TIMES)},
        description="Which time since and until mean; by default that of `sort`.",
    ),
    Parameter(
        name="sort",
        schema={"type": "string", "enum": list(_SORTS)},
        description="By which time, the earliest first, or with - the latest; by default the latest `time` first. By "
        "scheduled and posted there are only the tweets that have such a time.",
    ),
)
_CURSOR = Parameter(
    name="cursor",
    schema={"type": "string", "pattern": "^((scheduled|posted)-)?(before|after)-([0-9]{1,15}-)?[0-9]{1,19}$"},
    description="`next_cursor` of the page before, under the same `sort`: the list goes on after it, equally fast at "
    "any depth.",
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
    query=(*_FILTERS, _CURSOR, PAGE, LIMIT),
    responses={200: TweetList},
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",)},
)
def show_page() -> Response:
    """The tweets that meet every filter, newest first or as `sort` says; `q` looks for words. `cursor` goes on."""
    page, limit = inputs.page_in_query()
    order = _order()
    which = _filter_in_query(order)
    db = current.services().db
    if which.account_id is not None:
        accounts.get(db, which.account_id)
    offset = 0 if inputs.text_in_query("cursor") else (page - 1) * limit
    found = tweet_lists.list_page(db, which, limit=limit + 1, offset=offset, order=order)
    rows = [tweet_to_json(each) for each in found[:limit]]
    more = _cursor_after(found[limit - 1].tweet, order) if len(found) > limit else None
    paging = {"page": page, "limit": limit, "next_cursor": more}
    return jsonify({"tweets": rows, "total": tweet_lists.count(db, which), **paging})


def _filter_in_query(order: Order) -> TweetFilter:
    """The criteria that are given, and where the list goes on. Raises Invalid naming the parameter."""
    visible = access.among()
    among = None if visible is None else sorted(visible)
    if not inputs.has_query():  # as the most calls come
        return TweetFilter(among=among, time=order.time, dated=order.time)
    account_id = account_in_query()
    which = TweetFilter(
        statuses=_statuses(),
        account_id=account_id,
        among=among if account_id is None else None,
        words=_words(),
        thread_id=inputs.id_in_query("thread_id"),
        batch_id=inputs.id_in_query("batch_id"),
        error_code=_error_code(),
        needs_decision=inputs.flag_in_query("needs_decision"),
        since=inputs.moment_in_query("since"),
        until=inputs.moment_in_query("until"),
        time=_word("time", _TIMES) or order.time,
        dated=order.time,
    )
    return _after_cursor(which, order)


def _after_cursor(which: TweetFilter, order: Order) -> TweetFilter:
    """`which`, going on after the `cursor` that is given. Raises Invalid for one of another order."""
    if order == NEWEST_FIRST:
        return replace(which, before=inputs.cursor_in_query())
    if order.time == "created":
        return replace(which, after=inputs.cursor_in_query("after"))
    given = inputs.text_in_query("cursor")
    return which if given is None else replace(which, after_position=_position(given, order))


def _position(cursor: str, order: Order) -> Position:
    found = _TIME_CURSOR.fullmatch(cursor)
    if found is None or (found[1], found[2] == "before") != (order.time, order.descending):
        raise Invalid("invalid_field", sentence=_NO_CURSOR, field="cursor")
    milliseconds, number = int(found[3]), int(found[4])
    if milliseconds > _LAST_MILLISECOND or number > inputs.MAX_ID:
        raise Invalid("invalid_field", sentence=_NO_CURSOR, field="cursor")
    return Position(_EPOCH + timedelta(milliseconds=milliseconds), number)


def _cursor_after(tweet: models.Tweet, order: Order) -> str:
    """With which the list goes on after it."""
    if order.time == "created":
        return inputs.cursor_before(tweet.id) if order.descending else inputs.cursor_after(tweet.id)
    at = tweet.scheduled_at if order.time == "scheduled" else tweet.posted_at
    assert at is not None  # noqa: S101  - the list has only those that have this time
    word = "before" if order.descending else "after"
    return f"{order.time}-{word}-{(at - _EPOCH) // timedelta(milliseconds=1)}-{tweet.id}"


def _order() -> Order:
    """By which time the list goes, as `sort` says, else `time`. Raises Invalid."""
    given = _word("sort", tuple(_SORTS))
    return Order(_word("time", _TIMES) or "created", descending=True) if given is None else _SORTS[given]


def _word(name: str, known: Sequence[Word]) -> Word | None:
    """One of the words that the parameter may be, if it is given. Raises Invalid."""
    given = inputs.text_in_query(name)
    if given is None:
        return None
    found = next((word for word in known if word == given), None)
    if found is None:
        raise Invalid("invalid_field", sentence=f"{name} must be one of {', '.join(known)}", field=name)
    return found


def _statuses() -> tuple[str, ...] | None:
    """One status or several."""
    given = inputs.texts_in_query("status")
    if not given:
        return None
    statuses = tuple(dict.fromkeys(_SYNONYMS.get(each, each) for each in given))
    if not set(statuses) <= set(STATUSES):
        raise Invalid("invalid_field", sentence=f"status must be one of {', '.join(STATUSES)}", field="status")
    return statuses


def _words() -> str | None:
    """What is looked for; nothing but blanks looks for nothing."""
    given = inputs.text_in_query("q") or ""
    if len(given) > _MAX_SEARCH:
        raise Invalid("invalid_field", sentence=f"q must have at most {_MAX_SEARCH} characters", field="q")
    return given if given.strip() else None


def _error_code() -> str | None:
    given = inputs.text_in_query("error_code")
    if given is not None and not _CODE.fullmatch(given):
        raise Invalid("invalid_field", sentence="error_code must be a code such as post_refused", field="error_code")
    return given
