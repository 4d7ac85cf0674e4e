"""What a call brings back of X's windows: with the answer, and with the error."""

from datetime import timedelta

import pytest

from tests.support.wire import answering, reply, serving
from twitter_manager.timestamps import now
from twitter_manager.twitter import tweets
from twitter_manager.twitter.errors import NotSent, OutcomeUnknown, RateLimited, Refused, XError
from twitter_manager.twitter.rate_limits import NOTHING, RateWindow

SHORT, APP, USER = "x_rate_limit", "x_app_limit_24hour", "x_user_limit_24hour"


def told(headers: dict[str, str | int]) -> dict[str, str]:
    """Headers as X sends them: a number is a reset so many seconds from now, in epoch seconds."""
    present = now().timestamp()
    return {name: str(int(present + value)) if isinstance(value, int) else value for name, value in headers.items()}


def window_of(status: int, **headers: str | int) -> RateWindow:
    with serving(answering(reply(status, {"title": "T"}, **told(headers)))) as server:
        try:
            return server.x().request("GET", "/2/tweets").window
        except XError as error:
            return error.window


def seconds_left(window: RateWindow) -> float:
    assert window.reset_at is not None
    return (window.reset_at - now()).total_seconds()


HEADERS: dict[str, str | int] = {f"{SHORT}_limit": "100", f"{SHORT}_remaining": "42", f"{SHORT}_reset": 600}


@pytest.mark.parametrize("status", [200, 401, 403, 503])
def test_every_answer_tells_of_its_window(status: int) -> None:
    window = window_of(status, **HEADERS)
    assert (window.limit, window.remaining) == (100, 42)
    assert abs(seconds_left(window) - 600) < 4


def test_an_answer_without_headers_says_nothing() -> None:
    assert window_of(200) == window_of(503) == NOTHING


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({}, 600),
        ({f"{USER}_remaining": "0", f"{USER}_reset": 9000}, 9000),
        ({"retry_after": "700"}, 700),
    ],
)
def test_a_429_has_nothing_left_until_the_latest_reset(headers: dict[str, str | int], until: float) -> None:
    window = window_of(429, **HEADERS | headers)
    assert (window.limit, window.remaining) == (100, 0)
    assert abs(seconds_left(window) - until) < 4


def test_a_429_without_a_reset() -> None:
    assert window_of(429) == RateWindow(None, 0, None)


@pytest.mark.parametrize(
    ("headers", "left", "until"),
    [
        ({f"{APP}_remaining": "0", f"{APP}_reset": 9000}, 0, 9000),
        ({f"{USER}_remaining": "0", f"{USER}_reset": 300}, 0, 300),
        ({f"{SHORT}_remaining": "0", f"{USER}_remaining": "0", f"{USER}_reset": 300}, 0, 600),
        ({f"{USER}_remaining": "1", f"{USER}_reset": 9000}, 42, 600),
        ({f"{USER}_remaining": "0", f"{USER}_reset": 10**8}, 42, 600),
    ],
)
def test_an_exhausted_window_of_24_hours_goes_before_the_short_one(
    headers: dict[str, str | int], left: int, until: float
) -> None:
    window = window_of(201, **HEADERS | headers)
    assert (window.limit, window.remaining) == (100, left)
    assert abs(seconds_left(window) - until) < 4


def test_the_reset_is_by_our_clock() -> None:
    theirs = now() - timedelta(hours=1)
    date = theirs.strftime("%a, %d %b %Y %H:%M:%S GMT")
    window = window_of(200, date=date, **HEADERS | {f"{SHORT}_reset": 600 - 3600})
    assert abs(seconds_left(window) - 600) < 4


def test_a_post_brings_its_window_along() -> None:
    answers = [
        reply(201, {"data": {"id": "5", "text": "hello"}}, **told(HEADERS)),
        reply(403, {"title": "Forbidden"}, **told(HEADERS)),
        reply(201, raw=b"<html>", **told(HEADERS)),
        reply(429, **told(HEADERS)),
    ]
    with serving(answering(*answers)) as server:
        x, post = server.x(), tweets.NewPost(text="hello")
        assert tweets.create(x, "token", post).window.remaining == 42
        for kind, left in ((Refused, 42), (OutcomeUnknown, 42), (RateLimited, 0)):
            with pytest.raises(kind) as raised:
                tweets.create(x, "token", post)
            assert raised.value.window.remaining == left
    with pytest.raises(NotSent) as raised:
        tweets.create(x, "token", post)
    assert raised.value.window == NOTHING
