"""A real disk that is full: health names it, nothing is lost that was taken, and it goes on by itself."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.exactly_once import assert_each_once
from tests.support.eventually import eventually
from tests.support.service_process import Installation
from twitter_manager.simulator.world import World


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def reason_codes(service: Installation) -> list[str]:
    codes: list[str] = service.ask("GET", "/api/v1/health").json()["reason_codes"]
    return codes


def fill(disk: Path) -> None:
    """Until no byte goes in."""
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_full_disk_of_the_database(install: Callable[..., Installation], world: World, small_disk: Path) -> None:
    service = install(INSTANCE_DIR=str(small_disk / "instance"))
    running = service.start()
    account = service.connect("ann")
    service.create(account, "Before it was full")
    fill(small_disk)
    written = ["Before it was full"]
    for number in range(400):
        answer = service.ask("POST", "/api/v1/tweet", json={"account_id": account, "text": f"{number} {'x' * 200}"})
        if answer.status_code != 201:
            break
        written.append(f"{number} {'x' * 200}")
    assert answer.json()["code"] == "database_unavailable"
    eventually(lambda: reason_codes(service) == ["disk_full"], seconds=5, what="health names it")
    (small_disk / "ballast").unlink()
    eventually(lambda: reason_codes(service) == [], seconds=30, what="health is well again")
    service.post_pending()
    service.wait_until_posted(len(written), seconds=60)
    assert_each_once(world, service, written)
    running.ask_to_stop()
    assert running.exit_code(within=10) == 0
