"""API keys: make, list and revoke them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import click
from flask.cli import AppGroup

from twitter_manager.cli import current
from twitter_manager.cli.current import plain_refusals
from twitter_manager.errors import ServiceError, StorageUnavailable
from twitter_manager.models import ApiKey
from twitter_manager.services import Services, build, prepare
from twitter_manager.services.api_keys import SCOPES, state_of
from twitter_manager.storage import accounts, service_state
from twitter_manager.storage.api_keys import KeyChoice
from twitter_manager.timestamps import from_text, to_text
from twitter_manager.twitter.text.parse import is_blank

__all__ = ["keys"]

_MAX_ID = 2**63 - 1


def _visible(context: click.Context, option: click.Parameter, value: str) -> str:
    if not value.isprintable():
        raise click.BadParameter("has a character that cannot be printed")
    if value and is_blank(value):
        raise click.BadParameter("has nothing visible")
    return value


def _moment(context: click.Context, option: click.Parameter, value: str | None) -> datetime | None:
    try:
        return None if value is None else from_text(value)
    except ValueError as error:
        raise click.BadParameter("must be a time with its offset, such as 2050-11-20T14:05:00Z") from error


def _is_set_up() -> bool:
    """Raises StorageUnavailable where PostgreSQL is away or empty: that is what the command says then."""
    services = current.services()
    if services.settings.database_path is not None:
        return services.settings.database_path.exists()
    return service_state.find(services.db, service_state.CANARY) is not None


def _can_be_used() -> bool:
    try:
        return _is_set_up()
    except StorageUnavailable:
        return False  # the preparation sets it up, or says why not


@contextmanager
def _services_set_up() -> Iterator[Services]:
    """The services, prepared as by a first start if there was none."""
    if _can_be_used():
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
@click.option("--name", default="", callback=_visible, help="What it is for, to recognize it by in the list.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="By default admin: everything.")
@click.option("--account", "names", multiple=True, help="Only this account, by its id or @username; may be repeated.")
@click.option("--world", type=click.Choice(["mock", "live"]), help="Only while mock mode is on, or off.")
@click.option("--expires", callback=_moment, help="Until this time, such as 2050-11-20T14:05:00Z.")
@click.option("--rpm", type=click.IntRange(1, 100_000), help="At most so many requests per minute.")
def create_key(
    name: str, scopes: Sequence[str], names: Sequence[str], world: str | None, expires: datetime | None, rpm: int | None
) -> None:
    """Make a key and print it, this once."""
    with plain_refusals(), _services_set_up() as services:
        try:
            choice = KeyChoice(
                scopes=[scope for scope in SCOPES if scope in scopes] or ["admin"],
                account_ids=sorted({_account_id(services, each) for each in names}) or None,
                world=world,
                expires_at=expires,
                requests_per_minute=rpm,
            )
            key, text = services.api_keys.create(name, choice)
        except ServiceError as error:
            raise click.ClickException(error.sentence) from error
    click.echo(text)
    click.echo(
        f"Key {key.id} is active ({_what_it_may(key)}). It is shown this once and kept only as a hash.", err=True
    )


@keys.command("list")
def list_keys() -> None:
    """Show every key's id, state, source, name and what it may do; the keys themselves are not kept."""
    with plain_refusals():
        services = _services_set_up_before()
        found, now = services.api_keys.list_all(), services.clock()
    for key in found:
        click.echo(_line_of(key, now))


@keys.command("revoke")
@click.argument("key_id", type=click.IntRange(1, _MAX_ID))
def revoke_key(key_id: int) -> None:
    """Make the key with this id useless from now on, also if it is set as API_KEY again."""
    with plain_refusals():
        revoked = _services_set_up_before().api_keys.revoke(key_id)
    if not revoked:
        raise click.ClickException("no active key has this id; see: twitter-manager keys list")
    click.echo(f"Key {key_id} is revoked.")


def _account_id(services: Services, text: str) -> int:
    """The account of this id, or of this name in the present world. Raises BadParameter."""
    if text.isascii() and text.isdigit():
        return int(text)
    mock = service_state.mock_mode(services.db)
    found = accounts.find_id(services.db, text.removeprefix("@"), mock=mock)
    if found is None:
        state = "on" if mock else "off"
        why = f"no account {text!r} is connected while mock mode is {state}; each has an --account of its own"
        raise click.BadParameter(why, param_hint="--account")
    return found


def _line_of(key: ApiKey, now: datetime) -> str:
    used = f"last used {to_text(key.last_used_at)}" if key.last_used_at else "never used"
    made = f"{key.id:>4}  {state_of(key, now):<8}  {key.source:<7}  {to_text(key.created_at)}"
    return f"{made}  {key.name}  ({_what_it_may(key)}; {used})"


def _what_it_may(key: ApiKey) -> str:
    parts = [
        key.scopes.replace(" ", ","),
        *([f"accounts {', '.join(map(str, json.loads(key.account_ids)))}"] if key.account_ids is not None else []),
        *([key.world] if key.world else []),
        *([f"until {to_text(key.expires_at)}"] if key.expires_at else []),
        *([f"{key.requests_per_minute} a minute"] if key.requests_per_minute else []),
    ]
    return "; ".join(parts)
