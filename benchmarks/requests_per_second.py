"""Requests per second and p99 of the two calls that come most, each beside a bare Flask function.

Both are called alternately, a second at a time, so that whatever else the machine does meets both: on copies of the
same SQLite database, and on the same PostgreSQL database.
"""

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import load, postgresql
from benchmarks.figures import Figure
from benchmarks.harness import ServiceUnderLoad, folder
from benchmarks.load import Load
from tests.support.service_process import ROOT, Process, eventually, free_port

__all__ = ["measure"]

TWEETS_BEFORE = 200
REPEATS = 9
SECONDS = 1.0
GOALS_ON_SQLITE, GOALS_ON_POSTGRESQL = (0.80, 0.88), (0.7, 0.7)  # POST, GET
Asked = Callable[[int], Load]  # at which port


def measure(repeats: int = REPEATS, seconds: float = SECONDS) -> list[Figure]:
    """The service's requests per second divided by the bare function's, and the bare function's p99 divided by the
    service's."""
    return [
        *_on("SQLite", GOALS_ON_SQLITE, repeats, seconds),
        *postgresql.figures(partial(_on_postgresql, repeats, seconds)),
    ]


def _on_postgresql(repeats: int, seconds: float) -> list[Figure]:
    with postgresql.database() as url:
        return _on("PostgreSQL", GOALS_ON_POSTGRESQL, repeats, seconds, url)


def _on(
    name: str, goals: tuple[float, float], repeats: int, seconds: float, database_url: str | None = None
) -> list[Figure]:
    settings = {} if database_url is None else {"DATABASE_URL": database_url}
    with folder() as path, ServiceUnderLoad(path, accounts=1, **settings) as harness:
        harness.create(TWEETS_BEFORE)
        bare_port, bare = _bare_flask(path, database_url or _copied(harness.service.database, path / "bare"))
        key = {"X-API-Key": harness.service.api_key}
        body = json.dumps(
            {"account_id": harness.accounts[0], "text": "Tweet number # of a good many, said in one line"}
        )
        try:
            return [
                *_compared(
                    f"{name}, POST /api/v1/tweet",
                    goals[0],
                    repeats,
                    harness.service.port,
                    bare_port,
                    lambda port: load.run(port, "POST", "/api/v1/tweet", headers=key, body=body, seconds=seconds),
                ),
                *_compared(
                    f"{name}, GET /api/v1/tweets",
                    goals[1],
                    repeats,
                    harness.service.port,
                    bare_port,
                    lambda port: load.run(port, "GET", "/api/v1/tweets", headers=key, seconds=seconds),
                ),
            ]
        finally:
            bare.end()


def _copied(database: Path, folder: Path) -> str:
    folder.mkdir()
    for file in (database, database.with_name(f"{database.name}-wal")):
        shutil.copy(file, folder)
    return str(folder / database.name)


def _bare_flask(path: Path, database: str) -> tuple[int, Process]:
    """The bare functions on this database."""
    port = free_port()
    bare = Process(
        ["-m", "benchmarks.bare_flask", database, str(port)],
        environment={**os.environ, "PYTHONPATH": str(ROOT)},
        output=path / "bare.out",
    )
    return port, bare


def _compared(name: str, goal: float, repeats: int, ours: int, bare: int, ask: Asked) -> list[Figure]:
    eventually(lambda: _answers(bare, ask), seconds=30, what="the bare function answers")
    rounds = [(ask(ours), ask(bare)) for _ in range(repeats)]
    by_rate = sorted(rounds, key=lambda both: both[0].per_second / both[1].per_second)
    by_p99 = sorted(rounds, key=lambda both: both[1].p99 / both[0].p99)
    (rate, bare_rate), (slow, bare_slow) = by_rate[repeats // 2], by_p99[repeats // 2]
    return [
        Figure(
            name=f"{name}, requests/s",
            goal=goal,
            value=rate.per_second / bare_rate.per_second,
            detail=f"{rate.per_second:.0f}/s beside {bare_rate.per_second:.0f}/s",
        ),
        Figure(
            name=f"{name}, p99",
            goal=goal,
            value=bare_slow.p99 / slow.p99,
            detail=f"{slow.p99 * 1000:.1f} ms beside {bare_slow.p99 * 1000:.1f} ms",
        ),
    ]


def _answers(port: int, ask: Asked) -> bool:
    try:
        ask(port)
    except RuntimeError:
        return False
    return True


if __name__ == "__main__":
    for figure in measure():
        print(figure)
