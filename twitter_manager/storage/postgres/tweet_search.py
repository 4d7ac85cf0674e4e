"""Words in the tweets' texts, by PostgreSQL's index of words: database.TweetSearch as a module.

A trigger stores the words of each text, cut as SQLite's FTS5 cuts them (migration 0013), since PostgreSQL's own parser
drops emoji and takes names of hosts apart. Its index knows neither their order nor their number and only the beginning
of a long one, but which tweets can be meant; then their words are compared.
"""

import re

from twitter_manager.storage.search_words import Term, terms

__all__ = ["FOUND", "ID", "SEPARATORS", "parameters"]

# What stands between words once a text is folded: punctuation, blanks, signs of control, mathematics and money, as far
# as SQLite's Unicode (6.1) knows them. In the words of PostgreSQL's regular expressions and of Python's.
SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a5\u00a7\u00ab-\u00ad\u00b1-\u00d7\u00f7\u02c2-\u02c5"
    r"\u02d2-\u02eb\u02ed\u02ef-\u02ff\u0375\u03f6\u055a-\u055f\u0589-\u058a\u058f\u05be-\u05c6\u05f3-\u05f4"
    r"\u0600-\u0604\u0606-\u060d\u061b\u061e-\u061f\u066a-\u066d\u06d4\u06dd\u0700-\u070d\u070f\u07f7-\u07f9"
    r"\u0830-\u083e\u085e\u0964-\u0965\u0970\u09f2-\u09f3\u09fb\u0af0-\u0af1\u0bf9\u0df4\u0e3f\u0e4f\u0e5a-\u0e5b"
    r"\u0f04-\u0f12\u0f14\u0f3a-\u0f3d\u0f85\u0fd0-\u0fd4\u0fd9-\u0fda\u104a-\u104f\u10fb\u1360-\u1368\u1400"
    r"\u166d-\u166e\u1680\u169b-\u169c\u16eb-\u16ed\u1735-\u1736\u17d4-\u17d6\u17d8-\u17db\u1800-\u180a\u180e"
    r"\u1944-\u1945\u1a1e-\u1a1f\u1aa0-\u1aa6\u1aa8-\u1aad\u1b5a-\u1b60\u1bfc-\u1bff\u1c3b-\u1c3f\u1c7e-\u1c7f"
    r"\u1cc0-\u1cc7\u1cd3\u200b-\u2064\u206a-\u206f\u20a0-\u20b9\u20e3\u2118\u2141-\u2144\u214b\u2190-\u2194\u21a0"
    r"\u21a3\u21a6\u21d2\u21d4\u21f4-\u22ff\u2308-\u230b\u2320-\u2321\u237c\u239b-\u23b3\u23dc-\u23e1\u25b7\u25c1"
    r"\u25f8-\u25ff\u266f\u2768-\u2775\u27c0-\u27ff\u2900-\u2aff\u2b30-\u2b44\u2b47-\u2b4c\u2cf9-\u2cfc\u2cfe-\u2cff"
    r"\u2d70\u2e00-\u2e2e\u2e30-\u2e3b\u3001-\u3003\u3008-\u3011\u3014-\u301f\u3030\u303d\u30a0\u30fb\ua4fe-\ua4ff"
    r"\ua60d-\ua60f\ua673\ua67e\ua6f2-\ua6f7\ua700-\ua716\ua720-\ua721\ua789-\ua78a\ua838\ua874-\ua877\ua8ce-\ua8cf"
    r"\ua8f8-\ua8fa\ua92e-\ua92f\ua95f\ua9c1-\ua9cd\ua9de-\ua9df\uaa5c-\uaa5f\uaade-\uaadf\uaaf0-\uaaf1\uabeb"
    r"\ufbb2-\ufbc1\ufd3e-\ufd3f\ufe0e-\ufe0f\ufe45-\ufe46\ufeff\ufff9-\ufffb\U00010100-\U00010102\U0001039f\U000103d0"
    r"\U00010857\U0001091f\U0001093f\U00010a50-\U00010a58\U00010a7f\U00010b39-\U00010b3f\U00011047-\U0001104d"
    r"\U000110bb-\U000110c1\U00011140-\U00011143\U000111c5-\U000111c8\U00012470-\U00012473\U0001d173-\U0001d17a"
    r"\U0001eef0-\U0001eef1\U000e0001\U000e0020-\U000e007f"
)
_SEPARATED = re.compile(f"[{SEPARATORS}]+")

FOUND = "tweets_with(CAST(:words AS tsquery), CAST(:patterns AS text[])) AS found"
ID = "found.tweet_id"
_MAX_LEXEME = 255  # characters of a word that the index has


def parameters(text: str) -> dict[str, object]:
    """A text without any word finds nothing."""
    found = {(words, term.is_beginning) for term in terms(text) if (words := _words(term))}
    lexemes = dict.fromkeys(lexeme for words, is_beginning in found for lexeme in _lexemes(words, is_beginning))
    patterns = [f"% {words}%" if is_beginning else f"% {words} %" for words, is_beginning in found]
    return {"words": " & ".join(lexemes), "patterns": patterns}


def _words(term: Term) -> str:
    """Separated by a blank each; without any of the signs that mean something in a tsquery or after LIKE."""
    return _SEPARATED.sub(" ", term.words.lower() if term.words.isascii() else term.words).strip(" ")


def _lexemes(words: str, is_beginning: bool) -> list[str]:
    lexemes = [f"'{word[:_MAX_LEXEME]}'" for word in words.split(" ")]
    return [*lexemes[:-1], f"{lexemes[-1]}:*"] if is_beginning else lexemes
