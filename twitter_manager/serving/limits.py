"""How much the server accepts, and how long it waits for clients."""

import math
import sys
from dataclasses import dataclass

from twitter_manager.capacity import MAX_BODY, THREADS
from twitter_manager.errors import StartRefused

__all__ = ["Limits", "affordable", "check_open_files", "connections_for", "files_of_the_service"]

_FILES_OF_THE_PROCESS = 64  # logs, locks, the writers of both databases, webhooks
_FILES_PER_THREAD = 3  # the database, its -wal, and what is open for a moment
_FILES_PER_WORKER = 4  # the same, and a connection to X
_FILES_PER_CONNECTION = 2  # its socket, and a temporary file for a large body or answer
_SOCKETS_ON_WINDOWS = 480  # select() there accepts 512
_MIN_CONNECTIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds.

    `receive_seconds` is for one whole request from its first byte to its last, however busily the client trickles;
    `idle_seconds` for a connection between requests; `send_seconds` for a client that reads less than 1 KiB/s of its
    answer; `linger_seconds` for one that was refused to read why, and stop sending.
    """

    threads: int = THREADS
    connections: int = 1024
    other_files: int = 320  # that this process may have open beside them
    max_body: int = MAX_BODY
    max_headers: int = 64 * 1024
    receive_seconds: float = 30.0
    idle_seconds: float = 60.0
    send_seconds: float = 30.0
    linger_seconds: float = 2.0


def files_of_the_service(workers: int, *, threads: int = THREADS) -> int:
    """How many files the process may have open besides its connections: each thread reads the database through two of
    its own, and one that posts has connections to X, too."""
    return _FILES_OF_THE_PROCESS + _FILES_PER_THREAD * threads + _FILES_PER_WORKER * workers


def connections_for(files: float, connections: int, other_files: int) -> int:
    """`connections`, or as many as a limit of `files` open files allows."""
    left = (files - other_files) // _FILES_PER_CONNECTION
    return int(min(connections, max(left, _MIN_CONNECTIONS)))


if sys.platform == "win32":

    def affordable(connections: int, other_files: int) -> int:
        """`connections`, or as many as select() can watch."""
        return min(connections, _SOCKETS_ON_WINDOWS)

    def check_open_files(workers: int, *, connections: int = _MIN_CONNECTIONS) -> None:
        """Nothing: there is no such limit."""

else:
    import resource

    def affordable(connections: int, other_files: int) -> int:
        """`connections`, or as many as the limit of open files allows; raises this process's soft limit if it can.

        Without this the 1,024 files that many systems give could be used up by connections, and then the database
        could not be opened any more.
        """
        return connections_for(_raised(connections * _FILES_PER_CONNECTION + other_files), connections, other_files)

    def check_open_files(workers: int, *, connections: int = _MIN_CONNECTIONS) -> None:
        """Raises StartRefused where the limit of open files is too low for `workers` posts in flight, and cannot be
        raised. Without `connections` there is no server."""
        threads = THREADS if connections else 0
        needed = files_of_the_service(workers, threads=threads) + connections * _FILES_PER_CONNECTION
        allowed = _raised(needed)
        if allowed < needed:
            raise StartRefused(
                f"WORKER_CONCURRENCY: with {workers} the service needs {needed} open files, and {allowed:.0f} are"
                " allowed; raise the limit (ulimit -n, LimitNOFILE=) or set it lower"
            )

    def _raised(needed: int) -> float:
        """The limit of open files, raised to `needed` where this process may."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return math.inf
        if soft < needed:
            soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return soft
