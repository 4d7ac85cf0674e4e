"""Words in the tweets' texts, in the language of SQLite's full text search (FTS5): database.TweetSearch as a module."""

import re

__all__ = ["CONDITION", "COUNT", "ID", "SIGNS", "TABLES", "to_expression"]

TABLES = "tweet_text CROSS JOIN tweet ON tweet.id = tweet_text.rowid"
ID = "tweet_text.rowid"  # the index is in its order
CONDITION = "tweet_text MATCH :words"
COUNT = "SELECT count(*) FROM tweet_text WHERE tweet_text MATCH :words"  # without the tweets

# Signs that are words of their own, because nothing separates them from their neighbours: the scripts without blanks
# between words, Korean, symbols and emoji. The view tweet_words (migration 0006) has the same list.
SIGNS = (
    "\u00a6\u00a9\u00ae\u00b0\u0e01-\u109f\u1100-\u11ff\u1780-\u17f9\u2100-\u2bff\u2e80-\ua4c6\ua960-\ua97c"
    "\uac00-\ud7fb\uf900-\ufad9\uff66-\uffdc\U0001b000-\U0001b2fb\U0001f000-\U0001fbf9\U00020000-\U000323af"
)
_SIGN = re.compile(f"([{SIGNS}])")
_TERM = re.compile(r'"(?P<phrase>[^"]*)"?(?P<rest>\**)|(?P<word>[^\s"]*[^\s"*])(?P<star>\**)')


def to_expression(text: str) -> str:
    """What to MATCH against tweet_text: every word of `text`, in any order; "words in quotes" follow each other.

    A `*` at the end stands for any further letters. Everything else of FTS5's language (AND, NEAR, column:, ^ …) is
    looked for like any word, so that no text is a wrong one; what has neither letters nor emoji is left out.
    """
    terms = dict.fromkeys(_term(found) for found in _TERM.finditer(text.replace("\0", " ")))
    return " ".join(terms) or '""'


def _term(found: re.Match[str]) -> str:
    words = _SIGN.sub(r" \1 ", found["phrase"] if found["word"] is None else found["word"])
    return f'"{words}" *' if found["rest"] or found["star"] else f'"{words}"'
