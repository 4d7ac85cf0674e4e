"""A worker's machine whose clock is five minutes off: PostgreSQL's clock counts, so it posts neither twice nor at
another time, and takes no lane from a worker that has it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.exactly_once import assert_each_once, sends
from tests.support import databases
from tests.support.eventually import eventually
from tests.support.service_process import ROOT, Installation
from twitter_manager.simulator.world import World

# read by Python at its start, before anything of the service is
OFF = """
from datetime import timedelta
from twitter_manager import timestamps
right = timestamps.now
timestamps.now = lambda: right() + timedelta(seconds={seconds})
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seconds", [300, -300], ids=["fast", "slow"])
def test_a_worker_whose_clock_is_off(
    install: Callable[..., Installation], world: World, tmp_path: Path, seconds: int
) -> None:
    if databases.chosen() != "postgresql":
        pytest.skip("about PostgreSQL: on SQLite all processes are on one machine")
    (tmp_path / "sitecustomize.py").write_text(OFF.format(seconds=seconds), encoding="utf-8")
    service = install(WORKER="off")
    service.start()
    service.start_worker(PYTHONPATH=f"{tmp_path}:{ROOT}")
    accounts = [service.connect(name) for name in ("ann", "ben", "cem", "dot")]
    assert service.ask("GET", "/api/v1/health").status_code == 200
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    body = {"account_id": accounts[0], "text": "At its time", "schedule_at": due.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert service.ask("POST", "/api/v1/tweets", json=body).status_code < 300
    eventually(world.posts, seconds=10, what="it is posted", every=0.02)
    assert timedelta() <= datetime.now(UTC) - due < timedelta(seconds=1.5)
    service.start_worker()
    written = [f"By one of two clocks: {number}" for number in range(24)]
    for number, text in enumerate(written):
        service.create(accounts[number % len(accounts)], text)
    world.change(latency=0.3)
    service.post_pending()
    service.wait_until_posted(25, seconds=30)
    assert sends(world) == 25
    assert_each_once(world, service, ["At its time", *written])
    assert service.error_lines() == []
