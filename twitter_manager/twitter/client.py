"""The only module that calls X: one deadline per call, no retry below it, status → error, one line in the log per
call."""

import base64
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

import orjson
import requests
import urllib3.exceptions

from twitter_manager.timestamps import now
from twitter_manager.twitter import rate_limit_headers
from twitter_manager.twitter.connection import Call, DeadlineAdapter, calling
from twitter_manager.twitter.dialects import DialectMemory
from twitter_manager.twitter.errors import NotSent, OutcomeUnknown, Problem, RateLimited, XError
from twitter_manager.twitter.multipart import Multipart
from twitter_manager.twitter.rate_limits import NOTHING, RateWindow
from twitter_manager.twitter.refusals import problem_of, refusal

__all__ = ["DEADLINE", "Meter", "Response", "XClient", "basic", "bearer", "new_session"]

DEADLINE = 40.0  # seconds for one call in all, from the first try to connect to the last byte
CONNECT_SECONDS = 10.0
MAX_RESPONSE = 8 * 1024 * 1024

_HEADERS = requests.utils.default_headers()

log = logging.getLogger("twitter_manager.x")


@dataclass(frozen=True, slots=True)
class Response:
    """A successful response of X. `is_empty`: without a body, where that is allowed; `body` is {} then."""

    status: int
    body: dict[str, Any]
    window: RateWindow = NOTHING
    is_empty: bool = False


class Meter(Protocol):
    """Counts calls before they are made. `endpoint`: "GET /2/tweets"; no account: the app's own token."""

    def acquire(self, account_id: int | None, endpoint: str) -> None:
        """Counts one call in advance. Raises WindowExhausted."""
        ...

    def release(self, account_id: int | None, endpoint: str) -> None:
        """The call was certainly not sent."""
        ...

    def record_headers(self, account_id: int | None, endpoint: str, window: RateWindow) -> None:
        """`window`: X's rate-limit headers in the response."""
        ...


def new_session() -> requests.Session:
    """No proxies from the environment, no retries."""
    session = requests.Session()
    session.trust_env = False
    for prefix in ("https://", "http://"):
        session.mount(prefix, DeadlineAdapter())
    return session


def bearer(token: str) -> str:
    """The Authorization header of a user's or an app's token (RFC 6750)."""
    return f"Bearer {token}"


def basic(client_id: str, client_secret: str) -> str:
    """The Authorization header of a confidential client (RFC 6749 §2.3.1)."""
    return "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()


