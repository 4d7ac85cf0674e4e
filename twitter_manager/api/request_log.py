"""Each request's id and its line in the log: method, path without query, status, milliseconds, key id, request id."""

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

from twitter_manager.api import current

__all__ = ["register", "request_id_for"]

log = logging.getLogger("twitter_manager.requests")

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_PATH = 200


def request_id_for(asked: str | None) -> str:
    """The caller's X-Request-ID if it has the shape of one, else a new one."""
    return asked if asked and _ID.fullmatch(asked) else uuid.uuid4().hex


def register(app: Flask) -> None:
    """Gives every request to `app` its id first of all, and every answer its line last of all."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        current.keep_request_id(request_id_for(request.headers.get("X-Request-ID")))

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = current.request_id()
        milliseconds = (time.perf_counter() - g.began) * 1000
        key = current.api_key()
        log.info(
            "%s %s %s %.1f ms key=%s request=%s",
            request.method,
            request.path[:_LONGEST_PATH],
            response.status_code,
            milliseconds,
            key.id if key else "-",
            current.request_id(),
        )
        return response
