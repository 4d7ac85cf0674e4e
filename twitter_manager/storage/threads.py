"""Threads: tweets that answer each other. A part is made due when the previous part is at X."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager import models
from twitter_manager.errors import NotFound
from twitter_manager.models import Thread, Tweet, TweetOfAccount
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.storage.statuses import QUEUED, SENDABLE, UNSETTLED
from twitter_manager.storage.tweets import OF_ACCOUNT, of_account

__all__ = [
    "begin_deleting",
    "cancel_unsent",
    "chain",
    "close_gap",
    "delete",
    "end_deleting",
    "get",
    "insert",
    "is_being_answered",
    "is_stopped",
    "list_parts",
    "reschedule",
    "resume",
    "stop",
]

_thread = mapper(Thread)


def insert(tx: Transaction, *, account_id: int) -> Thread:
    row = tx.insert(
        "INSERT INTO thread (account_id, created_at) VALUES (:account_id, :now) RETURNING *",
        account_id=account_id,
        now=tx.now,
    )
    return _thread(row)


def get(q: Queries, thread_id: int) -> Thread:
    """Raises NotFound."""
    row = q.one("SELECT * FROM thread WHERE id = :id", id=thread_id)
    if row is None:
        raise NotFound("thread_not_found")
    return _thread(row)


def list_parts(q: Queries, thread_id: int) -> Sequence[TweetOfAccount]:
    """In the order of their positions."""
    rows = q.all(
        f"""
        SELECT {OF_ACCOUNT} FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        WHERE tweet.thread_id = :thread_id ORDER BY tweet.position
        """,
        thread_id=thread_id,
    )
    return [of_account(row) for row in rows]


# The first part that is not at X, and the post that it answers: the previous part, if that still exists.
_NEXT = "(SELECT id FROM tweet WHERE thread_id = :thread_id AND status <> 'posted' ORDER BY position LIMIT 1)"
_PREVIOUS = """
    (SELECT previous.twitter_id FROM tweet AS previous
    WHERE previous.thread_id = tweet.thread_id AND previous.position < tweet.position
    ORDER BY previous.position DESC LIMIT 1)
"""


def chain(tx: Transaction, thread_id: int) -> bool:
    """Makes the next part due now, as a reply to the previous one, which is at X; False: none waits for that."""
    changed = tx.execute(
        f"""
        UPDATE tweet SET reply_to = coalesce({_PREVIOUS}, reply_to), due_at = :now, updated_at = :now
        WHERE id = {_NEXT} AND position > 1 AND status IN {QUEUED} AND due_at IS NULL
            AND coalesce({_PREVIOUS}, reply_to) IS NOT NULL
        """,
        thread_id=thread_id,
        now=tx.now,
    )
    return changed == 1


def resume(tx: Transaction, thread_id: int) -> bool:
    """Makes the part at which the thread stopped due now, whatever its time was, as a reply to the last one that is
    at X; False when it did not stop: nothing is left, or the next part is on its way. Parts that were canceled together
    with the thread follow it; those that their owner canceled alone stay canceled."""
    tx.execute(
        """
        UPDATE tweet SET status = 'pending', scheduled_at = NULL, error_code = NULL, updated_at = :now
        WHERE thread_id = :thread_id AND status = 'canceled' AND (error_code = 'too_late'
            OR EXISTS (SELECT 1 FROM thread WHERE thread.id = :thread_id AND stopped_at IS NOT NULL))
        """,
        thread_id=thread_id,
        now=tx.now,
    )
    changed = tx.execute(
        f"""
        UPDATE tweet SET reply_to = coalesce({_PREVIOUS}, reply_to), due_at = :now, status = 'pending',
            scheduled_at = NULL, error_code = NULL, twitter_error = NULL, updated_at = :now
        WHERE id = {_NEXT} AND (status IN ('failed', 'canceled', 'draft', 'held')
            OR (status IN {QUEUED} AND due_at IS NULL))
        """,
        thread_id=thread_id,
        now=tx.now,
    )
    tx.execute("UPDATE thread SET stopped_at = NULL WHERE id = :id AND stopped_at IS NOT NULL", id=thread_id)
    return changed == 1


def reschedule(tx: Transaction, thread_id: int, scheduled_at: datetime) -> None:
    """The thread's first part has another time, and so have the parts that wait for it."""
    tx.execute(
        f"""
        UPDATE tweet SET scheduled_at = :scheduled_at, status = 'scheduled', updated_at = :now
        WHERE thread_id = :thread_id AND position > 1 AND status IN {QUEUED} AND due_at IS NULL
        """,
        thread_id=thread_id,
        scheduled_at=scheduled_at,
        now=tx.now,
    )


