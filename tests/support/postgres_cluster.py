"""A PostgreSQL of a test's own, which it may restart and fill."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.service_process import free_port

__all__ = ["Cluster", "binaries", "running_cluster"]


def binaries() -> Path | None:
    """Where initdb and pg_ctl are; None: nowhere."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


class Cluster:
    """Losing the machine's power loses it: nothing is flushed. What the server itself goes through, it survives."""

    def __init__(self, bin_folder: Path, folder: Path, **options: str) -> None:
        self._bin = bin_folder
        self._data = folder / "data"
        self._log = folder / "log"
        # the server refuses to run as root
        self._user = "postgres" if sys.platform != "win32" and os.geteuid() == 0 else None
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        given = {"port": str(self.port), "fsync": "off", "unix_socket_directories": "''", **options}
        self._options = " ".join(f"-c {name}={value}" for name, value in given.items())
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync", "--no-instructions")

    def start(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-l", self._log, "-o", self._options, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """`fast`: as at a restart; `immediate`: as a crash, after which it recovers."""
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def _run(self, program: str, *arguments: object) -> None:
        # pg_ctl's output would stay open in the server that it starts
        subprocess.run(
            [self._bin / program, *map(str, arguments)],
            check=True,
            user=self._user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def running_cluster(bin_folder: Path, **options: str) -> Iterator[Cluster]:
    """Gone at the end. `options`: settings of the server."""
    with tempfile.TemporaryDirectory(prefix="tm_cluster_") as folder:
        cluster = Cluster(bin_folder, Path(folder), **options)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop("immediate")
