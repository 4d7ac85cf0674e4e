"""A test per row of what X answers to POST /2/tweets, and the rests that follow."""

from datetime import UTC, datetime, timedelta

import pytest

from twitter_manager.services.dispatch import decisions
from twitter_manager.services.dispatch.decisions import (
    AccountLost,
    AppRests,
    Decision,
    Failed,
    Held,
    Posted,
    Situation,
    TokenStale,
    Unconfirmed,
    decide,
)
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter.errors import NotSent, OutcomeUnknown, Problem, XError
from twitter_manager.twitter.refusals import problem_of, refusal
from twitter_manager.twitter.tweets import CreatedPost

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


OLD_TOKEN = Situation(token_issued_at=after(-3600))


def x_answers(status: int, *, reset_at: datetime | None = None, **body: object) -> XError:
    return refusal(problem_of(status, body or None), reset_at=reset_at)


def about_blank(status: int, detail: str) -> XError:
    return x_answers(status, title="Forbidden", type="about:blank", detail=detail)


def problem(status: int, kind: str, **more: object) -> XError:
    words = {"title": "T", "detail": "D", **more}
    return x_answers(status, type=f"https://api.twitter.com/2/problems/{kind}", **words)


ROWS: list[tuple[str, CreatedPost | XError, Decision]] = [
    ("201", CreatedPost("17", "hi"), Posted("17")),
    (
        "connect error before send",
        NotSent(Problem(None)),
        Held("x_unreachable", after(2), outcome="not_sent", trouble=True),
    ),
    ("read timeout", OutcomeUnknown(Problem(None)), Unconfirmed("x_unclear", after(2), after(2))),
    ("500", x_answers(500), Unconfirmed("x_unclear", after(2), after(2))),
    ("502", x_answers(502), Unconfirmed("x_unclear", after(2), after(2))),
    ("503", x_answers(503, title="Service Unavailable"), Unconfirmed("x_unclear", after(2), after(2))),
    ("504", x_answers(504), Unconfirmed("x_unclear", after(2), after(2))),
    ("a redirect", x_answers(302), Unconfirmed("x_unclear", after(2), after(2))),
    ("408", x_answers(408), Unconfirmed("x_unclear", after(2), after(2))),
    ("429 with a reset", x_answers(429, reset_at=after(600), title="T"), Held("rate_limited", after(600))),
    ("429 with a reset that is over", x_answers(429, reset_at=after(-5)), Held("rate_limited", after(1))),
    (
        "429 without a reset",
        x_answers(429, errors=[{"code": 88, "message": "Rate limit exceeded"}]),
        Held("rate_limited", after(60)),
    ),
    ("429 usage-capped", problem(429, "usage-capped"), AppRests("usage_capped", after(60))),
    ("429 usage-capped by title", x_answers(429, title="UsageCapExceeded"), AppRests("usage_capped", after(60))),
    ("402", problem(402, "credits"), AppRests("credits_depleted", after(60))),
    ("402 without a body", x_answers(402), AppRests("credits_depleted", after(60))),
    ("403 spend cap", about_blank(403, "Monthly spend cap reached."), AppRests("spend_cap_reached", after(60))),
    (
        "403 client-not-enrolled",
        problem(403, "client-forbidden", reason="client-not-enrolled"),
        AppRests("client_not_enrolled", after(60)),
    ),
    (
        "403 feature",
        about_blank(403, "You are not permitted to access this feature."),
        Held("account_not_permitted", after(900)),
    ),
    ("401", x_answers(401, title="Unauthorized"), TokenStale()),
    (
        "403 duplicate",
        about_blank(403, "You are not allowed to create a Tweet with duplicate content."),
        Failed("duplicate_content"),
    ),
    (
        "403 code 187",
        x_answers(403, errors=[{"code": 187, "message": "Status is a duplicate."}]),
        Failed("duplicate_content"),
    ),
    ("403 generic", about_blank(403, "You are not permitted to perform this action."), Failed("post_refused")),
    ("403 reply rule", problem(403, "not-authorized-for-resource"), Failed("post_refused")),
    (
        "403 parent not visible",
        about_blank(403, "The Tweet you replied to is deleted or not visible to you."),
        Held("parent_not_visible", after(5), lane_rests=False),
    ),
    (
        "403 suspended",
        about_blank(403, "Your account is suspended and is not permitted to access this."),
        AccountLost("suspended", "account_suspended"),
    ),
    (
        "403 locked",
        x_answers(403, errors=[{"code": 326, "message": "To protect our users …"}]),
        AccountLost("suspended", "account_suspended"),
    ),
    ("400", x_answers(400, title="Invalid Request", detail="text is too long"), Failed("post_refused")),
    ("404", problem(404, "resource-not-found"), Failed("post_refused")),
    ("403 from the edge", x_answers(403), Unconfirmed("x_unclear", after(2), after(2))),
    ("404 from the edge", x_answers(404), Unconfirmed("x_unclear", after(2), after(2))),
    (
        "403 daily limit",
        x_answers(403, errors=[{"code": 185, "message": "over daily limit"}]),
        Held("daily_limit_reached", after(1800)),
    ),
    (
        "403 daily limit in words",
        about_blank(403, "User is over daily status update limit."),
        Held("daily_limit_reached", after(1800)),
    ),
    (
        "403 automated",
        about_blank(403, "This request looks like it might be automated."),
        Held("looks_automated", after(1800)),
    ),
    ("403 of the edge in JSON", x_answers(403, cloudflare_error=True), Unconfirmed("x_unclear", after(2), after(2))),
    ("400 of the edge", x_answers(400), Unconfirmed("x_unclear", after(2), after(2))),
    ("403 wrong kind of token", problem(403, "unsupported-authentication"), AppRests("app_misconfigured", after(60))),
    ("403 app without write", problem(403, "oauth1-permissions"), AppRests("app_misconfigured", after(60))),
    (
        "403 developer account suspended",
        problem(403, "client-forbidden", reason="Your developer account has been suspended"),
        AppRests("client_not_enrolled", after(60)),
    ),
    (
        "403 duplicate inside a problem",
        x_answers(403, title="Forbidden", detail="Forbidden", errors=[{"message": "duplicate content"}]),
        Failed("duplicate_content"),
    ),
    ("413", x_answers(413), Failed("post_refused")),
    ("422", x_answers(422, code=1, message="no"), Failed("post_refused")),
]


