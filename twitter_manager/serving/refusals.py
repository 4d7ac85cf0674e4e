"""What the server itself answers, in the one error shape of the service; nothing of what was sent is repeated."""

import json
import logging
import time
from http import HTTPStatus

from waitress.task import ErrorTask  # type: ignore[import-untyped]
from waitress.utilities import Error  # type: ignore[import-untyped]

from twitter_manager.errors import ServiceError
from twitter_manager.responses import HEADERS, error_to_json, log_request, request_id_for
from twitter_manager.serving.parsing import Request, summary_of

__all__ = ["Refusal", "RequestTimeout", "ShuttingDown"]

log = logging.getLogger(__name__)

_CODES = {
    HTTPStatus.BAD_REQUEST: "malformed_request",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "headers_too_large",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal_error",
    HTTPStatus.NOT_IMPLEMENTED: "malformed_request",  # a transfer coding that nobody uses
    HTTPStatus.SERVICE_UNAVAILABLE: "shutting_down",
}
_RETRY_AFTER_SECONDS = "5"


class RequestTimeout(Error):  # type: ignore[misc]
    """The request did not arrive in time."""

    code = 408


class ShuttingDown(Error):  # type: ignore[misc]
    """The request came after SIGTERM."""

    code = 503


class Refusal(ErrorTask):  # type: ignore[misc]
    """Answers a request that has an `error` and closes the connection."""

    def execute(self) -> None:
        status = HTTPStatus(self.request.error.code)
        asked = self._asked()
        summary = summary_of(asked.head)
        request_id = request_id_for(summary.request_id)
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request %s failed outside the application's own error handling", request_id)
        text = json.dumps(error_to_json(ServiceError(_CODES[status]), request_id=request_id))
        self._send(status, f"{text}\n".encode(), request_id=request_id, with_body=summary.method != "HEAD")
        log_request(
            method=summary.method,
            path=summary.path,
            status=status.value,
            seconds=time.monotonic() - asked.began,
            key_id=None,
            request_id=request_id,
        )

    def _asked(self) -> Request:
        """The request as it came: for an error inside the application waitress replaces it by an empty one."""
        waiting: list[Request] = self.channel.requests
        asked: Request = waiting[0] if waiting else self.request
        return asked

    def _send(self, status: HTTPStatus, body: bytes, *, request_id: str, with_body: bool) -> None:
        self.status = f"{status.value} {status.phrase}"
        self.response_headers += HEADERS.items()
        self.response_headers += [("Content-Type", "application/json"), ("X-Request-ID", request_id)]
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            self.response_headers.append(("Retry-After", _RETRY_AFTER_SECONDS))
        self.channel.lingers = True
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body if with_body else b"")
