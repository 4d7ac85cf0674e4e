"""How long a post's text is for X: twitter-text's weighted length, configuration 3, in linear time.

After NFC each code point weighs 2, those of the Latin-like ranges 1; a link weighs 23 whatever its length; an emoji 2
whatever it is put together from. Source: twitter-text 3.1 (`parseTweet`, `config/v3.json`) and X's page "Counting
characters". A post without Premium may weigh 280.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import NamedTuple

from twitter_manager.twitter.text.emoji import find_emoji
from twitter_manager.twitter.text.normalization import nfc
from twitter_manager.twitter.text.urls import (
    TWITTER_TEXT_TLDS,
    UrlSpan,
    find_urls,
    may_differ_in_twitter_text,
    utf16_length,
)

LIMIT = 280
MAX_CHARACTERS = 5_000  # a text with one link of the longest kind; nobody weighs what is longer
URL_WEIGHT = 23
EMOJI_WEIGHT = 2

_HEAVY = re.compile("[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+")
# twitter-text refuses the first three. A lone surrogate has no UTF-8 form, and PostgreSQL stores no NUL.
_INVALID = re.compile("[\ufffe\ufeff\uffff\ud800-\udfff\u0000]")
# Unicode's White_Space, controls and Default_Ignorable_Code_Point (17.0), and the blank Braille pattern. Named one by
# one: what a Python knows to be printable differs from the next one's.
_UNSEEN = re.compile(
    "[\0-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)


@dataclass(frozen=True)
class ParsedText:
    """What X makes of a text. Ranges are first and last index (inclusive) in UTF-16 units, as twitter-text gives."""

    weighted_length: int
    remaining: int
    permille: int  # of the limit
    valid: bool
    valid_range: tuple[int, int]  # as far as the limit and the characters allow; (0, 0) also if nothing is allowed
    display_range: tuple[int, int]  # the whole text
    urls: tuple[str, ...]
    invalid_characters: tuple[str, ...]


class _Piece(NamedTuple):
    start: int
    end: int
    weight: int


def parse(text: str, *, limit: int = LIMIT, join_emoji: bool = True, max_length: int = MAX_CHARACTERS) -> ParsedText:
    """Weighs a text against `limit` (above 0). Never raises, whatever the text.

    `valid` is about the text alone: a post with media may be without one. With `join_emoji=False` each code point of
    an emoji counts (twitter-text's configuration 2). More than `max_length` characters are weighed letter by letter.
    """
    if len(text) > max(max_length, limit):
        return _of_overlong(text, limit)
    normal = nfc(text)
    urls = find_urls(normal)
    length, pieces = _weighed(normal, urls, join_emoji=join_emoji)
    invalid = tuple(dict.fromkeys(_INVALID.findall(normal)))
    valid_end = len(normal) if length <= limit and not invalid else _valid_end(normal, pieces, limit)
    # twitter-text shifts the end by what NFC has removed or added, wherever that was.
    shift = utf16_length(text) - utf16_length(normal)
    return ParsedText(
        weighted_length=length,
        remaining=limit - length,
        permille=length * 1000 // limit,
        valid=not is_blank(normal) and not invalid and length <= limit,
        valid_range=(0, max(utf16_length(normal[:valid_end]) + shift - 1, 0)),
        display_range=(0, max(utf16_length(text) - 1, 0)),
        urls=() if invalid else tuple(normal[url.start : url.end] for url in urls),
        invalid_characters=invalid,
    )


def _of_overlong(text: str, limit: int) -> ParsedText:
    """Only the beginning is parsed: of the rest it is enough to know that it is too long."""
    length = _weigh_plain(text)
    return replace(
        parse(text[:limit], limit=limit),
        weighted_length=length,
        remaining=limit - length,
        permille=length * 1000 // limit,
        valid=False,
        display_range=(0, utf16_length(text) - 1),
    )


def weighted_length(text: str) -> int:
    """A post without Premium may have up to 280."""
    normal = nfc(text)
    return _weighed(normal, find_urls(normal), join_emoji=True)[0]


def is_surely_too_long(text: str) -> bool:
    """Whether a long text is certainly too long, without parsing all of it. False: unknown."""
    if len(text) <= 2 * LIMIT or len(text) > MAX_CHARACTERS:
        return len(text) > MAX_CHARACTERS
    blank = text.rfind(" ", LIMIT, 2 * LIMIT)  # no link and no emoji spans it
    begin = nfc(text[:blank] if blank > 0 else text)
    urls = find_urls(begin, enough=LIMIT // URL_WEIGHT + 1)
    if len(urls) > LIMIT // URL_WEIGHT:
        return True
    return blank > 0 and _weighed(begin, urls, join_emoji=True)[0] > LIMIT


def is_surely_valid(text: str) -> bool:
    """Whether a text is certainly one that X takes, without parsing it: of the most that are written. False:
    unknown."""
    return len(text) <= LIMIT and text.isascii() and "." not in text and "\0" not in text and not is_blank(text)


def is_blank(text: str) -> bool:
    """Whether nothing in a text is visible: only blanks, controls and named invisible characters."""
    return _UNSEEN.fullmatch(text) is not None


def _weighed(text: str, urls: list[UrlSpan], *, join_emoji: bool) -> tuple[int, list[_Piece]]:
    """The weight, and the links and emoji in it; where X may count a link as plain letters, the greater weight."""
    pieces = _pieces(text, urls, join_emoji=join_emoji)
    length = _weigh(text, pieces)
    if may_differ_in_twitter_text(text):
        others = _pieces(text, find_urls(text, TWITTER_TEXT_TLDS), join_emoji=join_emoji)
        return max((length, pieces), (_weigh(text, others), others), key=itemgetter(0))
    return length, pieces


def _pieces(text: str, urls: list[UrlSpan], *, join_emoji: bool) -> list[_Piece]:
    """The links and emoji of a text in order, without overlaps: what begins first wins, a link before an emoji."""
    pieces = [_Piece(url.start, url.end, URL_WEIGHT) for url in urls]
    if not join_emoji or text.isascii():
        return pieces
    emoji = [_Piece(start, end, EMOJI_WEIGHT) for start, end in find_emoji(text)]
    if not (pieces and emoji):
        return pieces or emoji
    pieces = sorted(pieces + emoji, key=itemgetter(0))
    kept: list[_Piece] = []
    for piece in pieces:
        if not kept or piece.start >= kept[-1].end:
            kept.append(piece)
    return kept


def _weigh(text: str, pieces: list[_Piece]) -> int:
    length, at = 0, 0
    for piece in pieces:
        length += _weigh_plain(text[at : piece.start]) + piece.weight
        at = piece.end
    return length + _weigh_plain(text[at:])


def _weigh_plain(text: str) -> int:
    return len(text) + (0 if text.isascii() else sum(map(len, _HEAVY.findall(text))))


def _valid_end(text: str, pieces: list[_Piece], limit: int) -> int:
    """How much of the text X would accept: up to the limit or the first invalid character, no piece cut in two."""
    invalid = _INVALID.search(text)  # never inside a link or an emoji
    end = invalid.start() if invalid else len(text)
    at, length = 0, 0
    for piece in (*pieces, _Piece(end, end, 0)):
        before = text[at : min(piece.start, end)]
        fits = _fitting(before, limit - length)
        if fits < len(before) or piece.start >= end:
            return at + fits
        length += _weigh_plain(before) + piece.weight
        if length > limit:
            return piece.start
        at = piece.end
    return at


def _fitting(text: str, room: int) -> int:
    """How many letters of a text without links and emoji weigh at most `room`."""
    if _weigh_plain(text) <= room:
        return len(text)
    return bisect_right(range(len(text)), room, key=lambda count: _weigh_plain(text[:count])) - 1
