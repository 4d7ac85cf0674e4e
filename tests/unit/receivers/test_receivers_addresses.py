"""Which addresses a delivery may go to."""

import ipaddress
import socket
import time
from typing import Any

import pytest

from twitter_manager.receivers.addresses import Address, is_allowed, resolve
from twitter_manager.receivers.special_purpose import BLOCKS, Block

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001:80b::200e", "64:ff9b::808:808"]
REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",  # carrier-grade NAT
    "100.100.100.200",  # Alibaba's metadata
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # Azure's metadata
    "169.254.169.254",  # everybody else's metadata
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "5f00::1",
    "100:0:0:1::1",
    "2001:2::1",
    "2001:10::1",
    "4000::1",  # given out to nobody
    "64:ff9b::a83f:8110",  # Azure's metadata through NAT64
    "::808:808",  # IPv4-compatible
    "2001:0:808:808:0:0:f7f7:f7f7",  # Teredo to 8.8.8.8
    "2002:808:808::1",  # 6to4 to 8.8.8.8
    "2002:7f00:1::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


def address(text: str) -> Address:
    return ipaddress.ip_address(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_ones(text: str) -> None:
    assert is_allowed(address(text), [])


@pytest.mark.parametrize("text", REFUSED)
def test_no_others(text: str) -> None:
    assert not is_allowed(address(text), [])


def test_a_network_that_was_named_and_only_that() -> None:
    networks = [ipaddress.ip_network("192.168.1.0/24"), ipaddress.ip_network("fd00::/8")]
    for text in ("192.168.1.20", "::ffff:192.168.1.20", "fd12::1", "8.8.8.8"):
        assert is_allowed(address(text), networks), text
    for text in ("192.168.2.20", "127.0.0.1", "fc00::1", "169.254.169.254"):
        assert not is_allowed(address(text), networks), text


def samples(block: Block) -> set[Address]:
    first, last = block.network[0], block.network[-1]
    return {first, last, block.network[(int(last) - int(first)) // 2]}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block.network))
def test_every_row_of_the_registries(block: Block) -> None:
    """The narrowest row decides; what stands for an IPv4 address is judged by that."""
    for each in samples(block):
        rows = [row for row in BLOCKS if each in row.network]
        expected = max(rows, key=lambda row: row.network.prefixlen).reachable is True
        wrapped = str(block.network) in ("::ffff:0:0/96", "64:ff9b::/96")
        assert is_allowed(each, []) == (expected and not wrapped), each


def test_the_registries_are_whole() -> None:
    versions = [block.network.version for block in BLOCKS]
    assert (versions.count(4), versions.count(6)) == (26, 25)
    assert len({block.network for block in BLOCKS}) == len(BLOCKS)


@pytest.mark.parametrize(
    "wrapping",
    [
        *("::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "::127.0.0.1", "2002:7f00:1::"),
        *("2001:0:7f00:1::f7f7:f7f7", "2001:0:808:808::80ff:fffe"),
    ],
)
def test_a_wrapping_that_was_named_still_leads_nowhere_else(wrapping: str) -> None:
    everything = [ipaddress.ip_network("::/0")]
    assert not is_allowed(address(wrapping), everything)
    assert is_allowed(address(wrapping), [*everything, ipaddress.ip_network("127.0.0.0/8")])
    assert is_allowed(address("2002:808:808::1"), everything)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost"])
def test_other_spellings_lead_to_the_same_address(host: str) -> None:
    assert address("127.0.0.1") in resolve(host, 80, 5)


def test_a_name_that_is_none() -> None:
    for host in ("a" * 64 + ".example", "nobody.invalid"):
        with pytest.raises(OSError, match=r".+"):
            resolve(host, 80, 5)


def test_a_name_lookup_that_hangs_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_: Any, **__: Any) -> Any:
        time.sleep(0.5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        resolve("slow.example", 80, 0.05)
    assert time.monotonic() - began < 0.4
