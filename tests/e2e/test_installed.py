"""What is installed, by `make setup` in a fresh clone or by `pip install .`: the command is there, and serves."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import requests

from tests.integration.test_cli import ROOT, end, free_port, healthy, key_in
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What a clone has of what is installed."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in [*ROOT.glob("requirements*"), *(ROOT / name for name in ("Makefile", "pyproject.toml", "README.md"))]:
        shutil.copy(path, copy)
    shutil.copytree(ROOT / "twitter_manager", copy / "twitter_manager", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_setup_puts_the_command_in_place_and_then_has_nothing_to_do(copy: Path) -> None:
    for said in ("Installing into .venv", "Nothing to be done"):
        done = subprocess.run(
            ["make", "setup"],
            cwd=copy,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, said in done.stdout) == (0, True), done.stdout + done.stderr
    asked = subprocess.run([copy / ".venv" / "bin" / "twitter-manager", "--version"], capture_output=True, check=False)
    assert asked.returncode == 0


@pytest.fixture
def command(copy: Path, tmp_path: Path) -> Path:
    """twitter-manager, installed by pip alone."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    bin_folder = environment / ("Scripts" if sys.platform == "win32" else "bin")
    words = [bin_folder / "python", "-m", "pip", "install", "--quiet", copy]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(copy)
    return bin_folder / "twitter-manager"


def test_it_serves_from_an_empty_folder(command: Path, tmp_path: Path) -> None:
    folder, port = tmp_path / "elsewhere", free_port()
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    with subprocess.Popen(
        [command, "serve"],
        cwd=folder,
        env={**kept, "PORT": str(port), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            eventually(lambda: healthy(port))
            assert first_steps(f"http://127.0.0.1:{port}", key_in(folder)) == "posted"
            out, _ = end(running)
        finally:
            running.kill()
    assert running.returncode == 0
    assert f"Instance: {folder / 'instance'}," in out
    assert [path.name for path in folder.iterdir()] == ["instance"]


def first_steps(url: str, key: str) -> str:
    """Everything that comes from a file of the package is there; the status of a tweet that was posted."""
    for path in ("/", "/docs", "/docs/swagger-ui.css", "/api/v1/openapi.json"):
        assert requests.get(url + path, timeout=20).status_code == 200, path
    with requests.Session() as session:
        session.headers.update({"X-API-Key": key, "Accept": "application/json"})
        begun = session.get(f"{url}/api/v1/auth/twitter", timeout=20).json()
        account = session.get(f"{begun['auth_url']}&mock_user=alice", timeout=20).json()["account"]
        body = {"account_id": account["id"], "text": "Hello from an installed package"}
        return str(session.post(f"{url}/api/v1/tweets", json=body, timeout=60).json()["status"])
