"""The end of the server: running requests are finished, but not for ever."""

from dataclasses import dataclass

__all__ = ["Drain", "Load"]

_GRACE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Load:
    """Requests that run or wait, connections with unsent responses, connections about to send a request."""

    requests: int
    unsent: int
    arriving: int


@dataclass(slots=True)
class Drain:
    """A stop that has begun; times are monotonic seconds."""

    deadline: float
    quiet_since: float | None = None

    def over(self, load: Load, now: float) -> bool:
        """Whether to close everything at `now`."""
        # When nothing runs any more, clients in the middle of a request have half a second to complete it and read
        # their 503: a reset connection would leave them not knowing whether it was carried out.
        if now >= self.deadline:
            return True
        if load.requests or load.unsent:
            self.quiet_since = None
            return False
        if self.quiet_since is None:
            self.quiet_since = now
        return not load.arriving or now - self.quiet_since >= _GRACE_SECONDS
