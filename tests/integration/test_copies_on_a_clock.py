"""BACKUP_DIR, BACKUP_EVERY, BACKUP_KEEP: copies that the service makes by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.test_cli import run
from tests.support.clock import Clock
from tests.support.service import Service
from twitter_manager import config
from twitter_manager.errors import StartRefused
from twitter_manager.scratch_folders import PREFIX
from twitter_manager.services import build
from twitter_manager.services.copies.schedule import superfluous


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "copies"


@pytest.fixture
def copying(start: Callable[..., Service], folder: Path) -> Service:
    found = start(BACKUP_DIR="copies", BACKUP_EVERY="30m", BACKUP_KEEP="3")
    found.connect("alice")
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def notices(service: Service) -> list[str]:
    service.beat()
    return [notice["code"] for notice in service.client.get("/api/v1/health").json["notices"]]


def test_the_newest_are_kept_and_nothing_else_is_touched(copying: Service, folder: Path, clock: Clock) -> None:
    folder.mkdir()
    others = ["twitter-manager.tar", "twitter-manager-12345678-20200101T000000Z.tar", "notes.txt", f"{PREFIX}other"]
    for name in others:
        (folder / name).write_text("of somebody else")
    made = []
    for _ in range(5):
        assert copying.services.scheduled_copies.run_if_due()
        assert not copying.services.scheduled_copies.run_if_due(), "it is not due yet"
        made += [name for name in names(folder) if name not in [*others, *made]]
        clock.forward(1800)
    assert names(folder) == sorted([*others, *made[-3:]])
    assert copying.services.restore.verify(folder / made[-1]).problems == []


def test_the_one_just_made_stays_after_the_clock_was_set_back(copying: Service, folder: Path, clock: Clock) -> None:
    clock.forward(365 * 86_400)
    for _ in range(3):
        assert copying.services.scheduled_copies.run_if_due()
        clock.forward(1800)
    ahead = names(folder)
    clock.forward(-366 * 86_400)
    assert copying.services.scheduled_copies.run_if_due()
    assert set(names(folder)) - set(ahead)


def test_of_several_processes_one_makes_it(copying: Service, folder: Path, clock: Clock) -> None:
    processes = [build(copying.services.settings, clock=clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda each: each.scheduled_copies.run_if_due(), processes))
    assert sorted(made) == [False] * 7 + [True]
    assert len(names(folder)) == 1
    for each in processes:
        each.simulated().close()
        each.close()


def test_the_next_one_survives_a_restart(copying: Service, clock: Clock) -> None:
    assert copying.services.scheduled_copies.run_if_due()
    clock.forward(1700)
    again = build(copying.services.settings, clock=clock)
    assert not again.scheduled_copies.run_if_due()
    clock.forward(100)
    assert again.scheduled_copies.run_if_due()
    again.simulated().close()
    again.close()


def test_a_failure_is_told_and_over_with_the_next_copy(
    copying: Service, folder: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    folder.write_text("no folder")
    assert not copying.services.scheduled_copies.run_if_due()
    assert notices(copying) == ["copy_failed"]
    assert copying.client.get("/api/v1/health").status_code == 200
    assert "BACKUP_DIR" in caplog.text
    code, out, _ = run(copying, "doctor")
    assert code == 1
    assert "BACKUP_DIR" in next(line for line in out.splitlines() if "no copy was made" in line)
    folder.unlink()
    assert not copying.services.scheduled_copies.run_if_due(), "not at once"
    clock.forward(900)
    assert copying.services.scheduled_copies.run_if_due()
    assert notices(copying) == []
    out = run(copying, "doctor")[1]
    assert "the last one is of 2026" in out
    assert "one is made every 30m, in" in out


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder.write_text("x"), "copies is no folder"),
        (lambda folder: folder.symlink_to("nowhere"), "copies is no folder"),
        (lambda folder: None, None),
    ],
)
def test_the_doctor_sees_a_folder_that_is_none_before_a_copy_is_due(
    copying: Service, folder: Path, make: Callable[[Path], object], words: str | None
) -> None:
    make(folder)
    line = next(line for line in run(copying, "doctor")[1].splitlines() if " copies " in line)
    assert line.startswith("fail" if words else "ok")
    assert words is None or words in line


def test_one_that_was_killed_does_not_count_and_is_made_again(copying: Service, folder: Path, clock: Clock) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    scheduled = copying.services.scheduled_copies
    make = scheduled._backup.make
    scheduled._backup.make = kill  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        scheduled.run_if_due()
    scheduled._backup.make = make  # type: ignore[method-assign]
    assert not scheduled.run_if_due()
    clock.forward(1800)
    assert scheduled.run_if_due()
    assert len(names(folder)) == 1


def test_without_a_folder_none_are_made(service: Service) -> None:
    assert not service.services.scheduled_copies.is_on
    assert not service.services.scheduled_copies.run_if_due()
    assert "BACKUP_DIR is not set" in run(service, "doctor")[1]


def test_a_restored_database_is_told_in_health_and_by_the_doctor(copying: Service, folder: Path, clock: Clock) -> None:
    copying.services.scheduled_copies.run_if_due()
    (copy,) = folder.iterdir()
    copying.services.close()
    copying.services.restore.run(copy, replace=True)
    assert notices(copying) == ["restored_from_copy"]
    assert "1 accounts are still to be looked for" in run(copying, "doctor")[1]
    for seconds in (2, 8, 40):
        clock.forward(seconds)
        copying.run_due()
    assert notices(copying) == []


@pytest.mark.parametrize("value", ["", "30m", "24h", "7d", "90 m"])
def test_how_often_is_a_number_and_a_unit(tmp_path: Path, value: str) -> None:
    lengths = {"": timedelta(days=1), "30m": timedelta(minutes=30), "24h": timedelta(days=1), "7d": timedelta(days=7)}
    assert config.load(tmp_path, {"BACKUP_EVERY": value}).backup_every == lengths.get(value, timedelta(minutes=90))


@pytest.mark.parametrize("value", ["24", "0h", "h", "-1h", "1.5h", "30s", "999999d", "1w"])
def test_another_value_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(StartRefused, match=r"^BACKUP_EVERY is no time such as 30m, 24h or 7d"):
        config.load(tmp_path, {"BACKUP_EVERY": value})


def test_only_whole_names_are_its_own() -> None:
    own = [f"twitter-manager-ab-2026010{day}T000000Z.tar" for day in range(1, 5)]
    others = [f"x{own[0]}", f"{own[0]}.part", "twitter-manager-ac-20260101T000000Z.tar", "twitter-manager-ab-2026.tar"]
    assert superfluous([*others, *own], "ab", keep=2) == [own[1], own[0]]
