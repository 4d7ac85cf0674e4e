"""The service as a process, in mock mode and against X over HTTP, and the tools that `make e2e` installs."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.service_process import ROOT, Installation, Process, eventually, free_port

TOOLS = ROOT / ".venv"
NPM = TOOLS / "npm" / "node_modules" / ".bin"
NEWMAN = NPM / "newman"
SCHEMATHESIS = TOOLS / "e2e" / "bin" / "st"
SPEC_VALIDATOR = TOOLS / "e2e" / "bin" / "openapi-spec-validator"


@pytest.fixture
def in_mock_mode(tmp_path: Path) -> Iterator[Installation]:
    """A fresh service in mock mode: X is simulated inside."""
    with Installation(tmp_path / "service", x_url="http://127.0.0.1:1", MOCK_MODE="on") as installation:
        installation.start()
        yield installation


@pytest.fixture
def against_simulator(tmp_path: Path) -> Iterator[Installation]:
    """A fresh service with mock mode off; X is `flask --app app simulator`, over HTTP."""
    with _simulator(tmp_path) as url, Installation(tmp_path / "service", x_url=url) as installation:
        installation.start()
        yield installation


@contextmanager
def _simulator(folder: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = Process(
        [
            "-m",
            "flask",
            "--app",
            str(ROOT / "app.py"),
            "simulator",
            "--port",
            str(port),
            "--file",
            str(folder / "x.db"),
        ],
        environment={**os.environ, "PYTHONPATH": str(ROOT), "INSTANCE_DIR": str(folder / "instance")},
        output=folder / "simulator.out",
    )
    try:
        eventually(lambda: process.ended or _answers(url), seconds=30, what="the simulator answers")
        assert not process.ended, (folder / "simulator.out").read_text()
        yield url
    finally:
        process.end()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/_simulator/state", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def run_tool(tool: Path, *arguments: str, seconds: float) -> None:
    """Runs it; fails with what it printed if it does not end well."""
    assert tool.exists(), f"{tool} is not there: `make e2e` installs it"
    done = subprocess.run(
        [str(tool), *arguments], capture_output=True, text=True, timeout=seconds, check=False, cwd=TOOLS
    )
    assert done.returncode == 0, f"{tool.name} ended with {done.returncode}:\n{done.stdout[-20_000:]}\n{done.stderr}"
