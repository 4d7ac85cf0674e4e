"""`backup` and `restore`."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from twitter_manager.cli import current
from twitter_manager.cli.current import plain_refusals
from twitter_manager.services.copies.backup import MadeCopy
from twitter_manager.services.copies.contents import Examined
from twitter_manager.services.copies.restore import RestoredCopy

__all__ = ["backup", "restore"]

_FILE = click.Path(path_type=Path)


@click.command("backup")
@click.argument("file", type=_FILE)
@click.option("--with-secrets", is_flag=True, help="The API key and the encryption key go into the file, too.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@with_appcontext
def backup(file: Path, *, with_secrets: bool, force: bool) -> None:
    """Copy everything into FILE, also while the service runs: the database and, in mock mode, the simulated X."""
    with plain_refusals():
        made = current.services().backup.make(file.absolute(), with_secrets=with_secrets, replace=force)
    click.echo(_line_of(made))
    if with_secrets:
        click.echo(
            "The keys are in it: WHOEVER HAS THIS FILE HAS THE ACCOUNTS, and can post as each of them.", err=True
        )
    else:
        click.echo(
            "The keys are not in it. To restore it you need ENCRYPTION_KEY, which is in "
            f"{current.services().settings.secrets_path} unless you set it: keep that, but not beside the copy.",
            err=True,
        )


@click.command("restore")
@click.argument("file", type=_FILE, required=False)
@click.option("--verify", is_flag=True, help="Only look whether FILE can be restored here; changes nothing.")
@click.option("--replace", is_flag=True, help="Although the present database has data; it is kept beside the new one.")
@click.option("--in-place", is_flag=True, help="No FILE: an older database was put in place by hand; look first, too.")
@with_appcontext
def restore(file: Path | None, *, verify: bool, replace: bool, in_place: bool) -> None:
    """Put the copy FILE in place of the database. The service must stand still.

    At its next start nothing is sent before the timeline of its account was read: what went out after the copy was made
    is found there, and not sent again.
    """
    if (file is None) is not in_place or (in_place and verify):
        raise click.UsageError("name a FILE, or say --in-place")
    services = current.services()
    with plain_refusals():
        if file is None:
            services.restore.mark_in_place()
            click.echo("The next start reads each account's timeline before it sends anything.")
        elif verify:
            _say_verified(services.restore.verify(file.absolute()))
        else:
            _say_restored(services.restore.run(file.absolute(), replace=replace))


def _line_of(made: MadeCopy) -> str:
    world = ", with the simulated X" if made.with_world else ""
    return f"{made.path}: {made.size / 1024 / 1024:.1f} MiB{world}"


def _say_verified(found: Examined) -> None:
    _say_contents(found)
    for problem in found.problems:
        click.echo(f"Problem: {problem}")
    if found.problems:
        raise click.exceptions.Exit(1)
    click.echo("It can be restored here.")


def _say_contents(found: Examined) -> None:
    contents, manifest = found.contents, found.manifest
    click.echo(f"A copy of {manifest.made_at}, made by version {manifest.version} from {manifest.database}.")
    if contents.is_known and contents.version < contents.needed:
        click.echo(f"Its database has version {contents.version}; restoring brings it to {contents.needed}.")
    click.echo("Rows: " + ", ".join(f"{name} {n}" for name, n in contents.counts.items() if n))
    if found.key_fits and found.keys:
        click.echo(f"ENCRYPTION_KEY opens it; it has {len(contents.tokens)} tokens.")
    if found.unreadable:
        names = ", ".join(f"@{name}" for name in found.unreadable)
        click.echo(
            f"No key opens the tokens of {names}: connect these accounts again, or bring the key they are under."
        )
    click.echo(
        f"Tweets that were not out yet when it was made, or not certainly: {found.not_out}. Before any of them is "
        "sent, the timeline of its account is read since then, so that nothing goes out twice."
    )


def _say_restored(done: RestoredCopy) -> None:
    _say_contents(done.examined)
    if done.kept_aside is not None:
        click.echo(f"The earlier database is kept: {done.kept_aside}")
    if done.world == "kept":
        click.echo("The simulated X that is here was left as it is: what was posted after the copy is found there.")
    if done.wrote_secrets:
        click.echo("The keys of the copy are in secrets.env now.")
    click.echo(
        "Restored. Start the service. An account whose token was renewed since the copy must be connected again."
    )
