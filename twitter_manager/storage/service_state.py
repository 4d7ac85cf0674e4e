"""Facts about the whole service: which world is on, and the canary that knows the right ENCRYPTION_KEY."""

from twitter_manager.storage.database import Queries, Transaction

__all__ = ["CANARY", "SWITCHED", "find", "mock_mode", "put", "set_mock_mode"]

CANARY = "encryption_canary"
SWITCHED = "mock_mode_switched"  # the last word of a person on mock mode, kept for the next start
_MOCK_MODE = "mock_mode"


def find(q: Queries, name: str) -> str | None:
    """The value under `name`."""
    found: str | None = q.value("SELECT value FROM service_state WHERE name = :name", name=name)
    return found


def put(tx: Transaction, name: str, value: str) -> None:
    """Sets the value under `name`."""
    tx.execute(
        """
        INSERT INTO service_state (name, value) VALUES (:name, :value)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
        """,
        name=name,
        value=value,
    )


def mock_mode(q: Queries) -> bool:
    """Whether the simulated world is on (in every process, at once)."""
    return find(q, _MOCK_MODE) == "1"


def set_mock_mode(tx: Transaction, enabled: bool) -> None:
    """Switches between the simulated and the real world."""
    put(tx, _MOCK_MODE, "1" if enabled else "0")
