"""How long a post's text is for X: twitter-text's weighted length, configuration 3, in linear time.

After NFC each code point weighs 2, those of the Latin-like ranges 1; a link weighs 23 whatever its length; an emoji 2
whatever it is put together from. Source: twitter-text 3.1 (`parseTweet`, `config/v3.json`) and X's page "Counting
characters". A post without Premium may weigh 280.
"""

import re
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

from twitter_manager.twitter.text.normalization import nfc
from twitter_manager.twitter.text.urls import UrlSpan, find_urls, utf16_length

LIMIT = 280
URL_WEIGHT = 23
EMOJI_WEIGHT = 2

_HEAVY = re.compile("[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+")
# twitter-text refuses the first three. A lone surrogate has no UTF-8 form, and PostgreSQL stores no NUL.
_INVALID = re.compile("[\ufffe\ufeff\uffff\ud800-\udfff\u0000]")

# Only what is more than one code point needs a pattern: a single emoji weighs 2 anyway. U+FE0F is swallowed behind
# the characters that have two looks; behind the others it stands alone and weighs 2 (as in twemoji-parser).
_TWO_LOOKS = (
    r"[[\p{Emoji}--\p{Emoji_Presentation}--[#*0-9]]"
    r"[\u231A\u231B\u25FD\u25FE\u2614\u2615\u2648-\u2653\u267F\u2693\u26A1\u26AA\u26AB\u26BD\u26BE\u26C4\u26C5\u26D4"
    r"\u26EA\u26F2\u26F3\u26F5\u26FA\u26FD\u2757\u2B1B\u2B1C\u2B50\u2B55\U0001F004\U0001F21A\U0001F22F]]"
)
_SKIN = r"[\U0001F3FB-\U0001F3FF]"
_ONE = rf"(?:\p{{Emoji_Modifier_Base}}\uFE0F?{_SKIN}|{_TWO_LOOKS}\uFE0F|[\p{{Extended_Pictographic}}--[\xA9\xAE]])"
_EMOJI = regex.compile(
    r"(?V1)[#*0-9]\uFE0F?\u20E3"
    r"|[\U0001F1E6-\U0001F1FF]{2}"
    r"|\U0001F3F4[\U000E0030-\U000E0039\U000E0061-\U000E007A]{1,6}\U000E007F"
    # Four joined emoji are the most that exist (families); a longer chain is not one emoji for X either.
    rf"|{_ONE}(?:\u200D{_ONE}){{0,3}}"
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


def parse(text: str, *, limit: int = LIMIT, join_emoji: bool = True) -> ParsedText:
    """Weighs a text against `limit` (above 0). Never raises, whatever the text.

    `valid` is about the text alone: a post with media may be without one. With `join_emoji=False` each code point of
    an emoji counts (twitter-text's configuration 2).
    """
    normal = nfc(text)
    urls = find_urls(normal)
    pieces = _pieces(normal, urls, join_emoji=join_emoji)
    length = _weigh(normal, pieces)
    invalid = tuple(dict.fromkeys(_INVALID.findall(normal)))
    valid_end = len(normal) if length <= limit and not invalid else _valid_end(normal, pieces, limit)
    # twitter-text shifts the end by what NFC has taken away or added, wherever that was.
    shift = utf16_length(text) - utf16_length(normal)
    return ParsedText(
        weighted_length=length,
        remaining=limit - length,
        permille=length * 1000 // limit,
        valid=bool(normal.strip()) and not invalid and length <= limit,
        valid_range=(0, max(utf16_length(normal[:valid_end]) + shift - 1, 0)),
        display_range=(0, max(utf16_length(text) - 1, 0)),
        urls=tuple(normal[url.start : url.end] for url in urls),
        invalid_characters=invalid,
    )


def weighted_length(text: str) -> int:
    """The weighted length of a text: 280 is the most a post without Premium may have."""
    normal = nfc(text)
    return _weigh(normal, _pieces(normal, find_urls(normal), join_emoji=True))


def _pieces(text: str, urls: list[UrlSpan], *, join_emoji: bool) -> list[_Piece]:
    """The links and emoji of a text in order, without overlaps: what begins first wins, a link before an emoji."""
    pieces = [_Piece(url.start, url.end, URL_WEIGHT) for url in urls]
    if not join_emoji or text.isascii():
        return pieces
    spans = [emoji.span() for emoji in _EMOJI.finditer(text)]
    emoji = [_Piece(start, end, EMOJI_WEIGHT) for start, end in spans if end - start > 1]
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
    """How much of the text X would take: up to the limit or the first invalid character, no piece cut in two."""
    by_start = {piece.start: piece for piece in pieces}
    at, length = 0, 0
    while at < len(text):
        piece = by_start.get(at) or _Piece(at, at + 1, _weigh_plain(text[at]))
        length += piece.weight
        if length > limit or _INVALID.match(text, at):
            break
        at = piece.end
    return at
