"""Accounts' weekly slots, and which of their times have a tweet."""

from datetime import datetime

from twitter_manager.models import SlotWeek
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper, to_time
from twitter_manager.storage.statuses import NO_DUPLICATE

__all__ = ["find", "list_taken", "replace"]

_slot_week = mapper(SlotWeek)


def find(q: Queries, account_id: int) -> SlotWeek | None:
    row = q.one("SELECT * FROM slot_week WHERE account_id = :account_id", account_id=account_id)
    return _slot_week(row) if row else None


def replace(tx: Transaction, account_id: int, *, timezone: str, slots: str) -> SlotWeek:
    """`slots`: JSON, see models.SlotWeek."""
    row = tx.insert(
        """
        INSERT INTO slot_week (account_id, timezone, slots, updated_at) VALUES (:account_id, :timezone, :slots, :now)
        ON CONFLICT (account_id) DO UPDATE SET
            timezone = excluded.timezone, slots = excluded.slots, updated_at = excluded.updated_at
        RETURNING *
        """,
        account_id=account_id,
        timezone=timezone,
        slots=slots,
        now=tx.now,
    )
    return _slot_week(row)


def list_taken(q: Queries, account_id: int, *, since: datetime, until: datetime, but: int = 0) -> set[datetime]:
    """The times, both ends included, at which a tweet of the account, except the one with the id `but`, goes out or
    went out; a thread counts once, by its first part."""
    rows = q.all(
        f"""
        SELECT DISTINCT scheduled_at FROM tweet
        WHERE twitter_account_id = :account_id AND scheduled_at BETWEEN :since AND :until
            AND status NOT IN {NO_DUPLICATE} AND coalesce(position, 1) = 1 AND id <> :but
        """,
        account_id=account_id,
        since=since,
        until=until,
        but=but,
    )
    return {to_time(row["scheduled_at"]) for row in rows}
