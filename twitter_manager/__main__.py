"""`twitter-manager …`, the same as `python -m twitter_manager …`: the commands of `flask --app app …`, and `serve`."""

import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import ScriptInfo, routes_command, shell_command

from twitter_manager import cli, config, start
from twitter_manager.version import VERSION

__all__ = ["main"]


@click.group()
@click.version_option(VERSION, prog_name="twitter-manager")
@click.pass_context
def main(context: click.Context) -> None:
    """Keeps X (Twitter) accounts and posts what you hand it, each tweet once.

    Settings come from the environment and from .env. Whose .env and instance these are: the current folder's if it has
    either; else those beside app.py, where this runs from a clone; else the current folder's again.
    """
    context.obj = ScriptInfo(create_app=_application, load_dotenv_defaults=False)


@main.command()
def serve() -> None:
    """Run the whole service until SIGTERM or Ctrl-C, as `python app.py` does."""
    sys.exit(start.main(_folder()))


def _application() -> Flask:
    app = start.application(_folder())
    if "services" in app.extensions:
        click.echo(app.extensions["services"].settings.where, err=True)
    return app


def _folder() -> Path:
    return config.folder_of(Path.cwd())


for command in (*cli.COMMANDS, routes_command, shell_command):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m twitter_manager")
