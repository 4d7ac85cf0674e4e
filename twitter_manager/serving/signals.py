"""SIGTERM and Ctrl-C, remembered from the moment the block is entered."""

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from types import FrameType, TracebackType
from typing import Self, TypeVar

__all__ = ["StopSignals", "Stopped"]

if sys.platform == "win32":
    _STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
else:
    _STOPPING = (signal.SIGINT, signal.SIGTERM)

_POLL_SECONDS = 0.5  # Windows interrupts no waiting thread: its handlers run between two polls

_GRACE_SECONDS = 1.0

Result = TypeVar("Result")
_Handler = Callable[[int, FrameType | None], object] | int | None


class Stopped(Exception):
    """A signal came before the work was done."""


class StopSignals:
    """`with StopSignals() as signals: … signals.wait()`, in the main thread only.

    The first signal ends `wait`, even if it came before; a second one ends the process at once, with the exit code
    that shells give such an end (128 + its number). The former handlers come back at the end of the block.
    """

    def __init__(self) -> None:
        # Only SimpleQueue may be used from a handler: an Event's lock could be held by the very code it interrupts.
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
        """Blocks until the first signal and returns it."""
        while True:
            try:
                return signal.Signals(self._arrived.get(timeout=_POLL_SECONDS))
            except queue.Empty:
                continue

    def unless_stopped(self, work: Callable[[], Result]) -> Result:
        """What `work` returns or raises. Raises Stopped soon after a signal, even if that came before."""
        # In a thread of its own: one that waits for a lock or a disk would not see the signal. Then it is left behind,
        # since the process ends; it must survive that as it must survive kill -9.
        done: futures.Future[Result] = futures.Future()
        threading.Thread(target=_carry_out, args=(work, done), name="start", daemon=True).start()
        while not self._stopping:
            if futures.wait([done], timeout=_POLL_SECONDS).done:
                return done.result()
        futures.wait([done], timeout=_GRACE_SECONDS)
        raise Stopped

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            os._exit(128 + number)
        self._stopping = True
        self._arrived.put(number)


def _carry_out(work: Callable[[], Result], done: futures.Future[Result]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # for who waits for it
        done.set_exception(error)
