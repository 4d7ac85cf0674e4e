"""Lanes: one row per account that says when it is due and who has it.

`due_at` may be too early, never too late. Whoever makes something due calls `make_due` in the same transaction;
whoever had the lane calls `release`, which computes the due time anew.
"""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import Lane
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper, to_time
from twitter_manager.storage.statuses import SENDABLE, UNSETTLED

__all__ = [
    "MAX_UNSETTLED",
    "claim",
    "clamp_future",
    "count_unsettled",
    "end_rest",
    "end_window_rests",
    "get",
    "holds",
    "lease_account",
    "list_due_too_late",
    "list_resting_with_due",
    "make_due",
    "make_environment_due",
    "next_due",
    "oldest_overdue",
    "postpone",
    "record_x_id",
    "release",
    "release_all_of_worker",
    "renew",
    "rest",
    "set_trouble",
]

MAX_UNSETTLED = 3  # an outage of X must not make a whole queue unclear

_lane = mapper(Lane)

# When the lane's account has something to do next. A tweet may be sent unless its lane has too many unsettled ones
# or an equal one is unsettled (then a check could not tell them apart); a check may be made in any case. One that is
# still `posting` when its lane is released was lost, and is due for recovery. The shape matters: each part reads a
# few rows of one index however many tweets wait (a test checks the plan).
_NEXT_DUE = f"""
    SELECT min(due) AS due FROM (
        SELECT min(CASE status WHEN 'posting' THEN updated_at ELSE due_at END) AS due FROM tweet
        WHERE twitter_account_id = lane.account_id AND status IN {UNSETTLED}
        UNION ALL
        SELECT min(check_at) AS due FROM attempt WHERE account_id = lane.account_id AND check_at IS NOT NULL
        UNION ALL
        SELECT CASE WHEN (
            SELECT count(*) FROM tweet AS u
            WHERE u.twitter_account_id = lane.account_id
                AND (u.needs_decision = 0 OR u.error_code = 'x_cannot_be_asked')
                AND u.status IN {UNSETTLED}) < {MAX_UNSETTLED}
        THEN (
            SELECT greatest(t.due_at, coalesce(lane.rest_until, t.due_at)) FROM tweet AS t
            WHERE t.twitter_account_id = lane.account_id AND t.due_at IS NOT NULL
                AND t.status IN {SENDABLE}
                AND NOT EXISTS (
                    SELECT 1 FROM tweet AS u
                    WHERE u.twitter_account_id = t.twitter_account_id AND u.fingerprint = t.fingerprint
                        AND u.status IN {UNSETTLED})
            ORDER BY t.due_at LIMIT 1)
        END
    ) AS next
"""


def get(q: Queries, account_id: int) -> Lane:
    row = q.one("SELECT * FROM lane WHERE account_id = :account_id", account_id=account_id)
    assert row is not None  # noqa: S101  - a trigger makes it with the account
    return _lane(row)


def claim(tx: Transaction, *, lease: str, until: datetime, worker_id: str) -> Lane | None:
    """Leases the free lane of the present environment that is due first; None: there is none.

    It takes the account's turn: a lane whose account is being written to is left for the next time.
    """
    row = tx.one(
        """
        UPDATE lane SET lease = :lease, lease_until = :until, worker_id = :worker_id
        WHERE account_id = (
            SELECT account_id FROM (
                SELECT account_id FROM lane AS free
                WHERE free.mock = (SELECT CAST(value AS INTEGER) FROM service_state WHERE name = 'mock_mode')
                    AND free.due_at <= :now AND (free.lease_until IS NULL OR free.lease_until <= :now)
                    AND NOT EXISTS (
                        SELECT 1 FROM app_rest WHERE app_rest.mock = free.mock AND app_rest.probe_at > :now)
                ORDER BY free.due_at LIMIT 64) AS due
            WHERE try_lock_account(account_id) LIMIT 1)
            AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
        RETURNING *
        """,
        lease=lease,
        until=until,
        worker_id=worker_id,
        now=tx.now,
    )
    return _lane(row) if row else None


def lease_account(tx: Transaction, account_id: int, *, lease: str, until: datetime, worker_id: str) -> bool:
    """Leases the lane of this account, due or not; False while another worker has it."""
    changed = tx.execute(
        """
        UPDATE lane SET lease = :lease, lease_until = :until, worker_id = :worker_id
        WHERE account_id = :account_id AND (lease_until IS NULL OR lease_until <= :now)
        """,
        account_id=account_id,
        lease=lease,
        until=until,
        worker_id=worker_id,
        now=tx.now,
    )
    return changed == 1


