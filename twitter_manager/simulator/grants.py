"""Who may act for whom: apps, authorization codes, access and refresh tokens (RFC 6749)."""

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.simulator import settings
from twitter_manager.timestamps import later, to_text

__all__ = [
    "Code",
    "Consent",
    "Tokens",
    "client_secret",
    "consume_code",
    "delete_clients",
    "disconnect",
    "expire_access_tokens",
    "find_code",
    "has_clients",
    "holder",
    "insert_code",
    "is_registered_callback",
    "issue_tokens",
    "kill_token",
    "list_secrets",
    "new_consent",
    "register_callback",
    "register_client",
    "remember_secret",
    "revoke",
]

CODE_S = 30


@dataclass(frozen=True)
class Code:
    value: str
    client_id: str
    user_id: str
    redirect_uri: str
    scope: str
    challenge: str
    method: str


@dataclass(frozen=True)
class Consent:
    """A user's grant to an app."""

    id: int
    client_id: str
    user_id: str
    scope: str

    def allows(self, scopes: frozenset[str]) -> bool:
        return scopes <= set(self.scope.split())


@dataclass(frozen=True)
class Tokens:
    """Without the scope offline.access there is no refresh token."""

    access_token: str
    refresh_token: str | None
    scope: str
    expires_in: int


def register_client(db: sqlite3.Connection, client_id: str, secret: str | None) -> None:
    """From then on unknown apps are refused. Without a secret it is a public client."""
    db.execute("INSERT OR REPLACE INTO client VALUES (:id, :secret)", {"id": client_id, "secret": secret})
    if secret:
        remember_secret(db, secret)


