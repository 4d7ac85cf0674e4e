"""Faults of X, on command: rules stored in the world, so that another process can set them.

A rule says which call, what goes wrong, and how often. Kinds in BEFORE happen instead of the call and leave the world
unchanged; kinds in AFTER change the answer that X gave, so the post exists although the caller cannot know.
"""

import json
import random
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime

from twitter_manager.simulator import routes
from twitter_manager.simulator.fault_responses import AFTER, BEFORE, Options
from twitter_manager.simulator.messages import Response
from twitter_manager.simulator.routes import Route

__all__ = ["AFTER", "BEFORE", "Rule", "add", "clear", "consume_rule", "kinds", "list_rules", "refusal", "spoiled"]

EVERY_API_CALL = "*"


@dataclass(frozen=True)
class Rule:
    """`call`: "POST /2/tweets", "GET /2/users/{id}/tweets", … or "*": all calls with a bearer token. `times`: how often
    it still applies, None: until cleared; `probability` per call; `skip`: matching calls that pass before;
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
        called = self.call == route.name or (self.call == EVERY_API_CALL and route.is_api)
        return called and (self.user is None or (username or "").lower() == self.user.lower())


def add(db: sqlite3.Connection, rule: Rule) -> int:
    """Returns the rule's id. Raises ValueError for an invalid call, kind or number."""
    if rule.call != EVERY_API_CALL and rule.call not in routes.names():
        raise ValueError(f"no such call: {rule.call}")
    if rule.kind not in kinds():
        raise ValueError(f"no such kind of fault: {rule.kind}; there are {', '.join(sorted(kinds()))}")
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
    """In the order in which they were added."""
    rows = db.execute("SELECT * FROM fault ORDER BY id")
    return [Rule(**{**dict(row), "options": json.loads(row["options"])}) for row in rows]


def clear(db: sqlite3.Connection, *, call: str | None = None) -> None:
    """The rules of one call, or all."""
    db.execute("DELETE FROM fault WHERE :call IS NULL OR call = :call", {"call": call})


def consume_rule(db: sqlite3.Connection, *, route: Route, username: str | None, chance: random.Random) -> Rule | None:
    """The first rule that applies to this call, counted down."""
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


def refusal(rule: Rule, *, route: Route, now: datetime) -> Response:
    """For a rule of a kind in BEFORE."""
    return BEFORE[rule.kind]({"is_api": route.is_api, **rule.options}, now)


def spoiled(rule: Rule, response: Response, *, now: datetime) -> Response:
    """For a rule of a kind in AFTER."""
    return AFTER[rule.kind](rule.options, response, now)


def kinds() -> list[str]:
    return [*BEFORE, *AFTER]