def holds(q: Queries, account_id: int, lease: str, *, now: datetime) -> bool:
    row = q.one(
        "SELECT 1 AS yes FROM lane WHERE account_id = :account_id AND lease = :lease AND lease_until > :now",
        account_id=account_id,
        lease=lease,
        now=now,
    )
    return row is not None


def count_unsettled(q: Queries, account_id: int) -> int:
    """Counts the account's unsettled tweets, without those that only their owner can decide."""
    found: int = q.value(
        f"""
        SELECT count(*) FROM tweet WHERE twitter_account_id = :account_id
            AND (needs_decision = 0 OR error_code = 'x_cannot_be_asked') AND status IN {UNSETTLED}
        """,
        account_id=account_id,
    )
    return found


def renew(tx: Transaction, account_id: int, lease: str, *, until: datetime) -> bool:
    """Extends the lease; False when it was lost."""
    changed = tx.execute(
        "UPDATE lane SET lease_until = :until WHERE account_id = :account_id AND lease = :lease",
        account_id=account_id,
        lease=lease,
        until=until,
    )
    return changed == 1


def release(tx: Transaction, account_id: int, lease: str) -> datetime | None:
    """Ends the lease and computes when the lane is due again: not before now, so that other lanes go first. None:
    never."""
    tx.execute(
        """
        UPDATE lane SET lease = NULL, lease_until = NULL, worker_id = NULL
        WHERE account_id = :account_id AND lease = :lease
        """,
        account_id=account_id,
        lease=lease,
    )
    row = tx.one(
        f"""
        UPDATE lane SET due_at = (SELECT greatest(due, :now) FROM ({_NEXT_DUE}) AS soonest WHERE due IS NOT NULL)
        WHERE account_id = :account_id RETURNING *
        """,
        account_id=account_id,
        now=tx.now,
    )
    return _lane(row).due_at if row else None


def make_due(tx: Transaction, account_id: int, due_at: datetime) -> None:
    """The lane is due at `due_at` at the latest."""
    tx.execute(
        "UPDATE lane SET due_at = least(coalesce(due_at, :due_at), :due_at) WHERE account_id = :account_id",
        account_id=account_id,
        due_at=due_at,
    )


def make_environment_due(tx: Transaction, *, mock: bool) -> None:
    """Makes every lane of the environment that has anything due at any time due now."""
    tx.execute(
        """
        UPDATE lane SET due_at = :now WHERE mock = :mock AND (
            EXISTS (SELECT 1 FROM tweet WHERE tweet.twitter_account_id = lane.account_id AND tweet.due_at IS NOT NULL)
            OR EXISTS (SELECT 1 FROM attempt WHERE attempt.account_id = lane.account_id AND check_at IS NOT NULL))
        """,
        mock=mock,
        now=tx.now,
    )


def postpone(tx: Transaction, account_id: int, moment: datetime) -> None:
    """Whatever its tweets say."""
    tx.execute("UPDATE lane SET due_at = :moment WHERE account_id = :account_id", account_id=account_id, moment=moment)


def rest(tx: Transaction, account_id: int, *, until: datetime, code: str) -> None:
    """Nothing is sent from this lane before `until`."""
    tx.execute(
        """
        UPDATE lane SET rest_until = greatest(coalesce(rest_until, :until), :until),
            rest_code = CASE WHEN rest_until >= :until THEN rest_code ELSE :code END
        WHERE account_id = :account_id
        """,
        account_id=account_id,
        until=until,
        code=code,
    )


def end_rest(tx: Transaction, account_id: int) -> None:
    """The account was reconnected: its lane may send again at once, unless X named a time for posts."""
    tx.execute(
        """
        UPDATE lane SET trouble_streak = 0, due_at = :now,
            rest_until = CASE WHEN rest_code = 'rate_limited' THEN rest_until END,
            rest_code = CASE WHEN rest_code = 'rate_limited' THEN rest_code END
        WHERE account_id = :account_id
        """,
        account_id=account_id,
        now=tx.now,
    )


def end_window_rests(tx: Transaction) -> None:
    """The resets that X named are no longer valid: lanes that rest for them may send, and get a new rest if need be."""
    tx.execute(
        """
        UPDATE lane SET rest_until = NULL, rest_code = NULL, due_at = :now
        WHERE rest_code IN ('rate_limited', 'renewal_rate_limited', 'rate_limit_exceeded')
        """,
        now=tx.now,
    )


