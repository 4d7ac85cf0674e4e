"""SIGTERM and Ctrl-C, remembered from the moment this is entered."""

import os
import queue
import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

__all__ = ["StopSignals"]

if sys.platform == "win32":
    _STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
else:
    _STOPPING = (signal.SIGINT, signal.SIGTERM)

_LOOK_SECONDS = 0.5  # Windows interrupts no waiting thread: its handlers run between two looks

_Handler = Callable[[int, FrameType | None], object] | int | None


class StopSignals:
    """`with StopSignals() as signals: … signals.wait()`, in the main thread only.

    The first signal ends `wait`, even if it came before; a second one ends the process at once, with the exit code
    that shells give such an end (128 + its number). The former handlers come back at the end of the block.
    """

    def __init__(self) -> None:
        # SimpleQueue alone may be used from a handler: an Event's lock could be held by the very code it interrupts.
        self._arrived: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._stopping = False
        self._former: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        for number in _STOPPING:
            self._former[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def wait(self) -> signal.Signals:
        """Blocks until the first signal and returns which it was."""
        while True:
            try:
                return signal.Signals(self._arrived.get(timeout=_LOOK_SECONDS))
            except queue.Empty:
                continue

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            os._exit(128 + number)
        self._stopping = True
        self._arrived.put(number)
