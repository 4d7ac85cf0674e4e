"""For all commands: the services of the application, and errors as plain text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import click
from flask import current_app

from twitter_manager.errors import ServiceError, StartRefused, StorageUnavailable
from twitter_manager.services import Services

__all__ = ["plain_refusals", "services"]


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Errors of the service end the command with one line per fault, and exit code 1."""
    try:
        yield
    except StartRefused as error:
        raise click.ClickException(str(error)) from error
    except StorageUnavailable as error:
        raise click.ClickException(f"{error.sentence}: {error.why}") from error
    except ServiceError as error:
        raise click.ClickException(error.sentence) from error


def services() -> Services:
    return cast(Services, current_app.extensions["services"])
