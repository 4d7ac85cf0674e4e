"""docs/benchmarks.md: page.template.md with the table of this run."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from string import Template

from benchmarks import postgresql
from benchmarks.figures import Figure
from twitter_manager.timestamps import now

__all__ = ["line", "write"]

TEMPLATE = Path(__file__).with_name("page.template.md")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def line(figure: Figure) -> str:
    """For the terminal."""
    return f"{'ok    ' if figure.reached else 'MISSED'} {figure.name}: {_value(figure)} (to reach: {_goal(figure)})"


def write(figures: Sequence[Figure]) -> None:
    rows = [
        f"| {each.name} | {_goal(each)} | {_value(each)} | {each.detail} | {'yes' if each.reached else 'no'} |"
        for each in figures
    ]
    table = "\n".join(["| figure | to reach | measured | behind it | reached |", "|---|---|---|---|---|", *rows])
    text = Template(TEMPLATE.read_text("utf-8")).substitute(table=table, machine=_machine(), day=f"{now():%Y-%m-%d}")
    PAGE.write_text(text, "utf-8")


def _machine() -> str:
    python = ".".join(platform.python_version_tuple()[:2])
    sqlite = ".".join(sqlite3.sqlite_version.split(".")[:2])
    return f"{os.cpu_count()} cores, Python {python}, SQLite {sqlite}, {postgresql.version()}"


def _goal(figure: Figure) -> str:
    return f"{'≤' if figure.at_most else '≥'} {figure.goal:g} {figure.unit}".rstrip()


def _value(figure: Figure) -> str:
    return f"{figure.value:.3g} {figure.unit}".rstrip()
