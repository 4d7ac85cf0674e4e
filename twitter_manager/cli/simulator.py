"""The simulated X over HTTP."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from twitter_manager.cli import current
from twitter_manager.simulator import server
from twitter_manager.simulator.world import World

__all__ = ["simulator"]


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
@with_appcontext
def simulator(host: str, port: int, path: Path | None) -> None:
    """Be X over HTTP on this machine. Point TWITTER_API_URL and TWITTER_AUTHORIZE_URL at it. Ctrl-C ends it."""
    where = path or current.services().settings.simulator_path
    where.parent.mkdir(parents=True, exist_ok=True)
    world = World(where)
    click.echo(f"TWITTER_API_URL=http://{host}:{port}")
    click.echo(f"TWITTER_AUTHORIZE_URL=http://{host}:{port}/i/oauth2/authorize")
    try:
        server.serve(world, host=host, port=port)
    except KeyboardInterrupt:
        click.echo("The simulator ends.")
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error
    finally:
        world.close()
