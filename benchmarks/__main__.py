"""`make bench`: every figure, one after the other, in about eight minutes; then docs/benchmarks.md."""

from collections.abc import Callable, Sequence

from benchmarks import (
    burst,
    depth,
    memory,
    page,
    post_pending,
    punctuality,
    requests_per_second,
    start_up,
    throughput,
)
from benchmarks.figures import Figure, median_of

__all__ = ["main"]

ROUNDS = 3

MEASURES: Sequence[Callable[[], Sequence[Figure]]] = (
    requests_per_second.measure,
    lambda: median_of(ROUNDS, post_pending.measure),
    lambda: median_of(ROUNDS, burst.measure),
    throughput.measure,
    punctuality.measure,
    depth.measure,
    memory.measure,
    lambda: median_of(ROUNDS, start_up.measure),
)


def main() -> int:
    """0 when every figure was reached."""
    figures: list[Figure] = []
    for measure in MEASURES:
        for figure in measure():
            figures.append(figure)
            print(page.line(figure), flush=True)
    page.write(figures)
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
