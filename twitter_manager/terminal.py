"""What is printed for the person who started the program. A terminal that is gone, or full, is no failure."""

import os
import sys
from typing import TextIO

__all__ = ["flush", "say"]


def say(text: str, *, error: bool = False) -> None:
    stream: TextIO | None = sys.stderr if error else sys.stdout
    if stream is None:
        return
    try:
        print(text, file=stream, flush=True)
    except (OSError, ValueError):  # full, closed, or a character that it cannot show
        return


def flush() -> None:
    """At the end: what could not be printed is dropped, or Python would try again and exit with an error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _drop(stream)
        except AttributeError:  # there is no such stream
            continue


def _drop(stream: TextIO) -> None:
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
