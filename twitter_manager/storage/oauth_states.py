"""Connections that were begun: a state is valid once and for ten minutes, and says that long which account it led
to."""

from datetime import datetime

from twitter_manager.models import OAuthState
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["consume", "delete", "delete_older_than", "find", "insert", "record_connected"]

_state = mapper(OAuthState)


def insert(
    tx: Transaction,
    *,
    state: str,
    code_verifier: str,
    redirect_uri: str,
    mock: bool,
    api_key_id: int | None,
    account_id: int | None = None,
    created_at: datetime | None = None,
) -> None:
    """`created_at`: by default now; `code_verifier` is encrypted."""
    tx.execute(
        """
        INSERT INTO oauth_state (state, code_verifier, redirect_uri, mock, api_key_id, account_id, created_at)
        VALUES (:state, :code_verifier, :redirect_uri, :mock, :api_key_id, :account_id, :created_at)
        """,
        state=state,
        code_verifier=code_verifier,
        redirect_uri=redirect_uri,
        mock=mock,
        api_key_id=api_key_id,
        account_id=account_id,
        created_at=created_at or tx.now,
    )


def consume(tx: Transaction, state: str, *, code_hash: str | None) -> OAuthState | None:
    """Marks the state as used, whatever follows; None when it does not exist or was used before."""
    row = tx.one(
        """
        UPDATE oauth_state SET used_at = :now, code_hash = :code_hash
        WHERE state = :state AND used_at IS NULL
        RETURNING *
        """,
        state=state,
        code_hash=code_hash,
        now=tx.now,
    )
    return _state(row) if row else None


def find(q: Queries, state: str) -> OAuthState | None:
    """Used or not; None when it led to nothing or was deleted."""
    row = q.one("SELECT * FROM oauth_state WHERE state = :state", state=state)
    return _state(row) if row else None


def record_connected(tx: Transaction, state: str, account_id: int) -> None:
    tx.execute(
        "UPDATE oauth_state SET connected_account_id = :account_id WHERE state = :state",
        state=state,
        account_id=account_id,
    )


def delete(tx: Transaction, state: str) -> None:
    """The connection led to nothing."""
    tx.execute("DELETE FROM oauth_state WHERE state = :state", state=state)


def delete_older_than(tx: Transaction, moment: datetime, *, limit: int) -> int:
    """Deletes up to `limit` connections that were begun before `moment`; returns how many."""
    return tx.execute(
        """
        DELETE FROM oauth_state WHERE state IN (
            SELECT state FROM oauth_state WHERE created_at < :moment ORDER BY created_at LIMIT :limit)
        """,
        moment=moment,
        limit=limit,
    )
