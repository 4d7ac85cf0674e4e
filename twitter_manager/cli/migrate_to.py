"""`migrate-to`: from SQLite to PostgreSQL."""

import click
from flask.cli import with_appcontext

from twitter_manager.cli import current
from twitter_manager.cli.current import plain_refusals
from twitter_manager.services.copies.move import MovedDatabase, Progress

__all__ = ["migrate_to"]


@click.command("migrate-to")
@click.argument("target", metavar="postgresql://…")
@with_appcontext
def migrate_to(target: str) -> None:
    """Move everything from the SQLite database to an empty PostgreSQL database. The service must stand still.

    Each table is compared by its rows and a checksum before anything is stored. The SQLite database stays as it is, and
    the service does not start on it any more. Interrupted, it can be called again. A password in the address can be
    seen by others on this machine while the command runs: PGPASSWORD, or a line in ~/.pgpass, is better.
    """
    with plain_refusals():
        click.echo("The service and its workers must stand still until this ends; meanwhile none can start.", err=True)
        moved = current.services().move.run(target, tell=_say_progress)
    _say_moved(moved)


def _say_progress(progress: Progress) -> None:
    done = "" if progress.done == progress.rows else f"{progress.done:,} of "
    click.echo(f"{progress.table}: {done}{progress.rows:,} rows", err=True)


def _say_moved(moved: MovedDatabase) -> None:
    verb = "Had been moved before" if moved.was_there else "Moved"
    click.echo(f"{verb}: {moved.rows:,} rows of {moved.tables} tables, each table with the same rows and checksum.")
    click.echo(
        f"Now set DATABASE_URL to that address, with its password ({moved.to}), keep INSTANCE_DIR and the keys as they "
        "are, and start the service. The SQLite database stays as it was; the service does not start on it any more."
    )
