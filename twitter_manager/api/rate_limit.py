"""What an account has left: of its 450 calls in 15 minutes, and of X's own limits per endpoint."""

import math

from flask import Blueprint, Response, jsonify

from twitter_manager.api.http import current, inputs
from twitter_manager.services.rate_limits.report import EndpointLimit, report_of
from twitter_manager.timestamps import to_text
from twitter_manager.twitter.rate_limits import PER_ACCOUNT

__all__ = ["blueprint"]

blueprint = Blueprint("rate_limit", __name__, url_prefix="/api/v1")


@blueprint.get("/rate-limit")
def show() -> Response:
    """How many calls to X an account has left; `account_id` may be missing where there is one account only.

    `reset_at` is when the oldest call leaves the window and its place comes back: null while there is none. Under
    `endpoints` stand X's own limits; `source` is "x" where its headers told of them, else "table".
    """
    services = current.services()
    left = report_of(services.db, inputs.id_in_query("account_id"), now=services.clock())
    reset = left.room.reset_at
    return jsonify(
        {
            "account_id": left.account_id,
            "remaining_requests": left.room.remaining,
            "max_requests": left.room.limit,
            "window_minutes": PER_ACCOUNT.seconds // 60,
            "reset_at": reset and to_text(reset),
            "reset_in_seconds": max(0, math.ceil((reset - left.at).total_seconds())) if reset else 0,
            "requests_until_reset": left.room.remaining,
            "endpoints": [_to_json(each) for each in left.endpoints],
        }
    )


def _to_json(each: EndpointLimit) -> dict[str, object]:
    return {
        "endpoint": each.endpoint,
        "per": "app" if each.shared else "account",
        "limit": each.room.limit,
        "remaining": each.room.remaining,
        "window_minutes": each.seconds // 60,
        "reset_at": each.room.reset_at and to_text(each.room.reset_at),
        "source": each.source,
    }
