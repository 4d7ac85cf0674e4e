"""The posting worker in a process of its own."""

import logging

import click
from flask.cli import with_appcontext

from twitter_manager import logs, terminal
from twitter_manager.capacity import DRAIN_SECONDS
from twitter_manager.cli import current
from twitter_manager.cli.current import plain_refusals
from twitter_manager.services import build, prepare
from twitter_manager.serving.limits import check_open_files
from twitter_manager.serving.signals import Stopped, StopSignals
from twitter_manager.worker import start_worker, stopping_line

__all__ = ["worker"]

log = logging.getLogger("twitter_manager.cli")


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Post what is due, without HTTP: for a second process or machine. Ends on SIGTERM or Ctrl-C."""
    with plain_refusals(), StopSignals() as signals:
        settings = current.services().settings
        check_open_files(settings.worker_concurrency, connections=0)
        logs.check_folder(settings)
        try:
            services = build(signals.unless_stopped(lambda: prepare(settings)).settings)
        except Stopped:
            return
        running = start_worker(services)
        terminal.say("The worker runs. Ctrl-C ends it.")
        signals.wait()
        terminal.say(stopping_line(calls=running.in_flight))
        services.notifier.stop()
        if not running.stop(DRAIN_SECONDS):
            log.warning("the worker left calls to X unfinished; its successor finds out what became of them")
