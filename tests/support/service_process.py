"""The service as a process of its own, as an owner runs it: started, called over HTTP, frozen, killed, started
again."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography.fernet import Fernet

from tests.support import databases
from tests.support.eventually import eventually
from tests.support.stored_rows import Postgres, Sqlite
from twitter_manager.config import Settings

__all__ = ["Account", "Installation", "Process", "ServiceAway", "eventually", "free_port"]

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
Account = dict[str, Any]


class ServiceAway(Exception):
    """No response, or the connection was cut: the service is (or was just) dead."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


class Process:
    """One running process of an installation; its output goes to a file, and its stderr to `errors`."""

    def __init__(
        self, arguments: Sequence[str], *, environment: dict[str, str], output: Path, errors: Path | None = None
    ) -> None:
        with output.open("ab") as file, (errors or output).open("ab") as error_file:
            self._popen = subprocess.Popen(
                [sys.executable, *arguments], cwd=output.parent, env=environment, stdout=file, stderr=error_file
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def ended(self) -> bool:
        return self._popen.poll() is not None

    def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        self._popen.kill()
        self._popen.wait(10)

    def freeze(self) -> None:
        """SIGSTOP."""
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._popen.send_signal(signal.SIGCONT)

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        self._popen.terminate()

    def exit_code(self, *, within: float) -> int:
        """Waits for its end. Raises subprocess.TimeoutExpired."""
        return self._popen.wait(within)

    def end(self) -> None:
        """Kills it, whatever its state."""
        if not self.ended:
            self.thaw()
            self.kill()


class Installation:
    """A folder with an app.py of its own (so that no other .env counts), its keys and settings, and the processes that
    work on it."""

    def __init__(
        self,
        folder: Path,
        *,
        x_url: str,
        log_disk_is_full: bool = False,
        keys_of: "Installation | None" = None,
        **settings: str,
    ) -> None:
        """`x_url`: the simulated X over HTTP; `settings` by their names in the environment. `log_disk_is_full`: every
        line of the log is refused, and everything on stderr. `keys_of`: another machine with the same database."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "app.py", folder)
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_key = keys_of.api_key if keys_of else secrets.token_urlsafe(24)
        self.encryption_key = keys_of.encryption_key if keys_of else Fernet.generate_key().decode()
        self.errors_seen: list[str] = []
        self.oauth_secrets: set[str] = set()
        self._processes: list[Process] = []
        self._askers: list[threading.Thread] = []
        self._errors = Path("/dev/full") if log_disk_is_full else None
        if log_disk_is_full:
            settings = {**settings, "LOG_DIR": str(_full_log_folder(folder / "full"))}
        self._settings = {
            "PYTHONPATH": str(ROOT),
            "PORT": str(self.port),
            "API_KEY": self.api_key,
            "ENCRYPTION_KEY": self.encryption_key,
            "MOCK_MODE": "off",
            "TWITTER_CLIENT_ID": "the-client",
            "TWITTER_API_URL": x_url,
            "TWITTER_AUTHORIZE_URL": f"{x_url}/i/oauth2/authorize",
            **databases.settings_of(folder),
            **settings,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.end()
        for asker in self._askers:
            asker.join(10)

    @property
    def environment(self) -> dict[str, str]:
        """What its processes and commands are started with."""
        return {**_environment(), **self._settings, "PYTHONUNBUFFERED": "1"}

    @property
    def database(self) -> Path:
        """SQLite's file."""
        return self.folder / "instance" / "twitter_manager.db"

    @property
    def stored(self) -> Sqlite | Postgres:
        """Its database, from beside it."""
        url = self._settings.get("DATABASE_URL")
        return Postgres(url) if url else Sqlite(self.database)

    def start(self, **settings: str) -> Process:
        """`python app.py`, ready for requests; `settings` for this start only."""
        process = self.begin_to_start(**settings)
        self._wait_until_ready(process)
        return process

    def begin_to_start(self, **settings: str) -> Process:
        """`python app.py`, without waiting until it is ready."""
        return self._launch(["app.py"], "service.out", settings)

    def start_worker(self, **settings: str) -> Process:
        """`flask --app app worker`, ready."""
        process = self._launch(["-m", "flask", "--app", "app", "worker"], "worker.out", settings)
        output = self.folder / "worker.out"
        started = output.read_text().count("The worker runs")
        eventually(
            lambda: process.ended or output.read_text().count("The worker runs") > started,
            seconds=START_SECONDS,
            what="the worker starts",
        )
        assert not process.ended, output.read_text()
        return process

    def ask(self, method: str, path: str, *, timeout: float = 90.0, **more: Any) -> requests.Response:
        """One call with the key. Raises ServiceAway; every error body is stored in `errors_seen`."""
        try:
            with _session() as session:
                answer = session.request(
                    method, self.url + path, headers={"X-API-Key": self.api_key}, timeout=timeout, **more
                )
        except requests.RequestException as error:
            raise ServiceAway(str(error)) from error
        if answer.status_code >= 400:
            self.errors_seen.append(answer.text)
        return answer

    def connect(self, username: str) -> int:
        """Connects an X account as its owner would in a browser; returns the account's id."""
        begun = self._good("GET", "/api/v1/auth/twitter")
        with _session() as session:
            consent = session.get(f"{begun['auth_url']}&mock_user={username}", allow_redirects=False, timeout=30)
            assert consent.status_code == 302, consent.text
            self.oauth_secrets |= {
                begun["state"],
                *parse_qs(urlsplit(consent.headers["location"]).query)["code"],
            }
            back = session.get(consent.headers["location"], headers={"Accept": "application/json"}, timeout=30)
        assert back.status_code == 200, back.text
        account_id: int = back.json()["account"]["id"]
        return account_id

    def create(self, account_id: int, text: str) -> int:
        """Returns the id of a pending tweet."""
        answer = self.ask("POST", "/api/v1/tweet", json={"account_id": account_id, "text": text})
        assert answer.status_code == 201, answer.text
        tweet_id: int = answer.json()["tweet_id"]
        return tweet_id

    def create_thread(self, account_id: int, texts: Sequence[str]) -> int:
        """Returns the id of a thread that is due now, without waiting for it."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {"account_id": account_id, "tweets": list(texts), "schedule_at": now, "allow_duplicate": True}
        thread_id: int = self._good("POST", "/api/v1/threads", json=body)["thread_id"]
        return thread_id

    def thread(self, thread_id: int) -> dict[str, Any]:
        return self._good("GET", f"/api/v1/threads/{thread_id}")

    def post_pending(self) -> None:
        """Does not wait for the response."""
        asker = threading.Thread(target=self._ask_for_all, name="post-pending")
        asker.start()
        self._askers.append(asker)

    def _ask_for_all(self) -> None:
        with contextlib.suppress(ServiceAway):
            self.ask("POST", "/api/v1/tweets/post-pending", json={})

    def accounts(self) -> list[Account]:
        found: list[Account] = self._good("GET", "/api/v1/accounts")["accounts"]
        return found

    def tweets(self, **query: str | int) -> list[dict[str, Any]]:
        """Oldest first, all pages."""
        found: list[dict[str, Any]] = []
        for page in range(1, 100):
            shown = self._good("GET", "/api/v1/tweets", params={**query, "page": page, "limit": 50})["tweets"]
            found += shown
            if len(shown) < 50:
                break
        return sorted(found, key=lambda tweet: int(tweet["id"]))

    def count(self, status: str) -> int:
        return int(self._good("GET", "/api/v1/stats")["tweets"].get(status, 0))

    def wait_until_posted(self, count: int, *, seconds: float) -> None:
        try:
            eventually(lambda: self.count("posted") == count, seconds=seconds, what=f"{count} posted", every=0.2)
        except AssertionError as error:
            left = [tweet for tweet in self.tweets() if tweet["status"] != "posted"]
            raise AssertionError(f"{error}: {left[:5]}") from None

    def age_tokens(self, seconds: float) -> None:
        """Makes the tokens as the service knows them older: issued and expiring `seconds` earlier."""
        with self.locked_database() as db:
            db.execute(self.stored.AGE_TOKENS.format(seconds=seconds))
            db.execute("COMMIT")

    def locked_database(self, *, patience: float = 10.0) -> contextlib.AbstractContextManager[Any]:
        """While inside, no other connection can write to the database; gives one that can. Raises Locked."""
        return self.stored.locked(patience=patience)

    def statuses(self) -> dict[str, str]:
        """By text, read from the database, whether the service runs or not."""
        return dict(self.stored.read("SELECT content, status FROM tweet"))

    def questions(self) -> list[str]:
        """The texts of the tweets that need their owner's decision."""
        return [text for (text,) in self.stored.read("SELECT content FROM tweet WHERE needs_decision = 1")]

    def is_renewing(self) -> bool:
        """Whether the refresh of a token is in progress."""
        return bool(self.stored.read("SELECT 1 FROM twitter_account WHERE refresh_lease IS NOT NULL"))

    def attempts(self) -> dict[str, int]:
        """How many attempts by outcome."""
        return dict(self.stored.read("SELECT outcome, count(*) FROM attempt GROUP BY outcome ORDER BY outcome"))

    def written(self) -> dict[str, str]:
        """All log files and output of its processes, by file."""
        logs = (self.folder / "instance" / "logs").glob("*")
        return {path.name: path.read_text("utf-8") for path in (*logs, *self.folder.glob("*.out"))}

    def error_lines(self) -> list[str]:
        """The lines of level ERROR in its logs."""
        lines = [line for name, text in self.written().items() if name.endswith(".log") for line in text.splitlines()]
        return [line for line in lines if line[24:].startswith(" ERROR ")]

    def _good(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self.ask(method, path, **more)
        assert answer.status_code < 300, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def _launch(self, arguments: Sequence[str], output: str, settings: dict[str, str]) -> Process:
        (self.folder / output).touch()
        environment = {**self.environment, **settings}
        process = Process(arguments, environment=environment, output=self.folder / output, errors=self._errors)
        self._processes.append(process)
        return process

    def _wait_until_ready(self, process: Process) -> None:
        eventually(
            lambda: process.ended or self._answers(), seconds=START_SECONDS, what="the service answers", every=0.02
        )
        assert not process.ended, (self.folder / "service.out").read_text()

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/api/v1/test", timeout=5).status_code == 200
        except ServiceAway:
            return False


def _full_log_folder(folder: Path) -> Path:
    """A folder in which no log file of these days accepts a byte."""
    folder.mkdir()
    for days in range(-1, 3):
        day = (datetime.now(UTC) + timedelta(days=days)).date()
        (folder / f"twitter_manager-{day}.log").symlink_to("/dev/full")
    return folder


def _environment() -> dict[str, str]:
    """This process' environment without the settings of the service."""
    names = {name for each in fields(Settings) for name in (each.name.upper(), each.metadata.get("also"))}
    return {name: value for name, value in os.environ.items() if name not in names}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session
