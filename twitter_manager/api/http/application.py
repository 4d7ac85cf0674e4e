"""Flask, without what this application never needs and every request would cost."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict

__all__ = ["Application"]


class _Parameters(ImmutableMultiDict[str, str]):
    def get(self, key: str, *default: Any, **how: Any) -> Any:
        """werkzeug raises an HTTP error for each parameter that is missing, only to drop it; this does not."""
        return super().get(key, *default, **how) if key in self else (*default, how.get("default"))[0]


class _Request(Request):
    parameter_storage_class = _Parameters


class Application(Flask):
    """Views and hooks are plain functions, and most parameters of a query are not given."""

    request_class = _Request

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """A path that ends with a slash is the one without it: a redirect would lose a body, or repeat ?api_key."""
        path = environ["PATH_INFO"]
        if path.endswith("/") and path != "/":
            environ["PATH_INFO"] = path[:-1]
        return super().wsgi_app(environ, start_response)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine; Flask would check that for each function at each request."""
        return func
