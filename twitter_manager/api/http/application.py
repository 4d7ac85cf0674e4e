"""Flask, without what this application never needs and every request would cost."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, cast
from wsgiref.types import WSGIEnvironment

import flask
from flask import Flask
from flask.sessions import NullSession, SessionInterface
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import MapAdapter, Rule

from twitter_manager.capacity import MAX_BODY
from twitter_manager.models import ApiKey
from twitter_manager.responses import HEADERS
from twitter_manager.storage.idempotency_keys import IdempotentCall

__all__ = ["Application", "Request", "request_in_progress"]


class _Parameters(ImmutableMultiDict[str, str]):
    def get(self, key: str, *default: Any, **how: Any) -> Any:
        """werkzeug raises an HTTP error for each parameter that is missing, only to drop it; this does not."""
        return super().get(key, *default, **how) if key in self else (*default, how.get("default"))[0]


class Request(flask.Request):
    """A request, and what becomes known of it on its way."""

    parameter_storage_class = _Parameters
    max_content_length = MAX_BODY  # Flask would look it up in its configuration

    id = "-"  # before it has one
    began = 0.0  # by time.perf_counter
    api_key: ApiKey | None = None  # where none is needed
    among: Collection[int] | None = None  # see access.among, which finds it out
    idempotent_call: IdempotentCall | None = None  # where no Idempotency-Key was sent
    is_replay = False  # what it asks for was done before
    error_code: str | None = None  # where the response is no error


def request_in_progress() -> Request:
    """The object itself: Flask's `request` is a proxy that looks it up again at each use."""
    return cast(Request, flask.request._get_current_object())  # type: ignore[attr-defined]


_HEADERS = tuple((name.lower(), (name, value)) for name, value in HEADERS.items())


class Response(flask.Response):
    """With the headers that every response has."""

    def get_wsgi_response(self, environ: WSGIEnvironment) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        given = {name.lower() for name, _ in self.headers}
        if "content-length" in given and "location" not in given and self.status_code not in (204, 304):
            body, status, headers = self.get_app_iter(environ), self.status, list(self.headers)
        else:
            body, status, headers = super().get_wsgi_response(environ)  # which completes a copy of them
        return body, status, headers + [pair for name, pair in _HEADERS if name not in given]


class _NoSessions(SessionInterface):
    _session = NullSession()

    def open_session(self, app: Flask, request: flask.Request) -> NullSession:
        return self._session


class _Rule(Rule):
    """werkzeug compiles two functions for each route that build its address, and hardly any is ever built: these are
    compiled when they are called first."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now, compiled = super()._compile_builder, list[Callable[..., tuple[str, str]]]()

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(compile_now(append_unknown))
            return compiled[0](rule, **values)

        return build


Check = Callable[[Request], ResponseReturnValue | None]
Finish = Callable[[Request, flask.Response], None]
Ending = Callable[[Request], None]


class Application(Flask):
    """Views and hooks are plain functions, and most parameters of a query are not given. Its own hooks get the request
    that each of them would look up."""

    request_class = Request
    response_class = Response
    session_interface = _NoSessions()
    url_rule_class = _Rule

    def __init__(self, import_name: str, **options: Any) -> None:
        super().__init__(import_name, **options)
        self._checks: list[Check] = []
        self._finishes: list[Finish] = []
        self._endings: list[Ending] = []

    def check(self, check: Check) -> Check:
        """Calls it before the view, in the order in which they are given; what one returns is the response."""
        self._checks.append(check)
        return check

    def finish(self, finish: Finish) -> Finish:
        """Calls it with each response, the one that was given last first."""
        self._finishes.insert(0, finish)
        return finish

    def ending(self, ending: Ending) -> Ending:
        """Calls it once the request is over, however that ended."""
        self._endings.append(ending)
        return ending

    def preprocess_request(self) -> ResponseReturnValue | None:
        asked = request_in_progress()
        for check in self._checks:
            response = check(asked)
            if response is not None:
                return response
        return super().preprocess_request() if self.before_request_funcs else None

    def process_response(self, response: flask.Response) -> flask.Response:
        """Flask would look for a session, too; there are none."""
        asked = request_in_progress()
        for finish in self._finishes:
            finish(asked, response)
        return super().process_response(response) if self.after_request_funcs else response

    def do_teardown_request(self, *error: Any, **exc: Any) -> None:
        asked = request_in_progress()
        for ending in self._endings:
            ending(asked)
        super().do_teardown_request(*error, **exc)

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """A path that ends with a slash is the one without it: a redirect would lose a body, or repeat ?api_key."""
        path = environ["PATH_INFO"]
        if path.endswith("/") and path != "/":
            environ["PATH_INFO"] = path[:-1]
        return super().wsgi_app(environ, start_response)

    def create_url_adapter(self, request: flask.Request | None) -> MapAdapter | None:
        """Routes are the same under each host; hosts.py says which ones are served."""
        if request is None:
            return None
        host = request.environ.get("HTTP_HOST") or request.environ["SERVER_NAME"]
        return MapAdapter(self.url_map, host, request.root_path, "", request.scheme, request.path, request.method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine; Flask would check that for each function at each request."""
        return func
