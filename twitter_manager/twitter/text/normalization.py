"""Unicode normal forms in linear time, whatever the text.

`unicodedata.normalize` puts a run of combining marks in order by moving one mark at a time: 25,000 marks of two
alternating classes take it half a second, twice as many take four times as long. Here a long run is put in order
first, so that nothing is left to move. The result is the same, since a stable sort by class is what the standard's
canonical ordering is (Unicode Standard Annex 15).
"""

import unicodedata
from functools import partial
from typing import Literal

import regex  # type: ignore[import-untyped]

_Form = Literal["NFC", "NFKC"]
# U+FF9E and U+FF9F are the only letters that become a mark (NFKC). Shorter runs cost nothing worth saving.
_LONG_RUN_OF_MARKS = regex.compile(r"[\p{M}\uFF9E\uFF9F]{32,}")


def nfc(text: str) -> str:
    """The canonical composition of `text` (NFC), which is what X counts and stores."""
    return _normalize("NFC", text)


def nfkc(text: str) -> str:
    """The compatibility composition of `text` (NFKC): 'ﬁ' becomes 'fi', '²' becomes '2'."""
    return _normalize("NFKC", text)


def _normalize(form: _Form, text: str) -> str:
    if text.isascii():
        return text
    ordered = _LONG_RUN_OF_MARKS.sub(partial(_in_canonical_order, form), text)
    return unicodedata.normalize(form, ordered)


def _in_canonical_order(form: _Form, run: "regex.Match[str]") -> str:
    decomposition: Literal["NFD", "NFKD"] = "NFD" if form == "NFC" else "NFKD"
    ordered: list[str] = []
    waiting: list[str] = []
    for mark in "".join(unicodedata.normalize(decomposition, mark) for mark in run.group()):
        if unicodedata.combining(mark):
            waiting.append(mark)
        else:  # a mark of class 0 stays where it is, and nothing passes it
            ordered += [*sorted(waiting, key=unicodedata.combining), mark]
            waiting.clear()
    return "".join([*ordered, *sorted(waiting, key=unicodedata.combining)])
