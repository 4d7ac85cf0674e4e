"""What a setting's text stands for. Each raises ValueError with words that follow the setting's name."""

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from twitter_manager.host_names import served_name

__all__ = [
    "api_key",
    "callback",
    "duration",
    "fernet_keys",
    "hosts",
    "networks",
    "one_of",
    "origin",
    "scopes",
    "switch",
    "text",
    "url",
    "whole_number",
]

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def text(value: str) -> str:
    if not value.isprintable():
        raise ValueError("has a character that cannot be printed")
    return value


def api_key(value: str) -> str:
    if len(value) < 16:
        raise ValueError("is under 16 characters; leave it out and one is made for you")
    return text(value)


def fernet_keys(value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(","))
    for key in keys:
        try:
            Fernet(key)
        except ValueError as error:
            raise ValueError("holds something that is no Fernet key (32 bytes, url-safe base64)") from error
    return keys


def url(value: str) -> str:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:  # a bracket that is not closed, a port that is no number: in Python's words
        raise ValueError("is no http(s) URL") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise ValueError("is no http(s) URL")
    return value.rstrip("/")


def origin(value: str) -> str:
    found = url(value)
    parts = urlsplit(found)
    if parts.path or parts.query or parts.fragment or found.endswith(("?", "#")):
        raise ValueError("has more than a scheme, a host and a port: every call adds its own path, such as /2/tweets")
    return found


def callback(value: str) -> str:
    url(value)
    if urlsplit(value).fragment:
        raise ValueError("is a callback with a fragment, which X cannot call")
    return value


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", value) or not low <= int(value) <= high:
            raise ValueError(f"is no whole number from {low} to {high}")
        return int(value)

    return parse


def switch(value: str) -> bool:
    word = value.lower()
    if word not in ("on", "off", "true", "false", "1", "0", "yes", "no"):
        raise ValueError("is neither on nor off")
    return word in ("on", "true", "1", "yes")


def duration(value: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,6}) ?([mhd])", value)
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta(minutes=1) <= length <= timedelta(days=366):
        raise ValueError("is no time such as 30m, 24h or 7d, from a minute to a year")
    return length


def one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        found = next((word for word in words if word.lower() == value.lower()), None)
        if found is None:
            raise ValueError(f"is none of {', '.join(words)}")
        return found

    return parse


def hosts(value: str) -> tuple[str, ...]:
    names = [served_name(each.strip()) for each in value.split(",") if each.strip()]
    if None in names:
        raise ValueError("holds something that is no host name, such as twitter.example.org or 192.168.1.20")
    return tuple(name for name in names if name is not None)


def networks(value: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in value.split(",") if each.strip())
    except ValueError as error:
        raise ValueError("holds something that is no network, such as 192.168.1.0/24 or 10.0.0.7") from error


def scopes(value: str) -> str:
    found = value.split()
    if not all(re.fullmatch(r"[a-z]+(\.[a-z]+)+", scope) for scope in found):
        raise ValueError("is no list of scopes separated by blanks")
    missing = {"tweet.read", "tweet.write", "users.read", "offline.access"} - set(found)
    if missing:
        raise ValueError(f"lacks {', '.join(sorted(missing))}, without which nothing can be posted for long")
    return " ".join(found)
