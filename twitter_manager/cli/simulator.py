"""The simulated X over HTTP."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from twitter_manager.cli import current
from twitter_manager.simulator import server
from twitter_manager.simulator.world import World, WorldUnavailable

__all__ = ["simulator"]


@click.command("simulator")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8081, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--file",
    "path",
    default=None,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where this X keeps its state; by default x.db in INSTANCE_DIR, apart from the X of mock mode.",
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
    where = path or current.services().settings.standalone_simulator_path
    where.parent.mkdir(parents=True, exist_ok=True)
    world = World(where)
    click.echo(f"TWITTER_API_URL=http://{host}:{port}")
    click.echo(f"TWITTER_AUTHORIZE_URL=http://{host}:{port}/i/oauth2/authorize")
    try:
        world.register(client_id, client_secret, callbacks)
        server.serve(world, host=host, port=port)
    except KeyboardInterrupt:
        click.echo("The simulator ends.")
    except WorldUnavailable as error:
        raise click.ClickException(f"{where} cannot be used: {error}") from error
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error
    finally:
        world.close()
