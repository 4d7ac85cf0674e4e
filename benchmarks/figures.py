"""A figure: what is measured, what is to be reached, and whether it was."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Figure", "median_of", "percentile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A row of the table. `at_most`: smaller is better; otherwise larger is. `detail`: the raw numbers."""

    name: str
    goal: float
    value: float
    unit: str = ""
    at_most: bool = False
    detail: str = ""

    @property
    def reached(self) -> bool:
        return self.value <= self.goal if self.at_most else self.value >= self.goal


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` percent of `values` do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def median_of(rounds: int, measure: Callable[[], Sequence[Figure]]) -> list[Figure]:
    """Measures `rounds` times; returns the median round of each figure."""
    results = [measure() for _ in range(rounds)]
    return [sorted(same, key=lambda figure: figure.value)[rounds // 2] for same in zip(*results, strict=True)]
