"""Connections that were begun: a state serves once and for ten minutes."""

from datetime import datetime

from twitter_manager.models import OAuthState
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["consume", "delete_all", "delete_older_than", "find", "insert"]

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
) -> None:
    """Keeps a connection that begins now; `code_verifier` is encrypted."""
    tx.execute(
        """
        INSERT INTO oauth_state (state, code_verifier, redirect_uri, mock, api_key_id, account_id, created_at)
        VALUES (:state, :code_verifier, :redirect_uri, :mock, :api_key_id, :account_id, :now)
        """,
        state=state,
        code_verifier=code_verifier,
        redirect_uri=redirect_uri,
        mock=mock,
        api_key_id=api_key_id,
        account_id=account_id,
        now=tx.now,
    )


def consume(tx: Transaction, state: str) -> OAuthState | None:
    """Takes the state away, whatever comes after; None when it is not there (any more)."""
    row = tx.one("DELETE FROM oauth_state WHERE state = :state RETURNING *", state=state)
    return _state(row) if row else None


def find(q: Queries, state: str) -> OAuthState | None:
    """The connection that was begun under `state`, if it has not been used yet."""
    row = q.one("SELECT * FROM oauth_state WHERE state = :state", state=state)
    return _state(row) if row else None


def delete_all(tx: Transaction) -> None:
    """Forgets every connection that was begun."""
    tx.execute("DELETE FROM oauth_state")


def delete_older_than(tx: Transaction, moment: datetime) -> int:
    """Forgets the connections begun before `moment`; returns how many."""
    return tx.execute("DELETE FROM oauth_state WHERE created_at < :moment", moment=moment)
