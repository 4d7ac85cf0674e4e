"""Words in the tweets' texts, in the language of SQLite's full text search (FTS5): database.TweetSearch as a module.

Triggers keep the index (migration 0008); it is read in the order of the ids.
"""

from twitter_manager.storage.search_words import Term, terms

__all__ = ["FOUND", "ID", "parameters"]

FOUND = "tweet_text(:words) AS found"
ID = "found.rowid"


def parameters(text: str) -> dict[str, object]:
    """Everything of FTS5's own language (AND, NEAR, column:, ^ …) is searched like any word, so that no text is an
    error; what has neither letters nor emoji is left out."""
    return {"words": " ".join(dict.fromkeys(map(_quoted, terms(text)))) or '""'}


def _quoted(term: Term) -> str:
    return f'"{term.words}" *' if term.is_beginning else f'"{term.words}"'
