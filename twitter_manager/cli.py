"""flask --app app …: the maintenance commands."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from twitter_manager import logs
from twitter_manager.api.openapi.document import describe
from twitter_manager.api.openapi.postman import postman_files
from twitter_manager.capacity import DRAIN_SECONDS
from twitter_manager.errors import ServiceError, StartRefused, StorageUnavailable
from twitter_manager.models import ApiKey
from twitter_manager.services import Services, build, prepare
from twitter_manager.services.doctor import report
from twitter_manager.services.doctor.settings import refused as settings_refused
from twitter_manager.serving.signals import Stopped, StopSignals
from twitter_manager.simulator import server as simulator_server
from twitter_manager.simulator.world import World, WorldUnavailable
from twitter_manager.timestamps import to_text
from twitter_manager.worker import start_worker

__all__ = ["application_of_the_doctor", "asks_the_doctor", "register"]

_MAX_ID = 2**63 - 1

log = logging.getLogger("twitter_manager.cli")


def register(app: Flask) -> None:
    """Adds the commands to `flask --app app`."""
    for command in (worker, keys, doctor, simulator, openapi, postman):
        app.cli.add_command(command)


@contextmanager
def _plain_refusals() -> Iterator[None]:
    """What the service refuses ends the command with one line per fault, and exit code 1."""
    try:
        yield
    except StartRefused as error:
        raise click.ClickException(str(error)) from error
    except StorageUnavailable as error:
        raise click.ClickException(f"{error.sentence}: {error.why}") from error
    except ServiceError as error:
        raise click.ClickException(error.sentence) from error


def _services() -> Services:
    return cast(Services, current_app.extensions["services"])


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Post what is due, without HTTP: for a second process or machine. Ends on SIGTERM or Ctrl-C."""
    with _plain_refusals(), StopSignals() as signals:
        settings = _services().settings
        logs.check_folder(settings)
        try:
            services = build(signals.unless_stopped(lambda: prepare(settings)).settings)
        except Stopped:
            return
        running = start_worker(services)
        click.echo("The worker runs. Ctrl-C ends it.")
        signals.wait()
        services.notifier.stop()
        if not running.stop(DRAIN_SECONDS):
            log.warning("the worker left calls to X unfinished; its successor finds out what became of them")


def _printable(context: click.Context, option: click.Parameter, value: str) -> str:
    if not value.isprintable():
        raise click.BadParameter("has a character that cannot be printed")
    return value


def _is_set_up() -> bool:
    return _services().settings.database_path.exists()


@contextmanager
def _services_set_up() -> Iterator[Services]:
    """The services; the first start's preparations are made up for. Never again later: they settle which key of the
    settings is in force, and those of this shell need not be the service's."""
    if _is_set_up():
        yield _services()
        return
    prepared = prepare(_services().settings)
    if prepared.made_keys:
        click.echo(f"The keys of the first start are in {prepared.settings.secrets_path}", err=True)
    services = build(prepared.settings)
    try:
        yield services
    finally:
        services.close()


def _services_set_up_before() -> Services:
    if not _is_set_up():
        raise click.ClickException(
            "nothing is set up here yet; start the service, or make a key: flask --app app keys create"
        )
    return _services()


keys = AppGroup("keys", help="API keys: make, list and revoke them.")


@keys.command("create")
@click.option("--name", default="", callback=_printable, help="What it is for, to recognize it by in the list.")
def create_key(name: str) -> None:
    """Make a key and print it, this once."""
    with _plain_refusals(), _services_set_up() as services:
        key, text = services.api_keys.create(name)
    click.echo(text)
    click.echo(f"Key {key.id} is active. It is shown this once and kept only as a hash.", err=True)


@keys.command("list")
def list_keys() -> None:
    """Show every key's id, state, source and name; the keys themselves are not kept."""
    with _plain_refusals():
        found = _services_set_up_before().api_keys.list_all()
    for key in found:
        click.echo(_line_of(key))


@keys.command("revoke")
@click.argument("key_id", type=click.IntRange(1, _MAX_ID))
def revoke_key(key_id: int) -> None:
    """Make the key with this id useless from now on."""
    with _plain_refusals():
        revoked = _services_set_up_before().api_keys.revoke(key_id)
    if not revoked:
        raise click.ClickException("no active key has this id; see: flask --app app keys list")
    click.echo(f"Key {key_id} is revoked.")


def _line_of(key: ApiKey) -> str:
    state = "active" if key.is_active else "revoked"
    return f"{key.id:>4}  {state:<7}  {key.source:<7}  {to_text(key.created_at)}  {key.name}"


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Check settings, disk, database, keys, accounts, worker and X, and say what to do. Changes nothing."""
    refused = current_app.extensions.get("refused")
    with _nothing_logged():
        checks = settings_refused(refused) if refused else _services().doctor.examine()
    click.echo(json.dumps(report.to_json(checks), indent=2) if as_json else report.to_text(checks))
    if not report.all_well(checks):
        raise click.exceptions.Exit(1)


@contextmanager
def _nothing_logged() -> Iterator[None]:
    """The doctor leaves no trace: the log's first line would make its folder."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def asks_the_doctor() -> bool:
    """Whether this is `flask --app app doctor`, on its way to load the application."""
    return click.get_current_context(silent=True) is not None and "doctor" in sys.argv[1:]


def application_of_the_doctor(refused: StartRefused) -> Flask:
    """In place of an application whose settings cannot be: nothing but the doctor, who says why."""
    app = Flask("twitter_manager.api", static_folder=None)
    app.extensions["refused"] = refused
    app.cli.add_command(doctor)
    return app


@click.command("simulator")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8081, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--file",
    "path",
    default=None,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where this X keeps its state; by default the simulated world of mock mode.",
)
@click.option("--client-id", default=None, help="The only client id that this X knows from then on.")
@click.option("--client-secret", default=None, help="The secret of that client.")
@click.option("--callback", "callbacks", multiple=True, help="An address elsewhere that people may be sent back to.")
@with_appcontext
def simulator(
    host: str,
    port: int,
    path: Path | None,
    client_id: str | None,
    client_secret: str | None,
    callbacks: tuple[str, ...],
) -> None:
    """Be X over HTTP on this machine. Point TWITTER_API_URL and TWITTER_AUTHORIZE_URL at it. Ctrl-C ends it."""
    if client_secret and not client_id:
        raise click.UsageError("--client-secret needs --client-id")
    where = path or _services().settings.simulator_path
    where.parent.mkdir(parents=True, exist_ok=True)
    world = World(where)
    click.echo(f"TWITTER_API_URL=http://{host}:{port}")
    click.echo(f"TWITTER_AUTHORIZE_URL=http://{host}:{port}/i/oauth2/authorize")
    try:
        world.register(client_id, client_secret, callbacks)
        simulator_server.serve(world, host=host, port=port)
    except KeyboardInterrupt:
        click.echo("The simulator ends.")
    except WorldUnavailable as error:
        raise click.ClickException(f"{where} cannot be used: {error}") from error
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error
    finally:
        world.close()


@click.command("openapi")
@with_appcontext
def openapi() -> None:
    """Print the OpenAPI document of every call, as GET /api/v1/openapi.json answers it."""
    click.echo(json.dumps(describe(current_app), indent=2, ensure_ascii=False))


@click.command("postman")
@click.option(
    "--folder",
    default="postman",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write the two files.",
)
@with_appcontext
def postman(folder: Path) -> None:
    """Write the Postman collection and its environment, made from the OpenAPI document."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in postman_files(describe(current_app)).items():
        (folder / name).write_text(content, encoding="utf-8", newline="\n")
        click.echo(folder / name)
