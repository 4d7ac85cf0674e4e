"""X's bad days, on command: rules stored in the world, so that another process can command them.

A rule says which call, what goes wrong, and how often. Kinds that begin before the call is processed leave the world
untouched; kinds in AFTER happen to an answer X really gave, so the post exists although the caller cannot know.
"""

import json
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from twitter_manager.simulator import routes
from twitter_manager.simulator.messages import Answer, Delivery
from twitter_manager.simulator.problems import forbidden, json_answer, oauth_error, problem
from twitter_manager.simulator.routes import Route

__all__ = ["AFTER", "BEFORE", "Rule", "add", "clear", "kinds", "list_rules", "refusal", "spoiled", "take"]

EVERY_API_CALL = "*"
Options = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """What goes wrong, with which call, how often.

    `call`: "POST /2/tweets", "GET /2/users/{id}/tweets", … or "*": all calls with a bearer token. `times`: how often
    it still strikes, None for until cleared; `probability` per call; `skip`: so many fitting calls pass first;
    `user`: only this username.
    """

    call: str
    kind: str
    times: int | None = None
    probability: float = 1.0
    skip: int = 0
    user: str | None = None
    options: Options = field(default_factory=dict)
    id: int = 0

    def fits(self, route: Route, username: str | None) -> bool:
        """Whether the rule is meant for this call of this user."""
        called = self.call == route.name or (self.call == EVERY_API_CALL and route.is_api)
        return called and (self.user is None or (username or "").lower() == self.user.lower())


def add(db: sqlite3.Connection, rule: Rule) -> int:
    """Store a rule; its id. Raises ValueError for a call, kind or number that makes no sense."""
    if rule.call != EVERY_API_CALL and rule.call not in routes.names():
        raise ValueError(f"no such call: {rule.call}")
    if rule.kind not in kinds():
        raise ValueError(f"no such kind of fault: {rule.kind}")
    if not 0 <= rule.probability <= 1 or rule.skip < 0 or (rule.times is not None and rule.times < 1):
        raise ValueError("probability is 0 to 1, skip 0 or more, times 1 or more")
    row = db.execute(
        "INSERT INTO fault (call, kind, times, probability, skip, user, options) VALUES"
        " (:call, :kind, :times, :probability, :skip, :user, :options) RETURNING id",
        {
            "call": rule.call,
            "kind": rule.kind,
            "times": rule.times,
            "probability": rule.probability,
            "skip": rule.skip,
            "user": rule.user,
            "options": json.dumps(rule.options),
        },
    ).fetchone()
    return int(row["id"])


def list_rules(db: sqlite3.Connection) -> list[Rule]:
    """The rules in force, in the order they were commanded."""
    rows = db.execute("SELECT * FROM fault ORDER BY id")
    return [Rule(**{**dict(row), "options": json.loads(row["options"])}) for row in rows]


def clear(db: sqlite3.Connection, *, call: str | None = None) -> None:
    """Forget the rules, all or those of one call."""
    db.execute("DELETE FROM fault WHERE :call IS NULL OR call = :call", {"call": call})


def take(db: sqlite3.Connection, *, route: Route, username: str | None, chance: random.Random) -> Rule | None:
    """The first rule that strikes this call, counted down."""
    for rule in list_rules(db):
        if not rule.fits(route, username):
            continue
        if rule.skip:
            db.execute("UPDATE fault SET skip = skip - 1 WHERE id = :id", {"id": rule.id})
        elif rule.probability >= 1 or chance.random() < rule.probability:
            _count_down(db, rule)
            return rule
    return None


def _count_down(db: sqlite3.Connection, rule: Rule) -> None:
    if rule.times is None:
        return
    db.execute("UPDATE fault SET times = times - 1 WHERE id = :id AND times > 1", {"id": rule.id})
    if rule.times == 1:
        db.execute("DELETE FROM fault WHERE id = :id", {"id": rule.id})


def refusal(rule: Rule, *, route: Route, now: datetime) -> Answer:
    """The answer of a call that a BEFORE rule struck."""
    return BEFORE[rule.kind]({"is_api": route.is_api, **rule.options}, now)


def spoiled(rule: Rule, answer: Answer) -> Answer:
    """What an AFTER rule makes of the answer X gave."""
    return AFTER[rule.kind](rule.options, answer)


def _server_error(options: Options) -> Answer:
    titles = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
    status = int(options.get("status", 503))
    return problem(status, titles.get(status, "Error"), detail=options.get("detail"))


