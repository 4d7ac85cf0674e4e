"""When X refuses the whole app: one row per world while that lasts; one probing call at a time."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import AppRest
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["claim_probe", "delete", "find", "give_back_probe", "list_all", "put"]

_rest = mapper(AppRest)


def find(q: Queries, *, mock: bool) -> AppRest | None:
    """The rest of this world's app, if X refuses it."""
    row = q.one("SELECT * FROM app_rest WHERE mock = :mock", mock=mock)
    return _rest(row) if row else None


def list_all(q: Queries) -> Sequence[AppRest]:
    """Every rest."""
    return [_rest(row) for row in q.all("SELECT * FROM app_rest ORDER BY mock")]


def put(tx: Transaction, *, mock: bool, code: str, probe_at: datetime, twitter_error: str) -> None:
    """The app rests (on): the next call to try is at `probe_at`."""
    tx.execute(
        """
        INSERT INTO app_rest (mock, code, since, probe_at, probes, twitter_error)
        VALUES (:mock, :code, :now, :probe_at, 0, :twitter_error)
        ON CONFLICT (mock) DO UPDATE SET code = excluded.code, probe_at = excluded.probe_at,
            probes = app_rest.probes + 1, twitter_error = excluded.twitter_error
        """,
        mock=mock,
        code=code,
        probe_at=probe_at,
        twitter_error=twitter_error,
        now=tx.now,
    )


def claim_probe(tx: Transaction, *, mock: bool, until: datetime) -> bool:
    """Takes the one probing call; nobody else may try before `until`."""
    changed = tx.execute(
        "UPDATE app_rest SET probe_at = :until WHERE mock = :mock AND probe_at <= :now",
        mock=mock,
        until=until,
        now=tx.now,
    )
    return changed == 1


def give_back_probe(tx: Transaction, *, mock: bool) -> None:
    """The probing call said nothing about the app: another one may try at once."""
    tx.execute("UPDATE app_rest SET probe_at = :now WHERE mock = :mock", mock=mock, now=tx.now)


def delete(tx: Transaction, *, mock: bool) -> bool:
    """X takes the app's calls again; False when it did not rest."""
    return tx.execute("DELETE FROM app_rest WHERE mock = :mock", mock=mock) == 1
