"""Each request's id and its line in the log: method, path without query, status, milliseconds, key id, request id."""

import time

from flask import Response

from twitter_manager.api.http.application import Application, Request
from twitter_manager.responses import log_request, request_id_for

__all__ = ["register"]


def register(app: Application) -> None:
    """Gives every request to `app` its id first of all, and logs it last of all."""

    @app.check
    def begin(request: Request) -> None:
        request.began = time.perf_counter()
        request.id = request_id_for(request.environ.get("HTTP_X_REQUEST_ID"))

    @app.finish
    def end(request: Request, response: Response) -> None:
        response.headers.add("X-Request-ID", request.id)
        log_request(
            method=request.method,
            path=request.path,
            status=response.status_code,
            seconds=time.perf_counter() - request.began,
            key_id=request.api_key.id if request.api_key else None,
            request_id=request.id,
        )
