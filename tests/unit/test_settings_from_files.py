"""NAME_FILE: a setting's value in a file of its own, as containers hand secrets over."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from twitter_manager import config
from twitter_manager.config import Settings
from twitter_manager.errors import StartRefused

SETTINGS = [each for each in fields(Settings) if "derived" not in each.metadata]
NAMES = [name for each in SETTINGS for name in (each.name.upper(), each.metadata["also"]) if name]
VALUES = {
    "API_KEY": "a key of some length",
    "ENCRYPTION_KEY": "A" * 43 + "=",
    "TWITTER_CALLBACK_URL": "https://example.org/auth/callback",
    "TWITTER_REDIRECT_URI": "https://example.org/auth/callback",
    "TWITTER_API_URL": "https://example.org",
    "TWITTER_AUTHORIZE_URL": "https://example.org/authorize",
    "TWITTER_UPLOAD_URL": "https://example.org/upload",
    "TWITTER_MEDIA_API": "v1.1",
    "TWITTER_SCOPES": "tweet.read tweet.write users.read offline.access",
    "MEDIA_CHUNK_SIZE": "70000",
    "MEDIA_PROCESSING_TIMEOUT": "17",
    "MOCK_MODE": "on",
    "PORT": "5556",
    "TRUSTED_PROXIES": "2",
    "ALLOWED_HOSTS": "example.org",
    "DATABASE_URL": "sqlite:///elsewhere.db",
    "WORKER": "off",
    "WORKER_CONCURRENCY": "3",
    "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "LOG_LEVEL": "DEBUG",
    "BACKUP_EVERY": "30m",
    "BACKUP_KEEP": "3",
}
TOGETHER = ("TWITTER_CONSUMER_KEY", "TWITTER_CONSUMER_SECRET", "TWITTER_OAUTH1_TOKEN", "TWITTER_OAUTH1_TOKEN_SECRET")


def loaded(folder: Path, **environment: str) -> dict[str, object]:
    """With what may not be missing beside it."""
    others = {name: "x" for name in TOGETHER if f"{name}_FILE" not in environment}
    settings = config.load(folder, others | environment)
    return {each.name: getattr(settings, each.name) for each in SETTINGS}


def refusal(folder: Path, **environment: str) -> str:
    with pytest.raises(StartRefused) as refused:
        config.load(folder, environment)
    (line,) = str(refused.value).splitlines()
    return line


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_may_come_from_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "value").write_text(VALUES.get(name, "of the file") + "\n")
    itself = loaded(tmp_path, **{name: VALUES.get(name, "of the file")})
    assert itself != loaded(tmp_path)
    assert loaded(tmp_path, **{f"{name}_FILE": str(tmp_path / "secrets" / "value")}) == itself


def test_the_name_of_a_file_may_stand_in_env(tmp_path: Path) -> None:
    (tmp_path / "value").write_text("5556\n")
    (tmp_path / ".env").write_text("PORT_FILE=value\n")
    assert config.load(tmp_path, {}).port == 5556


def test_one_newline_at_the_end_is_dropped_and_the_folder_counts(tmp_path: Path) -> None:
    for text in ("the secret", "the secret\n", "the secret\r\n"):
        (tmp_path / "value").write_bytes(text.encode())
        assert config.load(tmp_path, {"TWITTER_CLIENT_SECRET_FILE": "value"}).twitter_client_secret == "the secret"
    (tmp_path / "folder").write_text("kept")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "secrets.env").write_text(f"API_KEY={'s' * 20}\n")
    assert config.load(tmp_path, {"INSTANCE_DIR_FILE": "folder"}).api_key == "s" * 20


def test_it_goes_before_what_the_first_start_made(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "secrets.env").write_text(f"API_KEY={'s' * 20}\n")
    (tmp_path / "value").write_text("a key of a container")
    settings = config.load(tmp_path, {"API_KEY_FILE": "value"})
    assert settings.api_key == "a key of a container"
    assert "API_KEY" not in settings.from_secrets


def test_a_value_in_two_places_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "value").write_text("a key of a container")
    (tmp_path / ".env").write_text("API_KEY=another key of the file\n")
    line = refusal(tmp_path, API_KEY_FILE="value")
    assert line == "API_KEY_FILE and API_KEY are both set; keep one of them"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"caf\xe9 secret", "is no text in UTF-8"),
        (b"s" * 70_000, "of over 64 KiB"),
    ],
)
def test_what_is_no_value_is_refused_in_a_line_without_it(tmp_path: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "value").write_bytes(content)
    line = refusal(tmp_path, TWITTER_CLIENT_SECRET_FILE="value")
    assert line.startswith("TWITTER_CLIENT_SECRET_FILE names a file")
    assert line.endswith(why)
    assert "sss" not in line


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.timeout(10)
def test_what_nobody_writes_to_does_not_hold_up_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "value")
    assert refusal(tmp_path, API_KEY_FILE="value").endswith("cannot be read: it is no regular file")
    assert refusal(tmp_path, API_KEY_FILE="/dev/zero").endswith("cannot be read: it is no regular file")


def test_a_folder_and_a_wrong_value_are_refused_in_a_line_without_it(tmp_path: Path) -> None:
    assert refusal(tmp_path, PORT_FILE=".").endswith("cannot be read: Is a directory")
    (tmp_path / "value").write_text("mine-is-short")
    assert refusal(tmp_path, API_KEY_FILE="value").startswith("API_KEY is under 16")
    assert "PORT_FILE" not in str(config.load(tmp_path, {"HOST_FILE": "value"}).misspelt)
