"""Clocks that a test sets."""

from datetime import UTC, datetime

from twitter_manager import timestamps
from twitter_manager.timestamps import later

__all__ = ["START", "Clock", "ShiftedClock"]

START = datetime(2026, 11, 20, 14, 5, 0, 123000, tzinfo=UTC)


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self, start: datetime = START) -> None:
        self.present = start

    def __call__(self) -> datetime:
        return self.present

    def forward(self, seconds: float) -> None:
        self.present = later(self.present, seconds)


class ShiftedClock:
    """The real time, shifted by `moved` seconds."""

    def __init__(self) -> None:
        self.moved = 0.0

    def __call__(self) -> datetime:
        return later(timestamps.now(), self.moved)