def close_gap(tx: Transaction, gone: Tweet, *, taken_down: bool) -> None:
    """A part's row was deleted, its post at X too if `taken_down`: the next part, if it is not out, gets its position
    and time, and replies to what is still there."""
    parent = gone.reply_to if gone.twitter_id is None or taken_down else gone.twitter_id
    on_its_way = gone.status in models.SENDABLE
    held = gone.status == "held"
    tx.execute(
        f"""
        UPDATE tweet SET position = :position, updated_at = :now,
            reply_to = CASE WHEN reply_to IS NULL OR reply_to = :twitter_id THEN :parent ELSE reply_to END,
            scheduled_at = CASE WHEN :posted = 1 THEN scheduled_at ELSE :scheduled_at END,
            status = CASE WHEN :posted = 1 OR status NOT IN {QUEUED} THEN status
                WHEN :held = 1 THEN 'held' WHEN :is_scheduled = 1 THEN 'scheduled' ELSE 'pending' END,
            error_code = CASE WHEN :held = 1 AND status IN {QUEUED} THEN :error_code ELSE error_code END,
            due_at = CASE WHEN status IN {QUEUED} THEN coalesce(due_at, :due_at) ELSE due_at END
        WHERE id = (
            SELECT id FROM tweet WHERE thread_id = :thread_id AND position > :position ORDER BY position LIMIT 1)
            AND (status IN {SENDABLE} OR status IN ('failed', 'canceled'))
        """,
        thread_id=gone.thread_id,
        position=gone.position,
        twitter_id=gone.twitter_id,
        parent=parent,
        posted=gone.twitter_id is not None,
        held=held,
        error_code=gone.error_code,
        scheduled_at=gone.scheduled_at,
        is_scheduled=gone.scheduled_at is not None,
        due_at=gone.due_at if on_its_way else None,
        now=tx.now,
    )


def is_being_answered(q: Queries, part: Tweet) -> bool:
    """Whether X may have the next part, a reply to this one's post, at this moment."""
    row = q.one(
        f"""
        SELECT 1 AS yes FROM tweet
        WHERE thread_id = :thread_id AND reply_to = :twitter_id AND status IN {UNSETTLED}
        """,
        thread_id=part.thread_id,
        twitter_id=part.twitter_id,
    )
    return row is not None


def stop(tx: Transaction, thread_id: int) -> None:
    """No further part goes out; also not one that is on its way and turns out not to be at X."""
    tx.execute("UPDATE thread SET stopped_at = :now WHERE id = :id", id=thread_id, now=tx.now)
    cancel_unsent(tx, thread_id, error_code=None)


def is_stopped(q: Queries, thread_id: int) -> bool:
    """Whether its owner is taking it down."""
    return q.one("SELECT 1 AS yes FROM thread WHERE id = :id AND stopped_at IS NOT NULL", id=thread_id) is not None


def cancel_unsent(tx: Transaction, thread_id: int, *, error_code: str | None) -> None:
    tx.execute(
        f"""
        UPDATE tweet SET status = 'canceled', due_at = NULL, post_now = 0, error_code = :error_code, updated_at = :now
        WHERE thread_id = :thread_id AND status IN {SENDABLE}
        """,
        thread_id=thread_id,
        error_code=error_code,
        now=tx.now,
    )


def begin_deleting(tx: Transaction, thread_id: int, *, until: datetime) -> bool:
    """Nobody resumes it before `until`, while its posts are deleted at X; False when it is not stopped any more."""
    changed = tx.execute(
        "UPDATE thread SET deleting_until = :until WHERE id = :id AND stopped_at IS NOT NULL",
        id=thread_id,
        until=until,
    )
    return changed == 1


def end_deleting(tx: Transaction, thread_id: int) -> None:
    """What was not deleted at X may be resumed."""
    tx.execute("UPDATE thread SET deleting_until = NULL WHERE id = :id", id=thread_id)


def delete(tx: Transaction, thread_id: int, *, keep_posts: bool) -> bool:
    """Deletes the thread with its parts; False when it is gone, was resumed, or X may have one of its parts at this
    moment, or has one, unless posts at X are to stay there (`keep_posts`)."""
    changed = tx.execute(
        f"""
        DELETE FROM thread WHERE id = :id AND stopped_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM tweet WHERE thread_id = :id
                AND (status IN {UNSETTLED} OR (:keep_posts = 0 AND twitter_id IS NOT NULL)))
        """,
        id=thread_id,
        keep_posts=keep_posts,
    )
    return changed == 1
