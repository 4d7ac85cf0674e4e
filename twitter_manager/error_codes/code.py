"""What stands behind a code."""

from dataclasses import dataclass

__all__ = ["Code"]


@dataclass(frozen=True, slots=True)
class Code:
    """One code: the sentence a person reads, why it happens, and what to do about it."""

    sentence: str
    cause: str
    remedy: str