@pytest.mark.parametrize(("outcome", "decision"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_answer_has_its_consequence(outcome: CreatedPost | XError, decision: Decision) -> None:
    assert decide(outcome, OLD_TOKEN, NOW) == decision


def test_a_duplicate_after_an_unclear_attempt_is_evidence_and_is_reconciled() -> None:
    duplicate = about_blank(403, "duplicate content")
    decision = decide(duplicate, Situation(unclear_before=True), NOW)
    assert decision == Unconfirmed("duplicate_after_unclear", after(2), after(2))


@pytest.mark.parametrize(("streak", "seconds"), [(0, 2), (1, 10), (2, 45), (3, 120), (4, 300), (40, 300)])
def test_the_lane_rests_longer_while_unclear_answers_follow_each_other(streak: int, seconds: int) -> None:
    decision = decide(OutcomeUnknown(Problem(None)), Situation(trouble_streak=streak), NOW)
    assert isinstance(decision, Unconfirmed)
    assert decision.rest_until == after(seconds)
    assert decision.check_at == after(2)


@pytest.mark.parametrize(("streak", "seconds"), [(0, 30), (1, 120), (2, 600), (9, 600)])
def test_a_fresh_token_that_is_not_taken_rests_the_lane_and_loses_nobody(streak: int, seconds: int) -> None:
    situation = Situation(token_issued_at=after(-5), unauthorized_streak=streak)
    assert decide(x_answers(401), situation, NOW) == Held("unauthorized_by_x", after(seconds), unauthorized=True)


@pytest.mark.parametrize("streak", [0, 1, 9])
def test_a_fresh_token_whose_short_life_is_over_waits_until_it_may_be_renewed(streak: int) -> None:
    situation = Situation(token_issued_at=after(-12), token_is_over=True, unauthorized_streak=streak)
    assert decide(x_answers(401), situation, NOW) == Held("unauthorized_by_x", after(48), unauthorized=True)


def test_an_old_token_without_a_way_to_renew_it_loses_the_account() -> None:
    situation = Situation(token_issued_at=after(-9999), can_renew=False)
    assert decide(x_answers(401), situation, NOW) == AccountLost("failed", "account_failed")


@pytest.mark.parametrize(("probes", "seconds"), [(0, 60), (1, 300), (2, 900), (7, 900)])
def test_probes_of_a_resting_app_become_rarer(probes: int, seconds: int) -> None:
    assert decide(x_answers(402), Situation(probes=probes), NOW) == AppRests("credits_depleted", after(seconds))


SPEND_CAP = {"title": "SpendCapReached", "detail": "until the next cycle", "reset_date": "2026-11-21"}


@pytest.mark.parametrize(("probes", "seconds"), [(0, 60), (2, 900), (3, 3600), (99, 3600)])
def test_a_spending_limit_is_tried_now_and_then(probes: int, seconds: int) -> None:
    capped = problem(403, "credits", **SPEND_CAP)
    assert decide(capped, Situation(probes=probes), NOW) == AppRests("spend_cap_reached", after(seconds))


def test_and_at_the_day_that_x_named() -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    capped = problem(403, "credits", **SPEND_CAP)
    assert decide(capped, Situation(probes=5), earlier(midnight, 1200)) == AppRests("spend_cap_reached", midnight)
    assert decide(capped, Situation(probes=5), midnight) == AppRests("spend_cap_reached", later(midnight, 3600))


def test_what_is_refused_alone_fails_and_does_not_rest_the_app() -> None:
    refused = problem(403, "client-forbidden")
    assert decide(refused, Situation(refused_alone=True), NOW) == Failed("account_not_permitted", of_post=False)
    broke = x_answers(402)
    assert decide(broke, Situation(refused_alone=True), NOW) == AppRests("credits_depleted", after(60))


def test_an_account_that_is_refused_rests_once_for_each_post() -> None:
    for refused in (
        about_blank(403, "Your account is not permitted to access this feature."),
        problem(403, "client-forbidden"),
    ):
        first = decide(refused, Situation(account_is_refused=True), NOW)
        assert first == Held("account_not_permitted", after(900))
        second = decide(refused, Situation(account_is_refused=True, not_permitted_before=1), NOW)
        assert second == Failed("account_not_permitted", of_post=False)


def test_a_parent_that_stays_invisible_fails_the_reply_after_three_tries() -> None:
    gone = about_blank(403, "deleted or not visible to you")
    tries = [decide(gone, Situation(not_visible_before=n), NOW) for n in range(4)]
    assert [type(decision) for decision in tries] == [Held, Held, Held, Failed]


def test_checks_are_two_ten_and_forty_five_seconds_after_the_attempt_was_over() -> None:
    assert decisions.first_check(NOW) == after(2)
    assert decisions.next_check(1, NOW, after(2)) == after(10)
    assert decisions.next_check(2, NOW, after(10)) == after(45)


def test_checks_that_come_late_keep_their_distance() -> None:
    long_over = after(-3600)
    assert decisions.next_check(0, long_over, NOW) == NOW
    assert decisions.next_check(1, long_over, NOW) == after(8)
    assert decisions.next_check(2, long_over, after(8)) == after(8 + 35)


def test_the_owner_is_told_after_eight_readings_in_a_row_that_failed() -> None:
    told = [decisions.after_failed_check(n, NOW) for n in range(1, 10)]
    assert [tell for _, tell in told] == [False] * 7 + [True, True]
    assert told[0][0] == after(2)
    assert told[-1][0] == after(300)
