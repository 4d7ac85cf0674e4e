"""Cashtags ($TSLA) in a text, as twitter-text 3.1 finds them (extractCashtags)."""

import re

__all__ = ["count_cashtags"]

_CASHTAG = re.compile(
    r"(?:^|[\s\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069])\$[a-z]{1,6}(?:[._][a-z]{1,2})?"
    r"(?=$|[\s!'#%&()*+,\\\-./:;<=>?@\[\]^_{|}~$])",
    re.ASCII | re.IGNORECASE,
)


def count_cashtags(text: str) -> int:
    """X accepts one in a post."""
    return len(_CASHTAG.findall(text))
