"""What a person types to find tweets, in the words of SQLite's full text search (FTS5)."""

import re

__all__ = ["SIGNS", "match_expression"]

# Signs that are words of their own, because nothing separates them from their neighbours: the scripts without blanks
# between words, Korean, symbols and emoji. The view tweet_words (migration 0006) has the same list.
SIGNS = (
    "\u00a6\u00a9\u00ae\u00b0\u0e01-\u109f\u1100-\u11ff\u1780-\u17f9\u2100-\u2bff\u2e80-\ua4c6\ua960-\ua97c"
    "\uac00-\ud7fb\uf900-\ufad9\uff66-\uffdc\U0001b000-\U0001b2fb\U0001f000-\U0001fbf9\U00020000-\U000323af"
)
_SIGN = re.compile(f"([{SIGNS}])")
_TERM = re.compile(r'"(?P<phrase>[^"]*)"?(?P<rest>\**)|(?P<word>[^\s"]*[^\s"*])(?P<star>\**)')


def match_expression(text: str) -> str:
    """What to MATCH against tweet_text: every word of `text`, in any order; "words in quotes" follow each other.

    A `*` at the end stands for any further letters. Everything else of FTS5's language (AND, NEAR, column:, ^ …) is
    looked for like any word, so that no text is a wrong one; what has neither letters nor emoji is left out.
    """
    terms = dict.fromkeys(_term(found) for found in _TERM.finditer(text.replace("\0", " ")))
    return " ".join(terms) or '""'


def _term(found: re.Match[str]) -> str:
    words = _SIGN.sub(r" \1 ", found["phrase"] if found["word"] is None else found["word"])
    return f'"{words}" *' if found["rest"] or found["star"] else f'"{words}"'
