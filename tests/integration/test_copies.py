"""`backup` and `restore`, as an owner calls them: beside the service, and into another folder."""

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.test_cli import run
from tests.support.clock import Clock
from tests.support.service import Service
from twitter_manager import config, scratch_folders
from twitter_manager.config import Settings
from twitter_manager.factory import create_app
from twitter_manager.services import build, prepare
from twitter_manager.storage import restored
from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.sqlite.copies import SqliteCopies

pytestmark = pytest.mark.sqlite  # PostgreSQL has pg_dump


def cli(settings: Settings, clock: Clock, *words: str) -> tuple[int, str, str]:
    """A command in the folder of these settings, where no service runs."""
    services = build(settings, clock=clock)
    try:
        result = create_app(services=services).test_cli_runner().invoke(args=list(words))
    finally:
        services.simulated().close()
        services.close()
    return result.exit_code, result.stdout, result.stderr


def opened(folder: Path, clock: Clock, **environment: str) -> Service:
    settings = prepare(config.load(folder, environment)).settings
    services = build(settings, clock=clock)
    return Service(services, create_app(services=services), settings.api_key or "", clock)


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture
def copy(service: Service, alice: int, tmp_path: Path) -> Path:
    """A copy with the keys."""
    service.tweet(alice, "in the copy")
    path = tmp_path / "copy.tar"
    code, _, err = run(service, "backup", str(path), "--with-secrets")
    assert code == 0, err
    return path


