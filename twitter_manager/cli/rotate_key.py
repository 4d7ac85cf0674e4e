"""`rotate-key`: another encryption key."""

import click
from flask.cli import with_appcontext

from twitter_manager.cli import current
from twitter_manager.cli.current import plain_refusals
from twitter_manager.crypto import hash_key, new_encryption_key
from twitter_manager.services.encryption import KeyUse

__all__ = ["rotate_key"]


@click.command("rotate-key")
@click.option("--check", is_flag=True, help="Only say how many secrets are under which key.")
@with_appcontext
def rotate_key(*, check: bool) -> None:
    """Put every token and webhook secret under a new encryption key, also while the service runs.

    Interrupted at any moment it can be called again.
    """
    rotation, settings = current.services().key_rotation, current.services().settings
    with plain_refusals():
        if check:
            found = rotation.check()
        elif rotation.is_in_file or len(settings.encryption_key) > 1:
            found = rotation.rotate()
        else:
            _say_what_to_set()
            return
    _say(found, where=str(settings.secrets_path) if rotation.is_in_file else "the settings")
    if not found.is_done or found.unreadable:
        raise click.exceptions.Exit(1)


def _say_what_to_set() -> None:
    click.echo(
        "ENCRYPTION_KEY comes from the settings, so a new one is set there, in three steps; with several processes "
        "restart all of them in each. NEW is:\n\n"
        f"    {new_encryption_key()}\n\n"
        "1. ENCRYPTION_KEY=OLD,NEW   everybody can read what is under NEW\n"
        "2. ENCRYPTION_KEY=NEW,OLD   everybody encrypts with NEW; then call rotate-key again\n"
        "3. ENCRYPTION_KEY=NEW       once rotate-key --check says that the old one can go"
    )


def _say(found: KeyUse, *, where: str) -> None:
    for number, (key, count) in enumerate(zip(found.keys, found.under, strict=True), 1):
        name = "the newest" if number == 1 else "older"
        click.echo(f"Key {number}, {name} (SHA-256 begins with {hash_key(key)[:8]}): {count} secrets")
    if found.unreadable:
        click.echo(f"Under none of them: {found.unreadable} secrets. twitter-manager doctor says whose.")
    if len(found.keys) == 1:
        click.echo("There is one key; nothing is to be removed.")
    elif found.is_done:
        click.echo(
            f"The older key can go: take it out of ENCRYPTION_KEY in {where}. Keep it elsewhere as long as copies from "
            "before are kept: they need it."
        )
    else:
        click.echo("The older key is still needed. Call rotate-key (again).")
