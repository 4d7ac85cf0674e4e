"""GET /docs and /api/v1/openapi.json: what there is to call, for people and for programs. Neither needs a key.

The page is Swagger UI, from the files that the package flask_openapi3_swagger ships; nothing comes from elsewhere.
"""

from functools import cache
from importlib import resources

from flask import Blueprint, Response, current_app, jsonify, render_template, request

from twitter_manager.api.openapi.document import describe

__all__ = ["blueprint"]

_SHIPPED = "flask_openapi3_swagger"
_FILES = {
    "swagger-ui.css": (_SHIPPED, "templates/swagger/css/swagger-ui.css", "text/css"),
    "swagger-ui.js": (_SHIPPED, "templates/swagger/js/swagger-ui-bundle.js", "text/javascript"),
    "start.js": (__package__, "templates/docs.js", "text/javascript"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_DOCUMENT = "openapi"

blueprint = Blueprint("docs", __name__)


@blueprint.get("/docs")
def show() -> Response:
    """The documentation, with every call to try out."""
    response = Response(render_template("docs.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@blueprint.get("/docs/start.js", defaults={"name": "start.js"})
@blueprint.get("/docs/swagger-ui.css", defaults={"name": "swagger-ui.css"})
@blueprint.get("/docs/swagger-ui.js", defaults={"name": "swagger-ui.js"})
def asset(name: str) -> Response:
    """What that page is made of."""
    return Response(_content(name), mimetype=_FILES[name][2])


@blueprint.get("/api/v1/openapi.json")
def openapi() -> Response:
    """The OpenAPI document: made at the first call and kept, unless a proxy shows us under a path of its own."""
    kept = current_app.extensions
    if request.script_root:
        return jsonify(describe(current_app, root=request.script_root))
    if _DOCUMENT not in kept:  # two at once would make the same
        kept[_DOCUMENT] = current_app.json.dumps(describe(current_app))
    return Response(kept[_DOCUMENT], mimetype="application/json")


@cache
def _content(name: str) -> bytes:
    package, path, _ = _FILES[name]
    return (resources.files(package) / path).read_bytes()
