"""What X can answer, as types that say what may be done next.

XError
├── NotSent           the connection failed before the request was written: safe to send again
├── OutcomeUnknown    it was written, and no verdict can be read: only a check helps (a GET may simply be repeated)
├── Refused           X said no; the same request gets the same answer
│   ├── DuplicateContent   X has this text already
│   ├── NotVisible         the post to reply to is not visible (yet)
│   ├── AccountSuspended   X says so of the account
│   ├── NotPermitted       X does not let this account do that, or not with this post
│   ├── PieceTooLarge      413: the upload begins anew with smaller pieces
│   ├── UploadNotFound     404: no such upload (any more), or one of X's incidents: begin anew, a few times
│   ├── ScopeMissing       the token was granted without media.write: the account must be connected again
│   └── CapabilityUnavailable  X does not let this app call this endpoint; others may go on
├── Unauthorized      401: the access token is not accepted
├── RateLimited       429: fine again at `until`
│   └── WindowExhausted    X was not even called: our own count says that it would answer so
├── AccountPaused     X accepts nothing from this account for a while: `code` of error_codes.CODES
├── AppRefused        the whole app is out of credits, capped or not enrolled: `code` of error_codes.CODES
├── GrantRefused      the token endpoint refuses this code or refresh token
└── ClientRefused     the token endpoint refuses our client

A 403 concerns a post, an account, an endpoint or the app; only what certainly concerns the app is AppRefused.
Sources: docs.x.com (response codes and errors, rate limits), RFC 6749 and reports of real clients. Texts are X's own
and go to the person who owns the tweet; they never hold a token, since X does not repeat them.
"""

from dataclasses import dataclass
from datetime import datetime

from twitter_manager.twitter.rate_limits import NOTHING, RateWindow

__all__ = [
    "AccountPaused",
    "AccountSuspended",
    "AppRefused",
    "CapabilityUnavailable",
    "ClientRefused",
    "DuplicateContent",
    "GrantRefused",
    "NotPermitted",
    "NotSent",
    "NotVisible",
    "OutcomeUnknown",
    "PieceTooLarge",
    "Problem",
    "RateLimited",
    "Refused",
    "ScopeMissing",
    "Unauthorized",
    "UploadNotFound",
    "WindowExhausted",
    "XError",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """X's own words about a failure, whichever of its six shapes they came in."""

    status: int | None
    title: str = ""
    detail: str = ""
    type: str = ""  # the last segment of X's problem type: both hosts occur
    code: int | None = None
    reason: str = ""
    nested: str = ""  # the titles and reasons of problems inside the problem
    readable: bool = True  # X's own words, not an edge's page or nothing
    reset_at: datetime | None = None  # when the next billing cycle begins, where this one is exhausted

    def to_json(self) -> dict[str, object]:
        """{status, title, detail} as callers see it."""
        return {"status": self.status, "title": self.title, "detail": self.detail}

    def says(self, *words: str) -> bool:
        """Whether any of `words` is in X's text, whatever the case."""
        text = f"{self.title} {self.detail} {self.reason} {self.nested}".lower()
        return any(word in text for word in words)


class XError(Exception):
    """A call to X that did not succeed; `problem` holds X's words where it spoke, `window` its rate-limit headers."""

    window: RateWindow = NOTHING

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{type(self).__name__}: {problem.status or ''} {problem.title} {problem.detail}".strip())


class NotSent(XError):
    """Nothing was written to the connection."""


class OutcomeUnknown(XError):
    """It may have been done or not."""


class Refused(XError):
    """X said no for good."""


class DuplicateContent(Refused):
    """X has this text from this account already."""


class NotVisible(Refused):
    """The parent is deleted or not visible yet."""


class AccountSuspended(Refused):
    """X says that the account is suspended or locked."""


class NotPermitted(Refused):
    """X does not let this account do that; it may be for something in the post."""


class PieceTooLarge(Refused):
    """X takes no piece of this size."""


class UploadNotFound(Refused):
    """X knows no such upload (any more), or in an incident not even the endpoint."""


class ScopeMissing(Refused):
    """The token does not allow uploads."""


class CapabilityUnavailable(Refused):
    """X does not let this app call `endpoint`; `code` of error_codes.CODES."""

    code = "capability_unavailable"

    def __init__(self, problem: Problem, endpoint: str) -> None:
        super().__init__(problem)
        self.endpoint = endpoint


class Unauthorized(XError):
    """401 from an API endpoint."""


class RateLimited(XError):
    """The window is exhausted until `until` (None: X did not say)."""

    def __init__(self, problem: Problem, until: datetime | None) -> None:
        super().__init__(problem)
        self.until = until


class WindowExhausted(RateLimited):
    """The call was not made, and certainly not sent: the window is exhausted until `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(Problem(None, title="The window is spent"), until)


class AccountPaused(XError):
    """X accepts nothing from this account for a while, and does not say how long; `code` of error_codes.CODES."""

    def __init__(self, problem: Problem, code: str) -> None:
        super().__init__(problem)
        self.code = code


class AppRefused(XError):
    """X refuses everything that this app sends; `code` of error_codes.CODES, `until` when X said that it ends."""

    def __init__(self, problem: Problem, code: str, until: datetime | None = None) -> None:
        super().__init__(problem)
        self.code = code
        self.until = until


class GrantRefused(XError):
    """The authorization code or refresh token is not valid (any more)."""


class ClientRefused(XError):
    """Client id or secret are not accepted."""
