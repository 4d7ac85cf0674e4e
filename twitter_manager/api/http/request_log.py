"""Each request's id and its line in the log: method, path without query, status, milliseconds, key id, request id."""

import time

from flask import Flask, Response, g, request

from twitter_manager.answers import log_request, request_id_for
from twitter_manager.api.http import current

__all__ = ["register"]


def register(app: Flask) -> None:
    """Gives every request to `app` its id first of all, and logs it last of all."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        current.set_request_id(request_id_for(request.headers.get("X-Request-ID")))

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = current.request_id()
        key = current.api_key()
        log_request(
            method=request.method,
            path=request.path,
            status=response.status_code,
            seconds=time.perf_counter() - g.began,
            key_id=key.id if key else None,
            request_id=current.request_id(),
        )
        return response
