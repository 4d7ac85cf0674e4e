"""Which sequences of code points are one emoji for X, and so weigh as much as one character.

Unicode's own list (emoji-test.txt, its fully qualified sequences, from the package `emoji`), as far as twitter-text
3.1 knows it: that counts with twemoji-parser 11, Emoji 11. What one of the two does not know may be several characters
to X, so it is counted as several here: ZWJ sequences without their U+FE0F, skin tones and families of later years.
"""

import re
from collections.abc import Iterator, Mapping

from emoji import EMOJI_DATA, STATUS

__all__ = ["SEQUENCES", "find_emoji"]

_NEWEST = 11  # the version of Emoji that twitter-text knows whole
# Of those versions, and not one emoji to twitter-text.
_UNKNOWN_TO_TWITTER_TEXT = {"\U0001f441\ufe0f\u200d\U0001f5e8\ufe0f", "\u267e\ufe0f"}
# Not fully qualified and one emoji to twitter-text, as phones write them: keycaps without U+FE0F, and U+FE0F after what
# looks like an emoji without.
_KNOWN_TO_TWITTER_TEXT = {
    *(f"{key}\u20e3" for key in "#*0123456789"),
    *(
        f"{sign}\ufe0f"
        for sign in "\u231a\u231b\u25fd\u25fe\u2614\u2615\u2648\u2649\u264a\u264b\u264c\u264d\u264e\u264f\u2650\u2651"
        "\u2652\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd"
        "\u2757\u2b1b\u2b1c\u2b50\u2b55\U0001f004\U0001f21a\U0001f22f"
    ),
}


def _fully_qualified() -> Iterator[str]:
    for sequence, known in EMOJI_DATA.items():
        if len(sequence) > 1 and known["status"] == STATUS["fully_qualified"] and known["E"] <= _NEWEST:
            yield sequence


# A single code point needs no entry: it weighs 2 anyway.
SEQUENCES = frozenset(_fully_qualified()) - _UNKNOWN_TO_TWITTER_TEXT | _KNOWN_TO_TWITTER_TEXT


def _lengths() -> Mapping[str, list[int]]:
    """Of the sequences that begin with the same two code points, the longest first."""
    lengths: dict[str, set[int]] = {}
    for sequence in SEQUENCES:
        lengths.setdefault(sequence[:2], set()).add(len(sequence))
    return {begin: sorted(each, reverse=True) for begin, each in lengths.items()}


_LENGTHS = _lengths()
_BEGIN = re.compile(
    f"[{re.escape(''.join(sorted({begin[0] for begin in _LENGTHS})))}]"
    f"(?=[{re.escape(''.join(sorted({begin[1] for begin in _LENGTHS})))}])"
)


def find_emoji(text: str) -> list[tuple[int, int]]:
    """The start and end of each emoji of more than one code point, in order. Linear in the text's length."""
    spans: list[tuple[int, int]] = []
    done = 0
    for found in _BEGIN.finditer(text):
        start = found.start()
        for length in _LENGTHS.get(text[start : start + 2], ()) if start >= done else ():
            if text[start : start + length] in SEQUENCES:
                done = start + length
                spans.append((start, done))
                break
    return spans
