"""README.md and docs/ tell the truth: what they name is there, and the commands of the first steps do what they say."""

import ast
import importlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from io import StringIO
from pathlib import Path
from tokenize import COMMENT, generate_tokens
from typing import Any

import pytest
from click import Group
from flask import Flask

from twitter_manager.config import Settings
from twitter_manager.factory import create_app

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "twitter_manager"
README = (ROOT / "README.md").read_text(encoding="utf-8")
RELIABILITY = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DOCUMENTS = [README, RELIABILITY, (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")]

needs_shell = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl") and shutil.which("sed")), reason="needs bash, curl and sed"
)
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="needs make")


def section(title: str) -> str:
    """What stands between this heading and the next, of whatever depth."""
    return re.split(r"^#+ ", re.split(rf"^#+ {title}\n", README, flags=re.MULTILINE)[1], flags=re.MULTILINE)[0]


def blocks(title: str, language: str) -> list[str]:
    """The fenced blocks of a section."""
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


def code() -> str:
    """Everything in README that is set as code."""
    fenced = re.findall(r"^ *```\w*\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", README, flags=re.MULTILINE | re.DOTALL))
    return "\n".join([*fenced, *spans])


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings(root=tmp_path))


# what is named is there


def test_every_relative_link_leads_somewhere() -> None:
    targets = [link for text in DOCUMENTS for link in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in link]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_file_that_is_named_exists() -> None:
    path = r"`([\w.-]+(?:/[\w.-]+)*(?:\.(?:py|md|toml|txt|lock|html|sql)|/run|\.example))`"
    page = (ROOT / "benchmarks" / "page.template.md").read_text(encoding="utf-8")
    named = {name for text in [*DOCUMENTS, page] for name in re.findall(path, text)}
    assert len(named) > 50
    assert {name for name in named if not (ROOT / name).exists() and not (PACKAGE / name).exists()} == set()


def test_every_file_that_the_code_names_exists() -> None:
    code = [path for folder in (PACKAGE, ROOT / "tests", ROOT / "benchmarks") for path in folder.rglob("*.py")]
    named = {(file, name) for file in code for name in re.findall(r"(?<![\w./])(?:\w+/)+\w+\.py\b", words_of(file))}
    assert len(named) > 15
    places = ROOT, PACKAGE
    assert {name for file, name in named if not any((each / name).exists() for each in (*places, file.parent))} == set()


def words_of(path: Path) -> str:
    """Its docstrings and comments."""
    text = path.read_text(encoding="utf-8")
    comments = [token.string for token in generate_tokens(StringIO(text).readline) if token.type == COMMENT]
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    strings = [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    return "\n".join([*strings, *comments])


def test_every_function_that_reliability_names_exists() -> None:
    named = set(re.findall(r"`((?:services|storage|twitter|worker|serving)\.[\w.]+)`", RELIABILITY))
    assert len(named) > 30
    assert {name for name in named if not exists(name)} == set()


def exists(name: str) -> bool:
    """Whether 'services.dispatch.dispatcher.Dispatcher.claim_next' is something in the package."""
    parts = name.split(".")
    path = next((n for n in range(len(parts), 0, -1) if is_module(parts[:n])), 0)
    found: Any = importlib.import_module(".".join(["twitter_manager", *parts[:path]]))
    for part in parts[path:]:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return path > 0


def is_module(parts: list[str]) -> bool:
    path = PACKAGE.joinpath(*parts)
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_every_call_is_in_the_table_and_the_table_has_no_other(app: Flask) -> None:
    served = {
        f"{method} {re.sub(r'<[^>]+>', '{id}', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        # the simulated X's page, the icon, and what /docs is made of: a person sees it, nobody calls it
        if not rule.endpoint.startswith(("consent.", "docs.asset", "home.icon"))
    }
    assert set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", section("Calls"), re.MULTILINE)) == served


def test_every_command_is_named_and_no_other(app: Flask) -> None:
    keys = app.cli.commands["keys"]
    assert isinstance(keys, Group)
    called = set(re.findall(r"(?:bin/|Scripts\\)twitter-manager ([a-z][a-z-]*)", code()))
    assert called == {*app.cli.commands, "serve"}
    assert set(re.findall(r"twitter-manager keys ([a-z][a-z-]*)", code())) == set(keys.commands)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z0-9]+)", code())) <= targets
    assert {"setup", "run", "test", "check"} <= targets
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets


