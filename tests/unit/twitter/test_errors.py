"""What X can answer, in its six shapes, and what each becomes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from twitter_manager.error_codes import CODES
from twitter_manager.twitter.errors import (
    AccountPaused,
    AccountSuspended,
    AppRefused,
    CapabilityUnavailable,
    DuplicateContent,
    NotPermitted,
    NotVisible,
    OutcomeUnknown,
    Problem,
    RateLimited,
    Refused,
    Unauthorized,
    XError,
)
from twitter_manager.twitter.refusals import problem_of, refusal

RESET = datetime(2026, 11, 20, 14, 20, tzinfo=UTC)
OLD, NEW = "https://api.twitter.com/2/problems/", "https://api.x.com/2/problems/"


CLOUDFLARE = {
    "type": "https://developers.cloudflare.com/support/troubleshooting/cloudflare-errors/error-1010/",
    "title": "Error 1010: Access denied",
    "detail": "duplicate content",
    "cloudflare_error": True,
    "retryable": False,
}
SPEND_CAP = {
    "title": "SpendCapReached",
    "detail": "Your enrolled account [1] has reached its billing cycle spend cap.",
    "reset_date": "2026-04-14",
    "type": f"{OLD}credits",
}


def refused(status: int, body: Any) -> XError:
    return refusal(problem_of(status, body), reset_at=RESET)


def says(detail: str, **more: Any) -> dict[str, Any]:
    return {"title": "Forbidden", "type": "about:blank", "status": 403, "detail": detail, **more}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"title": "Forbidden", "detail": "No.", "type": f"{NEW}not-authorized-for-resource", "status": 403},
            Problem(403, "Forbidden", "No.", "not-authorized-for-resource"),
        ),
        (
            {
                "errors": [{"message": "bad"}],
                "title": "Invalid Request",
                "detail": "One or more.",
                "type": f"{OLD}invalid-request",
            },
            Problem(403, "Invalid Request", "One or more. bad", "invalid-request"),
        ),
        (
            {"errors": [{"title": "Not Found Error", "detail": "Gone.", "type": f"{OLD}resource-not-found"}]},
            Problem(403, "Not Found Error", "Gone.", "resource-not-found"),
        ),
        (
            {"errors": [{"code": 88, "message": "Rate limit exceeded"}]},
            Problem(403, "HTTP 403", "Rate limit exceeded", code=88),
        ),
        (
            {"code": 32, "message": "Could not authenticate"},
            Problem(403, "HTTP 403", "Could not authenticate", code=32),
        ),
        (
            {"error": "invalid_request", "error_description": "Value passed for the token was invalid."},
            Problem(403, "invalid_request", "Value passed for the token was invalid."),
        ),
        (None, Problem(403, "HTTP 403", readable=False)),
        ([], Problem(403, "HTTP 403", readable=False)),
        ({}, Problem(403, "HTTP 403", readable=False)),
        ({"errors": []}, Problem(403, "HTTP 403", readable=False)),
        ({"errors": "many"}, Problem(403, "HTTP 403", readable=False)),
        ({"errors": ["one"]}, Problem(403, "HTTP 403", readable=False)),
        ({"title": {"a": 1}, "detail": 5, "code": "x", "reason": []}, Problem(403, "HTTP 403", readable=False)),
        ({"title": "T", "reset_date": "soon"}, Problem(403, "T")),
        ({"title": "T", "reset_date": "2026-12-01"}, Problem(403, "T", reset_at=datetime(2026, 12, 1, tzinfo=UTC))),
        ({"title": "T", "type": f"{NEW}client-forbidden/"}, Problem(403, "T", type="client-forbidden")),
        ({"title": "T" * 9000}, Problem(403, "T" * 500)),
        ({"reason": "client-not-enrolled", "title": "T"}, Problem(403, "T", reason="client-not-enrolled")),
    ],
)
def test_one_reading_of_every_shape(body: Any, expected: Problem) -> None:
    assert replace(problem_of(403, body), nested="") == expected


@pytest.mark.parametrize("name", ["title", "detail", "message", "reason"])
def test_what_a_problem_within_the_problem_says_counts(name: str) -> None:
    body = {"title": "Forbidden", "errors": [{}, {name: "DUPLICATE content"}, "x"], "detail": "One or more."}
    problem = problem_of(403, body)
    assert problem.says("duplicate content")
    assert problem.title == "Forbidden"
    assert problem.detail.startswith("One or more.")
    assert isinstance(refused(403, body), DuplicateContent)


def test_codes_and_types_within_the_problem_count() -> None:
    body = {"title": "Forbidden", "type": "about:blank", "errors": [{"code": 385, "type": f"{NEW}usage-capped"}]}
    assert (problem_of(403, body).code, problem_of(403, body).type) == (385, "usage-capped")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, says("You are not allowed to create a Tweet with duplicate content."), DuplicateContent),
        (403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}, DuplicateContent),
        (403, says("You are not permitted to perform this action."), Refused),
        (403, says("You can only reply to or quote posts where you are mentioned or are the author."), Refused),
        (403, says("Response to this conversation is not allowed because you have not been mentioned"), Refused),
        (400, says("Your Tweet text is too long.", status=400), Refused),
        (400, {"title": "Invalid Request", "type": f"{NEW}invalid-request", "detail": "invalid URL"}, Refused),
        (404, says("Not Found"), Refused),
        (409, None, OutcomeUnknown),
        (403, says("You attempted to reply to a Tweet that is deleted or not visible to you."), NotVisible),
        (403, {"errors": [{"code": 385, "message": "no"}]}, NotVisible),
        (403, says("Your account is suspended and is not permitted to access this feature."), AccountSuspended),
        (403, {"errors": [{"code": 64, "message": "no"}]}, AccountSuspended),
        (403, {"errors": [{"code": 326, "message": "locked"}]}, AccountSuspended),
        (403, says("To protect our users, this account is temporarily locked."), AccountSuspended),
        (401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, Unauthorized),
        (401, None, Unauthorized),
        (429, {"title": "Too Many Requests", "status": 429}, RateLimited),
        (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, RateLimited),
        (429, None, RateLimited),
        (403, {"errors": [{"code": 185, "message": "no"}]}, AccountPaused),
        (403, says("User is over daily status update limit."), AccountPaused),
        (403, {"errors": [{"code": 226, "message": "no"}]}, AccountPaused),
        (403, says("This request looks like it might be automated. To protect our users …"), AccountPaused),
        (403, says("Status is a duplicate."), DuplicateContent),
        (403, {"errors": [{"code": 88, "message": "no"}]}, RateLimited),
        (403, says("no", type=f"{NEW}rate-limit-exceeded"), RateLimited),
        (403, says("Your account is not permitted to access this feature."), NotPermitted),
        (403, None, OutcomeUnknown),
        (404, None, OutcomeUnknown),
        (400, None, OutcomeUnknown),
        (400, {}, OutcomeUnknown),
        (413, None, Refused),
        (403, CLOUDFLARE, OutcomeUnknown),
        (401, CLOUDFLARE, OutcomeUnknown),
        (402, CLOUDFLARE, OutcomeUnknown),
        (429, CLOUDFLARE, OutcomeUnknown),
        (403, {"type": CLOUDFLARE["type"], "title": "Access denied"}, OutcomeUnknown),
        (503, {"title": "Service Unavailable", "status": 503}, OutcomeUnknown),
        (500, None, OutcomeUnknown),
        (502, None, OutcomeUnknown),
        (504, None, OutcomeUnknown),
        (599, None, OutcomeUnknown),
        (302, None, OutcomeUnknown),
        (304, None, OutcomeUnknown),
        (408, None, OutcomeUnknown),
        (425, None, OutcomeUnknown),
    ],
)
def test_what_each_answer_becomes(status: int, body: Any, kind: type[XError]) -> None:
    error = refused(status, body)
    assert type(error) is kind
    assert error.problem.status == status
    if isinstance(error, RateLimited):
        assert error.until == RESET


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (402, {"title": "CreditsDepleted", "detail": "no credits", "type": f"{OLD}credits"}, "credits_depleted"),
        (402, {"title": "Payment Required", "type": f"{NEW}credits-depleted", "status": 402}, "credits_depleted"),
        (402, None, "credits_depleted"),
        (403, says("no", type=f"{NEW}credits-depleted"), "credits_depleted"),
        (429, {"title": "UsageCapExceeded", "period": "Monthly", "type": f"{OLD}usage-capped"}, "usage_capped"),
        (429, {"title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly product cap"}, "usage_capped"),
        (403, says("Monthly spend cap reached. Raise your spending limit."), "spend_cap_reached"),
        (429, says("Your spending limit is reached."), "spend_cap_reached"),
        (403, says("no", type=f"{OLD}client-forbidden", reason="client-not-enrolled"), "client_not_enrolled"),
        (403, says("Your client app is not permitted to access this feature."), "client_not_enrolled"),
        (403, says("no", type=f"{OLD}client-forbidden"), "client_not_enrolled"),
        (403, {"errors": [{"code": 453, "message": "no"}]}, "client_not_enrolled"),
        (403, says("If you need access, you may need a different access level."), "client_not_enrolled"),
        (403, SPEND_CAP, "spend_cap_reached"),
        (403, says("Application cannot perform write actions."), "app_misconfigured"),
        (403, says("no", type=f"{NEW}unsupported-authentication"), "app_misconfigured"),
        (403, {"errors": [{"code": 261, "message": "Application cannot perform write actions."}]}, "app_misconfigured"),
        (403, says("Your developer account is suspended."), "app_misconfigured"),
    ],
)
def test_what_concerns_the_whole_app(status: int, body: Any, code: str) -> None:
    error = refused(status, body)
    assert isinstance(error, AppRefused)
    assert error.code == code
    assert code in CODES


def test_the_end_of_the_cycle_is_known() -> None:
    error = refused(403, SPEND_CAP)
    assert isinstance(error, AppRefused)
    assert error.until == datetime(2026, 4, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "endpoint", ["GET /2/tweets/analytics", "POST /2/users/{id}/likes", "GET /2/users/{id}/tweets"]
)
def test_a_plan_without_an_endpoint_concerns_that_endpoint(endpoint: str) -> None:
    body = says("no", type=f"{OLD}client-forbidden", reason="client-not-enrolled")
    error = refusal(problem_of(403, body), reset_at=None, endpoint=endpoint)
    assert isinstance(error, CapabilityUnavailable)
    assert (error.endpoint, error.code) == (endpoint, "capability_unavailable")
    broke = refusal(problem_of(402, None), reset_at=None, endpoint=endpoint)
    assert isinstance(broke, AppRefused), "money is the app's on every endpoint"


def test_a_plan_that_may_not_delete_concerns_the_app() -> None:
    body = says("no", type=f"{OLD}client-forbidden")
    assert isinstance(refusal(problem_of(403, body), reset_at=None, endpoint="DELETE /2/tweets/{id}"), AppRefused)


def test_a_reason_that_is_in_errors_alone_is_shown() -> None:
    body = {
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{NEW}invalid-request",
        "errors": [{"message": "Your media IDs are invalid."}, {"detail": "Your media IDs are invalid."}],
    }
    told = problem_of(400, body).to_json()
    assert told["detail"] == "One or more parameters to your request was invalid. Your media IDs are invalid."


def test_an_outage_is_no_bankruptcy() -> None:
    assert isinstance(refused(503, says("spend cap service unavailable")), OutcomeUnknown)


def test_xs_words_are_kept_for_the_owner() -> None:
    error = refused(403, says("You are not permitted to perform this action."))
    assert error.problem.to_json() == {
        "status": 403,
        "title": "Forbidden",
        "detail": "You are not permitted to perform this action.",
    }
    assert str(error) == "Refused: 403 Forbidden You are not permitted to perform this action."
