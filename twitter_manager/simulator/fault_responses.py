"""What the caller gets when X fails: one function per kind of fault, by name in BEFORE and AFTER.

docs/simulator.md describes each with its options.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from twitter_manager.simulator.messages import Delivery, Response
from twitter_manager.simulator.problems import forbidden, invalid_body, json_response, oauth_error, problem
from twitter_manager.timestamps import to_text

__all__ = ["AFTER", "BEFORE", "Options"]

Options = dict[str, Any]


def _server_error(options: Options) -> Response:
    titles = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
    status = int(options.get("status", 503))
    return problem(status, titles.get(status, "Error"), detail=options.get("detail"))


def _refused(options: Options, _now: datetime) -> Response:
    status = int(options.get("status", 403))
    if "body" in options:
        return json_response(status, options["body"])
    if not options["is_api"]:
        described = options.get("detail", "Value passed for the token was invalid.")
        return oauth_error(status, options.get("error", "invalid_request"), described)
    return problem(status, "Forbidden" if status == 403 else "Invalid Request", detail=options.get("detail"))


def _rate_limited(options: Options, now: datetime) -> Response:
    """429 in either of X's shapes; `reset_in` in seconds, None for answers without headers, which X gives, too;
    `daily_reset_in` adds an exhausted 24-hour window (docs.x.com: rate limits)."""
    windows = {"x-rate-limit": options.get("reset_in", 900), "x-user-limit-24hour": options.get("daily_reset_in")}
    headers: dict[str, str] = {}
    for name, reset_in in windows.items():
        if reset_in is not None:
            reset = str(int(now.timestamp() + reset_in))
            headers |= {f"{name}-limit": "100", f"{name}-remaining": "0", f"{name}-reset": reset}
    if options.get("v1_body"):
        return json_response(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, headers=headers)
    return problem(429, "Too Many Requests").with_headers(headers)


def _usage_capped(_options: Options, _now: datetime) -> Response:
    return problem(
        429,
        "UsageCapExceeded",
        detail="Usage cap exceeded: Monthly product cap",
        kind="usage-capped",
        period="Monthly",
        scope="Product",
        account_id="1",
        product_name="standard-basic",
    )


def _out_of_credits(_options: Options, _now: datetime) -> Response:
    detail = "Your enrolled account [1] does not have any credits to fulfill this request."
    return problem(402, "CreditsDepleted", detail=detail, kind="credits", account_id=1)


def _spend_capped(options: Options, _now: datetime) -> Response:
    """With `reset_date` as SpendCapReached, whose type is that of empty credits; without, the older shape."""
    if "reset_date" not in options:
        return forbidden("Monthly spend cap reached. Raise your spending limit in the developer console.")
    date = options["reset_date"]
    detail = (
        "Your enrolled account [1] has reached its billing cycle spend cap. API requests will be blocked until the"
        f" next cycle begins on {date}."
    )
    return problem(403, "SpendCapReached", detail=detail, kind="credits", account_id=1, reset_date=date)


def _client_forbidden(_options: Options, _now: datetime) -> Response:
    detail = "This app is not permitted to make this request."
    return problem(403, "Client Forbidden", detail=detail, kind="client-forbidden")


def _refused_in_errors(options: Options, _now: datetime) -> Response:
    """400 whose detail says nothing: the reason is in errors[]."""
    return invalid_body(options.get("message", "Your media IDs are invalid."))


def _coded(code: int, message: str) -> Callable[[Options, datetime], Response]:
    """403 in v1's shape with its number, or, not `numbered`, as a problem with the text alone."""

    def response(options: Options, _now: datetime) -> Response:
        if options.get("numbered", True):
            return json_response(403, {"errors": [{"code": code, "message": message}]})
        return forbidden(message)

    return response


def _edge_page(options: Options, now: datetime) -> Response:
    """What Cloudflare, in front of X, answers to clients that accept JSON (developers.cloudflare.com: error 1xxx)."""
    status = int(options.get("status", 403))
    number = {403: 1010, 429: 1015}.get(status, status)
    more = {"retry_after": options["retry_after"]} if "retry_after" in options else {}
    body = {
        "type": f"https://developers.cloudflare.com/support/troubleshooting/cloudflare-errors/error-{number}/",
        "title": f"Error {number}: Access denied",
        "status": status,
        "detail": "The edge did not pass this request on.",
        "error_code": number,
        "ray_id": "9f0c1d2e3a4b5c6d",
        "timestamp": to_text(now),
        "zone": "api.x.com",
        "cloudflare_error": True,
        "retryable": status != 403,
        **more,
    }
    headers = {name.replace("_", "-"): str(value) for name, value in more.items()}
    return json_response(status, body, headers=headers)


