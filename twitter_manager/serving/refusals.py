"""What the server itself answers, in the one error shape of the service; nothing of what was sent is repeated."""

import json
import logging
import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus

from waitress.task import ErrorTask  # type: ignore[import-untyped]
from waitress.utilities import Error  # type: ignore[import-untyped]

from twitter_manager.errors import sentence_of
from twitter_manager.serving.parsing import Request

__all__ = ["Refusal", "RequestTimeout", "ShuttingDown", "request_id_of"]

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
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestTimeout(Error):  # type: ignore[misc]
    """The request did not arrive in time."""

    code = 408


class ShuttingDown(Error):  # type: ignore[misc]
    """The request came after SIGTERM."""

    code = 503


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's X-Request-ID if it has the shape of one, else a new one. `headers` has waitress's names."""
    asked = headers.get("X_REQUEST_ID", "")
    return asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex


class Refusal(ErrorTask):  # type: ignore[misc]
    """Answers a request that has an `error`; the connection ends with it."""

    def execute(self) -> None:
        status = HTTPStatus(self.request.error.code)
        request_id = request_id_of(self._asked().headers)
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request %s failed outside the application's own error handling", request_id)
        code = _CODES[status]
        text = json.dumps({"error": sentence_of(code), "code": code, "request_id": request_id})
        self._send(status, text.encode(), request_id=request_id)

    def _asked(self) -> Request:
        """The request as it came: for an error inside the application waitress puts an empty one in its place."""
        waiting: list[Request] = self.channel.requests
        asked: Request = waiting[0] if waiting else self.request
        return asked

    def _send(self, status: HTTPStatus, body: bytes, *, request_id: str) -> None:
        self.status = f"{status.value} {status.phrase}"
        self.response_headers += [
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Request-ID", request_id),
        ]
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            self.response_headers.append(("Retry-After", _RETRY_AFTER_SECONDS))
        self.channel.lingers = True
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if getattr(self._asked(), "command", "") == "HEAD" else body)
