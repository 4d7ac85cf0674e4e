"""A figure: what is measured, what is to be reached, and whether it was."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Figure", "middle", "percentile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table. `at_most`: smaller is better; otherwise larger is. `detail`: the raw numbers behind it."""

    name: str
    goal: float
    value: float
    unit: str = ""
    at_most: bool = False
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether the goal was."""
        return self.value <= self.goal if self.at_most else self.value >= self.goal


def percentile(values: Sequence[float], percent: int) -> float:
    """So many percent of `values` are at most this large."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def middle(rounds: int, measure: Callable[[], Sequence[Figure]]) -> list[Figure]:
    """Measures so often; of each figure the round in the middle."""
    results = [measure() for _ in range(rounds)]
    return [sorted(same, key=lambda figure: figure.value)[rounds // 2] for same in zip(*results, strict=True)]
