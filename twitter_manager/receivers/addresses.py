"""Which addresses a delivery may go to: public ones, and those that WEBHOOK_ALLOWED_NETWORKS names.

Anything else would let whoever may add a webhook reach into the network that this service stands in (SSRF).
"""

import ipaddress
import socket
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue

__all__ = ["Address", "Network", "is_allowed", "resolve"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the IPv4 address stands in the last 32 bits
# what Python's is_global does not know, or knows only in some versions
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's metadata, at an address that looks public
        "192.0.0.0/24",  # for protocols, RFC 6890
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "::/96",  # IPv4-compatible, RFC 4291 §2.5.5.1
        "64:ff9b:1::/48",  # NAT64 of one's own network, RFC 8215
        "2001::/32",  # Teredo and
        "2002::/16",  # 6to4 carry an IPv4 address of their own choice
        "fec0::/10",  # site-local, RFC 3879
    )
)


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Whether a delivery may go there: it is public, or in one of `networks`."""
    plain = _plain(address)
    return any(plain in network for network in networks) or _is_public(plain)


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NEVER):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _plain(address: Address) -> Address:
    """The IPv4 address behind an IPv6 one that only wraps it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def resolve(host: str, port: int, seconds: float) -> list[Address]:
    """Every address of `host`, as this system finds them. Raises OSError, also when it takes over `seconds`.

    The system's look-up cannot be stopped, so it is left behind in a thread of its own when it takes too long.
    """
    answer: SimpleQueue[list[Address] | OSError] = SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, answer), name="dns", daemon=True).start()
    try:
        found = answer.get(timeout=max(0.0, seconds))
    except Empty as error:
        raise TimeoutError("the name was not resolved in time") from error
    if isinstance(found, OSError):
        raise found
    return found


def _look_up(host: str, port: int, answer: "SimpleQueue[list[Address] | OSError]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answer.put(list(dict.fromkeys(ipaddress.ip_address(each[4][0]) for each in found)))
    except OSError as error:
        answer.put(error)
    except ValueError:  # a label that is too long for IDNA, an address with a zone
        answer.put(OSError("the name cannot be resolved"))
