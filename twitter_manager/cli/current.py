"""What the commands work with: the services of the application, and plain words for what is refused."""

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
    """What the service refuses ends the command with one line per fault, and exit code 1."""
    try:
        yield
    except StartRefused as error:
        raise click.ClickException(str(error)) from error
    except StorageUnavailable as error:
        raise click.ClickException(f"{error.sentence}: {error.why}") from error
    except ServiceError as error:
        raise click.ClickException(error.sentence) from error


def services() -> Services:
    """Those of the application that the command runs in."""
    return cast(Services, current_app.extensions["services"])
