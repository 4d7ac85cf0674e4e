"""Requests and answers, independent of any transport."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["Delivery", "Request", "Response"]


class Delivery(StrEnum):
    WHOLE = "whole"
    CUT = "cut"
    """The connection is cut without a byte of an answer."""
    SILENT = "silent"
    """Nothing is sent, and the connection stays open."""
    TRICKLE = "trickle"
    """A byte a second: never silent long enough for a read time-out, never complete."""


@dataclass(frozen=True)
class Request:
    """One HTTP request. Header names are lower-case; the path is decoded and carries no query."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def from_target(cls, method: str, target: str, *, headers: Mapping[str, str], body: bytes = b"") -> Self:
        """`target`: a whole URL, or a path with its query."""
        # A path may begin with two slashes, which urlsplit would take for a host.
        parts = urlsplit(target if "://" in target.partition("?")[0] else f"http://x{target}")
        return cls(
            method=method.upper(),
            path=unquote(parts.path) or "/",
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
        )

    def form(self) -> dict[str, str]:
        """The fields of a form-encoded body (the first of each name); empty when it is none."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return {}
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] for name, values in fields.items()}


@dataclass(frozen=True)
class Response:
    """One HTTP answer; `delay` in seconds passes before its first byte."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    delivery: Delivery = Delivery.WHOLE
    delay: float = 0.0

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Adds `headers`; the answer's own have precedence."""
        return replace(self, headers={**headers, **self.headers})
