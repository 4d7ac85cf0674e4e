"""A check of the doctor: what was found, and what to do about it."""

from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["Check", "State", "fail", "ok", "warn"]

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """`text` and `remedy` are for a person and hold no secret."""

    name: str
    state: State
    text: str
    remedy: str | None = None

    def to_json(self) -> dict[str, str | None]:
        return asdict(self)


def ok(name: str, text: str) -> Check:
    return Check(name, "ok", text)


def warn(name: str, text: str, remedy: str) -> Check:
    """The service works, but its owner should know."""
    return Check(name, "warn", text, remedy)


def fail(name: str, text: str, remedy: str) -> Check:
    """Something does not work before this is fixed."""
    return Check(name, "fail", text, remedy)
