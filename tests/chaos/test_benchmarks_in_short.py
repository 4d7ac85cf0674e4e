"""The figures of `make bench` in short: fails where one is missed grossly, by half, say; the page has the true ones.

Other work on this machine can only make a round worse: the best of some counts.
"""

from collections.abc import Callable, Sequence

import pytest

from benchmarks import burst, memory, requests_per_second, start_up
from benchmarks.figures import Figure

ROUNDS = 3
MEASURES: dict[str, Callable[[], Sequence[Figure]]] = {
    "requests": lambda: requests_per_second.measure(repeats=1, seconds=0.2),
    "burst": lambda: burst.measure(posts=80, accounts=20),
    "memory": lambda: memory.measure(idle=0.0),
    "start": start_up.measure,
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_no_figure_is_missed_by_half(measure: Callable[[], Sequence[Figure]]) -> None:
    missed: set[str] | None = None
    for _ in range(ROUNDS):
        found = {figure.name: figure for figure in measure() if _is_missed_grossly(figure)}
        missed = set(found) if missed is None else missed & set(found)
        if not missed:
            return
    pytest.fail(f"missed each time, and last: {[found[name] for name in sorted(missed or ())]}")


def _is_missed_grossly(figure: Figure) -> bool:
    if figure.name.startswith("PostgreSQL"):
        return False  # each commit waits for the disk, on which the other tests write: only a quiet machine tells
    return figure.value > 2 * figure.goal if figure.at_most else figure.value < figure.goal / 2
