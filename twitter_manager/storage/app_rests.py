"""When X refuses the whole app: one row per environment while that lasts; one probing call at a time."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import AppRest
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["claim_probe", "clamp_future", "delete", "find", "list_all", "put", "release_probe"]

_rest = mapper(AppRest)


def find(q: Queries, *, mock: bool) -> AppRest | None:
    row = q.one("SELECT * FROM app_rest WHERE mock = :mock", mock=mock)
    return _rest(row) if row else None


def list_all(q: Queries) -> Sequence[AppRest]:
    return [_rest(row) for row in q.all("SELECT * FROM app_rest ORDER BY mock")]


def put(tx: Transaction, *, mock: bool, code: str, probe_at: datetime, twitter_error: str) -> None:
    """The app's pause begins or goes on: the next call to try is at `probe_at`."""
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
    """Leases the one probing call; nobody else may try before `until`."""
    changed = tx.execute(
        "UPDATE app_rest SET probe_at = :until WHERE mock = :mock AND probe_at <= :now",
        mock=mock,
        until=until,
        now=tx.now,
    )
    return changed == 1


def release_probe(tx: Transaction, *, mock: bool) -> None:
    """The probing call said nothing about the app: another one may try at once."""
    tx.execute("UPDATE app_rest SET probe_at = :now WHERE mock = :mock", mock=mock, now=tx.now)


def clamp_future(tx: Transaction, *, until: datetime) -> int:
    """The clock was set back: the pause began now at the latest, and the next probe is at `until` at the latest."""
    return tx.execute(
        """
        UPDATE app_rest SET since = least(since, :now), probe_at = least(probe_at, :until)
        WHERE since > :now OR probe_at > :until
        """,
        until=until,
        now=tx.now,
    )


def delete(tx: Transaction, *, mock: bool) -> bool:
    """X accepts the app's calls again; False when there was no pause."""
    return tx.execute("DELETE FROM app_rest WHERE mock = :mock", mock=mock) == 1
