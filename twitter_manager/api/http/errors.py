"""The only place that knows HTTP statuses of errors: every error becomes one status and one shape, `Error`.

`{"error", "code", "request_id"}` and, where they apply, `hint`, `field`, `retryable`, `next_attempt_at`, `twitter`. The
callback, the home page and unknown paths outside of /api/ answer a browser with an HTML page instead.
"""

import logging
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from flask import Flask, Response, jsonify, request
from pydantic import Field
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from twitter_manager.answers import error_shape
from twitter_manager.api import oauth
from twitter_manager.api.batches import BatchPost
from twitter_manager.api.http import current, pages
from twitter_manager.api.openapi.fields import REQUEST_ID, Id, ResponseModel, Time, XId
from twitter_manager.api.threads import ThreadPart
from twitter_manager.api.tweet_responses import XWords
from twitter_manager.error_codes import CODES, hint_of
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

__all__ = ["STATUSES", "Error", "register", "status_of"]

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


class Error(ResponseModel):
    """Every error, whatever the path. docs/errors.md has each code with its cause and its remedy."""

    error: Annotated[str, Field(description="A sentence for a person.", examples=["Tweet not found"])]
    code: Annotated[str, Field(description="For programs.", json_schema_extra={"enum": sorted(CODES)})]
    request_id: Annotated[str, Field(description="Under this id the log has more.", examples=[REQUEST_ID])]
    hint: Annotated[str, Field(description="What to do about it.", examples=["List the tweets to find its id."])] = ""
    status: Annotated[str, Field(description="Of the tweet or thread that stands in the way.")] = ""
    field: Annotated[str, Field(description="Which field of the body or the query is wrong.")] = ""
    retryable: Annotated[bool, Field(description="Whether the same call can succeed later.")] = False
    next_attempt_at: Annotated[Time, Field(description="When; with 429 and 503 also as Retry-After.")] = ""
    twitter: XWords | None = None
    existing_post_id: Annotated[Id, Field(description="With `duplicate`: the tweet that is there already.")] = 1
    existing_tweet_id: Annotated[XId | None, Field(description="With `duplicate`: its id at X.")] = None
    post_id: Annotated[Id, Field(description="The tweet that X refused: it is kept, as `failed`.")] = 1
    thread_id: Annotated[Id, Field(description="The thread of which X refused a part.")] = 1
    tweets: Annotated[list[ThreadPart], Field(description="The parts of that thread.", default=[])]
    posts: Annotated[list[BatchPost], Field(description="With `batch_refused`: what stands against each.", default=[])]


def status_of(error: ServiceError) -> int:
    """A subclass has its parent's status."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def register(app: Flask) -> None:
    """Handles everything that `app` raises."""
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
    if oauth.is_callback() and pages.wants_page():  # X sends browsers there, whatever they accept
        response = oauth.not_connected_page(error, begun)
    elif _is_page() and not oauth.is_callback() and pages.names_html():
        response = pages.page("error.html", error=error.sentence, remedy=hint_of(error.code))
    else:
        response = jsonify(error_shape(error, request_id=current.request_id()))
    response.status_code = status
    return response


def _is_page() -> bool:
    """Whether a person rather than a program calls this: the home page, or an address that leads nowhere."""
    return request.endpoint == "home.show" or (request.endpoint is None and not request.path.startswith("/api/"))


def _seconds_until(moment: datetime) -> int:
    return max(1, math.ceil((moment - now()).total_seconds()))