def test_the_commands_for_windows_install_and_start_the_same() -> None:
    text = "\n".join(blocks("Start", "powershell"))
    expression = re.search(r'-m pytest (-n 2 -m ".*")', MAKEFILE)
    assert expression is not None
    assert expression[1] in text
    assert re.findall(r"--require-hashes -r (\S+)", text) == [
        "requirements-setup.lock",
        "requirements.lock",
        "requirements-dev.lock",
    ]
    assert "--no-deps --no-build-isolation --editable ." in text
    assert r".venv\Scripts\twitter-manager serve" in text


# make, on a machine that lacks something


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what make looks at."""
    for path in [ROOT / "Makefile", ROOT / "pyproject.toml", *ROOT.glob("requirements*")]:
        shutil.copy(path, tmp_path)
    return tmp_path


def make_setup(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "setup", *more], cwd=folder, capture_output=True, text=True, check=False)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@needs_make
def test_make_says_what_is_missing_when_python_is_too_old(clone: Path) -> None:
    old = script(clone / "old-python", "exit 1")
    done = make_setup(clone, f"PYTHONS=no-such-python {old}")
    assert done.returncode != 0
    assert done.stderr.startswith("Twitter Manager needs Python 3.11 or later")
    assert not (clone / ".venv").exists()


@needs_make
def test_make_says_what_is_missing_when_python_has_no_venv(clone: Path) -> None:
    python = script(clone / "python-without-venv", 'case "$2" in *venv*) exit 1;; esac')
    done = make_setup(clone, f"PYTHONS={python}")
    assert done.returncode != 0
    assert "python3-venv" in done.stderr.splitlines()[0]
    assert not (clone / ".venv").exists()


@needs_make
def test_make_setup_installs_once_and_again_when_the_requirements_changed(clone: Path) -> None:
    script(clone / ".venv" / "bin" / "python", 'echo "$@" >> calls')
    calls = clone / "calls"
    for _ in range(2):
        assert make_setup(clone).returncode == 0
    assert calls.read_text(encoding="utf-8").count("--require-hashes -r requirements.lock") == 1
    assert calls.read_text(encoding="utf-8").count("--editable .") == 1
    for number, name in enumerate(("requirements.lock", "requirements-setup.lock", "pyproject.toml"), start=2):
        later = time.time() + 10 * number
        os.utime(clone / name, (later, later))
        assert make_setup(clone).returncode == 0
        assert calls.read_text(encoding="utf-8").count("--require-hashes -r requirements.lock") == number
        os.utime(clone / ".venv" / ".installed", (later, later))


# the commands do what they say


class Shop:
    """A folder like a fresh clone's, and a shell in it. The port is a free one in place of 5555, and 9090 likewise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.x_port = free_ports(2)
        shutil.copy(ROOT / "app.py", folder)
        (folder / "instance").mkdir()
        names = {each.name.upper() for each in fields(Settings)} | {"TWITTER_REDIRECT_URI", "TWITTER_ACCESS_TOKEN"}
        self.environment = {name: value for name, value in os.environ.items() if name not in names}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment |= {"PORT": str(self.port), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PATH": path}

    def literally(self, text: str) -> str:
        """The commands as they stand, with this machine's ports and this Python."""
        text = text.replace("5555", str(self.port)).replace("9090", str(self.x_port))
        text = text.replace(".venv/bin/twitter-manager", ".venv/bin/python -m twitter_manager")
        return text.replace(".venv/bin/python", "python")

    def run(self, *texts: str) -> str:
        """What the commands print."""
        script = "set -eu\n" + self.literally("\n".join(texts))
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def answers(self, *texts: str) -> list[Any]:
        """The JSON answers that the commands print, one after the other."""
        printed, found = self.run(*texts).strip(), []
        while printed:
            answer, end = json.JSONDecoder().raw_decode(printed)
            found.append(answer)
            printed = printed[end:].lstrip()
        return found

    @contextmanager
    def running(self, command: str, *, answers_at: str) -> Iterator[None]:
        """While inside, the command runs; then it gets Ctrl-C and must end well."""
        log = (self.folder / "printed.txt").open("a+")
        process = subprocess.Popen(
            ["bash", "-c", self.literally(command)],
            cwd=self.folder,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for(self.literally(answers_at), process)
            yield
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(15) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            log.close()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        assert process.poll() is None, "it ended"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(f"{url} does not answer")


SERVICE = ".venv/bin/python app.py"
HEALTH = "http://127.0.0.1:5555/api/v1/health"


def assert_first_steps(answers: list[Any], *, mock: bool) -> None:
    """The answers of the first steps, in the order of README."""
    health, begun, alice, bob, accounts, first, second, third, posted, rest, tweets, stats = answers
    assert health["status"] == "healthy"
    assert begun["auth_url"].startswith("http://127.0.0.1:")
    assert (alice["account"]["username"], bob["account"]["username"]) == ("alice", "bob")
    assert [(each["id"], each["mock"]) for each in accounts["accounts"]] == [(1, mock), (2, mock)]
    assert [each["tweet_id"] for each in (first, second, third)] == [1, 2, 3]
    assert (posted["tweet_id"], posted["url"].split("/")[-3]) == (1, "alice")
    assert (rest["total"], rest["posted"]) == (2, 2)
    assert {each["status"] for each in tweets["tweets"]} == {"posted"}
    assert stats["tweets"]["posted"] == stats["tweets"]["total"] == 3
    assert stats["accounts"]["active"] == 2


@needs_shell
def test_the_first_steps_work_as_they_stand(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    first = blocks("First steps", "bash")
    with shop.running(SERVICE, answers_at=HEALTH):
        assert_first_steps(shop.answers(*first), mock=True)
    with shop.running(SERVICE, answers_at=HEALTH):
        _, created, posted = shop.answers(first[0], *blocks("After a restart", "bash"))
        assert created["tweet_id"] == posted["tweet_id"] == 4
        assert posted["twitter_id"].isdigit()

        (text,) = blocks("From Postman, PowerShell or Python", "python")
        (tmp_path / "script.py").write_text(shop.literally(text), encoding="utf-8")
        assert shop.run("python script.py").startswith("200 ")

        _, tested, found, none, again, mode, switched = shop.answers(first[0], *blocks("Calls", "bash"))
        assert tested["status"] == "success"
        assert found["total"] == 3
        assert none["total"] == 0
        assert "auth_url" in again
        assert mode == switched == {"enabled": True}

        _, later, thread, batch, handed_over, found, week, queued = shop.answers(
            first[0], *blocks("Schedules, threads, batches", "bash")
        )
        assert (week["timezone"], queued["status"]) == ("Europe/Berlin", "scheduled")
        assert later["status"] == "scheduled"
        assert [part["text"] for part in thread["tweets"]] == ["A thread begins", "goes on", "and ends"]
        assert {post["error"] for post in batch["posts"]} == {None}
        assert (handed_over["batch_id"], handed_over["total"]) == (batch["batch_id"], 2)
        assert found["total"] == 2

        made = shop.run(*blocks("Keys for others", "bash")).splitlines()
        answers = shop.answers(f'KEY={made[0]}\nURL=http://127.0.0.1:5555\ncurl -H "X-API-Key: $KEY" $URL/api/v1/test')
        assert answers[0]["status"] == "success"
        assert [line.split("  ")[-2] for line in made[-3:]] == ["the newsroom", "a reporting tool", "an assistant"]


@needs_shell
def test_the_first_steps_work_with_nothing_simulated_inside_the_service(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    simulator, service, bad_day = blocks("X on this machine, over HTTP", "console")
    first = [
        text.replace("instance/secrets.env", "instance/trial/secrets.env") for text in blocks("First steps", "bash")
    ]
    with (
        shop.running(simulator, answers_at="http://127.0.0.1:9090/_simulator/state"),
        shop.running(service, answers_at=HEALTH),
    ):
        assert_first_steps(shop.answers(*first), mock=False)
        fault, shown = shop.answers(bad_day)
        assert fault["id"]
        assert sorted(post["text"] for post in shown["posts"]) == [  # accounts post side by side
            "Good night from Alice",
            "Hello from Alice",
            "Hello from Bob",
        ]
