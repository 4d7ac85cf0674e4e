"""Many processes that fill the slots of many accounts at once: each slot gets one post, and none is left out."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

from tests.support.service_process import Installation
from twitter_manager.services.publishing.slot_times import Slot, times_after
from twitter_manager.timestamps import to_text

PROCESSES, ACCOUNTS, SLOTS = 8, 50, 10
WEEK = {
    "timezone": "Europe/Berlin",
    "slots": [{"days": ["mon", "tue", "wed", "thu", "fri"], "time": at} for at in ("09:30", "23:45")],
}
# each process takes its share of every account's slots, the accounts in an order of its own
FILL = """
import random, sys
from pathlib import Path
from twitter_manager import config, services
from twitter_manager.services.posts import Post, PublishRequest

number, of, slots, *accounts = map(int, sys.argv[1:])
built = services.build(config.load(Path.cwd()))
posts = [(account, n) for account in accounts for n in range(slots) if (account + n) % of == number]
random.Random(number).shuffle(posts)
print("ready", flush=True)
sys.stdin.readline()
for account, n in posts:
    post = Post(text=f"number {n} of account {account}")
    built.publishing.publish(PublishRequest(account_id=account, post=post, next_slot=True))
built.close()
"""


def test_no_slot_twice_and_none_skipped(install: Callable[..., Installation]) -> None:
    service = install(WORKER="off")
    service.start()
    accounts = [service.connect(f"user{number}") for number in range(ACCOUNTS)]
    for account in accounts:
        assert service.ask("PUT", f"/api/v1/accounts/{account}/slots", json=WEEK).status_code == 200
    began = datetime.now(UTC)
    fill_at_once(service, accounts)
    week = [Slot(day, time.fromisoformat(at)) for day in range(5) for at in ("09:30", "23:45")]
    expected = [to_text(at) for at in islice(times_after(week, ZoneInfo("Europe/Berlin"), began), SLOTS)]
    for account in accounts:
        rows = service.ask("GET", f"/api/v1/tweets?account_id={account}&sort=scheduled").json()["tweets"]
        assert [row["scheduled_at"] for row in rows] == expected


def fill_at_once(service: Installation, accounts: list[int]) -> None:
    """Each of the processes is ready before the first one begins."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", FILL, *map(str, (number, PROCESSES, SLOTS, *accounts))],
            cwd=service.folder,
            env=service.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.communicate("begin\n", timeout=60)
    assert [process.returncode for process in running] == [0] * PROCESSES