def _not_enrolled(_options: Options, _now: datetime) -> Response:
    return problem(
        403,
        "Client Forbidden",
        detail="Your client app is not enrolled for this endpoint.",
        kind="client-forbidden",
        reason="client-not-enrolled",
        registration_url="https://console.x.com",
    )


def _says(detail: str) -> Callable[[Options, datetime], Response]:
    return lambda options, _now: forbidden(options.get("detail", detail))


def _unreadable(options: Options, _now: datetime) -> Response:
    return _server_error(options) if "status" in options else _garbage(options, 200)


def _garbage(options: Options, status: int) -> Response:
    """A truncated HTML page from the edge, or the `body` of the options, as JSON."""
    if "body" in options:
        return Response(status, {"content-type": "application/json"}, str(options["body"]).encode())
    return Response(status, {"content-type": "text/html"}, b"<html><body>upstream said: \xff\xfe{")


def _emptied(_options: Options, response: Response, _now: datetime) -> Response:
    return replace(response, headers={"content-type": "application/json"}, body=b"")


def _altered(options: Options, response: Response, _now: datetime) -> Response:
    """`fields` replace those of the JSON object, `headers` (lower-case names) X's own."""
    body = {**json.loads(response.body), **options["fields"]} if options.get("fields") and response.body else None
    changed = json_response(response.status, body).body if body else response.body
    return replace(response, body=changed, headers={**response.headers, **options.get("headers", {})})


BEFORE: dict[str, Callable[[Options, datetime], Response]] = {
    "refuse": _refused,
    "error_before": lambda options, _now: _server_error(options),
    "cut_before": lambda _options, _now: Response(0, delivery=Delivery.CUT),
    "silence_before": lambda _options, _now: Response(0, delivery=Delivery.SILENT),
    "garbage_before": lambda options, _now: _garbage(options, int(options.get("status", 200))),
    "unreadable": _unreadable,
    "rate_limit": _rate_limited,
    "usage_capped": _usage_capped,
    "unauthorized": lambda _options, _now: problem(401, "Unauthorized"),
    "payment_required": _out_of_credits,
    "spend_cap": _spend_capped,
    "client_not_enrolled": _not_enrolled,
    "client_forbidden": _client_forbidden,
    "account_not_permitted": _says("Your account is not permitted to access this feature."),
    "forbidden": _says("You are not permitted to perform this action."),
    "duplicate": _says("You are not allowed to create a Tweet with duplicate content."),
    "suspended": _says("Your account is suspended and is not permitted to access this feature."),
    "not_visible": _says("You attempted to reply to a Tweet that is deleted or not visible to you."),
    "refuse_in_errors": _refused_in_errors,
    "daily_limit": _coded(185, "User is over daily status update limit."),
    "automated": _coded(226, "This request looks like it might be automated. Please try again later."),
    "access_level": _coded(
        453,
        "You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints only. If you need"
        " access to this endpoint, you may need a different access level.",
    ),
    "edge_page_before": _edge_page,
    "deleted_false": lambda _options, _now: json_response(200, {"data": {"deleted": False}}),
}
AFTER: dict[str, Callable[[Options, Response, datetime], Response]] = {
    "accept_then_error": lambda options, _response, _now: _server_error(options),
    "accept_then_cut": lambda _options, response, _now: replace(response, delivery=Delivery.CUT),
    "accept_then_silence": lambda _options, response, _now: replace(response, delivery=Delivery.SILENT),
    "trickle": lambda _options, response, _now: replace(response, delivery=Delivery.TRICKLE),
    "garbage": lambda options, response, _now: _garbage(options, response.status),
    "empty": _emptied,
    "no_content": lambda _options, _response, _now: Response(204),
    "accept_then_edge_page": lambda options, _response, now: _edge_page(options, now),
    "altered": _altered,
    "slow": lambda options, response, _now: replace(response, delay=float(options.get("seconds", 5))),
}
