"""Whether a request comes from our own page, by the browser's headers (Fetch, "Sec-Fetch-Site" and "Origin")."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

__all__ = ["is_elsewhere", "is_own", "names_this_machine"]


def is_own(headers: Mapping[str, str], *, host: str) -> bool:
    """Whether no other site's page sent it. `host` as in the Host header."""
    # programs send neither header; browsers leave out Sec-Fetch-Site with plain http to other machines
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == host.lower()


def is_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a page of another site sent the person or their browser here."""
    return headers.get("sec-fetch-site") == "cross-site"


def names_this_machine(host: str, *, also: str) -> bool:
    """Whether a Host header names an address, localhost or `also`: no name that others may point here."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
        ipaddress.ip_address(name)
    except ValueError:
        return False if "[" in host else name in ("localhost", also.lower())
    return True
