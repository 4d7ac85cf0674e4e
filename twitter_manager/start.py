"""The start and the end of the service: what `twitter-manager serve` and `python app.py` do.

Also the application that other servers import.
"""

import logging
import os
import threading
import time
from pathlib import Path

from flask import Flask

from twitter_manager import cli, config, logs, terminal
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

END_SECONDS = DRAIN_SECONDS + 1.5  # after SIGTERM the process is gone by then, whatever hangs

log = logging.getLogger("twitter_manager")


def application(root: Path) -> Flask:
    """The application with the settings of the folder `root`, for `flask --app app` and any WSGI server.

    Starts nothing. Settings that cannot be end the process with one line for each fault, unless the doctor is asked.
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
        _follow_first_start(app, root)
    return app


def _follow_first_start(app: Flask, root: Path) -> None:
    """The keys are made by the first start of a worker beside us, maybe after this import: look for them until then."""

    @app.before_request
    def look_for_keys() -> None:
        if not app.extensions["services"].settings.encryption_key:
            settings = config.load(root)
            if settings.encryption_key:
                app.extensions["services"] = build(settings)


def main(root: Path) -> int:
    """Runs the whole service with the settings of the folder `root` until SIGTERM or Ctrl-C; the exit code."""
    with StopSignals() as signals:
        try:
            settings = config.load(root)
            check_open_files(settings.worker_concurrency if settings.worker else 0)
            check_port(settings.host, settings.port)
            logs.check_folder(settings)
            logs.set_up(settings)
            prepared = signals.unless_stopped(lambda: prepare(settings))
            services = build(prepared.settings)
            mock_because = services.mock_mode.why_on()
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
        _announce(prepared, running.url, mock_because)
        log.info("started on %s", running.url)
        signals.wait()
        terminal.say(running.stopping_line())
        running.stop()
    terminal.let_go()
    return 0


class _Running:
    """The service while it serves: the server and, with WORKER=on, the worker inside."""

    def __init__(self, services: Services) -> None:
        """Raises StartRefused when the port cannot be had; then nothing runs.

        The worker gives its first sign of life before anybody is answered: health is well from the first answer on.
        """
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
        self._worker: RunningWorker | None = start_worker(services) if settings.worker else None
        self._server.start()

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        return self._server.url

    def stopping_line(self) -> str:
        """What the end waits for now."""
        return stopping_line(calls=self._worker.in_flight if self._worker else 0, requests=self._server.in_flight)

    def stop(self) -> None:
        """Takes nothing new, finishes what is being sent for at most 8 s, and leaves the rest to the successor."""
        ends = time.monotonic() + END_SECONDS
        unfinished = self._server.stop(DRAIN_SECONDS)
        if self._ending is not None:
            self._ending.join(max(0.0, ends - time.monotonic()))
        log.info("stopped; %s requests unfinished, worker %s", unfinished, "ended" if self._ended else "still busy")
        if unfinished or not self._ended:
            _leave_at_once()
        self._services.close()

    def _end_worker(self) -> None:
        """Side by side with the server's drain: callers who wait for X are answered when the worker knows."""
        self._services.notifier.stop()
        if self._worker is not None:
            self._ended = False
            self._ending = threading.Thread(target=self._stop_worker, args=(self._worker,), daemon=True)
            self._ending.start()

    def _stop_worker(self, worker: RunningWorker) -> None:
        self._ended = worker.stop(DRAIN_SECONDS)


def _announce(prepared: Prepared, url: str, mock_because: str | None) -> None:
    settings = prepared.settings
    terminal.say(settings.where)
    if prepared.made_keys:
        terminal.say(f"First start: the API key and the encryption key are in {settings.secrets_path}")
    if mock_because:
        terminal.say(f"Mock mode is on because {mock_because}: X is simulated, nothing is sent to x.com")
    for warning in settings.warnings():
        terminal.say(f"Warning: {warning}", error=True)
    terminal.say(f"Twitter Manager runs. Open {url} in a browser. {_key_hint(settings)}")


def _key_hint(settings: Settings) -> str:
    path = settings.secrets_path
    made_here = path.exists() and f"API_KEY={settings.api_key}\n" in path.read_text(encoding="utf-8")
    return f"Its API key is in {path}." if made_here else "Its API key is the one set as API_KEY."


def _leave_at_once() -> None:
    """Ends the process although threads still wait for X: what they sent is looked for by the successor."""
    logging.shutdown()
    terminal.let_go()
    os._exit(0)
