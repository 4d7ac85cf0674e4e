"""GET and POST /api/v1/mock-mode: which X the service speaks to, the real one or the simulated."""

from typing import Annotated

from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.health import SERVICE
from twitter_manager.api.http import current, inputs
from twitter_manager.api.openapi.fields import ResponseModel
from twitter_manager.api.openapi.operations import Operation, Resource
from twitter_manager.errors import Conflict

__all__ = ["blueprint"]

blueprint = Resource("mock_mode", __name__, url_prefix="/api/v1", chapter=SERVICE)


class MockMode(ResponseModel):
    """Which X the service speaks to."""

    enabled: Annotated[bool, Field(description="true: the simulated one on this machine.", examples=[True])]


@blueprint.get("/mock-mode")
@Operation(responses={200: MockMode})
def show() -> Response:
    """Whether mock mode is on."""
    return jsonify({"enabled": current.services().mock_mode.is_on()})


class Switch(inputs.Body):
    """What it shall be from now on."""

    enabled: inputs.Flag


@blueprint.post("/mock-mode")
@Operation(
    bodies=(Switch,),
    example={"enabled": True},
    responses={200: MockMode},
    scope="admin",
    whole_service=True,
    errors={Conflict: ("oauth_not_configured",)},
)
def switch() -> Response:
    """Switches it, at once in every process."""
    asked = inputs.body(Switch)
    return jsonify({"enabled": current.services().mock_mode.switch(asked.enabled)})
