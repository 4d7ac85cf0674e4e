"""The audit: one entry for each call, or command, that changed something, or that a state or X refused.

The entry is stored in the transaction of the change itself (`record`), with the status that success has: it costs no
commit of its own. `finish` corrects it where the call ended otherwise, and stores what was refused. Outside of such a
call, as in a worker, nothing is recorded.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

from twitter_manager.errors import NotFound, StorageUnavailable
from twitter_manager.storage import audit, threads, tweets
from twitter_manager.storage.audit import NewEntry
from twitter_manager.storage.database import Database, Queries, Transaction

__all__ = ["begin", "end", "finish", "is_unfinished", "note", "note_key", "of_command", "record"]

# What is wrong with an input is nobody's concern but its sender's: what the key may not do, what a state or X refuses,
# and a fault of ours are.
REFUSALS = frozenset({403, 409, 500, 502})

log = logging.getLogger("twitter_manager.services")


@dataclass(slots=True)
class _Write:
    """The call in progress, the id of its entry once that is stored, and whether it changed something without one."""

    entry: NewEntry
    entry_id: int | None = None
    changed: bool = False


_current: ContextVar[_Write | None] = ContextVar("audited_write", default=None)


def begin(entry: NewEntry) -> None:
    """A call that may change something begins in this thread; `entry.status` is that of its success."""
    _current.set(_Write(entry))


def end() -> None:
    """The call is over, however it ended."""
    _current.set(None)


@contextmanager
def of_command(name: str) -> Iterator[None]:
    """What is changed within is the command's doing."""
    begin(NewEntry(actor="command", route=name))
    try:
        yield
    finally:
        end()


def note_key(api_key_id: int | None) -> None:
    """Whose call it is."""
    write = _current.get()
    if write is not None:
        write.entry.api_key_id = api_key_id


def note(
    subject: str | None = None, subject_id: int | None = None, *, account_id: int | None = None, changed: bool = False
) -> None:
    """What the call concerns: the first subject that is named counts. `changed`: it did what it was to do, and no
    transaction of its own tells of it."""
    write = _current.get()
    if write is None:
        return
    if write.entry.subject is None:
        write.entry.subject, write.entry.subject_id = subject, subject_id
    if write.entry.account_id is None:
        write.entry.account_id = account_id
    write.changed = write.changed or changed


def record(
    tx: Transaction,
    subject: str | None = None,
    subject_id: int | None = None,
    *,
    account_id: int | None = None,
    counts: Mapping[str, int] | None = None,
) -> None:
    """To be called in the transaction of the change; in each of them, with the counts so far, where a call has several.

    There is one entry all the same.
    """
    write = _current.get()
    if write is None:
        return
    note(subject, subject_id, account_id=account_id)
    write.entry.counts = counts or write.entry.counts
    if write.entry_id is not None:
        audit.update(tx, write.entry_id, write.entry)
        return
    entry_id = audit.insert(tx, write.entry)
    tx.after_commit(partial(setattr, write, "entry_id", entry_id))


def is_unfinished(*, status: int) -> bool:
    """Whether `finish` has something to store about a call that is answered with `status`; mostly it has not."""
    write = _current.get()
    if write is None:
        return False
    if write.entry_id is not None:
        return status != write.entry.status
    return write.changed or status in REFUSALS


def finish(db: Database, *, status: int, code: str | None) -> None:
    """The call is answered with `status`, and with `code` where that is an error. Never raises."""
    write = _current.get()
    if write is None or not is_unfinished(status=status):
        return
    write.entry.status, write.entry.code = status, code
    try:
        with db.transaction(account_id=()) as tx:
            if write.entry.account_id is None:
                write.entry.account_id = _account_of(tx, write.entry)
            if write.entry_id is None:
                audit.insert(tx, write.entry)
            else:
                audit.update(tx, write.entry_id, write.entry)
    except StorageUnavailable as error:  # what was changed has its entry, with the status of its success
        log.warning("request %s is not in the audit as it ended: %s", write.entry.request_id, error.why)
    except Exception as error:
        log.error("the audit entry of request %s was not stored", write.entry.request_id, exc_info=error)


def _account_of(q: Queries, entry: NewEntry) -> int | None:
    """Whose tweet or thread was refused something."""
    with suppress(NotFound):
        match entry.subject, entry.subject_id:
            case "tweet", int(tweet_id):
                return tweets.get(q, tweet_id).twitter_account_id
            case "thread", int(thread_id):
                return threads.get(q, thread_id).account_id
    return None
