"""What finds a tweet: its text in the search index, and what a person types, folded in the same way."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["SIGNS", "Term", "fold", "search_words", "terms"]

# Signs that are words of their own, because nothing separates them from their neighbours: the scripts without blanks
# between words, Korean, symbols and emoji.
SIGNS = (
    "\u00a6\u00a9\u00ae\u00b0\u0e01-\u109f\u1100-\u11ff\u1780-\u17f9\u2100-\u2bff\u2e80-\ua4c6\ua960-\ua97c"
    "\uac00-\ud7fb\uf900-\ufad9\uff66-\uffdc\U0001b000-\U0001b2fb\U0001f000-\U0001fbf9\U00020000-\U000323af"
)
_SIGN = re.compile(f"([{SIGNS}])")
_LETTERLIKE = re.compile("([\u2100-\u214f\u2460-\u24ff\u3200-\u33ff])")  # signs that NFKD makes letters of: ™
# Accents and points that a writer may leave out: Latin, Greek and Cyrillic, Hebrew, Arabic (with its tatweel), Syriac.
# Not the vowels of Indic and Thai writing, nor the marks of kana, which are marks to Unicode, too: without them it is
# another word.
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20dc"
    "\u20e1\u20e5-\u20f0\ufe20-\ufe2f]+"
)
_NO_CHARACTERS = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}  # so they stand in SQLite's index
_TERM = re.compile(r'"(?P<phrase>[^"]*)"?(?P<rest>\**)|(?P<word>[^\s"]*[^\s"*])(?P<star>\**)')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other, folded, in any signs; `is_beginning`: the last one may go on."""

    words: str
    is_beginning: bool


def search_words(text: str) -> str | None:
    """What the index gets for a text: folded, its signs separated; None where that is the text itself."""
    words = fold(text)
    return None if words == text else words


def fold(text: str) -> str:
    """NFKD without what a writer may leave out, in lower case, with each sign that is a word of its own separated."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", _apart(_LETTERLIKE, text)).casefold().translate(_NO_CHARACTERS)
    return _apart(_SIGN, unicodedata.normalize("NFC", _LEFT_OUT.sub("", decomposed)))


def _apart(sign: re.Pattern[str], text: str) -> str:
    """A blank before and after each sign: a template of `sub` takes four times as long."""
    return " ".join(sign.split(text))


def terms(text: str) -> Iterator[Term]:
    """What a person looks for: every word of `text`, in any order; "words in quotes" follow each other; a `*` at the
    end stands for any further letters."""
    for found in _TERM.finditer(text.replace("\0", " ")):
        given = found["phrase"] if found["word"] is None else found["word"]
        words = fold(given).replace('"', " ")  # ＂ folds to the sign that ends a phrase
        yield Term(words, is_beginning=bool(found["rest"] or found["star"]))
