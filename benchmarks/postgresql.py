"""PostgreSQL for the figures: databases of their own, dropped afterwards; or none, and the page says so."""

import contextlib
from collections.abc import Callable, Iterator

from benchmarks.figures import Figure
from tests.support import databases

__all__ = ["database", "figures", "version"]


def version() -> str:
    """For the page."""
    if databases.server_problem():
        return "no PostgreSQL here"
    with databases.link(databases.ADMIN) as link:
        return f"PostgreSQL {link.info.server_version // 10_000}"


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The URL of an empty database."""
    try:
        yield databases.server().empty()
    finally:
        databases.at_end()


def figures(measure: Callable[[], list[Figure]]) -> list[Figure]:
    """What `measure` finds; where no PostgreSQL answers, that."""
    if problem := databases.server_problem():
        print(f"no PostgreSQL here: {problem}", flush=True)
        return []
    return measure()
