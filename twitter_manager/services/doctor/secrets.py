"""What is encrypted: does the key fit, and is each account's token of use."""

from collections.abc import Iterator
from datetime import datetime

from twitter_manager.crypto import SecretUnreadable, Vault
from twitter_manager.error_codes import CODES
from twitter_manager.models import Account
from twitter_manager.services.doctor.check import Check, fail, ok, warn
from twitter_manager.services.doctor.settings import NEEDED_SCOPES
from twitter_manager.timestamps import to_text

__all__ = ["account", "api_key", "encryption_key"]

_EARLIER_KEY = "put the earlier key back, after the present one and a comma"


def encryption_key(vault: Vault, canary: str | None, *, is_set: bool) -> Check:
    """`canary`: what was encrypted at the first start."""
    if canary is None:
        text = "the database holds no secret yet"
        remedy = "start the service once (`make run` in a clone, else `twitter-manager serve`): that makes the key"
        return warn("encryption", text, remedy)
    if not is_set:
        text = "ENCRYPTION_KEY is missing, and the database holds secrets under an earlier one"
        return fail("encryption", text, "bring back secrets.env, or set ENCRYPTION_KEY to that key")
    if not _opens(vault, canary):
        text = "ENCRYPTION_KEY is not the one that the database's secrets were encrypted with"
        return fail("encryption", text, _EARLIER_KEY)
    return ok("encryption", "ENCRYPTION_KEY opens the database's secrets")


def api_key(*, revoked: bool, made_here: bool) -> Check:
    if not revoked:
        return ok("api key", "the key of the settings is not revoked")
    if made_here:
        return warn("api key", "the key in secrets.env is revoked", "start the service again: it makes another")
    return fail("api key", "API_KEY is a key that was revoked", "set another one, or none, and one is made")


def account(found: Account, vault: Vault, *, wanted: str, now: datetime) -> Check:
    """`wanted`: the scopes of the settings."""
    name = f"@{found.username}"
    if found.status == "inactive":
        return ok(name, "switched off")
    if unreadable := [kind for kind, token in _tokens(found) if not _opens(vault, token)]:
        text = f"no key in ENCRYPTION_KEY opens its {' and '.join(unreadable)}"
        return fail(name, text, f"{_EARLIER_KEY}; or {_connect(found)}")
    if found.status != "active" or found.access_token is None:
        code = CODES.get(found.error_code or "account_failed", CODES["account_failed"])
        return warn(name, code.sentence, _connect(found))
    missing = set(wanted.split()) - set(found.scopes.split())
    if missing:
        text = f"was not granted {', '.join(sorted(missing))}"
        return (fail if missing & NEEDED_SCOPES else warn)(name, text, _connect(found))
    return _lasting(name, found, now)


def _lasting(name: str, found: Account, now: datetime) -> Check:
    ends = found.token_expires_at
    when = "without an end" if ends is None else f"{'until' if ends > now else 'ended'} {to_text(ends)}"
    if found.refresh_token is None:
        return warn(name, f"its token can be read, {when}, and cannot be renewed", _connect(found))
    return ok(name, f"its token can be read, {when}; it is renewed when it is needed")


def _tokens(found: Account) -> Iterator[tuple[str, str]]:
    if found.access_token is not None:
        yield "access token", found.access_token
    if found.refresh_token is not None:
        yield "refresh token", found.refresh_token


def _opens(vault: Vault, secret: str) -> bool:
    try:
        vault.decrypt(secret)
    except SecretUnreadable:
        return False
    return True


def _connect(found: Account) -> str:
    return f"connect it again: GET /api/v1/auth/twitter?account_id={found.id}"
