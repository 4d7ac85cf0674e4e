"""The gate to X: what an answer is, what is believed of its headers, and what never leaves the process."""

import gzip
import logging
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.support.wire import Line, answering, reply, serving
from twitter_manager.timestamps import now
from twitter_manager.twitter.client import MAX_RESPONSE, Response, XClient, basic, bearer
from twitter_manager.twitter.errors import NotSent, OutcomeUnknown, RateLimited, Refused, XError

SECRET = "token-that-nobody-may-see"
SHORT, APP, USER = "x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour"


def post(x: XClient) -> Response:
    return x.request("POST", "/2/tweets", json={"text": "héllo 🎉"}, authorization=bearer(SECRET), account_id=7)


def failure(answer: bytes) -> XError:
    with serving(answering(answer)) as server, pytest.raises(XError) as error:
        post(server.x())
    return error.value


class TestARequest:
    def test_json(self) -> None:
        with serving(answering(reply(201, {"data": {"id": "5"}}))) as server:
            assert post(server.x()).body == {"data": {"id": "5"}}
        (request,) = server.requests
        assert request.line == "POST /2/tweets HTTP/1.1"
        assert request.body == '{"text":"héllo 🎉"}'.encode()
        assert request.header("content-type") == request.header("accept") == "application/json"
        assert request.header("authorization") == f"Bearer {SECRET}"
        assert request.header("cookie") is None

    def test_form_and_query(self) -> None:
        with serving(answering(reply())) as server:
            server.x().request(
                "POST", "/2/x", query={"a": "b c&d"}, form={"code": "ä=&"}, authorization=basic("i", "s")
            )
        (request,) = server.requests
        assert request.line == "POST /2/x?a=b+c%26d HTTP/1.1"
        assert request.body == b"code=%C3%A4%3D%26"
        assert request.header("content-type") == "application/x-www-form-urlencoded"
        assert request.header("authorization") == "Basic aTpz"

    def test_the_windows_headers_are_kept(self) -> None:
        answer = reply(x_rate_limit_limit="100", x_rate_limit_remaining="99", x_rate_limit_reset="1795183500")
        with serving(answering(answer)) as server:
            window = post(server.x()).window
        assert (window.limit, window.remaining) == (100, 99)
        assert window.reset_at == datetime.fromtimestamp(1795183500, UTC)

    def test_cookies_are_not_sent_back(self) -> None:
        with serving(answering(reply(set_cookie="guest=1; path=/"))) as server:
            x = server.x()
            post(x)
            post(x)
        assert [request.header("cookie") for request in server.requests] == [None, None]

    def test_the_environment_does_not_reroute_or_add_passwords(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password mine\n")
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        with serving(answering(reply())) as server:
            server.x().request("GET", "/2/users/me")
        assert server.requests[0].header("authorization") is None

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_redirects_are_not_followed(self, status: int) -> None:
        with serving(answering(reply())) as elsewhere:
            answer = reply(status, location=f"{elsewhere.base}/2/tweets")
            with serving(answering(answer)) as server:
                with pytest.raises(OutcomeUnknown):
                    post(server.x())
                assert len(server.requests) == 1
            assert elsewhere.lines == 0


class TestAnAnswer:
    @pytest.mark.parametrize(
        "content",
        [b"", b"<html>504</html>", b"[1]", b'"yes"', b"null", b"1", b"{", b'{"data": "\xff"}', b"[" * 100_000],
        ids=lambda content: str(content[:20]),
    )
    @pytest.mark.parametrize("status", [200, 201])
    def test_success_that_cannot_be_read_is_unknown(self, status: int, content: bytes) -> None:
        error = failure(reply(status, raw=content))
        assert isinstance(error, OutcomeUnknown)
        assert error.problem.status == status

    def test_success_without_a_body(self) -> None:
        assert isinstance(failure(b"HTTP/1.1 204 No Content\r\n\r\n"), OutcomeUnknown)

    @pytest.mark.parametrize("status", [300, 304, 500, 502, 503, 504, 520, 408, 425])
    def test_what_says_nothing_about_the_request_is_unknown(self, status: int) -> None:
        assert isinstance(failure(reply(status, raw=b"" if status == 304 else b"<html>")), OutcomeUnknown)

    def test_a_page_of_the_edge_is_no_verdict(self) -> None:
        assert isinstance(failure(reply(403, raw=b"<html>")), OutcomeUnknown)
        assert isinstance(failure(reply(400, raw=b"<html>")), OutcomeUnknown)
        error = failure(reply(413, raw=b""))
        assert type(error) is Refused
        assert error.problem.title == "HTTP 413"

    def test_an_endless_answer_is_not_kept(self) -> None:
        sent = 0

        def endless(line: Line) -> None:
            nonlocal sent
            line.read()
            line.send(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                line.send(b" " * 65_536)
                sent += 65_536

        with serving(endless) as server:
            with pytest.raises(OutcomeUnknown):
                post(server.x())
            time.sleep(0.05)
            so_far = sent
        assert so_far < 3 * MAX_RESPONSE

    def test_an_endless_redirection_is_not_kept_either(self) -> None:
        def endless(line: Line) -> None:
            line.read()
            line.send(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\n\r\n")
            while True:
                line.send(b" " * 65_536)

        with serving(endless) as server, pytest.raises(OutcomeUnknown) as error:
            post(server.x(deadline=3))
        assert error.value.problem.title != "No answer in time"

    def test_a_small_answer_that_unpacks_to_a_huge_one_is_not_kept(self) -> None:
        packed = gzip.compress(b" " * (4 * MAX_RESPONSE))
        assert isinstance(failure(reply(200, raw=packed, content_encoding="gzip")), OutcomeUnknown)

    def test_a_packed_answer_is_unpacked(self) -> None:
        with serving(answering(reply(200, raw=gzip.compress(b'{"a": 1}'), content_encoding="gzip"))) as server:
            assert post(server.x()).body == {"a": 1}


def epoch(seconds: float) -> str:
    return str(int(now().timestamp() + seconds))


def date(seconds: float) -> str:
    return format_datetime(now() + timedelta(seconds=seconds), usegmt=True)


class TestUntilWhen:
    """429: the time from which X takes the call again, in seconds from now, by our clock."""

    @pytest.mark.parametrize(
        ("windows", "seconds"),
        [
            ({}, None),
            ({SHORT: (None, 600)}, 600),
            ({SHORT: (3, 600)}, 600),
            ({SHORT: (0, 600), USER: (0, 9000)}, 9000),
            ({SHORT: (0, 600), APP: (0, 9000)}, 9000),
            ({SHORT: (0, 600), USER: (5, 9000)}, 600),
            ({SHORT: (0, 600), USER: (None, 9000)}, 600),
            ({SHORT: (0, 600), APP: (0, 300)}, 600),
            ({APP: (0, 86_000)}, 86_000),
            ({APP: (0, 80_000), USER: (0, 86_000)}, 86_000),
        ],
    )
    def test_the_latest_reset_of_what_is_exhausted(
        self, windows: dict[str, tuple[int | None, float]], seconds: float | None
    ) -> None:
        told = {f"{name}-reset": epoch(reset) for name, (_, reset) in windows.items()}
        left = {f"{name}-remaining": str(left) for name, (left, _) in windows.items() if left is not None}
        assert_until(told | left, seconds)

    @pytest.mark.parametrize(
        "reset",
        ["", "soon", "-5", "1.5", "٣٣٣٣٣٣٣٣٣٣", "99999999999", "9" * 15, "9" * 40, "0x10"],
    )
    def test_a_reset_nobody_can_believe_is_none(self, reset: str) -> None:
        assert_until({"x-rate-limit-reset": reset}, None)

    def test_milliseconds_are_not_believed_either(self) -> None:
        assert_until({"x-rate-limit-reset": str(int(now().timestamp() * 1000))}, None)

    def test_years_ahead_are_not_believed_but_the_other_window_is(self) -> None:
        told = {"x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": epoch(10**8)}
        assert_until(told, None)
        assert_until(told | {"x-rate-limit-reset": epoch(600)}, 600)

    @pytest.mark.parametrize("theirs", [-3600, 3600, -60, 172_800])
    def test_clocks_that_differ(self, theirs: float) -> None:
        """X says when by its own clock; its Date header says what that shows."""
        assert_until({"x-rate-limit-reset": epoch(theirs + 600), "date": date(theirs)}, 600)

    @pytest.mark.parametrize(
        "told",
        [
            *("yesterday", "", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 1900 00:00:00 -0000"),
            *("Fri, 20 Nov 99999999999 14:05:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "Fri, 20 Nov " + "9" * 5000),
        ],
    )
    def test_a_date_that_says_nothing_changes_nothing(self, told: str) -> None:
        assert_until({"x-rate-limit-reset": epoch(600), "date": told}, 600)

    @pytest.mark.parametrize("theirs", [0, 3])
    def test_clocks_that_hardly_differ(self, theirs: float) -> None:
        reset = int(now().timestamp()) + 600
        error = failure(reply(429, x_rate_limit_reset=str(reset), date=date(theirs)))
        assert isinstance(error, RateLimited)
        assert error.until == datetime.fromtimestamp(reset, UTC)

    @pytest.mark.parametrize(
        ("after", "seconds"),
        [
            ("120", 120),
            ("Fri, 20 Nov 2020 14:05:00 GMT", None),
            ("Fri, 20 Nov 99999999999 14:05:00 GMT", None),
            ("-1", None),
        ],
    )
    def test_retry_after(self, after: str, seconds: float | None) -> None:
        assert_until({"retry-after": after}, seconds)
        assert_until({"retry-after": after, "date": date(3600)}, seconds)

    def test_retry_after_as_a_date_by_xs_clock(self) -> None:
        assert_until({"retry-after": date(3720), "date": date(3600)}, 120)
        assert_until({"retry-after": date(120)}, 120)

    def test_a_past_reset_stays_what_it_is(self) -> None:
        assert_until({"x-rate-limit-reset": epoch(-50)}, -50)


def assert_until(headers: dict[str, str], seconds: float | None) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = f"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n{lines}\r\n".encode()
    error = failure(answer)
    assert isinstance(error, RateLimited)
    if seconds is None:
        assert error.until is None
    else:
        assert error.until is not None
        assert abs((error.until - now()).total_seconds() - seconds) < 4


class TestTheLog:
    def lines(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "twitter_manager.x"]

    def test_one_line_per_call(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "twitter_manager.x")
        with serving(answering(reply(201, x_rate_limit_remaining="42"), reply(503))) as server:
            x = server.x()
            post(x)
            with pytest.raises(OutcomeUnknown):
                x.request("GET", "/2/users/123/tweets", endpoint="/2/users/{id}/tweets")
        with pytest.raises(NotSent):
            post(x)
        first, second, third = (_without_time(line) for line in self.lines(caplog))
        assert first == "x POST /2/tweets status=201 ms=… account=7 remaining=42"
        assert second == "x GET /2/users/{id}/tweets status=503 ms=… account=- remaining=-"
        assert third == "x POST /2/tweets status=- ms=… account=7 remaining=-"

    def test_the_time_is_the_calls(self, caplog: pytest.LogCaptureFixture) -> None:
        def late(line: Line) -> None:
            line.read()
            time.sleep(0.1)
            line.send(reply())

        caplog.set_level(logging.INFO, "twitter_manager.x")
        with serving(late) as server:
            post(server.x())
        (line,) = self.lines(caplog)
        assert 100 <= int(line.partition("ms=")[2].partition(" ")[0]) < 1000

    @pytest.mark.parametrize(
        "answer",
        [
            reply(201),
            reply(401, {"title": "Unauthorized", "status": 401}),
            reply(403, {"detail": "You are not permitted"}),
            reply(429),
            reply(503),
            b"",
            b"noise",
            reply(200, raw=b"<html>"),
        ],
    )
    @pytest.mark.parametrize("secret", [SECRET, f"{SECRET}\nx"])
    def test_no_secret_in_logs_or_errors(self, caplog: pytest.LogCaptureFixture, answer: bytes, secret: str) -> None:
        def once(line: Line) -> None:
            line.read()
            line.send(answer)

        caplog.set_level(logging.DEBUG)
        told = ""
        with serving(once) as server:
            for _ in range(2):
                try:
                    server.x().request("POST", "/2/t", authorization=bearer(secret), form={"refresh_token": SECRET})
                except XError as error:
                    told += "".join(traceback.format_exception(error)) + str(error) + repr(error) + repr(error.problem)
        assert SECRET not in told + caplog.text


def _without_time(line: str) -> str:
    before, _, rest = line.partition("ms=")
    milliseconds, _, after = rest.partition(" ")
    assert milliseconds.isdigit()
    return f"{before}ms=… {after}"