def clamp_future(tx: Transaction, *, rest: datetime, window_rest: datetime, lease: datetime) -> int:
    """The clock was set back: no rest and no lease ends later than the longest would that began now."""
    return tx.execute(
        """
        UPDATE lane SET lease_until = CASE WHEN lease_until > :lease THEN :lease ELSE lease_until END,
            rest_until = CASE WHEN rest_until > :window_rest THEN :window_rest
                WHEN rest_until > :rest AND NOT coalesce(rest_code, '') IN
                    ('rate_limited', 'renewal_rate_limited', 'rate_limit_exceeded') THEN :rest
                ELSE rest_until END
        WHERE lease_until > :lease OR rest_until > :window_rest
            OR (rest_until > :rest AND NOT coalesce(rest_code, '') IN
                ('rate_limited', 'renewal_rate_limited', 'rate_limit_exceeded'))
        """,
        rest=rest,
        window_rest=window_rest,
        lease=lease,
    )


def set_trouble(tx: Transaction, account_id: int, streak: int) -> None:
    """`streak`: how many sends in a row had no clear answer."""
    tx.execute(
        "UPDATE lane SET trouble_streak = :streak WHERE account_id = :account_id AND trouble_streak <> :streak",
        account_id=account_id,
        streak=streak,
    )


def record_x_id(tx: Transaction, account_id: int, x_id: str) -> None:
    """Stores the highest X id of the account; ids are numbers without leading zeros, so the longer one is higher."""
    tx.execute(
        """
        UPDATE lane SET newest_x_id = :x_id
        WHERE account_id = :account_id AND (newest_x_id IS NULL OR length(newest_x_id) < length(:x_id)
            OR (length(newest_x_id) = length(:x_id) AND newest_x_id < :x_id))
        """,
        account_id=account_id,
        x_id=x_id,
    )


def next_due(q: Queries) -> datetime | None:
    """When a lane of the present environment can be claimed next; None: not before something changes."""
    found = q.value(
        """
        SELECT min(greatest(lane.due_at, coalesce(lane.lease_until, lane.due_at),
            coalesce(app_rest.probe_at, lane.due_at)))
        FROM lane LEFT JOIN app_rest ON app_rest.mock = lane.mock
        WHERE lane.due_at IS NOT NULL
            AND lane.mock = (SELECT CAST(value AS INTEGER) FROM service_state WHERE name = 'mock_mode')
        """
    )
    return found and to_time(found)


def oldest_overdue(q: Queries) -> datetime | None:
    """Since when the longest waiting free lane of the present environment has been due, unless its app is paused."""
    found = q.value(
        """
        SELECT min(due_at) FROM lane
        WHERE lease IS NULL AND due_at IS NOT NULL
            AND mock = (SELECT CAST(value AS INTEGER) FROM service_state WHERE name = 'mock_mode')
            AND NOT EXISTS (SELECT 1 FROM app_rest WHERE app_rest.mock = lane.mock)
        """
    )
    return found and to_time(found)


def release_all_of_worker(tx: Transaction, worker_id: str) -> list[int]:
    """Releases every lane of a worker that is certainly dead; returns the accounts."""
    rows = tx.all(
        """
        UPDATE lane SET lease = NULL, lease_until = NULL, worker_id = NULL, due_at = :now
        WHERE worker_id = :worker_id
        RETURNING account_id
        """,
        worker_id=worker_id,
        now=tx.now,
    )
    return [row["account_id"] for row in rows]


def list_resting_with_due(q: Queries, *, now: datetime) -> Sequence[Lane]:
    """Free lanes that rest and have tweets that became due meanwhile and are not held yet."""
    rows = q.all(
        """
        SELECT * FROM lane WHERE rest_until > :now AND lease IS NULL AND EXISTS (
            SELECT 1 FROM tweet WHERE tweet.twitter_account_id = lane.account_id AND tweet.due_at <= :now
                AND tweet.status IN ('pending', 'scheduled'))
        """,
        now=now,
    )
    return [_lane(row) for row in rows]


def list_due_too_late(q: Queries, *, now: datetime) -> list[int]:
    """Accounts whose free lane would be due too late: there should never be one."""
    rows = q.all(
        f"""
        SELECT account_id FROM (
            SELECT account_id, due_at, ({_NEXT_DUE}) AS right_due_at FROM lane WHERE lease IS NULL) AS free
        WHERE right_due_at IS NOT NULL AND (due_at IS NULL OR (due_at > right_due_at AND due_at > :now))
        """,
        now=now,
    )
    return [row["account_id"] for row in rows]
