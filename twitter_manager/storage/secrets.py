"""Everything that is encrypted, wherever it is stored: for another encryption key, row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twitter_manager.storage.database import Queries, Transaction

__all__ = ["Secret", "list_all", "replace"]


@dataclass(frozen=True, slots=True)
class _Place:
    """`listed`: each secret with what names its row; `replaced`: compare-and-set, by the secret itself."""

    listed: str
    replaced: str


# the canary first: from then on no process starts that knows only the old key
_PLACES: Mapping[str, _Place] = {
    "canary": _Place(
        "SELECT name, value AS secret FROM service_state WHERE name = 'encryption_canary'",
        "UPDATE service_state SET value = :fresh WHERE name = :name AND value = :secret",
    ),
    "access token": _Place(
        "SELECT id, access_token AS secret FROM twitter_account WHERE access_token IS NOT NULL ORDER BY id",
        "UPDATE twitter_account SET access_token = :fresh WHERE id = :id AND access_token = :secret",
    ),
    "refresh token": _Place(
        "SELECT id, refresh_token AS secret FROM twitter_account WHERE refresh_token IS NOT NULL ORDER BY id",
        "UPDATE twitter_account SET refresh_token = :fresh WHERE id = :id AND refresh_token = :secret",
    ),
    "webhook secret": _Place(
        "SELECT id, secret FROM webhook ORDER BY id",
        "UPDATE webhook SET secret = :fresh WHERE id = :id AND secret = :secret",
    ),
    "connection that was begun": _Place(
        "SELECT state, code_verifier AS secret FROM oauth_state ORDER BY state",
        "UPDATE oauth_state SET code_verifier = :fresh WHERE state = :state AND code_verifier = :secret",
    ),
    "kept answer": _Place(
        """
        SELECT api_key_id, method, path, key, answer AS secret FROM idempotency_key WHERE answer IS NOT NULL
        ORDER BY api_key_id, method, path, key
        """,
        """
        UPDATE idempotency_key SET answer = :fresh
        WHERE api_key_id = :api_key_id AND method = :method AND path = :path AND key = :key AND answer = :secret
        """,
    ),
}


@dataclass(frozen=True, slots=True)
class Secret:
    """One encrypted value. `row`: what names its row, by column."""

    kind: str
    text: str
    row: Mapping[str, object]


def list_all(q: Queries) -> Iterator[Secret]:
    for kind, place in _PLACES.items():
        for found in q.all(place.listed):
            row = {name: found[name] for name in found.keys() if name != "secret"}  # noqa: SIM118  - a Row has no __iter__
            yield Secret(kind, found["secret"], row)


def replace(tx: Transaction, secret: Secret, fresh: str) -> bool:
    """False when the row has another secret meanwhile, or is gone: a newer one is never overwritten."""
    return tx.execute(_PLACES[secret.kind].replaced, fresh=fresh, secret=secret.text, **secret.row) == 1
