"""The only place that knows HTTP statuses of errors: whatever goes wrong becomes one status and one shape.

`{"error", "code", "request_id"}` and, where they apply, `field`, `retryable`, `next_attempt_at`, `twitter`. The pages
in `_PAGES` answer a browser with an HTML page instead.
"""

import logging
import math
from collections.abc import Mapping
from datetime import datetime

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from twitter_manager.api import current, pages
from twitter_manager.errors import (
    CODES,
    Conflict,
    Forbidden,
    Invalid,
    KeyRefused,
    Malformed,
    NotFound,
    NotJson,
    NotNow,
    ServiceError,
    SlowDown,
    StorageUnavailable,
    TooLarge,
    XRefused,
)
from twitter_manager.timestamps import now, to_text

__all__ = ["STATUSES", "register", "status_of"]

log = logging.getLogger("twitter_manager.api")

STATUSES: Mapping[type[ServiceError], int] = {
    Malformed: 400,
    KeyRefused: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    NotJson: 415,
    Invalid: 422,
    SlowDown: 429,
    XRefused: 502,
    NotNow: 503,
}
_HTTP_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "body_too_large",
    415: "not_json",
    431: "headers_too_large",
}
_PAGES = frozenset({"home.show", "oauth.callback"})


def status_of(error: ServiceError) -> int:
    """The HTTP status of what a service raised; a subclass has its parent's."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def register(app: Flask) -> None:
    """Catches everything that `app` raises."""
    app.register_error_handler(ServiceError, _service_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)


def _service_error(error: ServiceError) -> Response:
    if isinstance(error, StorageUnavailable):
        log.error("the database is not available: %s request=%s", error.why, current.request_id())
    status = status_of(error)
    response = _answer(error, status)
    if status in (429, 503) and error.next_attempt_at is not None:
        response.headers["Retry-After"] = str(_seconds_until(error.next_attempt_at))
    return response


def _http_error(error: HTTPException) -> Response:
    """What Flask and Werkzeug raise by themselves."""
    status = error.code or 500
    if status >= 500:
        return _unforeseen(error)
    response = _answer(ServiceError(_HTTP_CODES.get(status, "malformed_request")), status)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _unforeseen(error: Exception) -> Response:
    """A fault of ours: the caller learns nothing but the request id, under which the log has everything."""
    log.error("unforeseen error request=%s", current.request_id(), exc_info=error)
    return _answer(ServiceError("internal_error"), 500)


def _answer(error: ServiceError, status: int) -> Response:
    if request.endpoint in _PAGES and pages.wants_page():
        response = pages.page("error.html", error=error.sentence, remedy=_remedy(error.code))
    else:
        response = jsonify(_shape(error))
    response.status_code = status
    return response


def _shape(error: ServiceError) -> dict[str, object]:
    shape: dict[str, object] = {"error": error.sentence, "code": error.code, "request_id": current.request_id()}
    if error.field is not None:
        shape["field"] = error.field
    if error.retryable is not None:
        shape["retryable"] = error.retryable
    if error.next_attempt_at is not None:
        shape["next_attempt_at"] = to_text(error.next_attempt_at)
    if error.twitter is not None:
        shape["twitter"] = dict(error.twitter)
    return shape


def _remedy(code: str) -> str:
    return CODES[code].remedy


def _seconds_until(moment: datetime) -> int:
    return max(1, math.ceil((moment - now()).total_seconds()))
