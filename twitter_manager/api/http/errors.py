"""The only place that knows HTTP statuses of errors: every error becomes one status and one shape, that of
`api.error_response`.

`{"error", "code", "request_id"}` and, where they apply, `hint`, `field`, `retryable`, `next_attempt_at`, `twitter`. The
callback, the home page and unknown paths outside of /api/ answer a browser with an HTML page instead.
"""

import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Flask, Response, current_app, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from twitter_manager.api.http import current, pages
from twitter_manager.api.http.application import Request, request_in_progress
from twitter_manager.error_codes import hint_of
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
    StorageFull,
    StorageUnavailable,
    TooLarge,
    XRefused,
)
from twitter_manager.models import OAuthState
from twitter_manager.responses import error_to_json
from twitter_manager.services.accounts.connect import ConnectionFailed
from twitter_manager.timestamps import now

__all__ = ["STATUSES", "CallbackPage", "register", "status_of"]

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
    StorageFull: 507,
}
_HTTP_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "body_too_large",
    415: "not_json",
    431: "headers_too_large",
}
_RETRY_AFTER_SECONDS = 5  # a worker beats every 3


def status_of(error: ServiceError) -> int:
    """A subclass has its parent's status."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


CallbackPage = Callable[[ServiceError, OAuthState | None], Response | None]
_CALLBACK_PAGE = "callback_page"


def register(app: Flask, callback_page: CallbackPage) -> None:
    """Handles everything that `app` raises. `callback_page`: what a browser is shown that X sent back; None for any
    other request."""
    app.extensions[_CALLBACK_PAGE] = callback_page
    app.register_error_handler(ServiceError, _service_error)
    app.register_error_handler(ConnectionFailed, _connection_failed)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)


def _service_error(error: ServiceError) -> Response:
    if isinstance(error, StorageUnavailable):
        log.error("the database is not available: %s request=%s", error.why, current.request_id())
    status = status_of(error)
    response = _response(error, status)
    if status in (429, 503) and error.next_attempt_at is not None:
        response.headers["Retry-After"] = str(_seconds_until(error.next_attempt_at))
    elif status == 503 and error.retryable:  # nobody knows when
        response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return response


def _connection_failed(failure: ConnectionFailed) -> Response:
    return _response(failure.error, status_of(failure.error), begun=failure.begun)


def _http_error(error: HTTPException) -> Response:
    """What Flask and Werkzeug raise by themselves."""
    status = error.code or 500
    if status >= 500:
        return _unforeseen(error)
    response = _response(ServiceError(_HTTP_CODES.get(status, "malformed_request")), status)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _unforeseen(error: Exception) -> Response:
    """A fault of ours: the caller gets only the request id, under which the log has everything."""
    log.error("unforeseen error request=%s", current.request_id(), exc_info=error)
    return _response(ServiceError("internal_error"), 500)


def _response(error: ServiceError, status: int, *, begun: OAuthState | None = None) -> Response:
    request = request_in_progress()
    response: Response | None = current_app.extensions[_CALLBACK_PAGE](error, begun)
    if response is None and _is_page(request) and pages.names_html():
        response = pages.page("error.html", error=error.sentence, remedy=hint_of(error.code))
    if response is None:
        response = jsonify(error_to_json(error, request_id=request.id))
    response.status_code = status
    request.error_code = error.code
    return response


def _is_page(request: Request) -> bool:
    """Whether a person rather than a program calls this: the home page, or an address that leads nowhere."""
    return request.endpoint == "home.show" or (request.endpoint is None and not request.path.startswith("/api/"))


def _seconds_until(moment: datetime) -> int:
    return max(1, math.ceil((moment - now()).total_seconds()))
