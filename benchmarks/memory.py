"""Memory of the idle service: each page counted by its share (PSS), over all of its processes."""

import re
import time
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.harness import ServiceUnderLoad, folder

__all__ = ["measure"]

MEGABYTES = 100
IDLE_SECONDS = 10.0


def measure(idle: float = IDLE_SECONDS) -> list[Figure]:
    """Of a service that has run for `idle` seconds and has served a few requests."""
    with folder() as path, ServiceUnderLoad(path, accounts=2) as harness:
        harness.create(10)
        time.sleep(idle)
        sizes = [_pss(process) for process in family(harness.process.pid)]
    detail = f"{len(sizes)} process{'es' if len(sizes) > 1 else ''}"
    return [Figure(name="memory, idle", goal=MEGABYTES, value=sum(sizes), unit="MB", at_most=True, detail=detail)]


def family(root: int) -> list[int]:
    """The process and its descendants."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it is gone by now
            continue
    found = [root]
    for parent in found:
        found += [child for child, of in parents.items() if of == parent]
    return found


def _pss(process: int) -> float:
    """In megabytes of a million bytes."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+([0-9]+) kB", text, re.MULTILINE)
    if found is None:
        raise RuntimeError("the system tells no PSS")
    return int(found[1]) * 1024 / 1e6


if __name__ == "__main__":
    for figure in measure():
        print(figure)
