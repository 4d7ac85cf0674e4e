"""X itself: does it answer, what time is it there, and does it know our client."""

from collections.abc import Iterator
from datetime import timedelta

from twitter_manager.services.doctor.check import Check, fail, ok, warn
from twitter_manager.services.environments import XEnvironment
from twitter_manager.twitter import oauth2
from twitter_manager.twitter.errors import AppRefused, ClientRefused, GrantRefused, NotSent, OutcomeUnknown, XError

__all__ = ["checks", "client", "clock", "not_asked", "reached"]

MAX_AHEAD = timedelta(seconds=30)
NO_TOKEN = "asked-by-the-doctor-this-is-no-token"  # noqa: S105  - and X says so


def checks(environment: XEnvironment) -> Iterator[Check]:
    """One call to X, without anything of an account; it changes nothing there."""
    answer = _ask(environment)
    yield reached(answer)
    yield clock(environment.x.clock_ahead)
    if environment.client is not None:
        yield client(answer)


def not_asked() -> Iterator[Check]:
    """In mock mode the simulated X can say nothing about X."""
    for name in ("x", "clock", "client at X"):
        yield ok(name, "not asked: mock mode")


def _ask(environment: XEnvironment) -> XError | None:
    """X's answer to an invalid refresh token; without a client, to a call without a token."""
    try:
        if environment.client is None:
            environment.x.request("GET", "/2/users/me", metered=False)
        else:
            oauth2.refresh(environment.x, environment.client, NO_TOKEN)
    except XError as error:
        return error
    return None


def reached(answer: XError | None) -> Check:
    if isinstance(answer, NotSent):
        remedy = (
            "see that this machine reaches TWITTER_API_URL: name, network, firewall, certificates; no proxy is used"
        )
        return fail("x", f"cannot be reached: {_words(answer)}", remedy)
    if isinstance(answer, OutcomeUnknown):
        return warn("x", f"was reached, but gave no clear answer: {_words(answer)}", "try again in a minute")
    return ok("x", "answers")


def clock(ahead: timedelta | None) -> Check:
    """Scheduled times go by our clock."""
    if ahead is None:
        return ok("clock", "not checked: X did not say what time it is there")
    if abs(ahead) > MAX_AHEAD:
        way = "ahead of" if ahead > timedelta(0) else "behind"
        remedy = "set the clock, and let the system keep it (on Linux: timedatectl set-ntp true)"
        return fail("clock", f"{abs(ahead).total_seconds():.0f} s {way} X's", remedy)
    return ok("clock", "agrees with X's")


def client(answer: XError | None) -> Check:
    """Only where the token endpoint knows the client does it check the token."""
    if isinstance(answer, GrantRefused):
        return ok("client at X", "X knows it")
    if isinstance(answer, ClientRefused):
        remedy = "compare TWITTER_CLIENT_ID and TWITTER_CLIENT_SECRET with the OAuth 2.0 keys of your app at X"
        return fail("client at X", "X does not know this client, or not with this secret", remedy)
    if isinstance(answer, AppRefused):
        return warn("client at X", f"X refuses the app: {_words(answer)}", "see your app at console.x.com")
    return ok("client at X", "not checked: X gave no answer that tells")


def _words(answer: XError) -> str:
    """Without X's detail, which may repeat what was sent."""
    status = answer.problem.status
    return answer.problem.title if status is None else f"HTTP {status}"
