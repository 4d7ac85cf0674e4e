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
from typing import NamedTuple

from twitter_manager.twitter.text.punycode import encoded_length, max_encoded_length
from twitter_manager.twitter.text.tlds import NOT_IN_TWITTER_TEXT, TLDS

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

_FORBIDS_LINK_AFTER = f"A-Za-z0-9@＠$#＃{_INVALID}"
_MAY_PRECEDE = re.compile(f"[^{_FORBIDS_LINK_AFTER}]")
_RUN = re.compile(f"[^{_NEVER_IN_HOST}]{{4,}}")  # the shortest host name is "a.co"
_HOST_START = re.compile(rf"(?<![{_FORBIDS_LINK_AFTER}])[^{_NEVER_IN_HOST}._\-]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_PORT = re.compile(r":[0-9]+")
# Parentheses belong to a path when they are closed, two deep at the most: /Primer_(film).
_PATH = re.compile(rf"/(?:[{_IN_PATH}]++|\((?:[{_IN_PATH}]++\)|[{_IN_PATH}]*+\([{_IN_PATH}]++\)[{_IN_PATH}]*+\)))*+")
_QUERY = re.compile(r"\?[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]++")
_TCO = re.compile(r"https?://t\.co/([A-Za-z0-9]+)", re.ASCII | re.IGNORECASE)
_DENIES_TLD = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz@+-")
_PUNYCODE_TLD = re.compile(r"xn--[-0-9A-Za-z]+", re.ASCII | re.IGNORECASE)
_NEW_TLD = re.compile(rf"\.(?:{'|'.join(sorted(NOT_IN_TWITTER_TEXT))})", re.IGNORECASE)
_LATIN = rf"\-A-Za-z0-9{_LATIN_ACCENTS}"
_LATIN_BEFORE_TLD = re.compile(rf"(?:[{_LATIN}]++\.)++[^.]++")
_LATIN_LABELS = re.compile(rf"(?<![{_LATIN}])(?:[{_LATIN}]++\.)++")


class TldList:
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._lengths = {  # of those that begin with the same two characters, the longest first
            begin: sorted({len(name) for name in names if name.startswith(begin)}, reverse=True)
            for begin in {name[:2] for name in names}
        }

    def end_in(self, text: str, left: int, right: int) -> int:
        """The end of the top-level domain that the label text[left:right] begins with; -1 if with none."""
        begin = text[left : left + 2].lower()
        for length in self._lengths.get(begin, ()):
            end = left + length
            if end <= right and text[left:end].lower() in self._names and text[end : end + 1] not in _DENIES_TLD:
                return end
        punycode = _PUNYCODE_TLD.match(text, left, right) if begin == "xn" else None
        return punycode.end() if punycode else -1


ALL_TLDS = TldList(TLDS)
TWITTER_TEXT_TLDS = TldList(TLDS - NOT_IN_TWITTER_TEXT)


def find_urls(text: str, tlds: TldList = ALL_TLDS, *, enough: int | None = None) -> list[UrlSpan]:
    """The links of a text in NFC, in order, as indices of code points. Never raises. Stops at `enough` of them."""
    spans: list[UrlSpan] = []
    if "." not in text:
        return spans
    done = 0  # everything before this index is searched
    for run in _RUN.finditer(text):
        if "." in run.group():
            done = _search_run(text, run.start(), run.end(), done, spans, tlds)
            if enough is not None and len(spans) >= enough:
                break
    return spans


def may_differ_in_twitter_text(text: str) -> bool:
    """Whether it may contain a top-level domain that twitter-text does not know."""
    return _NEW_TLD.search(text) is not None


def _search_run(text: str, start: int, end: int, done: int, spans: list[UrlSpan], tlds: TldList) -> int:
    hosts, whole_end = _hosts(text, start, end, tlds)
    if whole_end > 0 and text.endswith("://", 0, start):
        scheme = _scheme_before(text, start)
        if scheme and _may_start(text, start - len(scheme), done):
            done = _add_links(text, start - len(scheme), start, whole_end, spans, tlds)
    for host in reversed(hosts):
        at, half = _first_start(text, max(host.first, done), host.before, done)
        if at is not None:
            done = _add_links(text, at, at, host.end, spans, tlds, half=half)
    return done


def _scheme_before(text: str, index: int) -> str:
    for scheme in ("https://", "http://"):
        if text[max(index - len(scheme), 0) : index].lower() == scheme:
            return scheme
    return ""


def _may_start(text: str, index: int, done: int) -> bool:
    if index == 0:
        return True
    return index > done and _MAY_PRECEDE.match(text, index - 1) is not None


def _first_start(text: str, low: int, high: int, done: int) -> tuple[int | None, str]:
    """Where a host name begins, and the half of a character before it that twitter-text counts as its first.

    twitter-text sees UTF-16: of a character beyond U+FFFF the first half can be the character *before* a link and the
    second half its first.
    """
    found = _HOST_START.search(text, max(low, done + 1) if done else low, high)
    at = None if found is None else found.start()
    astral = _ASTRAL.search(text, low, high)
    if astral is not None and (at is None or astral.start() < at or astral.start() == 0):
        return astral.end(), chr(0xDC00 + (ord(astral.group()) & 0x3FF))
    # twitter-text takes the first character of a text for the one *before* a link if it can.
    if at == 0 and (second := _HOST_START.search(text, 1, min(2, high))):
        return second.start(), ""
    return at, ""


class _Host(NamedTuple):
    """A host name that begins at `first` or later, `before` the dot of its first label, and where it ends then."""

    first: int
    before: int
    end: int


def _hosts(text: str, start: int, end: int, tlds: TldList) -> tuple[list[_Host], int]:
    """The host names that may begin in a run, from the right; and the end of the one that begins with the run, or
    -1."""
    # from the right, since the longest host name wins
    hosts: list[_Host] = []
    farther = -1  # where a host name ends that begins with the whole label after the dot
    right, dot = end, text.rfind(".", start, end)
    while dot >= 0:
        left = text.rfind(".", start, dot) + 1 or start
        host_end = farther if farther >= 0 else tlds.end_in(text, dot + 1, right)
        if host_end < 0 or dot == left or text[dot - 1] in "-_":
            farther = -1
        else:
            # In the last label before the top-level domain no underscore is allowed.
            after_underscore = 0 if farther >= 0 else text.rfind("_", left, dot) + 1
            hosts.append(_Host(after_underscore or left, dot, host_end))
            farther = -1 if after_underscore or text[left] in "-_" else host_end
        right, dot = dot, left - 1 if left > start else -1
    return hosts, farther


def _add_links(
    text: str, start: int, host_start: int, host_end: int, spans: list[UrlSpan], tlds: TldList, *, half: str = ""
) -> int:
    """Adds the links in a host name, and returns up to where the text is done."""
    end, has_path = _tail(text, host_end) if text[host_end : host_end + 1] in ("/", ":", "?") else (host_end, False)
    host = text[host_start:host_end]
    if start < host_start:
        links = list(_with_scheme(text, start, end))
    elif start == 0 or text[start - 1] not in "-_./":
        links = [UrlSpan(start + left, start + right) for left, right in _latin_hosts(host, tlds)]
        if links and has_path:
            links[-1] = UrlSpan(links[-1].start, _end_of_last(text, links[-1].end, host_end, end))
    else:
        return end
    # Checked last: it takes longest, and most foreign hosts without a scheme are no links anyway.
    length = len(half) + utf16_length(text[start:end]) + (host_start - start or len("https://"))
    if links and _is_allowed(half + host, length, tlds):
        spans += links
    return end


def _end_of_last(text: str, latin_end: int, host_end: int, end: int) -> int:
    """Where the last link of a host name ends. twitter-text counts the path's length, in UTF-16, from the end of the
    Latin part, also where more of the host follows: what that length does not reach is counted letter by letter."""
    if latin_end == host_end:
        return end
    left = utf16_length(text[host_end:end])
    while left >= (size := utf16_length(text[latin_end])):
        left -= size
        latin_end += 1
    return latin_end


def _tail(text: str, host_end: int) -> tuple[int, bool]:
    """Where port, path and query end that follow a host name, and whether there is a path."""
    port = _PORT.match(text, host_end)
    start = port.end() if port else host_end
    path = _PATH.match(text, start)
    path_end = start + len(path.group().rstrip(_NOT_AT_END_OF_PATH)) if path else start
    query = _QUERY.match(text, path_end)
    end = path_end + len(query.group().rstrip(_NOT_AT_END_OF_QUERY)) if query else path_end
    return end, path_end > start


def _with_scheme(text: str, start: int, end: int) -> Iterator[UrlSpan]:
    tco = _TCO.match(text, start, end)
    if tco is None:
        yield UrlSpan(start, end)
    elif len(tco.group(1)) <= MAX_TCO_SLUG_LENGTH:
        # Nothing but a query may follow the slug of X's own short links.
        query = _QUERY.match(text, tco.end(), end)
        kept = query.group().rstrip(_NOT_AT_END_OF_QUERY) if query else ""
        yield UrlSpan(start, tco.end() + len(kept))


def _latin_hosts(host: str, tlds: TldList) -> list[tuple[int, int]]:
    if _LATIN_BEFORE_TLD.fullmatch(host):
        return [(0, len(host))]
    found = []
    at = 0
    while labels := _LATIN_LABELS.search(host, at):
        at = labels.end()
        dot = at - 1
        while dot > labels.start():
            end = tlds.end_in(host, dot + 1, len(host) if dot == labels.end() - 1 else host.find(".", dot + 1))
            if end > 0:
                found.append((labels.start(), end))
                at = max(at, end)
                break
            dot = host.rfind(".", labels.start(), dot)
    return found


def _is_allowed(host: str, url_length: int, tlds: TldList) -> bool:
    if url_length > MAX_URL_LENGTH:
        return False
    if host.startswith("xn--") and not _latin_hosts(host, tlds):
        return False
    return _surely_fits(host) or all(map(_fits_in_dns, host.split(".")))


def _surely_fits(name: str) -> bool:
    """An estimate; False: unknown. Of a whole host name: whether each of its labels fits."""
    return (len(name) if name.isascii() else max_encoded_length(name)) <= MAX_LABEL_LENGTH


def _fits_in_dns(label: str) -> bool:
    if label.isascii() or len(label) > MAX_LABEL_LENGTH:
        return 0 < len(label) <= MAX_LABEL_LENGTH
    return _surely_fits(label) or _parts_fit_in_dns(label)


def _parts_fit_in_dns(label: str) -> bool:
    """The ideographic full stops count as dots in RFC 3490; twitter-text limits the sum of the parts."""
    parts = re.split("[\u3002\uff0e\uff61]", label)
    room = MAX_LABEL_LENGTH - (len(parts) - 1)
    for part in parts:
        room -= len(part) if part.isascii() else encoded_length(part, limit=room)
    return room >= 0


def utf16_length(text: str) -> int:
    """The length X counts indices in: characters beyond U+FFFF have two units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