def delete_clients(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM client")


def register_callback(db: sqlite3.Connection, uri: str) -> None:
    db.execute("INSERT OR IGNORE INTO callback VALUES (:uri)", {"uri": uri})


def is_registered_callback(db: sqlite3.Connection, uri: str) -> bool:
    return db.execute("SELECT 1 FROM callback WHERE uri = :uri", {"uri": uri}).fetchone() is not None


def has_clients(db: sqlite3.Connection) -> bool:
    """If no app is registered, any client_id is accepted."""
    return db.execute("SELECT 1 FROM client LIMIT 1").fetchone() is not None


def client_secret(db: sqlite3.Connection, client_id: str) -> str | None:
    """The secret of a confidential client, None for a public one. Raises LookupError when it is not registered."""
    row = db.execute("SELECT secret FROM client WHERE id = :id", {"id": client_id}).fetchone()
    if row is None:
        raise LookupError("no such client")
    return None if row["secret"] is None else str(row["secret"])


def insert_code(
    db: sqlite3.Connection,
    *,
    client_id: str,
    user_id: str,
    redirect_uri: str,
    scope: str,
    challenge: str,
    method: str,
    now: datetime,
) -> str:
    """It expires after 30 seconds."""
    value = secrets.token_urlsafe(64)
    db.execute(
        "INSERT INTO code (value, client_id, user_id, redirect_uri, scope, challenge, method, expires_at) VALUES"
        " (:value, :client_id, :user_id, :redirect_uri, :scope, :challenge, :method, :expires_at)",
        {
            "value": value,
            "client_id": client_id,
            "user_id": int(user_id),
            "redirect_uri": redirect_uri,
            "scope": scope,
            "challenge": challenge,
            "method": method,
            "expires_at": to_text(later(now, CODE_S)),
        },
    )
    remember_secret(db, value)
    return value


def find_code(db: sqlite3.Connection, value: str, *, now: datetime) -> Code | None:
    """None unless it is still valid."""
    row = db.execute(
        "SELECT * FROM code WHERE value = :value AND NOT spent AND expires_at > :now",
        {"value": value, "now": to_text(now)},
    ).fetchone()
    if row is None:
        return None
    return Code(
        value=row["value"],
        client_id=row["client_id"],
        user_id=str(row["user_id"]),
        redirect_uri=row["redirect_uri"],
        scope=row["scope"],
        challenge=row["challenge"],
        method=row["method"],
    )


def consume_code(db: sqlite3.Connection, value: str) -> None:
    db.execute("UPDATE code SET spent = 1 WHERE value = :value", {"value": value})


def new_consent(db: sqlite3.Connection, *, client_id: str, user_id: str, scope: str) -> Consent:
    row = db.execute(
        "INSERT INTO consent (client_id, user_id, scope) VALUES (:client_id, :user_id, :scope) RETURNING id",
        {"client_id": client_id, "user_id": int(user_id), "scope": scope},
    ).fetchone()
    return Consent(row["id"], client_id, user_id, scope)


def issue_tokens(db: sqlite3.Connection, consent: Consent, *, now: datetime) -> Tokens:
    """A new access token and, with offline.access, a new refresh token. Earlier ones stay valid."""
    life = settings.read(db).token_life
    access = secrets.token_urlsafe(60)
    refresh = secrets.token_urlsafe(60) if "offline.access" in consent.scope.split() else None
    _insert_token(db, access, kind="access", consent=consent, expires_at=to_text(later(now, life)))
    if refresh:
        _insert_token(db, refresh, kind="refresh", consent=consent, expires_at=None)
    return Tokens(access, refresh, consent.scope, int(life))


def _insert_token(db: sqlite3.Connection, value: str, *, kind: str, consent: Consent, expires_at: str | None) -> None:
    db.execute(
        "INSERT INTO token (value, kind, consent_id, expires_at) VALUES (:value, :kind, :consent, :expires_at)",
        {"value": value, "kind": kind, "consent": consent.id, "expires_at": expires_at},
    )
    remember_secret(db, value)


def holder(db: sqlite3.Connection, token: str, *, kind: str, now: datetime) -> Consent | None:
    """None unless the token is still valid."""
    row = db.execute(
        "SELECT consent.id, client_id, user_id, scope FROM token JOIN consent ON consent.id = consent_id"
        " WHERE value = :token AND kind = :kind AND NOT dead AND NOT revoked"
        " AND (expires_at IS NULL OR expires_at > :now)",
        {"token": token, "kind": kind, "now": to_text(now)},
    ).fetchone()
    return Consent(row["id"], row["client_id"], str(row["user_id"]), row["scope"]) if row else None


def kill_token(db: sqlite3.Connection, token: str) -> None:
    db.execute("UPDATE token SET dead = 1 WHERE value = :token", {"token": token})


def revoke(db: sqlite3.Connection, token: str) -> None:
    """RFC 7009: a refresh token takes the whole grant with it, an access token only itself."""
    kill_token(db, token)
    db.execute(
        "UPDATE consent SET revoked = 1"
        " WHERE id = (SELECT consent_id FROM token WHERE value = :token AND kind = 'refresh')",
        {"token": token},
    )


def disconnect(db: sqlite3.Connection, user_id: str) -> None:
    """The user revokes every app's access, as on x.com/settings/connected_apps."""
    db.execute("UPDATE consent SET revoked = 1 WHERE user_id = :user", {"user": int(user_id)})


def expire_access_tokens(db: sqlite3.Connection, *, now: datetime) -> int:
    """Returns how many were valid."""
    changed = db.execute(
        "UPDATE token SET expires_at = :now WHERE kind = 'access' AND NOT dead AND expires_at > :now",
        {"now": to_text(now)},
    )
    return changed.rowcount


def remember_secret(db: sqlite3.Connection, value: str) -> None:
    """Tests check that it is in no log."""
    db.execute("INSERT OR IGNORE INTO secret VALUES (:value)", {"value": value})


def list_secrets(db: sqlite3.Connection) -> set[str]:
    """Every secret that this X ever issued or received."""
    return {row["value"] for row in db.execute("SELECT value FROM secret")}