class XClient:
    """Calls X at `api_url` through sessions of `session_factory`, one per thread; `meter` counts the calls."""

    def __init__(
        self,
        api_url: str,
        session_factory: Callable[[], requests.Session] = new_session,
        *,
        deadline: float = DEADLINE,
        clock: Callable[[], datetime] = now,
        meter: Meter | None = None,
    ) -> None:
        self._api_url = api_url
        self._session_factory = session_factory
        self._deadline = deadline
        self.clock = clock
        self._meter = meter
        self.clock_ahead: timedelta | None = None  # by how much our clock is ahead of X's, as last seen; None: unknown
        self._local = threading.local()
        self.dialects = DialectMemory()

    def request(
        self,
        method: str,
        path: str,
        *,
        endpoint: str | None = None,
        authorization: str | None = None,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        multipart: Multipart | None = None,
        before_first_byte: Callable[[], None] | None = None,
        account_id: int | None = None,
        metered: bool = True,
        may_be_empty: bool = False,
        deadline: float | None = None,
    ) -> Response:
        """`endpoint` is the path's name for X's limits and in logs; `before_first_byte` may raise to stop the call
        unsent.

        Not `metered`: what X does not count, what is counted already, and what must not wait for a limit.
        `may_be_empty`: a success without a body is one; elsewhere it is no clear answer. `deadline`: seconds for this
        call, by default the client's. Raises WindowExhausted, NotSent, OutcomeUnknown, or what `refusal` makes of X's
        answer.
        """
        request = requests.Request(method, self._api_url + path, params=query, data=form)
        request.headers["Accept"] = "application/json"
        if json is not None:
            request.data = orjson.dumps(json)
            request.headers["Content-Type"] = "application/json"
        if multipart is not None:
            request.data = multipart
            request.headers["Content-Type"] = multipart.content_type
        if authorization:
            request.headers["Authorization"] = authorization
        call, name = Call(deadline or self._deadline, before_first_byte), f"{method} {endpoint or path}"
        if self._meter is None or not metered:
            return self._ask(request, call, name, account_id, may_be_empty)
        self._meter.acquire(account_id, name)
        try:
            response = self._ask(request, call, name, account_id, may_be_empty)
        except NotSent:
            self._meter.release(account_id, name)
            raise
        except XError as error:
            self._meter.record_headers(account_id, name, error.window)
            raise
        self._meter.record_headers(account_id, name, response.window)
        return response

    def _ask(
        self, request: requests.Request, call: Call, name: str, account_id: int | None, may_be_empty: bool
    ) -> Response:
        began = time.monotonic()
        status, window = 0, NOTHING
        try:
            status, headers, content = self._send(request, call)
            present = self.clock()
            window = rate_limit_headers.window(headers, present)
            self.clock_ahead = rate_limit_headers.clock_ahead(headers, present)
            if not 200 <= status < 300:
                problem = problem_of(status, _json(content))
                raise refusal(problem, reset_at=rate_limit_headers.reset_at(headers, present), endpoint=name)
            if may_be_empty and not content.strip():
                return Response(status, {}, window, is_empty=True)
            return Response(status, _object(status, content), window)
        except XError as error:
            status = status or error.problem.status or 0
            error.window = RateWindow(window.limit, 0, error.until) if isinstance(error, RateLimited) else window
            raise
        finally:
            took = (time.monotonic() - began) * 1000
            log.info(
                "x %s status=%s ms=%.0f account=%s remaining=%s",
                *(name, status or "-", took, account_id or "-"),
                "-" if window.remaining is None else window.remaining,
            )

    def _send(self, request: requests.Request, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        session = self._session()
        try:
            prepared = _prepared(request)
        except (requests.RequestException, ValueError) as error:
            # the text of the cause may repeat a header
            raise NotSent(Problem(None, title="No valid request", detail=type(error).__name__)) from None
        timeout = (min(CONNECT_SECONDS, call.seconds), call.seconds)
        adapter = session.get_adapter(prepared.url or "")  # the session would follow redirects and keep cookies
        if call.before_first_byte and not isinstance(adapter, DeadlineAdapter):
            call.before_first_byte()  # DeadlineAdapter does that by itself
        try:
            verify = True if session.verify is None else session.verify
            with calling(call), adapter.send(prepared, True, timeout, verify, session.cert) as answer:
                return answer.status_code, answer.headers, _content(answer)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise _connection_failure(error, call) from error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._session_factory()
        return session


def _prepared(request: requests.Request) -> requests.PreparedRequest:
    """Not by the session, nor with cookies and what else there is none of: that would take as long as all the rest."""
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    prepared.url = _url(request.url, tuple(request.params.items()))
    prepared.prepare_headers({**_HEADERS, **request.headers})
    prepared.prepare_body(request.data, None)
    return prepared


@lru_cache(maxsize=256)
def _url(url: str, query: tuple[tuple[str, str], ...]) -> str | None:
    """As requests writes it. Raises RequestException."""
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, query)
    return prepared.url


def _content(answer: requests.Response) -> bytes:
    pieces, size = [], 0
    for piece in answer.iter_content(65_536):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_RESPONSE:
            raise ValueError("the answer is too large")
    return b"".join(pieces)


def _connection_failure(error: Exception, call: Call) -> XError:
    """What a broken connection means: certainly not sent, or unknown."""
    kind = type(error).__name__
    if call.timed_out and call.written:
        return OutcomeUnknown(Problem(None, title="No answer in time"))
    if not call.written and (call.connecting or _failed_to_connect(error)):
        return NotSent(Problem(None, title="No connection", detail=kind))
    return OutcomeUnknown(Problem(None, title="The line was cut", detail=kind))


def _failed_to_connect(error: Exception) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _json(content: bytes) -> Any:
    """None where it cannot be read."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _object(status: int, content: bytes) -> dict[str, Any]:
    body = _json(content)
    if not isinstance(body, dict):
        raise OutcomeUnknown(Problem(status, title="An unreadable answer"))
    return body
