"""pg_dump and pg_restore, which are processes of their own, and what they say when they fail."""

import os
import subprocess
from collections.abc import Mapping
from typing import Any

from psycopg.conninfo import make_conninfo

from twitter_manager.storage.copying import CopyFailed

__all__ = ["in_english", "reason", "run"]


def run(program: str, where: Mapping[str, Any], *arguments: str) -> None:
    """With the database at `where`. The password goes by the environment: everybody on the machine can read arguments.
    Raises CopyFailed with the program's own reason, in one line."""
    password = where.get("password")
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    target = make_conninfo(**{**where, "password": None, "connect_timeout": "10"})
    command = [program, f"--dbname={target}", "--no-password", *arguments]
    try:
        done = subprocess.run(command, env=in_english(environment), capture_output=True, text=True, check=False)  # noqa: S603  - no shell
    except FileNotFoundError as error:
        raise CopyFailed(f"{program} is not installed here; install PostgreSQL's client programs") from error
    if done.returncode:
        raise CopyFailed(f"{program}: {reason(done.stderr) or f'it ended with {done.returncode}'}")


def in_english(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Their reasons are read here."""
    return {**environment, "LC_ALL": "C"}


def reason(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    if any("server version mismatch" in line for line in lines):
        versions = next((line for line in lines if "server version:" in line), "").removeprefix("pg_dump: detail: ")
        return f"it is older than the server ({versions}); install the server's version of it"
    if any("No space left on device" in line for line in lines):
        return "the disk is full; make room"
    found = next((line for line in lines if "error:" in line), lines[0] if lines else "")
    return found.partition("error: ")[2] or found
