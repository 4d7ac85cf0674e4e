"""How this X behaves without faults. Stored in the world, so that another process can change it."""

import json
import sqlite3
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

__all__ = ["SimulatorSettings", "change", "read"]

DIALECTS = ("both", "post.fields", "tweet.fields")


@dataclass(frozen=True)
class SimulatorSettings:
    """`visibility_delay` and `latency` in seconds."""

    duplicates_refused: bool = True
    """The same text of the same user within 24 hours is a 403, as on X."""
    visibility_delay: float = 0.0
    """Seconds in which a new post cannot be read or replied to."""
    latency: float = 0.0
    """Seconds before every answer."""
    rate_limits: bool = False
    """Whether X's 15-minute windows are enforced. Off, because the service obeys the headers, which are correct either
    way."""
    limit_factor: float = 1.0
    """X's limits times this, for load tests that post more in a minute than X allows in an hour."""
    token_life: float = 7200.0
    """Lifetime of a new access token in seconds; `expires_in` has whole ones."""
    dialect: str = "both"
    """Which of post.fields and tweet.fields this X knows: the other one is a 400."""


def read(db: sqlite3.Connection) -> SimulatorSettings:
    stored = {row["name"]: json.loads(row["value"]) for row in db.execute("SELECT name, value FROM setting")}
    return SimulatorSettings(**stored)


def change(db: sqlite3.Connection, changes: dict[str, Any]) -> SimulatorSettings:
    """Raises ValueError for an unknown name or an invalid value."""
    fitting: dict[str, Any] = {name: _fitting(name, value) for name, value in changes.items()}
    settings = replace(read(db), **fitting)
    for name, value in asdict(settings).items():
        db.execute("INSERT OR REPLACE INTO setting VALUES (:name, :value)", {"name": name, "value": json.dumps(value)})
    return settings


def _fitting(name: str, value: object) -> bool | float | str:
    kinds = {field.name: type(field.default) for field in fields(SimulatorSettings)}
    if name not in kinds:
        raise ValueError(f"no such setting: {name}")
    if kinds[name] is bool and isinstance(value, bool):
        return value
    if kinds[name] is str and value in DIALECTS:
        return str(value)
    if kinds[name] is float and isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    raise ValueError(f"{name} does not take {value!r}")
