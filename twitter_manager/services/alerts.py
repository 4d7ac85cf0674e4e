"""Alerts: failures that repeat, of an account's posts or of X as a whole, are told once, and once more when it is over.

Failures in a row are counted in the transaction that stores each outcome; the share of the last hour is looked at on
the clock (`Alerts.check`). Who changes an alert's state compares and sets, so that of several processes one tells.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from twitter_manager.error_codes import hint_of
from twitter_manager.models import Account, Alert
from twitter_manager.services.context import Context
from twitter_manager.storage import accounts, alerts, attempt_outcomes
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import earlier, to_text

__all__ = [
    "HOUR",
    "IN_A_ROW",
    "MIN_FAILURES",
    "Alerts",
    "Subject",
    "Tally",
    "alert_to_json",
    "forget",
    "is_over",
    "note_failure",
    "note_success",
    "of_account",
    "of_app",
    "rule_met",
    "tally",
]

IN_A_ROW = 5
MIN_FAILURES = 4  # fewer in an hour are no alert, whatever their share
HOUR = 3600.0
# These say nothing of an account while X as a whole does not answer.
TROUBLE = frozenset({"x_unclear", "x_unreachable"})
# Held attempts that are a failure of the account, or of the app; others wait for a limit, a part, a token.
_OF_ACCOUNT = frozenset({"account_not_permitted", "unauthorized_by_x"})
_OF_APP = frozenset(
    {"credits_depleted", "spend_cap_reached", "usage_capped", "client_not_enrolled", "app_misconfigured"}
)
_LOST = frozenset({"unclear", "absent"})

Rule = Literal["in_a_row", "of_the_hour"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about: an account, or (None) X as a whole, the simulated or the real one."""

    account_id: int | None
    mock: bool

    @property
    def key(self) -> str:
        if self.account_id is not None:
            return f"account {self.account_id}"
        return "app mock" if self.mock else "app live"


def of_account(account: Account) -> Subject:
    return Subject(account.id, account.mock)


def of_app(*, mock: bool) -> Subject:
    return Subject(None, mock)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many attempts said something about the subject, and how many of them failed."""

    attempts: int
    failures: int


def rule_met(in_a_row: int, hour: Tally) -> Rule | None:
    """What an alert is to fire for, if anything."""
    if in_a_row >= IN_A_ROW:
        return "in_a_row"
    return "of_the_hour" if hour.failures >= MIN_FAILURES and 2 * hour.failures >= hour.attempts else None


def is_over(rule: str | None, in_a_row: int, hour: Tally) -> bool:
    """Once an attempt succeeds; for a share of the hour, if also less than half of it failed."""
    return in_a_row == 0 and (rule == "in_a_row" or not hour.failures or 2 * hour.failures < hour.attempts)


def tally(outcomes: Iterable[tuple[str, str | None, int]], *, of_app: bool) -> Tally:
    """From outcome, error code and number of attempts."""
    failed = succeeded = 0
    for outcome, code, number in outcomes:
        verdict = _is_success(outcome, code, of_app=of_app)
        failed += number if verdict is False else 0
        succeeded += number if verdict else 0
    return Tally(failed + succeeded, failed)


def _is_success(outcome: str, code: str | None, *, of_app: bool) -> bool | None:
    """None: it says nothing. X takes the app also where it refuses a post."""
    match outcome:
        case "posted":
            return True
        case "refused":
            return code != "account_not_permitted" or None if of_app else False
        case "not_sent":
            return False if code is not None else None  # without a code it was called off here
        case "held":
            return False if code in (_OF_APP if of_app else _OF_ACCOUNT) else None
        case _:
            return False if outcome in _LOST else None


def note_success(tx: Transaction, subject: Subject) -> None:
    """To be called where the success is stored."""
    alert = alerts.add_success(tx, subject.key)
    if alert is not None and alert.rule == "in_a_row":
        _resolve(tx, alert)


def note_failure(tx: Transaction, subject: Subject, *, code: str, twitter_error: str | None) -> None:
    """To be called where the failure is stored; of the app before that of the account."""
    alert = alerts.add_failure(
        tx, subject.key, account_id=subject.account_id, mock=subject.mock, error_code=code, twitter_error=twitter_error
    )
    if rule_met(alert.failures, Tally(0, 0)) is not None:
        _fire(tx, alert, "in_a_row", Tally(alert.failures, alert.failures))


def forget(tx: Transaction, account_id: int) -> None:
    """Its owner switches the account off, or deletes it: nothing is tried that could end what fires for it."""
    subject = Subject(account_id, False).key
    alerts.add_success(tx, subject)  # what failed before counts no more
    alert = alerts.find(tx, subject)
    if alert is not None:
        _resolve(tx, alert)


class Alerts:
    def __init__(self, context: Context) -> None:
        self._context = context

    def check(self) -> None:
        """Fires what half of the last hour's attempts failed for, and resolves what is over."""
        db = self._context.db
        since = earlier(self._context.clock(), HOUR)
        for alert in alerts.list_recent(db, since=since):
            hour = _tally_since(db, alert, since)
            over = alert.firing_since is not None and is_over(alert.rule, alert.failures, hour)
            rule = rule_met(alert.failures, hour) if alert.firing_since is None else None
            if over or rule is not None:
                with db.transaction(account_id=()) as tx:
                    _resolve(tx, alert) if over else _fire(tx, alert, rule or "of_the_hour", hour)


