"""A GET in the vocabulary that X knows at present: an unknown name is a 400, or is silently left out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twitter_manager.twitter.client import Response, XClient, bearer
from twitter_manager.twitter.dialects import Dialect
from twitter_manager.twitter.errors import Refused

__all__ = ["read"]


def read(
    x: XClient,
    path: str,
    access_token: str,
    dialects: Sequence[Dialect],
    *,
    endpoint: str,
    is_answered: Callable[[Mapping[str, Any]], bool] = lambda _body: True,
    query: Mapping[str, str] | None = None,
    account_id: int | None = None,
    metered: bool = True,
) -> Response:
    """The response to the first of `dialects` that X knows: it refuses none of its names, and `is_answered` is true of
    the body. The first response where that is true of none. Raises XError; the first refusal where all are refused."""
    unanswered: Response | None = None
    refusal: Refused | None = None
    ordered = x.dialects.in_order(endpoint, dialects, x.clock())
    for dialect in ordered:
        try:
            response = x.request(
                "GET",
                path,
                endpoint=endpoint,
                authorization=bearer(access_token),
                query={**(query or {}), **dialect},
                account_id=account_id,
                metered=metered,
            )
        except Refused as error:
            if error.problem.status != 400:
                raise
            refusal = refusal or error
            continue
        if is_answered(response.body):
            if dialect is not ordered[0]:
                x.dialects.remember(endpoint, dialect, x.clock())
            return response
        unanswered = unanswered or response
    if unanswered is not None:
        return unanswered
    assert refusal is not None  # noqa: S101  - there is at least one dialect
    raise refusal
