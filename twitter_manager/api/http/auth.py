"""Authentication: every path needs an API key unless its endpoint is in PUBLIC.

A valid key is never refused or delayed: it is looked up before anything is counted.
"""

import time
from collections.abc import Sequence
from contextlib import suppress

from flask import Flask, request

from twitter_manager.api.http import current
from twitter_manager.api.http.wrong_keys import WrongKeys
from twitter_manager.errors import KeyRefused, SlowDown
from twitter_manager.models import ApiKey
from twitter_manager.timestamps import later, now

__all__ = ["API", "PUBLIC", "register"]

API = "/api/v1/"
PUBLIC = frozenset(
    {
        "health.show",
        "home.show",
        "home.icon",
        "oauth.callback",
        "consent.show",
        "consent.decide",
        "consent.show_post",
        "docs.show",
        "docs.asset",
        "docs.openapi",
    }
)


def register(app: Flask) -> None:
    """Requires a key for each request to `app`. To be called after its routes are registered."""
    open_paths = frozenset({rule.rule for rule in app.url_map.iter_rules() if rule.endpoint in PUBLIC})
    wrong_keys = WrongKeys()

    @app.before_request
    def check_key() -> None:
        if not _needs_key(open_paths):
            return
        given = _given_keys()
        key = _valid_key(given)
        if key is not None:
            current.set_api_key(key)
            return
        if given:
            _count(wrong_keys)
        raise KeyRefused("unauthorized")


def _needs_key(open_paths: frozenset[str]) -> bool:
    """Unknown paths under the API need one too: which ones exist is not public."""
    if request.path in open_paths or request.endpoint in PUBLIC:
        return False
    return request.endpoint is not None or _is_api()


def _is_api() -> bool:
    return f"{request.path}/".startswith(API)


def _given_keys() -> list[str]:
    """X-API-Key, and `?api_key`, which counts only under the API, where no page can leak its address."""
    given = request.headers.get("X-API-Key"), request.args.get("api_key") if _is_api() else None
    return [text for text in given if text]


def _valid_key(given: Sequence[str]) -> ApiKey | None:
    """The first valid one: an invalid one beside it does no harm."""
    for text in given:
        with suppress(KeyRefused):
            return current.services().api_keys.check(text)
    return None


def _count(wrong_keys: WrongKeys) -> None:
    seconds = wrong_keys.record(request.remote_addr or "", time.monotonic())
    if seconds is not None:
        raise SlowDown("too_many_wrong_keys", retryable=True, next_attempt_at=later(now(), seconds))
