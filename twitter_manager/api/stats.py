"""GET /api/v1/stats: how many accounts and tweets are in which state."""

from collections.abc import Iterable, Mapping

from flask import Blueprint, Response, jsonify

from twitter_manager.api.http import current
from twitter_manager.api.tweet_lists import STATUSES
from twitter_manager.storage import accounts, tweet_lists

__all__ = ["blueprint"]

_ACCOUNT_STATUSES = ("active", "suspended", "failed", "inactive")

blueprint = Blueprint("stats", __name__, url_prefix="/api/v1")


@blueprint.get("/stats")
def show() -> Response:
    """Totals, and a number for every status, also where it is 0."""
    db = current.services().db
    return jsonify(
        {
            "accounts": _with_total(accounts.count_by_status(db), _ACCOUNT_STATUSES),
            "tweets": _with_total(tweet_lists.count_by_status(db), STATUSES),
        }
    )


def _with_total(counted: Mapping[str, int], statuses: Iterable[str]) -> dict[str, int]:
    return {"total": sum(counted.values()), **{status: counted.get(status, 0) for status in statuses}}
