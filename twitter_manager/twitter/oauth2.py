"""OAuth 2.0 Authorization Code with PKCE (RFC 6749, RFC 7636) as X does it (docs.x.com: OAuth 2.0)."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import quote, urlencode

from twitter_manager import untrusted_times
from twitter_manager.twitter.client import Response, XClient, basic
from twitter_manager.twitter.errors import (
    ClientRefused,
    GrantRefused,
    OutcomeUnknown,
    Problem,
    Refused,
    Unauthorized,
)

__all__ = [
    "ClientCredentials",
    "TokenPair",
    "authorize_url",
    "challenge_of",
    "exchange",
    "new_state",
    "new_verifier",
    "refresh",
    "revoke",
]

TOKEN_PATH = "/2/oauth2/token"  # noqa: S105  - a path
REVOKE_PATH = "/2/oauth2/revoke"
USUAL_SECONDS = 7200


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The X app's OAuth 2.0 client: confidential with a secret, public without."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What the token endpoint gives. `expires_in`: seconds; `refresh_token` only with offline.access."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scopes: str


def new_state() -> str:
    """43 url-safe characters; X accepts up to 500."""
    return secrets.token_urlsafe(32)


def new_verifier() -> str:
    """A code verifier of 86 unreserved characters (RFC 7636 §4.1: 43 to 128)."""
    return secrets.token_urlsafe(64)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of `verifier` (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorize_url(base: str, *, client_id: str, redirect_uri: str, scopes: str, state: str, verifier: str) -> str:
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scopes,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    encoded = urlencode(query, quote_via=quote)  # %20 for a blank, as X asks for scopes
    return f"{base}{'&' if '?' in base else '?'}{encoded}"


def exchange(x: XClient, client: ClientCredentials, *, code: str, redirect_uri: str, verifier: str) -> TokenPair:
    """Raises GrantRefused, ClientRefused, or another XError."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    return _token_pair(_call(x, TOKEN_PATH, client, form))


def refresh(x: XClient, client: ClientCredentials, refresh_token: str, *, account_id: int | None = None) -> TokenPair:
    """The old refresh token is invalid from then on. Raises GrantRefused, ClientRefused or another XError."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _token_pair(_call(x, TOKEN_PATH, client, form, account_id))


def revoke(x: XClient, client: ClientCredentials, token: str, *, account_id: int | None = None) -> None:
    """Revokes an access or a refresh token; any 2xx is a success."""
    try:
        _call(x, REVOKE_PATH, client, {"token": token}, account_id)
    except OutcomeUnknown as error:
        if error.problem.status not in range(200, 300):  # X's body there is not documented: it may be empty
            raise


def _call(
    x: XClient, path: str, client: ClientCredentials, form: Mapping[str, str], account_id: int | None = None
) -> Response:
    authorization = None
    if client.client_secret:
        authorization = basic(client.client_id, client.client_secret)
    else:
        form = {**form, "client_id": client.client_id}
    try:
        return x.request("POST", path, authorization=authorization, form=form, account_id=account_id, metered=False)
    except (Refused, Unauthorized) as error:
        raise _token_error(error.problem) from error


def _token_error(problem: Problem) -> ClientRefused | GrantRefused | Refused:
    """RFC 6749 §5.2: invalid_grant and most of invalid_request concern the grant, the client errors the app."""
    if problem.title in ("invalid_client", "unauthorized_client") or problem.status == 401:
        return ClientRefused(problem)
    about_us = problem.says("missing required parameter", "unsupported", "redirect")
    if problem.title in ("invalid_grant", "invalid_request") and not about_us:
        return GrantRefused(problem)
    return Refused(problem)


def _token_pair(response: Response) -> TokenPair:
    body: dict[str, Any] = response.body
    access, renewal = body.get("access_token"), body.get("refresh_token") or None
    seconds = untrusted_times.seconds(body.get("expires_in"))
    if not _is_token(access) or not (renewal is None or _is_token(renewal)):
        raise OutcomeUnknown(Problem(response.status, title="An unreadable answer"))
    if seconds is None or not 1 <= seconds < untrusted_times.MAX_SECONDS:
        seconds = USUAL_SECONDS  # a pair that X made is never thrown away for this: the old one is dead
    scope = body.get("scope")
    return TokenPair(access, renewal, int(seconds), scope if isinstance(scope, str) else "")


def _is_token(value: Any) -> TypeGuard[str]:
    """Whether it may be in a header (RFC 6749 appendix A.12: visible ASCII)."""
    return isinstance(value, str) and re.fullmatch(r"[\x20-\x7e]+", value) is not None