def _refused(options: Options, _now: datetime) -> Answer:
    status = int(options.get("status", 403))
    if "body" in options:
        return json_answer(status, options["body"])
    if not options["is_api"]:
        described = options.get("detail", "Value passed for the token was invalid.")
        return oauth_error(status, options.get("error", "invalid_request"), described)
    return problem(status, "Forbidden" if status == 403 else "Invalid Request", detail=options.get("detail"))


def _rate_limited(options: Options, now: datetime) -> Answer:
    """429 in either of X's shapes; `reset_in` in seconds, None for the answers without headers that have been seen;
    `daily_reset_in` adds an exhausted 24-hour window (x-api.md §9.1)."""
    windows = {"x-rate-limit": options.get("reset_in", 900), "x-user-limit-24hour": options.get("daily_reset_in")}
    headers: dict[str, str] = {}
    for name, reset_in in windows.items():
        if reset_in is not None:
            reset = str(int(now.timestamp() + reset_in))
            headers |= {f"{name}-limit": "100", f"{name}-remaining": "0", f"{name}-reset": reset}
    if options.get("v1_body"):
        return json_answer(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, headers=headers)
    return problem(429, "Too Many Requests").with_headers(headers)


def _usage_capped(_options: Options, _now: datetime) -> Answer:
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


def _out_of_credits(_options: Options, _now: datetime) -> Answer:
    detail = "Your enrolled account [1] does not have any credits to fulfill this request."
    return problem(402, "CreditsDepleted", detail=detail, kind="credits", account_id=1)


def _not_enrolled(_options: Options, _now: datetime) -> Answer:
    return problem(
        403,
        "Client Forbidden",
        detail="Your client app is not enrolled for this endpoint.",
        kind="client-forbidden",
        reason="client-not-enrolled",
        registration_url="https://console.x.com",
    )


def _says(detail: str) -> Callable[[Options, datetime], Answer]:
    return lambda options, _now: forbidden(options.get("detail", detail))


def _unreadable(options: Options, _now: datetime) -> Answer:
    return _server_error(options) if "status" in options else _garbage(options, 200)


def _garbage(options: Options, status: int) -> Answer:
    """A page from the edge that ends in the middle, or the `body` that was commanded, as JSON."""
    if "body" in options:
        return Answer(status, {"content-type": "application/json"}, str(options["body"]).encode())
    return Answer(status, {"content-type": "text/html"}, b"<html><body>upstream said: \xff\xfe{")


def _emptied(_options: Options, answer: Answer) -> Answer:
    return replace(answer, headers={"content-type": "application/json"}, body=b"")


BEFORE: dict[str, Callable[[Options, datetime], Answer]] = {
    "refuse": _refused,
    "error_before": lambda options, _now: _server_error(options),
    "cut_before": lambda _options, _now: Answer(0, delivery=Delivery.CUT),
    "silence_before": lambda _options, _now: Answer(0, delivery=Delivery.SILENT),
    "garbage_before": lambda options, _now: _garbage(options, int(options.get("status", 200))),
    "unreadable": _unreadable,
    "rate_limit": _rate_limited,
    "usage_capped": _usage_capped,
    "unauthorized": lambda _options, _now: problem(401, "Unauthorized"),
    "payment_required": _out_of_credits,
    "spend_cap": _says("Monthly spend cap reached. Raise your spending limit in the developer console."),
    "client_not_enrolled": _not_enrolled,
    "forbidden": _says("You are not permitted to perform this action."),
    "duplicate": _says("You are not allowed to create a Tweet with duplicate content."),
    "suspended": _says("Your account is suspended and is not permitted to access this feature."),
    "not_visible": _says("You attempted to reply to a Tweet that is deleted or not visible to you."),
}
AFTER: dict[str, Callable[[Options, Answer], Answer]] = {
    "accept_then_error": lambda options, _answer: _server_error(options),
    "accept_then_cut": lambda _options, answer: replace(answer, delivery=Delivery.CUT),
    "accept_then_silence": lambda _options, answer: replace(answer, delivery=Delivery.SILENT),
    "trickle": lambda _options, answer: replace(answer, delivery=Delivery.TRICKLE),
    "garbage": lambda options, answer: _garbage(options, answer.status),
    "empty": _emptied,
    "slow": lambda options, answer: replace(answer, delay=float(options.get("seconds", 5))),
}


def kinds() -> list[str]:
    """Everything that can go wrong, by name."""
    return [*BEFORE, *AFTER]
