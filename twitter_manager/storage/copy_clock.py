"""Copies on a clock: when the next one is due, whose turn it is, and how the last one ended. A row of service_state."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from twitter_manager.storage import service_state
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import from_text, to_text

__all__ = ["CopyClock", "delete", "find", "replace"]

_NAME = "copy_clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyClock:
    """`installation`: in the names of its copies, so that it deletes no others. `failed_at`, `why`: the last one."""

    installation: str
    next_at: datetime
    last_at: datetime | None = None
    failed_at: datetime | None = None
    why: str | None = None


def find(q: Queries) -> CopyClock | None:
    text = service_state.find(q, _NAME)
    if text is None:
        return None
    kept = json.loads(text)
    times = {name: value and from_text(value) for name, value in kept.items() if name.endswith("_at")}
    return CopyClock(**(kept | times))


def replace(tx: Transaction, found: CopyClock | None, new: CopyClock) -> bool:
    """False when another process was faster."""
    return service_state.replace(tx, _NAME, None if found is None else _to_text(found), _to_text(new))


def delete(tx: Transaction) -> None:
    service_state.delete(tx, _NAME)


def _to_text(clock: CopyClock) -> str:
    values = {name: to_text(value) if isinstance(value, datetime) else value for name, value in asdict(clock).items()}
    return json.dumps(values)
