"""What every answer has in common, whether the application gives it or the server itself."""

import logging
import re
import secrets
from collections.abc import Mapping
from types import MappingProxyType

from twitter_manager.error_codes import hint_of
from twitter_manager.errors import ServiceError
from twitter_manager.timestamps import to_text

__all__ = ["HEADERS", "error_to_json", "log_request", "request_id_for"]

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Referrer-Policy": "no-referrer",  # a state, a code or ?api_key must not travel on to other sites
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
)
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAX_PATH = 200

_log = logging.getLogger("twitter_manager.requests")


def request_id_for(asked: str | None) -> str:
    """The caller's X-Request-ID if it is well-formed, else a new one."""
    return asked if asked and _ID.fullmatch(asked) else secrets.token_hex(16)


def error_to_json(error: ServiceError, *, request_id: str) -> dict[str, object]:
    """`error` as JSON: error, code, request_id and, where they apply, hint, status, field, retryable, next_attempt_at,
    twitter and the error's own details."""
    body: dict[str, object] = {"error": error.sentence, "code": error.code, "request_id": request_id, **error.details}
    hint = hint_of(error.code)
    if hint is not None:
        body["hint"] = hint
    if error.status is not None:
        body["status"] = error.status
    if error.field is not None:
        body["field"] = error.field
    if error.retryable is not None:
        body["retryable"] = error.retryable
    if error.next_attempt_at is not None:
        body["next_attempt_at"] = to_text(error.next_attempt_at)
    if error.twitter is not None:
        body["twitter"] = dict(error.twitter)
    return body


def log_request(*, method: str, path: str, status: int, seconds: float, key_id: int | None, request_id: str) -> None:
    """`path` without the query; both '-' for a request that could not be read."""
    _log.info(
        "%s %s %s %.1f ms key=%s request=%s",
        method,
        path[:_MAX_PATH],
        status,
        seconds * 1000,
        "-" if key_id is None else key_id,
        request_id,
    )
