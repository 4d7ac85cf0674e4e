"""The first start, the next ones, and ENCRYPTION_KEY through them."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from twitter_manager import config
from twitter_manager.crypto import Vault
from twitter_manager.errors import StartRefused
from twitter_manager.services import prepare
from twitter_manager.storage import accounts
from twitter_manager.storage.sqlite.engine import SqliteDatabase

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def start(root: Path, **environ: str) -> config.Settings:
    return prepare(config.load(root, environ)).settings


def keep_account(settings: config.Settings, token: str) -> None:
    database = SqliteDatabase(settings.database_path)
    with database.transaction() as tx:
        accounts.connect(
            tx,
            x_user_id="1",
            username="alice",
            name="Alice",
            mock=True,
            access_token=token,
            refresh_token=token,
            scopes="",
            token_expires_at=tx.now,
            followers=None,
        )
    database.close()


def token_of(settings: config.Settings) -> str:
    database = SqliteDatabase(settings.database_path)
    (account,) = accounts.list_all(database)
    database.close()
    assert account.access_token is not None
    return account.access_token


def test_the_first_start_makes_keys_that_only_their_owner_can_read(tmp_path: Path) -> None:
    settings = start(tmp_path)
    assert stat.S_IMODE(settings.secrets_path.stat().st_mode) == 0o600
    lines = settings.secrets_path.read_text().splitlines()
    assert [line.partition("=")[0] for line in lines] == ["API_KEY", "ENCRYPTION_KEY"]
    again = start(tmp_path)
    assert (again.api_key, again.encryption_key) == (settings.api_key, settings.encryption_key)


def test_a_wrong_key_is_refused_and_nothing_is_made_anew(tmp_path: Path) -> None:
    start(tmp_path, ENCRYPTION_KEY=OLD)
    with pytest.raises(StartRefused, match="ENCRYPTION_KEY is not the one"):
        start(tmp_path, ENCRYPTION_KEY=NEW)


def test_a_missing_key_over_old_secrets_is_refused(tmp_path: Path) -> None:
    settings = start(tmp_path)
    settings.secrets_path.unlink()
    with pytest.raises(StartRefused, match="ENCRYPTION_KEY is missing"):
        start(tmp_path)
    assert not settings.secrets_path.exists()


def test_a_rotation_ends_with_the_new_key_alone(tmp_path: Path) -> None:
    settings = start(tmp_path, ENCRYPTION_KEY=OLD)
    keep_account(settings, Vault([OLD]).encrypt("the token"))
    start(tmp_path, ENCRYPTION_KEY=f"{NEW},{OLD}")
    settings = start(tmp_path, ENCRYPTION_KEY=NEW)
    assert Vault([NEW]).decrypt(token_of(settings)) == "the token"


def test_a_rotation_leaves_an_unreadable_token_as_it_is(tmp_path: Path) -> None:
    settings = start(tmp_path, ENCRYPTION_KEY=OLD)
    keep_account(settings, "nonsense")
    assert token_of(start(tmp_path, ENCRYPTION_KEY=f"{NEW},{OLD}")) == "nonsense"


def test_the_newest_api_key_setting_retires_the_earlier_one(tmp_path: Path) -> None:
    start(tmp_path, API_KEY="the-first-key-of-all")
    settings = start(tmp_path, API_KEY="the-second-key-of-all")
    database = SqliteDatabase(settings.database_path)
    rows = database.all("SELECT is_active FROM api_key ORDER BY id")
    assert [row["is_active"] for row in rows] == [0, 1]
    database.close()
