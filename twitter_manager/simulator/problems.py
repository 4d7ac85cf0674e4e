"""Answers in JSON, and X's error answers: problem JSON (RFC 9457) with type URIs, and the token endpoint's own."""

import json
from collections.abc import Mapping
from typing import Any

from twitter_manager.simulator.messages import Response

__all__ = [
    "Refusal",
    "forbidden",
    "invalid_body",
    "invalid_parameter",
    "json_response",
    "missing_resource",
    "not_yours",
    "oauth_error",
    "problem",
]

PROBLEMS = "https://api.x.com/2/problems/"
JSON_TYPE = "application/json; charset=utf-8"
PROBLEM_TYPE = "application/problem+json; charset=utf-8"


class Refusal(Exception):
    """Raised by a handler; `response` is what the caller gets."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"refused with {response.status}")
        self.response = response


def json_response(
    status: int, body: object, *, content_type: str = JSON_TYPE, headers: Mapping[str, str] | None = None
) -> Response:
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, {"content-type": content_type, **(headers or {})}, encoded)


def problem(status: int, title: str, *, detail: str | None = None, kind: str = "", **more: Any) -> Response:
    """Problem JSON. `kind` is the last segment of the type URI; without one the type is about:blank."""
    uri = PROBLEMS + kind if kind else "about:blank"
    body = {"title": title, "type": uri, "status": status, "detail": detail or title, **more}
    return json_response(status, body, content_type=PROBLEM_TYPE)


def forbidden(detail: str = "Forbidden") -> Response:
    """403 about:blank, in which only the detail gives the reason."""
    return problem(403, "Forbidden", detail=detail)


def invalid_parameter(name: str, value: str, message: str) -> Response:
    """400 for a query or path parameter."""
    return _invalid_request({"parameters": {name: [value]}, "message": message})


def invalid_body(message: str) -> Response:
    """400 for a body that does not fit its schema."""
    return _invalid_request({"parameters": {}, "message": message})


def _invalid_request(error: dict[str, Any]) -> Response:
    return problem(
        400,
        "Invalid Request",
        detail="One or more parameters to your request was invalid.",
        kind="invalid-request",
        errors=[error],
    )


def missing_resource(resource: str, parameter: str, value: str) -> dict[str, str]:
    """The entry in `errors` for what does not exist; X answers 200 with it (docs.x.com: response codes and errors)."""
    return {
        "title": "Not Found Error",
        "type": PROBLEMS + "resource-not-found",
        "detail": f"Could not find {resource} with {parameter}: [{value}].",
        "resource_type": resource,
        "resource_id": value,
        "parameter": parameter,
        "value": value,
    }


def not_yours(resource_id: str, detail: str) -> Response:
    """403 for another user's post."""
    return problem(
        403,
        "Forbidden",
        detail=detail,
        kind="not-authorized-for-resource",
        resource_type="tweet",
        resource_id=resource_id,
    )


def oauth_error(status: int, error: str, description: str) -> Response:
    """The token endpoint's shape: RFC 6749 §5.2, with X's words."""
    return json_response(status, {"error": error, "error_description": description})
