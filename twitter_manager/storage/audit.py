"""The audit: who changed what, kept for 90 days. What it names may be gone by then."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from twitter_manager.models import AuditEntry
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["AuditFilter", "NewEntry", "delete_older_than", "insert", "list_page", "update"]

_entry = mapper(AuditEntry)
_EVER, _NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class NewEntry:
    """What is known of a write so far. `counts`: how many of what, where one call changes several."""

    actor: str
    route: str
    method: str | None = None
    request_id: str | None = None
    api_key_id: int | None = None
    account_id: int | None = None
    subject: str | None = None
    subject_id: int | None = None
    counts: Mapping[str, int] | None = None
    status: int | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries a list shows; None: whichever. `before`: the id of an entry; only those after it in the list."""

    api_key_id: int | None = None
    account_id: int | None = None
    since: datetime | None = None
    before: int | None = None


def insert(tx: Transaction, entry: NewEntry) -> int:
    """Returns its id."""
    found: int = tx.value(
        """
        INSERT INTO audit (created_at, actor, api_key_id, request_id, method, route, account_id, subject, subject_id,
            counts, status, code)
        VALUES (:now, :actor, :api_key_id, :request_id, :method, :route, :account_id, :subject, :subject_id,
            :counts, :status, :code)
        RETURNING id
        """,
        actor=entry.actor,
        api_key_id=entry.api_key_id,
        request_id=entry.request_id,
        method=entry.method,
        route=entry.route,
        account_id=entry.account_id,
        subject=entry.subject,
        subject_id=entry.subject_id,
        counts=_json(entry.counts),
        status=entry.status,
        code=entry.code,
        now=tx.now,
    )
    return found


def update(tx: Transaction, entry_id: int, entry: NewEntry) -> None:
    """Stores what became known since it was inserted."""
    tx.execute(
        """
        UPDATE audit SET api_key_id = :api_key_id, account_id = :account_id, subject = :subject,
            subject_id = :subject_id, counts = :counts, status = :status, code = :code
        WHERE id = :id
        """,
        id=entry_id,
        api_key_id=entry.api_key_id,
        account_id=entry.account_id,
        subject=entry.subject,
        subject_id=entry.subject_id,
        counts=_json(entry.counts),
        status=entry.status,
        code=entry.code,
    )


_PAGE = """
    created_at >= :since AND (created_at, id) < (:until, :before) ORDER BY created_at DESC, id DESC LIMIT :limit
"""


def list_page(q: Queries, which: AuditFilter, *, limit: int) -> Sequence[AuditEntry]:
    """Up to `limit` entries, newest first, equally fast at any depth."""
    until = _NEVER if which.before is None else _created_at(q, which.before)
    if until is None:
        return []  # what comes after it is older, and pruned as it was
    rows = q.all(
        _statement(which),
        api_key_id=which.api_key_id,
        account_id=which.account_id,
        since=which.since or _EVER,
        until=until,
        before=which.before or 0,
        limit=limit,
    )
    return [_entry(row) for row in rows]


def _statement(which: AuditFilter) -> str:
    match which.api_key_id is not None, which.account_id is not None:
        case True, True:
            return f"SELECT * FROM audit WHERE api_key_id = :api_key_id AND account_id = :account_id AND {_PAGE}"
        case True, False:
            return f"SELECT * FROM audit WHERE api_key_id = :api_key_id AND {_PAGE}"
        case False, True:
            return f"SELECT * FROM audit WHERE account_id = :account_id AND {_PAGE}"
        case _:
            return f"SELECT * FROM audit WHERE {_PAGE}"


def _created_at(q: Queries, entry_id: int) -> datetime | None:
    row = q.one("SELECT * FROM audit WHERE id = :id", id=entry_id)
    return _entry(row).created_at if row else None


def delete_older_than(tx: Transaction, moment: datetime, *, limit: int) -> int:
    """Deletes up to `limit` entries from before `moment`, the oldest first; returns how many."""
    return tx.execute(
        """
        DELETE FROM audit WHERE id IN (
            SELECT id FROM audit WHERE created_at < :moment ORDER BY created_at, id LIMIT :limit)
        """,
        moment=moment,
        limit=limit,
    )


def _json(counts: Mapping[str, int] | None) -> str | None:
    return None if counts is None else json.dumps(counts)
