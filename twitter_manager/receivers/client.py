"""One POST to one receiver: to an address that was checked, within one deadline, once.

With the standard library rather than `requests`: it cannot follow a redirect, use a proxy from the environment or
resolve the name a second time, so the address that was checked is the one that is connected to.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from certifi import where

from twitter_manager.final_response import FinalResponse
from twitter_manager.receivers import addresses, targets
from twitter_manager.receivers.addresses import Address, Network
from twitter_manager.receivers.targets import Target
from twitter_manager.version import VERSION

__all__ = ["DEADLINE", "AddressRefused", "NoResponse", "NotReached", "Receivers", "Response"]

DEADLINE = 15.0  # for all of it: name, connection, request and answer
CHECK_SECONDS = 3.0  # for the name of a webhook that is being made
MAX_READ = 64 * 1024  # bytes of an answer's body, which nobody needs: it is read so that the receiver can end well

Resolve = Callable[[str, int, float], Sequence[Address]]

_HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": f"TwitterManager/{VERSION}",
    "Connection": "close",
}


class NotReached(Exception):
    """No connection came about: nothing was sent. The text says why, in the system's words."""


class AddressRefused(NotReached):
    """The name resolves to an address that no delivery may go to."""


class NoResponse(Exception):
    """The request was sent, at least in part, and no readable response came."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the receiver answered; of its headers only Retry-After."""

    status: int
    retry_after: str | None = None


class Receivers:
    """`allowed`: networks that may be reached although they are not public."""

    def __init__(self, allowed: Sequence[Network] = (), *, resolve: Resolve = addresses.resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve

    def check(self, url: str) -> None:
        """Refuses a URL that no delivery can go to, as far as that is known now.

        Raises ValueError for a URL that is not valid here, AddressRefused for where it leads; a name that does not
        resolve (yet) passes.
        """
        target = targets.parse(url)
        targets.check_name(target.host)
        try:
            self._addresses(target, time.monotonic() + CHECK_SECONDS)
        except AddressRefused:
            raise
        except NotReached:
            return

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = DEADLINE) -> Response:
        """Posts JSON. Raises NotReached when nothing was sent, NoResponse when the outcome is unknown."""
        target = targets.parse(url)
        ends = time.monotonic() + seconds
        found = self._addresses(target, ends)
        with contextlib.closing(_connect(target, found, ends)) as line, _cut_at(ends, line):
            return _exchange(target, line, body, headers)

    def _addresses(self, target: Target, ends: float) -> Sequence[Address]:
        """The name's present addresses, if every one of them is allowed. Raises NotReached."""
        try:
            found = self._resolve(target.host, target.port, ends - time.monotonic())
        except OSError as error:
            raise NotReached(_words(error)) from error
        if not all(addresses.is_allowed(address, self._allowed) for address in found):
            raise AddressRefused("an address of this name is not public")
        return found


def _connect(target: Target, found: Sequence[Address], ends: float) -> socket.socket:
    """A connection to the first address that accepts one; with TLS it proves to be the host of the URL."""
    failed = NotReached("the name has no address")
    for address in found:
        try:
            line = socket.create_connection((str(address), target.port), timeout=_left(ends))
            return _secured(line, target, ends) if target.secure else line
        except OSError as error:
            failed = NotReached(_words(error))
    raise failed


def _secured(line: socket.socket, target: Target, ends: float) -> socket.socket:
    try:
        line.settimeout(_left(ends))  # for the whole handshake
        return _tls().wrap_socket(line, server_hostname=target.host)
    except BaseException:
        line.close()
        raise


@cache
def _tls() -> ssl.SSLContext:
    """Trusts the authorities of this system, among which may be one of its owner's, and those of the connection to
    X."""
    context = ssl.create_default_context()
    context.load_verify_locations(where())
    return context


@contextlib.contextmanager
def _cut_at(ends: float, line: socket.socket) -> Iterator[None]:
    """Ends the connection at the deadline: timeouts are per read, and a receiver may trickle its answer."""
    timer = threading.Timer(max(0.0, ends - time.monotonic()), _cut, (line,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it ended just now
        # not SSLSocket's own: that drops the encryption under a thread that may be writing
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _exchange(target: Target, line: socket.socket, body: bytes, headers: Mapping[str, str]) -> Response:
    connection = http.client.HTTPConnection(target.host, target.port)
    if target.secure:
        connection = http.client.HTTPSConnection(target.host, target.port, context=_tls())
    connection.response_class = FinalResponse
    connection.sock = line  # so it opens none itself
    try:
        connection.request("POST", target.path, body, {**_HEADERS, **headers})
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise NoResponse(_words(error)) from error
    with contextlib.closing(answer), contextlib.suppress(OSError, http.client.HTTPException):  # its status is known
        answer.read(MAX_READ)
    return Response(answer.status, answer.getheader("Retry-After"))


def _left(ends: float) -> float:
    """Seconds that are left. Raises TimeoutError."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _words(error: Exception) -> str:
    """What happened, without places in source code and without what the receiver sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"TLS failed: {error.reason.replace('_', ' ').lower()}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "the answer is no HTTP that can be read"
