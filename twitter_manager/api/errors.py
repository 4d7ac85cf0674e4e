"""The only place that knows HTTP statuses of errors: whatever goes wrong becomes one status and one shape.

`{"error", "code", "request_id"}` and, where they apply, `field`, `retryable`, `next_attempt_at`, `twitter`. The
callback and the home page answer a browser with an HTML page instead.
"""

import logging
import math
from collections.abc import Mapping
from datetime import datetime

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from twitter_manager.answers import error_shape
from twitter_manager.api import current, oauth, pages
from twitter_manager.error_codes import CODES
from twitter_manager.errors import (
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
from twitter_manager.models import OAuthState
from twitter_manager.services.accounts.connect import ConnectionFailed
from twitter_manager.timestamps import now

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


def status_of(error: ServiceError) -> int:
    """The HTTP status of what a service raised; a subclass has its parent's."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def register(app: Flask) -> None:
    """Catches everything that `app` raises."""
    app.register_error_handler(ServiceError, _service_error)
    app.register_error_handler(ConnectionFailed, _connection_failed)
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


def _connection_failed(failure: ConnectionFailed) -> Response:
    return _answer(failure.error, status_of(failure.error), begun=failure.begun)


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


def _answer(error: ServiceError, status: int, *, begun: OAuthState | None = None) -> Response:
    if oauth.is_callback() and pages.wants_page():  # X sends browsers there, whatever they accept
        response = oauth.not_connected_page(error, begun)
    elif request.endpoint == "home.show" and not oauth.is_callback() and pages.names_html():
        response = pages.page("error.html", error=error.sentence, remedy=CODES[error.code].remedy)
    else:
        response = jsonify(error_shape(error, request_id=current.request_id()))
    response.status_code = status
    return response


def _seconds_until(moment: datetime) -> int:
    return max(1, math.ceil((moment - now()).total_seconds()))
