"""The URL of a receiver, parsed."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from twitter_manager.host_names import served_name

__all__ = ["MAX_URL", "Target", "check_name", "parse"]

MAX_URL = 2000
_MAX_NAME, _MAX_LABEL = 253, 63  # RFC 1035 §2.3.4
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    secure: bool
    host: str
    port: int
    path: str  # with the query


def parse(url: str) -> Target:
    """Raises ValueError, in words that follow the field's name."""
    if len(url) > MAX_URL:
        raise ValueError(f"must have at most {MAX_URL} characters")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("must be a URL of printable ASCII characters without blanks")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:  # a bracket that is not closed, a port that is no number
        raise ValueError("must be an http or https URL") from error
    if parts.scheme not in _PORTS or parts.hostname is None or served_name(parts.hostname) is None or port == 0:
        raise ValueError("must be an http or https URL")
    if "@" in parts.netloc or "%" in parts.netloc or parts.fragment:
        raise ValueError("must have no user name, no zone and no fragment")
    return Target(
        secure=parts.scheme == "https",
        host=parts.hostname,
        port=_PORTS[parts.scheme] if port is None else port,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def check_name(host: str) -> None:
    """Raises ValueError, as `parse`, for a name that no DNS can have."""
    name = host.removesuffix(".")
    if len(name) > _MAX_NAME or not all(1 <= len(label) <= _MAX_LABEL for label in name.split(".")):
        raise ValueError(f"must have a host name of up to {_MAX_NAME} characters, with 1 to {_MAX_LABEL} between dots")