def _tally_since(q: Queries, alert: Alert, since: datetime) -> Tally:
    since = max(since, alert.resolved_at or since)
    if alert.account_id is None:
        return tally(attempt_outcomes.of_environment(q, mock=alert.mock, since=since), of_app=True)
    return tally(attempt_outcomes.of_account(q, alert.account_id, since=since), of_app=False)


def _fire(tx: Transaction, alert: Alert, rule: Rule, counted: Tally) -> None:
    if alert.firing_since is not None or _is_explained(tx, alert) or not alerts.fire(tx, alert.subject, rule=rule):
        return
    _notify(tx, alert, state="firing", since=tx.now, counted=counted)


def _resolve(tx: Transaction, alert: Alert) -> None:
    if alert.firing_since is not None and alerts.resolve(tx, alert.subject):
        _notify(tx, alert, state="resolved", since=alert.firing_since, counted=None)


def _is_explained(q: Queries, alert: Alert) -> bool:
    """Whether X as a whole does not answer, which is told already."""
    if alert.account_id is None or alert.error_code not in TROUBLE:
        return False
    app = alerts.find(q, of_app(mock=alert.mock).key)
    return app is not None and app.firing_since is not None


def _notify(tx: Transaction, alert: Alert, *, state: str, since: datetime, counted: Tally | None) -> None:
    about: dict[str, object] = {}
    if alert.account_id is not None:
        about = {"account_id": alert.account_id, "username": accounts.get(tx, alert.account_id).username}
    data = {
        "state": state,
        **about,
        "error_code": alert.error_code,
        "hint": hint_of(alert.error_code or ""),
        "twitter": None if alert.twitter_error is None else json.loads(alert.twitter_error),
        "failures": counted and counted.failures,
        "attempts": counted and counted.attempts,
        "since": to_text(since),
        "resolved_at": to_text(tx.now) if state == "resolved" else None,
        "mock": alert.mock,
    }
    alerts.notify(tx, "alert.app" if alert.account_id is None else "alert.account", data)


def alert_to_json(alert: Alert) -> dict[str, object]:
    """One that fires, as health shows it."""
    code = alert.error_code or ""
    return {
        "state": "firing",
        "error_code": code,
        "hint": hint_of(code),
        "since": alert.firing_since and to_text(alert.firing_since),
        "failures": alert.failures,
    }
