"""GET /api/v1/health and /api/v1/test: is it alive, and does my key work."""

from flask import Blueprint, Response, jsonify

from twitter_manager.api.http import current

__all__ = ["blueprint"]

blueprint = Blueprint("health", __name__, url_prefix="/api/v1")


@blueprint.get("/health")
def show() -> tuple[Response, int]:
    """Whether database and worker are alive; 503 with the reasons if not."""
    report = current.services().health.report()
    return jsonify(report.to_json()), 200 if report.healthy else 503


@blueprint.get("/test")
def test() -> Response:
    """A call that does nothing, to try a key with."""
    return jsonify({"status": "success", "message": "The key is right and the service answers"})
