"""The first start, the next ones, and ENCRYPTION_KEY through them."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from twitter_manager import config
from twitter_manager.crypto import Vault
from twitter_manager.errors import StartRefused
from twitter_manager.services import build, prepare
from twitter_manager.storage import accounts, workers
from twitter_manager.storage.sqlite import migrations
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


@pytest.mark.parametrize("present", ["PORT=5556", "# mine\nPORT=5556\n", "PORT=5556\r\n", ""])
def test_what_stood_in_the_file_of_the_keys_stays_and_each_key_has_a_line(tmp_path: Path, present: str) -> None:
    (tmp_path / "instance").mkdir()
    file = tmp_path / "instance" / "secrets.env"
    file.write_bytes(present.encode())
    file.chmod(0o644)
    settings = start(tmp_path)
    assert file.read_bytes().decode().startswith(present)
    again = start(tmp_path)
    assert (again.api_key, again.encryption_key) == (settings.api_key, settings.encryption_key)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert again.port == (5556 if present else 5555)
    assert [path.name for path in file.parent.iterdir() if "secrets" in path.name] == ["secrets.env"]


def test_a_key_that_is_missing_is_put_beside_the_other(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "secrets.env").write_text("API_KEY=a-key-of-my-own-choice")
    settings = start(tmp_path)
    assert settings.api_key == "a-key-of-my-own-choice"
    assert start(tmp_path).encryption_key == settings.encryption_key


def test_keys_that_a_disk_does_not_keep_refuse_the_start_before_anything_is_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "instance").mkdir()
    file = tmp_path / "instance" / "secrets.env"
    file.write_text("PORT=5556\n")
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", lambda descriptor: os.ftruncate(descriptor, 20))
        with pytest.raises(StartRefused, match=r"^secrets\.env: the new keys cannot be read"):
            start(tmp_path)
    assert file.read_text() == "PORT=5556\n"
    assert start(tmp_path).encryption_key == start(tmp_path).encryption_key


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "instance").mkdir()
    file = tmp_path / "instance" / "secrets.env"
    file.write_text("PORT=5556\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(StartRefused, match="No space left"):
            start(tmp_path)
    assert file.read_text() == "PORT=5556\n"
    assert start(tmp_path).port == 5556


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
class TestModes:
    @pytest.fixture(autouse=True)
    def everybody_reads(self) -> Iterator[None]:
        before = os.umask(0o022)
        yield
        os.umask(before)

    def use(self, settings: config.Settings) -> None:
        services = build(settings)
        services.simulated().change(latency=0.0)
        with services.db.transaction() as tx:
            workers.beat(tx, worker_id="w", host="h")
            services.db.wakeups.changes()
            assert modes(settings.instance_path) == ({0o700}, {0o600})
        services.close()
        services.simulated().close()

    def test_a_first_start_makes_everything_its_owners_alone(self, tmp_path: Path) -> None:
        settings = start(tmp_path)
        self.use(settings)
        assert {path.name for path in settings.instance_path.iterdir()} >= {"twitter_manager.db", "simulator.db"}

    @pytest.mark.parametrize("where", ["instance", "elsewhere"])
    def test_what_was_lax_before_is_made_strict(self, tmp_path: Path, where: str) -> None:
        settings = start(tmp_path, INSTANCE_DIR=where)
        (settings.instance_path / "twitter_manager.db.version-1.bak").touch()
        for path in (settings.instance_path, *settings.instance_path.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        self.use(start(tmp_path, INSTANCE_DIR=where))

    def test_a_database_made_through_a_link_is_its_owners_alone(self, tmp_path: Path) -> None:
        (tmp_path / "instance").mkdir()
        (tmp_path / "disk").mkdir()
        (tmp_path / "instance" / "twitter_manager.db").symlink_to(tmp_path / "disk" / "real.db")
        start(tmp_path)
        assert (tmp_path / "disk" / "real.db").stat().st_mode & 0o777 == 0o600

    def test_a_copy_made_before_a_migration_is_its_owners_alone(self, tmp_path: Path) -> None:
        older = migrations.SHIPPED[:-1]
        migrations.migrate(tmp_path / "x.db", older)
        migrations.migrate(tmp_path / "x.db")
        assert len(list(tmp_path.glob("*.bak"))) == 1
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}

    def test_a_folder_that_others_use_keeps_its_mode_and_only_our_files_are_closed(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").touch()
        tmp_path.chmod(0o755)
        settings = start(tmp_path, INSTANCE_DIR=str(tmp_path))
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
        assert stat.S_IMODE((tmp_path / "notes.txt").stat().st_mode) == 0o644
        assert stat.S_IMODE(settings.database_path.stat().st_mode) == 0o600


def modes(folder: Path) -> tuple[set[int], set[int]]:
    """Those of the folders, and of the files."""
    found = [folder, *folder.rglob("*")]
    return (
        {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()},
        {stat.S_IMODE(path.stat().st_mode) for path in found if not path.is_dir()},
    )
