"""GET /api/v1/health and /api/v1/test: is it alive, and does my key work."""

from typing import Annotated, Literal

from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.http import current
from twitter_manager.api.openapi.fields import Count, ResponseModel, Time
from twitter_manager.api.openapi.operations import Chapter, Operation, Resource
from twitter_manager.version import VERSION

__all__ = ["SERVICE", "FiringAlert", "blueprint"]

SERVICE = Chapter("Service", "Is it alive, does my key work, how much is there, and which X it speaks to.")

blueprint = Resource("health", __name__, url_prefix="/api/v1", chapter=SERVICE)


ReasonCode = Literal[
    "database_unavailable", "disk_full", "database_write_failed", "too_many_open_files", "no_worker", "tweets_overdue"
]


class Notice(ResponseModel):
    """Something its owner should know: X refuses the whole app (`mock`: the simulated one); or, with neither
    `mock` nor `next_attempt_at`: the log cannot be written, no copy was made, the database was restored from a copy."""

    code: Annotated[str, Field(examples=["credits_depleted"])]
    message: Annotated[str, Field(examples=["The X app has no credits left"])]
    mock: bool | None
    since: Time
    next_attempt_at: Time | None


class FiringAlert(ResponseModel):
    """Failures that repeat: five in a row, or half of the last hour's attempts."""

    state: Literal["firing"]
    error_code: Annotated[str, Field(description="Of the last failure.", examples=["x_unclear"])]
    hint: Annotated[str | None, Field(description="What to do about it.", examples=["Nothing: it is looked for."])]
    since: Time
    failures: Annotated[Count, Field(description="In a row by now.", examples=[5])]


class AppAlert(FiringAlert):
    """X as a whole does not answer, or refuses the app."""

    mock: Annotated[bool, Field(description="The simulated X.", examples=[True])]


class Health(ResponseModel):
    """How the service stands."""

    status: Literal["healthy", "unhealthy"]
    timestamp: Time
    version: Annotated[str, Field(examples=[VERSION])]
    reasons: Annotated[list[str], Field(description="Why it is not healthy.", examples=[[]])]
    reason_codes: Annotated[list[ReasonCode], Field(description="The same as codes, in this order.", examples=[[]])]
    notices: Annotated[list[Notice], Field(examples=[[]])]
    alerts: Annotated[list[AppAlert], Field(description="What fires for X as a whole.", examples=[[]])]
    resting_other_world: Annotated[Count, Field(description="Due tweets that wait because of mock mode's switch.")]


class Unhealthy(Health):
    """The database or the worker is not alive, a disk is full, or files have run out."""

    status: Annotated[Literal["healthy", "unhealthy"], Field(examples=["unhealthy"])]
    reasons: Annotated[list[str], Field(examples=[["No posting worker is alive"]])]
    reason_codes: Annotated[list[ReasonCode], Field(examples=[["no_worker"]])]


@blueprint.get("/health")
@Operation(responses={200: Health, 503: Unhealthy})
def show() -> tuple[Response, int]:
    """Whether database and worker are alive; 503 with the reasons if not."""
    report = current.services().health.report()
    return jsonify(report.to_json()), 200 if report.healthy else 503


class Test(ResponseModel):
    """The key is right."""

    status: Literal["success"]
    message: Annotated[str, Field(examples=["The key is right and the service answers"])]


@blueprint.get("/test")
@Operation(responses={200: Test})
def test() -> Response:
    """A call that does nothing, to try a key with."""
    return jsonify({"status": "success", "message": "The key is right and the service answers"})
