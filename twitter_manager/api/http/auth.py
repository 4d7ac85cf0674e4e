"""Authentication: every path needs an API key unless its endpoint is in PUBLIC.

A valid key is never refused or delayed: it is looked up before anything is counted.
"""

import time

from twitter_manager.api.http.application import Application, Request
from twitter_manager.api.http.wrong_keys import WrongKeys
from twitter_manager.errors import KeyRefused, SlowDown
from twitter_manager.services import Services, audit
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


def register(app: Application) -> None:
    """Requires a key for each request to `app`. To be called after its routes are registered."""
    open_paths = frozenset({rule.rule for rule in app.url_map.iter_rules() if rule.endpoint in PUBLIC})
    wrong_keys = WrongKeys()

    @app.check
    def check_key(request: Request) -> None:
        if not _needs_key(request, open_paths):
            return
        services: Services = app.extensions["services"]
        given = _given_keys(request)
        code = "unauthorized"
        for text in given:  # an invalid one beside a valid one does no harm
            try:
                request.api_key = services.api_keys.check(text)
            except KeyRefused as error:
                code = error.code if error.code == "key_expired" else code
            else:
                audit.note_key(request.api_key.id)
                return
        if given and code == "unauthorized":
            _count(request, wrong_keys)
        raise KeyRefused(code)


def _needs_key(request: Request, open_paths: frozenset[str]) -> bool:
    """Unknown paths under the API need one too: which ones exist is not public."""
    if request.path in open_paths or request.endpoint in PUBLIC:
        return False
    return request.endpoint is not None or _is_api(request)


def _is_api(request: Request) -> bool:
    return f"{request.path}/".startswith(API)


def _given_keys(request: Request) -> list[str]:
    """X-API-Key, and `?api_key`, which counts only under the API, where no page can leak its address."""
    in_query = request.args.get("api_key") if request.query_string and _is_api(request) else None
    given = request.environ.get("HTTP_X_API_KEY"), in_query
    return [text for text in given if text]


def _count(request: Request, wrong_keys: WrongKeys) -> None:
    seconds = wrong_keys.record(request.remote_addr or "", time.monotonic())
    if seconds is not None:
        raise SlowDown("too_many_wrong_keys", retryable=True, next_attempt_at=later(now(), seconds))
