"""GET and POST /api/v1/mock-mode: which X the service speaks to, the real one or the simulated."""

from flask import Blueprint, Response, jsonify

from twitter_manager.api.http import current, inputs

__all__ = ["blueprint"]

blueprint = Blueprint("mock_mode", __name__, url_prefix="/api/v1")


class Switch(inputs.Body):
    """What it shall be from now on."""

    enabled: bool


@blueprint.get("/mock-mode")
def show() -> Response:
    """Whether mock mode is on."""
    return jsonify({"enabled": current.services().mock_mode.is_on()})


@blueprint.post("/mock-mode")
def switch() -> Response:
    """Switches it, at once in every process."""
    asked = inputs.body(Switch)
    return jsonify({"enabled": current.services().mock_mode.switch(asked.enabled)})
