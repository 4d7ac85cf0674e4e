"""What X can answer, as types that say what may be done next.

XError
├── NotSent           the line failed before the request was written: safe to send again
├── OutcomeUnknown    it was written, and no verdict can be read: only looking helps (a GET may simply be repeated)
├── Refused           X said no; the same request gets the same answer
│   ├── DuplicateContent   X has this text already
│   ├── NotVisible         the post to reply to is not visible (yet)
│   └── AccountSuspended   X says so of the account
├── Unauthorized      401: the access token is not taken
├── RateLimited       429: fine again at `until`
│   └── WindowSpent        X was not even called: our own count says that it would answer so
├── AppRefused        the whole app is out of credits, capped or not enrolled: `code` of error_codes.CODES
├── GrantRefused      the token endpoint refuses this code or refresh token
└── ClientRefused     the token endpoint refuses our client

Sources: x-api.md §2.4, §3.5, §9, §11. Texts are X's own and go to the person who owns the tweet; they never hold
a token, since X does not repeat them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twitter_manager.twitter.rate_limits import NOTHING, RateWindow

DAILY_LIMIT = 185  # v1's code for the account's own limit of posts a day

__all__ = [
    "AccountSuspended",
    "AppRefused",
    "ClientRefused",
    "DuplicateContent",
    "GrantRefused",
    "NotSent",
    "NotVisible",
    "OutcomeUnknown",
    "Problem",
    "RateLimited",
    "Refused",
    "Unauthorized",
    "WindowSpent",
    "XError",
    "problem_of",
    "refusal",
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
    nested: str = ""  # the texts of problems inside the problem
    readable: bool = True  # X's own words, not an edge's page or nothing

    def to_json(self) -> dict[str, object]:
        """{status, title, detail} as callers see it."""
        return {"status": self.status, "title": self.title, "detail": self.detail}

    def says(self, *words: str) -> bool:
        """Whether any of `words` stands in X's text, whatever the case."""
        text = f"{self.title} {self.detail} {self.reason} {self.nested}".lower()
        return any(word in text for word in words)


class XError(Exception):
    """A call to X that did not succeed; `problem` holds X's words where it spoke, `window` its rate-limit headers."""

    window: RateWindow = NOTHING

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{type(self).__name__}: {problem.status or ''} {problem.title} {problem.detail}".strip())


class NotSent(XError):
    """Nothing was written to the line."""


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


class Unauthorized(XError):
    """401 from an API endpoint."""


class RateLimited(XError):
    """The window is spent until `until` (None: X did not say)."""

    def __init__(self, problem: Problem, until: datetime | None) -> None:
        super().__init__(problem)
        self.until = until


class WindowSpent(RateLimited):
    """The call was not made, and certainly not sent: the window is spent until `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(Problem(None, title="The window is spent"), until)


class AppRefused(XError):
    """X refuses everything that this app sends; `code` says why in our words."""

    def __init__(self, problem: Problem, code: str) -> None:
        super().__init__(problem)
        self.code = code


class GrantRefused(XError):
    """The authorization code or refresh token is not valid (any more)."""


class ClientRefused(XError):
    """Client id or secret are not accepted."""


def problem_of(status: int, body: Any) -> Problem:
    """X's words, in whichever shape: problem JSON, {errors: […]}, {code, message}, {error, error_description}, none."""
    if not isinstance(body, Mapping):
        return Problem(status, title=f"HTTP {status}", readable=False)
    errors = body.get("errors")
    inner = [each for each in errors if isinstance(each, Mapping)][:10] if isinstance(errors, list) else []
    outer = body if "title" in body or not inner else inner[0]
    codes = [each.get("code") for each in (outer, *inner)]
    types = [_word(each.get("type")).rstrip("/").rsplit("/", 1)[-1] for each in (outer, *inner)]
    return Problem(
        status,
        title=_word(outer.get("title") or outer.get("error")) or f"HTTP {status}",
        detail=_word(outer.get("detail") or outer.get("message") or outer.get("error_description")),
        type=next((kind for kind in types if kind and kind != "about:blank"), types[0]),
        code=next((code for code in codes if isinstance(code, int)), None),
        reason=_word(outer.get("reason")),
        nested=" ".join(_word(each.get(name)) for each in inner for name in ("title", "detail", "message", "reason")),
    )


def refusal(problem: Problem, *, reset_at: datetime | None) -> XError:
    """The type of an answer of 300 and more. `reset_at`: when X's window for the endpoint starts anew, if known."""
    status = problem.status or 0
    app_code = _app_code(problem)
    if app_code:
        return AppRefused(problem, app_code)
    if status == 429 or problem.code == DAILY_LIMIT:
        return RateLimited(problem, reset_at)
    if status == 401:
        return Unauthorized(problem)
    if status < 400 or status >= 500 or status in (408, 425):
        return OutcomeUnknown(problem)
    if status in (403, 404) and not problem.readable:
        return OutcomeUnknown(problem)  # a page of the edge in front of X is no verdict of X
    return _refused(problem)


def _refused(problem: Problem) -> Refused:
    if problem.code == 187 or problem.says("duplicate content"):
        return DuplicateContent(problem)
    if _is_suspended(problem):
        return AccountSuspended(problem)
    if problem.code == 385 or problem.says("deleted or not visible"):
        return NotVisible(problem)
    return Refused(problem)


def _is_suspended(problem: Problem) -> bool:
    words = ("account is suspended", "account has been suspended", "temporarily locked", "account is locked")
    ours = problem.type == "client-forbidden" or problem.says("developer account", "application")
    return not ours and (problem.code in (64, 326) or problem.says(*words))


def _app_code(problem: Problem) -> str | None:
    """The code of a refusal that concerns the whole app (x-api.md §9.3, §3.5), else None."""
    if problem.status == 402 or problem.type in ("credits", "credits-depleted"):
        return "credits_depleted"
    if problem.type == "usage-capped" or problem.says("usagecapexceeded", "usage cap"):
        return "usage_capped"
    if problem.status not in (403, 429) or _is_suspended(problem):
        return None
    if problem.says("spend cap", "spending limit", "spend limit"):
        return "spend_cap_reached"
    if problem.type == "client-forbidden" or problem.says("client-not-enrolled", "access this feature"):
        return "client_not_enrolled"
    wrong_kind = problem.type in ("unsupported-authentication", "oauth1-permissions") or problem.code in (261, 416)
    return "app_misconfigured" if wrong_kind or problem.says("developer account") else None


def _word(value: object) -> str:
    return value[:500] if isinstance(value, str) else ""