def test_a_copy_with_the_keys_serves_in_another_folder(
    service: Service, copy: Path, elsewhere: Path, clock: Clock
) -> None:
    code, out, err = cli(config.load(elsewhere, {}), clock, "restore", str(copy))
    assert code == 0, err
    assert "or not certainly: 1." in out
    there = opened(elsewhere, clock)
    assert there.key == service.key
    (tweet,) = there.client.get("/api/v1/tweets").json["tweets"]
    assert (tweet["text"], tweet["status"]) == ("in the copy", "pending")
    there.beat()
    clock.forward(2)
    there.run_due()
    clock.forward(8)
    there.run_due()
    clock.forward(40)
    there.run_due()
    assert not restored.is_any(there.services.db)
    assert there.client.post(f"/api/v1/tweets/{tweet['id']}/retry").status_code == 409
    there.beat()
    there.services.publishing.post_now(tweet["id"])
    there.run_due()
    assert there.row(tweet["id"])["status"] == "posted"
    assert [post.original for post in there.world.posts("alice")] == ["in the copy"]
    assert stat.S_IMODE((elsewhere / "instance" / "twitter_manager.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((elsewhere / "instance" / "secrets.env").stat().st_mode) == 0o600


def test_what_the_file_is_and_what_is_said_of_it(service: Service, alice: int, tmp_path: Path) -> None:
    path = tmp_path / "copy.tar"
    code, out, err = run(service, "backup", str(path))
    assert code == 0
    assert str(path) in out
    assert "ENCRYPTION_KEY" in err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["copy.json", "database", "simulator.db"]
    assert (service.services.settings.encryption_key[0]).encode() not in path.read_bytes()
    code, _, err = run(service, "backup", str(path), "--with-secrets", "--force")
    assert code == 0
    assert "WHOEVER HAS THIS FILE HAS THE ACCOUNTS" in err
    assert (service.services.settings.encryption_key[0]).encode() in path.read_bytes()
    assert [each.name for each in tmp_path.iterdir() if "copy" in each.name] == ["copy.tar"]


def test_a_copy_that_cannot_be_made_is_told_in_a_line_and_leaves_nothing(
    service: Service, alice: int, tmp_path: Path
) -> None:
    (tmp_path / "there.tar").write_text("kept")
    os.mkfifo(tmp_path / "pipe")
    for target, words in (
        (tmp_path / "there.tar", "exists; name another file, or say --force"),
        (tmp_path / "no folder" / "copy.tar", "the folder"),
        (tmp_path, "is no file"),
        (tmp_path / "pipe", "is no file"),
        (Path("/proc/copy.tar"), "/proc"),
    ):
        options = ["--force"] if target.name == "pipe" else []
        code, _, err = run(service, "backup", str(target), *options)
        assert code == 1
        (line,) = err.splitlines()
        assert words in line
    assert (tmp_path / "there.tar").read_text() == "kept"


def test_a_full_disk_is_told_and_leaves_the_old_copy(
    service: Service, alice: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "copy.tar"
    assert run(service, "backup", str(path))[0] == 0
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run(service, "backup", str(path), "--force")
    assert (code, len(err.splitlines())) == (1, 1)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(".twitter-manager-copy-*"))


def test_verify_says_everything_and_changes_nothing(
    service: Service, copy: Path, elsewhere: Path, clock: Clock
) -> None:
    shutil.copy(service.services.settings.secrets_path, elsewhere / ".env")
    code, out, _ = cli(config.load(elsewhere, {}), clock, "restore", str(copy), "--verify")
    assert code == 0
    for words in (
        "from sqlite",
        "tweet 1",
        "twitter_account 1",
        "ENCRYPTION_KEY opens it",
        "2 tokens",
        "certainly: 1.",
    ):
        assert words in out
    assert [path.name for path in elsewhere.iterdir()] == [".env"]


def test_without_its_key_it_says_what_is_missing(
    service: Service, alice: int, tmp_path: Path, elsewhere: Path, clock: Clock
) -> None:
    path = tmp_path / "copy.tar"
    run(service, "backup", str(path))
    for words in (["restore", str(path), "--verify"], ["restore", str(path)]):
        code, out, err = cli(config.load(elsewhere, {}), clock, *words)
        assert code == 1
        assert "ENCRYPTION_KEY is missing" in out + err
        assert "secrets.env" in out + err
    other = config.load(elsewhere, {"ENCRYPTION_KEY": "A" * 43 + "="})
    code, _, err = cli(other, clock, "restore", str(path))
    assert (code, "ENCRYPTION_KEY is not the one" in err) == (1, True)
    assert not (elsewhere / "instance" / "twitter_manager.db").exists()


def test_a_token_under_another_key_is_named(service: Service, copy: Path, tmp_path: Path) -> None:
    service.connect("bob")
    with closing(sqlite3.connect(service.services.settings.database_path)) as db, db:
        db.execute("UPDATE twitter_account SET refresh_token = 'gAAAAAB' WHERE username = 'bob'")
    run(service, "backup", str(tmp_path / "second.tar"))
    code, out, _ = run(service, "restore", str(tmp_path / "second.tar"), "--verify")
    assert code == 0
    assert "No key opens the tokens of @bob" in out


def test_data_is_replaced_only_when_told_and_kept(
    service: Service, alice: int, copy: Path, tmp_path: Path, clock: Clock
) -> None:
    service.tweet(alice, "after the copy")
    settings = service.services.settings
    code, _, err = run(service, "restore", str(copy))
    assert (code, "--replace" in err) == (1, True)
    code, _, err = run(service, "restore", str(copy), "--replace")
    assert (code, "is in use" in err) == (1, True), "the service runs"
    assert len(service.client.get("/api/v1/tweets").json["tweets"]) == 2
    service.services.close()
    code, out, err = cli(settings, clock, "restore", str(copy), "--replace")
    assert code == 0, err
    (kept,) = settings.instance_path.glob("twitter_manager.db.replaced-*")
    assert str(kept) in out
    assert len(opened(tmp_path, clock).client.get("/api/v1/tweets").json["tweets"]) == 1
    with closing(sqlite3.connect(kept)) as db:
        assert db.execute("SELECT count(*) FROM tweet").fetchone() == (2,)


def test_a_key_that_was_revoked_since_the_copy_stays_revoked(service: Service, tmp_path: Path, clock: Clock) -> None:
    made, left = (
        service.client.post("/api/v1/keys", json={"name": name, "scopes": ["read"]}).json for name in ("leaked", "good")
    )
    path = tmp_path / "copy.tar"
    code, _, err = run(service, "backup", str(path))
    assert code == 0, err
    assert service.client.delete(f"/api/v1/keys/{made['key']['id']}").status_code == 200
    service.services.close()
    code, _, err = cli(service.services.settings, clock, "restore", str(path), "--replace")
    assert code == 0, err
    client = opened(tmp_path, clock).client
    states = {key["name"]: key["state"] for key in client.get("/api/v1/keys").json["keys"]}
    assert (states["leaked"], states["good"]) == ("revoked", "active")
    assert client.get("/api/v1/test", headers={"X-API-Key": made["api_key"]}).status_code == 401
    assert client.get("/api/v1/test", headers={"X-API-Key": left["api_key"]}).status_code == 200


def test_a_damaged_database_can_be_replaced(service: Service, copy: Path, tmp_path: Path, clock: Clock) -> None:
    settings = service.services.settings
    service.services.close()
    settings.database_path.write_bytes(b"no database" * 1000)
    code, _, err = cli(settings, clock, "restore", str(copy), "--replace")
    assert code == 0, err
    assert len(opened(tmp_path, clock).client.get("/api/v1/tweets").json["tweets"]) == 1


@pytest.mark.parametrize("keep", [0, 100, 5000, 200_000])
def test_what_is_no_whole_copy_is_refused_in_a_line(service: Service, copy: Path, tmp_path: Path, keep: int) -> None:
    (tmp_path / "cut.tar").write_bytes(copy.read_bytes()[:keep])
    for words in (["--verify"], ["--replace"]):
        code, _, err = run(service, "restore", str(tmp_path / "cut.tar"), *words)
        assert code == 1
        (line,) = err.splitlines()
        assert "cut.tar" in line


@pytest.mark.parametrize(
    "said",
    [
        "[" * 200_000,
        '{"made_at": "2026-11-28T10:00:00Z", "database": "sqlite", "format": "1"}',
        '{"made_at": {"a": 1}, "database": "sqlite"}',
        '{"made_at": "\\u001b[2Ja moment", "database": "sqlite"}',
    ],
    ids=["nested", "format", "moment", "controls"],
)
def test_a_copy_that_says_something_else_of_itself_is_refused_in_a_line(
    service: Service, copy: Path, tmp_path: Path, said: str
) -> None:
    code, _, err = run(service, "restore", str(_forged(copy, tmp_path, manifest=said.encode())), "--verify")
    assert (code, "is no copy of Twitter Manager" in err) == (1, True), err


@pytest.mark.parametrize("size", [1 << 40, -512])
def test_a_member_larger_than_its_file_is_refused_before_it_is_written(
    service: Service, copy: Path, tmp_path: Path, size: int
) -> None:
    code, _, err = run(service, "restore", str(_forged(copy, tmp_path, size=size)), "--verify")
    assert (code, "is no copy of Twitter Manager" in err) == (1, True), err


def _forged(copy: Path, folder: Path, *, manifest: bytes | None = None, size: int | None = None) -> Path:
    """The copy with another copy.json, or with a database of `size` bytes: holes, or less than none."""
    forged = folder / "forged.tar"
    with tarfile.open(copy) as whole, forged.open("wb") as file:
        for member in whole:
            content = whole.extractfile(member)
            assert content is not None
            data = content.read()
            if member.name == "copy.json" and manifest is not None:
                data = manifest
            member.size = len(data)
            header = member.tobuf(tarfile.GNU_FORMAT)
            if member.name == "database" and size is not None:
                header, data = _of_size(member, size), bytes(512)
            file.write(header + data + bytes(-len(data) % 512))
        file.write(bytes(1024))
    return forged


def _of_size(member: tarfile.TarInfo, size: int) -> bytes:
    if size < 0:
        member.size = size
        return member.tobuf(tarfile.GNU_FORMAT)
    member.size, member.type = 512, tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    for at, number in ((386, size - 512), (398, 512), (483, size)):  # one piece at the end, and the size it grows to
        header[at : at + 12] = b"\x80" + number.to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def test_a_restore_that_is_killed_at_its_last_step_leaves_the_earlier_database(
    service: Service, copy: Path, elsewhere: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = opened(elsewhere, clock)
    path = there.services.settings.database_path
    assert path is not None
    there.services.close()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pathlib.Path.replace", killed)
        SqliteCopies(path).put_in_place(_database_of(copy, elsewhere), prepare=lambda _: None)
    assert path.exists(), "the next start would make an empty one"


def _database_of(copy: Path, folder: Path) -> Path:
    with tarfile.open(copy) as whole:
        whole.extract("database", folder, filter="data")
    return folder / "database"


_KILLED = """
import os, signal, sys
from twitter_manager.factory import create_app
from twitter_manager.services.copies import restore
restore.examine = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from twitter_manager import config
from pathlib import Path
create_app(config.load(Path(sys.argv[1]), {})).test_cli_runner().invoke(args=["restore", *sys.argv[2:]])
"""


@pytest.mark.parametrize("words", [["--verify"], []])
@pytest.mark.parametrize("then", ["verify", "start"])
def test_what_a_killed_restore_leaves_goes_with_the_next_one_or_the_next_start(
    service: Service, copy: Path, elsewhere: Path, clock: Clock, words: list[str], then: str
) -> None:
    opened(elsewhere, clock).services.close()
    instance = elsewhere / "instance"
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(elsewhere), str(copy), *words], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = instance.glob(".twitter-manager-copy-*")
    assert {"database", "secrets.env"} <= {each.name for each in left.iterdir()}
    a_minute_ago = time.time() - 60
    os.utime(left, (a_minute_ago, a_minute_ago))
    if then == "verify":
        cli(config.load(elsewhere, {}), clock, "restore", str(copy), "--verify")
    else:
        opened(elsewhere, clock).services.close()
    assert not left.exists()


def test_what_another_process_is_at_stays(service: Service, copy: Path, tmp_path: Path) -> None:
    with scratch_folders.make(tmp_path) as in_use:
        an_hour_ago = time.time() - 3600
        os.utime(in_use, (an_hour_ago, an_hour_ago))
        assert run(service, "backup", str(tmp_path / "second.tar"))[0] == 0
        assert in_use.exists()


def test_a_damaged_copy_is_refused(service: Service, copy: Path, tmp_path: Path) -> None:
    content = bytearray(copy.read_bytes())
    content[20_000:60_000] = b"\0" * 40_000
    (tmp_path / "damaged.tar").write_bytes(content)
    code, out, err = run(service, "restore", str(tmp_path / "damaged.tar"), "--verify")
    assert code == 1
    assert "Traceback" not in out + err


def test_a_copy_of_a_newer_program_is_refused(service: Service, copy: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(service.services.settings.database_path)) as db:
        db.execute("PRAGMA user_version = 999")
    service.services.backup.make(tmp_path / "newer.tar")
    code, out, _ = run(service, "restore", str(tmp_path / "newer.tar"), "--verify")
    assert code == 1
    assert "its database has version 999" in out


def test_an_older_database_put_back_by_hand_is_marked(
    service: Service, copy: Path, tmp_path: Path, clock: Clock
) -> None:
    settings = service.services.settings
    assert run(service, "restore", "--in-place")[0] == 1, "the service runs"
    service.services.close()
    code, _, err = cli(settings, clock, "restore", "--in-place")
    assert code == 0, err
    assert restored.count(opened(tmp_path, clock).services.db) == 1


def test_a_copy_is_consistent_while_sixteen_threads_write(service: Service, alice: int, tmp_path: Path) -> None:
    ends = threading.Event()
    made: list[int] = []

    def write(number: int) -> None:
        count = 0
        while not ends.is_set():
            made.append(service.tweet(alice, f"{number} wrote {count}"))
            count += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    try:
        acknowledged = list(made)
        service.services.backup.make(tmp_path / "copy.tar")
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    found = service.services.restore.verify(tmp_path / "copy.tar")
    assert found.problems == []
    assert len(acknowledged) <= found.contents.counts["tweet"] <= len(made)
    assert found.contents.tweets == {"pending": found.contents.counts["tweet"]}


def test_a_copy_of_another_kind_of_file(service: Service, tmp_path: Path) -> None:
    with pytest.raises(CopyFailed, match="no copy of Twitter Manager"):
        service.services.restore.verify(service.services.settings.secrets_path)
