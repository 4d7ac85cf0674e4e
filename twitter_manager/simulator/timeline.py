"""One page of a user's posts (docs.x.com: timelines): newest first, by id, so that new posts do not shift the pages."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.simulator.call import Call, id_of
from twitter_manager.simulator.posts import Post, post_from
from twitter_manager.simulator.problems import Refusal, invalid_parameter
from twitter_manager.timestamps import from_text, to_text

__all__ = ["Page", "page_of"]

DEPTH = 3200
DEPTH_WITHOUT_REPLIES = 800
EARLIEST = from_text("2010-11-06T00:00:00Z")
DEFAULT_RESULTS = 10
BEYOND_ALL_IDS = 2**63 - 1


@dataclass(frozen=True)
class Page:
    """Posts, and the token of the next page."""

    posts: list[Post]
    next_token: str | None


def page_of(call: Call, author_id: str) -> Page:
    """Raises Refusal (400) for parameters X would not accept."""
    size = _size(call)
    before, seen = _cursor(call)
    without_replies = "replies" in _excluded(call)
    left = (DEPTH_WITHOUT_REPLIES if without_replies else DEPTH) - seen
    found = _select(call, author_id, before=before, without_replies=without_replies, limit=min(size, left) + 1)
    shown = found[: min(size, left)]
    more = len(found) > len(shown) and seen + len(shown) < seen + left
    return Page(shown, _token(shown[-1].id, seen + len(shown)) if more and shown else None)


def _select(call: Call, author_id: str, *, before: int, without_replies: bool, limit: int) -> list[Post]:
    """since_id and until_id override start_time and end_time. X's times have whole seconds; end_time is exclusive."""
    since, until = _id(call, "since_id"), _id(call, "until_id")
    start, end = _moment(call, "start_time"), _moment(call, "end_time")
    rows = call.db.execute(
        "SELECT * FROM latest_post WHERE author_id = :author AND deleted_at IS NULL AND visible_at <= :now"
        " AND id > :since AND id < :until AND created_at >= :start AND created_at < :end"
        " AND (in_reply_to IS NULL OR NOT :without_replies) ORDER BY id DESC LIMIT :limit",
        {
            "author": int(author_id),
            "now": to_text(call.now),
            "since": int(since or 0),
            "until": min(before, int(until or BEYOND_ALL_IDS)),
            "start": to_text(start) if start and not since else "",
            "end": to_text(end) if end and not until else "9999",
            "without_replies": without_replies,
            "limit": limit,
        },
    )
    return [post_from(row) for row in rows]


def _size(call: Call) -> int:
    given = call.one("max_results")
    if given is None:
        return DEFAULT_RESULTS
    if id_of(given) is None or not 5 <= int(given) <= 100:
        message = f"The `max_results` query parameter value [{given}] is not between 5 and 100"
        raise Refusal(invalid_parameter("max_results", given, message))
    return int(given)


def _excluded(call: Call) -> list[str]:
    names = call.many("exclude")
    for name in names:
        if name not in {"replies", "retweets"}:
            message = f"The `exclude` query parameter value [{name}] is not one of [replies,retweets]"
            raise Refusal(invalid_parameter("exclude", name, message))
    return names


def _id(call: Call, name: str) -> str | None:
    given = call.one(name)
    if given is not None and id_of(given) is None:
        raise Refusal(invalid_parameter(name, given, f"The `{name}` query parameter value [{given}] is not valid"))
    return given


def _moment(call: Call, name: str) -> datetime | None:
    given = call.one(name)
    if given is None:
        return None
    try:
        moment = from_text(given)
    except ValueError:
        moment = None
    if moment is None or moment < EARLIEST:
        raise Refusal(invalid_parameter(name, given, f"The `{name}` query parameter value [{given}] is not valid"))
    return moment


def _token(last_id: str, seen: int) -> str:
    return base64.urlsafe_b64encode(f"older:{last_id}:{seen}".encode()).rstrip(b"=").decode()


def _cursor(call: Call) -> tuple[int, int]:
    """The id below which the page begins, and how many posts were on earlier pages. Raises Refusal (400)."""
    given = call.one("pagination_token")
    if given is None:
        return BEYOND_ALL_IDS, 0
    try:
        text = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode()
        word, last_id, seen = text.split(":")
    except (binascii.Error, ValueError):
        word, last_id, seen = "", "", ""
    if word != "older" or id_of(last_id) is None or id_of(seen) is None or int(seen) >= DEPTH:
        message = f"The `pagination_token` query parameter value [{given}] is not valid"
        raise Refusal(invalid_parameter("pagination_token", given, message))
    return int(last_id), int(seen)
