"""The words for what can go wrong: every code has its sentence, cause and remedy, and an error carries what applies."""

import pytest

from twitter_manager.error_codes import CODES, sentence_of
from twitter_manager.errors import NotFound, StorageUnavailable

FIXED = {
    "rate_limited": "Rate limit exceeded. Please try again later.",
    "account_not_found": "Twitter account not found or not owned by user",
    "post_refused": "Failed to post tweet",
    "invalid_state": "Invalid or expired state",
    "unauthorized": "Unauthorized",
    "internal_error": "Internal server error",
    "oauth_not_configured": "Twitter OAuth credentials not configured",
}


def test_the_sentences_that_callers_rely_on() -> None:
    assert {code: sentence_of(code) for code in FIXED} == FIXED


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_complete(code: str) -> None:
    assert code == code.lower().strip()
    assert all((CODES[code].sentence, CODES[code].cause, CODES[code].remedy))


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        NotFound("no_such_code")


def test_the_database_keeps_its_reason_to_itself() -> None:
    error = StorageUnavailable("/secret/path is locked")
    assert (error.code, error.retryable) == ("database_unavailable", True)
    assert "secret" not in str(error) + error.sentence
    assert error.why == "/secret/path is locked"
