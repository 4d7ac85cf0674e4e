"""The form of a text in which ours and X's can be compared: what X changes or may change is the same in both.

NFC; every run of blanks one space, none at the ends; links without scheme, without a slash at the end, the host in
lower case and readable (xn--…), percent codes spelled out, twitter.com as x.com.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote

from twitter_manager.twitter.text.normalization import nfc
from twitter_manager.twitter.text.urls import MAX_LABEL_LENGTH, find_urls

LINK_MARK = "\ufffc"

_BLANKS = re.compile(r"\s+")
_SCHEME = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_LINK = re.compile(r"(?:https?://)?([^/?#]*)(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)
_NAMES_OF_X = {"twitter.com", "www.twitter.com", "mobile.twitter.com", "www.x.com", "mobile.x.com"}


@lru_cache(maxsize=32)  # one text is held against a whole timeline
def canonical(text: str) -> str:
    return _folded(text, _canonical_link)


@lru_cache(maxsize=32)
def masked(text: str) -> str:
    """The canonical form with the same mark for every link."""
    return _folded(text, lambda link: LINK_MARK)


def _folded(text: str, spell: Callable[[str], str]) -> str:
    normal = nfc(text)
    pieces, at = [], 0
    for url in find_urls(normal):
        pieces += [normal[at : url.start], spell(normal[url.start : url.end])]
        at = url.end
    pieces.append(normal[at:])
    # What is a link for X and not for us keeps its letters, but X may have put a scheme before it.
    return _BLANKS.sub(" ", _SCHEME.sub("", "".join(pieces))).strip()


def _canonical_link(link: str) -> str:
    found = _LINK.fullmatch(link)
    host, rest = (found[1], found[2]) if found else (link, "")
    host = ".".join(_readable(label) for label in host.lower().split("."))
    # X may write "&amp;" in the links it gives; in a link that is never meant literally.
    rest = nfc(unquote(rest.replace("&amp;", "&"))).removesuffix("/")
    if rest.startswith(("/?", "/#")):
        rest = rest[1:]
    return ("x.com" if host in _NAMES_OF_X else host) + rest


def _readable(label: str) -> str:
    if not label.startswith("xn--") or len(label) > MAX_LABEL_LENGTH or not label.isascii():
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:  # not punycode after all: then it stays as it was written
        return label
