"""From the start of the process to the first healthy answer: in a new folder, and where it ran before."""

import time

import requests

from benchmarks.figures import Figure
from benchmarks.harness import folder
from tests.support.service_process import Installation

__all__ = ["measure"]

SECONDS = 2.0


def measure() -> list[Figure]:
    """The first start creates the database; the second finds it."""
    with folder() as path, Installation(path / "service", x_url="http://127.0.0.1:9") as service:
        fresh, again = _started(service), _started(service)
    return [
        Figure(name="start to healthy, new", goal=SECONDS, value=fresh, unit="s", at_most=True),
        Figure(name="start to healthy, again", goal=SECONDS, value=again, unit="s", at_most=True),
    ]


def _started(service: Installation) -> float:
    began = time.perf_counter()
    process = service.begin_to_start()
    while not _is_healthy(service.url):
        if process.ended:
            raise RuntimeError("the service ended")
        time.sleep(0.01)
    took = time.perf_counter() - began
    process.ask_to_stop()
    process.exit_code(within=15)
    return took


def _is_healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/api/v1/health", timeout=5).status_code == 200
    except requests.RequestException:
        return False


if __name__ == "__main__":
    for figure in measure():
        print(figure)
