"""How much the server takes, and how long it waits for clients."""

import sys
from dataclasses import dataclass

from twitter_manager.capacity import MAX_BODY, THREADS

__all__ = ["Limits", "affordable"]

_FILES_OF_THE_SERVICE = 256  # database, logs, calls to X
_FILES_PER_CONNECTION = 2  # its socket, and a temporary file for a large body or answer
_SOCKETS_ON_WINDOWS = 480  # select() there takes 512
_AT_LEAST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds.

    `receive_seconds` is for one whole request from its first byte to its last, however busily the client trickles;
    `idle_seconds` for a connection between requests; `send_seconds` for a client that takes less than 1 KiB/s of its
    answer; `linger_seconds` for one that was refused to read why, and stop sending.
    """

    threads: int = THREADS
    connections: int = 1024
    max_body: int = MAX_BODY
    max_headers: int = 64 * 1024
    receive_seconds: float = 30.0
    idle_seconds: float = 60.0
    send_seconds: float = 30.0
    linger_seconds: float = 2.0


if sys.platform == "win32":

    def affordable(connections: int) -> int:
        """`connections`, or as many as select() can watch."""
        return min(connections, _SOCKETS_ON_WINDOWS)

else:
    import resource

    def affordable(connections: int) -> int:
        """`connections`, or as many as the limit of open files allows; raises this process's soft limit if it can.

        Without this the 1,024 files that many systems give could be used up by connections, and then the database
        could not be opened any more.
        """
        needed = connections * _FILES_PER_CONNECTION + _FILES_OF_THE_SERVICE
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < needed:
            soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if soft == resource.RLIM_INFINITY:
            return connections
        return min(connections, max((soft - _FILES_OF_THE_SERVICE) // _FILES_PER_CONNECTION, _AT_LEAST))
