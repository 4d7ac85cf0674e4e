"""X does not answer, and eighty callers want posts taken down at once: health stays quick, most come again later."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.support.service_process import Installation
from twitter_manager.simulator.world import World

CALLERS = 80
TWEETS = 20
DELETE = "DELETE /2/tweets/{id}"


def test_health_while_eighty_deletions_wait_for_a_silent_x(service: Installation, world: World) -> None:
    service.start()
    account = service.connect("alice")
    numbers = [service.create(account, f"Take me down: {number}") for number in range(TWEETS)]
    service.post_pending()
    service.wait_until_posted(TWEETS, seconds=60)
    world.faults.is_slow(8.0, times=None, call=DELETE)
    with ThreadPoolExecutor(CALLERS) as pool:
        paths = [f"/api/v1/tweets/{numbers[n % TWEETS]}?from_twitter=1" for n in range(CALLERS)]
        answers = [pool.submit(service.ask, "DELETE", path) for path in paths]
        time.sleep(1.0)
        took = []
        for _ in range(10):
            began = time.perf_counter()
            assert service.ask("GET", "/api/v1/health").status_code == 200
            took.append(time.perf_counter() - began)
        busy = [answer for answer in answers if answer.done()]
        assert len(busy) >= CALLERS - 16
        assert {answer.result().json()["code"] for answer in busy} == {"too_many_waiting"}
        assert all("Retry-After" in answer.result().headers for answer in busy)
    assert sorted(took)[5] < 0.5, took
