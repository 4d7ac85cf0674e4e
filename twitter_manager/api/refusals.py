"""What X refused while somebody waited for it, as the error that says so."""

from typing import NoReturn

from twitter_manager.api.shapes import twitter_words
from twitter_manager.error_codes import sentence_of
from twitter_manager.errors import XRefused
from twitter_manager.models import Tweet

__all__ = ["refuse_failed"]


def refuse_failed(tweet: Tweet, **details: object) -> NoReturn:
    """Raises XRefused for a `failed` tweet: its code, X's own words, and `details` that tell where it stands."""
    raise XRefused(
        tweet.error_code or "post_refused",
        sentence=sentence_of("post_refused"),
        retryable=False,
        twitter=twitter_words(tweet),
        details=details,
    )
