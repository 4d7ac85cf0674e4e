"""Words in the tweets' texts, in the language of SQLite's full text search (FTS5): database.TweetSearch as a module."""

import re

from twitter_manager.storage.search_words import fold

__all__ = ["CONDITION", "COUNT", "ID", "TABLES", "to_expression"]

TABLES = "tweet_text CROSS JOIN tweet ON tweet.id = tweet_text.rowid"
ID = "tweet_text.rowid"  # the index is in its order
CONDITION = "tweet_text MATCH :words"
COUNT = "SELECT count(*) FROM tweet_text WHERE tweet_text MATCH :words"  # without the tweets

_TERM = re.compile(r'"(?P<phrase>[^"]*)"?(?P<rest>\**)|(?P<word>[^\s"]*[^\s"*])(?P<star>\**)')


def to_expression(text: str) -> str:
    """What to MATCH against tweet_text: every word of `text`, in any order; "words in quotes" follow each other.

    A `*` at the end stands for any further letters. Everything else of FTS5's language (AND, NEAR, column:, ^ …) is
    searched like any word, so that no text is an error; what has neither letters nor emoji is left out.
    """
    terms = dict.fromkeys(_term(found) for found in _TERM.finditer(text.replace("\0", " ")))
    return " ".join(terms) or '""'


def _term(found: re.Match[str]) -> str:
    given = found["phrase"] if found["word"] is None else found["word"]
    words = fold(given).replace('"', " ")  # ＂ folds to the sign that ends a phrase
    return f'"{words}" *' if found["rest"] or found["star"] else f'"{words}"'
