"""What a request must look like, beyond what waitress checks.

waitress's own expressions for the request line and for header fields are quadratic: 64 KiB that are made for it keep
the one loop thread, and with it every client, busy for minutes ("GET a://111… x") or 20 s (a field of blanks). What
passes `check_head` costs them linear time. The other checks keep two readers of one connection, a proxy and us, from
seeing different requests in it (RFC 9112, sections 3.2, 5.2, 6.1 and 6.3). What can no longer become a request, such as
the beginning of TLS, is refused at once and not when its time is over.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from waitress.parser import (  # type: ignore[import-untyped]
    HTTPRequestParser,
    ParsingError,
    TransferEncodingNotImplemented,
)
from waitress.receiver import ChunkedReceiver  # type: ignore[import-untyped]
from waitress.utilities import BadRequest, RequestHeaderFieldsTooLarge  # type: ignore[import-untyped]

__all__ = [
    "Request",
    "RequestSummary",
    "TooManyFields",
    "can_become_a_request",
    "check_framing",
    "check_head",
    "host_of_target",
    "summary_of",
]

_MAX_FIELDS = 200
_MAX_CHUNK_LINE = 1024
_MAX_TRAILER = 8192

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Z]{1,32}) ([^\x00-\x20\x7f]+) HTTP/1\.[01]")
_BEGINNING = re.compile(
    rb"[!#$%&'*+\-.^_`|~0-9A-Z]{1,32}(?: (?:[^\x00-\x20\x7f]+"
    rb"(?: (?:H|HT|HTT|HTTP|HTTP/|HTTP/1|HTTP/1\.|HTTP/1\.[01]\r?)?)?)?)?"
)
_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)(?:[/?#].*)?", re.IGNORECASE)
_PATH = re.compile(rb"(?:[A-Za-z][A-Za-z0-9+.\-]{0,20}://[^/?#]*)?([^?#]*)")
_FOLDED_OR_BLANKS = re.compile(rb"\r\n[ \t]|:[ \t]{33}")
_TRANSFER_ENCODING = re.compile(rb"\r\ntransfer-encoding:([^\r\n]*)", re.IGNORECASE)
_REQUEST_ID = re.compile(rb"\r\nx-request-id:[ \t]*([^\r\n]*)", re.IGNORECASE)


class TooManyFields(Exception):
    """More header fields than any honest client sends."""


def check_head(head: bytes) -> None:
    """Raises ParsingError, TooManyFields or TransferEncodingNotImplemented for a `head` that must not be parsed
    further.

    `head` is the request line and the fields, lines ended by CR LF.
    """
    request_line, _, _ = head.partition(b"\r\n")
    if not _REQUEST_LINE.fullmatch(request_line):
        raise ParsingError("request line")
    if head.count(b"\n") > _MAX_FIELDS + 2:  # the request line and the blank line at the end
        raise TooManyFields
    if _FOLDED_OR_BLANKS.search(head):
        raise ParsingError("folded field or too many blanks")
    encodings = [value.strip(b" \t").lower() for value in _TRANSFER_ENCODING.findall(head)]
    if encodings not in ([], [b"chunked"]):
        raise TransferEncodingNotImplemented("transfer-encoding")


def can_become_a_request(head: bytes) -> bool:
    """Whether more bytes can complete this beginning of a head to a request; its first line decides."""
    line, ended, _ = head.lstrip().partition(b"\r\n")
    return not line or (_REQUEST_LINE if ended else _BEGINNING).fullmatch(line) is not None


def host_of_target(head: bytes) -> str | None:
    """The host that the target itself names, as in a request to a proxy; None for a path. Raises ParsingError for
    what is neither (RFC 9112, section 3.2)."""
    line = _REQUEST_LINE.fullmatch(head.partition(b"\r\n")[0])
    if line is None:
        raise ParsingError("request line")
    method, target = line.groups()
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return None
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise ParsingError("target")
    return absolute[1].decode("latin-1")


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """What the log says of a request: '-' for what cannot be read."""

    method: str = "-"
    path: str = "-"
    request_id: str | None = None


def summary_of(head: bytes) -> RequestSummary:
    """Method, path (without query) and X-Request-ID in `head`, which may be refused, or only half there; linear."""
    ids = [value.rstrip(b" \t").decode("latin-1") for value in _REQUEST_ID.findall(head)]
    asked = ids[0] if len(ids) == 1 else None
    line = _REQUEST_LINE.fullmatch(head.lstrip().partition(b"\r\n")[0])
    if line is None:
        return RequestSummary(request_id=asked)
    found = _PATH.match(line[2])
    path = unquote_to_bytes(found[1] if found else b"").decode(errors="replace")
    return RequestSummary(line[1].decode(), path or "/", asked)


def check_framing(version: str, headers: Mapping[str, str], *, chunked: bool) -> None:
    """Raises ParsingError where a proxy may see another end of the request, or another host, than we do.

    `headers` has waitress's names (CONTENT_LENGTH); a field that came twice has both values, joined by a comma.
    """
    if chunked and "CONTENT_LENGTH" in headers:
        raise ParsingError("content-length and transfer-encoding")
    if "TRANSFER_ENCODING" in headers:  # waitress removes it only from HTTP/1.1
        raise ParsingError("transfer-encoding in HTTP/1.0")
    host = headers.get("HOST")
    if (host is None and version == "1.1") or (host is not None and "," in host):
        raise ParsingError("host")


class _Chunks(ChunkedReceiver):  # type: ignore[misc]
    """Limits chunk lines and trailer: waitress copies them again at every byte that comes."""

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if len(self.control_line) > _MAX_CHUNK_LINE or len(self.trailer) > _MAX_TRAILER:
            self.error = BadRequest("chunk line or trailer")
        return consumed


class Request(HTTPRequestParser):  # type: ignore[misc]
    """A request that is being received. `began` is the monotonic time of its first byte."""

    body_rcv: Any
    header_plus: bytes  # what came of a head that is not whole yet
    path = ""  # waitress logs it even of a request that it could not read
    _head = b""
    _line_is_good = False

    def __init__(self, adj: object) -> None:
        super().__init__(adj)
        self.began = time.monotonic()

    @property
    def head(self) -> bytes:
        """The bytes of the head, as far as they have arrived."""
        return self._head or self.header_plus

    def received(self, data: bytes) -> int:
        before = self.header_plus
        try:
            consumed: int = super().received(data)
        except TooManyFields:
            self.error = RequestHeaderFieldsTooLarge("too many fields")
            self.completed = True
            return len(data)
        if not self.headers_finished and not self.completed:
            self._check_beginning()
        if isinstance(self.error, RequestHeaderFieldsTooLarge):  # waitress has parsed a head of its own instead
            self._head = before + data
        return consumed

    def _check_beginning(self) -> None:
        """Refuses what is not HTTP as soon as that can be seen."""
        if self._line_is_good:
            return
        if not can_become_a_request(self.header_plus):
            self.error = BadRequest("request line")
            self.completed = True
        self._line_is_good = b"\r\n" in self.header_plus.lstrip()

    def _check_host(self, head: bytes) -> None:
        """A target that names a host must name the one of the Host field, which is checked later; without that field it
        replaces it."""
        named = host_of_target(head)
        if named is not None and self.headers.setdefault("HOST", named).lower() != named.lower():
            raise ParsingError("host")

    def parse_header(self, header_plus: bytes) -> None:
        self._head = header_plus
        check_head(header_plus)
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # a Content-Length of thousands of digits, a host like "[": waitress lets them pass
            raise ParsingError("number or URL") from error
        check_framing(self.version, self.headers, chunked=self.chunked)
        self._check_host(header_plus)
        if self.chunked:
            self.body_rcv = _Chunks(self.body_rcv.getbuf())
