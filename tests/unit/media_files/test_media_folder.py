"""The folder of media: a file is there whole, or not at all."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from twitter_manager.errors import NotNow, StorageFull
from twitter_manager.media_files.folder import FolderStore
from twitter_manager.media_files.incoming import Incoming
from twitter_manager.media_files.store import FileMissing


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "media")


@pytest.fixture
def incoming(tmp_path: Path) -> Incoming:
    return Incoming(tmp_path / "media" / "incoming")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_comes_whole_and_goes(store: FolderStore, incoming: Incoming, tmp_path: Path) -> None:
    with incoming.begin() as file:
        file.write(b"one ")
        file.write(b"two")
        file.sync()
        assert (file.size, file.sha256) == (7, hashlib.sha256(b"one two").hexdigest())
        store.put(file.path, "key")
    assert [each.key for each in store.files()] == ["key"]
    assert store.size("key") == 7
    with store.open("key", offset=4) as opened:
        assert opened.read() == b"two"
    if os.name != "nt":
        assert [path.stat().st_mode & 0o077 for path in files_below(tmp_path)] == [0]
    store.delete("key")
    store.delete("key")
    assert files_below(tmp_path) == []
    with pytest.raises(FileMissing):
        store.open("key")
    with pytest.raises(FileMissing):
        store.size("key")


def test_what_is_not_kept_leaves_nothing(incoming: Incoming, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), incoming.begin() as file:
        file.write(b"half")
        _ = 1 / 0
    assert files_below(tmp_path) == []


def test_a_full_disk_and_a_failing_one(incoming: Incoming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, expected in ((errno.ENOSPC, StorageFull), (errno.EIO, NotNow)):

        def fail(_: int, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(expected), incoming.begin() as file:
            file.write(b"data")
            file.sync()
    assert files_below(tmp_path) == []


def test_only_what_nobody_writes_to_any_more_is_swept(incoming: Incoming, tmp_path: Path) -> None:
    with incoming.begin() as left, incoming.begin() as running:
        old = left.path.stat().st_mtime - 100
        os.utime(left.path, (old, old))
        assert incoming.sweep(untouched_seconds=50) == 1
        assert not left.path.exists()
        assert running.path.exists()
