"""Texts that are not equal and may still be the same post, reported inexactly.

Near are two texts whose letters and digits are the same (X may drop or change signs), and texts alike to 95 percent
with the same numbers in the same order, so that "Tweet 17" is not near "Tweet 18". Everything is linear in the length
of the texts; only their short differing middles are compared letter by letter.
"""

import re
from collections import Counter
from difflib import SequenceMatcher
from itertools import takewhile

from twitter_manager.twitter.text.normalization import nfkc

ALIKE = 0.95
# A changed letter touches four groups of four letters: alike to 95 percent are texts that share 80 percent of these.
ALIKE_IN_GROUPS = 0.8
MAX_MIDDLE = 200
MIN_BEGINNING = 20
MIN_BEGINNING_WITHOUT_ELLIPSIS = 100

_NUMBER = re.compile(r"\d+")
_SHAPELESS = re.compile(r"[\s\ufe00-\ufe0f\u200b-\u200f\u2060\ufeff\ufffc]+")
_ELLIPSIS_AT_END = re.compile(r"…\s*(?:\ufffc|(?:https?://)?(?:t\.co|x\.com/i/web/status)/\w*)?\s*\Z", re.ASCII)


def is_near(ours: str, theirs: str) -> bool:
    """Whether two canonical texts may be the same one."""
    mine, other = _letters(ours), _letters(theirs)
    if not mine and not other:  # nothing but signs, emoji for instance
        return _SHAPELESS.sub("", ours) == _SHAPELESS.sub("", theirs)
    if mine == other:
        return True
    return _numbers(ours) == _numbers(theirs) and _alike(ours, theirs)


def is_cut_short(theirs: str, *, of: str, is_long: bool) -> bool:
    """Whether `theirs` is the beginning of our text: with "…" at its end, or without if ours is a long post."""
    ellipsis = _ELLIPSIS_AT_END.search(theirs)
    beginning = theirs[: ellipsis.start()].rstrip() if ellipsis else theirs
    least = MIN_BEGINNING if ellipsis else MIN_BEGINNING_WITHOUT_ELLIPSIS
    if len(beginning) < least or not (ellipsis or is_long):
        return False
    return of.startswith(beginning) or bool(_letters(beginning) and _letters(of).startswith(_letters(beginning)))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, nfkc(text).casefold()))


def _numbers(text: str) -> list[str]:
    return _NUMBER.findall(nfkc(text))


def _alike(one: str, other: str) -> bool:
    """As difflib's ratio, but only the middles are compared, and long ones by their groups of four letters."""
    before = _shared(one, other)
    after = _shared(one[before:][::-1], other[before:][::-1])
    middle, other_middle = one[before : len(one) - after], other[before : len(other) - after]
    whole, shared = len(one) + len(other), 2 * (before + after)
    if shared + 2 * min(len(middle), len(other_middle)) < ALIKE * whole:
        return False
    if max(len(middle), len(other_middle)) > MAX_MIDDLE:
        return _share_of_groups(one, other) >= ALIKE_IN_GROUPS
    matches = SequenceMatcher(None, middle, other_middle, autojunk=False).get_matching_blocks()
    return shared + 2 * sum(match.size for match in matches) >= ALIKE * whole


def _shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _share_of_groups(one: str, other: str) -> float:
    groups, other_groups = (Counter(text[at : at + 4] for at in range(len(text) - 3)) for text in (one, other))
    return 2 * (groups & other_groups).total() / (groups.total() + other_groups.total())
