"""Which names a request may call us by. Without this any page a person visits could reach a service on 127.0.0.1
through a name of its own that it points there (DNS rebinding)."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, request

from twitter_manager.config import Settings
from twitter_manager.errors import Malformed

__all__ = ["host_name", "names_of", "register"]

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@]+)(?::[0-9]{0,5})?")
_ALWAYS = ("127.0.0.1", "localhost", "::1")


def host_name(host: str) -> str | None:
    """The name in a Host header, lower-case, without port and brackets; None when it is malformed."""
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else None


def names_of(settings: Settings) -> frozenset[str]:
    """Every name that is served: this machine's own, the callback's, and ALLOWED_HOSTS."""
    callback = urlsplit(settings.callback_url).hostname or ""
    return frozenset({*_ALWAYS, callback, *_normalized(settings.allowed_hosts)} - {""})


def register(app: Flask, settings: Settings) -> None:
    """Refuses every request to `app` that names another host."""
    served = names_of(settings)

    @app.before_request
    def check_host() -> None:
        # HTTP/1.0 may come without one; a browser never does
        host = request.environ.get("HTTP_HOST")
        if host is not None and host_name(host) not in served:
            raise Malformed("host_not_allowed")


def _normalized(names: Iterable[str]) -> Iterable[str]:
    """ALLOWED_HOSTS may name a port or put IPv6 into brackets; a bare IPv6 address stands as it is."""
    return (host_name(name) or name.lower() for name in names)
