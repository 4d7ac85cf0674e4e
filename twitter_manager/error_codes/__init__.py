"""Every code, once: the sentence a person reads, why it happens, and what to do. docs/errors.md is compared with it.

A file has the codes of one subject (requests, accounts, posting, media, webhooks), code.py has their type, and this is
the catalogue.
"""

from collections.abc import Mapping
from types import MappingProxyType

from twitter_manager.error_codes import accounts, media, posting, requests, webhooks
from twitter_manager.error_codes.code import Code

__all__ = ["CODES", "Code", "hint_of", "sentence_of"]

CODES: Mapping[str, Code] = MappingProxyType(
    requests.CODES | accounts.CODES | posting.CODES | media.CODES | webhooks.CODES
)


def sentence_of(code: str) -> str:
    """The fixed sentence of `code`. Raises KeyError for a code that is not in CODES."""
    return CODES[code].sentence


def hint_of(code: str) -> str | None:
    """What the caller can do about it; None for a code that earlier versions stored and none raises today."""
    known = CODES.get(code)
    return known.remedy if known else None
