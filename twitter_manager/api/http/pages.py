"""HTML pages: one frame, one style sheet inside the page, nothing loaded from elsewhere, no script."""

import base64
import hashlib
import re
from importlib import resources

from flask import Response, make_response, render_template, request
from markupsafe import Markup, escape

from twitter_manager.api.http import current

__all__ = ["names_html", "page", "wants_page", "with_code"]

_STYLE = (resources.files("twitter_manager.api") / "templates" / "style.css").read_text(encoding="utf-8")
_IN_BACKTICKS = re.compile("`([^`]+)`")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)


def wants_page() -> bool:
    """Whether the caller would rather have HTML than JSON; who does not say gets HTML."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html") == "text/html"


def names_html() -> bool:
    """Whether the caller asks for HTML by name, as every browser does, and would not rather have JSON."""
    named = any(kind.lower() == "text/html" and quality > 0 for kind, quality in request.accept_mimetypes)
    return named and wants_page()


def with_code(text: str) -> Markup:
    """`text` with what stands in backticks as code, everything escaped."""
    return Markup(_IN_BACKTICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  - escaped before


def page(template: str, **values: object) -> Response:
    """The page, every value escaped."""
    style = Markup(_STYLE)  # noqa: S704  - our own file
    common = {"style": style, "request_id": current.request_id(), "with_code": with_code}
    response = make_response(render_template(template, **common, **values))
    response.headers["Content-Security-Policy"] = _POLICY
    return response
