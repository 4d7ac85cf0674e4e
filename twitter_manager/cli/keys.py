"""API keys: make, list and revoke them."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup

from twitter_manager.cli import current
from twitter_manager.cli.current import plain_refusals
from twitter_manager.models import ApiKey
from twitter_manager.services import Services, build, prepare
from twitter_manager.timestamps import to_text

__all__ = ["keys"]

_MAX_ID = 2**63 - 1


def _printable(context: click.Context, option: click.Parameter, value: str) -> str:
    if not value.isprintable():
        raise click.BadParameter("has a character that cannot be printed")
    return value


def _is_set_up() -> bool:
    return current.services().settings.database_path.exists()


@contextmanager
def _services_set_up() -> Iterator[Services]:
    """The services, prepared as by a first start if there was none."""
    if _is_set_up():
        # not prepared again: that would activate the API_KEY of this shell, which need not be the service's
        yield current.services()
        return
    prepared = prepare(current.services().settings)
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
            "nothing is set up here yet; start the service, or make a key: twitter-manager keys create"
        )
    return current.services()


keys = AppGroup("keys", help="API keys: make, list and revoke them.")


@keys.command("create")
@click.option("--name", default="", callback=_printable, help="What it is for, to recognize it by in the list.")
def create_key(name: str) -> None:
    """Make a key and print it, this once."""
    with plain_refusals(), _services_set_up() as services:
        key, text = services.api_keys.create(name)
    click.echo(text)
    click.echo(f"Key {key.id} is active. It is shown this once and kept only as a hash.", err=True)


@keys.command("list")
def list_keys() -> None:
    """Show every key's id, state, source and name; the keys themselves are not kept."""
    with plain_refusals():
        found = _services_set_up_before().api_keys.list_all()
    for key in found:
        click.echo(_line_of(key))


@keys.command("revoke")
@click.argument("key_id", type=click.IntRange(1, _MAX_ID))
def revoke_key(key_id: int) -> None:
    """Make the key with this id useless from now on, also if it is set as API_KEY again."""
    with plain_refusals():
        revoked = _services_set_up_before().api_keys.revoke(key_id)
    if not revoked:
        raise click.ClickException("no active key has this id; see: twitter-manager keys list")
    click.echo(f"Key {key_id} is revoked.")


def _line_of(key: ApiKey) -> str:
    state = "active" if key.is_active else "revoked" if key.revoked_at else "replaced"
    return f"{key.id:>4}  {state:<8}  {key.source:<7}  {to_text(key.created_at)}  {key.name}"
