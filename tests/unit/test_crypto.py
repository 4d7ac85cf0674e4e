"""Secrets at rest: the newest key encrypts, every key decrypts, and an API key is known by its hash alone."""

import hashlib

import pytest

from twitter_manager.crypto import SecretUnreadable, Vault, hash_key, new_api_key, new_encryption_key

OLD, NEW = new_encryption_key(), new_encryption_key()


def test_a_round_trip_that_shows_nothing() -> None:
    text = "tökén 🎉"
    sealed = Vault([NEW]).encrypt(text)
    assert text not in sealed
    assert Vault([NEW]).decrypt(sealed) == text
    assert Vault([NEW]).encrypt(text) != sealed


def test_rotation() -> None:
    old = Vault([OLD]).encrypt("secret")
    both = Vault([NEW, OLD])
    assert both.decrypt(old) == "secret"
    assert Vault([NEW]).decrypt(both.encrypt("secret")) == "secret"
    with pytest.raises(SecretUnreadable):
        Vault([OLD]).decrypt(both.encrypt("secret"))


@pytest.mark.parametrize("token", ["", "nonsense", "gAAAAA", "ünïcode", "A" * 200])
def test_what_is_not_ours_is_unreadable_and_not_repeated(token: str) -> None:
    with pytest.raises(SecretUnreadable) as error:
        Vault([NEW]).decrypt(token)
    assert not token or token not in str(error.value)


def test_a_secret_that_was_tampered_with_is_unreadable() -> None:
    sealed = Vault([NEW]).encrypt("secret")
    tampered = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    with pytest.raises(SecretUnreadable):
        Vault([NEW]).decrypt(tampered)


def test_without_a_key_nothing_is_kept() -> None:
    with pytest.raises(SecretUnreadable):
        Vault([]).encrypt("secret")
    with pytest.raises(SecretUnreadable):
        Vault([]).decrypt(Vault([NEW]).encrypt("secret"))


def test_a_malformed_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        Vault([NEW, "short"])


def test_hashes() -> None:
    assert hash_key("abc") == hashlib.sha256(b"abc").hexdigest()
    assert hash_key("ä") == hashlib.sha256("ä".encode()).hexdigest()
    assert len(hash_key("\udcff")) == 64  # a header may hold any bytes


def test_new_keys_are_new_and_long() -> None:
    assert len({new_api_key() for _ in range(50)}) == 50
    assert {len(new_api_key()) for _ in range(50)} == {43}
