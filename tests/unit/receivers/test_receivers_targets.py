"""URLs of receivers: what is taken, and what each part is."""

import pytest

from twitter_manager.receivers.targets import Target, check_name, parse


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.org", Target(secure=True, host="example.org", port=443, path="/")),
        ("http://Example.org:8080/a/b?c=d&e", Target(secure=False, host="example.org", port=8080, path="/a/b?c=d&e")),
        ("https://[2606:4700::1111]/x", Target(secure=True, host="2606:4700::1111", port=443, path="/x")),
        ("https://xn--a-1ga.example/%C3%BC", Target(secure=True, host="xn--a-1ga.example", port=443, path="/%C3%BC")),
    ],
)
def test_accepted(url: str, target: Target) -> None:
    assert parse(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "//example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@example.org/",
        "https://user:secret@example.org/",
        "https://@example.org/",
        "https://good.example\\@bad.example/",
        "https://example.org/#part",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://example.org:http/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://exa mple.org/",
        "https://example.org/a b",
        "https://example.org/\r\nX-Evil: 1",
        "https://example.org/\x00",
        "https://grüße.example/",
        "https://ex%61mple.org/",
        "https://example.org/" + "a" * 2000,
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse(url)


def test_the_longest_name_there_can_be() -> None:
    name = ".".join(["a" * 63] * 3 + ["b" * 61])
    for host in (name, f"{name}.", "::ffff:8.8.8.8", "8.8.8.8", "localhost"):
        check_name(host)
    for host in (f"{name}b", "a" * 64, ".example", "example..", "a..b"):
        with pytest.raises(ValueError, match="must have a host name"):
            check_name(host)
