"""Waiting for what other threads, processes and servers do."""

import time
from collections.abc import Callable

__all__ = ["eventually"]


def eventually(condition: Callable[[], object], *, seconds: float = 10.0, what: str = "", every: float = 0.01) -> None:
    """Waits until `condition` holds; fails with `what` after `seconds`."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"it did not come about in {seconds:.0f} s{': ' * bool(what)}{what}"
        time.sleep(every)
