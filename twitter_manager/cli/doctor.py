"""`doctor`, which runs also where the settings themselves are invalid."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from twitter_manager.cli import current
from twitter_manager.errors import StartRefused
from twitter_manager.services.doctor import report
from twitter_manager.services.doctor.settings import refused as settings_refused

__all__ = ["application_of_the_doctor", "asks_the_doctor", "doctor"]


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Check settings, disk, database, keys, accounts, worker and X, and say what to do. Changes nothing."""
    refused = current_app.extensions.get("refused")
    with _nothing_logged():
        checks = settings_refused(refused) if refused else current.services().doctor.examine()
    click.echo(json.dumps(report.to_json(checks), indent=2) if as_json else report.to_text(checks))
    if not report.all_well(checks):
        raise click.exceptions.Exit(1)


@contextmanager
def _nothing_logged() -> Iterator[None]:
    # the doctor changes nothing: the log's first line would make its folder
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def asks_the_doctor() -> bool:
    """Whether this is `twitter-manager doctor`, on its way to load the application."""
    return click.get_current_context(silent=True) is not None and "doctor" in sys.argv[1:]


def application_of_the_doctor(refused: StartRefused) -> Flask:
    """For settings that are invalid: an application with the doctor alone, which says why."""
    app = Flask("twitter_manager.api", static_folder=None)
    app.extensions["refused"] = refused
    app.cli.add_command(doctor)
    return app
