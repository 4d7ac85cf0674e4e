"""Host names as they stand in a Host header and in ALLOWED_HOSTS. Pure."""

import ipaddress
import re

__all__ = ["host_name", "served_name"]

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9._-]*)(?::[0-9]{0,5})?")


def host_name(host: str) -> str | None:
    """The name in a Host header, lower-case, without port and brackets; None when it is malformed."""
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else None


def served_name(text: str) -> str | None:
    """From a setting: as in a Host header, or an IPv6 address without brackets; None when it is malformed."""
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return host_name(text)
