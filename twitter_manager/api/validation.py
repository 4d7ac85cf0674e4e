"""Validation: what would become of a post or a thread, without doing anything (contract §5.4)."""

from typing import Annotated

from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.account_names import get_account
from twitter_manager.api.openapi.fields import ResponseModel, Time
from twitter_manager.api.openapi.operations import Operation
from twitter_manager.api.post_requests import PostBody
from twitter_manager.api.publishing import Problem, Warnings, blueprint, warnings_to_json
from twitter_manager.api.threads import ThreadBody
from twitter_manager.errors import Conflict, NotFound
from twitter_manager.services.publishing.validate import Report as FoundReport
from twitter_manager.services.publishing.validate import problem_to_json
from twitter_manager.timestamps import to_text
from twitter_manager.twitter.text.parse import ParsedText

__all__ = ["blueprint"]


class PartCounted(ResponseModel):
    """How X counts a text; ranges in UTF-16 units, first and last included."""

    weighted_length: Annotated[int, Field(ge=0, examples=[16])]
    remaining: Annotated[int, Field(examples=[264])]
    permille: Annotated[int, Field(ge=0, examples=[57])]
    valid_range: Annotated[list[int], Field(min_length=2, max_length=2, examples=[[0, 15]])]
    urls: Annotated[list[str], Field(examples=[[]])]


def _part_to_json(parsed: ParsedText) -> dict[str, object]:
    """How X counts a text; ranges in UTF-16 units, first and last included."""
    return {
        "weighted_length": parsed.weighted_length,
        "remaining": parsed.remaining,
        "permille": parsed.permille,
        "valid_range": list(parsed.valid_range),
        "urls": list(parsed.urls),
    }


class Report(ResponseModel):
    """What would become of it; nothing was done."""

    valid: Annotated[bool, Field(examples=[True])]
    problems: Annotated[list[Problem], Field(examples=[[]])]
    parts: list[PartCounted]
    warnings: Warnings
    estimated_cost_usd: Annotated[float, Field(ge=0, examples=[0.015])]
    scheduled_at: Annotated[Time | None, Field(description="When it would go out; null: now.", examples=[None])]


def _report(report: FoundReport) -> Response:
    return jsonify(
        {
            "valid": not report.problems,
            "problems": [problem_to_json(problem) for problem in report.problems],
            "parts": [_part_to_json(part) for part in report.parts],
            "warnings": warnings_to_json(report.warnings),
            "estimated_cost_usd": float(report.cost),
            "scheduled_at": report.scheduled_at and to_text(report.scheduled_at),
        }
    )


@blueprint.post("/tweets/validate")
@Operation(
    bodies=(PostBody, ThreadBody),
    example={"account_id": 1, "text": "Hello from Alice"},
    responses={200: Report},
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",)},
)
def validate() -> Response:
    """Says what would become of a post or a thread, its lengths and its price, without doing anything."""
    asked = inputs.body_by_field(("tweets",), ThreadBody, PostBody)
    service = current.services().validation
    if isinstance(asked, ThreadBody):
        publish_request, others = asked.to_publish_request(get_account(asked))
        return _report(service.report(publish_request, others, is_thread=True))
    return _report(service.report(asked.to_publish_request(get_account(asked))))
