"""Flask, without what this application never needs and every request would pay for."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict

__all__ = ["Application"]


class _Parameters(ImmutableMultiDict[str, str]):
    def get(self, key: str, *default: Any, **how: Any) -> Any:
        """As always; werkzeug makes an HTTP error of each parameter that is not there, only to drop it."""
        return super().get(key, *default, **how) if key in self else (*default, how.get("default"))[0]


class _Request(Request):
    parameter_storage_class = _Parameters


class Application(Flask):
    """Views and hooks are plain functions, and most parameters of a query are not given."""

    request_class = _Request

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """`func`: none of ours is a coroutine, which Flask looks up for each function at each request."""
        return func
