"""GET /api/v1/stats: how many accounts and tweets are in which state."""

from collections.abc import Iterable, Mapping

from flask import Response, jsonify
from pydantic import ConfigDict

from twitter_manager.api.health import SERVICE
from twitter_manager.api.http import access, current
from twitter_manager.api.openapi.fields import Count, ResponseModel
from twitter_manager.api.openapi.operations import Operation, Resource
from twitter_manager.api.tweet_responses import STATUSES, StatusCounts
from twitter_manager.storage import accounts, tweet_lists

__all__ = ["blueprint"]

_ACCOUNT_STATUSES = ("active", "suspended", "failed", "inactive")

blueprint = Resource("stats", __name__, url_prefix="/api/v1", chapter=SERVICE)


class AccountStats(ResponseModel):
    """Accounts by status."""

    total: Count
    active: Count
    suspended: Count
    failed: Count
    inactive: Count


class TweetStats(StatusCounts):
    """Tweets by status."""

    model_config = ConfigDict(json_schema_extra={"required": ["total", *STATUSES]})
    total: Count


class Stats(ResponseModel):
    """How many there are."""

    accounts: AccountStats
    tweets: TweetStats


@blueprint.get("/stats")
@Operation(responses={200: Stats})
def show() -> Response:
    """Totals, and a number for every status, also where it is 0."""
    db = current.services().db
    return jsonify(
        {
            "accounts": _with_total(accounts.count_by_status(db, among=access.among()), _ACCOUNT_STATUSES),
            "tweets": _with_total(tweet_lists.count_by_status(db, among=access.among()), STATUSES),
        }
    )


def _with_total(counted: Mapping[str, int], statuses: Iterable[str]) -> dict[str, int]:
    return {"total": sum(counted.values()), **{status: counted.get(status, 0) for status in statuses}}
