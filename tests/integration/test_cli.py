"""The commands, through Flask's own runner; and what needs a process of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from filelock import FileLock

from tests.support.eventually import eventually
from tests.support.service import JSON, Service
from twitter_manager import config, logs
from twitter_manager.factory import create_app
from twitter_manager.services import build, prepare
from twitter_manager.simulator.world import World
from twitter_manager.start import application

ROOT = Path(__file__).resolve().parents[2]


def run(service: Service, *words: str) -> tuple[int, str, str]:
    result = service.app.test_cli_runner().invoke(args=list(words))
    return result.exit_code, result.stdout, result.stderr


def test_a_key_is_made_listed_and_revoked(service: Service) -> None:
    code, out, _ = run(service, "keys", "create", "--name", "laptop")
    key = out.strip()
    assert code == 0
    assert service.anonymous.get("/api/v1/test", headers={"X-API-Key": key}).status_code == 200
    _, listed, _ = run(service, "keys", "list")
    [line] = [line for line in listed.splitlines() if "laptop" in line]
    assert "active" in line
    assert key not in listed
    number = line.split()[0]
    assert run(service, "keys", "revoke", number)[0] == 0
    assert service.anonymous.get("/api/v1/test", headers={"X-API-Key": key}).status_code == 401
    code, _, err = run(service, "keys", "revoke", number)
    assert code == 1
    assert "no active key" in err


@pytest.mark.parametrize("words", [["keys", "list"], ["keys", "revoke", "1"]])
def test_before_the_first_start_a_command_says_the_next_step_and_touches_nothing(
    service: Service, tmp_path: Path, words: list[str]
) -> None:
    elsewhere = replace(service.services.settings, instance_dir=str(tmp_path / "never"))
    result = create_app(services=build(elsewhere)).test_cli_runner().invoke(args=words)
    assert result.exit_code == 1
    assert "start the service" in result.stderr
    assert "keys create" in result.stderr
    assert not (tmp_path / "never").exists()


def test_a_key_made_before_the_first_start_works_after_it(tmp_path: Path) -> None:
    app = create_app(config.load(tmp_path, {}))
    result = app.test_cli_runner().invoke(args=["keys", "create"])
    assert result.exit_code == 0, result.stderr
    assert str(tmp_path / "instance" / "secrets.env") in result.stderr
    services = build(prepare(config.load(tmp_path, {})).settings)
    headers = {"X-API-Key": result.stdout.strip()}
    assert create_app(services=services).test_client().get("/api/v1/test", headers=headers).status_code == 200
    services.close()


def test_making_a_key_later_leaves_the_services_own_key_alone(service: Service, tmp_path: Path) -> None:
    app = create_app(config.load(tmp_path, {"API_KEY": "another key of this shell"}))
    assert app.test_cli_runner().invoke(args=["keys", "create"]).exit_code == 0
    assert service.client.get("/api/v1/test").status_code == 200


@pytest.mark.parametrize(
    "words", [["revoke", "9" * 20], ["revoke", str(2**63)], ["create", "--name", "a\nb"], ["create", "--name", "  "]]
)
def test_what_no_key_can_have_is_refused_in_a_line(service: Service, words: list[str]) -> None:
    code, _, err = run(service, "keys", *words)
    assert code == 2
    assert err.splitlines()[-1].startswith("Error: Invalid value")


@pytest.mark.parametrize("words", [["worker"], ["keys"], ["keys", "create"], ["simulator"]])
def test_every_command_has_help(service: Service, words: list[str]) -> None:
    code, out, _ = run(service, *words, "--help")
    assert code == 0
    assert len(out.splitlines()) > 3


def test_importing_the_application_starts_nothing(tmp_path: Path) -> None:
    script = "import app; app.app.test_client().get('/api/v1/health')"
    environment = clean_environment(tmp_path)
    assert finished(environment, "-c", "import app").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]
    assert finished(environment, "-c", script).returncode == 0
    made = {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*")}
    assert made == {("app.py",), ("instance",), ("instance", "logs")}, "the log of that request, and nothing else"


def test_bad_settings_end_every_way_in_with_a_line_for_each(tmp_path: Path) -> None:
    environment = {**clean_environment(tmp_path), "PORT": "many", "API_KEY": "mine-is-short"}
    for words in (["app.py"], ["-m", "flask", "--app", "app", "keys", "list"]):
        done = finished(environment, *words)
        assert done.returncode == 1
        assert [line.split()[0] for line in done.stderr.splitlines()] == ["API_KEY", "PORT"]
        assert "mine" not in done.stderr


def test_the_whole_service_starts_says_where_it_is_and_ends_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    environment = {**clean_environment(tmp_path), "PORT": str(port)}
    with process(environment, "app.py") as running:
        eventually(lambda: healthy(port))
        key = key_in(tmp_path)
        answer = requests.get(f"http://127.0.0.1:{port}/api/v1/test", headers={"X-API-Key": key}, timeout=5)
        assert answer.status_code == 200
        second = finished(environment, "app.py")
        assert second.returncode == 1, "the port is taken"
        assert len(second.stderr.splitlines()) == 1
        out, err = end(running)
    assert running.returncode == 0
    assert str(tmp_path / "instance" / "secrets.env") in out
    assert "Mock mode is on because TWITTER_CLIENT_ID is not set" in out
    assert f"http://127.0.0.1:{port}" in out
    assert key not in out + err


@pytest.mark.parametrize(
    ("setting", "path", "named"),
    [
        ("DATABASE_URL", "/proc/1/x.db", "x.db"),
        ("DATABASE_URL", "{folder}/app.py/x.db", "app.py"),
        ("LOG_DIR", "/proc/1/logs", "/proc/1/logs"),
        ("LOG_DIR", "{folder}/app.py", "app.py"),
        ("INSTANCE_DIR", "/proc/1", "/proc/1"),
    ],
)
@pytest.mark.parametrize("words", [["app.py"], ["-m", "flask", "--app", "app", "worker"]], ids=["service", "worker"])
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_place_that_cannot_be_used_ends_the_start_at_once_with_one_line(
    tmp_path: Path, setting: str, path: str, named: str, words: list[str]
) -> None:
    environment = {**clean_environment(tmp_path), setting: path.format(folder=tmp_path), "PORT": str(free_port())}
    begun = time.monotonic()
    done = finished(environment, *words)
    assert time.monotonic() - begun < 8
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.removeprefix("Error: ").startswith(f"{setting}: ")
    assert named in line


@pytest.mark.parametrize("words", [["app.py"], ["-m", "flask", "--app", "app", "worker"]], ids=["service", "worker"])
def test_sigterm_during_the_start_is_obeyed(tmp_path: Path, words: list[str]) -> None:
    environment = {**clean_environment(tmp_path), "PORT": str(free_port())}
    (tmp_path / "instance").mkdir()
    with FileLock(tmp_path / "instance" / "start.lock"), process(environment, *words) as running:
        eventually((tmp_path / "instance" / "logs").exists)
        time.sleep(0.2)
        begun = time.monotonic()
        out, err = end(running)
        assert time.monotonic() - begun < 4
    assert (running.returncode, out, err) == (0, "", "")


def test_sigterm_lets_the_call_in_flight_end_and_tells_its_caller(tmp_path: Path) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with process({**clean_environment(tmp_path), "PORT": str(port)}, "app.py") as running:
        eventually(lambda: healthy(port))
        headers = {"X-API-Key": key_in(tmp_path)}
        auth_url = requests.get(f"{base}/api/v1/auth/twitter", headers=headers, timeout=5).json()["auth_url"]
        account = requests.get(f"{auth_url}&mock_user=alice", headers=JSON, timeout=5).json()["account"]
        body = {"account_id": account["id"], "text": "in flight"}
        tweet = requests.post(f"{base}/api/v1/tweet", json=body, headers=headers, timeout=5).json()["tweet_id"]
        world = World(tmp_path / "instance" / "simulator.db")
        world.faults.is_slow(1.0)
        with ThreadPoolExecutor() as pool:
            call = pool.submit(requests.post, f"{base}/api/v1/tweet/post/{tweet}", headers=headers, timeout=10)
            eventually(lambda: len(world.posts()) == 1)
            end(running)
            answer = call.result()
        world.close()
    assert running.returncode == 0
    assert answer.status_code == 200
    assert answer.json()["tweet_id"] == tweet


def test_an_application_imported_before_the_first_start_of_its_worker_finds_the_keys(
    tmp_path: Path, start: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ENCRYPTION_KEY", "INSTANCE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(logs, "set_up", lambda settings: None)
    early = application(tmp_path).test_client()
    assert early.get("/api/v1/health").status_code == 503
    key = start().key
    answer = early.get("/api/v1/auth/twitter", headers={"X-API-Key": key})
    assert answer.status_code == 200


def test_a_worker_beside_the_web_process(tmp_path: Path) -> None:
    with process(clean_environment(tmp_path), "-m", "flask", "--app", "app", "worker") as running:
        assert running.stdout is not None
        assert "The worker runs" in running.stdout.readline()
        end(running)
    assert running.returncode == 0


def test_the_simulator_over_http(tmp_path: Path) -> None:
    port = free_port()
    words = ("-m", "flask", "--app", "app", "simulator", "--port", str(port))
    with process(clean_environment(tmp_path), *words) as running:
        eventually(lambda: reachable(f"http://127.0.0.1:{port}/2/users/me") == 401)
        end(running, by=signal.SIGINT)
    assert running.returncode == 0
    assert (tmp_path / "instance" / "x.db").exists()
    assert not (tmp_path / "instance" / "simulator.db").exists(), "the X of mock mode is another one"


def test_the_simulator_knows_the_client_and_the_callback_it_is_told_of(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "x.db"
    asked = ("--client-id", "mine", "--client-secret", "hush", "--callback", "https://tool.example/back")
    words = ("-m", "flask", "--app", "app", "simulator", "--port", str(port), "--file", str(file), *asked)
    query = {
        "response_type": "code",
        "redirect_uri": "https://tool.example/back",
        "scope": "tweet.read",
        "state": "s",
        "code_challenge": "c" * 43,
        "code_challenge_method": "plain",
    }
    with process(clean_environment(tmp_path), *words) as running:
        eventually(lambda: reachable(f"http://127.0.0.1:{port}/2/users/me") == 401)
        page = f"http://127.0.0.1:{port}/i/oauth2/authorize?{urlencode(query)}"
        assert [reachable(f"{page}&client_id={client}") for client in ("mine", "other")] == [200, 400]
        end(running, by=signal.SIGINT)


def test_a_client_secret_alone_is_refused(tmp_path: Path) -> None:
    words = ("-m", "flask", "--app", "app", "simulator", "--client-secret", "hush")
    with process(clean_environment(tmp_path), *words) as running:
        _, said = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "--client-secret needs --client-id" in said


def clean_environment(folder: Path) -> dict[str, str]:
    """Nothing set, whatever the environment of the tests and a .env in this clone hold: app.py stands in `folder`."""
    shutil.copy(ROOT / "app.py", folder)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "TMPDIR", "LANG") if name in os.environ}
    return {
        **kept,
        "PWD": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "FLASK_SKIP_DOTENV": "1",
    }


@contextmanager
def process(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    """python WORDS beside the test; gone afterwards, whatever the test did."""
    running = subprocess.Popen(
        [sys.executable, *words],
        cwd=environment["PWD"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def end(running: subprocess.Popen[str], *, by: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
    """Asks it to end; what it wrote on stdout and stderr."""
    running.send_signal(by)
    return running.communicate(timeout=10)


def finished(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """python WORDS until it ends by itself."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=environment["PWD"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def key_in(folder: Path) -> str:
    """The API key that the first start made."""
    return (folder / "instance" / "secrets.env").read_text().split("API_KEY=")[1].split()[0]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def reachable(url: str) -> int | None:
    try:
        return requests.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return None


def healthy(port: int) -> bool:
    return reachable(f"http://127.0.0.1:{port}/api/v1/health") == 200
