"""The service from start to shutdown: `twitter-manager serve` and `python app.py`. Also the application for other
servers."""

import logging
import os
import threading
import time
from pathlib import Path

from flask import Flask

from twitter_manager import cli, config, logs, terminal
from twitter_manager.api.http.application import Application, Request
from twitter_manager.capacity import DRAIN_SECONDS
from twitter_manager.config import Settings
from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.factory import create_app
from twitter_manager.services import Prepared, Services, build, prepare
from twitter_manager.serving.limits import Limits, check_open_files, files_of_the_service
from twitter_manager.serving.server import Server, check_port
from twitter_manager.serving.signals import Stopped, StopSignals
from twitter_manager.worker import RunningWorker, start_worker, stopping_line

__all__ = ["application", "main"]

END_SECONDS = DRAIN_SECONDS + 1.5  # after SIGTERM the process ends within this, whatever hangs

log = logging.getLogger("twitter_manager")


def application(root: Path) -> Flask:
    """For `flask --app app` and any WSGI server; starts nothing.

    Invalid settings end the process with one line for each fault, unless the command is `doctor`.
    """
    try:
        settings = config.load(root)
        app = create_app(settings)
    except StartRefused as error:
        if cli.asks_the_doctor():
            return cli.application_of_the_doctor(error)
        raise SystemExit(str(error)) from error
    logs.set_up(settings)
    if not settings.encryption_key:
        _await_first_start(app, root)
    return app


def _await_first_start(app: Application, root: Path) -> None:
    """A worker process makes the keys at its first start, maybe after this import: they are loaded once they exist."""

    @app.check
    def load_keys(_: Request) -> None:
        if not app.extensions["services"].settings.encryption_key:
            settings = config.load(root)
            if settings.encryption_key:
                app.extensions["services"] = build(settings)


def main(root: Path) -> int:
    """Runs the service in the folder `root` until SIGTERM or Ctrl-C; the exit code."""
    with StopSignals() as signals:
        try:
            settings = config.load(root)
            check_open_files(settings.worker_concurrency if settings.worker else 0)
            check_port(settings.host, settings.port)
            logs.check_folder(settings)
            logs.set_up(settings)
            prepared = signals.unless_stopped(lambda: prepare(settings))
            services = build(prepared.settings)
            mock, because = services.mock_mode.is_on_because()
            running = _Running(services)
        except Stopped:
            log.info("stopped during the start")
            return 0
        except StartRefused as error:
            terminal.say(str(error), error=True)
            return 1
        except StorageUnavailable as error:
            terminal.say(f"{error.sentence}: {error.why}", error=True)
            return 1
        _announce(prepared, running.url, _mock_line(prepared.settings, mock=mock, because=because))
        log.info("started on %s", running.url)
        signals.wait()
        terminal.say(running.stopping_line())
        running.stop()
    terminal.flush()
    return 0


class _Running:
    """The server and, with WORKER=on, the worker in the same process."""

    def __init__(self, services: Services) -> None:
        """Raises StartRefused when the port is not available; then nothing runs."""
        self._services = services
        settings = services.settings
        self._ending: threading.Thread | None = None
        self._ended = True  # nothing of the worker is in flight
        self._server = Server(
            create_app(services=services),
            host=settings.host,
            port=settings.port,
            limits=Limits(other_files=files_of_the_service(settings.worker_concurrency if settings.worker else 0)),
            on_stop=self._end_worker,
        )
        self._server.bind()
        # the worker beats before the first request is answered, so that /health is healthy from the first answer on
        self._worker: RunningWorker | None = start_worker(services) if settings.worker else None
        self._server.start()

    @property
    def url(self) -> str:
        return self._server.url

    def stopping_line(self) -> str:
        """What the end waits for now."""
        return stopping_line(calls=self._worker.in_flight if self._worker else 0, requests=self._server.in_flight)

    def stop(self) -> None:
        """Accepts nothing new, finishes what is in progress for up to 8 s; the next start finds out about the rest."""
        ends = time.monotonic() + END_SECONDS
        unfinished = self._server.stop(DRAIN_SECONDS)
        if self._ending is not None:
            self._ending.join(max(0.0, ends - time.monotonic()))
        log.info("stopped; %s requests unfinished, worker %s", unfinished, "ended" if self._ended else "still busy")
        if unfinished or not self._ended:
            _exit_now()
        self._services.close()

    def _end_worker(self) -> None:
        # in parallel with the server's drain: requests that wait for X are answered when the worker knows
        self._services.notifier.stop()
        if self._worker is not None:
            self._ended = False
            self._ending = threading.Thread(target=self._stop_worker, args=(self._worker,), daemon=True)
            self._ending.start()

    def _stop_worker(self, worker: RunningWorker) -> None:
        self._ended = worker.stop(DRAIN_SECONDS)


def _announce(prepared: Prepared, url: str, mock_line: str) -> None:
    settings = prepared.settings
    terminal.say(settings.where)
    if prepared.made_keys:
        terminal.say(f"First start: the API key and the encryption key are in {settings.secrets_path}")
    terminal.say(mock_line)
    if not settings.worker:
        terminal.say("WORKER=off: nothing goes out from here, only from a `twitter-manager worker` beside it")
    for warning in settings.warnings():
        terminal.say(f"Warning: {warning}", error=True)
    terminal.say(f"Twitter Manager runs. Open {url} in a browser. {_key_hint(settings)}")


def _mock_line(settings: Settings, *, mock: bool, because: str) -> str:
    if mock:
        return f"Mock mode is on because {because}: X is simulated, nothing is sent to x.com"
    if not settings.twitter_client_id:
        return f"Mock mode is off because {because}; TWITTER_CLIENT_ID is not set: no account can be connected"
    is_x = settings.twitter_api_url == Settings.twitter_api_url
    return f"Mock mode is off because {because}: posts go to {'x.com' if is_x else settings.twitter_api_url}"


def _key_hint(settings: Settings) -> str:
    path = settings.secrets_path
    made_here = path.exists() and f"API_KEY={settings.api_key}\n" in path.read_text(encoding="utf-8")
    return f"Its API key is in {path}." if made_here else "Its API key is the one set as API_KEY."


def _exit_now() -> None:
    """Ends the process although threads still wait for X: the next start finds out what they sent."""
    logging.shutdown()
    terminal.flush()
    os._exit(0)
