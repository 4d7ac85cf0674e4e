"""Facts about the whole service: which environment is on, and the canary that verifies ENCRYPTION_KEY."""

from dataclasses import dataclass
from datetime import datetime

from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import from_text, to_text

__all__ = [
    "CANARY",
    "Switch",
    "delete",
    "find",
    "last_switch",
    "mock_mode",
    "put",
    "replace",
    "set_mock_mode",
    "switch_mock_mode",
]

CANARY = "encryption_canary"
_MOCK_MODE = "mock_mode"
_SWITCHED, _SWITCHED_AT = "mock_mode_switched", "mock_mode_switched_at"


@dataclass(frozen=True, slots=True)
class Switch:
    """A person's last choice of mock mode, kept for the next start. `at`: earlier versions did not keep it."""

    on: bool
    at: datetime | None


def find(q: Queries, name: str) -> str | None:
    found: str | None = q.value("SELECT value FROM service_state WHERE name = :name", name=name)
    return found


def put(tx: Transaction, name: str, value: str) -> None:
    tx.execute(
        """
        INSERT INTO service_state (name, value) VALUES (:name, :value)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
        """,
        name=name,
        value=value,
    )


def replace(tx: Transaction, name: str, found: str | None, value: str) -> bool:
    """Compare-and-set; `found` None: there was no row. False when another process was faster."""
    if found is None:
        changed = tx.execute(
            "INSERT INTO service_state (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING",
            name=name,
            value=value,
        )
    else:
        changed = tx.execute(
            "UPDATE service_state SET value = :value WHERE name = :name AND value = :found",
            name=name,
            value=value,
            found=found,
        )
    return changed == 1


def delete(tx: Transaction, name: str) -> None:
    tx.execute("DELETE FROM service_state WHERE name = :name", name=name)


def mock_mode(q: Queries) -> bool:
    """Whether the simulated environment is on (in every process, at once)."""
    return find(q, _MOCK_MODE) == "1"


def set_mock_mode(tx: Transaction, enabled: bool) -> None:
    put(tx, _MOCK_MODE, "1" if enabled else "0")


def switch_mock_mode(tx: Transaction, enabled: bool) -> None:
    """Sets it as a person's choice, which is valid at the next start, too."""
    set_mock_mode(tx, enabled)
    put(tx, _SWITCHED, "1" if enabled else "0")
    put(tx, _SWITCHED_AT, to_text(tx.now))


def last_switch(q: Queries) -> Switch | None:
    value, at = find(q, _SWITCHED), find(q, _SWITCHED_AT)
    return None if value is None else Switch(value == "1", from_text(at) if at else None)
