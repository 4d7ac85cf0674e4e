"""What is made from the code: the OpenAPI document and the Postman collection."""

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from twitter_manager.api.openapi.document import describe
from twitter_manager.api.openapi.postman import postman_files

__all__ = ["openapi", "postman"]


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
