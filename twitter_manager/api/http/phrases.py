"""What is wrong with a field, in words: what it may be, and how far it is off. Never the value that was sent."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from twitter_manager.api.http.body_models import CLOCK_TIME, FAULT, NO_NUL, USERNAME, X_ID

__all__ = ["phrase_of"]

_LISTS = {  # by the field's name
    "accounts": '["alice", "bob"]',
    "statuses": '["failed"]',
    "events": '["tweet.posted", "tweet.failed"]',
    "days": '["mon", "wed"]',
    "options": '["Yes", "No"]',
}
_AN_X_ID = "an id of X's in digits, in quotes"
_PATTERNS = {
    USERNAME: "a username such as @alice",
    X_ID: _AN_X_ID,
    NO_NUL: "a text without the character NUL",
    CLOCK_TIME: "a time from 00:00 to 23:59",
}
_QUOTED = re.compile(r"'([^']*)'")


def phrase_of(error: ErrorDetails) -> str:
    """What stands after the field's name in the sentence about it."""
    if error["type"] == FAULT:
        return error["msg"]
    if error["type"] == "list_type":
        return _no_list(error)
    found = _PHRASES.get(error["type"], "is wrong")
    return found if isinstance(found, str) else found(error.get("ctx", {}), error["input"])


def _no_list(error: ErrorDetails) -> str:
    name = str(error["loc"][-1]) if error["loc"] else ""
    example = _LISTS.get(name) or ("[1, 2]" if name.endswith("_ids") else None)
    return f"must be a list, such as {example}" if example else "must be a list"


def _words(limits: Mapping[str, Any], _: Any) -> str:
    return f"must be one of {', '.join(_QUOTED.findall(limits['expected']))}"


def _too_long(limits: Mapping[str, Any], given: Any) -> str:
    return f"is too long: {len(given)} characters of at most {limits['max_length']}"


def _too_short(limits: Mapping[str, Any], given: Any) -> str:
    return f"is too short: {len(given)} characters of at least {limits['min_length']}"


def _too_many(limits: Mapping[str, Any], given: Any) -> str:
    return f"has too many entries: {len(given)} of at most {limits['max_length']}"


def _too_few(limits: Mapping[str, Any], given: Any) -> str:
    return f"has too few entries: {len(given)} of at least {limits['min_length']}"


_PHRASES: Mapping[str, str | Callable[[Mapping[str, Any], Any], str]] = {
    "missing": "is required",
    "string_type": lambda _, given: f"must be a text{', in quotes' if isinstance(given, int) else ''}",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "literal_error": _words,
    "greater_than_equal": lambda limits, _: f"must be at least {limits['ge']}",
    "less_than_equal": lambda limits, _: f"must be at most {limits['le']}",
    "string_too_long": _too_long,
    "string_too_short": _too_short,
    "too_long": _too_many,
    "too_short": _too_few,
    "model_type": "must be an object",
    "string_pattern_mismatch": lambda limits, _: f"must be {_PATTERNS[limits['pattern']]}",
}
