"""What every answer has in common, whether the application gives it or the server itself."""

import logging
import re
import uuid
from collections.abc import Mapping
from types import MappingProxyType

from twitter_manager.error_codes import hint_of
from twitter_manager.errors import ServiceError
from twitter_manager.timestamps import to_text

__all__ = ["HEADERS", "error_shape", "log_request", "request_id_for"]

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
    return asked if asked and _ID.fullmatch(asked) else uuid.uuid4().hex


def error_shape(error: ServiceError, *, request_id: str) -> dict[str, object]:
    """`error` as JSON: error, code, request_id and, where they apply, hint, status, field, retryable, next_attempt_at,
    twitter and the error's own details."""
    shape: dict[str, object] = {"error": error.sentence, "code": error.code, "request_id": request_id, **error.details}
    hint = hint_of(error.code)
    if hint is not None:
        shape["hint"] = hint
    if error.status is not None:
        shape["status"] = error.status
    if error.field is not None:
        shape["field"] = error.field
    if error.retryable is not None:
        shape["retryable"] = error.retryable
    if error.next_attempt_at is not None:
        shape["next_attempt_at"] = to_text(error.next_attempt_at)
    if error.twitter is not None:
        shape["twitter"] = dict(error.twitter)
    return shape


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
