"""IANA's special-purpose address registries, whole.

Sources: www.iana.org/assignments/iana-ipv4-special-registry and www.iana.org/assignments/iana-ipv6-special-registry, as
IANA last updated them on 2025-10-09. As data rather than by ipaddress' `is_global`, whose tables differ with Python's
version.
"""

import ipaddress
from dataclasses import dataclass

__all__ = ["BLOCKS", "Block"]


@dataclass(frozen=True, slots=True)
class Block:
    """A row. `reachable`: its column "Globally Reachable"; None: N/A, or empty because it was withdrawn."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    name: str
    reachable: bool | None


def _block(text: str, name: str, reachable: bool | None) -> Block:
    return Block(ipaddress.ip_network(text), name, reachable)


BLOCKS = (
    _block("0.0.0.0/8", '"This network"', False),
    _block("0.0.0.0/32", '"This host on this network"', False),
    _block("10.0.0.0/8", "Private-Use", False),
    _block("100.64.0.0/10", "Shared Address Space", False),
    _block("127.0.0.0/8", "Loopback", False),
    _block("169.254.0.0/16", "Link Local", False),
    _block("172.16.0.0/12", "Private-Use", False),
    _block("192.0.0.0/24", "IETF Protocol Assignments", False),
    _block("192.0.0.0/29", "IPv4 Service Continuity Prefix", False),
    _block("192.0.0.8/32", "IPv4 dummy address", False),
    _block("192.0.0.9/32", "Port Control Protocol Anycast", True),
    _block("192.0.0.10/32", "Traversal Using Relays around NAT Anycast", True),
    _block("192.0.0.170/32", "NAT64/DNS64 Discovery", False),
    _block("192.0.0.171/32", "NAT64/DNS64 Discovery", False),
    _block("192.0.2.0/24", "Documentation (TEST-NET-1)", False),
    _block("192.31.196.0/24", "AS112-v4", True),
    _block("192.52.193.0/24", "AMT", True),
    _block("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", None),
    _block("192.88.99.2/32", "6a44-relay anycast address", False),
    _block("192.168.0.0/16", "Private-Use", False),
    _block("192.175.48.0/24", "Direct Delegation AS112 Service", True),
    _block("198.18.0.0/15", "Benchmarking", False),
    _block("198.51.100.0/24", "Documentation (TEST-NET-2)", False),
    _block("203.0.113.0/24", "Documentation (TEST-NET-3)", False),
    _block("240.0.0.0/4", "Reserved", False),
    _block("255.255.255.255/32", "Limited Broadcast", False),
    _block("::1/128", "Loopback Address", False),
    _block("::/128", "Unspecified Address", False),
    _block("::ffff:0:0/96", "IPv4-mapped Address", False),
    _block("64:ff9b::/96", "IPv4-IPv6 Translat.", True),
    _block("64:ff9b:1::/48", "IPv4-IPv6 Translat.", False),
    _block("100::/64", "Discard-Only Address Block", False),
    _block("100:0:0:1::/64", "Dummy IPv6 Prefix", False),
    _block("2001::/23", "IETF Protocol Assignments", False),
    _block("2001::/32", "TEREDO", None),
    _block("2001:1::1/128", "Port Control Protocol Anycast", True),
    _block("2001:1::2/128", "Traversal Using Relays around NAT Anycast", True),
    _block("2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", True),
    _block("2001:2::/48", "Benchmarking", False),
    _block("2001:3::/32", "AMT", True),
    _block("2001:4:112::/48", "AS112-v6", True),
    _block("2001:10::/28", "Deprecated (previously ORCHID)", None),
    _block("2001:20::/28", "ORCHIDv2", True),
    _block("2001:30::/28", "Drone Remote ID Protocol Entity Tags (DETs) Prefix", True),
    _block("2001:db8::/32", "Documentation", False),
    _block("2002::/16", "6to4", None),
    _block("2620:4f:8000::/48", "Direct Delegation AS112 Service", True),
    _block("3fff::/20", "Documentation", False),
    _block("5f00::/16", "Segment Routing (SRv6) SIDs", False),
    _block("fc00::/7", "Unique-Local", False),
    _block("fe80::/10", "Link-Local Unicast", False),
)
