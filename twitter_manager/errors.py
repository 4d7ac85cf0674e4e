"""What can go wrong, in types that say what the caller can do next; no HTTP status and no SQL in here.

ServiceError
├── Malformed        the request cannot be parsed: send another one
├── KeyRefused       no key, or not one of ours
├── Forbidden        the key may not do this
├── NotFound         there is no such thing
├── Conflict         the state does not allow it: read it again first
├── TooLarge         send less
├── NotJson          send JSON
├── Invalid          one field is wrong: `field` names it
├── SlowDown         repeat the same call at `next_attempt_at`
├── StorageFull      there is no room for what was sent: free the disk, then repeat
├── XRefused         X said no or could not be reached: `twitter` holds X's own words
└── NotNow           the service cannot at this moment: repeat it later
    └── StorageUnavailable   the database is locked, full or away

What each code means stands in error_codes/.
"""

from collections.abc import Mapping
from datetime import datetime

from twitter_manager.error_codes import sentence_of

__all__ = [
    "Conflict",
    "Forbidden",
    "Invalid",
    "KeyRefused",
    "Malformed",
    "NotFound",
    "NotJson",
    "NotNow",
    "ServiceError",
    "SlowDown",
    "StartRefused",
    "StorageFull",
    "StorageUnavailable",
    "TooLarge",
    "XRefused",
]


class StartRefused(Exception):
    """The service does not start; the text is the one line that says why and what to do."""


class ServiceError(Exception):
    """An error for the caller: a code of error_codes.CODES, its sentence, and what applies of the rest.

    `field` names the wrong field, `status` is that of the tweet or thread in question, `retryable` and
    `next_attempt_at` say whether and when to try again, `twitter` holds X's {status, title, detail}; `details` are
    further fields of the answer.
    """

    def __init__(
        self,
        code: str,
        *,
        sentence: str | None = None,
        field: str | None = None,
        status: str | None = None,
        retryable: bool | None = None,
        next_attempt_at: datetime | None = None,
        twitter: Mapping[str, object] | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        self.code = code
        self.sentence = sentence or _sentence(code, status)
        self.field = field
        self.status = status
        self.retryable = retryable
        self.next_attempt_at = next_attempt_at
        self.twitter = twitter
        self.details = details or {}
        super().__init__(f"{code}: {self.sentence}")


def _sentence(code: str, status: str | None) -> str:
    return sentence_of(code) if status is None else f"{sentence_of(code)}: its status is {status}"


class Malformed(ServiceError):
    """The request cannot be parsed."""


class KeyRefused(ServiceError):
    """No API key, or not one of ours."""


class Forbidden(ServiceError):
    """The key is right, but may not do this."""


class NotFound(ServiceError):
    """There is no such thing."""


class Conflict(ServiceError):
    """The state does not allow it."""


class TooLarge(ServiceError):
    """More than is accepted in one call."""


class NotJson(ServiceError):
    """A body that is not declared as JSON."""


class Invalid(ServiceError):
    """A field is wrong; `field` names it."""


class SlowDown(ServiceError):
    """The same call may be repeated at `next_attempt_at`."""


class StorageFull(ServiceError):
    """No room for what was sent; nothing of it was kept."""


class XRefused(ServiceError):
    """X said no, or failed; X's own words stand in `twitter`."""


class NotNow(ServiceError):
    """Not at this moment; the same call may be repeated later."""


class StorageUnavailable(NotNow):
    """The database cannot be used now; nothing was stored."""

    def __init__(self, why: str) -> None:
        super().__init__("database_unavailable", retryable=True)
        self.why = why  # for the log and health, never for the answer's sentence
