"""Which addresses a delivery may go to: public ones, and those that WEBHOOK_ALLOWED_NETWORKS names.

Anything else would let whoever may add a webhook reach into the network that this service stands in (SSRF).
"""

import ipaddress
import socket
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from twitter_manager.receivers.special_purpose import BLOCKS

__all__ = ["Address", "Network", "is_allowed", "resolve"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291 §2.5.5.1: likewise
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that IANA allocates (RFC 4291 §2.4)
_AZURE = ipaddress.IPv4Address("168.63.129.16")  # its metadata, at an address that looks public


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Whether a delivery may go there: it is public, or in one of `networks`, and so is any address embedded in it."""
    return all(any(each in network for network in networks) or _is_public(each) for each in _destinations(address))


def _is_public(address: Address) -> bool:
    """By IANA's registries: the narrowest block that contains the address decides."""
    holding = [block for block in BLOCKS if address in block.network]
    if holding:
        return max(holding, key=lambda block: block.network.prefixlen).reachable is True
    if isinstance(address, ipaddress.IPv6Address):
        return address in _UNICAST
    return not address.is_multicast and address != _AZURE


def _destinations(address: Address) -> list[Address]:
    """Where what is sent to `address` may arrive: an IPv6 address can embed an IPv4 one, or lead to it."""
    if not isinstance(address, ipaddress.IPv6Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64:
        return [last]
    if address in _COMPATIBLE:
        return [address, last]
    carried = [address.sixtofour] if address.sixtofour is not None else [*(address.teredo or ())]
    return [address, *carried]


def resolve(host: str, port: int, seconds: float) -> list[Address]:
    """Every address of `host`, by this system's resolver. Raises OSError, also after `seconds`."""
    # getaddrinfo cannot be stopped, so it is left in a thread of its own when it is too slow
    answer: SimpleQueue[list[Address] | OSError] = SimpleQueue()
    threading.Thread(target=_resolve_into, args=(host, port, answer), name="dns", daemon=True).start()
    try:
        found = answer.get(timeout=max(0.0, seconds))
    except Empty as error:
        raise TimeoutError("the name was not resolved in time") from error
    if isinstance(found, OSError):
        raise found
    return found


def _resolve_into(host: str, port: int, answer: "SimpleQueue[list[Address] | OSError]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answer.put(list(dict.fromkeys(ipaddress.ip_address(each[4][0]) for each in found)))
    except OSError as error:
        answer.put(error)
    except ValueError:  # a label that is too long for IDNA, an address with a zone
        answer.put(OSError("the name cannot be resolved"))
