"""What proxies say in X-Forwarded-*: believed of as many as there are, and only in a shape that a link can carry."""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

__all__ = ["trust_proxies"]

# `//evil.example` and `https://…` would make every link of a page, and each Location, lead somewhere else
_PREFIX = re.compile(r"(/(?!\.\.?(/|\Z))[A-Za-z0-9._~-]+)+/?")


def trust_proxies(app: Flask, hops: int) -> None:
    """`hops`: how many proxies set X-Forwarded-For, -Proto, -Host and -Prefix."""
    if hops:
        inner = _Checked(app.wsgi_app)
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            inner, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops
        )


class _Checked:
    """Goes on without a prefix or a scheme that is none."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        before = environ["werkzeug.proxy_fix.orig"]
        prefix, scheme = environ.get("SCRIPT_NAME", ""), environ["wsgi.url_scheme"].lower()
        if prefix != before["SCRIPT_NAME"]:
            environ["SCRIPT_NAME"] = prefix.rstrip("/") if _PREFIX.fullmatch(prefix) else before["SCRIPT_NAME"] or ""
        environ["wsgi.url_scheme"] = scheme if scheme in ("http", "https") else before["wsgi.url_scheme"]
        return self._app(environ, start_response)
