"""X's answers of 300 and more: its words, whichever shape they came in, and which of the types of errors.py they are.

A 403 concerns a post, an account, an endpoint or the app. X says which by a type, a number or in words alone, so all
three are checked.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from twitter_manager import untrusted_times
from twitter_manager.twitter.errors import (
    AccountPaused,
    AccountSuspended,
    AppRefused,
    CapabilityUnavailable,
    DuplicateContent,
    NotPermitted,
    NotVisible,
    OutcomeUnknown,
    Problem,
    RateLimited,
    Refused,
    Unauthorized,
    XError,
)

__all__ = ["problem_of", "refusal"]

# Where a refusal of the app's plan concerns the whole app; elsewhere it concerns that endpoint alone.
POSTING = frozenset({"POST /2/tweets", "DELETE /2/tweets/{id}"})
EDGE = "edge"  # the type of a problem that is not X's own
MAX_DETAIL = 1000  # characters of X's words that are kept
MONEY = frozenset({"credits_depleted", "spend_cap_reached", "usage_capped"})  # these stop every call of the app
CLEAR_WITHOUT_WORDS = (401, 402, 413, 429)  # what these say they say without a body, too


def problem_of(status: int, body: Any) -> Problem:
    """X's words, in whichever shape: problem JSON, {errors: […]}, {code, message}, {error, error_description}, none."""
    if not isinstance(body, Mapping):
        return Problem(status, title=f"HTTP {status}", readable=False)
    if _is_of_the_edge(body):
        return Problem(status, title=f"HTTP {status} of the edge in front of X", type=EDGE, readable=False)
    errors = body.get("errors")
    inner = [each for each in errors if isinstance(each, Mapping)][:10] if isinstance(errors, list) else []
    outer = body if "title" in body or not inner else inner[0]
    codes = [code for each in (outer, *inner) if isinstance(code := each.get("code"), int)]
    types = [_word(each.get("type")).rstrip("/").rsplit("/", 1)[-1] for each in (outer, *inner)]
    title, detail = _word(outer.get("title") or outer.get("error")), _detail(outer, inner)
    reason = _word(outer.get("reason"))
    return Problem(
        status,
        title=title or f"HTTP {status}",
        detail=detail,
        type=next((kind for kind in types if kind and kind != "about:blank"), types[0]),
        code=codes[0] if codes else None,
        reason=reason,
        nested=" ".join(_word(each.get(name)) for each in inner for name in ("title", "reason")).strip(),
        readable=bool(title or detail or reason or codes or any(types)),
        reset_at=untrusted_times.iso_date(outer.get("reset_date")),
    )


def _is_of_the_edge(body: Mapping[str, Any]) -> bool:
    """Whether Cloudflare, in front of X, answered: that is not X's verdict."""
    return body.get("cloudflare_error") is True or "//developers.cloudflare.com/" in _word(body.get("type"))


def _detail(outer: Mapping[str, Any], inner: list[Mapping[str, Any]]) -> str:
    """What X says, and the reasons that are in errors[] alone."""
    said = [_word(outer.get("detail") or outer.get("message") or outer.get("error_description"))]
    for text in (_word(each.get(name)) for each in inner for name in ("message", "detail")):
        if text and not any(text in earlier for earlier in said):
            said.append(text)
    return " ".join(text for text in said if text)[:MAX_DETAIL]


def refusal(problem: Problem, *, reset_at: datetime | None, endpoint: str = "POST /2/tweets") -> XError:
    """The type of an answer of 300 and more. `reset_at`: when X's window for the endpoint starts again, if known."""
    status = problem.status or 0
    if status < 400 or status >= 500 or status in (408, 425):
        return OutcomeUnknown(problem)
    if not problem.readable and (problem.type == EDGE or status not in CLEAR_WITHOUT_WORDS):
        return OutcomeUnknown(problem)  # a page of the edge in front of X is no verdict of X
    account_code, app_code = _account_code(problem), _app_code(problem)
    if app_code:
        if app_code in MONEY or endpoint in POSTING:
            return AppRefused(problem, app_code, problem.reset_at)
        return CapabilityUnavailable(problem, endpoint)
    if account_code:
        return AccountPaused(problem, account_code)
    if status == 429 or problem.code == 88 or problem.type == "rate-limit-exceeded":
        return RateLimited(problem, reset_at)
    return Unauthorized(problem) if status == 401 else _refused(problem)


def _refused(problem: Problem) -> Refused:
    if problem.code == 187 or problem.says("duplicate content", "status is a duplicate"):
        return DuplicateContent(problem)
    if _is_suspended(problem):
        return AccountSuspended(problem)
    if problem.code == 385 or problem.says("deleted or not visible"):
        return NotVisible(problem)
    if problem.says("not permitted to access this feature"):
        return NotPermitted(problem)
    return Refused(problem)


def _account_code(problem: Problem) -> str | None:
    """The code of a refusal that lasts a while and concerns all that this account sends, else None."""
    if problem.code == 185 or problem.says("over daily status update limit"):
        return "daily_limit_reached"
    if problem.code == 226 or problem.says("looks like it might be automated"):
        return "looks_automated"
    return None


def _is_suspended(problem: Problem) -> bool:
    words = ("account is suspended", "account has been suspended", "temporarily locked", "account is locked")
    ours = problem.type == "client-forbidden" or problem.says("developer account", "application")
    return not ours and (problem.code in (64, 326) or problem.says(*words))


def _app_code(problem: Problem) -> str | None:
    """The code of a refusal that concerns the app, else None."""
    if problem.status in (402, 403, 429) and problem.says("spendcap", "spend cap", "spending limit", "spend limit"):
        return "spend_cap_reached"
    if problem.status == 402 or problem.type in ("credits", "credits-depleted"):
        return "credits_depleted"
    if problem.type == "usage-capped" or problem.says("usagecapexceeded", "usage cap"):
        return "usage_capped"
    if problem.status != 403 or _is_suspended(problem):
        return None
    plan = problem.type == "client-forbidden" or problem.code == 453
    if plan or problem.says("client-not-enrolled", "your client app", "different access level"):
        return "client_not_enrolled"
    wrong_kind = problem.type in ("unsupported-authentication", "oauth1-permissions") or problem.code in (261, 416)
    words = ("developer account", "application cannot perform write actions", "invalid / suspended application")
    return "app_misconfigured" if wrong_kind or problem.says(*words) else None


def _word(value: object) -> str:
    return value[:500] if isinstance(value, str) else ""
